"""The first start on a terminal, and everything the desk refuses to start with."""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import msgspec
import pytest
from django.test import Client

from jikim.errors import VaultError
from jikim.vault import recovery
from jikim_desk import config
from jikim_desk.accounts import enrolment, first_start, people
from jikim_desk.accounts.models import Grant, Role, User
from jikim_desk.config import jikim_config
from jikim_desk.faults import BadAsk, CannotStart

ADDRESS = "http://localhost:8470"


class Paper:
    """Somebody at a terminal who writes down what is shown and types what is asked, with a slip the first time."""

    def __init__(self, *answers):
        self.shown = []
        self.answers = list(answers)
        self.slips = 1

    def say(self, text):
        self.shown.append(text)

    @property
    def groups(self):
        rows = next(text for text in self.shown if re.search(r"^ +1   ", text))
        return re.findall(r"\b[A-Z0-9]{2,4}\b", re.sub(r"(?m)^ +\d+   ", "", rows))

    def ask(self, prompt):
        number = re.search(r"(\d+)", prompt)
        if number:
            self.slips -= 1
            return "WRNG" if self.slips >= 0 else self.groups[int(number[1]) - 1].lower()
        return self.answers.pop(0)


@pytest.fixture
def home():
    """The home of this run, without a paper code before and after."""
    home = jikim_config().home
    yield home
    (home / "keys" / "recovery.pub").unlink(missing_ok=True)
    shutil.rmtree(home / "recovery", ignore_errors=True)


@pytest.fixture
def set_to(monkeypatch):
    def change(**changes):
        changed = msgspec.structs.replace(config.desk_config(), **changes)
        monkeypatch.setattr(first_start, "desk_config", lambda: changed)

    return change


def test_it_guides_to_a_paper_code_and_a_first_administrator_who_signs_in(db, home):
    paper = Paper("a", "김관리", "admin", "김관리")  # the first user name is too short: asked again
    link = first_start.begin(ADDRESS, terminal=first_start.Terminal(paper.say, paper.ask))
    assert re.fullmatch(ADDRESS + r"/join/[\w-]{43}/", link)
    user = User.objects.get(username="admin")
    assert user.role_names == {Role.ADMINISTRATOR}
    assert not user.has_usable_password()
    assert recovery.restore(home, "".join(paper.groups), home / recovery.BACKUP) == []
    assert Client().post(link.removeprefix(ADDRESS))["Location"] == "/enrol/"
    assert first_start.begin(ADDRESS, terminal=None) == ""


def test_the_code_counts_only_once_it_was_typed_back(db, home):
    def gone(prompt):
        raise EOFError

    with pytest.raises(EOFError):
        first_start.begin(ADDRESS, terminal=first_start.Terminal(print, gone))
    assert not recovery.has_code(home)


def test_without_anybody_there_it_does_not_begin(db):
    with pytest.raises(CannotStart) as refused:
        first_start.begin(ADDRESS, terminal=None)
    assert refused.value.key == "accounts.start.needs_terminal"
    assert not User.objects.exists()


def test_there_is_one_first_administrator(db):
    people.create_first(username="admin", name="", lang="")
    with pytest.raises(BadAsk):
        people.create_first(username="admin2", name="", lang="")


def test_a_practice_desk_gives_a_link_that_signs_in_at_once(db, home, set_to, monkeypatch):
    set_to(is_practice=True)
    monkeypatch.setattr(enrolment, "desk_config", first_start.desk_config)
    first, second = (first_start.begin(ADDRESS, terminal=None).removeprefix(ADDRESS) for _ in range(2))
    assert Client().post(first).status_code == 410
    browser = Client()
    assert browser.post(second)["Location"] == "/"
    assert browser.get("/rights/").status_code == 200
    assert set(User.objects.get(username="practice").role_names) == set(Role.values) - {Role.MACHINE}
    assert Grant.objects.count() == len(Role.values) - 1


def test_a_desk_that_began_in_earnest_is_never_opened_for_practice(db, home, set_to, monkeypatch):
    recovery.adopt(home, recovery.new_code())
    set_to(is_practice=True)
    monkeypatch.setattr(enrolment, "desk_config", first_start.desk_config)
    assert not enrolment.is_waived(User())
    with pytest.raises(CannotStart) as refused:
        first_start.begin(ADDRESS, terminal=None)
    assert refused.value.key == "accounts.start.no_practice_desk"
    assert not User.objects.filter(username="practice").exists()


def test_nobody_else_is_called_practice(db):
    with pytest.raises(BadAsk):
        people.create_first(username="Practice", name="", lang="")


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"listen": "0.0.0.0:8470"}, "needs_https"),
        ({"listen": "192.168.0.9:80"}, "needs_https"),
        ({"listen": "[::]:80"}, "needs_https"),
        ({"listen": "desk.example.org:80"}, "needs_https"),
        ({"listen": "0.0.0.0:8470", "is_https": True, "is_practice": True}, "practice_is_local"),
        ({"hosts": ("*",)}, "any_host"),
        ({"database": "postgresql://jikim:password@db.example.org/jikim"}, "weak_database_password"),
        ({"database": "postgresql://jikim:postgres@10.0.0.5/jikim"}, "weak_database_password"),
        ({"database": "postgresql://jikim:jikimjikimjikim@10.0.0.5/jikimjikimjikim"}, "weak_database_password"),
        ({"database": "postgresql://jikim@10.0.0.5/jikim"}, "weak_database_password"),
    ],
)
def test_what_is_weak_or_open_is_refused(set_to, settings, key):
    set_to(**settings)
    with pytest.raises(CannotStart) as refused:
        first_start.check_secrets()
    assert refused.value.key == f"accounts.start.{key}"
    assert refused.value.message().ko != refused.value.message().en


@pytest.mark.parametrize(
    "settings",
    [
        {"listen": "127.0.0.1:0"},
        {"listen": "localhost:80"},
        {"listen": "[::1]:80"},
        {"listen": "0.0.0.0:80", "is_https": True},
        {"database": "postgresql://jikim:kT8%2FvXq2Lw9pZr4@10.0.0.5/jikim"},
        {"database": "postgresql://jikim@%2Frun%2Fpostgresql/jikim"},
    ],
)
def test_what_is_sound_is_not(set_to, settings):
    set_to(**settings)
    first_start.check_secrets()


@pytest.mark.parametrize("name", ["centre", "fields", "practice"])
def test_a_key_that_is_not_random_is_refused(set_to, name):
    path = jikim_config().home / "keys" / name
    kept = path.read_bytes()
    try:
        path.write_bytes(b"password" * 4)
        with pytest.raises(CannotStart) as refused:
            first_start.check_secrets()
        assert refused.value.params["file"] == f"keys/{name}"
    finally:
        path.write_bytes(kept)


def test_a_lost_key_is_said_and_nothing_is_made_in_its_place():
    first_start.check_secrets()
    path = jikim_config().home / "keys" / "signing"
    kept = path.read_bytes()
    try:
        path.unlink()
        with pytest.raises(VaultError) as lost:
            first_start.check_secrets()
        assert lost.value.key == "vault.key_missing"
        assert not path.exists()
    finally:
        path.write_bytes(kept)
        path.chmod(0o600)


def test_a_home_that_others_can_read_is_refused():
    home = jikim_config().home
    mode = home.stat().st_mode
    try:
        home.chmod(0o755)
        with pytest.raises(CannotStart) as refused:
            first_start.check_secrets()
        assert refused.value.key == "accounts.start.open_to_others"
    finally:
        home.chmod(mode)


def read_until(terminal, pattern, seconds=90):
    """What stands on the terminal up to and with `pattern`."""
    text, end = "", time.monotonic() + seconds
    while not re.search(pattern, text):
        assert time.monotonic() < end, text
        if select.select([terminal], [], [], 1)[0]:
            text += os.read(terminal, 65536).decode("utf-8", "replace")
    return text


def test_jikim_serve_on_a_real_terminal(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text('[desk]\nlisten = "127.0.0.1:0"\n')
    environment = {**os.environ, "JIKIM_HOME": str(home), "JIKIM_LANG": "en", "OMP_NUM_THREADS": "1"}
    ours, theirs = pty.openpty()
    program = [str(Path(sys.prefix, "bin", "jikim")), "serve"]
    serve = subprocess.Popen(program, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True)
    os.close(theirs)
    try:
        shown = read_until(ours, r"type group 4: ").replace("\r", "")
        rows = re.findall(r"^ +\d+   ((?:[A-Z0-9]{2,4} *)+)$", shown, re.MULTILINE)
        groups = " ".join(rows).split()
        os.write(ours, f"{groups[3]}\n".encode())
        read_until(ours, r"type group 15: ")
        os.write(ours, f"{groups[14]}\n".encode())
        read_until(ours, r"User name of the first administrator: ")
        os.write(ours, b"admin\n")
        read_until(ours, r"Name of the first administrator: ")
        os.write(ours, "김관리\n".encode())
        link = re.search(r"http://localhost:\d+/join/[\w-]+/", read_until(ours, r"/join/[\w-]+/\s"))[0]
        answer = httpx.get(link, follow_redirects=False, trust_env=False, timeout=60)
        assert answer.status_code == 200
        assert "김관리" in answer.text
    finally:
        os.killpg(serve.pid, signal.SIGTERM)
        serve.wait(30)
        os.close(ours)
    assert recovery.restore(home, "".join(groups), home / recovery.BACKUP) == []
