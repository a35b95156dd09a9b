"""People and workers at removal, in processes that are killed in the middle of it: `python -m tests.crash.notices_bursts ...`

make REMOVALS NOTICES URL PAGE     confirmed finds at URL with their packs, and drafts to approve
burst FILE                    for each line on stdin a child is forked that approves, cancels, sends and looks again as fast
                              as it can; what it was told is done goes to FILE as a line of JSON, never before
approve COUNT                 so many new drafts, for workers that run by themselves
end                           what is left over once all those processes are long gone; the truth as JSON
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Iterator
from datetime import timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jikim_desk.settings")
import django

django.setup()

from django.db import connections  # noqa: E402
from django.db.models import Count  # noqa: E402
from django.utils import timezone  # noqa: E402

from jikim.state import State  # noqa: E402
from jikim_desk import databases, flows  # noqa: E402
from jikim_desk.accounts.models import Grant, Role, Team, User  # noqa: E402
from jikim_desk.audit.models import Entry  # noqa: E402
from jikim_desk.audit.verifying import verify  # noqa: E402
from jikim_desk.config import jikim_config  # noqa: E402
from jikim_desk.notices import drafting, evidence, rechecking, rounds, sending  # noqa: E402
from jikim_desk.notices.faults import Changed  # noqa: E402
from jikim_desk.notices.models import Notice, NoticeKind, NoticeState, Recheck, Removal  # noqa: E402
from tests.desk.items import capture  # noqa: E402
from tests.desk.removals import confirmed  # noqa: E402

USER = "someone-of-ours"
TO = "a@board.example"


def make(removals: str, notices: str, url: str, page: str) -> None:
    databases.bring_up(is_copied=False)
    flows.prepare()
    with State.open(jikim_config().home) as state:
        state.record_authority("시험 지원센터", "시험", "담당자")
    team = Team.objects.create(name="one")
    user = User.objects.create_user(USER)
    Grant.objects.create(user=user, role=Role.REVIEWER, team=team)
    for number in range(int(removals)):
        row = confirmed(team, user, f"find{number}")
        row.url = f"{url}/post/{number}"
        row.save(update_fields=["url_sealed"])
        kept = capture(row, page.encode(), content_type="text/html", part="page", name="page")
        kept.chain = [{**kept.chain[0], "url": row.url}]
        kept.save(update_fields=["chain_sealed"])
    for removal in evidence.begin_due(timezone.now()):
        evidence.complete(removal)
    Removal.objects.update(next_step_at=None)
    list(_drafts(int(notices)))


def _drafts(count: int) -> Iterator[Notice]:
    user, every = User.objects.get(username=USER), list(Removal.objects.all())
    for number in range(count):
        notice = drafting.draft(every[number % len(every)], NoticeKind.MAIL, by=user, lang="en")
        drafting.edit(user, notice, subject=notice.subject, body=notice.body, recipient=TO, version=1)
        yield notice


def burst(acknowledge: str) -> None:
    told = os.open(acknowledge, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for line in sys.stdin:
        connections.close_all()
        child = os.fork()
        if child == 0:
            _work(int(line), told)
            os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        os.waitpid(child, 0)


def _work(seed: int, acknowledge: int) -> None:
    """Goes on until somebody kills it."""
    choose, user = random.Random(seed), User.objects.get(username=USER)

    def told(kind: str, **about: object) -> None:
        os.write(acknowledge, (json.dumps({"kind": kind, **about}) + "\n").encode())

    while True:
        what = choose.choice(("approve", "approve", "cancel", "look", "write", "write", "write"))
        if what == "write":
            rounds.write()
        elif what == "look":
            removal = choose.choice(list(Removal.objects.all()))
            asked_at = timezone.now().isoformat()
            rechecking.ask(user, removal)
            told("asked", removal=removal.pk, at=asked_at)
            rounds.look()
        else:
            state = NoticeState.DRAFT if what == "approve" else NoticeState.APPROVED
            notice = Notice.objects.filter(state=state, version=2).order_by("?").first()
            if notice is None or (what == "cancel" and choose.random() < 0.8):
                continue
            try:
                if what == "approve":
                    drafting.approve(user, notice, version=2)
                else:
                    drafting.cancel(user, notice)
            except Changed:
                continue
            told(what, notice=notice.number)


def approve(count: str) -> None:
    user = User.objects.get(username=USER)
    for notice in _drafts(int(count)):
        drafting.approve(user, notice, version=2)
        print(notice.number)


def end() -> None:
    while Notice.objects.filter(state=NoticeState.APPROVED).exists():
        Notice.objects.filter(state=NoticeState.APPROVED).update(leaves_at=timezone.now() - timedelta(seconds=1))
        sending.leave_due(timezone.now())
    sending.leave_due(timezone.now() + timedelta(hours=1))
    in_hand = Removal.objects.filter(next_recheck_at__lte=timezone.now() + rechecking.LEASE)
    in_hand.update(next_recheck_at=timezone.now())
    rounds.look()
    by_step = Notice.objects.exclude(step=None).values("removal", "step").annotate(count=Count("pk"))
    facts = [json.loads(entry.facts) for entry in Entry.objects.filter(action="recheck")]
    truth = {
        "states": dict(Notice.objects.values_list("number", "state")),
        "notified": set(Notice.objects.filter(state="sent").values_list("removal", flat=True))
        <= set(Removal.objects.exclude(notified_at=None).values_list("pk", flat=True)),
        "doubled_steps": by_step.filter(count__gt=1).count(),
        "visits": [[one.removal_id, one.at.isoformat()] for one in Recheck.objects.all()],
        "visits_on_record": sum(one.get("visits", 0) for one in facts),
        "chain": [problem.key for problem in verify().problems],
    }
    print(json.dumps(truth))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
