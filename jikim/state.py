"""What one machine remembers between runs: `$JIKIM_HOME/state.sqlite`.

The centre's authority (append-only; the newest is in force), what was used of each source's daily quota, how each source
answered last, what it used to say of its finds, what its finds were worth, and the keys of places, sealed. No address, title,
handle or keyword is ever written here: places and keywords stand as references under the centre's key.
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
    (
        "ALTER TABLE source_health ADD COLUMN field TEXT",
        """CREATE TABLE place_yield (place TEXT NOT NULL, keyword TEXT NOT NULL, named INTEGER NOT NULL,
           worthy INTEGER NOT NULL, PRIMARY KEY (place, keyword)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE place_field (place TEXT NOT NULL, field TEXT NOT NULL, named INTEGER NOT NULL,
           filled INTEGER NOT NULL, PRIMARY KEY (place, field)) STRICT, WITHOUT ROWID""",
    ),
    (
        """CREATE TABLE found_host (reference TEXT PRIMARY KEY, sealed BLOB NOT NULL, kind TEXT NOT NULL,
           finds INTEGER NOT NULL, worthy INTEGER NOT NULL, state TEXT NOT NULL, first_at TEXT NOT NULL,
           last_at TEXT NOT NULL) STRICT, WITHOUT ROWID""",
    ),
)

_SOURCE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_:-]{0,79}")
_FIELD = re.compile(r"[A-Za-z$][A-Za-z0-9_.$\[\] -]{0,119}")
"""A path as the sources name it; without slashes and colons, so that no address can be taken for one."""
FADING = 2_000
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
    """How a source answered last. `detail` is a message key, `field` what it says otherwise than before: a path in its answer
    or a line of its recipe."""

    source: str
    state: SourceState
    recorded_at: datetime
    detail: str | None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Yield:
    """Of what a place named, how many there were and how many deserved a look."""

    named: int = 0
    worthy: int = 0


@dataclass(frozen=True, slots=True)
class FoundHost:
    """A host that appeared in finds. `sealed` is its name, bound to `reference`; `kind` is `video`, `picture` or `page`;
    `state` is `proposed` until a person says `approved` or `refused`."""

    reference: str
    sealed: bytes
    kind: str
    finds: int
    worthy: int
    state: str
    first_at: datetime
    last_at: datetime


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

    def record_health(self, source: str, state: SourceState, detail: str | None, field: str | None = None) -> None:
        """Remembers how `source` answered just now. `detail` is a message key or None, `field` the path of a field; anything
        else, an address above all, raises BadUse."""
        if detail is not None and detail not in catalogue():
            raise BadUse("state.bad_detail")
        if field is not None and not _FIELD.fullmatch(field):
            field = None
        values = (_source_name(source), SourceState(state).value, datetime.now(UTC).isoformat(), detail, field)
        with self._database.change() as connection:
            connection.execute("INSERT OR REPLACE INTO source_health VALUES (?, ?, ?, ?, ?)", values)

    def health(self) -> list[SourceHealth]:
        """How each source answered last, in order of name."""
        rows = self._database.rows("SELECT source, state, recorded_at, detail, field FROM source_health ORDER BY source")
        return [self._source_health(row) for row in rows]

    def add_yield(self, place: str, keyword: str, found: Yield) -> None:
        """Adds what `place` just gave for `keyword`, a reference. Old finds fade: beyond `FADING` all count half."""
        values = (_source_name(place), _source_name(keyword), found.named, found.worthy)
        with self._database.change() as connection:
            connection.execute(_ADD_YIELD, values)
            connection.execute(
                "UPDATE place_yield SET named = named / 2, worthy = worthy / 2 WHERE place = ? AND named > ?", (place, FADING)
            )

    def yield_of(self, place: str, keyword: str | None = None) -> Yield:
        """What `place` gave before, for a keyword's reference or for all of them."""
        which = "" if keyword is None else " AND keyword = ?"
        query = f"SELECT COALESCE(SUM(named), 0), COALESCE(SUM(worthy), 0) FROM place_yield WHERE place = ?{which}"  # noqa: S608
        (row,) = self._database.rows(query, (place,) if keyword is None else (place, keyword))
        return Yield(int(row[0]), int(row[1]))

    def fields_of(self, place: str) -> dict[str, tuple[int, int]]:
        """For each field: how many finds `place` named and of how many it said it."""
        rows = self._database.rows("SELECT field, named, filled FROM place_field WHERE place = ?", (place,))
        return {str(field): (int(named), int(filled)) for field, named, filled in rows}

    def keep_fields(self, place: str, said: Mapping[str, tuple[int, int]]) -> None:
        """Puts what `place` says of its finds in the stead of what was known of that; nothing forgets it."""
        rows = [(_source_name(place), field, named, filled) for field, (named, filled) in said.items()]
        with self._database.change() as connection:
            connection.execute("DELETE FROM place_field WHERE place = ?", (place,))
            connection.executemany("INSERT INTO place_field VALUES (?, ?, ?, ?)", rows)

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

    def add_host(self, reference: str, sealed: bytes, kind: str, found: Yield) -> None:
        """Adds finds at a host; what a person decided of it stands."""
        at = datetime.now(UTC).isoformat()
        with self._database.change() as connection:
            connection.execute(_ADD_HOST, (reference, sealed, kind, found.named, found.worthy, HOST_STATES[0], at, at))

    def hosts(self) -> list[FoundHost]:
        """The hosts that appeared in finds, those with the most that deserved a look first."""
        rows = self._database.rows("SELECT * FROM found_host ORDER BY worthy DESC, finds DESC, reference")
        return [
            FoundHost(
                row[0], bytes(row[1]), row[2], int(row[3]), int(row[4]), row[5], self._instant(row[6]), self._instant(row[7])
            )
            for row in rows
        ]

    def decide_host(self, reference: str, decision: str) -> bool:
        """Puts what a person said of a host on record: one of `HOST_STATES`. False where nobody knows it."""
        if decision not in HOST_STATES:
            raise ValueError(decision)
        with self._database.change() as connection:
            changed = connection.execute("UPDATE found_host SET state = ? WHERE reference = ?", (decision, reference))
            return bool(changed.rowcount)

    @staticmethod
    def _used(rows: list[Row]) -> int:
        return int(rows[0][0]) if rows else 0

    def _source_health(self, row: Row) -> SourceHealth:
        source, state, recorded_at, detail, field = row
        if state not in set(SourceState):
            raise self._database.damaged("source_health")
        return SourceHealth(source, SourceState(state), self._instant(recorded_at), detail, field)

    def _instant(self, text: str) -> datetime:
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except ValueError as error:
            raise self._database.damaged("recorded_at") from error


HOST_STATES = ("proposed", "approved", "refused")
_ADD_HOST = """INSERT INTO found_host VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (reference) DO UPDATE SET
    finds = finds + excluded.finds, worthy = worthy + excluded.worthy, kind = excluded.kind, last_at = excluded.last_at"""
_ADD_YIELD = """INSERT INTO place_yield VALUES (?, ?, ?, ?) ON CONFLICT (place, keyword)
    DO UPDATE SET named = named + excluded.named, worthy = worthy + excluded.worthy"""
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
