"""A keyword as each place's own syntax writes it.

What a worker typed goes as it was typed: they may mean the operators of the place. A spelling that was proposed and approved
is meant letter by letter, though it may hold what a place takes for an operator (`|` is "or" to NAVER and YouTube, `-` is
"without" to all, `word:` is a filter to Mastodon): there it stands in quotation marks, which all of them take for "exactly".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from jikim.types import Keyword

_WITHOUT = r"(?:^|\s)-"
_OPERATORS: Mapping[str, re.Pattern[str]] = {
    "naver": re.compile(rf"[|+]|{_WITHOUT}"),
    "kakao": re.compile(rf"[|+]|{_WITHOUT}"),
    "youtube": re.compile(rf"[|]|{_WITHOUT}"),
    "bluesky": re.compile(rf"[+|(){{}}\[\]^~*?:\\/!]|&&|{_WITHOUT}"),
    "mastodon": re.compile(rf"[+|()~*:]|{_WITHOUT}"),
    "mediawiki": re.compile(rf"[|()~*:!?\\]|{_WITHOUT}"),
    "searxng": re.compile(rf"(?:^|\s)[!:?<]|[|+]|{_WITHOUT}"),
    "peertube": re.compile(_WITHOUT),
}
"""Of the places that have a syntax, what is an operator in it."""


def query_of(source: str, keyword: Keyword) -> str:
    """What to ask a source for."""
    operators = _OPERATORS.get(source)
    if keyword.origin != "variant" or operators is None or not operators.search(keyword.text):
        return keyword.text
    return '"' + keyword.text.replace('"', " ").strip() + '"'
