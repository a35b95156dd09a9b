"""Drafts each step of the ladder when it is due. Nothing here sends anything."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from jikim_desk.config import desk_config
from jikim_desk.notices import drafting, hosts, ladder, leaving
from jikim_desk.notices.faults import NotAllowed
from jikim_desk.notices.models import Host, HostKind, Notice, NoticeKind, Removal, RemovalState

ASK_AGAIN = timedelta(hours=1)


def due(now: datetime, *, limit: int = 50) -> list[str]:
    """Removals of which a step is due."""
    rows = Removal.objects.filter(next_step_at__lte=now).order_by("next_step_at")
    return list(rows.values_list("pk", flat=True)[:limit])


def reports_due(*, limit: int = 20, since: datetime | None = None) -> list[Removal]:
    """Confirmed finds of which no report to the police was drafted, where the centre has to make one; of those begun since
    then, where it says."""
    if not desk_config().removal.reports_to_police:
        return []
    rows = Removal.objects.exclude(notices__kind=NoticeKind.POLICE).select_related("candidate")
    if since is not None:
        rows = rows.filter(begun_at__gte=since)
    return list(rows.order_by("begun_at")[:limit])


def report(removal: Removal) -> Notice | None:
    """Drafts the report to the police, once; None where another process did."""
    with transaction.atomic():
        Removal.objects.select_for_update().only("pk").get(pk=removal.pk)
        if removal.notices.filter(kind=NoticeKind.POLICE).exists():
            return None
        return drafting.draft(removal, NoticeKind.POLICE, by=None, lang="ko")


def step(removal_id: str, now: datetime) -> Notice | None:
    """Drafts the step that is due; None where another process did, or it may not be asked for yet (hold, no mandate)."""
    with transaction.atomic():
        removal = Removal.objects.select_for_update(of=("self",)).select_related("candidate").get(pk=removal_id)
        if removal.next_step_at is None or removal.next_step_at > now:
            return None
        rungs = ladder.of(removal)
        if removal.state == RemovalState.GONE or removal.ladder_step >= len(rungs):
            Removal.objects.filter(pk=removal.pk).update(next_step_at=None)
            return None
        rung = rungs[removal.ladder_step]
        kind, host = _recipient(removal, rung)
        try:
            leaving.check(removal, kind)
        except NotAllowed:
            Removal.objects.filter(pk=removal.pk).update(next_step_at=now + ASK_AGAIN)
            return None
        is_there = kind == NoticeKind.POLICE and removal.notices.filter(kind=kind).exists()
        made = None if is_there else drafting.draft(removal, kind, by=None, host=host, step=removal.ladder_step)
        removal.ladder_step += 1
        Removal.objects.filter(pk=removal.pk).update(ladder_step=removal.ladder_step, next_step_at=ladder.due_at(removal))
    return made


def _recipient(removal: Removal, rung: ladder.Rung) -> tuple[str, Host | None]:
    host = hosts.of(removal.candidate)
    if rung.to == "host":
        kind = (host.law if host and host.law else NoticeKind.MAIL) if rung.kind == ladder.REQUEST else rung.kind
        return kind, host
    if rung.to in hosts.BEHIND:
        return rung.kind, hosts.behind(host, rung.to)
    if rung.to == "search":
        return rung.kind, Host.objects.filter(kind=HostKind.SEARCH).order_by("changed_at").first()
    return rung.kind, None
