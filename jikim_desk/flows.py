"""The only file that knows the job engine (DBOS): lanes, schedules, workflows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from jikim_desk.records.models import Sweep


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of durable work as people see it. `lane` is interactive or sweep; `subject` is the id of its sweep; `error` is
    a message key, empty unless it failed; `worker` is who has it in hand."""

    id: str
    lane: str
    subject: str
    state: JobState
    error: str
    worker: str
    attempts: int
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


def enqueue(sweep: Sweep) -> None:
    """Queues the work of a sweep once the transaction that made it has committed. Once is enough and twice is no more; what
    is forgotten here is found by the workers within seconds."""
    raise NotImplementedError


def stop(sweep: Sweep) -> None:
    """Asks a sweep to stop: it ends within a second or two, what it found stays, its source health is kept."""
    raise NotImplementedError


def jobs(state: JobState | None = None, *, limit: int = 100) -> list[Job]:
    """The jobs in one state, or all, the newest first."""
    raise NotImplementedError


def run_again(job_id: str) -> None:
    """Queues a job anew that failed, was stopped, or is stuck; what it had found stays found."""
    raise NotImplementedError
