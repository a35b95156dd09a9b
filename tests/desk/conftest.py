"""The desk under a throwaway home, its database made anew for every test run: SQLite, or a PostgreSQL server of which
`JIKIM_TEST_DATABASE` gives the address (`postgresql://user:password@host/name`).
"""

import os
import tempfile
from pathlib import Path

_HOME = tempfile.TemporaryDirectory(prefix="jikim-desk-")
os.environ["JIKIM_HOME"] = _HOME.name
os.environ["DJANGO_SETTINGS_MODULE"] = "jikim_desk.settings"
if os.environ.get("JIKIM_TEST_DATABASE"):
    Path(_HOME.name, "config.toml").write_text(f'[desk]\ndatabase = "{os.environ["JIKIM_TEST_DATABASE"]}"\n')
    Path(_HOME.name, "config.toml").chmod(0o600)

import django  # noqa: E402

django.setup()

import msgspec  # noqa: E402
import pytest  # noqa: E402
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.test import Client  # noqa: E402

from jikim_desk import config  # noqa: E402
from jikim_desk.accounts.models import TEAM_ROLES, Grant, Role, Team, User  # noqa: E402
from jikim_desk.notices.reuploads import mirroring  # noqa: E402
from tests.desk import chromium as browsers  # noqa: E402

settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick: no test is about the hash


def pytest_unconfigure():
    _HOME.cleanup()


@pytest.fixture(autouse=True)
def fresh_counts():
    """Attempts counted in one test do not slow down the next."""
    cache.clear()


@pytest.fixture(autouse=True)
def own_fingerprints(tmp_path, monkeypatch):
    """What one test confirms, and a round of the worker fingerprints, is known to no other test."""
    monkeypatch.setattr(mirroring, "jikim_config", lambda: msgspec.structs.replace(config.jikim_config(), home=tmp_path))


@pytest.fixture(scope="module")
def chromium():
    """A browser for the tests of one module: what runs it is gone before the next module's."""
    with browsers.running() as browser:
        yield browser


@pytest.fixture
def team(db):
    return Team.objects.create(name="삭제지원팀")


@pytest.fixture
def person(team):
    """Makes somebody with the roles named, in `team` where a role is held in a team, and an authenticator app."""

    def make(*roles, name=None, in_team=team):
        user = User.objects.create_user(name or f"person{User.objects.count()}", password="correct horse battery")
        TOTP.activate(user, generate_totp_secret())
        for role in roles:
            Grant.objects.create(user=user, role=role, team=in_team if Role(role) in TEAM_ROLES else None)
        return user

    return make


@pytest.fixture
def signed_in(person):
    """A browser in which somebody with these roles is signed in; `browser.user` is who."""

    def sign_in(*roles, **kwargs):
        client = Client()
        client.user = person(*roles, **kwargs)
        client.force_login(client.user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in
