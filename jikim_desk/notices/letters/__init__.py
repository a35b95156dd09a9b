"""Notices in words: seven languages, one file each, and those a centre adds (`added`); a person edits what comes of it."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from jikim_desk.config import desk_config
from jikim_desk.notices.letters import added
from jikim_desk.notices.models import NoticeKind

LANGUAGES = ("ko", "en", "ja", "zh", "ru", "vi", "es")
"""Those that come with the desk."""
_HASHES_IN = frozenset({NoticeKind.MAIL, NoticeKind.REMINDER, NoticeKind.PROOF, NoticeKind.DSA16, NoticeKind.INFRASTRUCTURE,
                        NoticeKind.TAKE_IT_DOWN, NoticeKind.KOREA, NoticeKind.REGULATOR, NoticeKind.POLICE})  # fmt: skip
_HASHES_MAX = 50


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a letter says besides its form. `before` is the number of an earlier notice, `evidence` of the evidence pack."""

    number: str
    addresses: Sequence[str]
    sha256: Sequence[str] = ()
    is_adult: bool = False
    before: str = ""
    before_at: datetime | None = None
    seen_at: datetime | None = None
    evidence: str = ""


def every_language() -> tuple[str, ...]:
    """The languages letters can be written in: those of the desk, then those of the centre."""
    return (*LANGUAGES, *added.languages())


def language_name(lang: str) -> str:
    """How a language the centre added is called; "" for one of the desk's, whose name is in its own words."""
    return "" if lang in LANGUAGES else added.name(lang)


def broken() -> list[added.Broken]:
    """Files of the centre that cannot be used."""
    return added.broken()


def languages(kind: str) -> list[str]:
    """The languages a form is written in."""
    return [lang for lang in every_language() if kind in _forms(lang)]


def kind_of_content(lang: str, *, is_adult: bool) -> str:
    """What is to be removed, in a few words of a language."""
    return _forms(lang)["kinds"]["adult" if is_adult else "child"]


def compose(kind: str, lang: str, told: Told) -> Letter:
    """The letter, ready to be read and edited. Raises KeyError for a form that is not written in `lang`."""
    forms = _forms(lang)
    common, form = forms["common"], forms[kind]
    removal = desk_config().removal
    organisation = (removal.organisation if lang == "ko" else removal.organisation_en) or removal.organisation
    facts = {
        "organisation": organisation or desk_config().centre,
        "mailbox": removal.mailbox,
        "number": told.number,
        "before": told.before,
        "before_on": _day(told.before_at, lang),
        "seen_on": _day(told.seen_at, lang),
        "evidence": told.evidence or "-",
        "kind_of_content": kind_of_content(lang, is_adult=told.is_adult),
    }

    def say(words: str) -> str:
        return words.format_map(facts)

    subject = say(form["subject"])
    if kind == NoticeKind.WITHDRAWAL:
        parts = [common["greeting"], say(form["open"]), say(common["sign"])]
        return Letter(subject, "\n\n".join(parts) + "\n")
    standing = removal.standing if lang == "ko" else removal.standing_en
    parts = [common["greeting"], " ".join(filter(None, (say(common["who"]), standing)))]
    parts += [say(form["open"])] if "open" in form else []
    parts.append(common["adult" if told.is_adult else "child"])
    parts.append("\n".join([f"{common['where']}:", *told.addresses]))
    if kind in _HASHES_IN and told.sha256:
        parts.append("\n".join([f"{common['hashes']}:", *told.sha256[:_HASHES_MAX]]))
    parts += [say(form["ask"]), f"{common['no_media']} {say(common['reply'])}", say(common["sign"])]
    return Letter(subject, "\n\n".join(parts) + "\n")


def _forms(lang: str) -> added.Forms:
    return _own(lang) if lang in LANGUAGES else added.forms(lang)


@cache
def _own(lang: str) -> added.Forms:
    return tomllib.loads((Path(__file__).parent / f"{lang}.toml").read_text("utf-8"))


def _day(moment: datetime | None, lang: str) -> str:
    if moment is None:
        return "-"
    local = moment.astimezone(ZoneInfo(desk_config().time_zone))
    if lang == "ko":
        return f"{local.year}. {local.month}. {local.day}."
    return f"{local.year}年{local.month}月{local.day}日" if lang in ("ja", "zh") else f"{local:%Y-%m-%d}"
