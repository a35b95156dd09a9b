"""Plots where people would rather look than read: time per stage, how long finds stay after a notice, what watches bring, and
for leads how far the score holds."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from jikim_desk import words
from jikim_desk.accounts.models import Role, Team
from jikim_desk.accounts.rights import allow
from jikim_desk.console import removal_figures
from jikim_desk.console.templatetags.desk import lasting
from jikim_desk.console.visitor import visitor
from jikim_desk.figures import plots, stages, yields
from jikim_desk.records import visible
from jikim_desk.records.models import Watch

DAYS = 30
WATCHES_SHOWN = 20


@allow(Role.LEAD, Role.AUDITOR)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The figures of the teams one leads; an auditor's are of all teams, without calibration and keywords."""
    user = visitor(request)
    led = list(visible.teams(user, Role.LEAD).values_list("pk", flat=True))
    teams = led or list(Team.objects.values_list("pk", flat=True))
    decided = stages.outcomes(teams)
    found = stages.stages(teams, decided, DAYS)
    spans = [
        (words.say(f"console.state.stage.{one.name}"), one.low_s, one.middle_s, one.high_s, lasting(one.middle_s))
        for one in found
    ]
    shown = {
        "days": DAYS,
        "stages": found,
        "stage_plot": plots.spans(spans, title=words.say("console.figures.stages")) if found else "",
        "is_lead": bool(led),
        **removal_figures.of(teams),
    }
    if led:
        points = stages.calibration(decided)
        watched = list(visible.watches(user).filter(team__in=led).order_by("-asked_at")[:WATCHES_SHOWN])
        shown |= {
            "bins": points,
            "calibration_plot": plots.calibration(
                [(one.expected, one.observed, one.low, one.high, one.count) for one in points],
                title=words.say("console.figures.calibration"),
            )
            if points
            else "",
            "watches": _yields(watched),
        }
    return render(request, "console/figures.html", shown)


def _yields(watched: list[Watch]) -> list[dict[str, object]]:
    by_day = yields.by_day([watch.pk for watch in watched], DAYS)
    rows = []
    for watch in watched:
        counts = [day.new for day in by_day[watch.pk]]
        title = words.say("console.watch.plot", days=DAYS, count=sum(counts))
        rows.append(
            {
                "watch": watch,
                "what": ", ".join(watch.keywords),
                "spark": plots.spark(counts, title=title),
                "new": sum(counts),
                "sweeps": sum(day.sweeps for day in by_day[watch.pk]),
            }
        )
    return rows


addresses = [path("figures/", page, name="figures")]
