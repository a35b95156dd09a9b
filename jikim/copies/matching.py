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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jikim.copies.bank_items import ItemState, SearchableBank, looked_up
from jikim.copies.calibration import SAME_FILE, score
from jikim.copies.comparison import compare_items, with_speed
from jikim.copies.edits import SOUND_ONLY, edit_of
from jikim.copies.films import voting_frames
from jikim.copies.fingerprints import ItemFingerprint, Segment
from jikim.copies.frame_pairs import Compared
from jikim.copies.pdq import ORIENTATIONS, distances
from jikim.copies.rivals import Claim, claim, is_explained, is_outdone
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

VOTED_MAX = 300
VOTED_FRAMES_MAX = 2
"""How many frames of the bank one frame's keypoints vote for, and how many of one film count: the many like frames of one film
must not keep others from being compared."""

_NEAR_MAX = 500
_ROWS_TOGETHER = 256


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


@dataclass(frozen=True, slots=True)
class _Proposal:
    """An item to be compared: which frames of it and of the query have hashes near each other, None where that was not looked
    up, for which frames keypoints vote, whether any hashes may be near, whether its sound is compared, and what was compared at
    an earlier look."""

    number: int
    hits: Sequence[_Hit] | None
    voted: Sequence[tuple[int, int, float]]
    may_be_near: bool
    is_heard: bool
    before: Compared | None = None


@dataclass(frozen=True, slots=True)
class _Said:
    """What came of comparing an item; as in Match."""

    relation: str
    score: float
    coverages: tuple[float, float]
    segments: tuple[Segment, ...]
    edit: str
    unsure_s: tuple[float, ...] = ()
    claim: Claim | None = None
    compared: Compared | None = None


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a closer look at the same file needs to know of an item that the file had something to do with."""

    is_heard: bool
    compared: Compared | None


class Matcher:
    """Holds what is looked at against banks."""

    def __init__(self, banks: Sequence[SearchableBank]) -> None:
        self._banks = banks
        self._seen = ""
        self._shown: dict[tuple[str, int], _Shown] = {}

    @property
    def has_points(self) -> bool:
        """Whether any bank has keypoints, so that it is worth while to look for them."""
        return any(bank.has_points for bank in self._banks)

    @property
    def has_sound(self) -> bool:
        """Whether any bank may have sound, so that it is worth while to listen."""
        return any(bank.has_sound for bank in self._banks)

    def match(self, query: ItemFingerprint, before: Sequence[Match] = (), *, is_closer: bool = False) -> list[Match]:
        """The known items that a file shows, best first. Raises StateError when a bank cannot be read.

        `before`: what was told of the same file when fewer of its frames had been seen. What is not told any more stays a
        lead: it is the same scene, never a copy. `is_closer`: it is the file that was looked at last, with frames besides that
        were chosen for what it showed: nothing but the items that it had something to do with is compared again.
        """
        is_closer = is_closer and query.sha256 == self._seen
        known, self._seen, self._shown = self._shown, query.sha256, {}
        found = [
            one
            for bank in self._banks
            for one in self._compared(bank, query, _shown_before(bank, known) if is_closer else _proposed(bank, query))
        ]
        copies = [said.claim for _, said in found if said.claim and said.relation == Relation.COPY]
        told = [_beside(match, said.claim, copies) for match, said in found]
        told += self._still_leads(before, {(match.bank, match.item) for match in told})
        return sorted(told, key=lambda match: (-match.score, match.bank, match.item))

    def _still_leads(self, before: Sequence[Match], told: set[tuple[str, str]]) -> Iterator[Match]:
        """What was told before and is not now, as far as it is still known."""
        for bank in self._banks:
            for one in before:
                if one.bank == bank.name and (one.bank, one.item) not in told and bank.active_item(one.item) is not None:
                    yield replace(one, relation=Relation.SAME_SCENE.value, unsure_s=())

    def _compared(
        self, bank: SearchableBank, query: ItemFingerprint, proposals: Iterable[_Proposal]
    ) -> Iterator[tuple[Match, _Said]]:
        seen: set[int] = set()
        for proposal in proposals:
            facts, reference = bank.item(proposal.number), bank.fingerprint(proposal.number)
            if facts is None or facts.state is not ItemState.ACTIVE or reference is None:
                continue
            if _are_pictures(query, reference):
                said = _as_pictures(query, reference)
            else:
                hits = proposal.hits
                if hits is None:
                    hits = _hits_of_item(reference, query, bank.settings.distance_max)
                said = _as_films(query, reference, hits, proposal)
            if said is not None:
                seen.add(proposal.number)
                self._shown[bank.name, proposal.number] = _Shown(proposal.is_heard, said.compared)
                told = said.score, said.relation, *said.coverages, said.segments, said.edit, said.unsure_s
                yield Match(bank.name, facts.id, facts.label, *told), said
        same = bank.active_item(query.sha256)
        if same is not None and same.number not in seen:
            said = _Said(Relation.COPY.value, SAME_FILE, (1.0, 1.0), (), "none")
            yield Match(bank.name, same.id, same.label, said.score, said.relation, 1.0, 1.0, (), said.edit), said


_Voted = tuple[int, int, float]


def _beside(match: Match, one: Claim | None, copies: Sequence[Claim]) -> Match:
    """The same beside the copies: one that another outdoes was filmed at the same place; for the same scene, where a copy
    explains it, no second look is taken."""
    if one is None:
        return match
    if match.relation == Relation.COPY:
        return replace(match, relation=Relation.SAME_SCENE.value) if is_outdone(one, copies) else match
    return replace(match, unsure_s=()) if is_explained(one, copies) else match


def _proposed(bank: SearchableBank, query: ItemFingerprint) -> Iterator[_Proposal]:
    """What the indexes of a bank propose."""
    hits, is_cut = _hits(bank, query)
    voted = _voted(bank, query)
    nearest = sorted(hits, key=lambda number: -len(hits[number]))[:CANDIDATES_MAX]
    likeliest = sorted(voted, key=lambda number: -sum(votes for _, _, votes in voted[number]))[:VOTED_ITEMS_MAX]
    heard = items_heard(query.sound, bank.hear) if query.sound and bank.has_sound else []
    for number in dict.fromkeys([*nearest, *likeliest, *heard]):
        may_be_near = number in hits or is_cut
        yield _Proposal(number, hits.get(number, []), voted.get(number, []), may_be_near, number in heard)


def _shown_before(bank: SearchableBank, shown: Mapping[tuple[str, int], _Shown]) -> Iterator[_Proposal]:
    """What an earlier look showed."""
    for (name, number), one in shown.items():
        if name == bank.name:
            yield _Proposal(number, None, [], True, one.is_heard, one.compared)


def _hits(bank: SearchableBank, query: ItemFingerprint) -> tuple[dict[int, list[_Hit]], bool]:
    """What lies near the frames of the query in all their orientations, by item; and whether there was more than that."""
    rows = _rows(query)
    if not rows:
        return {}, False
    near = bank.near(np.stack([hash_ for _, _, hash_ in rows]), _NEAR_MAX)
    found: dict[int, list[_Hit]] = {}
    for row, item, frame, distance in zip(near.queries, near.items, near.frames, near.distances, strict=True):
        number, turn, _ = rows[int(row)]
        found.setdefault(int(item), []).append(_Hit(number, int(frame), turn, int(distance)))
    return found, bool(near.is_cut.any())


def _hits_of_item(item: ItemFingerprint, query: ItemFingerprint, distance_max: int) -> list[_Hit]:
    """The same of one item: of each hash of the query the nearest."""
    rows, known = _rows(query), looked_up(item)
    if not rows or not len(known):
        return []
    found: list[_Hit] = []
    for start in range(0, len(rows), _ROWS_TOGETHER):
        some = rows[start : start + _ROWS_TOGETHER]
        apart = distances(np.stack([hash_ for _, _, hash_ in some]), known["hash"])
        nearest = zip(some, known["frame"][apart.argmin(axis=1)], apart.min(axis=1), strict=True)
        found += [
            _Hit(number, int(frame), turn, int(distance))
            for (number, turn, _), frame, distance in nearest
            if distance <= distance_max
        ]
    return found


def _rows(query: ItemFingerprint) -> list[tuple[int, int, NDArray[np.uint8]]]:
    """Under which hashes a query is looked up: of which frame, in which orientation."""
    return [
        (number, turn, hash_)
        for number, frame in enumerate(query.frames)
        for turn, hash_ in [
            *(enumerate(frame.pdq) if frame.quality >= QUALITY_FLOOR else ()),
            *((0, view) for view in (*frame.views, *frame.insides)),
        ]
    ]


def _voted(bank: SearchableBank, query: ItemFingerprint) -> dict[int, list[_Voted]]:
    """Items for which keypoints vote, and by which frames of the query and of the item, with how many votes."""
    found: dict[int, list[_Voted]] = {}
    for number in voting_frames(query) if bank.has_points else ():
        taken: Counter[int] = Counter()
        for vote in bank.vote(query.frames[number].descriptors, VOTED_MAX):
            taken[vote.item] += 1
            if taken[vote.item] <= VOTED_FRAMES_MAX:
                found.setdefault(vote.item, []).append((number, vote.frame, vote.votes))
    return found


def _are_pictures(query: ItemFingerprint, reference: ItemFingerprint) -> bool:
    return len(query.frames) == len(reference.frames) == 1


def _as_pictures(query: ItemFingerprint, reference: ItemFingerprint) -> _Said | None:
    found = compare_pictures(query.frames[0], reference.frames[0], are_alone=True)
    if found.relation is Relation.NONE:
        return None
    covered = float(found.coverage_query), float(found.coverage_item)
    return _Said(found.relation.value, float(found.score), covered, (), edit_of(found, query.frames[0], reference.frames[0]))


def _as_films(query: ItemFingerprint, reference: ItemFingerprint, hits: Sequence[_Hit], proposal: _Proposal) -> _Said | None:
    """What a film has to do with a picture or another film; what is only heard is said to be that."""
    nearest = sorted(hits, key=lambda hit: hit.distance)[:CHOICES]
    found = compare_items(
        query,
        reference,
        [*_in_turns(proposal.voted), *((hit.frame, hit.item_frame) for hit in nearest)],
        may_be_near=proposal.may_be_near,
        listens=proposal.is_heard,
        before=proposal.before,
    )
    if found is None:
        return _as_shown(query, hits) if 1 in (len(query.frames), len(reference.frames)) else None
    edit = SOUND_ONLY
    if found.best is not None:
        frames = query.frames[found.best.frame], reference.frames[found.best.item_frame]
        edit = edit_of(found.best.relation, *frames)
    return _Said(
        relation=found.relation.value,
        score=float(found.score),
        coverages=(found.coverage_query, found.coverage_item),
        segments=found.segments,
        edit=with_speed(edit, found.speed),
        unsure_s=found.unsure_s,
        claim=claim(found, query, reference),
        compared=found.compared,
    )


def _in_turns(voted: Sequence[_Voted]) -> list[tuple[int, int]]:
    """Pairs of frames by their votes, each frame's best before any frame's second."""
    rank: Counter[int] = Counter()
    turns: list[tuple[int, float, int, int]] = []
    for frame, item_frame, votes in sorted(voted, key=lambda one: -one[2]):
        turns.append((rank[frame], -votes, frame, item_frame))
        rank[frame] += 1
    return [(frame, item_frame) for _, _, frame, item_frame in sorted(turns)]


def _as_shown(query: ItemFingerprint, hits: Sequence[_Hit]) -> _Said | None:
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
    return _Said(Relation.COPY.value, sure, (round(len(best) / usable, 4), 1.0), segments, ORIENTATIONS[turn])


def _runs(query: ItemFingerprint, frames: Sequence[int]) -> Iterator[tuple[float, float]]:
    """Where frames that follow each other begin and end, in seconds."""
    start = frames[0]
    for frame, following in zip(frames, [*frames[1:], None], strict=True):
        if following != frame + 1:
            yield query.frames[start].at_s, query.frames[frame].at_s
            start = following if following is not None else frame
