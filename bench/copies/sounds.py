"""`python -m bench.copies.sounds DIR...`: whether sounds are found again in a bank by ear, and whether others are not.

Every sound below the folders (and the sound of every film) is put into an index of sound; edits made with the ffmpeg command
are looked up in it and compared as `jikim match` does. A sound is known at most once: of those that share two pieces, such as
re-encodings of one film, the first by name is kept. Printed are for each edit how many sounds the index proposes, how many
`heard` confirms, and which others were confirmed: of those the figure to reach is 0.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from jikim.copies.fingerprints import SoundFingerprint
from jikim.copies.hash_index import HashIndex
from jikim.copies.listening import same_sound, sound_votes
from jikim.copies.segments import RADIUS
from jikim.copies.sound_words import items_heard, known_words
from jikim.copies.sounds import fingerprint_sound
from jikim.types import Audio

SUFFIXES = {".mp4", ".m4a", ".mp3", ".wav", ".ogg", ".flac", ".webm", ".mkv"}
RATE_HZ = 16_000
LONGEST_S = 120
MUSIC = (
    "aevalsrc='0.02*(sin(2*PI*t*(220+110*floor(mod(t*2,4))))+0.7*sin(2*PI*t*(330+82*floor(mod(t*3,5))))"
    "+0.5*sin(2*PI*t*(523+131*floor(mod(t*4,3)))))*exp(-3*mod(t*2,1))':s=44100"
)
EDITS: dict[str, tuple[list[str], str | None]] = {
    "as it is": ([], None),
    "AAC 24 kbit/s": (["-b:a", "24k"], ".m4a"),
    "MP3 32 kbit/s": (["-b:a", "32k"], ".mp3"),
    "Opus 16 kbit/s": (["-b:a", "16k"], ".opus"),
    "quieter, no treble": (["-af", "lowpass=3000,volume=0.3"], None),
    "0.8x": (["-af", "atempo=0.8"], None),
    "0.9x": (["-af", "atempo=0.9"], None),
    "1.1x": (["-af", "atempo=1.1"], None),
    "1.25x": (["-af", "atempo=1.25"], None),
    "without the first second": (["-af", "atrim=start=1.037"], None),
    "under music": (["music"], None),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.copies.sounds", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--edits", nargs="+", choices=list(EDITS), default=list(EDITS))
    chosen = parser.parse_args()
    files = sorted(p for folder in chosen.folders for p in folder.rglob("*") if p.suffix in SUFFIXES)
    known: dict[str, SoundFingerprint] = {}
    with tempfile.TemporaryDirectory() as folder:
        kept: dict[str, Path] = {}
        for path in files:
            sound = edited(path, "as it is", Path(folder))
            if sound and not any(is_same_sound(sound, other) for other in known.values()):
                known[path.name], kept[path.name] = sound, path
        index = HashIndex()
        names = list(known)
        for number, name in enumerate(names):
            places, words = known_words(known[name])
            index.extend(np.full(len(words), number, np.int64), places, words)
        print(f"{len(files)} files, {len(known)} different sounds, {sum(len(one.codes) for one in known.values())} codes, ")
        print(f"{sum(len(one.codes) * one.step_s < 12 for one in known.values())} shorter than 12 s.\n")
        print(
            "| edit | proposed | confirmed | others proposed | others confirmed | CPU ms a sound |\n|---|---|---|---|---|---|"
        )
        for edit in chosen.edits:
            print(_row(edit, kept, known, index, Path(folder)))


def _row(edit: str, kept: dict[str, Path], known: dict[str, SoundFingerprint], index: HashIndex, folder: Path) -> str:
    names = list(known)
    asked = proposed = confirmed = others = wrong = 0
    took_s = 0.0
    missed: list[str] = []
    for number, name in enumerate(names):
        sound = edited(kept[name], edit, folder)
        if sound is None:
            continue
        asked += 1
        start = time.process_time()
        found = items_heard(sound, lambda words, limit: index.near(words, RADIUS, limit))
        took_s += time.process_time() - start
        proposed += number in found
        others += len(set(found) - {number})
        confirmed += number in found and is_same_sound(sound, known[name])
        missed += [name] if number not in found or not is_same_sound(sound, known[name]) else []
        wrong += sum(is_same_sound(sound, known[other]) for other in names if other != name)
    row = f"| {edit} | {proposed} of {asked} | {confirmed} of {asked} | {others} | {wrong} of {asked * (len(names) - 1)} pairs "
    return row + f"| {1000 * took_s / max(asked, 1):.0f} |" + (f" <!-- {', '.join(missed)} -->" if missed else "")


def is_same_sound(sound: SoundFingerprint, known: SoundFingerprint) -> bool:
    """Whether `jikim match` would say so."""
    return bool(same_sound(sound, known, sound_votes(sound, known)))


def edited(path: Path, edit: str, folder: Path) -> SoundFingerprint | None:
    """The fingerprint of the sound of a file after an edit; None where it has none."""
    options, suffix = EDITS[edit]
    command = ["ffmpeg", "-v", "error", "-nostdin", "-t", str(LONGEST_S), "-i", str(path)]
    if options == ["music"]:
        mixed = "[0:a]aresample=16000[a];[1:a]aresample=16000[b];[a][b]amix=inputs=2:duration=first:normalize=0"
        options = ["-f", "lavfi", "-i", MUSIC, "-filter_complex", mixed]
    raw = ["-vn", "-ac", "1", "-ar", str(RATE_HZ), "-f", "f32le", "-"]
    if suffix:
        coded = folder / f"coded{suffix}"
        if subprocess.run(
            [*command, *options, "-vn", "-ac", "1", "-y", str(coded)], check=False, capture_output=True
        ).returncode:
            return None
        command, options = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(coded)], []
    done = subprocess.run([*command, *options, *raw], check=False, capture_output=True)
    return fingerprint_sound(Audio(np.frombuffer(done.stdout, np.float32), RATE_HZ)) if not done.returncode else None


if __name__ == "__main__":
    main()
