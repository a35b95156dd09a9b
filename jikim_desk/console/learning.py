"""What decisions teach: examples, proposed weights beside those in use, and the switch, on and back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from jikim.assessing.rules import read
from jikim.errors import JikimError
from jikim_desk import words
from jikim_desk.accounts.models import Role
from jikim_desk.accounts.rights import allow
from jikim_desk.console.visitor import visitor
from jikim_desk.figures import learning, proposing
from jikim_desk.figures.models import Example, Label, Proposal

PROPOSALS_SHOWN = 5
MEASURED = ("order", "precision_at_20", "recall_at_5", "calibration_error", "surprise")


@allow(Role.LEAD)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The examples there are, the weights in use, and each proposal beside them."""
    learning.gather()
    problem = ""
    try:
        learning.take_in(learning.proposals_folder())
    except JikimError as error:
        problem = words.say(error.key, **error.params)
    now = learning.in_use()
    shown = {
        "problem": problem,
        "now": now,
        "is_shipped": learning.is_shipped(now),
        "examples": [(f"console.state.label.{label}", Example.objects.filter(label=label).count()) for label in Label],
        "proposals": [
            _shown(one, now)
            for one in Proposal.objects.filter(is_withdrawn=False)
            .exclude(pk=now.sha256)
            .order_by("-proposed_at")[:PROPOSALS_SHOWN]
        ],
        "has_before": Proposal.objects.exclude(switched_on_at=None).exists(),
    }
    return render(request, "console/learning.html", shown)


@allow(Role.LEAD)
@require_POST
def propose(request: HttpRequest) -> HttpResponse:
    """Learns from the decisions there are; what comes of it stands on the page and changes nothing."""
    try:
        _, lesson = proposing.propose(visitor(request))
        messages.success(request, words.say("console.learning.proposed", count=lesson.taught_on))
    except JikimError as error:
        messages.error(request, words.say(error.key, **error.params))
    return redirect("learning")


@allow(Role.LEAD)
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Switches a proposal on, or back to what was before."""
    lead = visitor(request)
    try:
        if request.POST.get("what") == "back":
            learning.switch_back(lead)
        else:
            learning.switch_on(lead, get_object_or_404(Proposal, pk=request.POST.get("proposal", "")))
        messages.success(request, words.say("console.learning.switched"))
    except JikimError as error:
        messages.error(request, words.say(error.key, **error.params))
    return redirect("learning")


def _figures(proposal: Proposal) -> list[dict[str, Any]]:
    """Each figure of the weights that were in use then and of those proposed, as text with its 95 % interval."""
    both = proposal.figures
    return [
        {
            "key": f"console.learning.{name}",
            "now": _figure(both["champion"][name], is_share=name not in ("order", "surprise")),
            "proposed": _figure(both["challenger"][name], is_share=name not in ("order", "surprise")),
        }
        for name in (MEASURED if both else ())
    ]


def _figure(figure: dict[str, float], *, is_share: bool) -> str:
    form = ".0%" if is_share else ".2f"
    return f"{figure['value']:{form}} ({figure['low']:{form}}~{figure['high']:{form}})"


def _shown(proposal: Proposal, now: Any) -> dict[str, Any]:
    proposed = read(proposal.toml.encode("utf-8"))
    return {
        "row": proposal,
        "differences": learning.differences(now, proposed),
        "figures": _figures(proposal),
        "effects": [(f"console.state.label.{one.label}", one) for one in learning.effects(now, proposed)],
    }


addresses = [
    path("learning/", page, name="learning"),
    path("learning/propose/", propose, name="learning_propose"),
    path("learning/switch/", switch, name="learning_switch"),
]
