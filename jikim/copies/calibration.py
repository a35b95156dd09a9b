"""How sure a match is, as a figure between 0 and 1 that says how often chance does as well.

A score s stands for a false-positive rate of 10^-(s / (1 - s)) for one picture held against one known picture: 0.5 is one in
ten, 0.8 one in ten thousand, 0.9 one in a billion, 0.95 one in 10^19. It rises with the proof and never reaches 1, so that the
surest copy still comes before a sure one. Against a bank of a million pictures, 0.9 is one false answer in a thousand looks.

The rates are those of pictures that have nothing to do with each other. Of 2.5 million pairs of 2,241 pictures, each in its
best orientation, one in 10^4.0 had PDQ hashes within 90 bits, one in 10^5.1 within 82, one in 10^5.8 within 74 and one at all
within 62; of 6,000 pairs 27 had four keypoints that agree and 2 had five. Where no pair was seen, the lines through what was
seen go on. Of two proofs the stronger counts: they are not independent enough to be multiplied.
"""

from __future__ import annotations

DISTANCE_RATE = (90.0, 4.0, 12.0)
"""By PDQ: the exponent is 4 at 90 bits, one more for every 12 bits less, and nothing beyond."""

INLIERS_RATE = (3.5, 1.15, 5)
"""By keypoints: the exponent is 3.5 + 1.15 for each place that agrees beyond the fifth."""


SAME_FILE = 77 / 78
"""Of a file whose sha256 is that of a known one: 256 bits that agree are one chance in 10^77."""


def score(distance: float, inliers: int = 0) -> float:
    """The score of a PDQ distance in bits and a number of places that agree."""
    far, at_far, bits = DISTANCE_RATE
    at_five, each, five = INLIERS_RATE
    by_distance = at_far + (far - distance) / bits if distance <= far else 0.0
    exponent = max(by_distance, at_five + each * (inliers - five), 0.0)
    return exponent / (1 + exponent)
