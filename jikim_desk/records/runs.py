"""The life of a sweep: queued, running, ended; and of a watch: due, skipped, over."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256

from django.db import transaction
from django.utils import timezone

from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.faults import BadAsk
from jikim_desk.records.models import Sweep, SweepKind, SweepStage, SweepState, VariantState, Watch

LIVING = (SweepState.QUEUED, SweepState.RUNNING)


def begin(sweep_id: str) -> bool:
    """Marks a sweep as running; False where there is nothing to do: it ended, or was stopped before it began."""
    with transaction.atomic():
        sweep = Sweep.objects.select_for_update().get(pk=sweep_id)
        if sweep.state not in LIVING:
            return False
        if sweep.is_stopping and sweep.state == SweepState.QUEUED:
            _end(sweep, SweepState.STOPPED)
            return False
        sweep.state, sweep.started_at = SweepState.RUNNING, sweep.started_at or timezone.now()
        sweep.stage = sweep.stage or SweepStage.SEARCH
        sweep.save(update_fields=["state", "started_at", "stage"])
        return True


def looks(sweep_id: str) -> None:
    """Says that all places have answered a running sweep, or are late: what is left is to look."""
    Sweep.objects.filter(pk=sweep_id, state=SweepState.RUNNING).update(stage=SweepStage.LOOK)


def end(sweep_id: str, state: SweepState, error_key: str = "") -> None:
    """Marks a sweep as ended. One that has ended stays as it is."""
    with transaction.atomic():
        sweep = Sweep.objects.select_for_update().get(pk=sweep_id)
        if sweep.state in LIVING:
            _end(sweep, state, error_key)


def stop(sweep_id: str) -> None:
    """Asks a sweep to stop; one that has not begun never begins."""
    with transaction.atomic():
        sweep = Sweep.objects.select_for_update().get(pk=sweep_id)
        if sweep.state in (SweepState.QUEUED, SweepState.WAITING):
            _end(sweep, SweepState.STOPPED)
        elif sweep.state == SweepState.RUNNING:
            sweep.is_stopping = True
            sweep.save(update_fields=["is_stopping"])


def anew(sweep_id: str) -> Sweep:
    """Queues a sweep once more; what it found stays. Raises BadAsk while a lead has not approved it."""
    with transaction.atomic():
        sweep = Sweep.objects.select_for_update().get(pk=sweep_id)
        if sweep.state in (SweepState.WAITING, SweepState.REFUSED):
            raise BadAsk("records.not_approved")
        sweep.state, sweep.run, sweep.flow_version = SweepState.QUEUED, sweep.run + 1, 0
        sweep.is_stopping, sweep.error_key, sweep.ended_at = False, "", None
        sweep.stage, sweep.answered = SweepStage.NONE, {}
        sweep.save(update_fields=["state", "run", "flow_version", "is_stopping", "error_key", "ended_at", "stage", "answered"])
    return sweep


def due(now: datetime) -> list[str]:
    """The watches whose time has come."""
    waiting = Watch.objects.filter(is_on=True, approved_at__isnull=False, next_at__lte=now)
    return list(waiting.order_by("next_at").values_list("pk", flat=True))


def start(watch_id: str, now: datetime) -> Sweep | None:
    """The next sweep of a watch that is due, its id from the watch and the time it was due, so that two who try make one. None
    when others were faster, when its last sweep is still running (it is skipped), and when its end has come."""
    with transaction.atomic():
        watch = Watch.objects.select_for_update().get(pk=watch_id)
        due_at = watch.next_at
        if not watch.is_on or watch.approved_at is None or due_at is None or due_at > now:
            return None
        is_over = timezone.localdate(now) > watch.ends_on
        is_running = watch.sweeps.filter(state__in=LIVING).exists()
        watch.next_at = None if is_over else now + timedelta(minutes=watch.every_minutes)
        watch.skipped += is_running and not is_over
        watch.save(update_fields=["next_at", "skipped"])
        if is_over or is_running:
            return None
        sweep = Sweep(
            id=sha256(f"{watch.pk}\0{due_at.isoformat()}".encode()).hexdigest()[:32],
            kind=SweepKind.WATCH,
            places=watch.places,
            team_id=watch.team_id,
            case_id=watch.case_id,
            watch=watch,
            asked_by_id=watch.asked_by_id,
            approved_by_id=watch.approved_by_id,
            approved_at=watch.approved_at,
        )
        variants = watch.variants.filter(state=VariantState.APPROVED).order_by("pk")
        sweep.keywords = list(dict.fromkeys([*watch.keywords, *(variant.text for variant in variants)]))
        sweep.save(force_insert=True)
        chain.record(
            Action.SEARCH, actor=None, subject=f"sweep:{sweep.pk}", facts={"kind": "watch", "keywords": sweep.keywords}
        )
    return sweep


def mend(now: datetime) -> int:
    """Brings watches back whose next time lies further ahead than their interval, because the clock was put back. How many."""
    mended = 0
    for watch in Watch.objects.filter(is_on=True, next_at__gt=now):
        latest_at = now + timedelta(minutes=watch.every_minutes)
        if watch.next_at is not None and watch.next_at > latest_at:
            mended += Watch.objects.filter(pk=watch.pk, next_at=watch.next_at).update(next_at=latest_at)
    return mended


def _end(sweep: Sweep, state: SweepState, error_key: str = "") -> None:
    sweep.state, sweep.ended_at, sweep.error_key, sweep.is_stopping = state, timezone.now(), error_key, False
    sweep.stage = SweepStage.NONE
    sweep.save(update_fields=["state", "ended_at", "error_key", "is_stopping", "stage"])
