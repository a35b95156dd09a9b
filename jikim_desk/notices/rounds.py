"""What a worker does for removal beside its jobs: begins, packs, stamps, drafts, sends and looks again, whatever is due.

Every piece is claimed in the database, so that several workers may do this at once and a killed one loses nothing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

from django.db import DatabaseError, InterfaceError, close_old_connections
from django.utils import timezone

from jikim.errors import AuthorityMissing, JikimError
from jikim_desk.notices import escalating, evidence, rechecking, sending

logger = logging.getLogger("jikim.desk.notices")
ROUND_S = 3.0
T = TypeVar("T")


def keep_going(stopping: threading.Event) -> None:
    """A round every few seconds until `stopping` is set; to be run in a thread of its own."""
    while not stopping.wait(ROUND_S):
        go()
    close_old_connections()


def go() -> None:
    """One round over everything that is due. What fails is said by its key and met again in a later round."""
    close_old_connections()
    now = timezone.now()
    try:
        evidence.begin_due(now)
        _each(evidence.packs_due(), lambda removal: evidence.complete(removal))
        _each(evidence.to_hold(), evidence.hold_for_case)
        _each(escalating.reports_due(), escalating.report)
        _each(evidence.stamps_due(now), evidence.stamp)
        _each(escalating.due(now), lambda removal_id: escalating.step(removal_id, now))
        sending.leave_due(now)
        _recheck()
    except (DatabaseError, InterfaceError) as error:
        logger.warning("removal: the database did not take it: %s", type(error).__name__)


def _recheck() -> None:
    due = rechecking.due(timezone.now())
    if not due:
        return
    try:
        with rechecking.opened() as ways:
            _each(due, lambda removal_id: rechecking.visit_due(removal_id, ways))
    except AuthorityMissing as error:
        logger.warning("removal: %s", error.key)


def _each(things: Iterable[T], do: Callable[[T], object]) -> None:
    """One that cannot be done stops no other."""
    for thing in things:
        try:
            do(thing)
        except JikimError as error:
            logger.warning("removal: %s", error.key)
