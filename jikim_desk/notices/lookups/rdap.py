"""Asks the registries who registered a domain or a network: RDAP (RFC 9082 queries, RFC 9083 answers, RFC 9224 where to ask).

Answers are others' words: every value is looked at before it is used, and what does not fit is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from ipaddress import ip_address, ip_network
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import msgspec

from jikim.errors import FetchFailed
from jikim.messages import readable
from jikim.types import Answer
from jikim_desk.notices.faults import BadLetter
from jikim_desk.notices.leaving import mailbox

ANSWER_MAX_BYTES = 2**20
NAMES_ASKED_MAX = 4
_ACCEPT = {"accept": "application/rdap+json, application/json;q=0.9"}
_NOT_THERE = frozenset((400, 404, 422))
"""No such object, or a name the registry has no objects of (such as a host below a domain)."""
_DEPTH_MAX, _TEXT_MAX = 3, 120


class Getter(Protocol):
    def get(self, url: str, *, headers: Mapping[str, str] | None = None, max_bytes: int | None = None) -> Answer: ...


class NotFound(Exception):
    """The registry has no such object, or no registry answers for it. Holds a message key."""


class BadAnswer(Exception):
    """What answered is not RDAP."""


@dataclass(frozen=True, slots=True)
class Domain:
    """A registered domain: its registrar with the registrar's mailbox for abuse, "" where it says none."""

    name: str
    registrar: str
    registrar_id: str
    abuse: str
    server: str

    def facts(self) -> Mapping[str, Any]:
        """As JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Network:
    """A registered network of addresses: whose it is, and their mailbox for abuse, "" where it says none."""

    ip: str
    name: str
    handle: str
    organisation: str
    country: str
    abuse: str
    server: str

    def facts(self) -> Mapping[str, Any]:
        """As JSON values."""
        return asdict(self)


Bootstrap = Callable[[str], bytes]
"""Gives the list of servers of a kind: `dns`, `ipv4` or `ipv6`."""


def domain(way: Getter, bootstrap: Bootstrap, host: str) -> Domain:
    """The domain a host is in. Raises NotFound, BadAnswer, FetchFailed, FetchRefused."""
    labels = host.lower().rstrip(".").split(".")
    server = _server_of_name(bootstrap("dns"), labels)
    for begins in range(max(0, len(labels) - NAMES_ASKED_MAX), len(labels) - 1):
        name = ".".join(labels[begins:])
        try:
            found = _asked(way, f"{server}domain/{quote(name, safe='')}")
        except NotFound:
            continue
        registrar = next(_with_role(found, "registrar"), {})
        return Domain(
            name=_text(found.get("ldhName")).lower() or name,
            registrar=_name(registrar),
            registrar_id=_iana_id(registrar),
            abuse=_abuse(registrar) or _abuse(found),
            server=urlsplit(server).hostname or "",
        )
    raise NotFound("lookups.no_such_domain")


def network(way: Getter, bootstrap: Bootstrap, ip: str) -> Network:
    """The network an address is in. Raises as `domain`."""
    server = _server_of_address(bootstrap("ipv6" if ":" in ip else "ipv4"), ip)
    found = _asked(way, f"{server}ip/{quote(ip, safe=':')}")
    country = _text(found.get("country")).upper()
    return Network(
        ip=ip,
        name=_text(found.get("name")),
        handle=_text(found.get("handle")),
        organisation=_name(next(_with_role(found, "registrant"), {})),
        country=country if len(country) == 2 and country.isalpha() else "",
        abuse=_abuse(found),
        server=urlsplit(server).hostname or "",
    )


def check_list(listed: bytes) -> None:
    """Raises BadAnswer for what is no list of servers."""
    if not any(urls for _, urls in _services(listed)):
        raise BadAnswer


def _asked(way: Getter, url: str) -> Mapping[str, Any]:
    try:
        answer = way.get(url, headers=_ACCEPT, max_bytes=ANSWER_MAX_BYTES)
    except FetchFailed as failed:
        if failed.status in _NOT_THERE:
            raise NotFound("lookups.no_such_object") from failed
        raise
    found = _json(answer.body)
    if not isinstance(found, Mapping) or "errorCode" in found or "objectClassName" not in found:
        raise BadAnswer
    return found


def _server_of_name(listed: bytes, labels: list[str]) -> str:
    """The server for the longest suffix that is listed (RFC 9224, 4)."""
    servers = {_text(entry).lower(): urls for entries, urls in _services(listed) for entry in entries}
    for begins in range(len(labels)):
        if url := _https_first(servers.get(".".join(labels[begins:]), [])):
            return url
    raise NotFound("lookups.no_registry")


def _server_of_address(listed: bytes, ip: str) -> str:
    """The server for the longest prefix that is listed (RFC 9224, 5)."""
    address, best, server = ip_address(ip), -1, ""
    for entries, urls in _services(listed):
        for entry in entries:
            try:
                block = ip_network(_text(entry))
            except ValueError:
                continue
            if block.version == address.version and address in block and block.prefixlen > best:
                best, server = block.prefixlen, _https_first(urls)
    if not server:
        raise NotFound("lookups.no_registry")
    return server


def _services(listed: bytes) -> Iterator[tuple[list[Any], list[Any]]]:
    read = _json(listed)
    services = read.get("services") if isinstance(read, Mapping) else None
    if not isinstance(services, list):
        raise BadAnswer
    for service in services:
        if isinstance(service, list) and len(service) == 2 and all(isinstance(one, list) for one in service):
            yield service[0], service[1]


def _https_first(urls: list[Any]) -> str:
    named = [one for one in urls if isinstance(one, str) and one.startswith(("http://", "https://"))]
    url = next((one for one in named if one.startswith("https:")), named[0] if named else "")
    return url if not url or url.endswith("/") else f"{url}/"


def _with_role(found: Mapping[str, Any], role: str, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """The entities of an answer that have a role, those nearest to it first."""
    entities = found.get("entities")
    entities = [one for one in entities if isinstance(one, Mapping)] if isinstance(entities, list) else []
    for one in entities:
        roles = one.get("roles")
        if isinstance(roles, list) and role in roles:
            yield one
    if depth < _DEPTH_MAX:
        for one in entities:
            yield from _with_role(one, role, depth + 1)


def _abuse(found: Mapping[str, Any]) -> str:
    """The first mailbox of whoever has the role `abuse`."""
    for entity in _with_role(found, "abuse"):
        for value in _card(entity, "email"):
            try:
                if address := mailbox(value):
                    return address
            except BadLetter:
                continue
    return ""


def _name(entity: Mapping[str, Any]) -> str:
    return next(_card(entity, "fn"), "")


def _card(entity: Mapping[str, Any], name: str) -> Iterator[str]:
    """The values of one property of an entity's jCard (RFC 7095): ["vcard", [[name, parameters, type, value], ...]]."""
    card = entity.get("vcardArray")
    properties = card[1] if isinstance(card, list) and len(card) > 1 and isinstance(card[1], list) else []
    for one in properties:
        if isinstance(one, list) and len(one) > 3 and one[0] == name and (text := _text(one[3])):
            yield text


def _iana_id(entity: Mapping[str, Any]) -> str:
    ids = entity.get("publicIds")
    named = [one for one in ids if isinstance(one, Mapping)] if isinstance(ids, list) else []
    return next((_text(one.get("identifier")) for one in named if one.get("type") == "IANA Registrar ID"), "")


def _text(value: Any) -> str:
    """Somebody else's word, on one line and not too long; "" for what is no text."""
    return " ".join(readable(value).split())[:_TEXT_MAX] if isinstance(value, str) else ""


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadAnswer from error
