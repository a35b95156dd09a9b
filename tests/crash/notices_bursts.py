"""What the test of kill -9 runs as processes of their own: `make N`, `send`, `end` under $JIKIM_HOME."""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jikim_desk.settings")
import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from jikim_desk.accounts.models import Grant, Role, Team, User  # noqa: E402
from jikim_desk.notices import drafting, evidence, sending  # noqa: E402
from jikim_desk.notices.models import Notice, NoticeKind  # noqa: E402
from tests.desk.removals import confirmed  # noqa: E402


def make(count: str) -> None:
    """So many approved notices whose time has come."""
    call_command("migrate", interactive=False, verbosity=0)
    team = Team.objects.create(name="one")
    user = User.objects.create_user("someone-of-ours")
    Grant.objects.create(user=user, role=Role.REVIEWER, team=team)
    confirmed(team, user)
    (removal,) = evidence.begin_due(timezone.now())
    for _ in range(int(count)):
        notice = drafting.draft(removal, NoticeKind.MAIL, by=user, lang="en")
        words = {"subject": notice.subject, "body": notice.body}
        drafting.edit(user, notice, **words, recipient="a@board.example", version=1)
        drafting.approve(user, notice, version=2)
    Notice.objects.update(leaves_at=timezone.now() - timedelta(seconds=1))


def send() -> None:
    """As a worker's rounds do, until nothing is due."""
    print("ready", flush=True)
    while sending.leave_due(timezone.now()):
        pass


def end() -> None:
    """What is left over when the processes that had it are long gone; the number and state of each notice."""
    sending.leave_due(timezone.now() + timedelta(hours=1))
    states = dict(Notice.objects.values_list("number", "state"))
    removal = Notice.objects.select_related("removal").first().removal
    print(json.dumps({"states": states, "notified": removal.notified_at is not None}))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
