"""What a worker does for removal beside its jobs: begins, packs, stamps, drafts, sends and looks again, whatever is due.

Every piece is claimed in the database, so that several workers may do this at once and a killed one loses nothing. Letters
and rechecks are apart, so that a host that answers slowly holds up no letter; so are fingerprints, which take a while.
"""

from __future__ import annotations

import logging
import os
import time
import traceback
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from jikim.errors import AuthorityMissing, JikimError
from jikim_desk.notices import escalating, evidence, rechecking, sending
from jikim_desk.notices.channels import replies
from jikim_desk.notices.inbox import holding
from jikim_desk.notices.lookups import errands
from jikim_desk.notices.models import Removal
from jikim_desk.notices.reports import making
from jikim_desk.notices.reuploads.mirroring import Mirror

logger = logging.getLogger("jikim.desk.notices")
T = TypeVar("T")


def go() -> None:
    """One round over everything that is due. What fails is said by its key and met again in a later round."""
    write()
    look()
    find_out()
    report()
    guard()


def write() -> None:
    """One round over everything but rechecks."""
    now = timezone.now()
    _BEGINNINGS.go(now)
    _each(evidence.to_hold(), evidence.hold_for_case)
    _each(evidence.stamps_due(now), evidence.stamp)
    _each(escalating.due(now), lambda removal_id: escalating.step(removal_id, now))
    _each([now], sending.leave_due)
    _each(replies.unfinished(), replies.finish)


class Beginnings:
    """What was confirmed is begun, packed and reported, and what answers brought is held by its case. To look through the finds
    of a year takes a second: that is done at the start, while there is more than goes at once, and now and then; else only what
    came lately is looked through."""

    def __init__(self) -> None:
        self._thorough_at = 0.0

    def go(self, now: datetime) -> None:
        """One round."""
        is_thorough = time.monotonic() >= self._thorough_at
        newest, since = (None, None) if is_thorough else (_NEWEST, now - _LATELY)
        begun: list[Removal] = []
        _each([now], lambda at: begun.extend(evidence.begin_due(at, newest=newest, limit=_AT_ONCE)))
        packs = evidence.packs_due(since=since, limit=_AT_ONCE)
        reports = escalating.reports_due(since=since, limit=_AT_ONCE)
        _each(packs, lambda removal: evidence.complete(removal))
        _each(reports, escalating.report)
        if is_thorough:
            _each(holding.to_hold(), holding.hold_for_case)
        if is_thorough and max(map(len, (begun, packs, reports))) < _AT_ONCE:
            self._thorough_at = time.monotonic() + _THOROUGH_EVERY_S


_AT_ONCE, _NEWEST, _LATELY = 20, 2_000, timedelta(days=1)
_THOROUGH_EVERY_S = 600.0
_BEGINNINGS = Beginnings()


def look() -> None:
    """One round over the rechecks."""
    due = rechecking.due(timezone.now())
    if not due:
        return
    try:
        with rechecking.opened() as ways:
            _each(due, lambda removal_id: rechecking.visit_due(removal_id, ways))
    except AuthorityMissing as error:
        logger.warning("removal: %s", error.key)


def find_out() -> None:
    """One round over the look-ups of hosts."""
    due = errands.due(timezone.now())
    if not due:
        return
    try:
        with errands.opened() as asking:
            _each(due, lambda lookup_id: errands.go(lookup_id, asking))
    except AuthorityMissing as error:
        logger.warning("removal: %s", error.key)


def report() -> None:
    """One round over the reports that were asked for."""
    now = timezone.now()
    _each(making.due(now), lambda report_id: making.make(report_id, now))


def guard() -> None:
    """One round of this machine's bank of what was confirmed, so that re-uploads are known."""
    _each([_MIRROR], Mirror.go)


_MIRROR = Mirror()


def _each(things: Iterable[T], do: Callable[[T], object]) -> None:
    """One that cannot be done stops no other."""
    for thing in things:
        try:
            do(thing)
        except (DatabaseError, InterfaceError):
            raise
        except JikimError as error:
            logger.warning("removal: %s", error.key)
        except Exception as error:  # noqa: BLE001 - our own fault ends this piece alone; where is said, never with whose words
            where = traceback.extract_tb(error.__traceback__)[-1]
            logger.error("removal: %s at %s:%s", type(error).__name__, os.path.basename(where.filename), where.lineno)
