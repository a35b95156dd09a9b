"""Readings that both heads gave of drawn lines: letters that stood there, and letters of other scripts taken for Latin ones."""

from __future__ import annotations

import pytest

from jikim.analyzers.text_readings import Reading
from jikim.analyzers.text_scripts import is_foreign


def _is_foreign(korean, korean_confidence, original, original_confidence):
    one, other = Reading(korean, korean_confidence, "korean-lines"), Reading(original, original_confidence, "ppocr-rec")
    return is_foreign(one, other, max(one, other, key=lambda reading: reading.confidence))


@pytest.mark.parametrize(
    ("korean", "original"),
    [
        (("northern luri", 0.99), ("northern luri", 1.0)),
        (("@south_47", 1.0), ("@south_47", 1.0)),
        (("KLNGON", 1.0), ("KLINGON", 1.0)),
        (("36993", 1.0), ("36993", 1.0)),
        (("irlandes", 0.9), ("irlandês", 1.0)),
        (("Subscribe now!", 0.97), ("Subscribe now!", 0.99)),
        (("010-1234-5678", 0.98), ("010-1234-5678", 0.99)),
    ],
)
def test_what_is_latin_stays(korean, original):
    assert not _is_foreign(*korean, *original)


@pytest.mark.parametrize(
    ("korean", "original"),
    [
        (("FOHAYPACbKA nEMnIPA", 0.95), ("", 0.84)),
        (("uHdOeacaHCka pynuja", 0.86), ("", 0.63)),
        (("Bpa3WICKO HOBO", 0.84), ("", 0.95)),
        (("cauy K", 0.82), ("CaHry K", 0.81)),
        (("omobgo6o", 0.86), ("mb3ss", 0.44)),
        (("untnnuuud nnignhl", 0.85), ("nn niqnh", 0.64)),
        (("naluafn", 0.85), ("ñalva5a", 0.71)),
        (("", 0.0), ("", 0.0)),
    ],
)
def test_what_was_invented_goes(korean, original):
    assert _is_foreign(*korean, *original)
