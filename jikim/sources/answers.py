"""What a search interface answers: JSON in a shape that its documentation gives, from the server that was asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from jikim.errors import FetchFailed, JikimError, SourceChanged
from jikim.seams import Fetcher
from jikim.sources.canonical import SHOWN_LIMIT, canonical, origin, resolved, site
from jikim.sources.charsets import decoded
from jikim.sources.text import plain
from jikim.sources.walls import refuse_wall_in
from jikim.types import Answer, Candidate

_T = TypeVar("_T")
_FIELD = re.compile(r"`\$\.?(.*?)`\Z")
_MISSING = re.compile(r"required field `(.*?)`")
_ITEM = re.compile(r"`\$([A-Za-z0-9_.]*)\[(\d+)\]")
"""The first list on the way to what is wrong, and which of its things that is."""
LEFT_OUT_LIMIT = 50
"""A place that spoils more than this of one answer has changed."""
NO_REFUSALS: Mapping[int, str] = MappingProxyType({})


def asked(fetcher: Fetcher, url: str, headers: Mapping[str, str] | None = None) -> Answer:
    """The answer of the server that `url` names. Raises as `get` does, SourceChanged where another server answered, and
    FetchRefused where that is a sign-in, a captcha or a cookie wall."""
    answer = fetcher.get(url, headers={"accept": "application/json", **(headers or {})})
    if _server(answer.final_url) != _server(url):
        refuse_wall_in(answer.body, answer.final_url)
        raise SourceChanged("sources.other_server", where=plain(answer.final_url, SHOWN_LIMIT), field="HTTP Location")
    return answer


def read(answer: Answer, shape: type[_T], warnings: list[JikimError] | None = None) -> _T:
    """The JSON of an answer as `shape`. With `warnings`, things of a list that are not as documented are left out and told
    there, unless none of them is: a place that spoils one find must not hide all others.

    Raises SourceChanged naming the field that differs, FetchRefused where a sign-in, a captcha or a cookie wall stands before
    it.
    """
    try:
        return msgspec.json.decode(answer.body, type=shape)
    except msgspec.ValidationError as error:
        if warnings is None or _ITEM.search(str(error)) is None:
            raise changed(answer.url, _field(str(error))) from error
        return _read_in_part(msgspec.json.decode(answer.body), answer.url, shape, warnings)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        refuse_wall_in(answer.body, answer.final_url)
        recoded = decoded(answer.body, answer.headers.get("content-type", "")).encode("utf-8", "replace")
        if recoded != answer.body and _is_json(recoded):
            return read(replace(answer, body=recoded), shape, warnings)
        raise SourceChanged("sources.not_json", where=answer.url) from error


def _read_in_part(said: Any, url: str, shape: type[_T], warnings: list[JikimError]) -> _T:
    """What a JSON value says in `shape` without the things of its lists that are not."""
    left_out: dict[str, JikimError] = {}
    for _ in range(LEFT_OUT_LIMIT):
        try:
            found = msgspec.convert(said, shape)
        except msgspec.ValidationError as error:
            wrong = changed(url, _field(str(error)))
            item = _ITEM.search(str(error))
            several = _inside(said, item[1]) if item else None
            if item is None or not isinstance(several, list) or len(several) <= 1:
                raise wrong from error
            del several[int(item[2])]
            left_out.setdefault(str(wrong.params["field"]), wrong)
        else:
            warnings += left_out.values()
            return found
    raise next(iter(left_out.values()))


def _inside(said: Any, path: str) -> Any:
    """What stands in a JSON value where a path of names leads."""
    for name in filter(None, path.split(".")):
        said = said.get(name) if isinstance(said, dict) else None
    return said


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def answered(
    fetcher: Fetcher,
    url: str,
    shape: type[_T],
    headers: Mapping[str, str] | None = None,
    *,
    source: str,
    refusals: Mapping[int, str] = NO_REFUSALS,
    warnings: list[JikimError] | None = None,
) -> _T:
    """What the server at `url` answers, as `shape`. Raises as `asked` and `read`; a status of `refusals` with its message."""
    try:
        return read(asked(fetcher, url, headers), shape, warnings)
    except FetchFailed as error:
        if error.status is not None and error.status in refusals:
            raise FetchFailed(refusals[error.status], source=source, where=url, status=error.status) from error
        raise


def each(things: Iterable[_T], made: Callable[[_T], Candidate], warnings: list[JikimError]) -> list[Candidate]:
    """The candidates of an answer's things. One that leads nowhere is left out and told; raises SourceChanged where all do."""
    found: list[Candidate] = []
    left_out: dict[str, SourceChanged] = {}
    for thing in things:
        try:
            found.append(made(thing))
        except SourceChanged as error:
            left_out.setdefault(str(error.params.get("field")), error)
    if left_out and not found:
        raise next(iter(left_out.values()))
    warnings += left_out.values()
    return found


def changed(url: str, field: str) -> SourceChanged:
    """The error for an answer from `url` whose `field`, a path, is not as documented."""
    return SourceChanged("sources.field_changed", where=url, field=field)


def own(base: str, reference: str, field: str) -> str:
    """The absolute address of something on the server `base`. Raises SourceChanged for any other place."""
    address = resolved(base, reference)
    if address is None or origin(address) != base:
        raise SourceChanged("sources.other_server", where=plain(reference, SHOWN_LIMIT) or "-", field=field)
    return address


def beneath(url: str, path: str) -> str:
    """`path` beneath the address `url`, whose own query does not count. Raises BadUse."""
    return f"{origin(url)}{urlsplit(canonical(url)).path.rstrip('/')}{path}"


def _server(url: str) -> tuple[str, int | None]:
    """Host and port, None for the scheme's own: plain http that leads to https stays with the same server."""
    return site(url), urlsplit(canonical(url)).port


def _field(problem: str) -> str:
    """Where in the answer the shape differs, as a path; never a value from the answer."""
    place = found[1] if (found := _FIELD.search(problem)) else ""
    missing = found[1] if (found := _MISSING.search(problem)) else ""
    return ".".join(part for part in (place, missing) if part) or "$"
