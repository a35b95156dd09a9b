"""Hashes as centres, hotlines and platforms exchange them in files.

Read and written are three forms:

    text   a line a signal, its type and its value: `pdq <64 hexadecimal digits>`, or the digits alone; a video is
           `vpdq ["<digits>,<quality>,<seconds>", ...]`. What `threatexchange config collab edit local_file` reads.
    csv    the columns signal_type, signal_str, collab, category, tags. What `threatexchange dataset -P --csv` writes.
    vpdq   a file a video: `<frame number>,<quality>,<digits>,<seconds>` a line. What the vpdq command writes.

A line that cannot be used is skipped, counted and reported. What came from a third party is never written again.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import BinaryIO

import numpy as np

from jikim.copies.bank_items import QUALITY_MIN, NewItem
from jikim.copies.fingerprints import ItemFingerprint, PictureFingerprint
from jikim.copies.pdq import from_hex, to_hex
from jikim.errors import BadUse, JikimError
from jikim.types import MediaKind

UNIFORM_MAX = 64
"""A PDQ hash is cut at its median: so many bits from half of 256 only a picture with next to nothing in it differs."""
LINE_MAX_BYTES = 8 * 2**20
FRAMES_MAX = 1 << 14
"""How many frames of a video are kept; a video that lists every frame may have a million, of which 1 a second is plenty."""
_SAID_MAX = 20
_COLUMNS = ("signal_type", "signal_str", "collab", "category", "tags")
_DISPUTED = ("NEGATIVE_CLASS", "DISPUTED")
_DIGITS = re.compile("[0-9a-fA-F]{64}")
_VPDQ_LINE = re.compile(r"[0-9]{1,9},(?P<quality>[0-9]{1,3}),(?P<hash>[0-9a-fA-F]{64}),(?P<at_s>[0-9]{1,6}(\.[0-9]{1,9})?)")
_VPDQ_SIGNAL = re.compile(r"(?P<hash>[0-9a-fA-F]{64}),(?P<quality>[0-9]{1,3}),(?P<at_s>[0-9]{1,6}(\.[0-9]{1,9})?)")


class Form(StrEnum):
    TEXT = "text"
    CSV = "csv"
    VPDQ = "vpdq"


class BadLine(JikimError):
    """A line of an exchange file that cannot be used."""


@dataclass(slots=True)
class Skipped:
    """The lines that were left out: how many for which reason (a message key), and the first of them with their numbers."""

    counts: Counter[str] = field(default_factory=Counter)
    first: list[BadLine] = field(default_factory=list)

    def add(self, line: BadLine) -> None:
        """Counts a line."""
        self.counts[line.key] += 1
        if len(self.first) < _SAID_MAX:
            self.first.append(line)


def read_file(path: Path, source: str, label: str, skipped: Skipped, form: Form | None = None) -> Iterator[NewItem]:
    """The items of a file, read line by line, as a third party's; `form` is told by the first line where it is None.

    Raises BadUse when the file cannot be read at all.
    """
    try:
        with path.open("rb") as file:
            lines = _lines(file, skipped)
            yield from read_lines(lines, source, label, skipped, form)
    except OSError as error:
        raise BadUse("copies.cannot_read", where=str(path), problem=error.strerror or str(error)) from error


def read_lines(
    lines: Iterator[tuple[int, str]], source: str, label: str, skipped: Skipped, form: Form | None = None
) -> Iterator[NewItem]:
    """The items of numbered lines."""
    first = next(lines, None)
    if first is None:
        return
    form = form or _form_of(first[1])
    every = _behind(first, lines)
    if form is Form.VPDQ:
        yield from _read_vpdq(first[0], every, source, label, skipped)
        return
    signals = _csv_signals(every, skipped) if form is Form.CSV else _text_signals(every)
    for number, kind, value, tags in signals:
        try:
            yield NewItem(_fingerprint(number, kind, value), tags or label, source, is_third_party=True)
        except BadLine as bad:
            skipped.add(bad)


def write_text(items: Iterable[ItemFingerprint]) -> Iterator[str]:
    """The lines of the text form; an item without a usable frame has none."""
    for kind, value in _signals(items):
        yield f"{kind} {value}\n"


def write_csv(items: Iterable[ItemFingerprint]) -> Iterator[str]:
    """The lines of the CSV form, its header first. Labels may name somebody: they stay here."""
    yield ",".join(_COLUMNS) + "\n"
    for kind, value in _signals(items):
        line = StringIO()
        csv.writer(line, lineterminator="\n").writerow([kind, value, "Jikim", "POSITIVE_CLASS", ""])
        yield line.getvalue()


def write_vpdq(item: ItemFingerprint) -> Iterator[str]:
    """The lines of an item's vPDQ hash file."""
    for number, frame in enumerate(item.frames):
        yield f"{number},{frame.quality},{to_hex(frame.pdq[0])},{frame.at_s:.3f}\n"


def picture_of(digits: str, quality: int = 100, at_s: float = 0.0) -> PictureFingerprint:
    """What is known of a picture by its PDQ alone: its size is given as 1 x 1, of the eight orientations it has the first."""
    pdq = np.zeros((8, 32), np.uint8)
    pdq[0] = from_hex(digits.lower())
    return PictureFingerprint(
        at_s=at_s,
        width_px=1,
        height_px=1,
        pdq=pdq,
        quality=0 if _is_uniform(pdq[0]) else quality,
        views=np.zeros((0, 32), np.uint8),
    )


def _is_uniform(hash_: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> bool:
    return abs(int(np.bitwise_count(hash_).sum()) - 128) > UNIFORM_MAX


def _signals(items: Iterable[ItemFingerprint]) -> Iterator[tuple[str, str]]:
    for item in items:
        frames = [frame for frame in item.frames if frame.quality >= QUALITY_MIN]
        if item.kind is MediaKind.IMAGE:
            yield from (("pdq", to_hex(frame.pdq[0])) for frame in frames)
        elif frames:
            yield "vpdq", json.dumps([f"{to_hex(one.pdq[0])},{one.quality},{one.at_s:.3f}" for one in frames])


def _lines(file: BinaryIO, skipped: Skipped) -> Iterator[tuple[int, str]]:
    """The lines that are text of a bearable length and not empty, with their numbers from 1."""
    number = 0
    while line := file.readline(LINE_MAX_BYTES):
        number += 1
        if not line.endswith(b"\n") and len(line) == LINE_MAX_BYTES:
            while line and not line.endswith(b"\n"):
                line = file.readline(LINE_MAX_BYTES)
            skipped.add(BadLine("copies.line_too_long", number=number))
            continue
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError:
            skipped.add(BadLine("copies.line_not_text", number=number))
            continue
        if text:
            yield number, text


def _form_of(first: str) -> Form:
    if _VPDQ_LINE.fullmatch(first):
        return Form.VPDQ
    return Form.CSV if "signal_str" in first.split(",") else Form.TEXT


def _behind(first: tuple[int, str], rest: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    yield first
    yield from rest


def _text_signals(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str, str, str]]:
    for number, line in lines:
        kind, _, value = line.partition(" ")
        yield (number, kind, value.strip(), "") if value else (number, "pdq", kind, "")


def _csv_signals(lines: Iterator[tuple[int, str]], skipped: Skipped) -> Iterator[tuple[int, str, str, str]]:
    """Number, type, value and tags of each row that is not disputed; a row is a line, since no hash holds a line break."""
    _, header = next(lines)
    names = next(csv.reader([header]))
    csv.field_size_limit(LINE_MAX_BYTES)
    for number, line in lines:
        try:
            row = dict(zip(names, next(csv.reader([line], strict=True)), strict=False))
        except csv.Error:
            skipped.add(BadLine("copies.line_bad_csv", number=number))
            continue
        if row.get("category") in _DISPUTED:
            skipped.add(BadLine("copies.line_disputed", number=number))
            continue
        yield number, row.get("signal_type", "pdq"), row.get("signal_str", "").strip(), row.get("tags", "").strip()[:200]


def _fingerprint(number: int, kind: str, value: str) -> ItemFingerprint:
    """Raises BadLine."""
    if kind == "pdq":
        if not _DIGITS.fullmatch(value):
            raise BadLine("copies.line_bad_hash", number=number)
        frame = picture_of(value)
        if frame.quality < QUALITY_MIN:
            raise BadLine("copies.line_uniform", number=number)
        return ItemFingerprint(_id("pdq", value.lower()), MediaKind.IMAGE, 1, 1, None, (frame,), None)
    if kind == "vpdq":
        return _video(number, _vpdq_frames(number, value))
    raise BadLine("copies.line_other_type", number=number, type=kind[:40])


def _vpdq_frames(number: int, value: str) -> Iterator[PictureFingerprint]:
    try:
        listed = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise BadLine("copies.line_bad_hash", number=number) from error
    if not isinstance(listed, list):
        raise BadLine("copies.line_bad_hash", number=number)
    for one in listed:
        yield _frame(number, _VPDQ_SIGNAL.fullmatch(one) if isinstance(one, str) else None)


def _read_vpdq(first: int, lines: Iterator[tuple[int, str]], source: str, label: str, skipped: Skipped) -> Iterator[NewItem]:
    """The one video of a vPDQ hash file, of the lines that can be used; `first` is the number of its first line."""

    def usable() -> Iterator[PictureFingerprint]:
        for number, line in lines:
            try:
                yield _frame(number, _VPDQ_LINE.fullmatch(line))
            except BadLine as bad:
                skipped.add(bad)

    try:
        yield NewItem(_video(first, usable()), label, source, is_third_party=True)
    except BadLine as bad:
        skipped.add(bad)


def _frame(number: int, matched: re.Match[str] | None) -> PictureFingerprint:
    if matched is None or int(matched["quality"]) > 100:
        raise BadLine("copies.line_bad_hash", number=number)
    return picture_of(matched["hash"], int(matched["quality"]), float(matched["at_s"]))


def _video(number: int, frames: Iterable[PictureFingerprint]) -> ItemFingerprint:
    """A video by its frames, in order of time; its length is taken to be that of the last frame. Raises BadLine when there are
    no frames that could be found."""
    kept, length_s = _thinned(frames)
    ordered = sorted(kept, key=lambda frame: frame.at_s)
    if not any(frame.quality >= QUALITY_MIN for frame in ordered):
        raise BadLine("copies.line_uniform", number=number)
    identity = _id("vpdq", *(f"{to_hex(frame.pdq[0])},{frame.quality},{frame.at_s:.3f}" for frame in ordered))
    return ItemFingerprint(identity, MediaKind.VIDEO, 1, 1, length_s or 1.0, tuple(ordered), None)


def _thinned(frames: Iterable[PictureFingerprint]) -> tuple[list[PictureFingerprint], float]:
    """FRAMES_MAX of some frames at most, and the time of the latest of all. Where there are more, every second, fourth, eighth
    ... of those that could be found."""
    kept: list[PictureFingerprint] = []
    every, since, length_s = 1, 0, 0.0
    for frame in frames:
        length_s = max(length_s, frame.at_s)
        if every > 1 and frame.quality < QUALITY_MIN:
            continue
        if since % every == 0:
            kept.append(frame)
        since += 1
        if len(kept) > FRAMES_MAX:
            kept = [one for one in kept if one.quality >= QUALITY_MIN][::2]
            every, since = every * 2, 0
    return kept, length_s


def _id(*parts: str) -> str:
    """What a third party gave of an item names it: read again, it is the same item."""
    return sha256("\0".join(parts).encode()).hexdigest()
