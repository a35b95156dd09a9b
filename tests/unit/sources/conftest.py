"""A fetcher that answers from recorded pages, for what needs no server."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from jikim.errors import FetchFailed, FetchRefused
from jikim.types import Answer


class RecordedFetcher:
    """Answers each address with its recorded body, `otherwise` for every other; keeps what was asked for."""

    def __init__(
        self, answers: Mapping[str, bytes], content_types: Mapping[str, str] | None = None, otherwise: int = 404
    ) -> None:
        self.otherwise = otherwise
        self.answers = dict(answers)
        self.content_types = dict(content_types or {})
        self.asked: list[str] = []
        self.sent_headers: list[dict[str, str]] = []

    def get(self, url, *, headers=None, max_bytes=None):
        self.asked.append(url)
        self.sent_headers.append(dict(headers or {}))
        if "/forbidden" in url:
            raise FetchRefused("sources.bad_address", where=url, problem="robots.txt")
        if url not in self.answers:
            raise FetchFailed("sources.bad_address", where=url, problem=f"HTTP {self.otherwise}", status=self.otherwise)
        answered = {"content-type": self.content_types[url]} if url in self.content_types else {}
        return Answer(url, url, 200, answered, self.answers[url], "192.0.2.1", datetime.now(UTC))

    def capture(self, url, *, max_bytes=None):
        raise AssertionError("a source never downloads media")


@pytest.fixture
def recorded():
    return RecordedFetcher
