"""Finds as a sweep gives them, assessed by the real rules."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime

from jikim.assessing import assess
from jikim.scan import Look, failure_remarks
from jikim.sweep import Found
from jikim.types import Candidate, Cue, Keyword, Media, MediaKind, candidate_id

AT = datetime(2026, 5, 22, 5, 5, tzinfo=UTC)


def reference(kind: str, text: str) -> str:
    return hmac.digest(b"a centre's key", f"{kind}\0{text}".encode("utf-8", "surrogatepass"), "sha256").hex()


def cue(name: str = "face", at_s: float | None = 14.0, confidence: float = 0.9, **value) -> Cue:
    given = {
        "face": {"age": 14.0, "age_low": 11.0, "age_high": 17.0, "p_minor": 0.97, "is_certain": True, "track": None},
        "object": {"label": "book"},
        "sensitive": {"score": 0.9},
    }.get(name, {})
    params = {"age": 14.0, "age_low": 11.0, "age_high": 17.0} if name == "face" else {"score": 0.9}
    if name == "object":
        params = {"label": {"message": "object.book"}}
    return Cue("m" * 64, name, "1", "0" * 64, name, at_s, None, {**given, **value}, confidence, "cue.face", params)


def found(
    number: int = 1,
    *,
    cues=(),
    is_test: bool = True,
    title: str = "축제 영상",
    url: str = "http://127.0.0.1:9/item",
    text: str = "",
    failures=(),
    source: str = "practice",
    is_final: bool = True,
    remarks=(),
    duration_s: float | None = 39.0,
) -> Found:
    name = candidate_id(source, str(number))
    candidate = Candidate(name, source, str(number), url, title, text, "handle", (), Keyword("축제"), AT, AT)
    media = Media("m" * 64, MediaKind.VIDEO, "video/mp4", 640, 360, duration_s)
    look = Look(media, tuple(cues), 42, {}, tuple(failures))
    said = [*failure_remarks(look.failures), *remarks]
    assessment = assess(name, look.cues, remarks=said, has_failures=bool(failures), is_test=is_test)
    return Found(candidate, look, assessment, is_final)
