"""What is written to the chain, and which facts about it may stand there in plain words."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """What somebody did. Stored by value for ever: add to it, never rename."""

    SEARCH = "search"
    VIEW = "view"
    LIFT = "lift"
    DECIDE = "decide"
    UNDO = "undo"
    CLAIM = "claim"
    RELEASE = "release"
    REPORT = "report"
    APPROVE = "approve"
    REFUSE = "refuse"
    STOP = "stop"
    WATCH = "watch"
    CASE = "case"
    EXPORT = "export"
    EVIDENCE = "evidence"
    NOTICE = "notice"
    CALL = "call"
    ACKNOWLEDGE = "acknowledge"
    RECHECK = "recheck"
    HOST = "host"
    GUARD = "guard"
    SIGN_IN = "sign_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGN_OUT = "sign_out"
    SESSION_ENDED = "session_ended"
    RIGHTS = "rights"
    PERSON = "person"
    KEY = "key"
    TOKEN = "token"  # noqa: S105 - the name of an action
    SETTING = "setting"
    DESTROY = "destroy"
    HEAD_LOST = "head_lost"


PLAIN_FACTS = frozenset(
    {
        "bank",
        "category",
        "decision",
        "form",
        "kind",
        "level",
        "method",
        "parts",
        "reason",
        "right",
        "role",
        "severity",
        "source",
        "state",
        "what",
    }
)
"""Facts whose words come from the desk's own vocabulary, never from a page or a person. Text under any other name is kept as
a keyed reference; numbers and truth values are kept as they are."""
