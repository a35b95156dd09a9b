"""Writes the chain: each entry holds the hash of the one before it, in the transaction of what it tells of."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import UTC
from enum import Enum
from functools import partial
from hashlib import sha256

import msgspec
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from jikim.errors import StateError
from jikim.types import JsonValue
from jikim_desk.audit import head
from jikim_desk.audit.actions import PLAIN_FACTS, Action
from jikim_desk.audit.models import Entry
from jikim_desk.sealing import reference

logger = logging.getLogger("jikim.desk")
_TURN = 0x6A696B696D
"""The number of the advisory lock by which writers on PostgreSQL wait for each other; SQLite has one writer anyway."""
_KIND = re.compile(r"[a-z][a-z_]{0,39}")
_PLAIN_MAX = 60


def record(action: Action, *, actor: AbstractBaseUser | None, subject: str = "", facts: Mapping[str, JsonValue] = {}) -> None:
    """Appends what `actor` did (None: the desk itself, or somebody unknown), in the caller's transaction: both or neither.

    `subject` is `kind:id`, as in `candidate:4f0c...`; the id is stored as a keyed reference. Of `facts`, numbers and truth
    values are stored as they are, and words where their name is in PLAIN_FACTS or the value is a member of an Enum; any other
    text becomes a keyed reference. Call it last in a transaction: others who write wait from here until it ends.
    """
    with transaction.atomic():
        _take_turn()
        last = Entry.objects.order_by("-number").first()
        if not head.exists():
            head.advance(last.number if last else 0, last.hash if last else head.NO_HASH)
            if last:
                last = _append(last, Action.HEAD_LOST, "", "", {"number": last.number})
        _append(last, action, person_reference(actor), subject_reference(subject), facts)


def person_reference(person: AbstractBaseUser | None) -> str:
    """How the chain names a person."""
    return reference("audit person", str(person.pk)) if person is not None else ""


def subject_reference(subject: str) -> str:
    """How the chain names the subject `kind:id`."""
    kind, colon, name = subject.partition(":")
    if not (colon and _KIND.fullmatch(kind)):
        kind, name = "other", subject
    return f"{kind}:{reference('audit subject', f'{kind}:{name}')}" if subject else ""


def about(subject: str) -> QuerySet[Entry]:
    """Everything on record about `kind:id`, the oldest first."""
    return Entry.objects.filter(subject=subject_reference(subject))


def by(person: AbstractBaseUser) -> QuerySet[Entry]:
    """Everything a person did, the oldest first."""
    return Entry.objects.filter(actor=person_reference(person))


def entry_hash(number: int, at: str, action: str, actor: str, subject: str, facts: str, previous: str) -> str:
    """SHA-256 of the entry as a JSON array of these seven values, without spaces, in UTF-8."""
    return sha256(msgspec.json.encode([number, at, action, actor, subject, facts, previous])).hexdigest()


def entry_seal(digest: str) -> str:
    """The seal of an entry with this hash: only who has the centre's key can make it."""
    return reference("audit entry", digest)


def _take_turn() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_TURN])


def _append(last: Entry | None, action: Action, actor: str, subject: str, facts: Mapping[str, JsonValue]) -> Entry:
    number = last.number + 1 if last else 1
    at = timezone.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    written = msgspec.json.encode({name: _storable(name, value) for name, value in facts.items()}, order="sorted").decode()
    previous = last.hash if last else head.NO_HASH
    digest = entry_hash(number, at, action.value, actor, subject, written, previous)
    entry = Entry(
        number=number,
        at=at,
        action=action.value,
        actor=actor,
        subject=subject,
        facts=written,
        previous=previous,
        hash=digest,
        seal=entry_seal(digest),
    )
    entry.save(force_insert=True)
    transaction.on_commit(partial(_advance_head, number))
    return entry


def _advance_head(number: int) -> None:
    """After the commit of entry `number`: once for all entries of a transaction.

    What was done stands by now, so a head that is damaged or cannot be written stops nobody: it is logged, a damaged one is
    left as it is, and `verify` says so.
    """
    try:
        found = head.read()
        if found is not None and found.number >= number:
            return
        if found is not None and found.number and not Entry.objects.filter(number=found.number, hash=found.hash).exists():
            logger.error("audit: the chain is not the one in %s", head.NAME)  # stays as it is until somebody acknowledges it
            return
        last = Entry.objects.order_by("-number").first()
        if last is not None:
            head.advance(last.number, last.hash)
    except StateError as error:
        logger.error("%s", error)


def _storable(name: str, value: object) -> JsonValue:
    """`value` without anything that could tell of a person."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, str):
        is_plain = name in PLAIN_FACTS and len(value) <= _PLAIN_MAX and not re.search(r"[/@:\\]", value)
        return value if is_plain else f"ref:{reference('audit fact', value)}"
    if isinstance(value, Mapping):
        return {str(key): _storable(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_storable(name, inner) for inner in value]
    return f"ref:{reference('audit fact', str(value))}"
