"""How long the server takes for each page of the desk at 100,000 candidates, and for the queue at a million; on SQLite, and on
PostgreSQL where Debian's package is installed.

Each database is measured in a process of its own: `python -m bench.desk_pages HOME`.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bench.measuring import table

PAGES_AT = 100_000
QUEUE_AT = 1_000_000
FINDS_A_SWEEP = 250
WATCHES = 12
TRIES = 15
LIMIT_MS = 150
LIMIT_BYTES = 100_000
LIMITS = f"(limit {LIMIT_MS} ms, {LIMIT_BYTES / 1000:.0f} kB with style and scripts)"
BATCH = 2_000
STATIC = ("desk.css", "desk.js")


def bench_pages(pages_at: int = PAGES_AT, queue_at: int = QUEUE_AT) -> None:
    """Both databases, one after the other."""
    on_each_database("bench.desk_pages", pages_at, queue_at)


def on_each_database(module: str, *numbers: int) -> None:
    """Runs `python -m module NUMBER...` in a throwaway home with SQLite, and with PostgreSQL where it is installed, and prints
    the tables it tells as JSON."""
    _bench("SQLite", "", module, numbers)
    from tests.desk.postgres import postgres

    with ExitStack() as stack:
        try:
            server = stack.enter_context(postgres())
        except LookupError as error:
            print(f"\nPages on PostgreSQL: left out, {error}.")
            return
        _bench("PostgreSQL", server.database("pages"), module, numbers)


def _bench(name: str, database: str, module: str, numbers: Sequence[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "home")
        home.mkdir(mode=0o700)
        config = home / "config.toml"
        config.touch(mode=0o600)
        config.write_text(f"[desk]\ndatabase = {json.dumps(database)}\n", "utf-8")
        environment = {**os.environ, "JIKIM_HOME": str(home), "DJANGO_SETTINGS_MODULE": "jikim_desk.settings"}
        command = [sys.executable, "-m", module, *map(str, numbers)]
        told = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    for title, rows in json.loads(told):
        table(f"{name}: {title}", rows)


def _measure(pages_at: int, queue_at: int) -> list[tuple[str, list[tuple[str, str]]]]:
    import django

    django.setup()
    from django.urls import reverse

    from jikim_desk import databases, flows

    databases.bring_up(is_copied=False)
    flows.prepare()
    team, lead, browser = somebody()
    watched = [_watch(lead, team) for _ in range(WATCHES)]
    watch = watched[0]
    took_s = _fill(0, pages_at, team, lead, watched)
    sweep = team.sweeps.order_by("pk").first()
    pasted = {"text": "\n".join(f"http://host{number}.example/{number}" for number in range(500))}
    pages = {
        "home": reverse("home"),
        "queue": reverse("queue"),
        "searches": reverse("sweeps"),
        "searches, a late page": late_page(browser, reverse("sweeps")),
        f"a search with {FINDS_A_SWEEP} finds": reverse("sweep", args=[sweep.pk]),
        "watches": reverse("watches"),
        "a watch": reverse("watch", args=[watch.pk]),
        "approvals": reverse("approvals"),
        "sources": reverse("sources"),
        "figures": reverse("figures"),
        "learning": reverse("learning"),
    }
    rows = [(name, timed(partial(browser.get, address))) for name, address in pages.items()]
    rows.append(("500 addresses, shown before they run", timed(partial(browser.post, reverse("recognise"), pasted))))
    asked = {"last": sweep.sightings.order_by("-pk").values_list("pk", flat=True).first(), "told": ""}
    rows.append(("what changed in a search", timed(partial(browser.post, reverse("sweep_live", args=[sweep.pk]), asked))))
    rows.append(("(filling it)", f"{took_s:.0f} s"))
    told = [(f"pages at {pages_at:,} candidates {LIMITS}", rows)]
    if queue_at > pages_at:
        took_s = _multiply(queue_at // pages_at)
        rows = [(name, timed(partial(browser.get, reverse(name)))) for name in ("queue", "home", "sweeps", "figures")]
        told.append((f"pages at {queue_at:,} candidates {LIMITS}", [*rows, ("(filling it)", f"{took_s:.0f} s")]))
    return told


def timed(ask: Callable[[], Any]) -> str:
    """Milliseconds of the server, and bytes of the page with what it loads."""
    from django.contrib.staticfiles.finders import find

    answers, times, costs = [], [], []
    for _ in range(TRIES + 2):
        start, cpu = time.perf_counter(), time.process_time()
        answers.append(ask())
        times.append(1000 * (time.perf_counter() - start))
        costs.append(1000 * (time.process_time() - cpu))
    times = sorted(times[2:])
    assert answers[-1].status_code == 200, (answers[-1].status_code, answers[-1].headers)
    page = answers[-1].content
    loaded = [Path(find(f"console/{name}")) for name in STATIC]
    if b"htmx-2.min.js" in page:
        loaded.append(Path(find("django_htmx/htmx-2.min.js")))
    size = len(page) + sum(path.stat().st_size for path in loaded)
    return (
        f"median {statistics.median(times):.0f} ms, worst of {TRIES} {times[-1]:.0f} ms "
        f"(CPU {statistics.median(costs[2:]):.0f} ms); {size / 1000:.0f} kB"
    )


def late_page(browser: Any, address: str) -> str:
    from html import unescape
    from re import search

    for _ in range(3):
        found = search(r'rel="next" href="([^"]+)"', browser.get(address).content.decode())
        if found is None:
            break
        address = address.partition("?")[0] + unescape(found[1])
    return address


def somebody() -> tuple[Any, Any, Any]:
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
    from django.conf import settings
    from django.test import Client

    from jikim_desk.accounts.models import Grant, Role, Team, User

    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    team = Team.objects.create(name="bench")
    lead = User.objects.create_user("lead", password="correct horse battery staple")
    TOTP.activate(lead, generate_totp_secret())
    for role in (Role.LEAD, Role.REVIEWER):
        Grant.objects.create(user=lead, role=role, team=team)
    browser = Client()
    browser.force_login(lead, backend="django.contrib.auth.backends.ModelBackend")
    return team, lead, browser


def _watch(lead: Any, team: Any) -> Any:
    from django.utils import timezone

    from jikim_desk.records import watches

    ends_on = timezone.localdate() + timedelta(days=30)
    return watches.ask(lead, ["축제"], ["practice"], every_minutes=60, ends_on=ends_on, team=team)


def _fill(start: int, end: int, team: Any, lead: Any, watched: Sequence[Any]) -> float:
    """Candidates as sweeps leave them, one in six decided; every third sweep is a watch's."""
    from django.utils import timezone

    from jikim_desk.records.models import Candidate, Sighting, Sweep
    from jikim_desk.review.models import Applied, Decision
    from jikim_desk.sealing import reference

    begun = time.perf_counter()
    chance = random.Random(start)
    keyword = reference("keyword", "축제")
    now = timezone.now()
    for first in range(start, end, BATCH):
        rows, sightings, decisions, applied = [], [], [], []
        for number in range(first, min(first + BATCH, end)):
            at = now - timedelta(seconds=20 * number)
            if number % FINDS_A_SWEEP == 0:
                sweep = Sweep(team=team, asked_by=lead, places=["practice"], state="done", started_at=at, ended_at=at)
                sweep.keywords, sweep.health = ["축제"], {"practice": {"state": "ok", "found": FINDS_A_SWEEP, "error": ""}}
                if number // FINDS_A_SWEEP % 3 == 0:
                    sweep.watch, sweep.kind = chance.choice(watched), "watch"
                sweep.save(force_insert=True)
            rank = chance.choices((0, 1, 2), (1, 30, 69))[0]
            is_decided = number % 6 == 0
            row = Candidate(
                id=f"{chance.getrandbits(256):064x}",
                source="practice",
                host_ref=f"{number % 997:064x}",
                url_ref=f"{number:064x}",
                found_at=at,
                found_by=sweep,
                team=team,
                state="decided" if is_decided else "waiting",
                level=("urgent", "look", "none")[rank],
                level_rank=rank,
                score=chance.random(),
                same_as=f"{number % 50_000:064x}" if number % 10 == 0 else "",
            )
            row.url, row.title, row.analysis = f"http://host.example/{number}", "가을 축제 사진", _analysis(row.score)
            rows.append(row)
            sightings.append(Sighting(sweep=sweep, candidate=row, keyword_ref=keyword))
            if is_decided:
                kind = "confirmed" if chance.random() < row.score else "not_relevant"
                decision = Decision(
                    form_id=row.pk,
                    item=row.pk,
                    candidate=row,
                    team=team,
                    person=lead,
                    kind=kind,
                    decided_at=at + timedelta(hours=1),
                )
                decisions.append(decision)
                applied.append(Applied(decision=decision, candidate=row))
        for kind, made in ((Candidate, rows), (Sighting, sightings), (Decision, decisions), (Applied, applied)):
            kind.objects.bulk_create(made)
    _look_over()
    return time.perf_counter() - begun


def _multiply(times: int) -> float:
    """As many candidates again and again, none urgent, with half the score: pages show what they showed, and nobody opens the
    sealed fields of the copies, which are sealed for another id."""
    from django.db import connection, transaction

    from jikim_desk.records.models import Candidate

    begun = time.perf_counter()
    columns = [field.column for field in Candidate._meta.concrete_fields]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE first AS SELECT * FROM records_candidate")
        for number in range(1, times):
            changed = {
                "id": f"substr(id, 1, 58) || '{number:06d}'",
                "score": f"score / 2 - {number} * 0.001",
                "level_rank": "CASE level_rank WHEN 0 THEN 1 ELSE level_rank END",
                "found_by_id": "NULL",
            }
            taken = ", ".join(changed.get(column, f'"{column}"') for column in columns)
            named = ", ".join(f'"{column}"' for column in columns)
            cursor.execute(f"INSERT INTO records_candidate ({named}) SELECT {taken} FROM first")
    _look_over()
    return time.perf_counter() - begun


def _look_over() -> None:
    """What PostgreSQL's autovacuum does within a minute of so many new rows; SQLite never does it of itself."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _analysis(score: float) -> dict[str, Any]:
    axis = {"state": "known", "score": score, "low": score / 2, "high": (1 + score) / 2}
    reasons = [
        {"key": "reason.youth_language", "text": {"ko": "청소년의 말", "en": "Youth language"}, "weight": 1.2, "at_s": None},
        {"key": "reason.object", "text": {"ko": "화면 속 물건: 책", "en": "Object: book"}, "weight": 0.4, "at_s": 3.0},
    ]
    cues = [
        {"analyzer": "objects", "name": "object", "at_s": 3.0, "region": None, "confidence": 0.8, "value": {"label": "book"}}
    ]
    assessment = {
        "score": score,
        "level": "look",
        "is_test": False,
        "axes": {"minor": axis, "sexual": axis},
        "reasons": reasons,
    }
    return {"schema": 1, "kind": "video", "assessment": assessment, "cues": cues * 6, "errors": []}


if __name__ == "__main__":
    print(json.dumps(_measure(int(sys.argv[1]), int(sys.argv[2]))))
