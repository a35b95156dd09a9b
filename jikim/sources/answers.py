"""What a search interface answers: JSON in a shape that its documentation gives, from the server that was asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from jikim.errors import FetchFailed, SourceChanged
from jikim.seams import Fetcher
from jikim.sources.canonical import SHOWN_LIMIT, canonical, origin, resolved, site
from jikim.sources.text import plain
from jikim.sources.walls import refuse_wall_for_json
from jikim.types import Answer

_T = TypeVar("_T")
_FIELD = re.compile(r"`\$\.?(.*?)`\Z")
_MISSING = re.compile(r"required field `(.*?)`")


def asked(fetcher: Fetcher, url: str, headers: Mapping[str, str] | None = None) -> Answer:
    """The answer of the server that `url` names. Raises as `get` does, and SourceChanged where another server answered."""
    answer = fetcher.get(url, headers={"accept": "application/json", **(headers or {})})
    if _server(answer.final_url) != _server(url):
        raise SourceChanged("sources.other_server", where=plain(answer.final_url, SHOWN_LIMIT), field="HTTP Location")
    return answer


def read(body: bytes, url: str, shape: type[_T]) -> _T:
    """The JSON of an answer from `url` as `shape`. Raises SourceChanged naming the field that differs, FetchRefused where a
    sign-in, a captcha or a cookie wall stands before it."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        raise changed(url, _field(str(error))) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        refuse_wall_for_json(body, url)
        raise SourceChanged("sources.not_json", where=url) from error


def answered(
    fetcher: Fetcher,
    url: str,
    shape: type[_T],
    headers: Mapping[str, str] | None = None,
    *,
    source: str,
    refusals: Mapping[int, str],
) -> _T:
    """What the server at `url` answers, as `shape`. Raises as `asked` and `read`; a status of `refusals` with its message."""
    try:
        return read(asked(fetcher, url, headers).body, url, shape)
    except FetchFailed as error:
        if error.status is not None and error.status in refusals:
            raise FetchFailed(refusals[error.status], source=source, where=url, status=error.status) from error
        raise


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
