"""Keeps this machine's bank of confirmed finds as the rows say: what is wanted goes in, what is no longer wanted goes out.

Every machine of a centre has its own bank (`$JIKIM_HOME/banks/`) and makes the fingerprints itself from what is sealed; they
are never sent. Any number of workers of one machine may call this: one of them does it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from django.utils import timezone

from jikim import banking
from jikim.copies.bank_items import BankSettings, ItemState, NewItem
from jikim.copies.films import KNOWN
from jikim.copies.fingerprints import ItemFingerprint
from jikim.copies.store import StoredBank, bank_names, create_bank, open_bank
from jikim.errors import JikimError, MediaUnreadable
from jikim_desk.config import jikim_config
from jikim_desk.notices.reuploads import guarding
from jikim_desk.notices.reuploads.models import GuardedFile
from jikim_desk.records import copies
from jikim_desk.review import kept

BANK = "confirmed-finds"
SOURCE = "jikim: confirmed"
"""By which items of ours are known: what a person put into the bank besides is left alone."""
WHOLE_EVERY_S = 60.0
RETRY_S, UNREADABLE_RETRY_S = 600.0, 86_400.0
TOGETHER, LOOKED_THROUGH = 10, 200
"""How many files one round fingerprints at most, and how many new ones it looks at."""
NUMBER_DIGITS = 8
_MARKED_TOGETHER = 500
_ROW = ("pk", "sha256", "kept_at")
_Row = tuple[int, str, datetime | None]

logger = logging.getLogger("jikim.desk.notices")


class Mirror:
    """The bank of this machine, as one process keeps it."""

    def __init__(self) -> None:
        self._last = 0
        self._whole_at_s = -WHOLE_EVERY_S
        self._failed: dict[str, float] = {}

    def go(self) -> None:
        """One round: what is new since the last, and once a minute everything. Raises StateError."""
        with _alone() as is_ours:
            if not is_ours:
                return
            now_s = time.monotonic()
            is_whole = now_s - self._whole_at_s >= WHOLE_EVERY_S
            rows = list(guarding.wanted().values_list(*_ROW)) if is_whole else self._newest()
            if is_whole:
                self._take_out(rows)
                self._whole_at_s = now_s
            if rows:
                self._put_in(rows)

    def _newest(self) -> list[_Row]:
        """What is wanted of those that came since; asked by their numbers, so that it costs next to nothing every time."""
        new = list(GuardedFile.objects.filter(pk__gt=self._last).order_by("pk").values_list("pk", flat=True)[:LOOKED_THROUGH])
        return list(guarding.wanted().filter(pk__in=new).values_list(*_ROW)) if new else []

    def _take_out(self, wanted: Sequence[_Row]) -> None:
        """Removes what is no longer wanted, from the bank and from its files."""
        numbers, digests = {pk for pk, _, _ in wanted}, {digest for _, digest, _ in wanted}
        kept = GuardedFile.objects.exclude(kept_at=None).values_list("pk", flat=True)
        _mark([pk for pk in kept if pk not in numbers], kept_at=None)
        if BANK not in bank_names(_folder()):
            return
        with open_bank(_folder(), BANK) as bank:
            gone = [one.number for one in bank.items() if one.source == SOURCE and one.id not in digests]
            for number in gone:
                bank.remove(number)
            if gone:
                bank.save_index()  # else their hashes would stay in its files

    def _put_in(self, wanted: Sequence[_Row]) -> None:
        """Fingerprints what the bank lacks, some of it; the rest in the next round."""
        with _bank() as bank:
            known = {one.id for one in bank.items()}
            now_s = time.monotonic()
            lacking = {digest: pk for pk, digest, _ in wanted if digest not in known}
            due = [pk for digest, pk in lacking.items() if self._failed.get(digest, 0.0) <= now_s]
            for row in GuardedFile.objects.filter(pk__in=due[:TOGETHER]).select_related("capture").order_by("pk"):
                self._add(bank, row)
        there = [pk for pk, digest, kept_at in wanted if kept_at is None and digest in known]
        _mark(there, kept_at=timezone.now(), problem_key="")
        if len(due) <= TOGETHER:
            self._last = max(self._last, *(pk for pk, _, _ in wanted))

    def _add(self, bank: StoredBank, row: GuardedFile) -> None:
        self._failed[row.sha256] = time.monotonic() + RETRY_S  # beforehand: whatever it breaks, the others go on without it
        try:
            made = _fingerprint(row)
        except JikimError as error:
            if isinstance(error, MediaUnreadable):
                self._failed[row.sha256] = time.monotonic() + UNREADABLE_RETRY_S
            GuardedFile.objects.filter(pk=row.pk).update(problem_key=error.key[:60])
            logger.warning("reuploads: %s", error.key)
            return
        is_new = bank.add(NewItem(made, label=row.guard_id[:NUMBER_DIGITS], source=SOURCE))
        if is_new and not row.is_only:  # of several files nobody said which is meant: what floods is set aside
            bank.set_state(bank.item_by_id(row.sha256).number, ItemState.ACTIVE, is_confirmed=False)
        rows = GuardedFile.objects.filter(sha256=row.sha256, pk__in=guarding.wanted().values("pk"))
        rows.update(kept_at=timezone.now(), problem_key="")
        del self._failed[row.sha256]


def _fingerprint(row: GuardedFile) -> ItemFingerprint:
    """Of the sealed file, opened in the sandbox, or of a verified copy of the same extent where it is lost."""
    handle, digest = copies.opened(row.capture_id, row.capture.blob)
    try:
        with kept.opener().open(handle, digest) as media:
            return replace(banking.fingerprint_media(media, KNOWN), sha256=row.sha256)
    finally:
        os.close(handle)


def _mark(numbers: Sequence[int], **changes: object) -> None:
    for start in range(0, len(numbers), _MARKED_TOGETHER):
        GuardedFile.objects.filter(pk__in=numbers[start : start + _MARKED_TOGETHER]).update(**changes)


def _bank() -> StoredBank:
    if BANK in bank_names(_folder()):
        return open_bank(_folder(), BANK)
    return create_bank(_folder(), BANK, BankSettings(note="made and emptied by the re-upload watch"))


def _folder() -> Path:
    return banking.banks_folder(jikim_config())


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether no other worker of this machine is at it."""
    _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(_folder() / ".confirmed-finds.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)
