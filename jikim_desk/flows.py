"""The only file that knows the job engine (DBOS): lanes, workflows, who works on what.

A sweep is one workflow of four steps: begin, search, look, end. Their arguments and results are ids and message keys only;
what is found goes to the rows, which are the finer checkpoints within a step, for each find and each of its stages: a step that
is repeated goes on from them (`sweeping`). What was found is looked at while the search goes on. The id of a job comes from its
sweep, so that it can be queued any number of times and runs once. Jobs carry the version of this file: a worker takes those of
its own version alone, and one of a newer version adopts what older ones left when they are gone.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from functools import cache, partial
from typing import TypeVar
from urllib.parse import quote

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, WorkflowStatus
from django.db import InterfaceError, OperationalError, close_old_connections, transaction
from django.utils import timezone

from jikim.errors import JikimError
from jikim_desk.accounts.models import User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.config import desk_config, jikim_config
from jikim_desk.faults import BadAsk
from jikim_desk.jobs import Job, JobState, progress
from jikim_desk.looking import Engine
from jikim_desk.records import liveness, runs
from jikim_desk.records.intake import ReportedLine, Said
from jikim_desk.records.models import Sweep, SweepKind, SweepState, Worker
from jikim_desk.review import news
from jikim_desk.review.models import News
from jikim_desk.sweeping import Errand

VERSION = 11
"""Of the steps below. A change that a running job would not survive makes it one more."""
APPLICATION = "jikim-desk"
INTERACTIVE, SWEEP = "interactive", "sweep"
AT_ONCE = {INTERACTIVE: 4, SWEEP: 1}
"""Jobs of each lane that one worker runs at once."""
POLL_S = {INTERACTIVE: 0.2, SWEEP: 1.0}
"""How often each lane is looked at: who waits is served at once, the 24-hour sweep costs little while nothing is due."""
NEVER_S = 3600.0
"""How often is looked for what we do not use: messages between jobs, and schedules of the engine's own."""
ROUND_S = 2.0
ATTEMPTS = 50
"""A job that took its worker with it so often is given up."""
PASSING = frozenset(
    {
        "state.locked",
        "state.disk_full",
        "state.disk_fault",
        "vault.disk_full",
        "vault.system",
        "vault.memory_full",
        "vault.store_unreachable",
        "vault.store_busy",
        "vault.keys_unreachable",
        "vault.keys_unsure",
        "flows.database",
    }
)

DATABASE_FAULTS = (OperationalError, InterfaceError)
PAUSES_S = (0.5, 2.0, 8.0)

T = TypeVar("T")

logger = logging.getLogger("jikim.desk.flows")


_STATUSES = {
    JobState.QUEUED: ("ENQUEUED", "DELAYED"),
    JobState.RUNNING: ("PENDING",),
    JobState.DONE: ("SUCCESS",),
    JobState.STOPPED: ("CANCELLED",),
    JobState.FAILED: ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"),
}
_STATES = {status: state for state, statuses in _STATUSES.items() for status in statuses}


def state_of(status: str) -> JobState:
    """The state of a job with this status of the engine's."""
    return _STATES[status]


class JobFailed(Exception):
    """A job could not be done. Holds a message key and nothing else."""


# What people and pages do.


def enqueue(sweep: Sweep) -> None:
    """Queues the work of a sweep once the transaction that made it has committed. Once is enough and twice is no more; what
    is forgotten here, or fails, is found by the workers within seconds."""
    transaction.on_commit(partial(enqueue_now, sweep.pk), robust=True)


def stop(sweep: Sweep, *, by: User | None = None) -> None:
    """Asks a sweep to stop: it ends within a second or two, what it found stays, its source health is kept."""
    with transaction.atomic():
        runs.stop(sweep.pk)
        chain.record(Action.STOP, actor=by, subject=f"sweep:{sweep.pk}")


def tell_reported(lines: Iterable[ReportedLine]) -> int:
    """Opens again what had been decided and has now been reported: to be called with what `report_addresses` said. How many."""
    return sum(news.came(line.candidate_id, News.REPORT) for line in lines if line.said is Said.KNOWN)


def jobs(state: JobState | None = None, *, limit: int = 100) -> list[Job]:
    """The jobs in one state, or all, the newest first."""
    statuses = list(_STATUSES[state]) if state else None
    found = client().list_workflows(
        name=_sweep_job_name, status=statuses, limit=limit, sort_desc=True, load_input=False, load_output=False
    )
    alive = set(Worker.objects.filter(is_dead=False).values_list("pk", flat=True))
    sweeps = Sweep.objects.in_bulk([_subject(one.workflow_id) for one in found])
    counts = progress(pk for pk, sweep in sweeps.items() if sweep.state == SweepState.RUNNING)
    return [_job(one, sweeps.get(_subject(one.workflow_id)), alive, counts) for one in found]


def run_again(job_id: str, *, by: User | None = None) -> None:
    """Queues a job anew that failed, was stopped, or is stuck; what it had found stays found. Raises BadAsk for one that no
    sweep belongs to."""
    sweep = Sweep.objects.filter(pk=_subject(job_id)).first()
    if sweep is None:
        raise BadAsk("flows.unknown_job")
    client().cancel_workflow(job_id)
    with transaction.atomic():
        enqueue(runs.anew(sweep.pk))
        chain.record(Action.SEARCH, actor=by, subject=f"sweep:{sweep.pk}", facts={"what": "again"})


def prepare() -> None:
    """Makes or migrates the engine's own tables; SQLite then writes ahead."""
    DBOS.migrate(_database_url())
    if not desk_config().database:
        with closing(sqlite3.connect(_sqlite_file())) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        os.chmod(_sqlite_file(), 0o600)


@cache
def client() -> DBOSClient:
    """The engine as those see it who only ask of it. The tables have to be there (`prepare`)."""
    return DBOSClient(
        system_database_url=_database_url(),
        serializer=DBOSPortableJSONSerializer(),
        application_name=APPLICATION,
        retry_connection_errors=False,
    )


# What a worker does.

_engine: Engine


def work(stopping: threading.Event, rounds: Callable[[str], Callable[[], None]]) -> None:
    """Works on jobs until `stopping` is set; then the process has to end. What it has in hand is gone on with where it stands,
    by the next one with its id or by another worker. `rounds`, given the worker's id, makes what is done besides every
    ROUND_S. Raises JikimError.
    """
    global _engine
    config = jikim_config()
    worker_id, _ = liveness.take_slot(config.home)
    liveness.start(worker_id, f"{VERSION}")
    _engine = Engine(config).__enter__()  # left only by the end of the process: jobs in hand are not waited for
    DBOS(config=_settings(worker_id))
    DBOS.logger.addFilter(_is_news)
    DBOS.launch()
    for lane, at_once in AT_ONCE.items():
        DBOS.register_queue(lane, worker_concurrency=at_once, polling_interval_sec=POLL_S[lane])
    go_round = rounds(worker_id)
    while not stopping.wait(ROUND_S):
        go_round()


@DBOS.step()
def begin(sweep_id: str) -> bool:
    """Marks the sweep as running; False where there is nothing to do. Raises JobFailed."""
    return _done(lambda: runs.begin(sweep_id))


@DBOS.step()
def search(sweep_id: str) -> list[str]:
    """Asks the places, and has what they name fetched and looked at meanwhile, until all have answered. `running`, or the state
    it ended in and why it failed."""
    return _stage(sweep_id, Errand.search, SweepState.RUNNING)


@DBOS.step()
def look(sweep_id: str) -> list[str]:
    """Fetches, analyzes and assesses what is left. The state it ended in and why it failed."""
    return _stage(sweep_id, Errand.look, SweepState.DONE)


@DBOS.step()
def end(sweep_id: str, state: str, error_key: str) -> None:
    """Marks the sweep as ended. Raises JobFailed."""
    _done(lambda: runs.end(sweep_id, SweepState(state), error_key))


@DBOS.workflow(name="sweep", max_recovery_attempts=ATTEMPTS)
def sweep_job(sweep_id: str) -> str:
    """The whole work of one sweep; the state it ended in. Raises JobFailed."""
    if not begin(sweep_id):
        return ""
    try:
        state, error_key = search(sweep_id)
        if state == SweepState.RUNNING:
            state, error_key = look(sweep_id)
    finally:
        _leave()
    end(sweep_id, state, error_key)
    if error_key:
        raise JobFailed(error_key)
    return state


_errands: dict[str, Errand] = {}
"""What the jobs of this process are at, from one step to the next. A step that is the first here goes on from the rows."""


def _stage(sweep_id: str, stage: Callable[[Errand], bool], whole: SweepState) -> list[str]:
    def once() -> bool:
        job_id = DBOS.workflow_id or ""
        try:
            if job_id not in _errands:
                _errands[job_id] = Errand(_engine, Sweep.objects.get(pk=sweep_id)).__enter__()
            return stage(_errands[job_id])
        except BaseException:
            _leave()
            raise

    try:
        return [(whole if _done(once) else SweepState.STOPPED).value, ""]
    except JobFailed as failed:
        return [SweepState.FAILED.value, str(failed)]


def _leave() -> None:
    errand = _errands.pop(DBOS.workflow_id or "", None)
    if errand is not None:
        errand.__exit__(None, None, None)


def _done(step: Callable[[], T]) -> T:
    """The result of a step; what passes by itself is waited for. Raises JobFailed, which holds a message key and no more: the
    engine writes errors down as they are."""
    for pause_s in (*PAUSES_S, None):
        close_old_connections()
        try:
            return step()
        except (JikimError, *DATABASE_FAULTS) as error:
            key = error.key if isinstance(error, JikimError) else "flows.database"
            if key not in PASSING or pause_s is None:
                raise JobFailed(key) from None
            logger.warning("flows: %s; trying again in %s s", key, pause_s)
            time.sleep(pause_s)
        except Exception as error:  # noqa: BLE001 - our own fault ends this job alone; where is said, never with whose words
            where = traceback.extract_tb(error.__traceback__)[-1]
            logger.error("flows: %s at %s:%s", type(error).__name__, os.path.basename(where.filename), where.lineno)
            raise JobFailed("flows.fault") from None
    raise AssertionError("the last pause is None")


_sweep_job_name = "sweep"


def enqueue_now(sweep_id: str) -> None:
    """Queues the work of a sweep that is on record; twice is no more than once."""
    sweep = Sweep.objects.get(pk=sweep_id)
    if sweep.state not in runs.LIVING:
        return
    client().enqueue(
        {
            "workflow_name": _sweep_job_name,
            "queue_name": SWEEP if sweep.kind == SweepKind.WATCH else INTERACTIVE,
            "workflow_id": job_id(sweep, VERSION),
            "app_version": f"{VERSION}",
        },
        sweep.pk,
    )
    Sweep.objects.filter(pk=sweep.pk, run=sweep.run).update(flow_version=VERSION)


def job_id(sweep: Sweep, version: int) -> str:
    """The id of the job that does a sweep's work."""
    return f"sweep-{sweep.pk}-{sweep.run}-{version}"


def _subject(job_id: str) -> str:
    return job_id.split("-")[1] if job_id.count("-") == 3 else ""


def _job(
    status: WorkflowStatus, sweep: Sweep | None, alive: Collection[str | None], counts: Mapping[str, tuple[int, int]]
) -> Job:
    state = _STATES[status.status]
    finds, looked_at = counts.get(sweep.pk, (0, 0)) if sweep else (0, 0)
    is_gone = state is JobState.RUNNING and status.executor_id not in alive
    return Job(
        id=status.workflow_id,
        lane=status.queue_name or "",
        subject=_subject(status.workflow_id),
        state=state,
        stage=sweep.stage if sweep and state is JobState.RUNNING else "",
        finds=finds,
        looked_at=looked_at,
        error=(sweep.error_key or "flows.given_up") if sweep and state is JobState.FAILED else "",
        worker=status.executor_id or "",
        is_stuck=is_gone or (state is JobState.QUEUED and status.app_version != f"{VERSION}"),
        attempts=status.recovery_attempts or 0,
        queued_at=_instant(status.created_at) or timezone.now(),
        started_at=_instant(status.dequeued_at),
        ended_at=_instant(status.completed_at),
    )


def _instant(epoch_ms: int | None) -> datetime | None:
    return None if epoch_ms is None else datetime.fromtimestamp(epoch_ms / 1000, UTC)


def _settings(worker_id: str) -> DBOSConfig:
    return {
        "name": APPLICATION,
        "system_database_url": _database_url(),
        "serializer": DBOSPortableJSONSerializer(),
        "application_version": f"{VERSION}",
        "executor_id": worker_id,
        "log_level": "ERROR",
        "run_migrations": True,
        "notification_listener_polling_interval_sec": NEVER_S,
        "scheduler_polling_interval_sec": NEVER_S,
    }


def _is_news(said: logging.LogRecord) -> bool:
    """Whether the engine says more than that a job failed, which is on record and was said before."""
    return not (said.exc_info and isinstance(said.exc_info[1], JobFailed))


def _sqlite_file() -> str:
    return str(jikim_config().home / "desk-jobs.sqlite")


def _database_url() -> str:
    """The engine's tables stand in their own schema of the desk's PostgreSQL, or in a file of their own."""
    return desk_config().database or f"sqlite:///{quote(_sqlite_file())}"
