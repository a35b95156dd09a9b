"""After an older copy of the database was put back, the head on file is ahead of the chain: entries are lost, and `verify` says
so until a named person acknowledges it. The acknowledgement is an entry of the chain, signed with the centre's key: who, up to
which entry the chain was known, its hash, and how far the copy reached. It mends nothing and hides nothing; from then on the
head follows the chain again.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from jikim.types import JsonValue
from jikim_desk.audit import chain, head
from jikim_desk.audit.actions import Action
from jikim_desk.audit.models import Entry
from jikim_desk.audit.verifying import acknowledged, verify
from jikim_desk.faults import BadAsk
from jikim_desk.sealing import vault

_BY_A_RESTORED_COPY = frozenset({"audit.problem.cut", "audit.problem.other_chain"})


@dataclass(frozen=True, slots=True)
class Lost:
    """What was acknowledged: the chain was known up to `known`, the copy that is there reached to `found`."""

    known: int
    found: int
    number: int
    """Of the entry that says so."""


def acknowledge(actor: AbstractBaseUser) -> Lost:
    """Puts on record that `actor` knows that an older copy was put back, and lets the head follow the chain from here.

    Raises BadAsk when nothing is missing, and when the chain was changed in any other way: that is never acknowledged.
    """
    known = head.read()
    verdict = verify()
    if known is None or verdict.is_whole:
        raise BadAsk("audit.acknowledge.nothing")
    if {problem.key for problem in verdict.problems} - _BY_A_RESTORED_COPY:
        raise BadAsk("audit.acknowledge.changed")
    person = chain.person_reference(actor)
    facts: dict[str, JsonValue] = {
        "what": "restored",
        "known": known.number,
        "found": verdict.entries,
        "hash": list(bytes.fromhex(known.hash)),
        "signature": list(vault().sign(acknowledged(person, known.number, verdict.entries, known.hash))),
    }
    with transaction.atomic():
        chain.record(Action.ACKNOWLEDGE, actor=actor, subject="audit:chain", facts=facts)
        last = Entry.objects.order_by("-number").first()
    assert last is not None
    head.restart(last.number, last.hash)
    return Lost(known.number, verdict.entries, last.number)
