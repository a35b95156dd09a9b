"""The state of a place: what an error says of it, and what it asks of people."""

from __future__ import annotations

from jikim.errors import FetchFailed, FetchRefused, JikimError, NotConfigured, QuotaUsed, SourceChanged
from jikim.types import SourceState

WELL = (SourceState.OK, SourceState.EMPTY)
KEY_KEYS = frozenset(["sources.key_refused", "sources.key_or_quota", "sources.sign_in_wanted"])
"""Whatever the status with which a place says it."""


UNREAD_KEYS = frozenset(["sources.field_changed", "sources.not_json", "sources.not_a_sitemap", "sources.other_server"])
"""Answers that came and could not be read, in whole or in part."""
UNSEEN_WALLS = ("sources.wall_captcha", "sources.wall_consent")
"""What stands behind these is public. A sign-in stands before what is not, and every site has a page that is one."""


def is_silence(warning: JikimError) -> bool:
    """Whether a part of a place was not read, so that nobody can tell what is there; a page that is gone or refused is an
    answer."""
    if warning.key == "sources.wall":
        return warning.params["kind"] in [{"message": wall} for wall in UNSEEN_WALLS]
    if isinstance(warning, SourceChanged):
        return warning.key in UNREAD_KEYS
    if not isinstance(warning, FetchFailed):
        return False
    return warning.status is None or warning.status == 429 or warning.status >= 500 or warning.key in KEY_KEYS


def state_of(error: JikimError) -> SourceState:
    """The state a place is in that failed so."""
    if isinstance(error, SourceChanged) or error.key == "fetching.too_large":  # no search answers so
        return SourceState.CHANGED
    if isinstance(error, QuotaUsed):
        return SourceState.LIMITED
    if isinstance(error, FetchRefused | NotConfigured):
        return SourceState.BLOCKED
    if isinstance(error, FetchFailed) and (error.status in (401, 403, 451) or error.key in KEY_KEYS):
        return SourceState.BLOCKED
    if isinstance(error, FetchFailed) and error.status == 429:
        return SourceState.LIMITED
    return SourceState.DEAD


def todo_of(state: str) -> str | None:
    """The key of the sentence that says what to do about a place in that state; None where there is nothing to do."""
    return None if state in WELL else f"sources.todo.{SourceState(state)}"
