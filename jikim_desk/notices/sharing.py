"""The host directory from one centre to another: encrypted (age) for a centre that the settings name, signed, and on record.

What leaves says who can be asked and how, and who refuses; nothing of finds, letters or people. What comes in is taken only
from a centre that the settings name, for this centre alone, and changes no entry that is there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import msgspec
import pyrage
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import transaction
from django.utils import timezone

from jikim_desk.accounts import at_terminal
from jikim_desk.accounts.models import Role, User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.config import Centre, desk_config, jikim_config
from jikim_desk.faults import BadAsk
from jikim_desk.notices import hosts
from jikim_desk.notices.faults import BadLetter
from jikim_desk.notices.models import Host
from jikim_desk.sealing import vault

FILE_MAX_BYTES = 8 * 2**20
HOSTS_MAX = 20_000
_MARK = b"jikim host directory 1\n"
_KEY_FILE = "keys/exchange"
"""Among the other keys, so that it is in their backup (`jikim keys backup`)."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    kind: str
    mailbox: str
    form: str
    lang: str
    law: str
    is_hostile: bool
    behind: dict[str, str]


class Directory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    made_by: str
    """The sender's public key (hex), by which it is known."""
    made_for: str
    """That of the centre it is for."""
    made_at: str
    hosts: list[Entry]


class Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    directory: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Taken:
    """How many entries were new, known before and so left alone, or not usable; and whose they are."""

    centre: str
    new: int
    known: int
    unusable: int


def lead(username: str, password: str) -> User:
    """The lead with this name. Raises BadAsk as `at_terminal.person`."""
    return at_terminal.person(username, password, Role.LEAD, subject="hosts:directory", what="share")


def own_recipient() -> str:
    """The age recipient under which others send to this centre; its key is made on first use."""
    return str(_identity().to_public())


def export(user: User, centre_name: str) -> bytes:
    """The directory for one centre. Raises BadAsk for one the settings do not name, VaultError."""
    centre = _centre(centre_name)
    now = timezone.now()
    entries = [_entry(one) for one in Host.objects.order_by("pk")[:HOSTS_MAX]]
    told = Directory(vault().public_key().hex(), centre.public_key, now.isoformat(timespec="seconds"), entries)
    directory = msgspec.json.encode(told)
    signed = msgspec.json.encode(Signed(directory, vault().sign(_MARK + directory)))
    sealed = bytes(pyrage.encrypt(signed, [_recipient(centre)]))
    with transaction.atomic():
        facts = {"what": "directory_out", "parts": len(entries), "centre": centre.name}
        chain.record(Action.EXPORT, actor=user, subject="hosts:directory", facts=facts)
    return sealed


def take_in(user: User, sealed: bytes) -> Taken:
    """Takes in what another centre sent. Raises BadAsk for what is not for this centre or not of one that the settings name,
    PermissionDenied."""
    told, centre = _opened(sealed)
    counts = {"new": 0, "known": 0, "unusable": 0}
    for one in told.hosts:
        counts[_take(user, one)] += 1
    with transaction.atomic():
        facts = {"what": "directory_in", "parts": counts["new"], "centre": centre.name}
        chain.record(Action.HOST, actor=user, subject="hosts:directory", facts=facts)
    return Taken(centre.name, **counts)


def _opened(sealed: bytes) -> tuple[Directory, Centre]:
    try:
        if len(sealed) > FILE_MAX_BYTES:
            raise BadAsk("sharing.unreadable")
        signed = msgspec.json.decode(pyrage.decrypt(sealed, [_identity()]), type=Signed)
        told = msgspec.json.decode(signed.directory, type=Directory)
    except (pyrage.DecryptError, msgspec.MsgspecError) as error:
        raise BadAsk("sharing.unreadable") from error
    centre = next((one for one in desk_config().removal.centres if one.public_key == told.made_by), None)
    if centre is None:
        raise BadAsk("sharing.unknown_centre")
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(centre.public_key)).verify(signed.signature, _MARK + signed.directory)
    except (InvalidSignature, ValueError) as error:
        raise BadAsk("sharing.not_signed") from error
    if told.made_for != vault().public_key().hex() or len(told.hosts) > HOSTS_MAX:
        raise BadAsk("sharing.not_for_us")
    return told, centre


def _take(user: User, one: Entry) -> str:
    try:
        if hosts.named(one.name) is not None:
            return "known"
        hosts.keep(
            user,
            one.name,
            kind=one.kind,
            mailbox=one.mailbox,
            form=one.form,
            lang=one.lang,
            law=one.law,
            is_hostile=one.is_hostile,
            stands_behind=one.behind,
        )
    except BadLetter:
        return "unusable"
    return "new"


def _entry(host: Host) -> Entry:
    behind = {name: str(value) for name, value in (host.behind or {}).items()}
    return Entry(host.name, host.kind, host.mailbox, host.form, host.lang, host.law, host.is_hostile, behind)


def _centre(name: str) -> Centre:
    found = next((one for one in desk_config().removal.centres if one.name == name), None)
    if found is None:
        raise BadAsk("sharing.unknown_centre")
    return found


def _recipient(centre: Centre) -> Any:
    try:
        return pyrage.x25519.Recipient.from_str(centre.recipient)
    except pyrage.RecipientError as error:
        raise BadAsk("sharing.bad_recipient", centre=centre.name) from error


def _identity() -> Any:
    """This centre's key for what is sent to it. Raises BadAsk for a file that holds none."""
    file = jikim_config().home / _KEY_FILE
    if not file.exists():
        _make(file)
    try:
        return pyrage.x25519.Identity.from_str(next(_lines(file), ""))
    except pyrage.IdentityError as error:
        raise BadAsk("sharing.bad_key") from error


def _make(file: Path) -> None:
    """Makes the key in one step, for whom one that another process is just making counts as well."""
    vault()  # whose folder it is
    new = file.with_name(f".new-{token_hex(8)}")  # the vault sweeps away what a kill leaves of it
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as writing:
        writing.write(f"{pyrage.x25519.Identity.generate()}\n")
        writing.flush()
        os.fsync(writing.fileno())
    with suppress(FileExistsError):
        file.hardlink_to(new)
    new.unlink(missing_ok=True)


def _lines(file: Path) -> Iterator[str]:
    yield from (line for line in file.read_text("utf-8").splitlines() if line and not line.startswith("#"))
