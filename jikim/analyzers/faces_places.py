"""Where a face is shown: on a screen within the picture, or as the face of a soft toy.

Told from what else was seen in the same frame (`objects`); without that analyzer nothing is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jikim.analyzers.faces_age import Estimate
from jikim.analyzers.faces_quality import worded
from jikim.types import Cue, Region

WITHIN = 0.8
"""The least share of a face that lies inside a thing that shows it."""
SCREEN_FACE_MOST = 0.75
"""A face takes at most this share of the screen it is on: one that fills the box is before it, or mistaken for it."""
DOLL_FACE_LEAST = 0.08
"""The least share of a soft toy that its face takes; that of a person behind a large one takes less."""


def with_places(cues: Sequence[Cue]) -> list[Cue]:
    """The same cues in the same order; a face on a screen has `shown_on` in its value, that of a soft toy is doubted for it."""
    things: dict[tuple[object, object], list[Cue]] = {}
    for cue in cues:
        if cue.name == "object":
            things.setdefault((cue.media_id, cue.at_s), []).append(cue)
    return [_placed(cue, things.get((cue.media_id, cue.at_s), [])) if cue.name == "face" else cue for cue in cues]


def _placed(face: Cue, things: Sequence[Cue]) -> Cue:
    def taken(label: str) -> list[float]:
        return [share for thing in things if thing.value["label"] == label and (share := _share(face.region, thing.region))]

    if any(share >= DOLL_FACE_LEAST for share in taken("teddy bear")):
        is_judged = float(face.value.get("quality", 1.0)) > 0
        value = {**face.value, "is_certain": False, "doubt": "doll"}
        return replace(face, value=value, **worded(_estimate(face), "doll", is_judged=is_judged))
    if any(share <= SCREEN_FACE_MOST for share in taken("screen")):
        return on_screen(replace(face, value={**face.value, "shown_on": "screen"}))
    return face


def on_screen(face: Cue) -> Cue:
    """A certain face in the words of one on a screen; a doubtful one keeps those of its doubt."""
    return replace(face, message_key="cue.face_on_screen") if face.value.get("doubt") is None else face


def _share(face: Region | None, thing: Region | None) -> float:
    """How much of a thing the face inside it takes; 0 where the face does not lie in it."""
    if face is None or thing is None or thing.w * thing.h <= 0 or face.w * face.h <= 0:
        return 0.0
    across = min(face.x + face.w, thing.x + thing.w) - max(face.x, thing.x)
    down = min(face.y + face.h, thing.y + thing.h) - max(face.y, thing.y)
    is_within = across > 0 and down > 0 and across * down >= WITHIN * face.w * face.h
    return face.w * face.h / (thing.w * thing.h) if is_within else 0.0


def _estimate(face: Cue) -> Estimate:
    return Estimate(*(float(face.value[name]) for name in ("age", "age_low", "age_high", "p_minor", "p_female")))
