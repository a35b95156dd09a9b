"""What a form or the bulk file may be told of one request, and the check that it tells nothing else."""

from __future__ import annotations

import copy
from collections.abc import Iterable

from jikim_desk.config import desk_config
from jikim_desk.notices import leaving, letters
from jikim_desk.notices.models import Notice

NAMES = frozenset(
    {
        *("number", "evidence", "kind_of_content", "address", "other_addresses", "addresses"),
        *("organisation", "mailbox", "subject", "body"),
    }
)
"""What a value may hold in braces."""


def of(notice: Notice, lang: str = "") -> dict[str, str]:
    """The values of NAMES for one notice, in `lang` (its own by default)."""
    lang = lang or notice.lang
    settings = desk_config().removal
    found = leaving.addresses(notice.removal.candidate)
    pack = notice.removal.packs.order_by("-made_at").first()
    organisation = (settings.organisation if lang == "ko" else settings.organisation_en) or settings.organisation
    return {
        "number": notice.number,
        "evidence": pack.number if pack else "",
        "kind_of_content": letters.kind_of_content(lang, is_adult=notice.removal.is_adult),
        "address": found[0],
        "other_addresses": " ".join(found[1:]),
        "addresses": "\n".join(found),
        "organisation": organisation or desk_config().centre,
        "mailbox": settings.mailbox,
        "subject": notice.subject,
        "body": notice.body,
    }


def check(notice: Notice, values: Iterable[str]) -> None:
    """Raises NotAllowed where the notice may not leave as things stand, or a value names somebody or another find; BadLetter
    for what no form takes."""
    leaving.check(notice.removal, notice.kind)
    as_letter = copy.copy(notice)  # held against the same rules as a letter; never saved
    as_letter.subject, as_letter.body = notice.number, "\n".join(values)
    leaving.check_words(as_letter)
