"""People at the desk, in processes that are killed in the middle of what they do: `python -m tests.crash.desk_bursts FILE`.

Django is set up once; for each line on stdin a child is forked that asks, reports and decides as fast as it can. What it was
told is done goes to FILE as a line of JSON, after the call came back and never before.
"""

from __future__ import annotations

import json
import os
import random
import sys

import django

django.setup()

from django.db import transaction  # noqa: E402

from jikim_desk import flows  # noqa: E402
from jikim_desk.accounts.models import Team, User  # noqa: E402
from jikim_desk.records import intake  # noqa: E402
from jikim_desk.records.models import Candidate, CandidateState  # noqa: E402
from jikim_desk.review import decisions, queue  # noqa: E402


def burst(seed: int, place: str, keyword: str, addresses: list[str], acknowledge: int) -> None:
    """Goes on until somebody kills it."""
    choose = random.Random(seed)
    user, team = User.objects.get(username="worker"), Team.objects.get(name="삭제지원팀")

    def told(kind: str, **about: object) -> None:
        os.write(acknowledge, (json.dumps({"kind": kind, **about}) + "\n").encode())

    for number in range(1_000_000):
        what = choose.choice(("ask", "report", "decide", "decide"))
        if what == "ask" and number < 3:
            with transaction.atomic():
                sweep = intake.ask_for_sweep(user, [keyword], [place], team=team)
                flows.enqueue(sweep)
            told("sweep", id=sweep.pk)
        elif what == "report" and addresses:
            with transaction.atomic():
                reported, _ = intake.report_addresses(user, [addresses.pop()], team=team)
                if reported is not None:
                    flows.enqueue(reported)
            if reported is not None:
                told("sweep", id=reported.pk)
        else:
            waiting = Candidate.objects.filter(state=CandidateState.WAITING).order_by("pk")[:20]
            one = choose.choice(list(waiting)) if waiting else None
            if one is not None:
                queue.claim(user, one.pk)
                form_id = f"form-{seed}-{number}"
                for _ in range(choose.choice((1, 2))):  # sent twice now and then
                    made = decisions.decide(user, one.pk, "not_relevant", form_id=form_id)
                told("decision", id=str(made.pk), form=form_id, candidate=one.pk)


def main() -> None:
    acknowledge = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            burst(acknowledge=acknowledge, **asked)
            os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
