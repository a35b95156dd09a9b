"""Outside practice no words of anybody are shown, however deep they lie; inside practice everything is."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from jikim.assessing import assess
from jikim.errors import FetchFailed, FetchRefused, MediaUnreadable
from jikim.rendering import cue_object, failure_object, scan_object
from jikim.scan import Failure, Look
from jikim.types import Cue, Reason

SECRET = "비밀이야기"
WORDS = Cue(
    None,
    "youth_language",
    "1",
    None,
    "youth_language",
    None,
    None,
    {"score": 0.9, "cues": [{"kind": "grade", "text": SECRET, "number": 2}]},
    0.9,
    "cue.youth_language",
    {"text": SECRET, "first": {"message": "youth.grade"}, "second": {"message": "youth.nothing_else"}},
)
COPY = Cue(
    "m",
    "known_copy",
    "1",
    None,
    "known_copy",
    None,
    None,
    {"bank": "a", "item": "0" * 64, "score": 0.9, "relation": "copy", "edit": "none"},
    0.9,
    "cue.known_copy",
    {"bank": "a", "label": SECRET, "edit": {"message": "copies.edit.none"}},
)


def written(*, is_masked: bool) -> str:
    errors = [
        FetchFailed("fetching.status", where=f"https://example.org/{SECRET}", status=404),
        FetchRefused("fetching.robots_forbid", where=f"https://example.org/{SECRET}"),
        MediaUnreadable("media.no_frames", where=SECRET),
    ]
    look = Look(cues=(WORDS, COPY), failures=tuple(Failure("fetch", error) for error in errors))
    remark = Reason("reason.failed", {"what": {"message": "stage.fetch"}}, 0.0, ())
    found = scan_object("id", None, look, assess("c", look.cues, remarks=[remark]), is_masked=is_masked)
    return msgspec.json.encode(found).decode()


def test_masked_nothing_of_anybody_is_left():
    assert SECRET not in written(is_masked=True)
    assert "example.org" not in written(is_masked=True)


def test_in_practice_the_words_are_there():
    assert SECRET in written(is_masked=False)


def test_what_is_left_still_says_what_was_noticed():
    masked = cue_object(WORDS, is_masked=True)
    assert masked["value"] == {"score": 0.9, "cues": [{"kind": "grade", "text": None, "number": 2}]}


@given(st.recursive(st.just(SECRET), lambda inner: st.lists(inner, max_size=3) | st.fixed_dictionaries({"text": inner})))
def test_words_under_a_text_field_are_masked_at_any_depth(value):
    cue = Cue(None, "a", "1", None, "line", None, None, {"text": SECRET, "more": {"text": value}}, 1.0, "cue.object", {})
    shown = cue_object(cue, is_masked=True)["value"]
    assert shown["text"] is None
    if isinstance(value, str):
        assert shown["more"] == {"text": None}


def test_an_error_says_in_both_languages_what_happened():
    error = Failure("fetch", FetchFailed("fetching.status", where="https://example.org/", status=404))
    assert set(failure_object(error, is_masked=True)["text"]) == {"ko", "en"}
