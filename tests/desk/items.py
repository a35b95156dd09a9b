"""Harmless items for the tests of the review: drawn pictures, rendered words, sealed as a sweep would seal them."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from hashlib import sha256

import numpy as np
from django.utils import timezone
from PIL import Image

from jikim.types import candidate_id
from jikim.vault import sweep_holder
from jikim_desk.records.models import Candidate, CandidateState, Capture
from jikim_desk.sealing import reference, vault

HOLDER = sweep_holder(date(2026, 11, 22))


def reason(key="reason.object", ko="화면 속 물건: 책가방", en="Object in the picture: backpack", weight=1.2, at_s=None):
    return {"key": key, "text": {"ko": ko, "en": en}, "weight": weight, "at_s": at_s}


def known():
    return reason("reason.known_copy", "대조목록의 영상물과 일치: 시험 (원본)", "Copy of known material: test (as it is)", 7.0)


def analysis(reasons=(), cues=(), *, score=0.6, level="look", is_test=False, kind="text", duration_s=None, errors=()):
    """What `jikim sweep --json` gives of one candidate."""
    axis = {"state": "known", "score": score, "low": max(0.0, score - 0.2), "high": min(1.0, score + 0.2)}
    return {
        "schema": 1,
        "kind": kind,
        "duration_s": duration_s,
        "assessment": {
            "score": score,
            "level": level,
            "is_test": is_test,
            "axes": {"minor": axis, "sexual": {**axis, "state": "cannot_tell"}},
            "reasons": list(reasons) or [reason()],
        },
        "cues": list(cues),
        "errors": list(errors),
    }


def item(
    team,
    name="one",
    *,
    title="축제 사진 모음",
    text="동네 축제에서 찍은 사진입니다.",
    level="look",
    score=0.6,
    same_as="",
    case=None,
    state=CandidateState.WAITING,
    found_at=None,
    **told,
):
    """One candidate that waits, as the store keeps it."""
    ranks = {"urgent": 0, "look": 1, "none": 2}
    url = f"https://board.example/{name}"
    row = Candidate(
        id=candidate_id("feed", name),
        source="feed",
        host_ref=reference("host", "board.example"),
        url_ref=reference("url", url),
        found_at=found_at or timezone.now(),
        team=team,
        case=case,
        state=state,
        level=level,
        level_rank=ranks[level],
        score=score,
        same_as=same_as,
    )
    row.url, row.title, row.text = url, title, text
    row.analysis = analysis(score=score, level=level, **told)
    row.save(force_insert=True)
    return row


def picture(width=320, height=180):
    """A drawn slope from dark to light with a bright square, as PNG."""
    slope = np.linspace(20, 230, width, dtype=np.uint8)
    pixels = np.repeat(np.tile(slope, (height, 1))[:, :, None], 3, axis=2)
    pixels[40:90, 60:140] = (250, 240, 90)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def capture(row, content=None, *, content_type="image/png", part="media", name="a"):
    """Seals `content` (a drawing) as what was fetched of a candidate."""
    content = picture() if content is None else content
    with vault().sealing(HOLDER) as sealing:
        sealing.write(content)
    kept = Capture(
        id=sha256(f"{row.pk}{part}{name}".encode()).hexdigest()[:32],
        candidate=row,
        part=part,
        content_type=content_type,
        sha256=sealing.sealed.sha256,
        size_bytes=len(content),
        fetched_at=datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC),
        blob=sealing.sealed.blob,
        holder=HOLDER,
    )
    kept.chain = [{"url": row.url, "status": 200, "headers": {}, "peer_ip": "192.0.2.7", "at": "2026-11-22T03:04:05+00:00"}]
    kept.save(force_insert=True)
    return kept
