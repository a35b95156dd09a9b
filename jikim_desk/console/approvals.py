"""What waits for a lead: sweeps and watches that name no case, urgent ones that ran already, and proposed spellings."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from jikim.errors import JikimError
from jikim_desk import flows, words
from jikim_desk.accounts.models import Role
from jikim_desk.accounts.rights import allow
from jikim_desk.console.sweeps import what
from jikim_desk.console.visitor import visitor
from jikim_desk.records import intake, visible, watches
from jikim_desk.records.models import SweepState, VariantState, Watch


@allow(Role.LEAD)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Everything that waits for this lead."""
    lead = visitor(request)
    proposed = visible.watches(lead).filter(variants__state=VariantState.PROPOSED, is_on=True).distinct()
    shown = {
        "sweeps": [(sweep, what(sweep)) for sweep in intake.to_approve(lead)],
        "watches": [(watch, ", ".join(watch.keywords)) for watch in watches.to_approve(lead)],
        "proposed": [(watch, ", ".join(watch.keywords)) for watch in proposed],
    }
    return render(request, "console/approvals.html", shown)


@allow(Role.LEAD)
@require_POST
def answer_sweep(request: HttpRequest, sweep_id: str) -> HttpResponse:
    """Approves or refuses a sweep."""
    lead = visitor(request)
    sweep = get_object_or_404(visible.sweeps(lead), pk=sweep_id)
    try:
        with transaction.atomic():
            if request.POST.get("answer") == "approve":
                sweep = intake.approve(sweep, lead)
                if sweep.state == SweepState.QUEUED:
                    flows.enqueue(sweep)
            else:
                intake.refuse(sweep, lead)
        messages.success(request, words.say("console.approvals.done"))
    except JikimError as error:
        messages.error(request, words.say(error.key, **error.params))
    return redirect("approvals")


@allow(Role.LEAD)
@require_POST
def answer_watch(request: HttpRequest, watch_id: str) -> HttpResponse:
    """Lets a watch begin, or ends it before it does."""
    lead = visitor(request)
    watch = get_object_or_404(Watch.objects.filter(pk__in=[one.pk for one in watches.to_approve(lead)]), pk=watch_id)
    try:
        if request.POST.get("answer") == "approve":
            watches.approve(watch, lead)
        else:
            watches.end(watch, lead)
        messages.success(request, words.say("console.approvals.done"))
    except JikimError as error:
        messages.error(request, words.say(error.key, **error.params))
    return redirect("approvals")


addresses = [
    path("approvals/", page, name="approvals"),
    path("approvals/sweeps/<slug:sweep_id>/", answer_sweep, name="answer_sweep"),
    path("approvals/watches/<slug:watch_id>/", answer_watch, name="answer_watch"),
]
