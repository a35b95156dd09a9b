"""What people bring: keywords for a sweep, addresses somebody reported. Nothing is fetched here.

A sweep that names neither a case nor an approved watch waits for a lead; an urgent one runs now and is reviewed after. One over
the practice platform alone needs neither. Whoever calls `flows.enqueue` with what is returned here has it start at once; what
nobody enqueued is found by the workers within seconds. A `case` is a `cases.Case`, which stands above these rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from jikim.commands.places import PRACTICE, parsed, set_up
from jikim.errors import BadUse, JikimError
from jikim.seams import SOURCES, plugin
from jikim.sources.canonical import canonical
from jikim.sources.keywords import keyword as read_keyword
from jikim_desk.accounts.models import Role, Team, User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.config import desk_config, jikim_config
from jikim_desk.faults import BadAsk
from jikim_desk.records.models import Candidate, Sweep, SweepKind, SweepState
from jikim_desk.sealing import reference

KEYWORDS_MAX = 20
ADDRESSES_MAX = 500
ASKS = (Role.REVIEWER, Role.COUNSELLOR, Role.LEAD)
"""Who may ask for a sweep or report addresses, in their team."""


class Said(StrEnum):
    """What is said of a pasted line at once."""

    NEW = "new"
    DUPLICATE = "duplicate"  # of an earlier line
    KNOWN = "known"  # a candidate has this address already
    REFUSED = "refused"  # no address that can be opened


@dataclass(frozen=True, slots=True)
class ReportedLine:
    """One pasted line. `candidate_id` and `since` (when it was found) are set for what is known, `error` for what is refused;
    `number` is its place in `Sweep.addresses`, from 1, for what is new."""

    text: str
    said: Said
    candidate_id: str = ""
    state: str = ""
    since: datetime | None = None
    error: JikimError | None = None
    number: int = 0


def ask_for_sweep(
    user: User, keywords: Sequence[str], places: Sequence[str], *, team: Team, case: Any = None, is_urgent: bool = False
) -> Sweep:
    """Puts a sweep on record. `places` as `jikim sweep --source`; none means those of the configuration.

    Raises BadUse for keywords or places that cannot be, PermissionDenied without a role in `team` or access to `case`.
    """
    _require_role(user, team, case)
    cleaned = list(dict.fromkeys(read_keyword(text, None).text for text in keywords))
    if not cleaned:
        raise BadAsk("records.no_keyword")
    if len(cleaned) > KEYWORDS_MAX:
        raise BadAsk("records.too_many_keywords", limit=KEYWORDS_MAX)
    named = list(dict.fromkeys(places)) or set_up(jikim_config())
    if not named:
        raise BadUse("places.none_named")
    for place in named:
        plugin(SOURCES, parsed(place)[0])
    is_practice = all(parsed(place)[0] == PRACTICE for place in named)
    if desk_config().is_practice and not is_practice:
        raise BadAsk("records.practice_only")
    may_run = case is not None or is_urgent or is_practice or user.has_role(Role.LEAD, team=team)
    sweep = Sweep(
        kind=SweepKind.KEYWORD,
        places=named,
        team=team,
        case=case,
        is_urgent=is_urgent,
        asked_by=user,
        state=SweepState.QUEUED if may_run else SweepState.WAITING,
    )
    sweep.keywords = cleaned
    if user.has_role(Role.LEAD, team=team):
        sweep.approved_by, sweep.approved_at = user, timezone.now()
    with transaction.atomic():
        sweep.save(force_insert=True)
        facts = {"kind": "keyword", "keywords": cleaned, "places": len(named), "urgent": is_urgent, "case": case is not None}
        chain.record(Action.SEARCH, actor=user, subject=f"sweep:{sweep.pk}", facts=facts)
    return sweep


def report_addresses(
    user: User, addresses: Sequence[str], *, team: Team, case: Any = None
) -> tuple[Sweep | None, list[ReportedLine]]:
    """Puts reported addresses on record, each once; None where none of them is new. One line is said of each that was pasted.

    Raises BadUse for more than 500 or none, PermissionDenied as `ask_for_sweep`.
    """
    _require_role(user, team, case)
    pasted = [line.strip() for line in addresses if line.strip()]
    if not pasted:
        raise BadAsk("records.no_address")
    if len(pasted) > ADDRESSES_MAX:
        raise BadAsk("records.too_many_addresses", limit=ADDRESSES_MAX)
    lines: list[ReportedLine] = []
    new: dict[str, str] = {}
    for text in pasted:
        line = _line(text, new)
        if line.said is Said.NEW:
            new[canonical(text)] = text
        lines.append(line)
    if not new:
        return None, lines
    sweep = Sweep(kind=SweepKind.REPORTED, team=team, case=case, asked_by=user, state=SweepState.QUEUED)
    sweep.addresses = list(new.values())
    with transaction.atomic():
        sweep.save(force_insert=True)
        chain.record(Action.REPORT, actor=user, subject=f"sweep:{sweep.pk}", facts={"addresses": len(new)})
    return sweep, lines


def approve(sweep: Sweep, lead: User) -> Sweep:
    """Lets a waiting sweep run, or says after an urgent one that it was right. Raises PermissionDenied, BadUse when it was
    refused or approved already."""
    with transaction.atomic():
        sweep = _for_lead(sweep, lead)
        sweep.approved_by, sweep.approved_at = lead, timezone.now()
        if sweep.state == SweepState.WAITING:
            sweep.state = SweepState.QUEUED
        sweep.save(update_fields=["approved_by", "approved_at", "state"])
        chain.record(Action.APPROVE, actor=lead, subject=f"sweep:{sweep.pk}")
    return sweep


def refuse(sweep: Sweep, lead: User) -> Sweep:
    """Says no to a sweep; an urgent one that runs is stopped, and what it found stays for review. Raises as `approve`."""
    with transaction.atomic():
        sweep = _for_lead(sweep, lead)
        sweep.refused_by, sweep.refused_at = lead, timezone.now()
        if sweep.state == SweepState.WAITING:
            sweep.state = SweepState.REFUSED
        sweep.is_stopping = sweep.state in (SweepState.QUEUED, SweepState.RUNNING)
        sweep.save(update_fields=["refused_by", "refused_at", "state", "is_stopping"])
        chain.record(Action.REFUSE, actor=lead, subject=f"sweep:{sweep.pk}")
    return sweep


def to_approve(lead: User) -> list[Sweep]:
    """What waits for this lead: sweeps that have not begun, and urgent ones to be reviewed after."""
    teams = [grant.team_id for grant in lead.grants.filter(role=Role.LEAD)]
    undecided = Sweep.objects.filter(team__in=teams, approved_at=None, refused_at=None, watch=None)
    waiting = undecided.filter(state=SweepState.WAITING) | undecided.filter(is_urgent=True)
    return list(waiting.order_by("asked_at"))


def _for_lead(sweep: Sweep, lead: User) -> Sweep:
    if not lead.has_role(Role.LEAD, team=sweep.team):
        raise PermissionDenied
    current = Sweep.objects.select_for_update().get(pk=sweep.pk)
    if current.approved_at or current.refused_at:
        raise BadAsk("records.already_answered")
    return current


def _line(text: str, new: dict[str, str]) -> ReportedLine:
    try:
        address = canonical(text)
    except BadUse as error:
        return ReportedLine(text, Said.REFUSED, error=error)
    if address in new:
        return ReportedLine(text, Said.DUPLICATE, number=list(new).index(address) + 1)
    known = Candidate.objects.filter(url_ref=url_ref(address)).order_by("found_at").first()
    if known is not None:
        return ReportedLine(text, Said.KNOWN, known.pk, known.state, known.found_at)
    return ReportedLine(text, Said.NEW, number=len(new) + 1)


def url_ref(url: str) -> str:
    """The keyed reference under which the same page is found again, whoever names it. Raises BadUse for no address."""
    return reference("url", canonical(url))


def _require_role(user: User, team: Team, case: Any = None) -> None:
    if not user.has_role(*ASKS, Role.MACHINE, team=team):
        raise PermissionDenied
    if case is not None and (
        case.team_id != team.pk or (case.members.exists() and not case.members.filter(pk=user.pk).exists())
    ):
        raise PermissionDenied
