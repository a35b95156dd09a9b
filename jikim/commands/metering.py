"""Requests to a place that allows so many a day are counted, on this machine, across runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from jikim.errors import QuotaUsed
from jikim.seams import Fetcher
from jikim.sources.quota import Quota
from jikim.state import State
from jikim.types import Answer, Capture


class MeteredFetcher:
    """A fetcher that takes each request to a place from its day's quota before it is sent."""

    def __init__(self, fetcher: Fetcher, state: State, source: str, quota: Quota) -> None:
        self._fetcher = fetcher
        self._state = state
        self._source = source
        self._quota = quota

    def get(self, url: str, *, headers: Mapping[str, str] | None = None, max_bytes: int | None = None) -> Answer:
        """As the fetcher behind it. Raises QuotaUsed besides."""
        if self._quota.path in url:
            now = datetime.now(UTC)
            free = self._quota.free_by(now)
            if not self._state.take_quota(self._source, self._quota.day(now), 1, free):
                raise QuotaUsed("sources.quota_used", source=self._source, limit=self._quota.requests, free=free)
        return self._fetcher.get(url, headers=headers, max_bytes=max_bytes)

    def capture(self, url: str, *, max_bytes: int | None = None) -> Capture:
        """As the fetcher behind it: files are not what is counted."""
        return self._fetcher.capture(url, max_bytes=max_bytes)
