"""What a worker looks after besides its jobs: its own heart, other workers, watches that are due, what nobody has in hand; and,
in threads of their own, what may have to wait for others' servers.
"""

from __future__ import annotations

import logging
import os
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.db import DatabaseError, close_old_connections
from django.utils import timezone
from sqlalchemy.exc import DBAPIError

from jikim_desk import flows, rota
from jikim_desk.accounts import upkeep
from jikim_desk.config import jikim_config
from jikim_desk.figures import yields
from jikim_desk.jobs import JobState
from jikim_desk.notices import rounds as removal
from jikim_desk.notices.inbox import taking as inbox
from jikim_desk.records import liveness, runs
from jikim_desk.records.models import Sweep, SweepState, Worker

FORGOTTEN_AFTER = timedelta(seconds=2)
LOST_AFTER = timedelta(seconds=30)
LOOKED_AFTER_MAX = 200
KEPT_FOR = timedelta(days=60)
FORGETS_EVERY, FORGOTTEN_MAX = 300, 500
"""Rounds between two clearings of jobs that ended long ago (their sweeps stay), and how many go at once."""

logger = logging.getLogger("jikim.desk.rounds")


@dataclass(frozen=True, slots=True)
class Errand:
    """What waits for others' servers and so goes in threads of its own, every `every_s`: the heart beats on meanwhile."""

    name: str
    go: Callable[[], object]
    every_s: float
    threads: int = 1


OUTSIDE = (
    Errand("rota", lambda: rota.call(timezone.now()), 10.0),
    Errand("removal", removal.write, 3.0),
    Errand("inbox", lambda: inbox.take_due(timezone.now()), 10.0),
    Errand("recheck", removal.look, 3.0, threads=4),
    Errand("reports", removal.report, 2.0),
    Errand("lookups", removal.find_out, 5.0),
    Errand("reuploads", removal.guard, 3.0),
)


def begin_outside(stopping: threading.Event) -> None:
    """Begins every errand; their threads end when `stopping` is set."""
    for errand in OUTSIDE:
        for _ in range(errand.threads):
            threading.Thread(target=_repeat, args=(errand, stopping), name=errand.name, daemon=True).start()


class Rounds:
    """What one worker looks after besides its jobs, round after round. Everything in it may be done by several at once."""

    def __init__(self, worker_id: str) -> None:
        self._worker_id = worker_id
        self._vigil = liveness.Vigil(worker_id)
        self._beats = 0

    def go(self) -> None:
        """One round. A database that is busy or full is met again in the next."""
        try:
            close_old_connections()
            self._beats += 1
            if not liveness.beat(self._worker_id, self._beats):
                liveness.start(self._worker_id, f"{flows.VERSION}")
            for watch in runs.due(timezone.now()):
                yields.drop_poor(watch)
                sweep = runs.start(watch, timezone.now())
                if sweep is not None:
                    flows.enqueue_now(sweep.pk)
            for sweep_id in _forgotten():
                flows.enqueue_now(sweep_id)
            for other, last in self._vigil.silent():
                liveness.bury(other, partial(_hand_on, other), last=last)
            if self._beats % 5 == 1:
                runs.mend(timezone.now())
                _adopt_older()
                _look_after_lost()
            if self._beats % FORGETS_EVERY == 1:
                _forget_old_jobs()
                upkeep.keep(jikim_config().home)
        except (*flows.DATABASE_FAULTS, DBAPIError) as error:
            logger.warning("flows: the database did not take it: %s", type(error).__name__)


def _repeat(errand: Errand, stopping: threading.Event) -> None:
    """A database that is busy or full is met again the next time; so is a fault of our own, which must not end the errand."""
    while not stopping.wait(errand.every_s):
        try:
            close_old_connections()
            errand.go()
        except (*flows.DATABASE_FAULTS, DatabaseError, DBAPIError) as error:
            logger.warning("%s: the database did not take it: %s", errand.name, type(error).__name__)
        except Exception as error:  # noqa: BLE001 - where is said, never with whose words
            where = traceback.extract_tb(error.__traceback__)[-1]
            logger.error("%s: %s at %s:%s", errand.name, type(error).__name__, os.path.basename(where.filename), where.lineno)


def _forgotten() -> list[str]:
    """Sweeps that nobody queued: whoever made them was killed between the commit and the queue."""
    waiting = Sweep.objects.filter(state=SweepState.QUEUED, flow_version=0, asked_at__lt=timezone.now() - FORGOTTEN_AFTER)
    return list(waiting.order_by("asked_at").values_list("pk", flat=True)[:LOOKED_AFTER_MAX])


def _adopt_older() -> None:
    """Queues anew what was left for an older version of this file, once no worker of that version is alive."""
    living = {int(version) for version in Worker.objects.filter(is_dead=False).values_list("version", flat=True)}
    left = Sweep.objects.filter(state__in=runs.LIVING, flow_version__gt=0, flow_version__lt=flows.VERSION)
    for sweep in left.exclude(flow_version__in=living)[:LOOKED_AFTER_MAX]:
        flows.client().cancel_workflow(flows.job_id(sweep, sweep.flow_version))
        flows.enqueue_now(sweep.pk)


def _look_after_lost() -> None:
    """A sweep that counts as under way although its job is gone or has ended: queued again, or said to have failed."""
    old = timezone.now() - LOST_AFTER
    running = Sweep.objects.filter(state__in=runs.LIVING, flow_version=flows.VERSION, asked_at__lt=old).order_by("asked_at")
    sweeps = {flows.job_id(sweep, flows.VERSION): sweep for sweep in running[:LOOKED_AFTER_MAX]}
    if not sweeps:
        return
    known = flows.client().list_workflows(workflow_ids=list(sweeps), load_input=False, load_output=False)
    statuses = {one.workflow_id: one.status for one in known}
    for job_id, sweep in sweeps.items():
        status = statuses.get(job_id)
        if status is None:
            flows.enqueue_now(sweep.pk)
        elif flows.state_of(status) in (JobState.FAILED, JobState.STOPPED):
            runs.end(sweep.pk, SweepState.FAILED, "flows.given_up")


def _forget_old_jobs() -> None:
    before = (timezone.now() - KEPT_FOR).isoformat()
    old = flows.client().list_workflows(completed_before=before, limit=FORGOTTEN_MAX, load_input=False, load_output=False)
    if old:
        flows.client().delete_workflows([one.workflow_id for one in old])


def _hand_on(worker_id: str) -> None:
    """Puts back what a worker had in hand, each job to its own lane."""
    left = flows.client().list_workflows(executor_id=worker_id, status="PENDING", load_input=False, load_output=False)
    for lane in {one.queue_name for one in left}:
        flows.client().resume_workflows([one.workflow_id for one in left if one.queue_name == lane], queue_name=lane)
