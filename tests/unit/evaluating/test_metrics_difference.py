from __future__ import annotations

import pytest

from jikim.evaluating.metrics import auc, auc_difference


def test_the_gain_of_one_score_over_another_is_paired():
    truth = [True] * 20 + [False] * 20
    good = [1.0 + number / 100 for number in range(20)] + [0.0 + number / 100 for number in range(20)]
    coin = [0.5] * 40
    gain = auc_difference(good, coin, truth)
    assert gain is not None
    assert gain.value == pytest.approx((auc(good, truth) or 0) - 0.5)
    assert (gain.low, gain.high) == (0.5, 0.5)
    same = auc_difference(good, good, truth)
    assert same is not None
    assert (same.low, same.value, same.high) == (0, 0, 0)
    assert auc_difference(good, coin, [True] * 40) is None
