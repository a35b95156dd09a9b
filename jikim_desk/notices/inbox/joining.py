"""Which notice a letter belongs to: by the Message-ID it answers or returns, else by the random number of the notice in its
subject or text. Who it says it is from joins nothing: anybody can write that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from jikim_desk.notices import drafting
from jikim_desk.notices.inbox.models import JoinedBy
from jikim_desk.notices.inbox.reading import Mail
from jikim_desk.notices.models import Notice, NoticeState

_NUMBER = re.compile(r"(?<![0-9A-Za-z])[2-9A-HJKMNP-Za-hjkmnp-z]{10}(?![0-9A-Za-z])")
_LOOKED_UP_MAX = 200
OUTSIDE = (*drafting.WENT_OUT, NoticeState.SENDING)
"""States in which a notice's number can be known outside."""


class Joined(NamedTuple):
    """The notice, None for none, by what, and whether the letter says that it is our own come back."""

    notice: Notice | None
    by: JoinedBy
    claims_own: bool = False


def join(mail: Mail, mailbox: str) -> Joined:
    """The notice a letter belongs to. `mailbox` is our own address."""
    own = _numbered([mail.message_id.partition("@")[0]])
    if own:
        return Joined(own[0], JoinedBy.REPLY, claims_own=True)
    claims_own = bool(mail.sender) and mail.sender == mailbox.lower()
    for one in mail.answers:
        if found := _numbered([one.partition("@")[0]]):
            return Joined(found[0], JoinedBy.REPLY, claims_own)
    for by, text in ((JoinedBy.SUBJECT, mail.subject), (JoinedBy.BODY, mail.text)):
        found = _numbered(_NUMBER.findall(text))
        if len({one.removal_id for one in found}) == 1:
            return Joined(found[0], by, claims_own)
        if found:
            break  # of several finds: a person says which
    return Joined(None, JoinedBy.NOTHING, claims_own)


def _numbered(numbers: Iterable[str]) -> list[Notice]:
    """The notices outside that have these numbers, the last that left first."""
    wanted = list(dict.fromkeys(one.upper() for one in numbers if _NUMBER.fullmatch(one)))[:_LOOKED_UP_MAX]
    if not wanted:
        return []
    rows = Notice.objects.select_related("removal__candidate", "host").filter(number__in=wanted, state__in=OUTSIDE)
    return sorted(rows, key=lambda one: (one.sent_at is not None, one.sent_at or one.drafted_at), reverse=True)
