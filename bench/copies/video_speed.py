"""`python -m bench.copies.video_speed --videos DIR --work DIR [--known 1000] [--peers PYTHON]`

How many seconds of film a second of one core fingerprints and looks up in a bank of so many videos, beside vPDQ's hashing. The
films are joined from public clips, 360 pixels high: 5 and 10 minutes, and 10, 30 and 60 s. Counted is the CPU time of all
processes, sandbox included, less that of a run that starts them, opens the bank and looks up one drawn picture, once as a file;
memory is the sum over all processes of what they hold (PSS). `hashes` are without sound; `all fingerprints` are with it and
with all keypoints, of which the look-up seeks only those that it needs. `vPDQ` is the rule of video_peers.py, a frame a second,
without any look-up, less its start. Everything is done `--runs` times, Jikim and vPDQ in turn, and medians are told: what else
a machine does changes a single run by a fifth.

The videos of the bank are made up, 5 minutes each with sound: hashes drawn evenly; keypoints of the clips' frames, dealt out
anew and blurred, so that they crowd where real ones do and yet no film is there. The bank stays in DIR: 4.9 GB for 1,000
videos. `--shown` of its items are clips that the films are joined from: with 0 the films are strangers, with 1 they show one
known item, as nearly all that is looked up does; with 12 they are compilations, which is the dearest case.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from bench.measuring import Cost, measured, table
from bench.scan_bench import clips_below
from jikim.banking import film_frames, fingerprint_file, match_file
from jikim.config import Opening
from jikim.copies.bank_items import BankSettings, NewItem
from jikim.copies.films import KNOWN, LOOKED_AT, fingerprint_video
from jikim.copies.fingerprints import Features, ItemFingerprint, PictureFingerprint, SoundFingerprint
from jikim.copies.matching import Matcher
from jikim.copies.pictures import fingerprint_picture
from jikim.copies.store import StoredBank, create_bank, open_bank
from jikim.media.opening import Opener, open_path, sha256_of
from jikim.types import MediaKind

LENGTHS_S = (600, 300, 60, 30, 10)
PIECE_S = 7
FRAMES, POINTED_EVERY, MADE_UP_S = 300, 3, 300.0
CLIPS_TAKEN = 12


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.copies.video_speed", description=__doc__)
    parser.add_argument("--videos", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--known", type=int, default=1000)
    parser.add_argument("--shown", type=int, default=1, help=f"how many of them the films show, at most {CLIPS_TAKEN}")
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS_S, help="of the films, in seconds")
    parser.add_argument("--runs", type=int, default=3, help="how many times everything is measured, Jikim and vPDQ in turn")
    parser.add_argument("--peers", type=Path, help="the python of an environment that has pdqhash and PyAV")
    parser.add_argument("--do", choices=["nothing", "hashes", "points", "match"], help=argparse.SUPPRESS)
    parser.add_argument("--film", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    if chosen.do:
        do(chosen.do, chosen.work, chosen.film, bank_name(chosen.shown))
        return
    chosen.work.mkdir(parents=True, exist_ok=True)
    films = {length_s: joined(chosen.videos, chosen.work, length_s) for length_s in chosen.lengths}
    fill(chosen.work, chosen.videos, chosen.known, chosen.shown)
    environment = {"OMP_NUM_THREADS": "1"}

    def run(what: str, film: Path) -> Cost:
        script = [sys.executable, "-m", "bench.copies.video_speed", "--work", chosen.work, "--do", what, "--film", film]
        return measured([*script, "--shown", str(chosen.shown)], environment)

    any_film = next(iter(films.values()))
    opened_s = median(run("nothing", any_film).cpu_s for _ in range(chosen.runs))
    about = f"{chosen.known} videos, {chosen.shown} of them shown, opened and one picture looked up: {opened_s:.2f} CPU s"
    rows = [("bank of", about)]
    for length_s, film in films.items():
        turns, peers_s = [], []
        for _ in range(chosen.runs):
            turns.append([run(what, film) for what in ("hashes", "points", "match")])
            peers_s.append(peer_cpu_s(chosen.peers, film) if chosen.peers else float("nan"))
        spent_s = [median(cost.cpu_s for cost in costs) - opened_s for costs in zip(*turns, strict=True)]
        peer_s, whole = median(peers_s), turns[-1][-1]
        told = whole.lines[-1][1] if whole.lines else "failed"
        words = ", ".join(
            f"{name} {length_s / max(one, 1e-3):.0f} ({peer_s / max(one, 1e-3):.2f}x)"
            for name, one in zip(("hashes", "all fingerprints", "with the look-up"), spent_s, strict=True)
        )
        rows.append(
            (f"{length_s} s of film", f"{words}; vPDQ {length_s / peer_s:.0f}; {told}; {whole.pss_bytes / 2**20:.0f} MB")
        )
    table("Seconds of film a CPU second, and how many times vPDQ's", rows)


def joined(videos: Path, work: Path, length_s: int) -> Path:
    """A film of so many seconds joined from pieces of the clips, 640 x 360, 25 frames a second, with sound; made once."""
    path = work / f"film-{length_s}.mp4"
    if path.exists():
        return path
    look = "scale=640:360:force_original_aspect_ratio=decrease,pad=640:360:-1:-1,fps=25,format=yuv420p"
    with tempfile.TemporaryDirectory(dir=work) as folder:
        pieces: list[Path] = []
        clips = clips_below(videos)
        while len(pieces) * PIECE_S < length_s:
            clip, turn = clips[len(pieces) % len(clips)], len(pieces) // len(clips)
            piece = Path(folder, f"{len(pieces)}.mp4")
            silence = [
                "-f",
                "lavfi",
                "-i",
                f"aevalsrc=0.1*sin(2*PI*t*{200 + 37 * len(pieces)}*(1+floor(mod(3*t\\,4)))):s=44100",
            ]
            source = ["-stream_loop", "-1", "-ss", str(turn), "-i", str(clip), *silence, "-map", "0:v", "-map", "1:a"]
            _ffmpeg([*source, "-vf", look, "-t", str(PIECE_S), "-preset", "veryfast", "-crf", "23", str(piece)])
            pieces.append(piece)
        listing = Path(folder, "pieces.txt")
        listing.write_text("".join(f"file '{piece}'\n" for piece in pieces), "utf-8")
        whole = Path(folder, "whole.mp4")
        _ffmpeg(["-f", "concat", "-safe", "0", "-i", str(listing), "-t", str(length_s), "-preset", "veryfast", "-g", "250",
                 "-crf", "23", str(whole)])  # fmt: skip
        whole.rename(path)
    return path


def _ffmpeg(arguments: Sequence[str]) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-threads", "1", *arguments], check=True)


def bank_name(shown: int) -> str:
    """The bank of which the films show so many items."""
    return f"speed-{shown}"


def fill(work: Path, videos: Path, known: int, shown: int) -> None:
    """Makes the bank, or what is missing of it."""
    folder, name = work / "banks", bank_name(shown)
    folder.mkdir(exist_ok=True)
    is_new = not (folder / name).exists()
    with create_bank(folder, name, BankSettings(flood_limit=10**6)) if is_new else open_bank(folder, name) as bank:
        if len(bank) >= known:
            return
        clips = clips_below(videos)
        with Opener(Opening()) as opener:
            real = [fingerprint_file(opener, clip, KNOWN) for clip in clips[:: max(1, len(clips) // CLIPS_TAKEN)][:CLIPS_TAKEN]]
        for number in range(len(bank), known):
            item = real[number] if number < shown else made_up(number, real)
            bank.add(NewItem(replace(item, sha256=sha256(str(number).encode()).hexdigest()), f"video {number}"))
        bank.save_index()


def made_up(number: int, real: Sequence[ItemFingerprint]) -> ItemFingerprint:
    """A film that is none."""
    random = np.random.default_rng(number)
    frames = tuple(_made_up_frame(random, place, real) for place in range(FRAMES))
    codes = random.integers(1, 2**32, int(MADE_UP_S / 0.128), dtype=np.uint32)
    return ItemFingerprint("", MediaKind.VIDEO, 640, 360, MADE_UP_S, frames, SoundFingerprint(0.128, codes))


def _made_up_frame(random: np.random.Generator, place: int, real: Sequence[ItemFingerprint]) -> PictureFingerprint:
    frames = [frame for frame in real[int(random.integers(len(real)))].frames if len(frame.points)]
    pointed = frames[int(random.integers(len(frames)))]
    count = KNOWN.points_max if place % POINTED_EVERY == 0 else 0
    chosen = random.integers(0, len(pointed.points), count)
    blurred = pointed.descriptors[chosen].astype(np.int16) + random.integers(-45, 46, (count, 128), dtype=np.int16)
    return replace(
        pointed,
        at_s=place * MADE_UP_S / FRAMES,
        pdq=random.integers(0, 256, (8, 32), dtype=np.uint8),
        views=np.zeros((0, 32), np.uint8),
        features=Features(
            random.random((count, 4), np.float32) * np.array([1, 0.56, 0.02, 360], np.float32),
            np.clip(blurred, 0, 255).astype(np.uint8),
        ),
        blocks=random.integers(1, 2**32, 64, dtype=np.uint32),
        sketch=None,
    )


def do(what: str, work: Path, film: Path, name: str) -> None:
    """One run, in a process of its own."""
    drawn = np.random.default_rng(1).integers(0, 256, (36, 64, 3), dtype=np.uint8)
    drawn = cv2.resize(drawn, (640, 360), interpolation=cv2.INTER_CUBIC)
    picture = fingerprint_picture(drawn)
    still = work / "drawn.png"
    if not still.exists():
        cv2.imwrite(str(still), drawn)
    with open_bank(work / "banks", name) as bank, Opener(Opening()) as opener:
        matcher = Matcher([bank])
        match_file(opener, still, matcher)
        words = np.ones(8, np.uint32)
        matcher.match(
            ItemFingerprint("0" * 64, MediaKind.VIDEO, 640, 360, 9.0, (picture, picture), SoundFingerprint(0.128, words))
        )
        print("; ".join(_done(what, opener, matcher, film, bank)))


def _done(what: str, opener: Opener, matcher: Matcher, film: Path, bank: StoredBank) -> Iterator[str]:
    if what == "hashes":
        yield f"{hashed(opener, film)} frames"
    elif what == "points":
        frames = fingerprint_file(opener, film, LOOKED_AT).frames
        yield f"{len(frames)} frames with {sum(len(frame.points) for frame in frames)} keypoints"
    elif what == "match":
        found = matcher_answers(opener, film, matcher)
        yield f"{found} of {len(bank)} items told"


def hashed(opener: Opener, film: Path) -> int:
    """How many frames of a film are hashed; nothing else is taken of it."""
    density = replace(LOOKED_AT, keypoint_frames_max=1, points_max=0)
    fd = open_path(film)
    try:
        with opener.open(fd, sha256_of(fd)) as media:
            return len(fingerprint_video(media.media, film_frames(media, density), None, density).frames)
    finally:
        os.close(fd)


def matcher_answers(opener: Opener, film: Path, matcher: Matcher) -> int:
    """How many items are told of a film."""
    return len(match_file(opener, film, matcher))


def peer_cpu_s(python: Path, film: Path) -> float:
    """What vPDQ's hashing of a film takes, start-up taken off."""
    script = Path(__file__).with_name("video_peers.py")

    def spent(queries: list[str], folder: str) -> float:
        request = Path(folder, "request.json")
        request.write_text(json.dumps({"items": [], "queries": queries, "kept": folder, "peers": ["vPDQ"]}), "utf-8")
        return measured(["bash", "-c", f"{python} {script} < {request}"], {"OMP_NUM_THREADS": "1"}).cpu_s

    with tempfile.TemporaryDirectory() as folder:
        return spent([str(film)], folder) - spent([], folder)


if __name__ == "__main__":
    main()
