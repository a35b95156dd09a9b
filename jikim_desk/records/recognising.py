"""What somebody put into the one box: keywords, or addresses, or both. Nothing is fetched and nothing is kept here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from jikim.errors import BadUse, FetchRefused
from jikim.sources.canonical import canonical
from jikim_desk.records.intake import url_ref
from jikim_desk.records.models import Candidate

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s<>\"']+", re.IGNORECASE)
"""Of any scheme: what is no http address is refused with its reason, not searched for as words."""
_BARE = re.compile(r"(?:[\w-]+\.)+[A-Za-z]{2,24}(?::\d{1,5})?(?:[/?#]\S*)?")
_DISARMED = ((re.compile(r"hxxp(s?)(?=\W{1,3}//)", re.IGNORECASE), r"http\1"), (re.compile(r"\[(\.|:|://)\]"), r"\1"))
"""How people write an address so that nobody opens it by a click: hxxps://host[.]example."""
_TAIL = ".,;:!?)]}>'\"’”」』"


@dataclass(frozen=True, slots=True)
class Recognised:
    """Each once, in the order of writing."""

    keywords: tuple[str, ...]
    addresses: tuple[str, ...]


def recognise(text: str) -> Recognised:
    """Reads what was typed or pasted: a line with addresses gives these alone, any other gives keywords, parted by commas."""
    keywords: dict[str, None] = {}
    addresses: dict[str, None] = {}
    for line in text.splitlines():
        line = _armed(line.strip())
        if found := [one.rstrip(_TAIL) for one in _ADDRESS.findall(line)]:
            addresses.update(dict.fromkeys(found))
        elif line and all(_BARE.fullmatch(word) for word in line.split()):
            addresses.update(dict.fromkeys(f"http://{word}" for word in line.split()))
        else:
            keywords.update(dict.fromkeys(part.strip() for part in re.split(r"[,，、]", line) if part.strip()))
    return Recognised(tuple(keywords), tuple(addresses))


def already_known(addresses: Sequence[str]) -> dict[str, Candidate]:
    """Those of `addresses` that are known as a candidate, with the one found first."""
    references: dict[str, str] = {}
    for address in addresses:
        try:
            references[address] = url_ref(canonical(address))
        except (BadUse, FetchRefused):
            continue
    known: dict[str, Candidate] = {}
    rows = Candidate.objects.filter(url_ref__in=set(references.values())).order_by("-found_at")
    by_reference = {row.url_ref: row for row in rows}
    for address, reference in references.items():
        if reference in by_reference:
            known[address] = by_reference[reference]
    return known


def _armed(line: str) -> str:
    for disarmed, address in _DISARMED:
        line = disarmed.sub(address, line)
    return line
