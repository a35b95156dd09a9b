"""Makes a desk in earnest in `$JIKIM_HOME`, with one person who is signed in: `python -m tests.servers.removal_desk AGENT`

Prints the session's key. What the desk then does, it does by itself or at the hands of a browser.
"""

from __future__ import annotations

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jikim_desk.settings")
import django

django.setup()

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402

from jikim.state import State  # noqa: E402
from jikim_desk.accounts.models import Grant, Role, Team, User  # noqa: E402
from jikim_desk.accounts.sessions import AGENT  # noqa: E402
from jikim_desk.config import jikim_config  # noqa: E402
from jikim_desk.sealing import reference  # noqa: E402

PERSON, NAME = "worker-borami", "담당자박보람"
"""Who must never be named outside."""


def make(agent: str) -> str:
    """Everything from nothing."""
    call_command("migrate", verbosity=0)
    with State.open(jikim_config().home) as state:
        state.record_authority("시험 지원센터", "시험", "담당자")
    team = Team.objects.create(name="삭제지원팀")
    person = User.objects.create_user(PERSON, password="correct horse battery", name=NAME)
    TOTP.activate(person, generate_totp_secret())
    for role in (Role.REVIEWER, Role.LEAD):
        Grant.objects.create(user=person, role=role, team=team)
    Grant.objects.create(user=person, role=Role.ADMINISTRATOR)
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    session[AGENT] = reference("session agent", agent)
    session.save()
    return client.cookies["sessionid"].value


if __name__ == "__main__":
    print(make(sys.argv[1]))
