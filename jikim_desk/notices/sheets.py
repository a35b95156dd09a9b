"""What stands on a document: words, facts and tables for `forms/sheet.typ`, in one language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from jikim.messages import readable
from jikim_desk.config import desk_config
from jikim_desk.notices.models import Notice
from jikim_desk.words import say

_HEADERS_SHOWN = ("server", "content-type", "content-length", "last-modified", "etag", "location", "date", "via", "cf-ray")
_VALUE_MAX = 300
_DEEDS_MAX = 60


def sheet(
    lang: str,
    title: str,
    *,
    date: datetime,
    organisation: str,
    footer: str,
    subtitle: str = "",
    facts: Sequence[tuple[str, str]] = (),
    sections: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The data of one document."""
    local = date.astimezone(ZoneInfo(desk_config().time_zone))
    return {
        "lang": lang,
        "title": title,
        "subtitle": subtitle,
        "date": [local.year, local.month, local.day],
        "organisation": organisation,
        "footer": footer,
        "facts": facts,
        "sections": sections,
    }


def address(url: str) -> str:
    """An address as it can be typed again: everything outside ASCII is percent-encoded, the host as DNS has it."""
    parts = urlsplit(url)
    try:
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except UnicodeError:
        host = quote(parts.hostname or "")
    port = f":{parts.port}" if parts.port else ""
    host = f"[{host}]" if ":" in host else host
    kept = "/%:@!$&'()*+,;=~-._?"
    query = f"?{quote(parts.query, safe=kept)}" if parts.query else ""
    return f"{parts.scheme}://{host}{port}{quote(parts.path, safe=kept)}{query}"


def word(lang: str, name: str, **params: Any) -> str:
    """A sentence of the evidence pack."""
    return say(f"evidence.{name}", lang, **params)


def evidence(facts: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """The evidence pack for people."""

    words = partial(word, lang)
    centre, find, decision = facts["centre"], facts["find"], facts["decision"]
    organisation = (centre["organisation_en"] if lang == "en" else "") or centre["organisation"] or words("no_organisation")
    made_at = datetime.fromisoformat(facts["made_at"])
    hashes = [("SHA-256", one["sha256"]) for one in facts["hashes"]]
    hashes += [
        (words("pdq", at=f"{frame['at_ms'] / 1000:.1f}"), frame["hash"]) for one in facts["hashes"] for frame in one["pdq"]
    ]
    sections: list[dict[str, Any]] = [
        {"title": words("proves"), "words": [words("proves_this"), words("proves_not"), *_media(facts["media"], lang)]},
        {
            "title": words("found"),
            "facts": [
                (words("address"), address(find["url"])),
                (words("host"), find["host"]),
                (words("network"), _network(facts["network"], lang)),
                (words("posted_at"), moment(find["posted_at"], lang) or words("not_said")),
                (words("found_at"), moment(find["found_at"], lang)),
                (words("decided"), words(f"decided.{decision['kind'] or 'none'}", at=moment(decision["decided_at"], lang))),
                *([(words("visit"), _visit(facts["page_visit"], lang))] if facts["page_visit"] else []),
                (words("picture_of_page"), _picture(facts["page_picture"], lang)),
                *([(words("picture_hash"), digest)] if (digest := facts["page_picture"].get("sha256")) else []),
            ],
        },
        *(_capture(number, one, lang) for number, one in enumerate(facts["captures"], 1)),
    ]
    if not facts["captures"]:
        sections.append({"title": words("answers"), "words": [words("no_answers")]})
    if hashes:
        sections.append({"title": words("hashes"), "words": [words("hashes_help")], "facts": hashes})
    deeds = facts["deeds"][-_DEEDS_MAX:]
    rows = [
        [
            str(one["number"]),
            _utc(one["at"]),
            say(f"audit.action.{one['action']}", lang),
            one["by"][:12] or "-",
            one["hash"][:16],
        ]
        for one in deeds
    ]
    head = [words("deed.number"), words("deed.at"), words("deed.what"), words("deed.by"), words("deed.hash")]
    tables = [{"widths": [1, 3, 3, 2, 3], "head": head, "rows": rows}]
    sections.append({"title": words("deeds"), "words": [words("deeds_help")], "tables": tables if rows else []})
    sections.append({"title": words("check"), "words": [words("check_help")], "facts": [(words("key"), centre["public_key"])]})
    top = [
        (words("organisation"), organisation),
        (words("number"), facts["number"]),
        (words("made_at"), moment(facts["made_at"], lang)),
    ]
    if centre["mailbox"]:
        top.append((words("mailbox"), centre["mailbox"]))
    return sheet(
        lang,
        words("title"),
        date=made_at,
        organisation=organisation,
        footer=f"{organisation} · {facts['number']}",
        facts=top,
        sections=sections,
    )


def _media(media: Mapping[str, Any], lang: str) -> list[str]:
    """Whether media files are in the pack, in plain words."""
    if not media["sealed_for"]:
        return [word(lang, "no_media")]
    said = [word(lang, "media_sealed", count=len(media["sealed"]), recipients=len(media["sealed_for"]))]
    return said + ([word(lang, "media_left_out", count=len(media["left_out"]))] if media["left_out"] else [])


def _visit(visit: Mapping[str, Any], lang: str) -> str:
    """What came of fetching the page when the pack was made."""
    params = dict(visit.get("params", {}))
    params |= {"where": address(params["where"])} if "where" in params else {}
    came = say(visit["why_none"], lang, **params) if visit["why_none"] else word(lang, "visit.kept")
    return "\n".join((moment(visit["at"], lang), came))


def _picture(picture: Mapping[str, Any], lang: str) -> str:
    if "why_none" in picture:
        return say(picture["why_none"], lang)
    lines = [word(lang, "picture_is", part=picture["part"], count=picture["areas_covered"])]
    lines += [word(lang, "picture_drawn"), *([word(lang, "picture_cut")] if picture["is_cut"] else [])]
    return "\n".join(lines)


def _network(network: Mapping[str, Any], lang: str) -> str:
    """Country and network of each server that answered; plainly, what is not known."""
    lines = []
    for one in network["servers"]:
        country = one["country"] or word(lang, "country_unknown")
        lines.append(
            " · ".join([one["ip"], country, _plain(one["network"]) if one["network"] else word(lang, "network_unknown")])
        )
    return "\n".join([*lines, word(lang, "country_source", source=network["source"])]) if lines else word(lang, "no_server")


def letter(notice: Notice, organisation: str) -> dict[str, Any]:
    """A notice to be handed in on paper or by a form."""
    paragraphs = [part for part in notice.body.split("\n\n") if part.strip()]
    return sheet(
        notice.lang,
        notice.subject,
        date=notice.sent_at or notice.drafted_at,
        organisation=organisation,
        footer=f"{organisation} · {notice.number}",
        sections=[{"title": "", "words": paragraphs}],
    )


def moment(written: str, lang: str) -> str:
    """A time as the centre's clock and as UTC; "" for none."""
    if not written:
        return ""
    at = datetime.fromisoformat(written.replace("Z", "+00:00"))
    zone = desk_config().time_zone
    local = at.astimezone(ZoneInfo(zone))
    day = f"{local.year}. {local.month}. {local.day}. {local:%H:%M:%S}" if lang == "ko" else f"{local:%d %B %Y, %H:%M:%S}"
    return f"{day} ({zone}) / {at:%Y-%m-%dT%H:%M:%SZ}"


def _utc(written: str) -> str:
    at = datetime.fromisoformat(written.replace("Z", "+00:00"))
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _capture(number: int, capture: Mapping[str, Any], lang: str) -> dict[str, Any]:
    words = partial(word, lang)
    facts = [
        (words("sha256"), capture["sha256"]),
        (words("size"), words("bytes", count=f"{capture['size_bytes']:,}")),
        (words("kind"), _plain(capture["content_type"])),
        (words("fetched_at"), moment(capture["fetched_at"], lang)),
    ]
    rows = [
        [str(place), address(hop["url"]), str(hop["status"]), hop["peer_ip"], _utc(hop["at"]), _headers(hop["headers"])]
        for place, hop in enumerate(capture["chain"], 1)
    ]
    head = [words(f"hop.{name}") for name in ("place", "url", "status", "ip", "at", "headers")]
    table = {"widths": [1, 7, 2, 4, 6, 6], "head": head, "rows": rows}
    return {"title": words("answer", number=number, part=words(f"part.{capture['part']}")), "facts": facts, "tables": [table]}


def _headers(headers: Mapping[str, str]) -> str:
    shown = [f"{name}: {_plain(headers[name])}" for name in _HEADERS_SHOWN if name in headers]
    return "\n".join(shown) or "-"


def _plain(text: str) -> str:
    """Somebody else's words as characters the document has: others stand as escapes."""
    return readable(text[:_VALUE_MAX]).encode("ascii", "backslashreplace").decode("ascii")
