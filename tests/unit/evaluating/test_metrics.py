"""Each figure against its definition, worked out the slow way, and against what must hold for any items."""

from __future__ import annotations

from itertools import pairwise
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jikim.evaluating.metrics import (
    Bin,
    Estimate,
    auc,
    auc_interval,
    calibration_error,
    edits,
    mean,
    quantiles,
    ratio,
    reliability,
    roc,
    share,
    share_of,
)

SCORED = st.lists(st.tuples(st.integers(0, 8).map(lambda number: number / 8), st.booleans()), min_size=1, max_size=60)
WORDS = st.text("가나다ab ", max_size=14)


def slow_edits(said, true):
    table = [[max(i, j) if not i or not j else 0 for j in range(len(true) + 1)] for i in range(len(said) + 1)]
    for i in range(1, len(said) + 1):
        for j in range(1, len(true) + 1):
            change = table[i - 1][j - 1] + (said[i - 1] != true[j - 1])
            table[i][j] = min(change, table[i - 1][j] + 1, table[i][j - 1] + 1)
    return table[-1][-1]


@given(WORDS, WORDS)
def test_edits_are_levenshteins(said, true):
    assert edits(said, true) == slow_edits(said, true) == edits(true, said)
    assert edits(said.split(), true.split()) == slow_edits(said.split(), true.split())


def test_edits_of_long_texts_take_no_minutes():
    assert edits("가나" * 5_000, "가나" * 4_999) == 2


@given(st.integers(0, 200), st.integers(1, 200))
def test_a_share_lies_within_its_interval_which_lies_within_0_and_1(successes, total):
    successes = min(successes, total)
    found = share(successes, total)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.value == successes / total


def test_wilsons_interval_is_wilsons():
    found = share(8, 10)  # published example: 0.490 to 0.943
    assert found.low == pytest.approx(0.490, abs=0.001)
    assert found.high == pytest.approx(0.943, abs=0.001)


def test_wilsons_interval_covers():
    """Over all outcomes of 40 draws the interval holds the true share in about 95 % of them."""
    p, n = 0.1, 40
    covered = sum(comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1) if share(k, n).low <= p <= share(k, n).high)
    assert 0.92 < covered < 0.99


@given(SCORED)
def test_auc_is_the_share_of_pairs_in_order(items):
    scores, truth = zip(*items, strict=True)
    pairs = [(a > b) + (a == b) / 2 for a, is_a in items if is_a for b, is_b in items if not is_b]
    expected = sum(pairs) / len(pairs) if pairs else None
    assert auc(scores, truth) == (pytest.approx(expected) if pairs else None)


@given(SCORED)
def test_the_roc_rises_from_corner_to_corner_over_the_area_of_the_auc(items):
    scores, truth = zip(*items, strict=True)
    curve = roc(scores, truth)
    if not curve:
        assert len(set(truth)) == 1
        return
    assert curve[0] == (0.0, 0.0)
    assert curve[-1] == (1.0, 1.0)
    assert all(x1 <= x2 and y1 <= y2 for (x1, y1), (x2, y2) in pairwise(curve))
    area = sum((x2 - x1) * (y1 + y2) / 2 for (x1, y1), (x2, y2) in pairwise(curve))
    assert area == pytest.approx(auc(scores, truth))


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=40))
def test_a_mean_lies_within_its_interval_and_is_the_same_every_time(values):
    found = mean(values)
    assert found.low <= found.value <= found.high
    assert found.value == pytest.approx(np.mean(values), abs=1e-9)
    assert mean(values) == found


def test_the_bootstrap_covers():
    """Of 200 samples of 50 the interval of the mean holds the true mean in about 95 %."""
    random = np.random.default_rng(1)
    found = [mean(random.normal(3.0, 1.0, 50)) for _ in range(200)]
    covered = sum(one.low <= 3.0 <= one.high for one in found)
    assert 180 <= covered <= 199


def test_a_ratio_is_of_sums_and_not_of_items():
    found = ratio([1, 0], [1, 99])
    assert found.value == 0.01
    assert found.low <= 0.01 <= found.high


@given(SCORED)
def test_reliability_loses_no_item(items):
    scores, truth = zip(*items, strict=True)
    bins = reliability(scores, truth)
    assert sum(one.count for one in bins) == len(items)
    assert sum(one.count * one.observed.value for one in bins) == pytest.approx(sum(truth))
    assert sum(one.count * one.predicted for one in bins) == pytest.approx(sum(scores))
    assert 0 <= calibration_error(bins) <= 1


def test_perfect_calibration_has_no_error():
    assert calibration_error([Bin(0.25, Estimate(0.25, 0, 1), 4), Bin(0.75, Estimate(0.75, 0, 1), 4)]) == 0


def test_what_cannot_be_computed_is_none_and_no_number():
    assert share(0, 0) is share_of([]) is mean([]) is ratio([], []) is ratio([1], [0]) is None
    assert auc([0.1, 0.2], [True, True]) is auc_interval([], []) is calibration_error([]) is quantiles([]) is None
    assert roc([0.5], [True]) == []


def test_an_auc_of_few_items_is_uncertain():
    few = auc_interval([0.1, 0.4, 0.35, 0.8], [False, False, True, True])
    many = auc_interval([0.1, 0.4, 0.35, 0.8] * 50, [False, False, True, True] * 50)
    assert few.value == many.value == 0.75
    assert few.high - few.low > many.high - many.low


def test_quantiles_are_named():
    assert quantiles([1.0, 2.0, 3.0]) == {"p50": 2.0, "p95": pytest.approx(2.9)}
