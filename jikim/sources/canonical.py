"""The canonical form of an address, so that the same page named twice is one candidate.

Follows RFC 3986, section 6.2.2 and 6.2.3 (case, percent-encoding, dot segments, scheme) and drops what only tracks the
reader: the fragment and the well-known campaign parameters. The order of the other parameters is kept, it can matter, and so
is a fragment that means the sound of a film alone: that is another file.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address
from urllib.parse import SplitResult, urljoin, urlsplit

import idna

from jikim.errors import BadUse, NotConfigured
from jikim.sources.text import plain

ADDRESS_LIMIT = 8_000
SHOWN_LIMIT = 200
DEFAULT_PORTS = {"http": 80, "https": 443}
TRACKING = re.compile(
    r"(?:utm_[a-z0-9_]*|fbclid|gclid|gbraid|wbraid|dclid|msclkid|yclid|igshid|igsh|mc_cid|mc_eid)\Z", re.IGNORECASE
)
SOUND = "#track=audio"
"""Media Fragments URI 1.0, section 4.2.3; written by `jikim.fetching.streams`."""

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PATH_KEPT = _UNRESERVED | frozenset(b"!$&'()*+,;=:@/")
_QUERY_KEPT = _PATH_KEPT | frozenset(b"?")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_PLAIN_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*\Z")
_IGNORED = re.compile(r"[\t\r\n]")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def canonical(url: str) -> str:
    """The canonical form of an http or https address; applied twice it gives the same. Raises BadUse for anything else."""
    address, _, query = _normal(url).partition("?")
    query = "&".join(pair for pair in query.split("&") if pair and not _is_tracking(pair))
    sound = SOUND if url.strip().endswith(SOUND) else ""
    return f"{address}?{query}{sound}" if query else f"{address}{sound}"


def require_address(source: str, *urls: str | None) -> None:
    """Raises NotConfigured where a source has no address, BadUse for one that cannot be opened."""
    named = [url for url in urls if url]
    if not named:
        raise NotConfigured("sources.no_address", source=source)
    for url in named:
        canonical(url)


def resolved(base: str, reference: str) -> str | None:
    """The absolute http(s) address to fetch for what `reference` names on a page at `base`, without its fragment; None for
    every other scheme (`data:`, `javascript:`, `mailto:`) and for what is no address."""
    reference = _IGNORED.sub("", reference).strip()
    if not reference or len(reference) > ADDRESS_LIMIT:
        return None
    try:
        return _normal(urljoin(base, reference))
    except (BadUse, ValueError):
        return None


def origin(url: str) -> str:
    """Scheme, host and port of an address. Raises BadUse."""
    parts = urlsplit(canonical(url))
    return f"{parts.scheme}://{parts.netloc}"


def site(url: str) -> str:
    """The host of an address without a leading `www.`. Raises BadUse."""
    return (urlsplit(canonical(url)).hostname or "").removeprefix("www.")


def _normal(url: str) -> str:
    """The same request in normal form: nothing of the query is dropped."""
    parts = _split(url)
    scheme = parts.scheme.lower()
    if scheme not in DEFAULT_PORTS:
        raise _bad(url, "sources.address_scheme")
    if "@" in parts.netloc:
        raise _bad(url, "sources.address_user")
    host = _host(url, parts)
    port = _port(url, parts)
    authority = host if port in (None, DEFAULT_PORTS[scheme]) else f"{host}:{port}"
    path = _without_dot_segments(_normalized(parts.path.replace("\\", "/"), _PATH_KEPT)) or "/"
    query = _normalized(parts.query, _QUERY_KEPT)
    return f"{scheme}://{authority}{path}{'?' + query if query else ''}"


def _split(url: str) -> SplitResult:
    url = _IGNORED.sub("", url.strip())
    if len(url) > ADDRESS_LIMIT:
        raise _bad(url, "sources.address_long")
    if _FORBIDDEN.search(url):
        raise _bad(url, "sources.address_characters")
    try:
        return urlsplit(url)
    except ValueError as error:
        raise _bad(url, "sources.address_host") from error


def _host(url: str, parts: SplitResult) -> str:
    try:
        host = (parts.hostname or "").lower()
    except ValueError as error:
        raise _bad(url, "sources.address_host") from error
    if parts.netloc.startswith("["):
        if "%" in host:  # a zone names an interface of this machine
            raise _bad(url, "sources.address_host")
        try:
            return f"[{IPv6Address(host).compressed}]"
        except AddressValueError as error:
            raise _bad(url, "sources.address_host") from error
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True, transitional=False).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            raise _bad(url, "sources.address_host") from error
    host = host.removesuffix(".")
    if len(host) > 253 or not _PLAIN_HOST.match(host):
        raise _bad(url, "sources.address_host")
    return host


def _port(url: str, parts: SplitResult) -> int | None:
    try:
        port = parts.port
    except ValueError as error:
        raise _bad(url, "sources.address_port") from error
    if port == 0:
        raise _bad(url, "sources.address_port")
    return port


def _normalized(text: str, kept: frozenset[int]) -> str:
    """Unreserved characters bare, everything else that is not `kept` as upper-case escapes of its UTF-8 bytes."""
    raw = text.encode("utf-8")
    out: list[str] = []
    position = 0
    while position < len(raw):
        escape = _ESCAPE.match(raw, position)
        if escape:
            byte = int(escape[1], 16)
            out.append(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}")
            position = escape.end()
        else:
            byte = raw[position]
            out.append(chr(byte) if byte in kept else f"%{byte:02X}")
            position += 1
    return "".join(out)


def _without_dot_segments(path: str) -> str:
    if not path:
        return ""
    segments = path.removeprefix("/").split("/")
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _is_tracking(pair: str) -> bool:
    return TRACKING.match(pair.partition("=")[0]) is not None


def _bad(url: str, problem: str) -> BadUse:
    return BadUse("sources.bad_address", where=plain(url, SHOWN_LIMIT) or "-", problem={"message": problem})
