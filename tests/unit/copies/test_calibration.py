from __future__ import annotations

from itertools import pairwise

import pytest

from jikim.copies.calibration import score


def test_more_proof_always_scores_higher_and_nothing_is_certain():
    by_distance = [score(distance) for distance in range(90, -1, -1)]
    by_places = [score(256, inliers) for inliers in range(5, 401)]
    for scores in (by_distance, by_places):
        assert all(one < other for one, other in pairwise(scores))
        assert 0 < scores[0] < scores[-1] < 1
    assert score(256) == 0
    assert score(100, 2) < score(90)


def test_a_score_says_how_often_chance_does_as_well():
    for exponent, expected in ((1, 0.5), (4, 0.8), (9, 0.9)):
        assert score(90 - 12 * (exponent - 4)) == pytest.approx(expected if exponent >= 4 else 0.0, abs=1e-9)
    assert score(31, 60) == score(256, 60) > score(31), "the stronger of two proofs counts"
