"""The desk's own errors: as `jikim.errors`, with words from the desk's catalogue.

DeskFault
├── BadAsk          the request itself is wrong: a person can put it right (also a BadUse)
└── CannotStart     the desk or a worker cannot start as things are
"""

from __future__ import annotations

from jikim.errors import WHEREABOUTS, BadUse, JikimError
from jikim.messages import Message
from jikim_desk import words


class DeskFault(JikimError):
    """`key` is a message key of the desk."""

    def message(self, *, masked: bool = False) -> Message:
        """The error in Korean and English; `masked` leaves out where it happened."""
        return Message(self._said("ko", masked=masked), self._said("en", masked=masked))

    def _said(self, lang: str, *, masked: bool) -> str:
        hidden = {name: words.say("masked.where", lang) for name in WHEREABOUTS if masked and name in self.params}
        return words.say(self.key, lang, **{**self.params, **hidden})


class BadAsk(DeskFault, BadUse):
    pass


class CannotStart(DeskFault):
    pass
