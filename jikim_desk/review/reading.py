"""What an analysis says to a person: axes, reasons and ages in words first, the numbers one step away."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jikim_desk import words
from jikim_desk.records.models import Candidate
from jikim_desk.review.masking import names_in, shown

HIGH, MIDDLE = 0.5, 0.2
"""From which score on an axis is called high or middling, as in the report of a sweep."""
FULL_BAR = 7.0
"""The influence, in log-odds, that fills a bar."""
BAR_STEPS = 4
MOST_REASONS = 12
MOST_TIMES = 4
MOST_KNOWN = 5
HANDLE_MIN = 3
_CUES_OF = {
    "reason.face": "face",
    "reason.object": "object",
    "reason.object_seen": "object",
    "reason.sensitive": "sensitive",
    "reason.known_copy": "known_copy",
    "reason.youth_language": "youth_language",
}


@dataclass(frozen=True, slots=True)
class AxisLine:
    """One axis. `degree` is high, middle, low or cannot_tell; score, low and high are in percent."""

    name: str
    degree: str
    score: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """One reason as a sentence. `bar` is 0..4, `weight` in log-odds; `times` is when it shows, in words."""

    text: str
    bar: int
    weight: float
    times: str

    @property
    def lowers(self) -> bool:
        """Whether it speaks against the suspicion."""
        return self.weight < 0


@dataclass(frozen=True, slots=True)
class AgeLine:
    """One face over its frames: the estimated age in years as an interval."""

    age: int
    low: int
    high: int
    frames: int
    is_certain: bool


@dataclass(frozen=True, slots=True)
class KnownCopy:
    """A match with a bank. `relation` is copy or same_scene; times in words."""

    label: str
    relation: str
    coverage: int
    times: str


@dataclass(frozen=True, slots=True)
class Reading:
    axes: tuple[AxisLine, ...]
    reasons: tuple[ReasonLine, ...]
    more_reasons: int
    ages: tuple[AgeLine, ...]
    copies: tuple[KnownCopy, ...]
    problems: tuple[str, ...]
    kind: str
    duration: str

    @property
    def needs_no_look(self) -> bool:
        """Whether words or a verified copy suffice to decide without pictures."""
        return bool(self.copies) or self.kind in ("", "text")


def reading(analysis: Mapping[str, Any] | None, lang: str, *, has_names: bool = False, also: Collection[str] = ()) -> Reading:
    """An analysis, in the shape of `jikim sweep --json`, in the words of `lang`. Names are covered unless `has_names`,
    those in `also` too."""
    found = analysis or {}
    assessment = found.get("assessment") or {}
    cues: Sequence[Mapping[str, Any]] = found.get("cues") or ()
    reasons = [_reason(reason, cues, lang, has_names=has_names, also=also) for reason in assessment.get("reasons") or ()]
    duration_s = found.get("duration_s")
    return Reading(
        axes=tuple(_axis(name, axis) for name, axis in (assessment.get("axes") or {}).items()),
        reasons=tuple(reasons[:MOST_REASONS]),
        more_reasons=max(0, len(reasons) - MOST_REASONS),
        ages=tuple(_ages(cues)[:3]),
        copies=tuple(_known(cue, has_names=has_names) for cue in known_cues(analysis)),
        problems=tuple(dict.fromkeys(shown(error["text"][lang], has_names=has_names) for error in found.get("errors") or ()))[
            :5
        ],
        kind=found.get("kind") or "",
        duration=clock(duration_s) if duration_s else "",
    )


def known_cues(analysis: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """The cues of known material that count, at most `MOST_KNOWN`, in their order."""
    found = analysis or {}
    assessment = found.get("assessment") or {}
    return [cue for cue in found.get("cues") or () if _counts_as_known(cue, assessment)][:MOST_KNOWN]


def names_of(candidate: Candidate, analysis: Mapping[str, Any] | None) -> frozenset[str]:
    """What is marked as a name anywhere in the words of a candidate, and the handle it was posted under: to be covered wherever
    else it stands."""
    reasons = ((analysis or {}).get("assessment") or {}).get("reasons") or ()
    texts = [candidate.title, candidate.text, *(text for reason in reasons for text in reason["text"].values())]
    handle = str((candidate.find or {}).get("author_ref") or "").lstrip("@")
    return names_in(texts) | ({handle} if len(handle) >= HANDLE_MIN else set())


def has_known_copy(candidate: Candidate) -> bool:
    """Whether a bank holds what the candidate shows."""
    assessment = (candidate.analysis or {}).get("assessment") or {}
    return any(reason.get("key") == "reason.known_copy" for reason in assessment.get("reasons") or ())


def strongest(candidate: Candidate, lang: str) -> str:
    """The strongest reason as one sentence, names covered."""
    reasons = ((candidate.analysis or {}).get("assessment") or {}).get("reasons") or ()
    return shown(reasons[0]["text"][lang]) if reasons else words.say("review.no_reason", lang)


def clock(time_s: float) -> str:
    """00:17, 1:02:03."""
    whole = max(0, int(time_s))
    hours, minutes, seconds = whole // 3600, whole % 3600 // 60, whole % 60
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"


def _axis(name: str, axis: Mapping[str, Any]) -> AxisLine:
    score = axis["score"]
    degree = "high" if score >= HIGH else "middle" if score >= MIDDLE else "low"
    return AxisLine(
        name,
        "cannot_tell" if axis["state"] == "cannot_tell" else degree,
        *(round(100 * value) for value in (score, axis["low"], axis["high"])),
    )


def _reason(
    reason: Mapping[str, Any], cues: Sequence[Mapping[str, Any]], lang: str, *, has_names: bool, also: Collection[str]
) -> ReasonLine:
    weight = float(reason.get("weight") or 0.0)
    full = min(abs(weight) / FULL_BAR, 1.0)
    return ReasonLine(
        text=shown(reason["text"][lang], has_names=has_names, also=also),
        bar=max(1, round(full * BAR_STEPS)) if weight else 0,
        weight=weight,
        times=_times([cue for cue in cues if cue["name"] == _CUES_OF.get(reason["key"])], reason.get("at_s")),
    )


def _times(cues: Sequence[Mapping[str, Any]], at_s: float | None) -> str:
    spans = [_span(cue) for cue in cues if cue.get("at_s") is not None]
    texts = list(dict.fromkeys(text for _, text in sorted(spans)))
    if not texts:
        return clock(at_s) if at_s is not None else ""
    more = f" … ({len(texts)})" if len(texts) > MOST_TIMES else ""
    return ", ".join(texts[:MOST_TIMES]) + more


def _span(cue: Mapping[str, Any]) -> tuple[float, str]:
    value = cue.get("value") or {}
    start, end = value.get("start_s"), value.get("end_s")
    if isinstance(start, int | float) and isinstance(end, int | float) and int(end) > int(start):
        return start, f"{clock(start)}~{clock(end)}"
    return cue["at_s"], clock(cue["at_s"])


def _ages(cues: Sequence[Mapping[str, Any]]) -> list[AgeLine]:
    tracks: dict[object, list[Mapping[str, Any]]] = {}
    for place, cue in enumerate(cues):
        if cue["name"] == "face" and cue["value"].get("quality", 1.0) > 0:  # 0: its age cannot be told
            track = cue["value"].get("track")
            tracks.setdefault(("alone", place) if track is None else track, []).append(cue)
    lines = [_age(faces) for faces in tracks.values()]
    return sorted(lines, key=lambda line: (not line.is_certain, line.age))


def _age(faces: Sequence[Mapping[str, Any]]) -> AgeLine:
    best = max(faces, key=lambda cue: cue["confidence"])["value"]
    return AgeLine(
        age=round(best["age"]),
        low=round(best["age_low"]),
        high=round(best["age_high"]),
        frames=len({cue["at_s"] for cue in faces}),
        is_certain=bool(best.get("is_certain", True)),
    )


def _counts_as_known(cue: Mapping[str, Any], assessment: Mapping[str, Any]) -> bool:
    return cue["name"] == "known_copy" and (cue["value"].get("bank") != "test" or bool(assessment.get("is_test")))


def _known(cue: Mapping[str, Any], *, has_names: bool) -> KnownCopy:
    value = cue["value"]
    covered = value.get("coverage_query") or 0.0
    label = shown(str(value.get("label") or value.get("bank") or ""), has_names=has_names)
    return KnownCopy(label, str(value.get("relation")), round(100 * covered), _times([cue], cue.get("at_s")))
