"""What removal refuses, with words of its own.

NoticeRefused
├── NotAllowed      it must not leave as things stand: test chain, no mandate, hold, a name in it
├── Changed         somebody else edited, approved or cancelled it meanwhile
└── BadLetter       what was typed cannot be sent as it is
NotSent             the mail server did not take it, for certain
Unsure              nobody knows whether the mail server took it
"""

from __future__ import annotations

from jikim_desk.faults import DeskFault


class NoticeRefused(DeskFault):
    pass


class NotAllowed(NoticeRefused):
    pass


class Changed(NoticeRefused):
    pass


class BadLetter(NoticeRefused):
    pass


class NotSent(DeskFault):
    """`is_passing`: trying again later may help."""

    def __init__(self, key: str, *, said: str = "", is_passing: bool = False) -> None:
        super().__init__(key)
        self.said = said
        self.is_passing = is_passing


class Unsure(DeskFault):
    pass
