"""Tables one can sort, filter and walk: the order and the place in it live in the address, and a page costs the same at the
thousandth as at the first, because the database seeks to where the last page ended (keyset paging)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import msgspec
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `key` of its heading, and `field` to sort by, never null and of the row itself, where it can be sorted."""

    key: str
    field: str = ""
    is_number: bool = False
    href: str = ""
    direction: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    rows: Sequence[Row]
    columns: Sequence[Column]
    newer: str
    """Address of the page before, "" where this is the first."""
    older: str


def page(request: HttpRequest, rows: QuerySet[Row], columns: Sequence[Column], order: str, size: int = 50) -> Page[Row]:
    """The rows the address asks for: `?order=[-]field`, and `after` or `before` a place. `order` where the address
    names no column; what it says of a place that cannot be one is passed over."""
    fields = {column.field for column in columns if column.field}
    asked = request.GET.get("order", "")
    if asked.removeprefix("-") not in fields:
        asked = order
    field, is_down = asked.removeprefix("-"), asked.startswith("-")
    is_back = "before" in request.GET and "after" not in request.GET
    place = _read_place(rows.model, field, request.GET.get("before" if is_back else "after", ""))
    is_back = is_back and place is not None
    found = list(_seek(rows, field, place, is_down != is_back)[: size + 1])
    has_more, found = len(found) > size, found[:size]
    if is_back:
        found.reverse()
    has_older = bool(found) and (has_more or is_back)
    has_newer = bool(found) and (has_more if is_back else place is not None)
    return Page(
        found,
        [_heading(request, column, asked) for column in columns],
        _address(request, before=_write_place(field, found[0])) if has_newer else "",
        _address(request, after=_write_place(field, found[-1])) if has_older else "",
    )


def _seek(rows: QuerySet[Row], field: str, place: tuple[Any, Any] | None, is_down: bool) -> QuerySet[Row]:
    sign, beyond = ("-", "lt") if is_down else ("", "gt")
    rows = rows.order_by(sign + field, sign + "pk")
    if place is None:
        return rows
    value, key = place
    # The first condition says nothing new but lets the database seek in its index.
    return rows.filter(
        Q((f"{field}__{beyond}e", value)), Q((f"{field}__{beyond}", value)) | Q((field, value), (f"pk__{beyond}", key))
    )


def _heading(request: HttpRequest, column: Column, order: str) -> Column:
    if not column.field:
        return column
    direction = {column.field: "ascending", "-" + column.field: "descending"}.get(order, "")
    turned = column.field if direction == "descending" else "-" + column.field
    return replace(column, href=_address(request, order=turned), direction=direction)


def _address(request: HttpRequest, **changed: str) -> str:
    asked = request.GET.copy()
    for name in ("after", "before"):
        asked.pop(name, None)
    for name, value in changed.items():
        asked[name] = value
    return "?" + asked.urlencode()


def _write_place(field: str, row: Model) -> str:
    return msgspec.json.encode([getattr(row, field), row.pk]).decode()


def _read_place(model: type[Model], field: str, written: str) -> tuple[Any, Any] | None:
    if not written:
        return None
    try:
        value, key = msgspec.json.decode(written, type=tuple[Any, Any])
        place = model._meta.get_field(field).to_python(value), model._meta.pk.to_python(key)  # type: ignore[union-attr]
    except (msgspec.MsgspecError, ValidationError, TypeError, ValueError):
        return None
    return None if None in place else place
