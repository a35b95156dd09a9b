"""What the answers of a look-up propose for the directory. Nothing of it counts until a person takes it over."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from django.db import transaction

from jikim_desk.accounts.models import User
from jikim_desk.notices import hosts, letters
from jikim_desk.notices.faults import BadLetter
from jikim_desk.notices.leaving import mailbox
from jikim_desk.notices.models import Host, HostKind, NoticeKind

Answers = Mapping[str, Mapping[str, Any]]
"""By way, as `models.Lookup.answers`."""
GUESSED = "abuse"
"""The mailbox that every network should have (RFC 2142)."""
_FIELDS = {"mailbox": "hosts.mailbox", "form": "hosts.form", "lang": "notice.lang", "law": "hosts.law"}
_EU = frozenset(
    ("AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU", "MT", "NL")
) | frozenset(("PL", "PT", "RO", "SK", "SI", "ES", "SE"))
_LAWS = {**dict.fromkeys(_EU, NoticeKind.DSA16), "US": NoticeKind.TAKE_IT_DOWN, "KR": NoticeKind.KOREA}
_LANGUAGES = {
    "KR": "ko",
    "JP": "ja",
    **dict.fromkeys(("CN", "TW", "HK", "MO"), "zh"),
    **dict.fromkeys(("RU", "BY", "KZ", "KG"), "ru"),
    "VN": "vi",
    **dict.fromkeys(("ES", "MX", "AR", "CO", "CL", "PE", "EC", "UY", "PY", "BO", "VE"), "es"),
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """One thing for the directory: `field` of the host gets `value`; with hosting, CDN and registrar, `mailbox` is theirs.
    `source` and `remarks` are message keys; `detail` is the source's own word."""

    field: str
    value: str
    source: str
    detail: str = ""
    mailbox: str = ""
    remarks: tuple[str, ...] = ()
    is_guess: bool = False

    @property
    def field_key(self) -> str:
        """What the directory calls the field, as a message key."""
        return f"hosts.behind.{self.field}" if self.field in hosts.BEHIND else _FIELDS[self.field]

    @property
    def id(self) -> str:
        """The same for the same proposal."""
        return f"{self.field}:{self.value}:{self.mailbox}"


class Cdn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    header: str
    says: str = ""


def proposals(host: Host, answers: Answers, headers: Mapping[str, str], now: datetime) -> list[Proposal]:
    """What the directory does not say yet; `headers` are those of the host's answers."""
    has = {"mailbox": host.mailbox, "form": host.form, "lang": host.lang, "law": host.law, **(host.behind or {})}
    found = [*_own(answers, now), *_behind(answers, headers), *_guessed(host, answers)]
    return [one for one in {one.id: one for one in found}.values() if has.get(one.field) != one.value]


def cdn_of(headers: Mapping[str, str]) -> str:
    """The content network that gave an answer, by its headers; "" for none that is known."""
    said = {name.lower(): value.lower() for name, value in headers.items()}
    return next((one.name for one in _cdns() if one.header in said and one.says in said[one.header]), "")


def take(user: User, host: Host, offered: list[Proposal], wanted: frozenset[str]) -> Host:
    """Puts the proposals a person chose into the directory. What stands behind is entered with its mailbox, unless the
    directory has one. Raises BadLetter for two of one kind or none that is offered, PermissionDenied."""
    chosen = {one.field: one for one in offered if one.id in wanted}
    if not wanted or len(chosen) != len(wanted):
        raise BadLetter("lookups.choose_one_each")
    behind = {name: chosen.pop(name) for name in hosts.BEHIND if name in chosen}
    with transaction.atomic():
        for name, one in behind.items():
            known = hosts.named(one.value)
            if known is None:
                hosts.keep(user, one.value, kind=HostKind(name), mailbox=one.mailbox)
            elif one.mailbox and not known.mailbox:
                _changed(user, known, mailbox=one.mailbox)
        host.refresh_from_db()
        stands_behind = {**(host.behind or {}), **{name: one.value for name, one in behind.items()}}
        return _changed(user, host, stands_behind=stands_behind, **{field: one.value for field, one in chosen.items()})


def _changed(user: User, host: Host, **changes: Any) -> Host:
    """The host with what is changed; all else stays as the directory has it."""
    fields = ("kind", "mailbox", "form", "lang", "law", "is_hostile")
    told = {field: getattr(host, field) for field in fields} | {"stands_behind": host.behind or {}}
    return hosts.keep(user, host.name, **(told | changes))


def _own(answers: Answers, now: datetime) -> Iterator[Proposal]:
    """What the host says of itself."""
    told = answers.get("security_txt", {})
    if told.get("state") != "found":
        return
    expires = told["expires"]
    remarks = ["lookups.remark.for_security"]
    remarks += ["lookups.remark.expired"] if not expires or datetime.fromisoformat(expires) < now else []
    remarks += ["lookups.remark.signed"] if told["is_signed"] else []
    source, given = "lookups.source.security_txt", tuple(remarks)
    address = next(filter(None, map(_valid, told["mailboxes"])), "")
    if address:
        yield Proposal("mailbox", address, source, remarks=given)
    form = next((one for one in told["forms"] if len(one) <= hosts.FORM_MAX), "")
    if form:
        yield Proposal("form", form, source, remarks=given)
    lang = next((one[:2] for one in told["languages"] if one[:2] in letters.LANGUAGES), "")
    if lang:
        yield Proposal("lang", lang, source, remarks=given)


def _behind(answers: Answers, headers: Mapping[str, str]) -> Iterator[Proposal]:
    """Who stands behind the host; country and law are those of the network, where no content network stands before it."""
    domain, network, cdn = answers.get("domain", {}), answers.get("network", {}), cdn_of(headers)
    if domain.get("state") == "found" and domain["abuse"]:
        yield Proposal(
            "registrar", _domain(domain["abuse"]), "lookups.source.domain", domain["registrar"], mailbox=domain["abuse"]
        )
    abuse = network["abuse"] if network.get("state") == "found" else ""
    source, owner = "lookups.source.network", network.get("organisation") or network.get("name", "")
    if cdn:
        is_its = f".{_domain(abuse)}".endswith(f".{cdn}")
        yield Proposal("cdn", cdn, "lookups.source.headers", mailbox=abuse if is_its else "", remarks=("lookups.remark.cdn",))
        return
    if abuse:
        yield Proposal("hosting", _domain(abuse), source, owner, mailbox=abuse)
    country = network.get("country", "") if network.get("state") == "found" else ""
    if country in _LAWS:
        yield Proposal("law", _LAWS[country], source, country, remarks=("lookups.remark.country",))
    if country in _LANGUAGES:
        yield Proposal("lang", _LANGUAGES[country], source, country, remarks=("lookups.remark.country",))


def _guessed(host: Host, answers: Answers) -> Iterator[Proposal]:
    domain = answers.get("domain", {})
    name = domain["name"] if domain.get("state") == "found" else host.name.removeprefix("www.")
    if address := _valid(f"{GUESSED}@{name}"):
        yield Proposal("mailbox", address, "lookups.source.guess", is_guess=True, remarks=("lookups.remark.guess",))


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _valid(address: str) -> str:
    try:
        return mailbox(address)
    except BadLetter:
        return ""


@cache
def _cdns() -> tuple[Cdn, ...]:
    read = tomllib.loads(Path(__file__).with_name("cdns.toml").read_text("utf-8"))
    return tuple(msgspec.convert(read["cdn"], list[Cdn]))
