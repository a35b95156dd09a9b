"""What a letter seems to say, by rules one can read: headers first, then plain phrases. What it was told by is always shown.

A letter that says both that it was removed and that it was not, or that more is wanted, is `unknown`: a person reads it anyway.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from jikim_desk.notices.inbox.models import Kind
from jikim_desk.notices.inbox.reading import Mail
from jikim_desk.notices.inbox.wording import folded, line, own_words

_SPACELESS = frozenset({"ko", "ja", "zh"})
_SENTENCE = re.compile("(?<=[.!?;])\\s+|(?<=[\u3002\uff01\uff1f\uff1b])")
_SENTENCES_MAX, _SENTENCE_MAX = 400, 1000
_DAEMONS = re.compile(r"(?:mailer-daemon|mail-daemon|mailerdaemon|postmaster|mail\.?daemon|bounces?(?:[+.-].*)?)@", re.I)
_CLUES_MAX = 6
_NO_ANSWER_KINDS = frozenset({"auto-replied", "auto-generated", "auto-notified"})


class Clue(NamedTuple):
    """One thing it was told by: `rule` names the message that says so, `words` are the letter's own."""

    rule: str
    words: str


class Verdict(NamedTuple):
    kind: Kind
    because: tuple[Clue, ...]


def classify(mail: Mail, ours: str = "", *, is_own: bool = False) -> Verdict:
    """What a letter seems to say. `ours` is the notice it answers, whose words are not theirs; `is_own` where it is our own."""
    if is_own:
        return Verdict(Kind.OWN, (Clue("own", ""),))
    said = by_phrases(mail.text, ours)
    machine = _report(mail) or _returned(mail) or _automatic(mail)
    if machine is not None:
        return Verdict(machine.kind, (*machine.because, *said.because)[:_CLUES_MAX])
    if said.kind == Kind.UNKNOWN and not said.because:
        receipt = _first("receipt", [*_sentences(own_words(mail.text, ours)), mail.subject])
        if receipt is not None:
            return Verdict(Kind.AUTO, (receipt,))
    return said


def _report(mail: Mail) -> Verdict | None:
    """By a delivery report (RFC 3464)."""
    if not mail.reports:
        return None
    actions = [one.get("action", "").split(";")[0].strip().lower() for one in mail.reports]
    said = next((one for report in mail.reports if (one := report.get("diagnostic-code") or report.get("status", ""))), "")
    status = line(said, 200)
    if "failed" in actions:
        return Verdict(Kind.BOUNCED, (Clue("dsn_failed", status),))
    return Verdict(Kind.AUTO, (Clue("dsn_delayed" if "delayed" in actions else "dsn_other", status),))


def _returned(mail: Mail) -> Verdict | None:
    """By what mail servers write that make no report anybody can parse."""
    if mail.first("x-failed-recipients"):
        return Verdict(Kind.BOUNCED, (Clue("failed_recipients", ""),))
    if not _DAEMONS.match(mail.sender):
        return None
    clue = _first("bounced", [mail.subject, *_sentences(mail.text)])
    return Verdict(Kind.BOUNCED, (clue,)) if clue else None


def _automatic(mail: Mail) -> Verdict | None:
    """By what says that no person wrote it (RFC 3834 and what came before it)."""
    submitted = mail.first("auto-submitted").split(";")[0].strip().lower()
    if submitted in _NO_ANSWER_KINDS:
        return Verdict(Kind.AUTO, (Clue("auto_submitted", submitted),))
    for name in ("x-autoreply", "x-autorespond", "x-auto-reply"):
        if mail.first(name) and mail.first(name).strip().lower() not in ("no", "false"):
            return Verdict(Kind.AUTO, (Clue("auto_header", name),))
    if (precedence := mail.first("precedence").strip().lower()) in ("auto_reply", "bulk", "junk"):
        return Verdict(Kind.AUTO, (Clue("auto_header", f"precedence: {precedence}"),))
    clue = _first("auto", [mail.subject])
    return Verdict(Kind.AUTO, (clue,)) if clue else None


def by_phrases(text: str, ours: str) -> Verdict:
    """What the words of a letter seem to say, without those it quotes of `ours`."""
    found: dict[Kind, list[Clue]] = {Kind.REFUSED: [], Kind.ASKS: [], Kind.REMOVED: []}
    offers: list[Clue] = []
    for sentence in _sentences(own_words(text, ours)):
        is_open = _phrase("unless", sentence) is not None
        if (clue := _phrase("refused", sentence)) is not None:
            found[Kind.REFUSED].append(clue)
        elif (clue := _phrase("removed", sentence)) is not None and not is_open:
            found[Kind.REMOVED].append(clue)
        if (clue := _phrase("asks", sentence)) is not None:
            (offers if is_open else found[Kind.ASKS]).append(clue)
    if not any(found.values()):
        found[Kind.ASKS] = offers  # "if you know of more, please send us ..." asks for nothing where an answer stands beside it
    clues = tuple(dict.fromkeys(one for each in found.values() for one in each))[:_CLUES_MAX]
    kinds = {kind for kind, each in found.items() if each}
    if kinds == {Kind.REFUSED, Kind.ASKS}:
        return Verdict(Kind.ASKS, clues)  # no, unless more is sent
    return Verdict(kinds.pop() if len(kinds) == 1 else Kind.UNKNOWN, clues)


def _first(of: str, texts: Sequence[str]) -> Clue | None:
    return next((clue for text in texts if (clue := _phrase(of, text)) is not None), None)


def _phrase(of: str, sentence: str) -> Clue | None:
    """The first phrase of a class that stands in a sentence."""
    spaced = folded(sentence[:_SENTENCE_MAX])
    spaceless = spaced.replace(" ", "")
    for lang, pattern in _patterns(of).items():
        found = pattern.search(spaceless if lang in _SPACELESS else spaced)
        if found:
            return Clue(f"phrase_{of}", found[0])
    return None


def _sentences(text: str) -> list[str]:
    """Sentences; lines that were only broken to fit are joined first."""
    return list(_split(text))[:_SENTENCES_MAX]


def _split(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text):
        joined = re.sub(r"\s*\n\s*", " ", paragraph)
        yield from (one for one in _SENTENCE.split(joined) if one and one.strip())


@cache
def _patterns(of: str) -> Mapping[str, re.Pattern[str]]:
    every = tomllib.loads(Path(__file__).with_name("phrases.toml").read_text("utf-8"))[of]
    return {lang: _pattern(lang, phrases) for lang, phrases in every.items()}


def _pattern(lang: str, phrases: Sequence[str]) -> re.Pattern[str]:
    if lang in _SPACELESS:
        return re.compile("|".join(re.escape(folded(one).replace(" ", "")) for one in sorted(phrases, key=len, reverse=True)))
    each = []
    for one in sorted(phrases, key=len, reverse=True):
        is_open = one.endswith("*")
        words = re.escape(folded(one.removesuffix("*"))).replace(r"\ ", " ")
        each.append(words if is_open else words + r"(?!\w)")
    return re.compile(r"(?<!\w)(?:" + "|".join(each) + ")")
