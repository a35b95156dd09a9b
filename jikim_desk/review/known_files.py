"""Files somebody holds, against the banks: which known item each is, how it was edited. Words alone, never a picture."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from jikim import banking
from jikim.copies import edits
from jikim.copies.fingerprints import Segment
from jikim.copies.known import KnownMaterial
from jikim.copies.matching import Match
from jikim.errors import JikimError
from jikim_desk import words
from jikim_desk.accounts.models import User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.config import jikim_config
from jikim_desk.faults import BadAsk
from jikim_desk.review import kept
from jikim_desk.review.frames import problem_key
from jikim_desk.review.masking import shown
from jikim_desk.review.reading import clock

MATCHES_MAX = 5
LOOKING_S = 60.0
"""How long the files of one form are looked at; what is left then is said to be left."""
_LOOKING = threading.BoundedSemaphore(2)
"""Forms at once: each holds one of the few threads that every page needs."""


@dataclass(frozen=True, slots=True)
class KnownAs:
    """A known item that a file shows. `item` is the beginning of its sha256, `edit` and `times` are words, `coverage` is the
    share of the file in percent."""

    bank: str
    label: str
    item: str
    relation: str
    edit: str
    coverage: int
    times: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a file is known as; `problem` is a sentence where it could not be looked at."""

    known: tuple[KnownAs, ...] = ()
    problem: str = ""


def known_as(user: User, files: Sequence[int | None], lang: str) -> list[Answer]:
    """Holds files, as descriptors of sealed memory, against every bank in use. None is a file whose bytes were not kept. What
    cannot be opened hides no other. Raises StateError when a bank cannot be read, BadAsk while others' files are looked at."""
    if not _LOOKING.acquire(blocking=False):
        raise BadAsk("review.files.busy")
    try:
        return _known_as(user, files, lang)
    finally:
        _LOOKING.release()


def _known_as(user: User, files: Sequence[int | None], lang: str) -> list[Answer]:
    started = time.monotonic()
    answers = []
    with KnownMaterial(banking.banks_folder(jikim_config())) as banks:
        for fd in files:
            if fd is None:
                answers.append(Answer(problem=words.say("review.files.too_large", lang)))
            elif time.monotonic() - started > LOOKING_S:
                answers.append(Answer(problem=words.say("review.files.no_time", lang)))
            else:
                answers.append(_answer(fd, banks, lang))
    with transaction.atomic():
        facts = {"what": "files", "count": len(files), "known": sum(bool(one.known) for one in answers)}
        chain.record(Action.SEARCH, actor=user, facts=facts)
    return answers


def _answer(fd: int, banks: KnownMaterial, lang: str) -> Answer:
    try:
        found = banking.match_opened(kept.opener(), fd, banks)
    except JikimError as error:
        return Answer(problem=words.say(problem_key(error), lang))
    return Answer(tuple(_told(match, lang) for match in found[:MATCHES_MAX]))


def _told(match: Match, lang: str) -> KnownAs:
    return KnownAs(
        bank=match.bank,
        label=shown(match.label),
        item=match.item[:8],
        relation=match.relation,
        edit=edits.words(match.edit).in_language(lang),
        coverage=round(100 * match.coverage_query),
        times=", ".join(map(_stretch, match.segments[:3])),
    )


def _stretch(one: Segment) -> str:
    return f"{clock(one.start_s)}~{clock(one.end_s)} = {clock(one.item_start_s)}~{clock(one.item_end_s)}"
