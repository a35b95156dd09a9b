"""Korean typefaces: those the lines for training are drawn with, and families that only the validation lines use.

Every font for training says itself that it is under the SIL Open Font License. Debian's fonts-nanum, fonts-nanum-extra,
fonts-noto-cjk, fonts-woowa-bm and fonts-naver-d2coding carry some; the others are the Korean families of Google Fonts, taken as
TTF files from the npm packages @expo-google-fonts/NAME (see README.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont
from letters import CLASSES, COMMON
from PIL import ImageFont

TRAINING = (
    *("Nanum", "NotoSansCJK", "NotoSerifCJK", "BM", "D2Coding", "BagelFat", "BlackHan", "CuteFont", "DoHyeon", "Dokdo"),
    *("EastSeaDokdo", "Gaegu", "GamjaFlower", "Gasoek", "GothicA1", "Gugi", "Jua", "SongMyung", "Sunflower", "BlackAndWhite"),
    "Dongle",
)
VALIDATION = (
    *("IBMPlexSansKR", "GowunBatang", "GowunDodum", "PoorStory", "SingleDay", "Orbit"),
    *("Un", "gulim", "batang", "dotum"),
)
"""The last four (Debian: fonts-unfonts-core, fonts-unfonts-extra, fonts-baekmuk) are not under the OFL: they only measure."""

DEBIAN_OPEN = ("Nanum", "BM")
"""Families that say nothing themselves and are OFL-1.1 by Debian's copyright files."""
UNFIT = ("Jamo", "YetHangul", "UnPilgia", "hline", "Mono")
KOREAN_OF_COLLECTION = 1
"""The place of the Korean face in Noto's collections."""


@dataclass(frozen=True)
class Face:
    """One font file, and the signs it can draw."""

    path: Path
    index: int
    letters: frozenset[str]

    def draws(self, text: str) -> bool:
        return all(letter == " " or letter in self.letters for letter in text)

    def at(self, size_px: int) -> ImageFont.FreeTypeFont:
        return _opened(self.path, self.index, size_px)


@lru_cache(maxsize=400)
def _opened(path: Path, index: int, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size_px, index=index)


def faces(folders: list[Path], families: tuple[str, ...], *, open_licence: bool) -> list[Face]:
    """The usable fonts of these families in the folders, by name; with `open_licence` those under the OFL alone."""
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in (".ttf", ".otf", ".ttc"))
    read = (face for path in files if _is_of(path, families) for face in _read(path, open_licence))
    return list({face.path.name: face for face in read}.values())


def _is_of(path: Path, families: tuple[str, ...]) -> bool:
    name = path.name.replace("_", "").replace("-", "")
    return name.startswith(families) and not any(part in name for part in UNFIT)


def _read(path: Path, open_licence: bool) -> Iterator[Face]:
    index = KOREAN_OF_COLLECTION if path.suffix.lower() == ".ttc" else 0
    font = TTFont(path, fontNumber=index, lazy=True)
    if open_licence and not path.name.startswith(DEBIAN_OPEN) and not _is_open(font):
        return
    known = font.getBestCmap()
    letters = frozenset(letter for letter in CLASSES if letter and letter != " " and ord(letter) in known)
    if letters.issuperset(COMMON):
        yield Face(path, index, letters)


def _is_open(font: TTFont) -> bool:
    said = " ".join(str(font["name"].getDebugName(number) or "") for number in (13, 14))
    return "Open Font License" in said or "OFL" in said
