"""Watches 상시 모니터링: keywords that are searched again and again until a day, each spelling approved by a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from jikim.commands.places import parsed, set_up
from jikim.seams import SOURCES, plugin
from jikim.sources import variants
from jikim.sources.keywords import keyword as read_keyword
from jikim_desk.accounts.models import Role, Team, User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.config import desk_config, jikim_config
from jikim_desk.faults import BadAsk
from jikim_desk.records import visible
from jikim_desk.records.models import Night, Sweep, SweepState, Variant, VariantState, Watch

SEARCHERS = (Role.REVIEWER, Role.COUNSELLOR, Role.LEAD)
KEYWORDS_MAX = 20
EVERY_MINUTES_MIN, EVERY_MINUTES_MAX = 10, 7 * 24 * 60
LONGEST = timedelta(days=366)
ENDS_SOON = timedelta(days=7)
LOOKED_BACK = timedelta(days=2)
FAILURES_SHOWN = 3
"""So many sweeps in a row that failed or reached no place make a watch ail."""


def ask(
    user: User,
    keywords: Sequence[str],
    places: Sequence[str],
    *,
    every_minutes: int,
    ends_on: date,
    team: Team,
    case: Any = None,
) -> Watch:
    """Puts a watch on record; it begins when a lead approves it, at once if a lead asks. Other spellings are proposed with it.
    `case` is a `cases.Case`, which stands above these rows.

    Raises BadUse for what cannot be, PermissionDenied without a role in `team`.
    """
    if not user.has_role(*SEARCHERS, team=team):
        raise PermissionDenied
    cleaned = list(dict.fromkeys(read_keyword(text, None).text for text in keywords if text.strip()))
    if not 1 <= len(cleaned) <= KEYWORDS_MAX:
        raise BadAsk("watches.keywords", limit=KEYWORDS_MAX)
    if not EVERY_MINUTES_MIN <= every_minutes <= EVERY_MINUTES_MAX:
        raise BadAsk("watches.every", least=EVERY_MINUTES_MIN, most=EVERY_MINUTES_MAX)
    today = timezone.localdate()
    if not today < ends_on <= today + LONGEST:
        raise BadAsk("watches.ends_on")
    named = list(dict.fromkeys(places)) or set_up(jikim_config())
    if not named:
        raise BadAsk("watches.no_place")
    for place in named:
        plugin(SOURCES, parsed(place)[0])
    watch = Watch(places=named, every_minutes=every_minutes, ends_on=ends_on, team=team, case=case, asked_by=user)
    watch.keywords = cleaned
    with transaction.atomic():
        watch.save(force_insert=True)
        propose(watch)
        chain.record(
            Action.WATCH, actor=user, subject=f"watch:{watch.pk}", facts={"what": "asked", "every_minutes": every_minutes}
        )
    return approve(watch, user) if user.has_role(Role.LEAD, team=team) else watch


def approve(watch: Watch, lead: User) -> Watch:
    """Lets a watch begin. Raises PermissionDenied, BadUse where that was answered before."""
    with transaction.atomic():
        watch = _locked(watch, lead, Role.LEAD)
        if watch.approved_at is not None or not watch.is_on:
            raise BadAsk("watches.already_answered")
        watch.approved_by, watch.approved_at = lead, timezone.now()
        watch.next_at = timezone.now()
        watch.save(update_fields=["approved_by", "approved_at", "next_at"])
        chain.record(Action.APPROVE, actor=lead, subject=f"watch:{watch.pk}")
    return watch


def pause(watch: Watch, user: User) -> None:
    """Keeps it from searching until somebody resumes it."""
    _change(watch, user, "paused", is_on=False, next_at=None)


def resume(watch: Watch, user: User) -> None:
    """Lets a paused watch search again, now. Raises BadUse when it is over or nobody approved it."""
    if watch.approved_at is None or is_over(watch):
        raise BadAsk("watches.cannot_resume")
    _change(watch, user, "resumed", is_on=True, next_at=timezone.now())


def end(watch: Watch, user: User) -> None:
    """Ends it for good; for one that waits for approval, that is a refusal."""
    _change(watch, user, "ended", is_on=False, next_at=None, ends_on=timezone.localdate())


def is_over(watch: Watch) -> bool:
    """Whether its last day has passed or somebody ended it."""
    return watch.ends_on < timezone.localdate() or (not watch.is_on and watch.ends_on <= timezone.localdate())


def propose(watch: Watch) -> int:
    """Proposes the spellings of its keywords that nobody has answered yet; how many are new."""
    known = {variant.text for variant in watch.variants.all()} | set(watch.keywords)
    new: list[Variant] = []
    for text in watch.keywords:
        for proposed in variants.propose(text):
            if proposed.text not in known:
                known.add(proposed.text)
                variant = Variant(watch=watch, kind=proposed.kind)
                variant.text = proposed.text
                new.append(variant)
    Variant.objects.bulk_create(new)
    return len(new)


def answer(variant: Variant, user: User, *, is_wanted: bool) -> None:
    """Approves or rejects a spelling, also one that was answered before. Raises PermissionDenied."""
    with transaction.atomic():
        _locked(variant.watch, user, *SEARCHERS)
        state = VariantState.APPROVED if is_wanted else VariantState.REJECTED
        Variant.objects.filter(pk=variant.pk).update(state=state, decided_by=user, decided_at=timezone.now())
        chain.record(
            Action.APPROVE if is_wanted else Action.REFUSE,
            actor=user,
            subject=f"variant:{variant.pk}",
            facts={"kind": variant.kind, "watch": variant.watch_id},
        )


def drop(variant: Variant) -> None:
    """No longer searches for an approved spelling that leads to nothing; a person may approve it again."""
    with transaction.atomic():
        dropped = Variant.objects.filter(pk=variant.pk, state=VariantState.APPROVED)
        if dropped.update(state=VariantState.DROPPED, decided_at=timezone.now()):
            chain.record(Action.WATCH, actor=None, subject=f"variant:{variant.pk}", facts={"what": "dropped"})


def to_approve(lead: User) -> list[Watch]:
    """The watches that wait for this lead."""
    teams = visible.teams(lead, Role.LEAD)
    waiting = Watch.objects.filter(team__in=teams, approved_at=None, is_on=True, ends_on__gte=timezone.localdate())
    return list(waiting.select_related("team", "case", "asked_by").order_by("asked_at"))


def proposed_count(user: User) -> int:
    """How many spellings wait for an answer in watches that go on."""
    watched = visible.watches(user).filter(is_on=True, ends_on__gte=timezone.localdate())
    return Variant.objects.filter(watch__in=watched, state=VariantState.PROPOSED).count()


def ending(user: User) -> list[Watch]:
    """The watches that end within a week."""
    today = timezone.localdate()
    soon = visible.watches(user).filter(is_on=True, ends_on__range=(today, today + ENDS_SOON)).exclude(approved_at=None)
    return list(soon.order_by("ends_on"))


def ailing(user: User) -> list[Watch]:
    """The watches that should search and whose last sweeps all failed."""
    watched = list(visible.watches(user).filter(is_on=True, ends_on__gte=timezone.localdate()).exclude(approved_at=None))
    since = timezone.now() - LOOKED_BACK
    ended = Sweep.objects.filter(watch__in=watched, ended_at__gte=since).order_by("-ended_at").values_list("watch", "state")
    last: dict[str, list[str]] = {}
    for watch_id, state in ended:
        last.setdefault(str(watch_id), []).append(state)
    states = [(watch, last.get(watch.pk, [])[:FAILURES_SHOWN]) for watch in watched]
    return [watch for watch, told in states if told and all(state == SweepState.FAILED for state in told)]


def last_sweep(watch: Watch) -> Sweep | None:
    """Its newest sweep."""
    return watch.sweeps.order_by("-asked_at").first()


def is_night(moment: datetime) -> bool:
    """Whether it is night at the centre, by the hours it has set."""
    desk, hour = desk_config(), timezone.localtime(moment).hour
    if desk.night_from_hour <= desk.night_to_hour:
        return desk.night_from_hour <= hour < desk.night_to_hour
    return hour >= desk.night_from_hour or hour < desk.night_to_hour


def night_of(moment: datetime) -> date:
    """The day on whose evening this night began, or begins."""
    local = timezone.localtime(moment)
    return local.date() - timedelta(days=1) if local.time() < time(desk_config().night_to_hour) else local.date()


def on_call(team: Team, night: date) -> User | None:
    """Whom an urgent find of the team reaches that night; None: it waits till morning."""
    row = Night.objects.filter(team=team, night=night).select_related("person").first()
    return row.person if row else None


def set_on_call(lead: User, team: Team, night: date, person: User | None) -> None:
    """Puts somebody of the team on call for a night, or nobody. Raises PermissionDenied, BadUse for who is not of it."""
    if not lead.has_role(Role.LEAD, team=team):
        raise PermissionDenied
    if person is not None and not person.has_role(Role.REVIEWER, Role.LEAD, team=team):
        raise BadAsk("watches.not_of_team")
    with transaction.atomic():
        Night.objects.filter(team=team, night=night).delete()
        if person is not None:
            Night.objects.create(team=team, night=night, person=person)
        facts = {"what": "on_call", "is_set": person is not None}
        chain.record(Action.SETTING, actor=lead, subject=f"night:{team.pk}-{night.isoformat()}", facts=facts)


def reaches(user: User, team: Team, moment: datetime) -> bool:
    """Whether what is urgent in `team` is raised to `user` now: by day to everyone, at night to who is on call."""
    if not is_night(moment):
        return True
    called = on_call(team, night_of(moment))
    return called is not None and called.pk == user.pk


def _change(watch: Watch, user: User, what: str, **changes: object) -> None:
    with transaction.atomic():
        _locked(watch, user, *SEARCHERS)
        Watch.objects.filter(pk=watch.pk).update(**changes)
        chain.record(Action.WATCH, actor=user, subject=f"watch:{watch.pk}", facts={"what": what})


def _locked(watch: Watch, user: User, *roles: str) -> Watch:
    if not user.has_role(*roles, team=watch.team) or not visible.watches(user).filter(pk=watch.pk).exists():
        raise PermissionDenied
    return Watch.objects.select_for_update().get(Q(pk=watch.pk))
