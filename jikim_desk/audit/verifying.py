"""Finds whether anybody changed the chain: any row, its order, its end, or the triggers that guard it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import DatabaseError, connection

from jikim.errors import StateError
from jikim.types import JsonValue
from jikim_desk.audit import head
from jikim_desk.audit.actions import Action
from jikim_desk.audit.chain import entry_hash, entry_seal
from jikim_desk.audit.models import Entry
from jikim_desk.sealing import vault

TRIGGERS = {
    "sqlite": {"audit_entry_update", "audit_entry_delete", "audit_entry_insert"},
    "postgresql": {"audit_entry_update", "audit_entry_delete", "audit_entry_insert", "audit_entry_truncate"},
}
COLUMNS = ("number", "at", "action", "actor", "subject", "facts", "previous", "hash", "seal")
PROBLEMS_MAX = 100
_CLOCK_SLACK_S = 60.0


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence by key about the entry `number`, or about the whole where it is None."""

    key: str
    number: int | None = None
    params: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found. `problems` are changes nobody may make, at most PROBLEMS_MAX of them; `notes` may well have an honest
    explanation, which somebody should know."""

    entries: int
    last_hash: str
    problems: tuple[Remark, ...]
    notes: tuple[Remark, ...]

    @property
    def is_whole(self) -> bool:
        return not self.problems


def verify() -> Verdict:
    """Goes through the whole chain. What cannot be read is a problem, not an exception; raises VaultError without the keys."""
    problems: list[Remark] = []
    notes: list[Remark] = []
    found = _head(problems)  # before the rows: the chain grows meanwhile, and the head is never ahead of it
    entries, last_hash, hash_at_head = 0, head.NO_HASH, head.NO_HASH
    try:
        problems += _missing_triggers()
        last_at = ""
        for row in _rows():
            if len(problems) >= PROBLEMS_MAX:
                break
            entries += 1
            number, at, action, *_, digest, _seal = row
            problems += _wrong(row, entries, last_hash)
            if action == Action.HEAD_LOST:
                notes.append(Remark("audit.note.head_lost", number))
            if action == Action.ACKNOWLEDGE:
                notes.append(Remark("audit.note.acknowledged", number))
                problems += [] if is_signed(row[3], row[5]) else [Remark("audit.problem.not_signed", number)]
            if last_at and _went_back(last_at, at):
                notes.append(Remark("audit.note.clock", number))
            if found and number == found.number:
                hash_at_head = digest
            last_hash, last_at = digest, at
    except (DatabaseError, UnicodeDecodeError) as error:
        problems.append(Remark("audit.problem.unreadable", entries + 1, {"reason": str(error)[:200]}))
    if found is None and entries and not problems:
        problems.append(Remark("audit.problem.no_head"))
    if found and not any(problem.number for problem in problems):
        if found.number > entries:
            problems.append(Remark("audit.problem.cut", entries + 1, {"known": found.number}))
        elif hash_at_head != found.hash:
            problems.append(Remark("audit.problem.other_chain", found.number))
    return Verdict(entries, last_hash, tuple(problems[:PROBLEMS_MAX]), tuple(notes[:PROBLEMS_MAX]))


def _rows() -> Iterator[tuple[int, str, str, str, str, str, str, str, str]]:
    """One statement, so one moment's view of the chain, however long it takes."""
    return Entry.objects.order_by("number").values_list(*COLUMNS).iterator(chunk_size=2000)


def _wrong(row: tuple[int, str, str, str, str, str, str, str, str], expected: int, previous: str) -> list[Remark]:
    number, at, action, actor, subject, facts, follows, digest, seal = row
    if number != expected:
        return [Remark("audit.problem.gap", expected, {"found": number})]
    if entry_hash(number, at, action, actor, subject, facts, follows) != digest:
        return [Remark("audit.problem.changed", number)]
    if follows != previous:
        return [Remark("audit.problem.order", number)]
    if entry_seal(digest) != seal:
        return [Remark("audit.problem.seal", number)]
    return []


def _head(problems: list[Remark]) -> head.Head | None:
    try:
        return head.read()
    except StateError:
        problems.append(Remark("audit.problem.head"))
        return None


def _missing_triggers() -> list[Remark]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_entry'")
        else:
            cursor.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = 'audit_entry'::regclass AND tgenabled IN ('O', 'A')")
        missing = TRIGGERS[connection.vendor] - {name for (name,) in cursor.fetchall()}
    return [Remark("audit.problem.trigger", None, {"name": name}) for name in sorted(missing)]


def _went_back(earlier: str, later: str) -> bool:
    try:
        return (datetime.fromisoformat(earlier) - datetime.fromisoformat(later)).total_seconds() > _CLOCK_SLACK_S
    except (TypeError, ValueError):
        return False  # no time at all: its hash has been compared, so it was written like that


def is_signed(actor: str, facts: str) -> bool:
    """Whether the facts of an acknowledgement were signed with the centre's key for this person's reference."""
    try:
        told = msgspec.json.decode(facts)
        content = acknowledged(actor, told["known"], told["found"], bytes(told["hash"]).hex())
        Ed25519PublicKey.from_public_bytes(vault().public_key()).verify(bytes(told["signature"]), content)
    except (InvalidSignature, KeyError, TypeError, ValueError):
        return False
    return True


def acknowledged(person: str, known: int, found: int, digest: str) -> bytes:
    """What the centre signs when a person acknowledges a restored database (`restoring`)."""
    return msgspec.json.encode(["jikim audit acknowledged", person, known, found, digest])
