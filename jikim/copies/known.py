"""Everything that is known, held against what comes: the banks in use, with what each allows to be said.

Between the cascade (`matching.py`) and an answer stand the banks' own rules: a copy of something on an allow-list is no copy of
what it looks like, a bank may ask for a higher score, and an item that suddenly is found everywhere is set aside.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from jikim.copies.bank_items import QUALITY_MIN, SearchableBank
from jikim.copies.banks import ListedBank, read_banks, searchable_test_bank
from jikim.copies.fingerprints import ItemFingerprint
from jikim.copies.matching import Match, Matcher
from jikim.copies.pdq import distances
from jikim.copies.segments import RADIUS
from jikim.copies.store import BUILT_IN, StoredBank, bank_names, open_bank
from jikim.errors import BadUse

_FRAMES_COMPARED = 24
_NO_HASHES = np.zeros((0, 32), np.uint8)


class KnownMaterial:
    """The built-in bank and those of a folder, or the one of a name; allow-lists always. Banks that are made, removed, enabled
    or disabled while it is open are minded. Closing it closes them. Not for use by two threads at a time.

    Raises BadUse when there is no bank of that name, StateError when one cannot be read.
    """

    def __init__(self, folder: Path | None, name: str | None = None) -> None:
        self._folder = folder
        self._name = name
        self._shipped: list[SearchableBank] = [searchable_test_bank()] if name in (None, BUILT_IN) else []
        self._shipped += [ListedBank(bank) for bank in read_banks(folder) if name in (None, bank.name)] if folder else []
        self._stored: dict[str, StoredBank] = {}
        self._seen_at_ns = -1
        self._used: list[SearchableBank] = []
        self._matcher = Matcher([])
        self._mind_folder()
        if name is not None and name not in {*self._stored, *(bank.name for bank in self._shipped)}:
            raise BadUse("copies.no_bank", bank=name[:80], known=", ".join(bank_names(folder) if folder else []) or "-")

    @property
    def has_points(self) -> bool:
        """Whether any bank in use has keypoints, so that it is worth while to look for them."""
        return any(bank.has_points for bank in self._in_use())

    @property
    def has_sound(self) -> bool:
        """Whether any bank in use may have sound, so that it is worth while to listen."""
        return any(bank.has_sound for bank in self._in_use())

    def match(self, query: ItemFingerprint, before: Sequence[Match] = (), *, is_closer: bool = False) -> list[Match]:
        """The known items that a file shows, best first, by the rules of their banks; `before` and `is_closer` as in Matcher.
        Raises StateError."""
        used = self._in_use()
        if used != self._used:
            self._used, self._matcher = used, Matcher(used)
        settings = {bank.name: bank.settings for bank in used}
        found = self._matcher.match(query, before, is_closer=is_closer)
        harmless = [one for one in found if settings[one.bank].is_allow_list and one.relation == "copy"]
        told = [
            one
            for one in found
            if not settings[one.bank].is_allow_list
            and one.score >= settings[one.bank].score_min
            and not any(self._explains(other, one, query) for other in harmless)
        ]
        return [one for one in told if not self._floods(one, query)]

    def close(self) -> None:
        """Closes the banks."""
        for bank in self._stored.values():
            bank.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _in_use(self) -> list[SearchableBank]:
        self._mind_folder()
        return [bank for bank in (*self._shipped, *self._stored.values()) if bank.settings.is_enabled]

    def _mind_folder(self) -> None:
        """Opens the banks that are new in the folder and lets go of those that are gone."""
        if self._folder is None or not self._folder.is_dir():
            return
        changed_at_ns = self._folder.stat().st_mtime_ns
        if changed_at_ns == self._seen_at_ns:
            return
        self._seen_at_ns = changed_at_ns
        names = bank_names(self._folder)
        for name in self._stored.keys() - set(names):
            self._stored.pop(name).close()
        for name in names:
            if name not in self._stored:
                bank = open_bank(self._folder, name)
                if self._name in (None, name) or bank.settings.is_allow_list:
                    self._stored[name] = bank
                else:
                    bank.close()

    def _floods(self, match: Match, query: ItemFingerprint) -> bool:
        """Counts a match; whether its item was set aside for it."""
        bank = self._stored.get(match.bank)
        return bank is not None and bank.note_hit(bank.item_by_id(match.item).number, query.sha256)

    def _explains(self, harmless: Match, match: Match, query: ItemFingerprint) -> bool:
        """Whether a file is what is on an allow-list rather than what it looks like: over all of it, its hashes are nearer.
        Where both are as near the known item stands, as it does where the whole is not plainly what is harmless."""
        distance = self._distance(harmless, query)
        return distance <= RADIUS and distance < self._distance(match, query)

    def _distance(self, match: Match, query: ItemFingerprint) -> float:
        bank = self._stored.get(match.bank)
        reference = bank.fingerprint(bank.item_by_id(match.item).number) if bank else None
        return mean_distance(query, reference) if reference else 0.0


def mean_distance(query: ItemFingerprint, reference: ItemFingerprint) -> float:
    """How far frames of the query, in their best orientation, lie from the nearest of the reference's, on average in bits."""
    known = np.concatenate([frame.pdq[:1] for frame in reference.frames if frame.quality >= QUALITY_MIN] or [_NO_HASHES])
    usable = [frame for frame in query.frames if frame.quality >= QUALITY_MIN]
    if not usable or not len(known):
        return inf
    some = usable[:: -(-len(usable) // _FRAMES_COMPARED)]
    return float(np.mean([distances(frame.pdq, known).min() for frame in some]))
