"""MPEG-DASH (ISO/IEC 23009-1): from a manifest to the few segments that are worth fetching.

A manifest (MPD) has periods, these adaptation sets (a picture, a sound, a language), these representations (renditions). Their
segments are named by a template, a list, or not at all: then the representation is one file. What a level does not say of its
segments, the level above it says. Nothing is ever written out for as many segments as a manifest claims to have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import zip_longest
from math import ceil
from typing import Any

from lxml import etree

from jikim.errors import FetchFailed
from jikim.fetching.address import Target
from jikim.fetching.streams import Film, Part, joined, number, rank, sound_of, spread

MIME = "application/dash+xml"

_DURATION = re.compile(r"P(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,8})M)?(?:(\d{1,10}(?:\.\d{1,9})?)S)?)?\Z")
_IDENTIFIER = re.compile(r"\$(?:(RepresentationID|Number|Bandwidth|Time)(?:%0(\d{1,2})d)?)?\$")
_RANGE = re.compile(r"(\d{1,15})-(\d{1,15})\Z")
_SEGMENTS = ("SegmentBase", "SegmentList", "SegmentTemplate")
_LIVE_S = 60.0
"""How much of what is being broadcast can be fetched, where the manifest does not say."""
_MOST_SEGMENTS = 10**7
_MOST_REFERENCE = 4_000
"""Characters of a template, and of the name that is filled into it as often as it says: longer ones are no address."""


@dataclass(frozen=True, slots=True)
class _Rendition:
    """A representation with the levels around it, the outermost first, what its set `shares` with all in it, how long its
    period lasts (None: nobody says), and whether a level says how it is protected."""

    levels: Sequence[Any]
    shares: Mapping[str, str]
    length_s: float | None
    is_encrypted: bool

    def said(self, name: str) -> str:
        """An attribute of the representation, and of its set where it is silent."""
        return str(self.levels[-1].get(name) or self.shares.get(name) or "")

    @property
    def kind(self) -> str:
        """`video`, `audio`, `text`, or empty."""
        own = self.levels[-1]
        written = own.get("contentType") or own.get("mimeType") or self.said("contentType") or self.said("mimeType")
        return str(written.partition("/")[0])

    @property
    def base(self) -> str:
        """Where its references begin, relative to the manifest."""
        base = ""
        for level in self.levels:
            first = next(iter(_named(level, "BaseURL")), None)
            base = joined(base, (first.text or "").strip()) if first is not None else base
        return base


def film(text: bytes, url: str, base: Target, *, only_sound: bool) -> Film:
    """What to fetch of the film whose manifest was asked for as `url` and found at `base`, or `only_sound` of it.

    Raises FetchFailed for a manifest that cannot be read or names no segments, and where all of it is encrypted.
    """
    every = _renditions(_tree(text, base.url))
    clear = [one for one in every if not one.is_encrypted]
    if every and not clear:
        raise FetchFailed("fetching.stream_encrypted", where=base.url)
    pictures = [one for one in clear if one.kind == "video"]
    sounds = [one for one in clear if one.kind == "audio"]
    choice = sounds if only_sound or not pictures else pictures
    if not choice:
        raise FetchFailed("fetching.stream_empty", where=base.url)
    chosen = min(choice, key=lambda one: rank(number(one.said("height")), number(one.said("bandwidth"))))
    return Film(_parts(chosen, base.url), base, sound_of("", url) if choice is pictures and sounds else None)


def _tree(text: bytes, where: str) -> Any:
    """The manifest as a tree; no entity is expanded, nothing is fetched, no depth beyond libxml2's limit is followed."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        raise FetchFailed("fetching.stream_unreadable", where=where) from error


def _renditions(manifest: Any) -> list[_Rendition]:
    """The representations of the longest period: others are announcements before, between and after."""
    periods = _named(manifest, "Period")
    lengths = dict(zip(periods, _lengths(manifest, periods), strict=True))
    if not periods:
        return []
    longest = max(periods, key=lambda period: lengths[period] or 0.0)
    found: list[_Rendition] = []
    is_all = _is_protected(manifest) or _is_protected(longest)
    for group in _named(longest, "AdaptationSet"):  # what it shares is read once: it may hold as many as fill a manifest
        shares, is_group = dict(group.attrib), is_all or _is_protected(group)
        found += [
            _Rendition((manifest, longest, group, one), shares, lengths[longest], is_group or _is_protected(one))
            for one in _named(group, "Representation")
        ]
    return found


def _is_protected(level: Any) -> bool:
    return bool(_named(level, "ContentProtection"))


def _lengths(manifest: Any, periods: Sequence[Any]) -> Iterator[float | None]:
    """How long each period lasts: what it says, else until the next one begins, else until the end."""
    whole = _seconds(manifest.get("mediaPresentationDuration"))
    for period, following in zip_longest(periods, periods[1:]):
        end = _seconds(following.get("start")) if following is not None else whole
        start = _seconds(period.get("start")) or 0.0
        yield _seconds(period.get("duration")) or (max(0.0, end - start) if end is not None else None)


def _parts(one: _Rendition, where: str) -> list[Part]:
    """The beginning that all segments need, and the wanted ones. Raises FetchFailed where there are none."""
    kind, said, elements = _addressing(one)
    if kind == "SegmentTemplate":
        parts = _by_template(one, said, elements, where)
    elif kind == "SegmentList":
        parts = _by_list(one, elements)
    else:
        parts = [Part(one.base)] if one.base else []
    if not parts:
        raise FetchFailed("fetching.stream_empty", where=where)
    return parts


def _addressing(one: _Rendition) -> tuple[str, dict[str, str], dict[str, Any]]:
    """How segments are named: the kind, the attributes and the elements of all levels, the innermost in force."""
    kind, said, elements = "", dict[str, str](), dict[str, Any]()
    for level in one.levels[1:]:
        for element in (found for name in _SEGMENTS for found in _named(level, name)[:1]):
            kind = etree.QName(element).localname
            said |= element.attrib
            elements |= {etree.QName(child).localname: element for child in element if isinstance(child.tag, str)}
    return kind, said, elements


def _by_list(one: _Rendition, elements: Mapping[str, Any]) -> list[Part]:
    named = _named(elements["SegmentURL"], "SegmentURL") if "SegmentURL" in elements else []
    segments = [_ranged(joined(one.base, each.get("media") or ""), each.get("mediaRange")) for each in named]
    beginning = _named(elements["Initialization"], "Initialization")[:1] if "Initialization" in elements else []
    first = [_ranged(joined(one.base, each.get("sourceURL") or ""), each.get("range")) for each in beginning]
    return [*first, *(segments[each] for each in spread(len(segments)))]


def _ranged(reference: str, written: str | None) -> Part:
    found = _RANGE.match((written or "").strip())
    if not found or int(found[2]) < int(found[1]):
        return Part(reference)
    return Part(reference, int(found[1]), int(found[2]) - int(found[1]) + 1)


def _by_template(one: _Rendition, said: Mapping[str, str], elements: Mapping[str, Any], where: str) -> list[Part]:
    """`media` with the number or the time of each wanted segment filled in."""
    media, beginning = said.get("media", ""), said.get("initialization", "")
    if not media or max(map(len, (media, beginning, one.said("id")))) > _MOST_REFERENCE:
        raise FetchFailed("fetching.stream_empty", where=where)
    scale = number(said.get("timescale")) or 1
    first = number(said.get("startNumber")) if "startNumber" in said else 1
    if "SegmentTimeline" in elements:
        count, time_of = _timeline(_named(elements["SegmentTimeline"], "SegmentTimeline")[0], one.length_s, scale)
    else:
        duration = number(said.get("duration"))
        before, count = _counted(one, duration / scale)
        first, time_of = first + before, partial(int.__mul__, duration)
    if not count:
        return []
    filled = partial(_filled, said=one.said)
    parts = [Part(joined(one.base, filled(beginning, index=0, time=0)))] if beginning else []
    return parts + [Part(joined(one.base, filled(media, index=first + each, time=time_of(each)))) for each in spread(count)]


def _counted(one: _Rendition, duration_s: float) -> tuple[int, int]:
    """How many segments of one length are gone before the first that is still there, and how many there are from it on."""
    if not duration_s:
        return 0, 0
    manifest, period = one.levels[0], one.levels[1]
    if manifest.get("type") != "dynamic":
        return 0, min(ceil((one.length_s or 0.0) / duration_s), _MOST_SEGMENTS)
    begun = _instant(manifest.get("availabilityStartTime"))
    gone_s = (datetime.now(UTC) - begun).total_seconds() - (_seconds(period.get("start")) or 0.0) if begun else 0.0
    last = min(int(gone_s / duration_s), _MOST_SEGMENTS * _MOST_SEGMENTS)
    kept = int((_seconds(manifest.get("timeShiftBufferDepth")) or _LIVE_S) / duration_s)
    count = max(0, min(last, kept, _MOST_SEGMENTS))
    return max(0, last - count), count


def _timeline(timeline: Any, length_s: float | None, scale: int) -> tuple[int, Callable[[int], int]]:
    """How many segments a timeline has, and the time of each: `t` its beginning, `d` its length, `r` how often it repeats."""
    runs: list[tuple[int, int, int, int]] = []  # the number and the time of its first segment, their length, how many
    count, time = 0, 0
    entries = _named(timeline, "S")
    for entry, following in zip_longest(entries, entries[1:]):
        time = number(entry.get("t")) if entry.get("t") else time
        length = number(entry.get("d"))
        if not length:
            break
        repeats = number(entry.get("r"))
        if entry.get("r", "").startswith("-"):  # until the next one, or the end
            end = number(following.get("t")) if following is not None else int((length_s or 0.0) * scale)
            repeats = max(0, ceil((end - time) / length) - 1)
        many = min(repeats + 1, _MOST_SEGMENTS - count)
        runs.append((count, time, length, many))
        count, time = count + many, time + many * length

    def time_of(wanted: int) -> int:
        run = next(run for run in reversed(runs) if run[0] <= wanted)
        return run[1] + (wanted - run[0]) * run[2]

    return count, time_of


def _filled(template: str, *, said: Callable[[str], str], index: int, time: int) -> str:
    """A template with its identifiers filled in; `$$` is a dollar sign."""
    values = {"Number": index, "Time": time, "Bandwidth": number(said("bandwidth"))}

    def value(found: re.Match[str]) -> str:
        if found[1] is None:
            return "$"
        if found[1] == "RepresentationID":
            return said("id")
        return f"{values[found[1]]:0{int(found[2] or 1)}d}"

    return _IDENTIFIER.sub(value, template)


def _named(element: Any, name: str) -> list[Any]:
    """The children of that name, in whatever namespace: versions of the format differ in it."""
    return [child for child in element if isinstance(child.tag, str) and etree.QName(child).localname == name]


def _seconds(text: str | None) -> float | None:
    found = _DURATION.match(text.strip()) if text else None
    if not found or not any(found.groups()):
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return 86_400 * days + 3_600 * hours + 60 * minutes + seconds


def _instant(text: str | None) -> datetime | None:
    try:
        read = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return read.replace(tzinfo=UTC) if read and read.tzinfo is None else read
