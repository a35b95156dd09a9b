"""Who a letter is from, as far as it can be proven: what the receiving mail server found (RFC 8601), and whom we wrote to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"\s*(dkim|spf|dmarc)\s*=\s*([a-z]+)\b(.*)", re.I | re.S)
_PROPERTY = re.compile(r"\b(header\.d|header\.from|header\.i|smtp\.mailfrom)\s*=\s*\"?([^\s;\"]+)", re.I)
_ANYBODYS = frozenset(
    {
        *("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com", "yahoo.co.jp", "icloud.com"),
        *("naver.com", "daum.net", "hanmail.net", "kakao.com", "nate.com", "proton.me", "protonmail.com", "gmx.com", "gmx.net"),
        *(
            "qq.com",
            "163.com",
            "126.com",
            "sina.com",
            "mail.ru",
            "yandex.ru",
            "yandex.com",
            "aol.com",
            "zoho.com",
            "tutanota.com",
        ),
    }
)
"""Domains at which anybody can have a mailbox."""
_METHODS = ("dkim", "spf", "dmarc")


class Proof(StrEnum):
    """What the receiving server says of the sender's domain."""

    PROVEN = "proven"
    FAILED = "failed"  # forged, or sent by a way the domain does not allow
    NONE = "none"  # the domain says nothing that could be checked
    UNASKED = "unasked"  # no server whose word is believed has said anything


@dataclass(frozen=True, slots=True)
class Origin:
    proof: Proof
    results: Mapping[str, str]
    """Method to result, as in {"dkim": "pass"}."""


def of(headers: Mapping[str, Sequence[str]], sender: str, believed: str) -> Origin:
    """What `believed` (the name the centre's own server gives itself) found about `sender`. Anybody can write such a header, so
    nobody else's counts; where one method has several results the topmost does, which the server itself put there last."""
    if not believed:
        return Origin(Proof.UNASKED, {})
    results: dict[str, str] = {}
    domains: dict[str, str] = {}
    for value in headers.get("authentication-results", ()):
        server, *said = _COMMENT.sub(" ", value).split(";")
        if server.split()[:1] != [believed] and server.strip().lower() != believed.lower():
            continue
        for one in said:
            found = _RESULT.match(one)
            if found and found[1].lower() not in results:
                method = found[1].lower()
                results[method] = found[2].lower()
                domains[method] = next((_domain(value) for _, value in _PROPERTY.findall(found[3])), "")
    if not results:
        return Origin(Proof.UNASKED, {})
    own = _domain(sender)
    aligned = [name for name in ("dkim", "spf") if results.get(name) == "pass" and _speaks_for(domains[name], own)]
    if results.get("dmarc") == "fail":
        proof = Proof.FAILED
    elif (results.get("dmarc") == "pass" and domains["dmarc"] in ("", own)) or aligned:
        proof = Proof.PROVEN
    else:
        proof = Proof.FAILED if "fail" in results.values() else Proof.NONE
    return Origin(proof, {name: results[name] for name in _METHODS if name in results})


def _speaks_for(domain: str, own: str) -> bool:
    """Whether what a domain signed or allowed proves a sender at `own`: the same domain, or one that `own` lies below. Not the
    other way round, as DMARC's relaxed alignment would have it: below some domains anybody can have their own, and which these
    are stands in a list that we do not have. A domain that wants that says so by DMARC, which our mail server asks."""
    return "." in domain and (own == domain or own.endswith(f".{domain}"))


def fits(sender: str, *known: str) -> bool:
    """Whether an address belongs to one of the domains (or addresses) we wrote to or know. Where anybody can have a mailbox, it
    has to be the very address."""
    own = _domain(sender)
    if own in _ANYBODYS:
        return sender.lower() in {one.lower() for one in known}
    return any(is_of(own, _domain(one)) for one in known if one)


def is_of(one: str, other: str) -> bool:
    """Whether two domains are the same, or one is part of the other."""
    if not one or not other or "." not in min(one, other, key=len):
        return False
    return one == other or one.endswith("." + other) or other.endswith("." + one)


def _domain(address: str) -> str:
    return address.rpartition("@")[2].strip().rstrip(".>").lower()
