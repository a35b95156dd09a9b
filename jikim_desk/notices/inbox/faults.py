"""Why the mailbox could not be read, as keys with words of their own that say what to do.

MailboxFault     `said` is the mail server's own words, where it had any
├── CutOff       the connection ended in the middle
├── Withheld     the server does not hand out this one letter
│   └── Gone     since it was listed, somebody moved or deleted it
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


class CutOff(MailboxFault):
    pass


class Withheld(MailboxFault):
    pass


class Gone(Withheld):
    pass
