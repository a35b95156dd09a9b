"""Everything that is known, held against what comes: the banks in use, with what each allows to be said.

Between the cascade (`matching.py`) and an answer stand the banks' own rules: a copy of something on an allow-list is no copy of
what it looks like, a bank may ask for a higher score, and an item that suddenly is found everywhere is set aside.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from jikim.copies.bank_items import SearchableBank
from jikim.copies.banks import searchable_test_bank
from jikim.copies.fingerprints import ItemFingerprint
from jikim.copies.matching import Match, Matcher
from jikim.copies.store import BUILT_IN, StoredBank, bank_names, open_bank


class KnownMaterial:
    """The enabled ones of some banks. Closing it closes them. Not for use by two threads at a time."""

    def __init__(self, banks: Sequence[SearchableBank]) -> None:
        self._banks = {bank.name: bank for bank in banks}
        self._matcher = Matcher([bank for bank in banks if bank.settings.is_enabled])

    @classmethod
    def open(cls, folder: Path | None, name: str | None = None) -> KnownMaterial:
        """All banks of a folder and the built-in one, or the one of that `name`; allow-lists always.

        Raises BadUse when there is no bank of that name, StateError when one cannot be read.
        """
        banks: list[SearchableBank] = []
        if name in (None, BUILT_IN):
            banks.append(searchable_test_bank())
        elif folder is None or name not in bank_names(folder):
            open_bank(folder or Path(), str(name)).close()
        for one in bank_names(folder) if folder else ():
            bank = open_bank(folder, one) if folder else None
            if bank and (name in (None, one) or bank.settings.is_allow_list):
                banks.append(bank)
        return cls(banks)

    def match(self, query: ItemFingerprint) -> list[Match]:
        """The known items that a file shows, best first, by the rules of their banks. Raises StateError."""
        found = self._matcher.match(query)
        harmless = [one for one in found if self._is_allowed(one) and one.relation == "copy"]
        told = [
            one
            for one in found
            if not self._is_allowed(one)
            and one.score >= self._banks[one.bank].settings.score_min
            and not any(explains(other, one) for other in harmless)
        ]
        return [one for one in told if not self._floods(one, query)]

    def close(self) -> None:
        """Closes the banks."""
        for bank in self._banks.values():
            if isinstance(bank, StoredBank):
                bank.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _is_allowed(self, match: Match) -> bool:
        return self._banks[match.bank].settings.is_allow_list

    def _floods(self, match: Match, query: ItemFingerprint) -> bool:
        """Counts a match; whether its item was set aside for it."""
        bank = self._banks[match.bank]
        return isinstance(bank, StoredBank) and bank.note_hit(bank.item_by_id(match.item).number, query.sha256)


def explains(harmless: Match, match: Match) -> bool:
    """Whether what is on an allow-list is at least as surely and as largely what a file shows as the known item is."""
    return harmless.score >= match.score and harmless.coverage_query >= 0.9 * match.coverage_query
