"""The first start: keys, the paper recovery code, the first administrator; and what the desk refuses to start with.

`check_secrets` needs no database; `begin` comes after its migrations.
"""

from __future__ import annotations

import ipaddress
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.db import transaction

from jikim.errors import BadUse
from jikim.vault import recovery
from jikim_desk import words
from jikim_desk.accounts import people
from jikim_desk.accounts.models import TEAM_ROLES, Grant, Role, Team, User
from jikim_desk.config import desk_config, jikim_config
from jikim_desk.faults import CannotStart
from jikim_desk.sealing import vault

SECRET_MIN = 12
_KINDS_OF_BYTES_MIN = 12
"""32 random bytes have about 30 different ones; a key typed by somebody, or all zeros, has few."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """Somebody who reads and answers."""

    say: Callable[[str], None]
    ask: Callable[[str], str]


def check_secrets() -> None:
    """Raises CannotStart naming the setting or file: a weak or default secret, one that others can read, or a desk that would
    be open to the network without https; VaultError for a key that is lost. Makes the keys on the very first start."""
    config, home = desk_config(), jikim_config().home
    host = urlsplit(f"//{config.listen}").hostname or ""
    if not _is_loopback(host) and not config.is_https:
        raise CannotStart("accounts.start.needs_https", listen=config.listen)
    if "*" in config.hosts:
        raise CannotStart("accounts.start.any_host")
    if config.is_practice and not _is_loopback(host):
        raise CannotStart("accounts.start.practice_is_local", listen=config.listen)
    _check_database_password(config.database)
    vault().public_key()
    for name in ("centre", "fields", "signing", "practice"):
        if len(set((home / "keys" / name).read_bytes())) < _KINDS_OF_BYTES_MIN:
            raise CannotStart("accounts.start.weak_key", file=f"keys/{name}")
    _check_private(home)
    if config.database:
        _check_private(home / "config.toml")


def begin(address: str, *, terminal: Terminal | None) -> str:
    """What has to be done before somebody can sign in. `address` is how browsers reach the desk, as in `http://localhost:8470`.

    Returns the address of a link that signs in once, where somebody should open one now, else "". On a first start it guides
    whoever sits at `terminal`; a practice desk needs none. Raises CannotStart on a first start without anybody there.
    """
    if desk_config().is_practice:
        return _link(address, _practice_secret())
    if people.has_administrator():
        return ""
    if terminal is None:
        raise CannotStart("accounts.start.needs_terminal")
    terminal.say(words.say("accounts.start.welcome", _lang()))
    if not recovery.has_code(jikim_config().home):
        put_on_paper(terminal)
    return _first_administrator(address, terminal)


def put_on_paper(terminal: Terminal) -> None:
    """Shows a new recovery code once, has two of its groups typed back, and only then makes it the one that counts."""
    code = recovery.new_code()
    groups = recovery.spelled(code)
    rows = [groups[at : at + 5] for at in range(0, len(groups), 5)]
    terminal.say(words.say("accounts.start.paper", _lang()))
    terminal.say("\n".join(f"    {at * 5 + 1:>2}   {'  '.join(row)}" for at, row in enumerate(rows)) + "\n")
    for place in (3, len(groups) - 1):
        while terminal.ask(words.say("accounts.start.paper_ask", _lang(), number=place + 1)).strip().upper() != groups[place]:
            terminal.say(words.say("accounts.start.paper_wrong", _lang()))
    recovery.adopt(jikim_config().home, code)
    terminal.say(words.say("accounts.start.paper_done", _lang(), file=recovery.BACKUP))


def _first_administrator(address: str, terminal: Terminal) -> str:
    while True:
        username = terminal.ask(words.say("accounts.start.ask_username", _lang())).strip()
        name = terminal.ask(words.say("accounts.start.ask_name", _lang())).strip()
        try:
            _, secret = people.create_first(username=username, name=name, lang="")
        except BadUse as error:
            terminal.say(error.message().in_language(_lang()))
            continue
        terminal.say(words.say("accounts.start.link", _lang()))
        return _link(address, secret)


def _practice_secret() -> str:
    """A new link for the one person of a practice desk, who holds every role. Raises CannotStart on a desk that began in
    earnest, with a paper code: a setting must not open what people keep there to whoever starts it."""
    if recovery.has_code(jikim_config().home):
        raise CannotStart("accounts.start.no_practice_desk")
    with transaction.atomic():
        user, _ = User.objects.get_or_create(
            username=people.PRACTICE, defaults={"name": words.say("accounts.start.practice_name")}
        )
        team, _ = Team.objects.get_or_create(name=words.say("accounts.start.practice_team"))
        for role in set(Role.values) - {Role.MACHINE}:
            Grant.objects.get_or_create(user=user, role=role, team=team if role in TEAM_ROLES else None)
        return people.invite(user)


def _link(address: str, secret: str) -> str:
    return f"{address.rstrip('/')}/join/{secret}/"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_database_password(database: str) -> None:
    """A database that is reached over the network needs a password nobody guesses; one behind a socket of this machine has the
    system's own check of users."""
    url = urlsplit(database)
    host = unquote(url.hostname or "")
    if not host or host.startswith("/"):
        return
    password = unquote(url.password or "")
    try:
        CommonPasswordValidator().validate(password)
    except ValidationError:
        raise CannotStart("accounts.start.weak_database_password", minimum=SECRET_MIN) from None
    if len(password) < SECRET_MIN or password.casefold() in (unquote(url.username or "").casefold(), url.path.strip("/")):
        raise CannotStart("accounts.start.weak_database_password", minimum=SECRET_MIN)


def _check_private(path: Path) -> None:
    if path.exists() and path.stat().st_mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise CannotStart("accounts.start.open_to_others", where=str(path), mode="700" if path.is_dir() else "600")


def _lang() -> str:
    return jikim_config().lang
