"""Which items of the banks a picture or a film is a copy of.

Hashes, keypoints and words of sound propose items; what is proposed is compared closely (verification.py, comparison.py). Of
what is known by its hashes alone, as third parties give it, the hashes decide:

- a still with a still: distance <= 31, the distance at which PDQ is used for exchange;
- a still with a film's frame, either way round: one frame at <= 24, since one of many frames has more chances to be like
  another by accident;
- a film with a film: two moments of each at <= 31 in the same orientation.

Frames of quality below 50 (near-uniform ones) never match by their hashes on either side. A file that nothing was found of is
still the item when it is that very file, byte by byte. On the bench that gave these rules,
376,002 unrelated pairs of pictures had no distance <= 31.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from jikim.copies.bank_items import SearchableBank
from jikim.copies.calibration import SAME_FILE, score
from jikim.copies.comparison import compare_items, with_speed
from jikim.copies.edits import SOUND_ONLY, edit_of
from jikim.copies.fingerprints import ItemFingerprint, Segment
from jikim.copies.pdq import ORIENTATIONS
from jikim.copies.rivals import Claim, claim, is_outdone
from jikim.copies.sound_words import items_heard
from jikim.copies.verification import Relation, compare_pictures

QUALITY_FLOOR = 50
DISTANCE_MAX = 31
SINGLE_FRAME_DISTANCE_MAX = 24
CHOICES = 8


CANDIDATES_MAX = 50
"""How many items of a bank, those with most votes, are compared with what is looked at."""
VOTED_ITEMS_MAX = 12
"""The same of those for which nothing but keypoints votes."""

VOTING_FRAMES = 8
"""How many frames of a film, evenly chosen, are looked up by their keypoints."""

VOTED_MAX = 300
VOTED_FRAMES_MAX = 2
"""How many frames of the bank one frame's keypoints vote for, and how many of one film count: the many like frames of one film
must not keep others from being compared."""

_NEAR_MAX = 500


@dataclass(frozen=True, slots=True)
class Match:
    """A known item that a file shows. `relation` is `copy` or `same_scene`; coverages are the shares of the file and of the
    item that the other shows, `segments` are empty for pictures; `edit` is a code that `edits.words` puts into words.
    `unsure_s` are moments of a film that a second look should go to, to be sure of the relation and of the segments' ends."""

    bank: str
    item: str
    label: str
    score: float
    relation: str
    coverage_query: float
    coverage_item: float
    segments: tuple[Segment, ...]
    edit: str
    unsure_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class _Hit:
    """A frame of the query near a frame of an item; `turn` is a place in ORIENTATIONS."""

    frame: int
    item_frame: int
    turn: int
    distance: int


class Matcher:
    """Holds what is looked at against banks."""

    def __init__(self, banks: Sequence[SearchableBank]) -> None:
        self._banks = banks

    @property
    def has_points(self) -> bool:
        """Whether any bank has keypoints, so that it is worth while to look for them."""
        return any(bank.has_points for bank in self._banks)

    @property
    def has_sound(self) -> bool:
        """Whether any bank may have sound, so that it is worth while to listen."""
        return any(bank.has_sound for bank in self._banks)

    def match(self, query: ItemFingerprint, before: Sequence[Match] = ()) -> list[Match]:
        """The known items that a file shows, best first. Raises StateError when a bank cannot be read.

        `before`: what was told of the same file when fewer of its frames had been seen. What is not told any more stays a
        lead: it is the same scene, never a copy.
        """
        found = [one for bank in self._banks for one in self._in_bank(bank, query)]
        claims = [claim for _, claim in found if claim]
        told = [_outdone(match) if claim and is_outdone(claim, claims) else match for match, claim in found]
        told += self._still_leads(before, {(match.bank, match.item) for match in told})
        return sorted(told, key=lambda match: (-match.score, match.bank, match.item))

    def _still_leads(self, before: Sequence[Match], told: set[tuple[str, str]]) -> Iterator[Match]:
        """What was told before and is not now, as far as it is still known."""
        for bank in self._banks:
            for one in before:
                if one.bank == bank.name and (one.bank, one.item) not in told and bank.active_item(one.item) is not None:
                    yield replace(one, relation=Relation.SAME_SCENE.value, unsure_s=())

    def _in_bank(self, bank: SearchableBank, query: ItemFingerprint) -> Iterator[tuple[Match, Claim | None]]:
        hits = _hits(bank, query)
        voted = _voted(bank, query)
        nearest = sorted(hits, key=lambda number: -len(hits[number]))[:CANDIDATES_MAX]
        likeliest = sorted(voted, key=lambda number: -sum(votes for _, _, votes in voted[number]))[:VOTED_ITEMS_MAX]
        heard = items_heard(query.sound, bank.hear) if query.sound and bank.has_sound else []
        seen: set[int] = set()
        for number in dict.fromkeys([*nearest, *likeliest, *heard]):
            facts, reference = bank.item(number), bank.fingerprint(number)
            if facts is None or reference is None:
                continue
            if _are_pictures(query, reference):
                told = _as_pictures(query, reference)
            else:
                told = _as_films(query, reference, hits.get(number, []), voted.get(number, []), listens=number in heard)
            if told is not None:
                relation, sure, covered, segments, edit, unsure_s, claimed = told
                seen.add(number)
                yield Match(bank.name, facts.id, facts.label, sure, relation, *covered, segments, edit, unsure_s), claimed
        same = bank.active_item(query.sha256)
        if same is not None and same.number not in seen:
            yield Match(bank.name, same.id, same.label, SAME_FILE, Relation.COPY.value, 1.0, 1.0, (), "none"), None


_Voted = tuple[int, int, float]
_Told = tuple[str, float, tuple[float, float], tuple[Segment, ...], str, tuple[float, ...], Claim | None]


def _outdone(match: Match) -> Match:
    """The same of an item that another one explains: filmed at the same place."""
    return replace(match, relation=Relation.SAME_SCENE.value)


def _hits(bank: SearchableBank, query: ItemFingerprint) -> dict[int, list[_Hit]]:
    """What lies near the frames of the query in all their orientations, by item."""
    rows = [
        (number, turn, hash_)
        for number, frame in enumerate(query.frames)
        for turn, hash_ in [
            *(enumerate(frame.pdq) if frame.quality >= QUALITY_FLOOR else ()),
            *((0, view) for view in (*frame.views, *frame.insides)),
        ]
    ]
    if not rows:
        return {}
    near = bank.near(np.stack([hash_ for _, _, hash_ in rows]), _NEAR_MAX)
    found: dict[int, list[_Hit]] = {}
    for row, item, frame, distance in zip(near.queries, near.items, near.frames, near.distances, strict=True):
        number, turn, _ = rows[int(row)]
        found.setdefault(int(item), []).append(_Hit(number, int(frame), turn, int(distance)))
    return found


def _voted(bank: SearchableBank, query: ItemFingerprint) -> dict[int, list[_Voted]]:
    """Items for which keypoints vote, and by which frames of the query and of the item, with how many votes."""
    pointed = [number for number, frame in enumerate(query.frames) if len(frame.descriptors)]
    if not pointed or not bank.has_points:
        return {}
    found: dict[int, list[_Voted]] = {}
    for place in np.unique(np.linspace(0, len(pointed) - 1, VOTING_FRAMES).astype(int)):
        number = pointed[int(place)]
        taken: Counter[int] = Counter()
        for vote in bank.vote(query.frames[number].descriptors, VOTED_MAX):
            taken[vote.item] += 1
            if taken[vote.item] <= VOTED_FRAMES_MAX:
                found.setdefault(vote.item, []).append((number, vote.frame, vote.votes))
    return found


def _are_pictures(query: ItemFingerprint, reference: ItemFingerprint) -> bool:
    return len(query.frames) == len(reference.frames) == 1


def _as_pictures(query: ItemFingerprint, reference: ItemFingerprint) -> _Told | None:
    relation = compare_pictures(query.frames[0], reference.frames[0], are_alone=True)
    if relation.relation is Relation.NONE:
        return None
    covered = float(relation.coverage_query), float(relation.coverage_item)
    edit = edit_of(relation, query.frames[0], reference.frames[0])
    return relation.relation.value, float(relation.score), covered, (), edit, (), None


def _as_films(
    query: ItemFingerprint, reference: ItemFingerprint, hits: Sequence[_Hit], voted: Sequence[_Voted], *, listens: bool
) -> _Told | None:
    """What a film has to do with a picture or another film; what is only heard is said to be that."""
    nearest = sorted(hits, key=lambda hit: hit.distance)[:CHOICES]
    pairs = [*_in_turns(voted), *((hit.frame, hit.item_frame) for hit in nearest)]
    found = compare_items(query, reference, pairs, listens=listens)
    if found is None:
        return _as_shown(query, hits) if 1 in (len(query.frames), len(reference.frames)) else None
    edit = SOUND_ONLY
    if found.best is not None:
        frames = query.frames[found.best.frame], reference.frames[found.best.item_frame]
        edit = edit_of(found.best.relation, *frames)
    covered = found.coverage_query, found.coverage_item
    edit = with_speed(edit, found.speed)
    return (
        found.relation.value,
        float(found.score),
        covered,
        found.segments,
        edit,
        found.unsure_s,
        claim(found, query, reference),
    )


def _in_turns(voted: Sequence[_Voted]) -> list[tuple[int, int]]:
    """Pairs of frames by their votes, each frame's best before any frame's second."""
    rank: Counter[int] = Counter()
    turns: list[tuple[int, float, int, int]] = []
    for frame, item_frame, votes in sorted(voted, key=lambda one: -one[2]):
        turns.append((rank[frame], -votes, frame, item_frame))
        rank[frame] += 1
    return [(frame, item_frame) for _, _, frame, item_frame in sorted(turns)]


def _as_shown(query: ItemFingerprint, hits: Sequence[_Hit]) -> _Told | None:
    """A known picture that is shown in a film, or a picture taken from a known one, by hashes alone: of what is known by its
    hash there is nothing else to compare."""
    near = [hit for hit in hits if hit.distance <= SINGLE_FRAME_DISTANCE_MAX]
    if not near:
        return None
    turn = Counter(hit.turn for hit in near).most_common(1)[0][0]
    best: dict[int, int] = {}
    for hit in near:
        if hit.turn == turn:
            best[hit.frame] = min(hit.distance, best.get(hit.frame, DISTANCE_MAX))
    usable = sum(frame.quality >= QUALITY_FLOOR for frame in query.frames)
    sure = score(sum(best.values()) / len(best))
    segments = (
        tuple(Segment(start, end, 0.0, 0.0) for start, end in _runs(query, sorted(best))) if len(query.frames) > 1 else ()
    )
    return Relation.COPY.value, sure, (round(len(best) / usable, 4), 1.0), segments, ORIENTATIONS[turn], (), None


def _runs(query: ItemFingerprint, frames: Sequence[int]) -> Iterator[tuple[float, float]]:
    """Where frames that follow each other begin and end, in seconds."""
    start = frames[0]
    for frame, following in zip(frames, [*frames[1:], None], strict=True):
        if following != frame + 1:
            yield query.frames[start].at_s, query.frames[frame].at_s
            start = following if following is not None else frame
