"""A file of spellings that a person approved, so that they are searched along with their keywords. Nothing else ever is.

    # 축제 -> what was proposed; take away the # before those to search
    축제\t축 제
    #축제\tㅊㅜㄱㅈㅔ

One line a spelling: the keyword, a tab, the spelling. `#` starts a line that is not searched.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from jikim.errors import BadUse
from jikim.sources.keywords import keyword as read_keyword
from jikim.sources.variants import propose
from jikim.types import Keyword

FILE_BYTES_LIMIT = 2**20


class Approved(NamedTuple):
    """The approved spellings by the keyword's text."""

    spellings: Mapping[str, tuple[str, ...]] = MappingProxyType({})

    def of(self, keyword: Keyword) -> tuple[Keyword, ...]:
        """The spellings to search along with `keyword`, each once, none that is the keyword itself."""
        texts = dict.fromkeys(self.spellings.get(keyword.text, ()))
        return tuple(Keyword(text, keyword.lang, "variant") for text in texts if text != keyword.text)


def read_approved(path: Path) -> Approved:
    """The spellings in a file. Raises BadUse naming the file and the line that is none."""
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_LIMIT + 1)
        if len(content) > FILE_BYTES_LIMIT:
            raise BadUse("sources.approved_wrong", where=str(path), line=0)
        lines = content.decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadUse("sources.approved_unreadable", where=str(path)) from error
    spellings: dict[str, list[str]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        keyword, tab, spelling = line.partition("\t")
        if not tab or not keyword.strip() or not spelling.strip() or "\t" in spelling:
            raise BadUse("sources.approved_wrong", where=str(path), line=number)
        spellings.setdefault(read_keyword(keyword, None).text, []).append(read_keyword(spelling, None).text)
    return Approved({text: tuple(every) for text, every in spellings.items()})


def proposals(keyword: Keyword) -> str:
    """Such a file with every proposal for `keyword`, none of them approved yet."""
    lines = [f"#{keyword.text}\t{variant.text}" for variant in propose(keyword.text)]
    return "".join(f"{line}\n" for line in lines)
