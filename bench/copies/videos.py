"""`python -m bench.copies.videos --videos DIR --work DIR [--half HALF] [--peers PYTHON] [--items N] [--out DIR]`

Makes the 25 edits of video_edits.py from public clips, keeps the clips in a bank as `jikim bank add` does, holds every edit
against it as `jikim match` does, and writes `videos.md` and `videos.svg`: recall by edit beside the peers, false answers,
whether the seconds are right within 1 s, and what other films of the same room or person are called. A clip belongs to the
half on which thresholds were chosen or to the other by the sha1 of its file's name; both stand in the bank, and only those of
the measured half are edited unless `--half` says otherwise. `--half fresh` edits the clips that were gathered later, of both
halves, and adds them to the bank.

What was made, answered and hashed by peers is kept in DIR film by film: a bench that was interrupted goes on. `--afresh` makes
the bank and Jikim's answers again, which is due after every change of the fingerprints or of the comparison.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2

from bench.copies.plots import bars
from bench.copies.video_clips import Clip, Half, Made, clips_of, make_all
from bench.copies.video_edits import EDITS, Truth
from jikim.banking import fingerprint_file, match_file
from jikim.config import Opening
from jikim.copies.bank_items import BankSettings, NewItem
from jikim.copies.films import KNOWN
from jikim.copies.matching import Match, Matcher
from jikim.copies.store import StoredBank, create_bank, delete_bank, open_bank
from jikim.media.opening import Opener

BANK = "bench"
HALVES: dict[str, tuple[Half, ...]] = {
    "measured": ("measured",),
    "tuning": ("tuning",),
    "both": ("measured", "tuning"),
    "fresh": ("fresh", "fresh tuning"),
}
NEAR_S = 1.0
JIKIM = "Jikim"


@dataclass(frozen=True, slots=True)
class Told:
    """One item that was named for one film. `off_s` is how far the worst end of a right item's stretch lies off."""

    item: str
    relation: str
    edit: str
    off_s: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of one film; `edit` is empty for clips as they are."""

    clip: str
    edit: str
    told: list[Told]
    cpu_s: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.copies.videos", description=__doc__)
    parser.add_argument("--videos", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--peers", type=Path, help="the python of an environment that has the peers")
    parser.add_argument("--half", choices=[*HALVES], default="measured")
    parser.add_argument("--items", type=int, help="how many items are edited, the measured half first")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--afresh", action="store_true")
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    halves = HALVES[chosen.half]
    originals, made, missing = make_all(chosen.videos, chosen.work / "films", halves)
    clips = sorted((clip for clip in clips_of(halves) if clip.name in originals), key=lambda clip: clip.half == "tuning")
    items = [clip for clip in clips if clip.is_item]
    asked = [clip for clip in items if clip.half in halves][: chosen.items]
    edited = [one for clip in asked for one in made if one.clip == clip]
    answers = list(_answers(chosen.work, originals, clips, edited, afresh=chosen.afresh))
    peers = _peers(chosen.peers, chosen.work / "peers", originals, items, edited) if chosen.peers else {}
    report = _report(answers, clips, edited, peers, missing)
    print(report)
    if chosen.out:
        chosen.out.mkdir(parents=True, exist_ok=True)
        (chosen.out / "videos.md").write_text(report + "\n", "utf-8")
        rows = {name: dict(zip(EDITS, _recalls(answers, edited, peers, name), strict=True)) for name in (*peers, JIKIM)}
        (chosen.out / "videos.svg").write_text(bars("Recall of 25 edits of videos", rows), "utf-8")


def _answers(
    work: Path, originals: dict[str, Path], clips: Sequence[Clip], edited: Sequence[Made], *, afresh: bool
) -> Iterator[Answer]:
    """What Jikim says of every clip as it is and of every edit, from a bank of those that are items."""
    record = work / "answers.jsonl"
    if afresh:
        record.unlink(missing_ok=True)
        shutil.rmtree(work / "banks", ignore_errors=True)
    known = (
        {(one["clip"], one["edit"]): one for one in map(json.loads, record.read_text().splitlines())} if record.exists() else {}
    )
    with Opener(Opening()) as opener, _bank(work, opener, originals, clips) as bank, record.open("a") as lines:
        matcher = Matcher([bank])
        labels = {name: str(path) for name, path in originals.items()}
        films: list[tuple[str, str, str, Truth | None]] = [(clip.name, "", labels[clip.name], None) for clip in clips]
        films += [(one.clip.name, one.edit, str(one.path), one.truth) for one in edited]
        for name, edit, path, truth in films:
            if (name, edit) not in known:
                start = time.process_time()
                matches = match_file(opener, Path(path), matcher)
                cpu_s = time.process_time() - start
                told = [told_of(one, truth, name) for one in matches]
                answer = asdict(Answer(name, edit, told, cpu_s))
                lines.write(json.dumps(answer) + "\n")
                lines.flush()
                known[name, edit] = answer
            one = known[name, edit]
            yield Answer(name, edit, [Told(**said) for said in one["told"]], one["cpu_s"])


def _bank(work: Path, opener: Opener, originals: dict[str, Path], clips: Sequence[Clip]) -> StoredBank:
    """A bank of the clips that are items, made once."""
    folder = work / "banks"
    if (folder / BANK).exists():
        return open_bank(folder, BANK)
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = f"{BANK}-unfinished"
    if (folder / unfinished).exists():
        delete_bank(folder, unfinished)
    with create_bank(folder, unfinished, BankSettings(flood_limit=10**6)) as bank:
        for clip in (one for one in clips if one.is_item):
            bank.add(NewItem(fingerprint_file(opener, originals[clip.name], KNOWN), clip.name))
    (folder / unfinished).rename(folder / BANK)
    return open_bank(folder, BANK)


def told_of(match: Match, truth: Truth | None, name: str) -> Told:
    """What was told of an item; `name` is that of the item the film was made from, if it was."""
    return Told(match.label, match.relation, match.edit, _off_s(match, truth, name))


def _off_s(match: Match, truth: Truth | None, name: str) -> float | None:
    """How far the first and the last moment of a stretch lie off on both time lines."""
    if truth is None or match.label != name or not match.segments:
        return None
    first, last = match.segments[0], match.segments[-1]
    found = (first.start_s, last.end_s, first.item_start_s, last.item_end_s)
    expected = (truth.start_s, truth.end_s, truth.item_start_s, truth.item_end_s)
    return max(abs(one - other) for one, other in zip(found, expected, strict=True))


def _peers(
    python: Path, folder: Path, originals: dict[str, Path], items: Sequence[Clip], edited: Sequence[Made]
) -> dict[str, dict[tuple[str, str], list[str]]]:
    """The names of the items that each peer finds in each edit."""
    folder.mkdir(parents=True, exist_ok=True)
    request = {
        "items": [str(originals[clip.name]) for clip in items],
        "queries": [str(one.path) for one in edited],
        "kept": str(folder),
    }
    script = Path(__file__).with_name("video_peers.py")
    done = subprocess.run([python, script], input=json.dumps(request), stdout=subprocess.PIPE, text=True, check=True)
    answer = json.loads(done.stdout.splitlines()[-1])
    return {
        peer: {
            (one.clip.name, one.edit): [items[place].name for place in found]
            for one, found in zip(edited, said["found"], strict=True)
        }
        for peer, said in answer.items()
    }


def _report(
    answers: Sequence[Answer],
    clips: Sequence[Clip],
    edited: Sequence[Made],
    peers: dict[str, dict[tuple[str, str], list[str]]],
    missing: Sequence[str],
) -> str:
    items = [clip for clip in clips if clip.is_item]
    scenes = {clip.name: clip.scene for clip in clips}
    queries = [one for one in answers if one.edit]
    lines = [f"{len(queries)} edited films of {len({one.clip for one in queries})} clips, a bank of {len(items)} clips."]
    if missing:
        lines.append(f"Not found and left out: {', '.join(missing)}.")
    lines += ["", f"| edit | {' | '.join((*peers, JIKIM))} |", "|---" * (len(peers) + 2) + "|"]
    recalls = {name: _recalls(answers, edited, peers, name) for name in (*peers, JIKIM)}
    for number, edit in enumerate(EDITS):
        lines.append(f"| {edit} | " + " | ".join(f"{recalls[name][number]:.2f}" for name in (*peers, JIKIM)) + " |")
    for half in ("measured", "tuning", "fresh", "fresh tuning"):
        of_half = {clip.name for clip in clips if clip.half == half}
        chosen = [one for one in queries if one.clip in of_half]
        if not chosen:
            continue
        found = [_own(one) for one in chosen]
        copies = [one for one in found if one and one.relation == "copy"]
        near = [one for one in copies if one.off_s is not None and one.off_s <= NEAR_S]
        lines += [
            "",
            f"Jikim, {half} clips: {len(copies)} of {len(chosen)} found as copies, "
            f"{sum(one is not None for one in found)} named at all; "
            f"seconds right within {NEAR_S:g} s in {len(near)} of {len(copies)}.",
        ]
    others = [(one, said) for one in queries for said in one.told if scenes[said.item] != scenes[one.clip]]
    pairs = sum(scenes[one.clip] != clip.scene for one in queries for clip in items)
    lines.append(f"\nPairs of unrelated clips: {pairs}; named a copy: {sum(said.relation == 'copy' for _, said in others)}, ")
    lines[-1] += f"named the same scene: {sum(said.relation != 'copy' for _, said in others)}."
    for peer, found_by in peers.items():
        wrong = sum(scenes[name] != scenes[clip] for (clip, _), names in found_by.items() for name in names)
        lines.append(f"{peer}: {wrong} false answers.")
    lines.append(_hard("Other films of the same person or room", [one for one in answers if not one.edit], items, scenes))
    lines.append(_hard("Edited films and others of the same room", queries, items, scenes))
    lines += [f"  {one.clip} {one.edit}: {_own(one)}" for one in queries if not (said := _own(one)) or said.relation != "copy"]
    lines += [f"  {one.clip} {one.edit or 'as it is'} -> {said}" for one, said in others]
    return "\n".join(lines)


def _hard(what: str, answers: Sequence[Answer], items: Sequence[Clip], scenes: dict[str, str]) -> str:
    """What other films of the same person or room are called."""
    counted = {"copy": 0, "same_scene": 0, "nothing": 0}
    for one in answers:
        for clip in items:
            if clip.name != one.clip and clip.scene == scenes[one.clip]:
                said = next((told.relation for told in one.told if told.item == clip.name), "nothing")
                counted[said] += 1
    return (
        f"{what}, {sum(counted.values())} pairs: {counted['same_scene']} named the same scene, "
        f"{counted['nothing']} nothing, {counted['copy']} a copy."
    )


def _own(answer: Answer) -> Told | None:
    return next((one for one in answer.told if one.item == answer.clip), None)


def _recalls(
    answers: Sequence[Answer], edited: Sequence[Made], peers: dict[str, dict[tuple[str, str], list[str]]], name: str
) -> list[float]:
    """The share of the films of each edit whose clip was found."""
    if name == JIKIM:
        hit = {(one.clip, one.edit): (said := _own(one)) is not None and said.relation == "copy" for one in answers}
    else:
        hit = {key: key[0] in found for key, found in peers[name].items()}
    shares = []
    for edit in EDITS:
        own = [hit[one.clip.name, one.edit] for one in edited if one.edit == edit]
        shares.append(sum(own) / max(len(own), 1))
    return shares


if __name__ == "__main__":
    main()
