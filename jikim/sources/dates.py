"""When something was posted, from the many ways places write it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

CLOCK_SKEW = timedelta(minutes=10)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)

_DURATION = re.compile(r"P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8}(?:\.\d{1,6})?)S)?)?\Z")
_CLOCK = re.compile(r"(?:(?:(\d{1,4}):)?(\d{1,5}):)?(\d{1,8}(?:\.\d{1,6})?)\Z")


def posted_at(said: str | float | datetime | None, now: datetime) -> datetime | None:
    """An aware UTC instant from ISO 8601, RFC 2822, seconds since 1970 or a datetime; without a zone it is taken as UTC.

    None when nothing was said, when it cannot be read, and when it cannot be true: before the web, or after `now` by more
    than a clock's skew. A wrong date is worse than none, for what was posted "before" a watch's last look is left out.
    """
    instant = _instant(said)
    if instant is None or not EARLIEST <= instant <= now + CLOCK_SKEW:
        return None
    return instant


def duration_s(said: str | float | None) -> float | None:
    """Seconds from a number, `PT1H2M3S`, `1:02:03` or `123`. None for anything else and for what is not above zero."""
    if isinstance(said, str):
        said = said.strip()
        if found := _DURATION.match(said):
            days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
        elif found := _CLOCK.match(said):
            days, (hours, minutes, seconds) = 0.0, (float(part or 0) for part in found.groups())
        else:
            return None
        said = 86_400 * days + 3_600 * hours + 60 * minutes + seconds
    return float(said) if said is not None and 0 < said < 10_000_000 else None


def _instant(said: str | float | datetime | None) -> datetime | None:
    try:
        if said is None or isinstance(said, datetime):
            instant = said
        elif isinstance(said, int | float):
            instant = datetime.fromtimestamp(said, UTC)
        else:
            instant = _read(said.strip()[:64])
        if instant is None:
            return None
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _read(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        try:
            return parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
