"""`python -m bench.copies.other_stretches --videos DIR --work DIR`

Films of places where nothing is to be seen until somebody or something comes through, made anew: OTHER_EDITS of
video_edits.py from other stretches of the longest clips. Rules for such films were learnt from the bench of videos, of both
halves; on these nothing was. Each film is held against a bank of the stretches, as `jikim match` does. Prints how many are
copies by it, in how many the seconds are right within 1 s, and how many are called copies of another stretch of the place.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2

from bench.copies.video_edits import LONGEST_S, OTHER_EDITS, Kept, Truth, make, read, write
from bench.copies.videos import NEAR_S, Told, told_of
from jikim.banking import fingerprint_file, match_file
from jikim.config import Opening
from jikim.copies.bank_items import BankSettings, NewItem
from jikim.copies.films import KNOWN
from jikim.copies.matching import Matcher
from jikim.copies.store import create_bank
from jikim.media.opening import Opener

STRETCHES = (
    ("car-detection", 6.0),
    ("bottle-detection", 12.0),
    ("one-by-one-person-detection", 15.0),
    ("one-by-one-person-detection", 47.0),
    ("one-by-one-person-detection", 110.0),
)
BANK = "stretches"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.copies.other_stretches", description=__doc__)
    parser.add_argument("--videos", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="an empty folder")
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    chosen.work.mkdir(parents=True, exist_ok=True)
    (chosen.work / "banks").mkdir()
    made = list(_made(chosen.videos / "intel" / "people", chosen.work))
    copies, right, others = 0, 0, 0
    with Opener(Opening()) as opener, create_bank(chosen.work / "banks", BANK, BankSettings(flood_limit=10**6)) as bank:
        for name in dict.fromkeys(name for name, _, _, _ in made):
            bank.add(NewItem(fingerprint_file(opener, chosen.work / f"{name}.mp4", KNOWN), name))
        matcher = Matcher([bank])
        for name, edit, path, truth in made:
            told = [told_of(match, truth, name) for match in match_file(opener, path, matcher)]
            own = next((one for one in told if one.item == name), None)
            others += sum(one.relation == "copy" for one in told if one.item != name)
            copies += _is_copy(own)
            right += _is_copy(own) and _is_near(own)
            if not (_is_copy(own) and _is_near(own)):
                print(f"  {name} {edit}: {own}")
    print(f"{copies} of {len(made)} found as copies, seconds right within {NEAR_S:g} s in {right}; ", end="")
    print(f"{others} times a copy of another stretch.")


def _made(clips: Path, folder: Path) -> Iterator[tuple[str, str, Path, Truth]]:
    """The stretches, and of each every edit: its name, the edit's, the film and what it shows."""
    for number, (clip, start_s) in enumerate(STRETCHES):
        source = read(clips / f"{clip}.mp4", start_s, LONGEST_S)
        name = f"{clip}@{start_s:g}"
        write(folder / f"{name}.mp4", iter(source.frames), Kept(crf=18))
        for edit, how in OTHER_EDITS.items():
            path = folder / f"{name}.{edit}{how.kept.suffix}"
            yield name, edit, path, make(source, how, path, 7000 + 100 * number)


def _is_copy(told: Told | None) -> bool:
    return told is not None and told.relation == "copy"


def _is_near(told: Told | None) -> bool:
    return told is not None and told.off_s is not None and told.off_s <= NEAR_S


if __name__ == "__main__":
    main()
