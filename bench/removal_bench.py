"""Removal at half a million notices: how long the server takes for each page, for seven drafts, a year's report and a round of
the worker that finds nothing to do; and the CPU of a recheck, against a real server on this machine. On SQLite and PostgreSQL.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bench import removal_rows
from bench.desk_pages import LIMITS, late_page, on_each_database, somebody, timed

FINDS = 125_000
RECHECKS = 300
RECHECK_LIMIT_MS, DRAFTS_LIMIT_S, REPORT_LIMIT_S = 50, 5.0, 2.0
_PER_DAY = 100_000


def bench_removal(finds: int = FINDS, rechecks: int = RECHECKS) -> None:
    """Both databases, one after the other."""
    on_each_database("bench.removal_bench", finds, rechecks)


def _measure(finds: int, rechecks: int) -> list[tuple[str, list[tuple[str, str]]]]:
    with _host() as port:
        _set_up(port)
        import django

        django.setup()
        from jikim_desk import databases, flows
        from jikim_desk.cases.models import Case
        from jikim_desk.notices.models import Notice

        databases.bring_up(is_copied=False)
        flows.prepare()
        team, lead, browser = somebody()
        cases = [Case(number=f"bench-{number}", team=team) for number in range(40)]
        Case.objects.bulk_create(cases)
        begun = time.perf_counter()
        newest = removal_rows.fill(finds, team, lead, cases)
        took_s = time.perf_counter() - begun
        title = f"at {finds:,} finds, {Notice.objects.count():,} notices {LIMITS}"
        pages = [*_pages(browser, newest), ("(filling it)", f"{took_s:.0f} s")]
        told = [(f"pages of removal for a lead {title}", pages)]
        told.append((f"the same for a counsellor, who sees finds of cases {LIMITS}", _counsellors(team)))
        told.append(("work", [*_drafts(newest, lead), *_report(team, lead), *_idle(), *_rechecked(port, team, lead, rechecks)]))
        return told


def _pages(browser: Any, newest: Any) -> list[tuple[str, str]]:
    from django.urls import reverse

    from jikim_desk.notices.models import Host, Notice

    removals, outbox = reverse("removals"), reverse("outbox")
    sent = Notice.objects.filter(removal=newest, state="sent").first()
    host = Host.objects.get(pk=newest.notices.first().host_id)
    pages = {
        "home": reverse("home"),
        "removals": removals,
        "removals, a late page": late_page(browser, removals),
        "removals of a state": removals + "?state=blocked",
        f"a find with {removal_rows.HEAVY} notices and visits": reverse("removal", args=[newest.pk]),
        "outbox": outbox,
        "outbox, sent": outbox + "?state=sent",
        "outbox, all, a late page": late_page(browser, outbox + "?state=all"),
        "a notice": reverse("notice", args=[sent.pk]),
        "calendar": reverse("calendar"),
        "hosts": reverse("hosts"),
        "a host": reverse("host", args=[host.pk]),
        "reports": reverse("reports"),
        "figures": reverse("figures"),
        **_others(),
    }
    return [(name, timed(partial(browser.get, address))) for name, address in pages.items()]


def _others() -> dict[str, str]:
    """Pages of removal that take no name of anything."""
    from django.urls import NoReverseMatch, reverse

    found = {}
    for name in ("inbox", "channels", "reuploads", "lookups"):
        try:
            found[name] = reverse(name)
        except NoReverseMatch:
            continue
    return found


def _counsellors(team: Any) -> list[tuple[str, str]]:
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
    from django.test import Client
    from django.urls import reverse

    from jikim_desk.accounts.models import Grant, Role, User

    user = User.objects.create_user("counsellor", password="correct horse battery staple")
    TOTP.activate(user, generate_totp_secret())
    Grant.objects.create(user=user, role=Role.COUNSELLOR, team=team)
    browser = Client()
    browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return [
        (name, timed(partial(browser.get, reverse(name)))) for name in ("home", "removals", "outbox", "calendar", "reports")
    ]


def _drafts(newest: Any, lead: Any) -> list[tuple[str, str]]:
    from jikim_desk.notices import drafting, letters

    begun, cpu = time.perf_counter(), time.process_time()
    for lang in letters.LANGUAGES:
        drafting.draft(newest, "mail", by=lead, lang=lang)
    took_s, cpu_s = time.perf_counter() - begun, time.process_time() - cpu
    count = len(letters.LANGUAGES)
    return [(f"{count} notices drafted", f"{took_s:.2f} s (CPU {cpu_s:.2f} s; limit {DRAFTS_LIMIT_S:.0f} s)")]


def _report(team: Any, lead: Any) -> list[tuple[str, str]]:
    from django.utils import timezone

    from jikim_desk.notices.reports import files, making, period

    now = timezone.localtime()
    rows = []
    for name, year, month in (("a month", now.year, now.month), ("a year", now.year, None)):
        asked = making.ask(lead, team, year, month)
        begun = time.perf_counter()
        making.make(asked.pk, timezone.now())
        counted_s = time.perf_counter() - begun
        asked.refresh_from_db()
        begun = time.perf_counter()
        files.made(period.written(asked, "ko"), "pdf", is_signed=True)
        written_s = time.perf_counter() - begun
        told = f"{counted_s:.1f} s to count {asked.figures['begun']:,} finds, {written_s:.1f} s to write as PDF"
        rows.append((f"report of {name}", f"{told} (limit of a page {REPORT_LIMIT_S:.0f} s, so a worker counts)"))
    return rows


def _idle() -> list[tuple[str, str]]:
    """What a worker uses every three seconds when nothing is due."""
    from django.utils import timezone

    from jikim_desk.notices import rounds
    from jikim_desk.notices.models import Removal

    later = timezone.now() + timedelta(days=9)
    Removal.objects.filter(next_step_at__lt=later).update(next_step_at=later)
    Removal.objects.filter(next_recheck_at__lt=later).update(next_recheck_at=later)
    rounds.write()
    cpu = time.process_time()
    for _ in range(5):
        rounds.write()
    return [("a round of letters with nothing due", f"CPU {200 * (time.process_time() - cpu):.0f} ms")]


def _rechecked(port: int, team: Any, lead: Any, count: int) -> list[tuple[str, str]]:
    """Visits to finds of one page and two files; half of them are gone."""
    from django.utils import timezone

    from jikim_desk.notices import rounds
    from jikim_desk.notices.models import Recheck, Removal, RemovalState

    finds = list(Removal.objects.order_by("-begun_at").select_related("candidate")[:count])
    for place, removal in enumerate(finds):
        _at_host(removal.candidate, f"http://127.0.0.1:{port}/{'gone' if place % 2 else 'post'}/{place}")
    now = timezone.now()
    Removal.objects.filter(pk__in=[one.pk for one in finds]).update(
        next_recheck_at=now, state=RemovalState.OPEN, rechecks_from=now, gone_at=None
    )
    before = Recheck.objects.count()
    begun, cpu = time.perf_counter(), time.process_time()
    while Removal.objects.filter(next_recheck_at__lte=timezone.now()).exists():
        rounds.look()
    wall_ms, cpu_ms = (1000 * (now - then) / count for now, then in ((time.perf_counter(), begun), (time.process_time(), cpu)))
    visits = Recheck.objects.count() - before
    each = f"CPU {cpu_ms:.1f} ms each (limit {RECHECK_LIMIT_MS} ms), wall {wall_ms:.1f} ms in one thread"
    a_day = f"{_PER_DAY:,} a day: {_PER_DAY * cpu_ms / 3.6e6:.1f} h of one core"
    return [(f"{count} rechecks by two networks, {visits} visits of a page and two files", f"{each}; {a_day}")]


def _at_host(find: Any, url: str) -> None:
    """Gives a find an address on the server of this bench, and what was captured of it."""
    from django.utils import timezone

    from jikim_desk.records.models import Capture

    find.url = url
    find.save(update_fields=["url_sealed"])
    at = timezone.now()
    for part, address in (("page", url), *(("media", f"{url}/{number}.png") for number in range(2))):
        kept = Capture(id=os.urandom(16).hex(), candidate=find, part=part, content_type="text/html", fetched_at=at)
        kept.sha256, kept.size_bytes = os.urandom(32).hex(), 1000
        hop = {"url": address, "status": 200, "headers": {"etag": '"x"'}, "peer_ip": "127.0.0.1", "at": at.isoformat()}
        kept.chain = [hop]
        kept.save(force_insert=True)


def _set_up(port: int) -> None:
    """Lets the home reach the host of this bench, by itself and by a proxy, without a pause between two requests, and records
    an authority."""
    from jikim.state import State

    home = Path(os.environ["JIKIM_HOME"])
    with (home / "config.toml").open("a", encoding="utf-8") as config:
        config.write(f'[desk.removal]\nvantages = [{{name = "away", proxy = "http://127.0.0.1:{port}"}}]\n')
        config.write(f'[fetching]\nloopback_allowed = ["127.0.0.1:{port}"]\npace_s = 0.0\n')
    with State.open(home) as state:
        state.record_authority("bench", "bench", "bench")


@contextmanager
def _host() -> Iterator[int]:
    """A server in a process of its own: `/gone/...` is gone, the rest is a page."""
    with subprocess.Popen([sys.executable, "-m", "bench.removal_host"], stdout=subprocess.PIPE, text=True) as running:
        try:
            yield int((running.stdout or sys.stdin).readline())
        finally:
            running.terminate()


if __name__ == "__main__":
    print(json.dumps(_measure(int(sys.argv[1]), int(sys.argv[2]))))
