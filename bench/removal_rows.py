"""Removal as a centre has it after a year: finds that were confirmed, what was sent about them, and what visits saw.

The newest are made row by row with sealed fields; the older ones are copies of these by SQL, dated back. Their sealed fields
cannot be opened (they are sealed for another id), and no page that is measured comes that far back.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

MADE = 2_500
"""Finds that are made row by row."""
SPAN_DAYS = 7
"""They were begun within so many days; each lot of copies lies so many days further back."""
NOTICES = 4
"""About each find."""
VISITED_AFTER_DAYS = (1 / 24, 1, 7, 30)
HOSTS = 2_000
HEAVY = 40
"""Notices, and visits, about the newest find besides."""
_STATES = ("open", "gone", "not_visible", "blocked", "hidden", "back")
_HOW_MANY = (44, 26, 20, 5, 3, 2)
_SETTLED = "CASE WHEN state IN ('approved', 'unknown') THEN 'sent' WHEN state = 'draft' THEN 'cancelled' ELSE state END"
"""What was to be read or about to leave then has been settled since."""
_SEEN = ("still_there", "gone", "cannot_tell", "unreachable", "refused_here", "moved")


def fill(finds: int, team: Any, lead: Any, cases: list[Any]) -> Any:
    """Makes `finds` removals with all that belongs to them; the newest find."""
    from django.utils import timezone

    newest = _make(min(MADE, finds), team, lead, cases, _hosts(lead), timezone.now())
    for number in range(1, finds // MADE):
        _copy(number)
    _analyze()
    return newest


def _make(count: int, team: Any, lead: Any, cases: list[Any], hosts: list[Any], now: datetime) -> Any:
    from jikim_desk.notices import models as rows
    from jikim_desk.records.models import Candidate
    from jikim_desk.review.models import Applied, Decision

    chance = random.Random(7)
    made: dict[Any, list[Any]] = {}

    def keep(row: Any) -> Any:
        made.setdefault(type(row), []).append(row)
        return row

    for number in range(count):
        at = now - timedelta(days=SPAN_DAYS * (number + 1) / count)
        host = chance.choice(hosts)
        case = chance.choice(cases) if number % 20 == 0 else None
        find = keep(_find(number, at, team, host, case, chance))
        decided = {"form_id": find.pk, "item": find.pk, "team": team, "person": lead, "decided_at": at, "kind": "confirmed"}
        keep(Applied(decision=keep(Decision(candidate=find, **decided)), candidate=find))
        removal = keep(_removal(find, at, team, chance, number))
        keep(rows.EvidencePack(removal=removal, made_at=at, blob="0" * 64, size_bytes=9, sha256="0" * 64, stamped_at=at))
        for place in range(NOTICES + (HEAVY if number == 0 else 0)):
            keep(_notice(removal, host, team, lead, at + timedelta(days=place), place, chance))
        for days in (*VISITED_AFTER_DAYS, *(range(HEAVY) if number == 0 else ())):
            visit = keep(rows.Recheck(removal=removal, at=removal.notified_at + timedelta(days=days), vantage="here"))
            visit.seen, visit.sign, visit.proof = chance.choice(_SEEN), "status_404", {"page": {"url": find.url}}
    order = (Candidate, Decision, Applied, rows.Removal, rows.EvidencePack, rows.Notice, rows.Recheck)
    for kind in order:
        kind.objects.bulk_create(made[kind], batch_size=500)
    return made[rows.Removal][0]


def _find(number: int, at: datetime, team: Any, host: Any, case: Any, chance: random.Random) -> Any:
    from jikim_desk.records.models import Candidate

    found_at = at - timedelta(hours=chance.random() * 48)
    find = Candidate(id=f"{number:06d}{chance.getrandbits(232):058x}", source="board", team=team, case=case, found_at=found_at)
    find.host_ref, find.url_ref = host.ref, f"{number:064x}"
    find.state, find.level, find.level_rank, find.score = "decided", "look", 1, chance.random()
    find.url, find.title = f"http://{host.name}/post/{number}", "가을 축제 사진"
    return find


def _removal(find: Any, at: datetime, team: Any, chance: random.Random, number: int) -> Any:
    from jikim_desk.notices.models import Removal

    state = chance.choices(_STATES, _HOW_MANY)[0]
    removal = Removal(candidate=find, team=team, begun_at=at, reviewed_at=at, state=state)
    removal.notified_at = removal.rechecks_from = at + timedelta(hours=chance.random() * 30)
    if state == "gone":
        removal.gone_at = removal.notified_at + timedelta(days=chance.choice(VISITED_AFTER_DAYS))
    else:
        removal.next_recheck_at = at + timedelta(days=30)
        removal.next_step_at = at + timedelta(days=chance.choice((5, 10, 20))) if number % 3 else None
    if number % 200 == 0:
        removal.held_until = (at + timedelta(days=60)).date()
    return removal


def _notice(removal: Any, host: Any, team: Any, lead: Any, at: datetime, place: int, chance: random.Random) -> Any:
    from jikim_desk.notices.models import Notice

    state = "sent" if place % NOTICES else chance.choices(("draft", "approved", "unknown", "sent"), (3, 1, 1, 25))[0]
    notice = Notice(removal=removal, host=host, team=team, kind=("mail", "reminder", "proof", "dsa16")[place % 4], lang="en")
    notice.drafted_at, notice.state = at, state
    notice.subject, notice.body, notice.recipient = "Removal request", "We ask you to remove this.\n" * 20, "abuse@host.example"
    if state == "sent":
        notice.sent_at, notice.approved_by, notice.approved_at = at + timedelta(hours=1), lead, at
        notice.outcome = chance.choices(("", "removed", "refused", "asks", "bounced"), (60, 22, 10, 4, 4))[0]
    elif state == "approved":
        notice.leaves_at, notice.approved_by, notice.approved_at = at + timedelta(days=30), lead, at
    return notice


def _hosts(lead: Any) -> list[Any]:
    from django.utils import timezone

    from jikim_desk.notices.models import Host
    from jikim_desk.sealing import reference

    made = []
    for number in range(HOSTS):
        name = f"host{number}.example"
        host = Host(ref=reference("host", name), changed_at=timezone.now(), changed_by=lead, is_hostile=number % 25 == 0)
        host.name, host.mailbox, host.kind = name, f"abuse@{name}", ("platform", "hosting", "cdn")[number % 3]
        made.append(host)
    Host.objects.bulk_create(made, batch_size=500)
    return made


def _copy(number: int) -> None:
    """Another lot of the finds that were made, `number` spans further back; what is due then is due later."""
    from django.db import connection, transaction

    from jikim_desk.notices import models as rows
    from jikim_desk.records.models import Candidate
    from jikim_desk.review.models import Applied, Decision

    find = _renamed("{column}", 64, number)
    back, on = _moved("{column}", -SPAN_DAYS * number), _moved("{column}", SPAN_DAYS * number)
    row = _renamed("{column}", 32, number)
    short = f"'{number:03d}' || substr({{column}}, 4)"
    kinds: tuple[tuple[Any, Mapping[str, str]], ...] = (
        (Candidate, {"id": find, "found_at": back}),
        (Decision, {"id": row, "candidate_id": find, "decided_at": back, "form_id": find, "item": find}),
        (Applied, {"id": "", "decision_id": row, "candidate_id": find}),
        (
            rows.Removal,
            {"candidate_id": find, "next_step_at": on, "next_recheck_at": on}
            | dict.fromkeys(("begun_at", "reviewed_at", "notified_at", "gone_at", "rechecks_from"), back),
        ),
        (rows.EvidencePack, {"id": row, "removal_id": find, "number": short, "made_at": back, "stamped_at": back}),
        (
            rows.Notice,
            {"id": row, "removal_id": find, "number": short, "leaves_at": on, "state": _SETTLED}
            | dict.fromkeys(("drafted_at", "sent_at", "approved_at"), back),
        ),
        (rows.Recheck, {"id": row, "removal_id": find, "at": back}),
    )
    with transaction.atomic(), connection.cursor() as cursor:
        for kind, changed in kinds:
            table = kind._meta.db_table
            if number == 1:
                cursor.execute(f"CREATE TEMPORARY TABLE first_{table} AS SELECT * FROM {table}")
            columns = [
                field.column for field in kind._meta.concrete_fields if not (field.generated or changed.get(field.column) == "")
            ]
            taken = ", ".join(changed[one].format(column=one) if one in changed else f'"{one}"' for one in columns)
            named = ", ".join(f'"{one}"' for one in columns)
            cursor.execute(f"INSERT INTO {table} ({named}) SELECT {taken} FROM first_{table}")


def _renamed(column: str, digits: int, number: int) -> str:
    return f"substr({column}, 1, {digits - 6}) || '{number:06d}'"


def _moved(column: str, days: int) -> str:
    from django.db import connection

    if connection.vendor == "sqlite":
        return f"strftime('%Y-%m-%d %H:%M:%f', {column}, '{days:+d} days')"
    return f"{column} + interval '{days} days'"


def _analyze() -> None:
    """As PostgreSQL does by itself; a desk on SQLite never does."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
