"""What a place allows a day, spent evenly: so that a watch at night still finds something left in the evening."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

AT_ONCE = 0.25
"""The share of a day's requests that may be spent at its very beginning; the rest becomes free over the day."""


@dataclass(frozen=True, slots=True)
class Quota:
    """`requests` a day, which begins at midnight in `zone`; only addresses with `path` in them count."""

    requests: int
    zone: str
    path: str = "/"

    def day(self, now: datetime) -> date:
        """The place's own day at an aware instant."""
        return now.astimezone(ZoneInfo(self.zone)).date()

    def free_by(self, now: datetime) -> int:
        """How many requests may have been spent by an aware instant of that day."""
        local = now.astimezone(ZoneInfo(self.zone))
        gone = (local.hour * 3600 + local.minute * 60 + local.second) / 86_400
        return int(self.requests * min(1.0, AT_ONCE + (1 - AT_ONCE) * gone))
