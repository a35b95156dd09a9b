"""A suspicion beside the known item it is a copy of, second by second: only on request, under the same rules as the strip.

The banks keep fingerprints and no media. What can be laid beside is a file that was kept for something else the person may see,
or that is shipped with Jikim; where there is none, that is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404

from jikim.errors import JikimError
from jikim.types import Frame
from jikim_desk.accounts.models import User
from jikim_desk.records.models import Candidate
from jikim_desk.review import exposure, frames, kept
from jikim_desk.review.frames import Sketched
from jikim_desk.review.kept import Kept
from jikim_desk.review.reading import known_cues

PAIRS_MAX = 4
_LONG_S = 3.0
"""From which length on a stretch is compared near its beginning and end too, not in its middle alone."""

Moment = tuple[float | None, float | None]
"""In the suspicion and in the known item, in seconds; None in a still picture or where it is not known."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What stands beside one another; None where that side could not be opened."""

    found: Sketched | None
    known: Sketched | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`bank` and the beginning of the item's sha256 name the known item; `problems` are message keys."""

    bank: str
    item: str
    pairs: tuple[Pair, ...]
    problems: tuple[str, ...]


def open_comparison(user: User, candidate_id: str, number: int) -> Comparison:
    """Lays a candidate `user` has in hand beside its known copy number `number`, as `reading` counts them from 0.

    Raises Http404 where there is none, HeldByAnother, RestDue.
    """
    candidate, held = frames.in_hand(user, candidate_id)
    cues = known_cues(candidate.analysis)
    if not 0 <= number < len(cues):
        raise Http404
    exposure.touch(user)
    value = cues[number]["value"]
    found, problems = _found(candidate, value)
    known = kept.of_known(user, str(value["item"]))
    if known is None:
        problems.append("review.compare.only_fingerprint")
    elif found is not None and found.sha256 == known.sha256:
        problems.append("review.compare.same_file")
    pairs: tuple[Pair, ...] = ()
    if known is not None and found is not None and found.sha256 != known.sha256:
        moments = list(moments_of(value))
        pairs = tuple(_pairs(found, known, moments, problems))
        if known.is_film and moments[0][1] is None:
            problems.append("review.compare.no_times")
        shown = [one for pair in pairs for one in (pair.found, pair.known) if one is not None]
        frames.put_on_record(user, candidate, held, shown, "comparison")
    return Comparison(str(value["bank"]), str(value["item"])[:8], pairs, tuple(dict.fromkeys(problems)))


def moments_of(value: Mapping[str, Any]) -> Iterator[Moment]:
    """Which seconds to lay beside one another: of one long stretch three, of several the middle of each."""
    stretches = _stretches(value)
    if not stretches:
        yield None, None
        return
    is_one_long = len(stretches) == 1 and stretches[0][1] - stretches[0][0] >= _LONG_S
    for start_s, end_s, item_start_s, item_end_s in stretches[:PAIRS_MAX]:
        for share in (0.1, 0.5, 0.9) if is_one_long else (0.5,):
            yield start_s + share * (end_s - start_s), item_start_s + share * (item_end_s - item_start_s)


def _stretches(value: Mapping[str, Any]) -> list[tuple[float, float, float, float]]:
    """None where a still picture was matched, or where a worker of an older version told only the first second of each."""
    told = value.get("segments", ())
    return [(float(start), float(end), float(item), float(item_end)) for start, end, item, item_end in told]


def _found(candidate: Candidate, value: Mapping[str, Any]) -> tuple[Kept | None, list[str]]:
    """The file of the candidate that shows it. The analysis does not name it: of several of its kind it is the first."""
    files = kept.of_candidate(candidate)
    fitting = [one for one in files if one.is_film == bool(_stretches(value))] or files
    if not fitting:
        return None, ["review.frames.nothing_kept"]
    return fitting[0], ["review.compare.several"] if len(fitting) > 1 else []


def _pairs(found: Kept, known: Kept, moments: Sequence[Moment], problems: list[str]) -> Iterator[Pair]:
    sides = [_sketches(file, [moment[side] for moment in moments], problems) for side, file in enumerate((found, known))]
    for one, other in zip(*sides, strict=True):
        if one or other:
            yield Pair(one, other)


def _sketches(file: Kept, times_s: Sequence[float | None], problems: list[str]) -> list[Sketched | None]:
    """One sketch for each moment, None where there is none to be had."""
    try:
        with kept.opened(file) as media:
            shown: list[Sketched | None] = []
            for at_s in times_s:
                seen: Sequence[Frame] = () if at_s is None else media.frames_at([at_s])
                seen = seen or media.first_look()[:1]
                shown.append(frames.sketched(file, seen[0]) if seen else None)
            return shown
    except JikimError as error:
        problems.append(frames.problem_key(error))
        return [None] * len(times_s)
