"""What a film or picture has to do with a known item, frame by frame and second by second.

The cheap look comes first: hashes of frames. Where they leave doubt, keypoints of some frames are compared. Both vote for where
the stretches lie that both films share (timelines.py), and so does the sound. Along those stretches frames are then looked at
closely: in a copy what moves is where it was at that moment; in another film of the same room only what stands still is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar

import numpy as np

from jikim.copies.fingerprints import ItemFingerprint, Segment
from jikim.copies.frame_pairs import PLACE_MOMENTS_MIN, Compared, Pairs
from jikim.copies.frame_votes import SINGLE_DISTANCE_MAX, PointVotes, hash_votes
from jikim.copies.listening import same_sound, sound_votes
from jikim.copies.profiles import CLOSE_ROWS_MIN, NOT_COMPARED, Closeness, FramePair, Profile, profiled
from jikim.copies.timelines import Stretch, Vote, align, coverage
from jikim.copies.verification import INLIERS_MIN, Relation, placed_by

SINGLE_INLIERS_MIN = 15
"""What one pair of frames must show where no second pair confirms it."""

GAIN_MIN = 0.62
"""How much liker their own moment than others frames must be (`profiles.Closeness.gain`) in a copy. On the half of the bench
that it was chosen on (bench/copies/videos.py), copies under a sticker and off a screen had 0.65 and more, other films of the
same room at most 0.59."""

GAIN_BACKWARDS_MIN = 0.8
"""The same of what runs backwards: a hand that goes up and down again shows much the same."""

GAIN_FRAMES_MIN = 5
"""And of so many moments."""

SURE_MEDIAN, SURE_GAIN_MIN = 0.95, 0.5
"""The median from which less is enough: half of what moves is where it was; something may be stuck on the rest."""

UNSURE_GAIN_MIN = 0.4
"""From this gain on, forwards and at usual speeds, a closer look may show a copy: what moves fast has moved on where frames are
a tenth of a second apart."""

USUAL_SPEEDS = (0.7, 1.45)
UNUSUAL_GAIN_MIN = 0.7
"""At other speeds nothing but SURE_MEDIAN and this gain are enough: what hardly moves fits at any speed. On that half,
copies at .5, .6 and 1.6 times the speed had 0.75 and more."""

TRAVELLING_SHARE, TRAVELLING_MIN, TRAVELLING_STILL_MIN = 0.7, 0.56, 0.4
"""Where most blocks move, the camera does: another film of the same room does not travel the same way, and the mean correlation
of what moves may be less."""

TRAVELLING_FRAMES_MIN = 10
"""And of so many moments: of a few, another film of the room may happen to look so."""

STILL_MIN, UNUSUAL_STILL_MIN = 0.75, 0.8
"""The mean correlation of blocks that stand still, where nothing moves: an empty room from another place reached 0.67, a copy
off a screen had 0.84. The second at unusual speeds."""

_FALL = 8 / 64
"""How much less than a frame's best vote by hash another of its votes may be worth: in a slow shot many moments are alike."""
_EXPLAINED_MIN = 0.5
_MAPPED = 4
_QUERY_FRAMES = 12
_PROPOSED_MIN, _PROPOSED_MAX = 3, 8
_INLIERS_HOPEFUL = 6
"""Unrelated pictures show at most 5; where the first few proposed pairs show no more, no other is compared."""

_RELATED_ENOUGH = 6
_INLIERS_PLAIN = 25
"""A pair of frames that so many places prove needs no second frame of the item for the same frame of the query."""
_TOLERANCE_MIN_S = 0.35
_MOMENTS, _CLOSER_STEP_S = 10, 0.05
"""At how many moments of the item a second look compares, and how far apart its five frames around each lie."""

_Place = TypeVar("_Place", int, float)


@dataclass(frozen=True, slots=True, eq=False)
class ItemRelation:
    """What a query has to do with an item. `best` is the pair of frames that shows it best, None where `is_by_sound`: nothing
    but the sound is the same. `moving`, `still` and `gain` are those of profiles.Closeness; `unsure_s` are moments of the query
    that should be looked at to be sure of a film's relation and edges. `compared` is for such a second look."""

    relation: Relation
    score: float
    coverage_query: float
    coverage_item: float
    segments: tuple[Segment, ...]
    speed: float
    best: FramePair | None
    is_by_sound: bool
    moving: float
    still: float
    gain: float
    unsure_s: tuple[float, ...]
    compared: Compared | None = None


def compare_items(
    query: ItemFingerprint,
    reference: ItemFingerprint,
    candidates: Iterable[tuple[int, int]] = (),
    *,
    may_be_near: bool = True,
    listens: bool = True,
    before: Compared | None = None,
) -> ItemRelation | None:
    """What the query has to do with the reference; None when nothing. `candidates` are pairs of frames, as places in their
    lists, that an index found to be alike: they are compared first. `may_be_near`: whether hashes of their frames may be near
    each other. `listens`: whether their sounds are compared. `before`: what was compared when fewer frames of the query
    had been seen."""
    pairs = Pairs(query, reference, before)
    hashed = hash_votes(query, reference) if may_be_near else []
    explained = {frame for frame, _, _ in hashed}
    if len(explained) < max(3, _EXPLAINED_MIN * len(query.frames)):
        _compare_points(pairs, candidates, explained)
    for frame, item_frame in _best_hashed(pairs, hashed):
        pairs.relation(frame, item_frame)
    spoken = sound_votes(query.sound, reference.sound) if listens else []
    told = None
    if _is_enough(pairs, hashed):
        told, stretches = _aligned(pairs, hashed, explained, spoken)
        if told and told.relation is Relation.SAME_SCENE and _compare_same_moments(pairs, stretches):
            told = _aligned(pairs, hashed, explained, spoken)[0] or told
    told = told or _by_sound(query, reference, spoken) or _at_one_place(pairs)
    return replace(told, compared=pairs.compared) if told else None


def _aligned(
    pairs: Pairs, hashed: Sequence[tuple[int, int, float]], explained: set[int], spoken: Sequence[Vote]
) -> tuple[ItemRelation | None, list[Stretch]]:
    """The relation by the frames compared so far, with the stretches on which something is shown; None without any."""
    query, reference = pairs.query, pairs.reference
    profile = profiled(query, reference, pairs.related(), pairs.agreeing(), explained)
    votes = profile.votes() if profile else _plain_votes(pairs, hashed)
    if not votes:
        return None, []
    looked = profile.looked_s if profile else sorted({vote.at_s for vote in votes} | {query.frames[q].at_s for q in explained})
    lengths_s = _length_s(query), _length_s(reference)
    tolerance_s = _tolerance_s(reference)
    where = *lengths_s, tolerance_s, _span_s(query)
    found = align([*votes, *spoken], looked, *where)
    if profile and found:
        line = max(found, key=lambda one: one.weight)
        silent = profile.silent(line)
        telling = [vote for vote in votes if vote.at_s not in silent or line.explains(vote, tolerance_s)]
        likely = [*profile.confirmed(found), *profile.confirmed(_whole(*lengths_s, tolerance_s))]
        found = align([*telling, *spoken, *likely], sorted(set(looked) - silent), *where)
    seen_s = np.array([vote.at_s for vote in votes])
    shown = [one for one in found if ((one.segment.start_s <= seen_s) & (seen_s <= one.segment.end_s)).any()]
    return (_judged(pairs, shown, profile) if shown else None), shown


# ---- votes ----------------------------------------------------------------------------------------------------------------


def _best_hashed(pairs: Pairs, hashed: Sequence[tuple[int, int, float]]) -> list[tuple[int, int]]:
    """The _MAPPED pairs of frames whose hashes are most alike, those with keypoints before all others: a hash tells that a
    picture is the same, but not where on the screen it lies."""
    pointed, item_pointed = set(pairs.pointed), set(pairs.item_pointed)
    ranked = sorted(hashed, key=lambda one: (one[0] in pointed and one[1] in item_pointed, one[2]), reverse=True)
    return [(frame, item_frame) for frame, item_frame, _ in ranked[:_MAPPED]]


def _compare_points(pairs: Pairs, candidates: Iterable[tuple[int, int]], explained: set[int]) -> None:
    """Compares frames with keypoints: those that an index proposed, and if these have enough places in common or hashes are
    alike, or nothing was proposed, others with the frames of the item that are likeliest, first those that no hash explains;
    until so many frames of the query are related that their maps are known."""
    proposed = [one for one in candidates if one[0] in pairs.pointed and one[1] in pairs.item_pointed][:_PROPOSED_MAX]
    most = 0
    for place, (frame, item_frame) in enumerate(proposed):
        if place >= _PROPOSED_MIN and most < _INLIERS_HOPEFUL:
            break
        if len({pair.frame for pair in pairs.related()}) < _RELATED_ENOUGH:
            most = max(most, pairs.relation(frame, item_frame).inliers)
    is_hopeless = bool(proposed) and not explained and most < INLIERS_MIN and not pairs.related()
    if not pairs.pointed or not pairs.item_pointed or is_hopeless:
        return
    known: PointVotes | None = None
    open_ = [place for place in pairs.fresh if place not in explained]
    for frame in _in_spread_order(open_ or pairs.fresh, _QUERY_FRAMES):
        if len({pair.frame for pair in pairs.related()}) >= _RELATED_ENOUGH:
            return
        known = known or PointVotes([pairs.reference.frames[place] for place in pairs.item_pointed])
        for place in known.likeliest(pairs.query.frames[frame]):
            if pairs.relation(frame, pairs.item_pointed[place]).inliers >= _INLIERS_PLAIN:
                break


def _compare_same_moments(pairs: Pairs, stretches: Sequence[Stretch]) -> bool:
    """Compares frames that show the same moment by stretches found so far: where the camera moves, only these tell how the film
    lies on the screen. Whether there were any to compare."""
    known_s = np.array([pairs.reference.frames[place].at_s for place in pairs.item_pointed])
    before = len(pairs.related())
    for frame in _in_spread_order(pairs.pointed, _QUERY_FRAMES) if len(known_s) else ():
        at_s = pairs.query.frames[frame].at_s
        for one in stretches:
            if one.segment.start_s <= at_s <= one.segment.end_s:
                pairs.relation(frame, pairs.item_pointed[int(np.abs(known_s - one.item_time(at_s)).argmin())])
    return len(pairs.related()) > before


def _plain_votes(pairs: Pairs, hashed: Sequence[tuple[int, int, float]]) -> list[Vote]:
    """Votes where there are no sketches to look closer at."""
    query, reference = pairs.query.frames, pairs.reference.frames
    best: dict[int, float] = {}
    for frame, _, worth in hashed:
        best[frame] = max(worth, best.get(frame, 0.0))
    votes = [
        Vote(query[frame].at_s, reference[item_frame].at_s, worth * (1 - (best[frame] - worth) / _FALL))
        for frame, item_frame, worth in hashed
        if best[frame] - worth < _FALL
    ]
    for pair in pairs.related():
        worth = min(1.0, pair.relation.inliers / 60) * pair.relation.agreement
        votes.append(Vote(query[pair.frame].at_s, reference[pair.item_frame].at_s, max(worth, 0.05)))
    return votes


def _whole(length_s: float, item_length_s: float, tolerance_s: float) -> list[Stretch]:
    """The stretch from the first moment of both films to the last, where they are as long as each other: if nothing moves, all
    lines fit, and no other is as likely."""
    if abs(length_s - item_length_s) > tolerance_s:
        return []
    return [Stretch(Segment(0.0, length_s, 0.0, item_length_s), 1.0, 0.0, 0, length_s, 0.0)]


def _length_s(item: ItemFingerprint) -> float:
    heard_s = len(item.sound.codes) * item.sound.step_s if item.sound and not item.frames else 0.0
    return max(item.duration_s or 0.0, item.frames[-1].at_s if item.frames else 0.0, heard_s)


def _span_s(query: ItemFingerprint) -> tuple[float, float]:
    """From when to when a film was looked at or heard: no further than a usual gap beyond its first and last frame."""
    length_s = _length_s(query)
    times = [frame.at_s for frame in query.frames]
    if query.sound or len(times) < 2:
        return 0.0, length_s
    gap_s = max(other - one for one, other in pairwise(times))
    return max(0.0, times[0] - gap_s), min(length_s, times[-1] + gap_s)


def _tolerance_s(reference: ItemFingerprint) -> float:
    """Half the usual distance between two looks at the item, and a little."""
    times = [frame.at_s for frame in reference.frames]
    gap_s = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    return max(_TOLERANCE_MIN_S, 0.6 * gap_s)


def _is_enough(pairs: Pairs, hashed: Sequence[tuple[int, int, float]]) -> bool:
    """Two moments of the query are shown, or one that leaves no doubt. Of a film known by its hashes alone there is nothing to
    look at closely: two of its own moments have to be there, so that a shared title card makes no copy."""
    related = pairs.related()
    moments = {pair.frame for pair in related} | {frame for frame, _, _ in hashed}
    if _is_bare(pairs.reference) and min(len(pairs.query.frames), len(pairs.reference.frames)) > 1:
        return bool(related) and len(moments) >= 2 and len({item_frame for _, item_frame, _ in hashed}) >= 2
    is_hash = any(worth >= 1 - SINGLE_DISTANCE_MAX / 64 for _, _, worth in hashed)
    return bool(related) and (
        len(moments) >= 2 or is_hash or any(pair.relation.inliers >= SINGLE_INLIERS_MIN for pair in related)
    )


def _is_bare(item: ItemFingerprint) -> bool:
    """Whether nothing but hashes is known of it."""
    return not any(len(frame.descriptors) or len(frame.blocks) for frame in item.frames)


# ---- judgement --------------------------------------------------------------------------------------------------------------


def _judged(pairs: Pairs, stretches: list[Stretch], profile: Profile | None) -> ItemRelation:
    """Whether frames on the stretches show the same moments."""
    related = pairs.related()
    close = profile.along(stretches) if profile else NOT_COMPARED
    speed = max(stretches, key=lambda one: one.weight).speed
    is_copy = shows_same_moments(close, speed)
    if is_copy is None:
        is_copy = sum(one.relation.relation is Relation.COPY for one in related) * 2 >= len(related)
    is_likely = close.gain >= UNSURE_GAIN_MIN and USUAL_SPEEDS[0] <= speed <= USUAL_SPEEDS[1]
    may_be_copy = close.moving_share >= TRAVELLING_SHARE or is_likely
    is_unsure = close.close < CLOSE_ROWS_MIN or (not is_copy and may_be_copy)
    best = max(related, key=lambda one: _rank(pairs, one, stretches))
    if profile and profile.shared:
        frames = pairs.query.frames[best.frame], pairs.reference.frames[best.item_frame]
        best = replace(best, relation=placed_by(best.relation, profile.shared, *frames))
    segments = tuple(one.segment for one in stretches)
    covered = coverage(segments, _length_s(pairs.query), _length_s(pairs.reference))
    return ItemRelation(
        relation=Relation.COPY if is_copy else Relation.SAME_SCENE,
        score=max(one.relation.score for one in related),
        coverage_query=round(covered[0], 4),
        coverage_item=round(covered[1], 4),
        segments=segments,
        speed=speed,
        best=best,
        is_by_sound=False,
        moving=close.moving,
        still=close.still,
        gain=close.gain,
        unsure_s=_to_look_at(pairs, stretches, is_unsure=is_unsure),
    )


def shows_same_moments(close: Closeness, speed: float) -> bool | None:
    """Whether a film at this speed is where the item was at each moment: by what moves, or where nothing does, by what stands
    still. None where neither could be compared."""
    if math.isnan(close.moving) and math.isnan(close.still):
        return None
    is_usual = USUAL_SPEEDS[0] <= abs(speed) <= USUAL_SPEEDS[1]
    if math.isnan(close.moving):
        return close.still >= (STILL_MIN if is_usual else UNUSUAL_STILL_MIN) and not close.gain < SURE_GAIN_MIN
    if math.isnan(close.gain) or close.frames < GAIN_FRAMES_MIN:
        return close.moving_median >= SURE_MEDIAN
    if close.moving_median >= SURE_MEDIAN and close.gain >= (SURE_GAIN_MIN if is_usual else UNUSUAL_GAIN_MIN):
        return True
    if not is_usual:
        return False
    is_travelling = close.moving_share >= TRAVELLING_SHARE and close.frames >= TRAVELLING_FRAMES_MIN
    if is_travelling and close.moving >= TRAVELLING_MIN and not close.still < TRAVELLING_STILL_MIN:
        return True
    return close.gain >= (GAIN_MIN if speed > 0 else GAIN_BACKWARDS_MIN)


def _rank(pairs: Pairs, pair: FramePair, stretches: Sequence[Stretch]) -> tuple[bool, bool, float, int]:
    """Frames of the same moment come first, copies among them, the surest first."""
    at_s, item_at_s = pairs.query.frames[pair.frame].at_s, pairs.reference.frames[pair.item_frame].at_s
    is_on_line = any(
        one.segment.start_s <= at_s <= one.segment.end_s and abs(one.item_time(at_s) - item_at_s) <= 1.0 for one in stretches
    )
    return is_on_line, pair.relation.relation is Relation.COPY, pair.relation.score, pair.relation.inliers


def _to_look_at(pairs: Pairs, stretches: Sequence[Stretch], *, is_unsure: bool) -> tuple[float, ...]:
    """Moments of the query at which the item has frames to compare with, if that is unsure so far; and the gaps in
    which a stretch begins or ends."""
    wanted: list[float] = []
    looked = np.array([frame.at_s for frame in pairs.query.frames])
    if len(looked) < 2:
        return ()
    for stretch in stretches:
        known = [pairs.reference.frames[place].at_s for place in pairs.item_pointed]
        moments = [(at - stretch.offset_s) / stretch.speed for at in known]
        inside = [at for at in moments if stretch.segment.start_s <= at <= stretch.segment.end_s]
        if is_unsure:
            wanted += [at + _CLOSER_STEP_S * step for at in _spread(inside, _MOMENTS) for step in range(-2, 3)]
        for edge in (stretch.segment.start_s, stretch.segment.end_s):
            before, after = looked[looked <= edge], looked[looked >= edge]
            if len(before) and len(after) and after[0] - before[-1] > 1.0:
                wanted += list(np.linspace(before[-1], after[0], 10)[1:-1])
    return tuple(sorted({round(float(at), 3) for at in wanted if at >= 0}))


def _at_one_place(pairs: Pairs) -> ItemRelation | None:
    """The same scene where frames agree that show no stretch of the item: what was filmed another time has no second in common
    with it. The segment goes from the first to the last of these frames on both time lines."""
    found = pairs.at_one_place()
    if len({pair.frame for pair in found}) < PLACE_MOMENTS_MIN:
        return None
    own_s = sorted(pairs.query.frames[pair.frame].at_s for pair in found)
    items_s = sorted(pairs.reference.frames[pair.item_frame].at_s for pair in found)
    segments = (Segment(*(round(at_s, 3) for at_s in (own_s[0], own_s[-1], items_s[0], items_s[-1]))),)
    best = max(found, key=lambda pair: (pair.relation.score, pair.relation.agreement))
    return _lead(pairs.query, pairs.reference, segments, score=best.relation.score, best=best)


def _by_sound(query: ItemFingerprint, reference: ItemFingerprint, spoken: Sequence[Vote]) -> ItemRelation | None:
    """What is known by the sound alone: a lead, for the same sound may lie under other pictures."""
    stretches = same_sound(query.sound, reference.sound, spoken)
    if not stretches:
        return None
    segments = tuple(one.segment for one in stretches)
    score = round(float(np.mean([vote.weight for vote in spoken])), 4)
    return _lead(query, reference, segments, score=score, speed=stretches[0].speed)


def _lead(
    query: ItemFingerprint,
    reference: ItemFingerprint,
    segments: tuple[Segment, ...],
    *,
    score: float,
    speed: float = 1.0,
    best: FramePair | None = None,
) -> ItemRelation:
    """The same scene, by frames of which `best` is the best, or without it by the sound; nothing is known of moments."""
    covered = coverage(segments, _length_s(query), _length_s(reference))
    return ItemRelation(
        relation=Relation.SAME_SCENE,
        score=score,
        coverage_query=round(covered[0], 4),
        coverage_item=round(covered[1], 4),
        segments=segments,
        speed=speed,
        best=best,
        is_by_sound=best is None,
        moving=math.nan,
        still=math.nan,
        gain=math.nan,
        unsure_s=(),
    )


def _in_spread_order(places: Sequence[int], count: int) -> list[int]:
    """At most `count` of them, evenly, in such an order that the first few are spread over all of them too."""
    some = _spread(places, count)
    return [some[place] for step in (4, 2, 1) for place in range(0, len(some), step) if step == 4 or place % (2 * step)]


def _spread(places: Sequence[_Place], count: int) -> list[_Place]:
    """At most `count` of them, evenly."""
    if len(places) <= count:
        return list(places)
    return [places[int(place)] for place in np.linspace(0, len(places) - 1, count)]


def with_speed(edit: str, speed: float) -> str:
    """The code of an edit of pictures (edits.py) with what was done to the speed."""
    parts = [] if edit == "none" else [edit]
    if abs(abs(speed) - 1) >= 0.02:
        parts.append(f"speed:{round(100 * abs(speed))}")
    if speed < 0:
        parts.append("backwards")
    return "+".join(parts) or "none"


def without_pixels(item: ItemFingerprint) -> ItemFingerprint:
    """The fingerprint as a bank keeps it."""
    return replace(item, frames=tuple(replace(frame, sketch=None) for frame in item.frames))
