"""What one machine remembers between runs: `$JIKIM_HOME/state.sqlite`.

The centre's authority (append-only; the newest is in force), what was used of each source's daily quota, how each source
answered last, and the keys of places, sealed. No address, title or handle is ever written here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from jikim.errors import AuthorityMissing, BadUse
from jikim.messages import catalogue
from jikim.schema import Database, Row
from jikim.types import SourceState

FIELD_LENGTH_MAX = 200

MIGRATIONS = (
    (
        """CREATE TABLE authority (number INTEGER PRIMARY KEY AUTOINCREMENT, organisation TEXT NOT NULL,
           legal_ground TEXT NOT NULL, responsible TEXT NOT NULL, recorded_at TEXT NOT NULL) STRICT""",
        """CREATE TRIGGER authority_is_never_changed BEFORE UPDATE ON authority
           BEGIN SELECT RAISE(ABORT, 'authority is append-only'); END""",
        """CREATE TRIGGER authority_is_never_removed BEFORE DELETE ON authority
           BEGIN SELECT RAISE(ABORT, 'authority is append-only'); END""",
        """CREATE TABLE quota (source TEXT NOT NULL, day TEXT NOT NULL, used INTEGER NOT NULL,
           PRIMARY KEY (source, day)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE source_health (source TEXT PRIMARY KEY, state TEXT NOT NULL, recorded_at TEXT NOT NULL,
           detail TEXT) STRICT, WITHOUT ROWID""",
    ),
    (
        """CREATE TABLE credential (source TEXT NOT NULL, field TEXT NOT NULL, sealed BLOB NOT NULL, recorded_at TEXT NOT NULL,
           PRIMARY KEY (source, field)) STRICT, WITHOUT ROWID""",
    ),
)

_SOURCE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_:-]{0,79}")
_FORBIDDEN_CATEGORIES = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Control and invisible characters, line ends: they could make a report say what nobody recorded."""


@dataclass(frozen=True, slots=True)
class Authority:
    """On whose behalf and on which legal ground real places are searched, and who answers for it."""

    organisation: str
    legal_ground: str
    responsible: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How a source answered last. `detail` is a message key."""

    source: str
    state: SourceState
    recorded_at: datetime
    detail: str | None


class State:
    """Made by `State.open`; may be shared by threads and used at the same time by several processes.

    Every method raises StateError when the file is damaged, locked, on a full or read-only disk.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, home: Path) -> State:
        """The state of `home`, made on first use. Raises StateError, also when a newer version of Jikim wrote it."""
        return cls(Database(home / "state.sqlite", "state.sqlite", MIGRATIONS))

    def close(self) -> None:
        """Closes the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def authority(self) -> Authority | None:
        """The authority in force, None where none was ever recorded."""
        history = self.authority_history()
        return history[-1] if history else None

    def authority_history(self) -> list[Authority]:
        """Every authority that was recorded, the oldest first."""
        rows = self._database.rows("SELECT organisation, legal_ground, responsible, recorded_at FROM authority ORDER BY number")
        return [Authority(row[0], row[1], row[2], self._instant(row[3])) for row in rows]

    def require_authority(self) -> Authority:
        """The authority in force. Raises AuthorityMissing, whose words say how it is recorded."""
        authority = self.authority()
        if authority is None:
            raise AuthorityMissing("state.authority_missing")
        return authority

    def record_authority(self, organisation: str, legal_ground: str, responsible: str) -> Authority:
        """Puts a new authority in force; the earlier ones stay on record. Raises BadUse for a field that is empty, longer
        than 200 characters, or has control characters."""
        authority = Authority(
            _plain_line("organisation", organisation),
            _plain_line("legal_ground", legal_ground),
            _plain_line("responsible", responsible),
            datetime.now(UTC),
        )
        with self._database.change() as connection:
            connection.execute(
                "INSERT INTO authority (organisation, legal_ground, responsible, recorded_at) VALUES (?, ?, ?, ?)",
                (authority.organisation, authority.legal_ground, authority.responsible, authority.recorded_at.isoformat()),
            )
        return authority

    def record_health(self, source: str, state: SourceState, detail: str | None) -> None:
        """Remembers how `source` answered just now. `detail` is a message key or None; anything else, an address above
        all, raises BadUse."""
        if detail is not None and detail not in catalogue():
            raise BadUse("state.bad_detail")
        values = (_source_name(source), SourceState(state).value, datetime.now(UTC).isoformat(), detail)
        with self._database.change() as connection:
            connection.execute("INSERT OR REPLACE INTO source_health VALUES (?, ?, ?, ?)", values)

    def health(self) -> list[SourceHealth]:
        """How each source answered last, in order of name."""
        rows = self._database.rows("SELECT source, state, recorded_at, detail FROM source_health ORDER BY source")
        return [self._source_health(row) for row in rows]

    def take_quota(self, source: str, day: date, amount: int, limit: int) -> bool:
        """Takes `amount` requests from what `source` allows on `day`; False, and nothing taken, when it would pass `limit`."""
        if amount < 0:
            raise ValueError("a quota cannot be given back")
        with self._database.change() as connection:
            used = self._used(connection.execute(_QUOTA, (_source_name(source), day.isoformat())).fetchall())
            if used + amount > limit:
                return False
            connection.execute("INSERT OR REPLACE INTO quota VALUES (?, ?, ?)", (source, day.isoformat(), used + amount))
        return True

    def quota_used(self, source: str, day: date) -> int:
        """How many requests `source` was asked on `day`."""
        return self._used(self._database.rows(_QUOTA, (_source_name(source), day.isoformat())))

    def keep_credentials(self, source: str, sealed: Mapping[str, bytes]) -> None:
        """Puts the sealed keys of `source` by field in place of those it had; none forgets them."""
        at = datetime.now(UTC).isoformat()
        rows = [(_source_name(source), field, one, at) for field, one in sealed.items()]
        with self._database.change() as connection:
            connection.execute("DELETE FROM credential WHERE source = ?", (source,))
            connection.executemany("INSERT INTO credential VALUES (?, ?, ?, ?)", rows)

    def credentials(self, source: str) -> dict[str, bytes]:
        """The sealed keys of `source` by field."""
        rows = self._database.rows("SELECT field, sealed FROM credential WHERE source = ?", (source,))
        return {field: bytes(sealed) for field, sealed in rows}

    @staticmethod
    def _used(rows: list[Row]) -> int:
        return int(rows[0][0]) if rows else 0

    def _source_health(self, row: Row) -> SourceHealth:
        source, state, recorded_at, detail = row
        if state not in set(SourceState):
            raise self._database.damaged("source_health")
        return SourceHealth(source, SourceState(state), self._instant(recorded_at), detail)

    def _instant(self, text: str) -> datetime:
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except ValueError as error:
            raise self._database.damaged("recorded_at") from error


_QUOTA = "SELECT used FROM quota WHERE source = ? AND day = ?"


def _plain_line(name: str, text: str) -> str:
    line = unicodedata.normalize("NFC", text).strip()
    field = {"message": f"state.field_{name}"}
    if any(unicodedata.category(character) in _FORBIDDEN_CATEGORIES for character in line):
        raise BadUse("state.field_has_control_characters", field=field)
    if not line:
        raise BadUse("state.field_empty", field=field)
    if len(line) > FIELD_LENGTH_MAX:
        raise BadUse("state.field_too_long", field=field, limit=FIELD_LENGTH_MAX)
    return line


def _source_name(source: str) -> str:
    """Names have neither dots nor slashes, so an address can never be taken for one."""
    if not _SOURCE_NAME.fullmatch(source):
        raise BadUse("state.bad_source")
    return source
