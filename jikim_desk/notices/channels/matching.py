"""A bulk reply row by row: what of it is ours, what it would change, what is passed over and why. Nothing is changed here."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from jikim.messages import readable
from jikim_desk.notices.channels.commission import Form, plain
from jikim_desk.notices.channels.spreadsheet import FORMULA
from jikim_desk.notices.faults import BadLetter
from jikim_desk.notices.sheets import address

CHANGE, SAME, SKIP = "change", "same", "skip"
_HEAD_WITHIN = 30
"""Rows in which the headings are looked for: offices write a title above them."""
_RECEIPT_MAX, REASON_MAX = 60, 500
_SHOWN_MAX = 60


class Row(msgspec.Struct):
    """One row of a reply. `why` is a message key and `about` its parameters where it is passed over."""

    line: int
    verdict: str
    notice: str = ""
    number: str = ""
    before: str = ""
    result: str = ""
    receipt: str = ""
    reason: str = ""
    why: str = ""
    about: dict[str, str] = {}


class Known(msgspec.Struct, frozen=True):
    """A request of ours that was in a bulk file, as it stands now."""

    notice: str
    number: str
    result: str
    receipt: str
    reason: str


class Index(Protocol):
    """Our requests by what a reply may name them by."""

    def by_number(self, number: str) -> Known | None:
        """By our own number."""

    def by_receipt(self, receipt: str) -> Known | None:
        """By their number, where an earlier reply told it."""

    def by_address(self, url: str) -> Sequence[Known]:
        """By an address that stood in a file; more than one where it stood in several."""


class _Skipped(Exception):
    def __init__(self, key: str, **about: str) -> None:
        super().__init__(key)
        self.key, self.about = key, about


def rows(table: Sequence[tuple[int, list[str]]], form: Form, index: Index) -> list[Row]:
    """Every row below the headings with its verdict. Raises BadLetter where the needed columns are not there."""
    head_at, columns = _headings(table, form)
    found = [_row(line, cells, columns, form, index) for line, cells in table[head_at + 1 :]]
    return _each_once(found)


def _headings(table: Sequence[tuple[int, list[str]]], form: Form) -> tuple[int, Mapping[str, int]]:
    for at, (_, cells) in enumerate(table[:_HEAD_WITHIN]):
        columns = _columns(cells, form)
        if "result" in columns and columns.keys() & {"number", "receipt", "address"}:
            return at, columns
    wanted = form.reply
    raise BadLetter("channels.no_columns", number=wanted.number[0], result=wanted.result[0])


def _columns(cells: Sequence[str], form: Form) -> dict[str, int]:
    heads = [plain(cell) for cell in cells]
    found: dict[str, int] = {}
    for name in form.reply.__struct_fields__:
        at = next((heads.index(plain(one)) for one in getattr(form.reply, name) if plain(one) in heads), None)
        if at is not None:
            found[name] = at
    return found


def _row(line: int, cells: Sequence[str], columns: Mapping[str, int], form: Form, index: Index) -> Row:
    told = {name: cells[at] if at < len(cells) else "" for name, at in columns.items()}
    try:
        if FORMULA in told.values():
            raise _Skipped("channels.row.formula")
        known = _ours(told, index)
        word = told["result"]
        if not word:
            raise _Skipped("channels.row.no_result")
        result = form.result_of(word)
        if not result:
            raise _Skipped("channels.row.unknown_result", word=_shown(word))
    except _Skipped as skipped:
        return Row(line, SKIP, number=_shown(told.get("number", "")), why=skipped.key, about=skipped.about)
    receipt = readable(told.get("receipt", ""))[:_RECEIPT_MAX] or known.receipt
    reason = readable(told.get("reason", ""))[:REASON_MAX] or known.reason
    is_same = (result, receipt, reason) == (known.result, known.receipt, known.reason)
    return Row(line, SAME if is_same else CHANGE, known.notice, known.number, known.result, result, receipt, reason)


def _ours(told: Mapping[str, str], index: Index) -> Known:
    """The request a row is about: by our number, else theirs, else the address. What contradicts itself is passed over."""
    number = unicodedata.normalize("NFKC", told.get("number", "")).strip().strip("'").upper()
    url = told.get("address", "")
    ways: list[tuple[str, Callable[[], Known | None]]] = [
        (number, lambda: index.by_number(number)),
        (told.get("receipt", ""), lambda: index.by_receipt(told.get("receipt", ""))),
    ]
    known = next((one for text, find in ways if text and (one := find())), None)
    if known is None and number:
        raise _Skipped("channels.row.unknown_number")
    of_address = _of_address(url, index)
    if known is None:
        if not url:
            raise _Skipped("channels.row.unknown_receipt" if told.get("receipt") else "channels.row.no_number")
        if len(of_address) != 1:
            raise _Skipped("channels.row.many_of_address" if of_address else "channels.row.unknown_address")
        return of_address[0]
    of_receipt = index.by_receipt(told.get("receipt", ""))
    is_others = of_receipt is not None and of_receipt.number != known.number
    if is_others or (of_address and known.number not in {one.number for one in of_address}):
        raise _Skipped("channels.row.does_not_fit")
    return known


def _of_address(text: str, index: Index) -> Sequence[Known]:
    if not text:
        return ()
    try:
        return index.by_address(address(text.split()[0]))
    except ValueError:  # nothing that could be an address
        return ()


def _each_once(found: list[Row]) -> list[Row]:
    """A request that stands twice is taken once; where its rows say different things, none of them is."""
    first: dict[str, Row] = {}
    contradicting: dict[str, Row] = {}
    for row in found:
        if row.verdict == SKIP:
            continue
        before = first.setdefault(row.notice, row)
        if before is not row and before.result != row.result:
            contradicting.setdefault(row.notice, row)
    for row in found:
        if row.verdict == SKIP:
            continue
        other = contradicting.get(row.notice)
        if other is not None:
            line = other.line if other is not row else first[row.notice].line
            row.verdict, row.why, row.about = SKIP, "channels.row.contradicts", {"line": str(line)}
        elif first[row.notice] is not row:
            row.verdict, row.why, row.about = SKIP, "channels.row.twice", {"line": str(first[row.notice].line)}
    return found


def _shown(text: str) -> str:
    return readable(text)[:_SHOWN_MAX] if text != FORMULA else ""
