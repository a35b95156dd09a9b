"""Pieces of durable work as people see them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Count, Q

from jikim_desk.records.models import Candidate, CandidateState


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of durable work as people see it. `lane` is interactive or sweep; `subject` is the id of its sweep; `error` is
    a message key, empty unless it failed; `worker` is who has it in hand, `is_stuck` that this one is gone. While it runs,
    `stage` is search or look (empty else), `finds` counts what was found so far and `looked_at` those of it that are done."""

    id: str
    lane: str
    subject: str
    state: JobState
    stage: str
    finds: int
    looked_at: int
    error: str
    worker: str
    is_stuck: bool
    attempts: int
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


def progress(sweeps: Iterable[str]) -> dict[str, tuple[int, int]]:
    """How much each sweep has found first, and looked at to the end."""
    done = Count("pk", filter=~Q(state=CandidateState.LOOKING))
    of_each = Candidate.objects.filter(found_by__in=list(sweeps)).order_by().values_list("found_by")
    return {sweep: (found, looked_at) for sweep, found, looked_at in of_each.annotate(found=Count("pk"), looked_at=done)}
