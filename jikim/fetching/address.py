"""Which addresses may be reached at all.

A URL is only read here, never trusted: odd spellings of numbers, names that point inside and forms of IPv6 that carry an
inner IPv4 address are all caught because the decision falls on the resolved addresses, never on the spelling. Sources: the
special-purpose address registries of IANA (RFC 6890 and its updates), the port list of the WHATWG Fetch standard.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpx

from jikim.errors import BadUse, FetchRefused
from jikim.provenance import ProvenPractice

MAX_URL_CHARACTERS = 8192

_NOT_PUBLIC_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network, and the unspecified address
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # the inner address of a cloud's machines, although it looks public
        "169.254.0.0/16",  # link-local, metadata of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # multicast tunnels (AMT)
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and the broadcast address
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")
"""Everything outside is unspecified, loopback, mapped, NAT64 (64:ff9b::/96, 64:ff9b:1::/48), ULA, link- or site-local,
multicast or unassigned."""
_NOT_PUBLIC_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarking
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, carries an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
_ISATAP_MARKS = (0x00005EFE, 0x02005EFE)
"""The upper half of an ISATAP interface identifier; the lower half is an IPv4 address."""

# fmt: off
_PORTS_OF_OTHER_PROTOCOLS = frozenset((
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109,
    110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531,
    532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060,
    5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
))
# fmt: on
_DEFAULT_PORTS = {"http": 80, "https": 443}
_DNS_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be asked for as far as its spelling goes. `host` is lower case, without brackets and trailing dot;
    `url` is the normal form without fragment; `authority` is the value of a Host header; `path` includes the query."""

    url: str
    scheme: str
    host: str
    port: int
    authority: str
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port


def parse(url: str, base: Target | None = None) -> Target:
    """Reads a URL, `base` being the page that named it. Raises FetchRefused for anything but http(s) with a proper host,
    for a name or password within the URL and for ports of other protocols."""
    if len(url) > MAX_URL_CHARACTERS:
        raise FetchRefused("fetching.bad_address", where=f"{url[:80]}…")
    try:
        read = httpx.URL(url) if base is None else httpx.URL(base.url).join(url)
        # IDNA decodes lazily, so the host is asked for here, where a wrong one can be caught.
        scheme, host, port = read.scheme, read.raw_host.decode("ascii"), read.port
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise FetchRefused("fetching.bad_address", where=url) from error
    if scheme not in _DEFAULT_PORTS:
        raise FetchRefused("fetching.scheme", where=url)
    if read.userinfo:
        raise FetchRefused("fetching.userinfo", where=str(read.copy_with(userinfo=b"")))
    host = host.lower().removesuffix(".")
    if not is_numeric(host) and not _DNS_NAME.fullmatch(host):
        raise FetchRefused("fetching.bad_address", where=url)
    default_port = _DEFAULT_PORTS[scheme]
    port = default_port if port is None else port
    if not 1 <= port <= 65535 or port in _PORTS_OF_OTHER_PROTOCOLS:
        raise FetchRefused("fetching.port", where=url, port=port)
    bracketed = f"[{host}]" if ":" in host else host
    authority = bracketed if port == default_port else f"{bracketed}:{port}"
    path = read.raw_path.decode("ascii")
    return Target(f"{scheme}://{authority}{path}", scheme, host, port, authority, path)


def is_numeric(host: str) -> bool:
    """Whether a host is an IP address in its plain spelling, so that nothing has to be looked up."""
    return _literal(host) is not None


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet. What is not an IP address, or has an IPv6 zone, does not."""
    ip = _literal(address)
    if ip is None:
        return False
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in _NOT_PUBLIC_V4)
    is_isatap = (int(ip) >> 32) & 0xFFFFFFFF in _ISATAP_MARKS
    return ip in _GLOBAL_V6 and not is_isatap and not any(ip in network for network in _NOT_PUBLIC_V6)


def is_loopback(address: str) -> bool:
    """Whether an IP address is this machine's own, in its plain form: not mapped, without a zone."""
    ip = _literal(address)
    return ip is not None and ip.is_loopback and (isinstance(ip, IPv4Address) or ip.ipv4_mapped is None)


class Reach:
    """What one fetcher may connect to: the public internet and the test servers in `loopback_allowed`; or, when it was
    given a proven practice host, that host alone."""

    def __init__(self, loopback_allowed: Iterable[str], practice: ProvenPractice | None = None) -> None:
        """Raises BadUse when an entry of `loopback_allowed` is not "host:port"."""
        self._test_servers = frozenset(_host_and_port(entry) for entry in loopback_allowed)
        self._practice = practice

    def is_test_server(self, target: Target) -> bool:
        """Whether it is the practice host or a listed test server: nobody has to be spared there."""
        return self._practice is not None or (target.host, target.port) in self._test_servers

    def checked(self, target: Target, look_up: Callable[[], Sequence[str]]) -> tuple[str, ...]:
        """The addresses to connect to, every one checked. `look_up` is called once at most, and not for a numeric host.

        Raises FetchRefused when a single one of the addresses is not allowed, and what `look_up` raises.
        """
        if self._practice is not None:
            return (self._practice_address(target, self._practice),)
        addresses = (target.host,) if is_numeric(target.host) else tuple(dict.fromkeys(look_up()))
        loopback_too = (target.host, target.port) in self._test_servers
        for address in addresses:
            if not (is_public(address) or (loopback_too and is_loopback(address))):
                raise FetchRefused("fetching.private_address", where=target.url, address=address)
        return addresses

    @staticmethod
    def _practice_address(target: Target, practice: ProvenPractice) -> str:
        is_same = target.scheme == "http" and target.port == practice.port and target.host in (practice.host, practice.ip)
        if not is_same:
            raise FetchRefused("fetching.outside_practice", where=target.url)
        return practice.ip


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    if "%" in host:
        return None
    try:
        return ip_address(host)
    except ValueError:
        return None


def _host_and_port(entry: str) -> tuple[str, int]:
    host, colon, port = entry.rpartition(":")
    host = host.removeprefix("[").removesuffix("]").lower()
    if not (colon and host and port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        raise BadUse("config.invalid", where="[fetching] loopback_allowed", problem=f"{entry!r}: host:port")
    return host, int(port)
