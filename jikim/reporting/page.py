"""What a page of the report is made of: words in two languages, strangers' text made harmless, times, and the one stylesheet.

The file asks nobody for anything: its policy forbids every request and every script, and allows this one stylesheet by its
hash. Colours and sizes of the drawings are classes and attributes, as a `style=""` would be forbidden too.
"""

from __future__ import annotations

import unicodedata
from base64 import b64encode
from datetime import datetime
from functools import cache
from hashlib import sha256
from html import escape

from jikim.messages import Message, render
from jikim.types import JsonValue

LONGEST_TEXT = 300
"""Characters of a title, address or sentence that are shown: a post of a megabyte must not bury the others."""

_MOST_COMBINING = 4
_WEEKDAYS = "월화수목금토일"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

STYLE = """
:root{color-scheme:light dark;--paper:#fbfaf8;--sheet:#fff;--ink:#23272b;--quiet:#5c646b;--line:#dedbd5;--accent:#2d6285;
--soft:#dbe6ee;--alarm:#a8322a;--alarm-soft:#f9e9e7}
@media (prefers-color-scheme:dark){:root{--paper:#16191c;--sheet:#1e2226;--ink:#e4e6e8;--quiet:#a3abb2;--line:#363c42;
--accent:#83b7d8;--soft:#2a3d4b;--alarm:#f2958c;--alarm-soft:#42211f}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);word-break:keep-all;overflow-wrap:anywhere;
font:15px/1.6 Pretendard,"Noto Sans KR","Apple SD Gothic Neo","Malgun Gothic","NanumGothic",system-ui,sans-serif}
.wide{max-width:60rem;margin:0 auto;padding:1.5rem 1.25rem 4rem}
.switch{position:absolute;opacity:0}
#in-ko:checked~* [lang=en],#in-en:checked~* [lang=ko]{display:none}
.languages{float:right;font-size:14px}
.languages label{display:inline-block;padding:.3rem .8rem;border:1px solid var(--line);border-radius:6px;cursor:pointer}
#in-ko:checked~* label[for=in-ko],#in-en:checked~* label[for=in-en]{background:var(--soft);border-color:var(--accent)}
#in-ko:focus-visible~* label[for=in-ko],#in-en:focus-visible~* label[for=in-en]{outline:2px solid var(--accent)}
h1{font-size:15px;font-weight:500;color:var(--quiet);margin:0}
.keyword{font-size:28px;font-weight:650;margin:.1rem 0 1rem;line-height:1.3}
h2{font-size:18px;margin:2.4rem 0 .6rem}
h3{font-size:16px;margin:0;font-weight:600}
p{margin:.4rem 0}
.quiet{color:var(--quiet);font-size:14px}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.2rem 1.5rem;margin:0}
.facts dt{color:var(--quiet);font-size:13px}
.facts dd{margin:0 0 .6rem}
.sheet{background:var(--sheet);border:1px solid var(--line);border-radius:8px;padding:1rem 1.25rem;margin:.75rem 0}
.practice{border-left:4px solid var(--accent)}
.finds{list-style:none;margin:0;padding:0}
.level{display:inline-block;padding:0 .55rem;border-radius:5px;background:var(--soft);font-size:14px;margin-right:.4rem}
.level.urgent{background:var(--alarm-soft);color:var(--alarm);font-weight:650}
.level.none{background:none;border:1px solid var(--line);color:var(--quiet)}
.id{font-family:ui-monospace,"D2Coding","NanumGothicCoding",monospace;font-size:13px;word-break:break-all}
.axes{display:flex;flex-wrap:wrap;gap:.2rem 2rem;margin:.5rem 0}
.axes svg,.reasons svg{vertical-align:middle}
.reasons{list-style:none;margin:.5rem 0;padding:0}
.reasons li{display:grid;grid-template-columns:5.5rem 1fr;gap:.75rem;padding:.15rem 0;align-items:start}
.reasons svg{margin-top:.4rem}
.track{fill:var(--line)}.span{fill:var(--accent);opacity:.45}.point,.bar,.cue{fill:var(--accent)}
.less{fill:none;stroke:var(--accent)}
.rule{stroke:var(--line)}
.timeline{overflow-x:auto;margin:.8rem 0 0}
.timeline figcaption{font-size:14px;color:var(--quiet)}
.timeline svg{display:block;width:100%;min-width:34rem;height:auto}
.timeline text{fill:var(--quiet);font-size:12px}
.sketches{display:flex;gap:1rem;margin:.6rem 0}.sketches figure{margin:0}.sketches svg{display:block;border-radius:3px}
.blurred{filter:blur(3px)}
.problems{margin:.4rem 0;padding-left:1.2rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{text-align:left;vertical-align:top;padding:.35rem .8rem .35rem 0;border-bottom:1px solid var(--line)}
th{font-weight:600;color:var(--quiet)}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}
@media print{body{background:#fff;font-size:11pt}.wide{max-width:none;padding:0}.languages{display:none}
.sheet{break-inside:avoid;border-color:#bbb}a{color:inherit}.timeline svg{min-width:0}}
""".strip()


@cache
def policy() -> str:
    """The Content-Security-Policy of the report: nothing from anywhere, this one stylesheet excepted."""
    digest = b64encode(sha256(STYLE.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def neutral(text: str, longest: int = LONGEST_TEXT) -> str:
    """A stranger's text on one line, cut to `longest` characters, with nothing in it that hides, reorders or piles up.

    Line ends and tabs become blanks; control, format (bidi, zero-width), surrogate and private characters become U+FFFD, so
    that one sees that something was there; of combining marks at most four stay in a row.
    """
    is_cut, text = len(text) > longest, text[:longest]
    if not (text.isascii() and text.isprintable()):
        text = "".join(_neutral_characters(text))
    return text + "…" if is_cut else text


def _neutral_characters(text: str) -> list[str]:
    shown: list[str] = []
    combining = 0
    for character in text:
        category = unicodedata.category(character)
        combining = combining + 1 if category in ("Mn", "Me") else 0
        if character in "\t\n\r\v\f\x85" or category in ("Zl", "Zp"):
            shown.append(" ")
        elif category in ("Cc", "Cf", "Cs", "Co"):
            shown.append("�")
        elif combining <= _MOST_COMBINING:
            shown.append(character)
    return shown


def plain(text: str, longest: int = LONGEST_TEXT) -> str:
    """A stranger's text as HTML that is nothing but text and keeps its direction to itself."""
    return f"<bdi>{words(text, longest)}</bdi>"


def words(text: str, longest: int = LONGEST_TEXT) -> str:
    """Text made harmless and escaped, for an element or an attribute in double quotes."""
    return escape(neutral(text, longest), quote=True)


def both(message: Message) -> str:
    """A message in the two languages, of which the reader sees one."""
    ko, en = words(message.ko), words(message.en)
    return f'<span lang="ko">{ko}</span><span lang="en">{en}</span>' if ko != en else ko


def say(key: str, **params: JsonValue) -> str:
    """The message `key` in the two languages as HTML."""
    return both(render(key, params))


def one_line(key: str, **params: JsonValue) -> str:
    """The message `key` where only one text can stand, as in a drawing's title: Korean, then English."""
    message = render(key, params)
    return words(message.ko) if message.ko == message.en else words(f"{message.ko} / {message.en}")


def instant(at: datetime) -> Message:
    """An instant as a person writes it, in the zone it carries: 2026. 5. 22.(금) 14:05 +09:00."""
    zone = at.strftime("%z")
    zone = f"{zone[:3]}:{zone[3:5]}" if zone else ""
    ko = f"{at.year}. {at.month}. {at.day}.({_WEEKDAYS[at.weekday()]}) {at:%H:%M} {zone}".rstrip()
    return Message(ko, f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at:%H:%M} {zone}".rstrip())


def clock(at_s: float) -> str:
    """A time in a video: 00:14, or 1:02:14 from an hour on."""
    seconds = max(0, int(at_s))
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    return f"{hours}:{minutes:02d}:{seconds % 60:02d}" if hours else f"{minutes:02d}:{seconds % 60:02d}"
