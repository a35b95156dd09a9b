"""Watches: the list, one watch with its yield, health and spellings, and who is on call at night."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jikim.commands.places import set_up
from jikim.errors import JikimError
from jikim_desk import words
from jikim_desk.accounts.models import Role, Team, User
from jikim_desk.accounts.rights import allow
from jikim_desk.config import desk_config, jikim_config
from jikim_desk.console import lists
from jikim_desk.console.lists import Column
from jikim_desk.console.telling import told
from jikim_desk.console.visitor import visitor
from jikim_desk.faults import BadAsk
from jikim_desk.figures import plots, yields
from jikim_desk.records import visible, watches
from jikim_desk.records.models import Variant, VariantState, Watch

SEARCHERS = (Role.REVIEWER, Role.COUNSELLOR, Role.LEAD)
DAYS_PLOTTED = 30
NIGHTS_SHOWN = 14
EVERY = (10, 30, 60, 180, 360, 720, 1440)

COLUMNS = (
    Column("console.column.what"),
    Column("console.column.state"),
    Column("console.column.next_at"),
    Column("console.column.ends_on", "ends_on"),
    Column("console.column.yield_30"),
    Column("console.column.case"),
    Column("console.column.asked_at", "asked_at"),
)


@allow(*SEARCHERS)
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """The watches one may see; those that go on unless the address asks for all."""
    rows = visible.watches(visitor(request)).select_related("case")
    if request.GET.get("which") != "all":
        rows = rows.filter(ends_on__gte=timezone.localdate())
    page = lists.page(request, rows, COLUMNS, "-asked_at")
    by_day = yields.by_day([watch.pk for watch in page.rows], DAYS_PLOTTED)
    shown = {
        "page": page,
        "rows": [(watch, ", ".join(watch.keywords), _state(watch), _spark(by_day[watch.pk])) for watch in page.rows],
        "asked": request.GET,
    }
    return render(request, "console/watches.html", shown)


@allow(*SEARCHERS)
@require_GET
def page(request: HttpRequest, watch_id: str) -> HttpResponse:
    """One watch."""
    watch = _watch(request, watch_id)
    days = yields.by_day([watch.pk], DAYS_PLOTTED)[watch.pk]
    last = watches.last_sweep(watch)
    spelled = yields.by_spelling(watch)
    variants = list(watch.variants.order_by("kind", "pk"))
    shown = {
        "watch": watch,
        "keywords": watch.keywords,
        "state": _state(watch),
        "plot": plots.bars(
            [(day.day, day.new) for day in days],
            title=words.say("console.watch.plot", days=DAYS_PLOTTED, count=sum(day.new for day in days)),
        ),
        "days": [day for day in days if day.sweeps],
        "last": last,
        "places": [(name, answer, _told(answer)) for name, answer in sorted(last.health.items())] if last else [],
        "proposed": [one for one in variants if one.state == VariantState.PROPOSED],
        "answered": [(one, spelled.get(one.text)) for one in variants if one.state != VariantState.PROPOSED],
        "own": [(text, spelled.get(text)) for text in watch.keywords],
        "is_over": watches.is_over(watch),
        "may_approve": watch.approved_at is None and visitor(request).has_role(Role.LEAD, team=watch.team),
    }
    return render(request, "console/watch.html", shown)


@allow(*SEARCHERS)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Asks for a watch."""
    user = visitor(request)
    problem = ""
    if request.method == "POST":
        try:
            return redirect("watch", _asked(request, user).pk)
        except JikimError as error:
            problem = words.say(error.key, **error.params)
    shown: dict[str, Any] = {
        "problem": problem,
        "asked": request.POST,
        "chosen": request.POST.getlist("place"),
        "teams": visible.teams(user),
        "cases": visible.cases(user).order_by("-opened_at")[:200],
        "places": sorted(set_up(jikim_config())) or ["practice"],
        "every": EVERY,
        "today": timezone.localdate().isoformat(),
        "ends_on": (timezone.localdate() + timedelta(days=90)).isoformat(),
        "is_lead": user.has_role(Role.LEAD),
    }
    return render(request, "console/watch_new.html", shown, status=400 if problem else 200)


@allow(*SEARCHERS)
@require_POST
def change(request: HttpRequest, watch_id: str) -> HttpResponse:
    """Pauses, resumes or ends it, or proposes more spellings."""
    watch, user = _watch(request, watch_id), visitor(request)
    try:
        match request.POST.get("what"):
            case "pause":
                watches.pause(watch, user)
            case "resume":
                watches.resume(watch, user)
            case "end":
                watches.end(watch, user)
            case "propose":
                messages.info(request, words.say("console.watch.proposed", count=watches.propose(watch)))
            case _:
                raise Http404
    except JikimError as error:
        messages.error(request, words.say(error.key, **error.params))
    return redirect("watch", watch.pk)


@allow(*SEARCHERS)
@require_POST
def answer(request: HttpRequest, watch_id: str) -> HttpResponse:
    """Approves or rejects spellings: the one whose button was pressed, or all that are ticked."""
    watch, user = _watch(request, watch_id), visitor(request)
    chosen = request.POST.getlist("variant")
    if one := request.POST.get("one"):
        answer_, _, chosen_one = one.partition(":")
        chosen = [chosen_one]
    else:
        answer_ = request.POST.get("answer", "")
    for variant in Variant.objects.filter(watch=watch, pk__in=chosen):
        watches.answer(variant, user, is_wanted=answer_ == "approve")
    return redirect("watch", watch.pk)


@allow(Role.REVIEWER, Role.LEAD)
@require_http_methods(["GET", "POST"])
def nights(request: HttpRequest) -> HttpResponse:
    """Who is on call at night: everyone sees it, a lead sets it."""
    user = visitor(request)
    if request.method == "POST":
        try:
            _set_nights(request, user)
            messages.success(request, words.say("console.nights.saved"))
        except JikimError as error:
            messages.error(request, words.say(error.key, **error.params))
        return redirect("nights")
    first = watches.night_of(timezone.now())
    days = [first + timedelta(days=number) for number in range(NIGHTS_SHOWN)]
    teams = [
        {
            "team": team,
            "is_led": user.has_role(Role.LEAD, team=team),
            "people": _reviewers(team),
            "nights": [(day, watches.on_call(team, day)) for day in days],
        }
        for team in visible.teams(user, Role.REVIEWER, Role.LEAD)
    ]
    desk = desk_config()
    shown = {"teams": teams, "from_hour": desk.night_from_hour, "to_hour": desk.night_to_hour}
    return render(request, "console/nights.html", shown)


def _told(answer: dict[str, Any]) -> str:
    return told(answer.get("error") or "", field=answer.get("field") or "")


def _asked(request: HttpRequest, user: User) -> Watch:
    number, chosen = request.POST.get("case", "").strip(), request.POST.get("team", "")
    teams = visible.teams(user)
    team = teams.filter(pk=chosen).first() if chosen.isdigit() else teams.order_by("pk").first()
    if team is None:
        raise BadAsk("console.search.no_such_team")
    case = visible.cases(user).filter(number=number, team=team).first() if number else None
    if number and case is None:
        raise BadAsk("console.search.no_such_case")
    every = request.POST.get("every", "")
    return watches.ask(
        user,
        request.POST.get("keywords", "").splitlines(),
        request.POST.getlist("place"),
        every_minutes=int(every) if every.isdecimal() and len(every) < 7 else 0,
        ends_on=_day(request.POST.get("ends_on", "")) or date.min,
        team=team,
        case=case,
    )


def _set_nights(request: HttpRequest, user: User) -> None:
    team = get_object_or_404(visible.teams(user, Role.LEAD), pk=request.POST.get("team"))
    people = {str(person.pk): person for person in _reviewers(team)}
    for name in request.POST:
        night = _day(name.removeprefix("night-")) if name.startswith("night-") else None
        if night is None:
            continue
        person = people.get(request.POST.get(name, ""))
        if watches.on_call(team, night) != person:
            watches.set_on_call(user, team, night, person)


def _reviewers(team: Team) -> list[User]:
    held = User.objects.filter(is_active=True, grants__team=team, grants__role__in=(Role.REVIEWER, Role.LEAD))
    return list(held.distinct().order_by("username"))


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _watch(request: HttpRequest, watch_id: str) -> Watch:
    return get_object_or_404(visible.watches(visitor(request)).select_related("team", "case", "asked_by"), pk=watch_id)


def _state(watch: Watch) -> str:
    if watches.is_over(watch):
        return "over"
    if watch.approved_at is None:
        return "waiting"
    return "on" if watch.is_on else "paused"


def _spark(days: list[yields.Day]) -> str:
    counts = [day.new for day in days]
    return plots.spark(counts, title=words.say("console.watch.plot", days=len(days), count=sum(counts)))


addresses = [
    path("watches/", listed, name="watches"),
    path("watches/new/", new, name="watch_new"),
    path("watches/nights/", nights, name="nights"),
    path("watches/<slug:watch_id>/", page, name="watch"),
    path("watches/<slug:watch_id>/change/", change, name="watch_change"),
    path("watches/<slug:watch_id>/spellings/", answer, name="watch_spellings"),
]
