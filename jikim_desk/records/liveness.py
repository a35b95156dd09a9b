"""Which workers are alive. A worker counts its beats; who watches it measures with its own steady clock how long the count
has stood still, so that a clock that is put forward or back kills nobody.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from jikim_desk.records.models import Worker

DEAD_AFTER_S = 12.0


def take_slot(home: Path) -> tuple[str, int]:
    """A stable id for this process and the handle that holds it: the first of this home's ids that no living process has."""
    folder = home / "workers"
    folder.mkdir(mode=0o700, exist_ok=True)
    number = 0
    while True:
        handle = os.open(folder / f"{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            number += 1
            continue
        name = os.pread(handle, 64, 0).decode("ascii")
        if not name:
            name = f"worker-{secrets.token_hex(6)}"
            os.pwrite(handle, name.encode("ascii"), 0)
            os.fsync(handle)
        return name, handle


def start(worker_id: str, version: str) -> None:
    """Says that a worker has begun, anew. Waits while somebody takes over what its last life left."""
    now = timezone.now()
    with transaction.atomic():
        Worker.objects.select_for_update().filter(pk=worker_id).first()
        values = {"started": secrets.token_hex(16), "version": version, "started_at": now, "beat_at": now, "is_dead": False}
        Worker.objects.update_or_create(pk=worker_id, defaults={**values, "beats": 0})


def beat(worker_id: str, beats: int) -> bool:
    """Says that a worker is alive; False when others took it for dead and took over."""
    return bool(Worker.objects.filter(pk=worker_id, is_dead=False).update(beats=beats, beat_at=timezone.now()))


def bury(worker_id: str, take_over: Callable[[], None], *, last: tuple[str, int] | None = None) -> bool:
    """Marks a worker as dead and takes over, both or neither, unless it has moved since `last` (its start and beats)."""
    with transaction.atomic():
        worker = Worker.objects.select_for_update().filter(pk=worker_id, is_dead=False).first()
        if worker is None or (last is not None and (worker.started, worker.beats) != last):
            return False
        take_over()
        worker.is_dead = True
        worker.save(update_fields=["is_dead"])
    return True


class Vigil:
    """One worker's watch over the others."""

    def __init__(self, own_id: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._own_id = own_id
        self._clock = clock
        self._seen: dict[str, tuple[tuple[str, int], float]] = {}

    def silent(self) -> list[tuple[str, tuple[str, int]]]:
        """Those whose count has stood still too long, each with its start and count."""
        now = self._clock()
        found: list[tuple[str, tuple[str, int]]] = []
        for worker in Worker.objects.filter(is_dead=False).exclude(pk=self._own_id):
            last = (worker.started, worker.beats)
            before, since = self._seen.get(worker.pk, (None, now))
            if before != last:
                self._seen[worker.pk] = (last, now)
            elif now - since > DEAD_AFTER_S:
                found.append((worker.pk, last))
        return found
