"""The durable work as people see it: what is stuck or failed stands first, and can be run again."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from jikim.errors import JikimError
from jikim_desk import flows, words
from jikim_desk.accounts.models import Role
from jikim_desk.accounts.rights import allow
from jikim_desk.console.telling import told
from jikim_desk.console.visitor import visitor
from jikim_desk.jobs import JobState
from jikim_desk.records import visible
from jikim_desk.records.models import Worker

SHOWN = 100


@allow(Role.LEAD, Role.ADMINISTRATOR)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The jobs, and the processes that work on them."""
    asked = request.GET.get("state", "")
    state = JobState(asked) if asked in JobState._value2member_map_ else None
    order = {JobState.FAILED: 0, JobState.RUNNING: 1, JobState.QUEUED: 2}
    found = sorted(flows.jobs(state, limit=SHOWN), key=lambda job: order.get(job.state, 3))
    mine = set(visible.sweeps(visitor(request)).filter(pk__in=[job.subject for job in found]).values_list("pk", flat=True))
    shown = {
        "jobs": [(job, told(job.error), job.subject in mine) for job in found],
        "states": list(JobState),
        "asked": asked,
        "workers": Worker.objects.order_by("is_dead", "id"),
        "now": timezone.now(),
    }
    return render(request, "console/jobs.html", shown)


@allow(Role.LEAD, Role.ADMINISTRATOR)
@require_POST
def run_again(request: HttpRequest) -> HttpResponse:
    """Queues a job anew."""
    try:
        flows.run_again(request.POST.get("job", ""), by=visitor(request))
        messages.success(request, words.say("console.jobs.queued_again"))
    except JikimError as error:
        messages.error(request, words.say(error.key, **error.params))
    return redirect("jobs")


addresses = [
    path("jobs/", page, name="jobs"),
    path("jobs/run-again/", run_again, name="run_again"),
]
