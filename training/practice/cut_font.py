"""Cuts the Korean font down to the letters that the drawings use.

Run with fonttools installed: `python cut_font.py NanumGothic.ttf NanumGothicBold.ttf`. The SIL Open Font License reserves the
name of the font, so the cut one has a name of its own.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

HERE = Path(__file__).parent
FONTS = HERE.parents[1] / "jikim" / "practice" / "world" / "fonts"
FAMILY = "Jikim Practice"


def cut(source: Path, style: str) -> None:
    letters = set("".join(path.read_text("utf-8") for path in HERE.glob("*.py"))) | {chr(c) for c in range(0x20, 0x7F)}
    font = TTFont(source)
    options = subset.Options()
    options.name_IDs = [0, 1, 2, 4, 6, 13, 14]
    options.hinting = False
    options.layout_features = []
    cutter = subset.Subsetter(options)
    cutter.populate(text="".join(sorted(letters)))
    cutter.subset(font)
    for record in list(font["name"].names):
        new = {1: FAMILY, 2: style, 4: f"{FAMILY} {style}", 6: f"JikimPractice-{style}"}.get(record.nameID)
        if new:
            font["name"].setName(new, record.nameID, record.platformID, record.platEncID, record.langID)
    FONTS.mkdir(parents=True, exist_ok=True)
    font.save(FONTS / f"JikimPractice-{style}.ttf")


if __name__ == "__main__":
    cut(Path(sys.argv[1]), "Regular")
    cut(Path(sys.argv[2]), "Bold")
