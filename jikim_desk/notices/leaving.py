"""What may leave the centre: asked when a notice is approved, and once more in the moment before it goes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from django.utils import timezone

from jikim_desk.accounts.models import Role, User
from jikim_desk.config import desk_config
from jikim_desk.notices import letters
from jikim_desk.notices.faults import BadLetter, NotAllowed
from jikim_desk.notices.models import Mandate, Notice, NoticeKind, Removal
from jikim_desk.notices.sheets import address
from jikim_desk.records.models import Candidate
from jikim_desk.review.decisions import standing
from jikim_desk.review.models import Kind

SUBJECT_MAX, BODY_MAX = 200, 20_000
TO_AUTHORITIES = frozenset({NoticeKind.POLICE, NoticeKind.REGULATOR})
BY_DOWNLOAD = frozenset({NoticeKind.KOREA, NoticeKind.POLICE, NoticeKind.REGULATOR})
"""Forms that are handed in as a document unless an address is given."""
_MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
_ADDRESS = re.compile(r"https?://[^\s<>\"'）)】]+", re.I)
_NAME_MIN, _LINE_MIN = 2, 6


def addresses(candidate: Candidate) -> list[str]:
    """Where one find can be reached: its page, and what was fetched from it."""
    found = [candidate.url]
    for capture in candidate.captures.order_by("part", "pk"):
        found += [capture.chain[0]["url"], capture.chain[-1]["url"]]
    return list(dict.fromkeys(address(url) for url in found))


def check(removal: Removal, kind: str) -> None:
    """Raises NotAllowed unless a notice of this kind about this find may leave as things stand."""
    candidate, settings = removal.candidate, desk_config().removal
    if candidate.is_test or desk_config().is_practice:
        raise NotAllowed("notices.test_chain")
    if not (settings.mailbox and (settings.organisation or desk_config().centre)):
        raise NotAllowed("notices.no_organisation")
    if kind == NoticeKind.WITHDRAWAL:
        return  # most wanted when the confirmation turned out to be wrong
    decision = standing(candidate)
    wanted = Kind.APPEARS_ADULT if removal.is_adult else Kind.CONFIRMED
    if decision is None or decision.kind != wanted:
        raise NotAllowed("notices.not_confirmed")
    if removal.held_until and removal.held_until >= timezone.localdate() and kind not in TO_AUTHORITIES:
        raise NotAllowed("notices.held", until=removal.held_until.isoformat())
    mandates = Mandate.objects.filter(removal=removal, ended_at=None)
    if removal.is_adult and not mandates.exists():
        raise NotAllowed("notices.no_mandate")
    if kind == NoticeKind.DMCA and not (removal.is_adult and mandates.filter(is_warned_dmca=True).exists()):
        raise NotAllowed("notices.dmca_not_asked")


def check_words(notice: Notice) -> None:
    """Raises BadLetter for what cannot be sent, NotAllowed for what names somebody or another find."""
    if not 1 <= len(notice.subject) <= SUBJECT_MAX or not _is_plain(notice.subject):
        raise BadLetter("notices.bad_subject", limit=SUBJECT_MAX)
    if not 1 <= len(notice.body) <= BODY_MAX or not all(_is_plain(line) for line in notice.body.split("\n")):
        raise BadLetter("notices.bad_body", limit=BODY_MAX)
    if notice.recipient and not _MAILBOX.fullmatch(notice.recipient):
        raise BadLetter("notices.bad_recipient")
    candidate = notice.removal.candidate
    own = set(addresses(candidate))
    words = notice.body
    for url in sorted(own, key=len, reverse=True):
        words = words.replace(url, " ")  # an address has to stand as it is, whatever it is made of
    if _ADDRESS.search(words):
        raise NotAllowed("notices.foreign_address")
    said = _folded(f"{notice.subject}\n{words}")
    form = _folded(_standard(notice))
    for name in _names(candidate):
        if _stands_in(_folded(name), said) and not _stands_in(_folded(name), form):
            raise NotAllowed("notices.names_somebody")


def mailbox(text: str) -> str:
    """A mailbox as typed. Raises BadLetter for what is none."""
    text = text.strip()
    if text and not _MAILBOX.fullmatch(text):
        raise BadLetter("notices.bad_recipient")
    return text


def _names(candidate: Candidate) -> Iterator[str]:
    """What must not stand in a letter: workers, the case, the find's own words, whoever posted it, what was searched for."""
    people = User.objects.exclude(grants__role=Role.MACHINE).values_list("username", "name", "first_name", "last_name")
    find = candidate.find or {}
    words = [part for row in people for part in row]
    words += [str(find.get("author_ref") or ""), str(find.get("keyword") or "")]
    if candidate.case is not None:
        words.append(candidate.case.number)
        words += [line for line in candidate.case.note.splitlines() if len(line.strip()) >= _LINE_MIN]
    words += [line for line in (candidate.title, *candidate.text.splitlines()) if len(line.strip()) >= _LINE_MIN]
    yield from {word.strip() for word in words if len(word.strip()) >= _NAME_MIN}


def _standard(notice: Notice) -> str:
    """The form without anything of the find in it: what stands there names nobody."""
    told = letters.Told(notice.number, (), is_adult=notice.removal.is_adult)
    letter = letters.compose(notice.kind, notice.lang, told)
    return f"{letter.subject}\n{letter.body}"


def _stands_in(name: str, words: str) -> bool:
    """Whole words where a name is of Latin letters; Korean writes particles onto a name."""
    return bool(re.search(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", words)) if name.isascii() else name in words


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _is_plain(line: str) -> bool:
    return not any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for letter in line)
