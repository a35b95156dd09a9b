"""Drawn things to learn from: icons and emoji of families under MIT or Apache-2.0, and teddy bears and books drawn here.

Each family comes as `icons.json` in Iconify's form: `icons` by name with an SVG `body`, sizes for all or for each. A name says
what an icon shows; where it says two things, or only something alike, the icon is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import resvg_py
from numpy.typing import NDArray

LICENCES = ("MIT", "Apache-2.0", "ISC")
SIDE_PX = 288
NAMES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'

NAMED: Mapping[str, re.Pattern[str]] = {
    "book": re.compile(
        r"^((blue|green|orange|red|closed|open|old|holy)-?)?books?(-\d+|-one|-open|-open-variant(-outline)?|-outline"
        r"|-multiple(-outline)?|-variant|-filled|-line|-fill|-bold|-duotone|-light|-thin|-color|-open-text|-open-check|-alphabet"
        r"|-education(-outline)?|-open-page-variant(-outline)?|-cross|-heart|-image|-text|-type|-marked|-copy|-user|-audio|-a"
        r"|-key|-search(-outline)?|-information-variant|-music(-outline)?|-clock(-outline)?)*$"
        r"|^(blue|green|orange|closed|open)books?$|^notebook(-with-decorative-cover|decorativecover|-and-pen|-one)?$"
        r"|^library(-big|-outline)?$|^bookshelf$|^books-(bold|duotone|fill|light|thin)$|^parenting-book$"
        r"|^book-[a-z]+-(16|20|24|28|32|48)(-filled|-regular)?$"
    ),
    "teddy bear": re.compile(r"teddy"),
    "backpack": re.compile(
        r"^(school-)?backpack(-\d+)?(-filled|-regular|-bold|-duotone|-fill|-light|-thin|-rounded|-outline|-sharp|-line)*$"
        r"|^school-?bag.*$"
    ),
}
HOLDING = re.compile(
    r"book|teddy|backpack|bag(-|$)|luggage|library|album|dictionary|journal|read|stud|learn|stor(y|ies)|toy|doll"
)
"""Neither shown as the thing nor as another: what holds one of them, or only looks like it."""
ALIKE = re.compile(
    r"page|paper|document|file|folder|clipboard|(^|-)note(-|$)|memo|scroll|card|box|package|parcel|calendar|dice|cube|envelope"
    r"|letter|map|picture|frame|tablet|laptop|screen|brick|gift|present|door|briefcase|wallet|ticket|receipt|archive|layers"
    r"|albums?$|newspaper|magazine|blocks?$"
)
"""Other things that are taken for books most easily; more of them are learned from."""
PEOPLE = re.compile(
    r"skin-tone|-(dark|light|medium)(-|$)|^flag|^regional|keycap|^(man|woman|person|people|boy|girl|baby|family|kiss|couple)"
)


@dataclass(frozen=True, slots=True)
class Icon:
    """One icon: its family and name, what it shows (None for anything else), and its SVG."""

    family: str
    name: str
    label: str | None
    svg: str


def icons(folder: Path) -> Iterator[Icon]:
    """Every icon of a family that shows one of the things plainly, or plainly none. Raises SystemExit for another licence."""
    licence = json.loads((folder / "info.json").read_text("utf-8"))["license"]["spdx"]
    if licence not in LICENCES:
        raise SystemExit(f"{folder.name}: {licence} is not among {', '.join(LICENCES)}")
    family = json.loads((folder / "icons.json").read_text("utf-8"))
    for name, icon in family["icons"].items():
        label = next((label for label, pattern in NAMED.items() if pattern.search(name)), None)
        if PEOPLE.search(name) or (label is None and HOLDING.search(name)):
            continue
        width, height = (icon.get(side, family.get(side, 16)) for side in ("width", "height"))
        svg = f'<svg {NAMES} viewBox="0 0 {width} {height}">{icon["body"]}</svg>'
        yield Icon(folder.name, name, label, svg)


def rendered(svg: str, colour: str) -> NDArray[np.uint8]:
    """(side, side, 4) RGBA at most SIDE_PX, with `colour` where the icon takes that of its text."""
    coloured = svg.replace("currentColor", colour)
    png = bytes(resvg_py.svg_to_bytes(svg_string=coloured, width=SIDE_PX, height=SIDE_PX, skip_system_fonts=True))
    read = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    return np.ascontiguousarray(read[:, :, [2, 1, 0, 3]])
