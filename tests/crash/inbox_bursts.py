"""What the test of kill -9 runs as processes of their own: `make`, `read MINUTES PORT`, `count`, `end` under $JIKIM_HOME."""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jikim_desk.settings")
import django

django.setup()

import msgspec  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from jikim_desk.accounts.models import Grant, Role, Team, User  # noqa: E402
from jikim_desk.audit.models import Entry  # noqa: E402
from jikim_desk.audit.verifying import verify  # noqa: E402
from jikim_desk.notices import drafting, evidence, sending  # noqa: E402
from jikim_desk.notices.inbox import connecting, taking  # noqa: E402
from jikim_desk.notices.inbox.models import Letter, Mailbox  # noqa: E402
from jikim_desk.notices.models import Notice, NoticeState  # noqa: E402
from jikim_desk.sealing import vault  # noqa: E402
from tests.desk.removals import confirmed  # noqa: E402


def make() -> None:
    """A notice that left; its Message-ID."""
    call_command("migrate", interactive=False, verbosity=0)
    team = Team.objects.create(name="one")
    user = User.objects.create_user("someone-of-ours")
    Grant.objects.create(user=user, role=Role.REVIEWER, team=team)
    confirmed(team, user)
    (removal,) = evidence.begin_due(timezone.now())
    notice = drafting.draft(removal, "mail", by=user, lang="en")
    Notice.objects.update(state=NoticeState.SENT, sent_at=timezone.now())
    print(sending.message_id(notice))


def read(minutes: str, port: str) -> None:
    """One round as a worker makes it, so many minutes later: whoever had the mailbox before counts as lost. `port` is of what
    stands before the server."""
    inside = connecting.opened
    connecting.opened = lambda settings: inside(msgspec.structs.replace(settings, imap_port=int(port)))
    print("ready", flush=True)
    taking.take_due(timezone.now() + timedelta(minutes=int(minutes)))


def count() -> None:
    """How many letters were taken so far."""
    print(Letter.objects.count())


def end() -> None:
    """What is on record."""
    subjects = [one.told["subject"] for one in Letter.objects.order_by("uid")]
    documents = [vault().read(one.told["attached"][0]["blob"]).decode() for one in Letter.objects.order_by("uid")]
    mailbox = Mailbox.objects.get()
    taken = sum('"mail_taken"' in one for one in Entry.objects.values_list("facts", flat=True))
    said = {"subjects": subjects, "documents": documents, "joined": Letter.objects.exclude(notice=None).count()}
    said |= {"taken": taken, "fault": mailbox.fault_key, "chain": [problem.key for problem in verify().problems]}
    print(json.dumps(said))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
