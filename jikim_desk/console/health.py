"""/health and /metrics, for whoever watches over the machine: counts and states, nothing about anybody."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import OperationalError, connection
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from jikim.errors import JikimError
from jikim_desk.accounts.rights import public
from jikim_desk.figures import places
from jikim_desk.records.models import Candidate, Sweep, Worker
from jikim_desk.sealing import vault

NEAR = ("127.0.0.1", "::1")
"""Who may read the metrics: this machine, where whoever gathers them runs."""
LEVELS = ("urgent", "look", "none")
"""By `Candidate.level_rank`."""
WORKER_SILENT = timedelta(seconds=60)


@public
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """200 when the database answers and the keys are there, 503 and what is wrong otherwise."""
    found = {"database": _database_answers(), "keys": _keys_open()}
    is_well = all(found.values())
    return JsonResponse({"ok": is_well, **found}, status=200 if is_well else 503)


@public
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """In the form of Prometheus; for this machine alone."""
    if request.META.get("REMOTE_ADDR") not in NEAR or request.headers.get("x-forwarded-for"):
        return HttpResponse(status=403)
    registry = CollectorRegistry()
    registry.register(Desk())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class Desk(Collector):
    """Counts of what waits and runs, and how the places and workers are."""

    def describe(self) -> Iterable[Metric]:
        """Nothing is counted before somebody asks."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Everything anew from the database."""
        waiting = GaugeMetricFamily("jikim_candidates", "Candidates by state and level", labels=["state", "level"])
        ranked = Candidate.objects.values_list("state", "level_rank")  # both stand in the queue's index: no row is read
        for state, rank, count in ranked.annotate(count=Count("*")).order_by():
            waiting.add_metric([state, LEVELS[rank]], count)
        sweeps = GaugeMetricFamily("jikim_sweeps", "Sweeps by state", labels=["state"])
        for state, count in Sweep.objects.values_list("state").annotate(count=Count("pk")).order_by():
            sweeps.add_metric([state], count)
        well = GaugeMetricFamily("jikim_source_well", "1 where a kind of source gave an honest answer last", labels=["source"])
        worst: dict[str, bool] = {}
        for place in places.health():
            kind = place.place.partition("=")[0]
            worst[kind] = worst.get(kind, True) and place.is_well
        for kind, is_well in worst.items():
            well.add_metric([kind], is_well)
        alive = Worker.objects.filter(is_dead=False, beat_at__gte=timezone.now() - WORKER_SILENT).count()
        yield from (waiting, sweeps, well, GaugeMetricFamily("jikim_workers", "Workers that gave a sign of life", value=alive))


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except OperationalError:
        return False
    return True


def _keys_open() -> bool:
    try:
        vault().reference("health", "")
    except JikimError:
        return False
    return True


addresses = [path("health", health, name="health"), path("metrics", metrics, name="metrics")]
