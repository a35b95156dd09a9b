"""For police and prosecution: each find with its chain of addresses, times, hashes, evidence packs, requests and visits.

It names the centre and its role mailbox; a worker's name only where the centre has set so. No title, no case number, nothing of
the person helped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone

from jikim_desk.accounts.models import User
from jikim_desk.config import desk_config
from jikim_desk.notices import sheets
from jikim_desk.notices.models import Removal, random_number
from jikim_desk.notices.reports.composing import organisation_in, report, section
from jikim_desk.notices.reports.counting import LEFT
from jikim_desk.sealing import vault
from jikim_desk.words import say

FINDS_MAX = 100
"""Of one report; a case with more is told in several."""
REFERENCE_MAX = 200
_HOPS_MAX, _VISITS_MAX, _LETTERS_MAX, _HASHES_MAX = 20, 10, 30, 20


def told(
    removals: Sequence[Removal], lang: str, *, recipient: str, reference: str, by: User, left_out: int = 0
) -> dict[str, Any]:
    """These finds for the authority `recipient`, whose letter is known by `reference`. `left_out`: finds of the case that are
    told in other reports."""
    now = timezone.now()

    def word(name: str, **params: Any) -> str:
        return say(f"report.{name}", lang, **params)

    settings = desk_config().removal
    facts = [(word("to"), recipient or "-"), (word("reference"), reference or "-")]
    facts += [(word("finds_told"), word("count", count=len(removals)))]
    asks = [(say("evidence.organisation", lang), organisation_in(lang) or "-"), (word("mailbox"), settings.mailbox or "-")]
    if settings.names_worker_to_police:
        asks.append((word("worker"), str(by)))
    words = [word("police_left_out", count=left_out)] if left_out else []
    sections = [
        section(word("police_what"), words=[*words, word("police_proves"), word("police_not"), word("police_times")]),
        section(word("police_ask"), facts=asks, words=[word("police_ask_help")]),
        section(say("evidence.check", lang), facts=[(say("evidence.key", lang), vault().public_key().hex())]),
    ]
    for place, removal in enumerate(removals, 1):
        sections += _find(place, removal, lang)
    return report(word("police"), lang, now, random_number(), facts, sections)


def _find(place: int, removal: Removal, lang: str) -> list[dict[str, Any]]:
    def word(name: str, **params: Any) -> str:
        return say(f"report.{name}", lang, **params)

    candidate = removal.candidate
    captures = list(candidate.captures.order_by("fetched_at", "pk"))
    facts = [
        (say("evidence.address", lang), sheets.address(candidate.url)),
        (say("evidence.host", lang), urlsplit(candidate.url).hostname or "-"),
        (word("clock.posted"), sheets.moment(_iso(candidate.posted_at), lang) or say("evidence.not_said", lang)),
        (word("clock.found"), sheets.moment(_iso(candidate.found_at), lang)),
        (word("clock.reviewed"), sheets.moment(_iso(removal.reviewed_at), lang)),
        (word("clock.notified"), sheets.moment(_iso(removal.notified_at), lang) or word("not_yet")),
        (word("clock.gone"), sheets.moment(_iso(removal.gone_at), lang) or word("not_proven")),
        (word("column.state"), word(f"state.{removal.state}")),
    ]
    for pack in removal.packs.order_by("made_at"):
        stamped = sheets.moment(_iso(pack.stamped_at), lang) or say("evidence.verify.not_stamped", lang)
        facts.append((word("pack"), f"{pack.number}\n{pack.sha256}\n{stamped}"))
    digests = dict.fromkeys(one.sha256 for one in captures if one.sha256)
    facts += [(word("hash"), digest) for digest in list(digests)[:_HASHES_MAX]]
    return [
        section(word("police_find", number=place), facts=facts),
        _told(word("hops"), *_hops(captures, word), widths=[12, 2, 5, 7]),
        _told(word("letters"), *_letters(removal, lang, word), widths=[4, 5, 7, 7, 3]),
        _told(word("seen_by_us"), *_visits(removal, word), widths=[6, 4, 8]),
    ]


def _told(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> dict[str, Any]:
    """A table of one find under its caption; nothing where it has no rows."""
    return section("", head, rows, widths=widths, words=[caption] if rows else [])


def _hops(captures: Sequence[Any], word: Any) -> tuple[list[str], list[list[str]]]:
    """How each answer was come by: the page and the files, each with every redirect."""
    head = [word(f"hop.{name}") for name in ("url", "status", "ip", "at")]
    hops = [hop for one in captures for hop in one.chain][:_HOPS_MAX]
    return head, [[sheets.address(hop["url"]), str(hop["status"]), hop["peer_ip"], _utc(hop["at"])] for hop in hops]


def _letters(removal: Removal, lang: str, word: Any) -> tuple[list[str], list[list[str]]]:
    head = [word(f"letter.{name}") for name in ("number", "kind", "to", "at", "answer")]
    left = removal.notices.filter(state__in=LEFT).select_related("host").order_by("sent_at")[:_LETTERS_MAX]
    return head, [
        [
            one.number,
            say(f"notice.kind.{one.kind}", lang),
            one.recipient or (one.host.name if one.host else "-"),
            _utc(_iso(one.sent_at)) if one.sent_at else "-",
            word(f"answer.{one.outcome or 'none'}"),
        ]
        for one in left
    ]


def _visits(removal: Removal, word: Any) -> tuple[list[str], list[list[str]]]:
    head = [word(f"visit.{name}") for name in ("at", "by", "seen")]
    found = list(removal.rechecks.order_by("-at")[:_VISITS_MAX])[::-1]
    ways = {name: word("visit.away", number=place) for place, name in enumerate(_away(found), 1)}
    return head, [[_utc(_iso(one.at)), ways.get(one.vantage) or word("visit.here"), word(f"seen.{one.seen}")] for one in found]


def _away(visits: Sequence[Any]) -> list[str]:
    """The other networks, in the order in which they were used; what the centre calls them stays inside."""
    return list(dict.fromkeys(one.vantage for one in visits if one.vantage != "here"))


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _utc(written: str) -> str:
    return f"{datetime.fromisoformat(written).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
