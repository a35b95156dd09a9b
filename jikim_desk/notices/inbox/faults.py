"""Why the mailbox could not be read, as keys with words of their own that say what to do.

MailboxFault     `said` is the mail server's own words, where it had any
└── Lost         another process has taken over; nothing is wrong
"""

from __future__ import annotations

from jikim_desk.faults import DeskFault

_SAID_MAX = 300


class MailboxFault(DeskFault):
    def __init__(self, key: str, *, said: str = "") -> None:
        super().__init__(key)
        self.said = said[:_SAID_MAX]


class Lost(MailboxFault):
    pass
