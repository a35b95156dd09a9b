"""What leaves the detector as words: the JSON objects of the commands, and the same for a terminal.

Outside practice nothing that leads to a place or a person is shown: ids are keyed, texts are masked to their kind, and
addresses, handles and titles are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jikim.messages import Message, render
from jikim.scan import Failure, Look
from jikim.types import Assessment, Axis, Candidate, Cue, JsonValue, Reason

SCHEMA = 1

TEXT_FIELDS = frozenset({"text"})
"""Fields of cues that hold somebody's words."""
NAMING_FIELDS = TEXT_FIELDS | {"label"}
"""Fields of reasons that do, or that hold what a centre calls an item of its bank."""


def scan_object(
    name: str, sha256: str | None, look: Look, assessment: Assessment, *, is_masked: bool = False
) -> dict[str, JsonValue]:
    """One input of `jikim scan`, in the shape of the design."""
    media = look.media
    return {
        "schema": SCHEMA,
        "input": name,
        "kind": str(media.kind) if media else None if look.failures else "text",
        "sha256": sha256,
        "duration_s": media.duration_s if media else None,
        "width_px": media.width_px if media else None,
        "height_px": media.height_px if media else None,
        "assessment": assessment_object(assessment, is_masked=is_masked),
        "cues": [cue_object(cue, is_masked=is_masked) for cue in look.cues],
        "frames": look.frames,
        "took_ms": {stage: round(took, 1) for stage, took in look.took_ms.items()},
        "errors": [failure_object(failure, is_masked=is_masked) for failure in look.failures],
    }


def candidate_object(
    candidate: Candidate, look: Look, assessment: Assessment, reference: Callable[[str, str], str]
) -> dict[str, JsonValue]:
    """One candidate of `jikim sweep`. `reference(kind, text)` is the vault's keyed id."""
    shown_id = reference("candidate", candidate.id)
    is_masked = not assessment.is_test
    digest = look.media.id if look.media else None
    found = scan_object(shown_id, digest, look, assessment, is_masked=is_masked)
    found |= {"id": shown_id, "source": candidate.source, "found_at": candidate.found_at.isoformat()}
    return found if is_masked else {**found, "url": candidate.url, "title": candidate.title}


def assessment_object(assessment: Assessment, *, is_masked: bool) -> dict[str, JsonValue]:
    """An assessment with its reasons in both languages, strongest first."""
    return {
        "score": round(assessment.score, 4),
        "level": str(assessment.level),
        "is_test": assessment.is_test,
        "axes": {name: _axis_object(axis) for name, axis in assessment.axes.items()},
        "reasons": [_reason_object(reason, is_masked) for reason in assessment.reasons],
    }


def cue_object(cue: Cue, *, is_masked: bool) -> dict[str, JsonValue]:
    """A cue; masked, its texts are left out."""
    return {
        "analyzer": cue.analyzer,
        "name": cue.name,
        "at_s": _rounded(cue.at_s),
        "region": [round(side, 4) for side in cue.region] if cue.region else None,
        "confidence": round(cue.confidence, 4),
        "value": _masked(cue.value, TEXT_FIELDS, None) if is_masked else dict(cue.value),
    }


def failure_object(failure: Failure, *, is_masked: bool) -> dict[str, JsonValue]:
    """What could not be done, in both languages."""
    message = failure.error.message(masked=is_masked)
    return {"stage": failure.stage, "key": failure.error.key, "text": message._asdict()}


def reason_text(reason: Reason, *, is_masked: bool) -> Message:
    """A reason as a sentence in both languages."""
    return render(
        reason.message_key, _masked(reason.params, NAMING_FIELDS, {"message": "masked.text"}) if is_masked else reason.params
    )


def _reason_object(reason: Reason, is_masked: bool) -> dict[str, JsonValue]:
    at_s = next((cue.at_s for cue in reason.cues if cue.at_s is not None), None)
    return {
        "key": reason.message_key,
        "text": reason_text(reason, is_masked=is_masked)._asdict(),
        "weight": round(reason.weight, 4),
        "at_s": _rounded(at_s),
    }


def _axis_object(axis: Axis) -> dict[str, JsonValue]:
    return {"state": str(axis.state), "score": round(axis.score, 4), "low": round(axis.low, 4), "high": round(axis.high, 4)}


def _masked(value: Any, fields: frozenset[str], instead: JsonValue) -> Any:
    """The same with every string under one of `fields`, however deep, replaced."""
    if isinstance(value, Mapping):
        return {
            name: instead if name in fields and isinstance(inner, str) else _masked(inner, fields, instead)
            for name, inner in value.items()
        }
    return [_masked(inner, fields, instead) for inner in value] if isinstance(value, list | tuple) else value


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def joined(looks: Iterable[Look]) -> Look:
    """The looks of one candidate's media and words as one; the first that was opened names the media."""
    looks = list(looks)
    took: dict[str, float] = {}
    for look in looks:
        for stage, took_ms in look.took_ms.items():
            took[stage] = took.get(stage, 0.0) + took_ms
    return Look(
        media=next((look.media for look in looks if look.media), None),
        cues=tuple(cue for look in looks for cue in look.cues),
        frames=sum(look.frames for look in looks),
        took_ms=took,
        failures=tuple(failure for look in looks for failure in look.failures),
        sketches=tuple(dict.fromkeys(sketch for look in looks for sketch in look.sketches)),
        extents=tuple(dict.fromkeys(extent for look in looks for extent in look.extents)),
    )
