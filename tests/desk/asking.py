"""Functions that `tests.desk.processes.Asker` calls in a process under the home of a desk."""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import timedelta

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from jikim.state import State  # noqa: E402
from jikim_desk import databases, flows  # noqa: E402
from jikim_desk.accounts.models import TEAM_ROLES, Grant, Role, Team, User  # noqa: E402
from jikim_desk.audit.verifying import verify  # noqa: E402
from jikim_desk.config import jikim_config  # noqa: E402
from jikim_desk.records import intake, watches  # noqa: E402
from jikim_desk.records.models import Candidate, Capture, Sighting, Sweep, Watch, Worker  # noqa: E402
from jikim_desk.review.models import Applied, Decision  # noqa: E402
from jikim_desk.sealing import vault  # noqa: E402


def make():
    """Databases, a team and somebody with every role."""
    databases.bring_up(is_copied=False)
    flows.prepare()
    team, _ = Team.objects.get_or_create(name="삭제지원팀")
    user, is_new = User.objects.get_or_create(username="worker")
    for role in set(Role.values) - {Role.MACHINE}:
        Grant.objects.get_or_create(user=user, role=role, team=team if role in TEAM_ROLES else None)
    return is_new


def _who():
    return User.objects.get(username="worker"), Team.objects.get(name="삭제지원팀")


def ask(keywords, places):
    user, team = _who()
    with transaction.atomic():
        sweep = intake.ask_for_sweep(user, keywords, places, team=team)
        flows.enqueue(sweep)
    return sweep.pk


def forget(keywords, places):
    """Puts a sweep on record and queues nothing, as if killed between the two."""
    user, team = _who()
    return intake.ask_for_sweep(user, keywords, places, team=team).pk


def report(addresses):
    user, team = _who()
    sweep, lines = intake.report_addresses(user, addresses, team=team)
    if sweep is not None:
        flows.enqueue(sweep)
    return {"sweep": sweep.pk if sweep else None, "said": [line.said for line in lines]}


def sweep(sweep_id):
    row = Sweep.objects.get(pk=sweep_id)
    return {"state": row.state, "health": row.health, "error": row.error_key, "finds": row.sightings.count(), "run": row.run}


def states():
    return dict(Counter(Sweep.objects.values_list("state", flat=True)))


def stop(sweep_id):
    flows.stop(Sweep.objects.get(pk=sweep_id))


def run_again(job_id):
    flows.run_again(job_id)


def jobs(state=None):
    found = flows.jobs(flows.JobState(state) if state else None, limit=1000)
    return [
        {"id": job.id, "lane": job.lane, "state": job.state, "error": job.error, "stuck": job.is_stuck, "stage": job.stage}
        | {"finds": job.finds, "looked_at": job.looked_at}
        for job in found
    ]


def steps(job_id):
    """The names of the durable steps of a job that are done."""
    return [step["function_name"].rpartition(".")[2] for step in flows.client().list_workflow_steps(job_id)]


def took(sweep_id):
    """How long each analyzer took for each find, by title: the same figures only where nobody looked again."""
    rows = Sweep.objects.get(pk=sweep_id).candidates.exclude(analysis_sealed=b"")
    return {row.title: row.analysis["took_ms"] for row in rows}


def _opens(capture):
    return len(vault().read(capture.blob)) == capture.size_bytes


def finds():
    """What is on record, by title: state, level, group, parts and what can be opened of them."""
    told = {}
    for row in Candidate.objects.all():
        captures = [
            {
                "part": capture.part,
                "sha256": capture.sha256,
                "chain": [hop["url"] for hop in capture.chain],
                "opens": _opens(capture),
            }
            for capture in row.captures.order_by("part", "id")
        ]
        about = {"id": row.pk, "state": row.state, "level": row.level, "test": row.is_test, "same_as": row.same_as}
        told.setdefault(row.title, []).append({**about, "url": row.url, "captures": captures, "analysis": bool(row.analysis)})
    return told


def counts():
    return {kind.__name__: kind.objects.count() for kind in (Sweep, Candidate, Sighting, Capture)}


def progress():
    return [Candidate.objects.count(), Capture.objects.count(), Candidate.objects.filter(state="looking").count(), states()]


def truth():
    """Everything on record, to be compared with what a test knows."""
    candidates = []
    for row in Candidate.objects.prefetch_related("captures"):
        parts = [
            {"id": one.pk, "part": one.part, "opens": len(vault().read(one.blob)) == one.size_bytes}
            for one in row.captures.all()
        ]
        failed = [error["key"] for error in row.analysis["errors"]] if row.analysis else ["no analysis"]
        about = {"url": row.url, "title": row.title, "state": row.state, "same_as": row.same_as}
        candidates.append({**about, "captures": parts, "analysis": failed})
    sightings = [
        {"kind": one.kind, "seen": one.sightings.count(), "distinct": one.sightings.values("candidate").distinct().count()}
        for one in Sweep.objects.all()
    ]
    applied = set(Applied.objects.filter(is_current=True).values_list("candidate_id", flat=True))
    decided = set(Candidate.objects.filter(state="decided").values_list("pk", flat=True))
    return {
        "sweeps": list(Sweep.objects.values_list("pk", flat=True)),
        "states": states(),
        "jobs": dict(Counter(job.state for job in flows.jobs(limit=1000))),
        "attempts": sorted(job.attempts for job in flows.jobs(limit=1000)),
        "candidates": candidates,
        "sightings": sightings,
        "decisions": [str(one) for one in Decision.objects.values_list("pk", flat=True)],
        "forms": list(Decision.objects.values_list("form_id", flat=True)),
        "decided_without": sorted(decided ^ applied),
        "chain": [problem.key for problem in verify().problems],
    }


def workers():
    return {row.pk: {"dead": row.is_dead, "beats": row.beats} for row in Worker.objects.all()}


def watch(keywords, places):
    user, team = _who()
    return watches.ask(user, keywords, places, every_minutes=60, ends_on=timezone.localdate() + timedelta(days=3), team=team).pk


def due_now(watch_id):
    Watch.objects.filter(pk=watch_id).update(next_at=timezone.now())


def sweeps():
    return list(Sweep.objects.order_by("asked_at").values_list("pk", flat=True))


def go_back(app, migration):
    call_command("migrate", app, migration, verbosity=0)


def authorise():
    with State.open(jikim_config().home) as state:
        state.record_authority("한솔시 지원센터", "시험", "담당자")


def queue_for_version(keywords, places, ahead):
    """A sweep whose job stands in the queue as a version of the desk put it there that is so much ahead of this one."""
    user, team = _who()
    sweep = intake.ask_for_sweep(user, keywords, places, team=team)
    before = flows.VERSION
    flows.VERSION += ahead
    try:
        flows.enqueue(sweep)
    finally:
        flows.VERSION = before
    return sweep.pk


def main():
    for line in sys.stdin:
        name, args = json.loads(line)
        try:
            said = {"value": globals()[name](*args)}
        except Exception as error:  # noqa: BLE001 - told to the test
            said = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
