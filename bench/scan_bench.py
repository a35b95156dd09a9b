"""`jikim scan` against FFmpeg's plain decode of the same file, and against looking at one frame a second."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from bench.measuring import Cost, measured, table
from jikim import config as configuration
from jikim.analyzers.tracks import with_tracks
from jikim.media.opening import open_path
from jikim.practice.world import own_world
from jikim.scan import DEAR_MS, Clock, analyze, build_analyzers
from jikim.types import Cue, Subject

LENGTH_S = 600
SIZE = "scale=1280:720:force_original_aspect_ratio=decrease,pad=1280:720:(ow-iw)/2:(oh-ih)/2,setsar=1,fps=25"
SCENE_S = 12
"""Longest piece taken of one clip."""
SUBTITLES = 64
FONT = files("jikim").joinpath("practice", "world", "fonts", "JikimPractice-Bold.ttf")
SENTENCES = tuple(
    title for title in dict.fromkeys(item.title for item in own_world().items) if "축제" in title and 8 <= len(title) <= 20
)
NEAR_S = 5.0
"""A cue of the one-frame-a-second scan counts as found when the adaptive scan has the same cue within so many seconds."""


def bench_scan(videos: Path) -> None:
    """A 10-minute 720p H.264 video of at least 40 scenes, GOP 250, joined from the clips in `videos`."""
    with tempfile.TemporaryDirectory() as folder:
        joined, scenes = join(videos, Path(folder))
        scan = measured([Path(sys.prefix, "bin", "jikim"), "scan", joined, "--json"], {"JIKIM_HOME": folder})
        seeing = measured(
            [Path(sys.prefix, "bin", "jikim"), "scan", joined, "--json", "--only", "faces,objects,sensitive,known_copy"],
            {"JIKIM_HOME": folder},
        )
        decode = measured(["ffmpeg", "-v", "error", "-nostdin", "-i", joined, "-f", "null", "-"])
        seen = json.loads(scan.lines[0][1])
        reference, frames = one_frame_a_second(joined)
        short = Path(folder, "short.mp4")
        _ffmpeg("-i", joined, "-t", "60", "-c", "copy", short)
        minute = measured([Path(sys.prefix, "bin", "jikim"), "scan", short, "--json"], {"JIKIM_HOME": folder})
    found = [(cue["name"], cue["value"].get("label"), cue["at_s"]) for cue in seen["cues"]]
    lines = ["".join(cue["value"]["text"].split()) for cue in seen["cues"] if cue["name"] == "line"]
    exact = sum(line in {"".join(sentence.split()) for sentence in SENTENCES} for line in lines)
    shared = sum(_is_found(cue, found) for cue in reference)
    table(
        f"Scan of a {LENGTH_S // 60}-minute 720p video, {scenes} scenes",
        [
            ("CPU of jikim scan", f"{scan.cpu_s:.1f} s"),
            ("CPU of ffmpeg -i FILE -f null -", f"{decode.cpu_s:.1f} s"),
            ("ratio", f"{scan.cpu_s / decode.cpu_s:.2f} (limit 1.0 with every cue; the film has no sound)"),
            ("ratio of what is to be seen alone", f"{seeing.cpu_s / decode.cpu_s:.2f} (limit 0.6)"),
            ("subtitle lines read", f"{len(lines)} of {SUBTITLES}, {exact} of them exactly"),
            ("frames looked at", f"{seen['frames']} against {frames}"),
            ("cues of one frame a second found", f"{shared} of {len(reference)} = {shared / max(len(reference), 1):.2f} (0.9)"),
            ("where the time went, ms", ", ".join(f"{stage} {took:.0f}" for stage, took in seen["took_ms"].items())),
            ("memory (PSS)", f"{scan.pss_bytes / 2**20:.0f} MB, first minute alone {minute.pss_bytes / 2**20:.0f} MB"),
        ],
    )


def bench_speech(videos: Path) -> None:
    """Ten minutes of the sound of all clips that have any, each repeated for 40 s: what listening costs more."""
    with tempfile.TemporaryDirectory() as folder:
        once, sound = Path(folder, "once.wav"), Path(folder, "sound.wav")
        clips = [clip for clip in clips_below(videos) if _has_sound(clip)]
        named = [argument for clip in clips for argument in ("-stream_loop", -1, "-t", 40, "-i", clip)]
        joined = "".join(
            f"[{number}:a]aresample=16000,aformat=channel_layouts=mono[a{number}];" for number in range(len(clips))
        )
        inputs = "".join(f"[a{number}]" for number in range(len(clips)))
        _ffmpeg(*named, "-filter_complex", f"{joined}{inputs}concat=n={len(clips)}:v=0:a=1", once)
        _ffmpeg("-stream_loop", "-1", "-i", once, "-t", LENGTH_S, "-c", "copy", sound)
        heard = measured(
            [Path(sys.prefix, "bin", "jikim"), "scan", sound, "--json", "--only", "speech"], {"JIKIM_HOME": folder}
        )
        said = json.loads(heard.lines[0][1])["cues"]
    table(
        f"Listening to {LENGTH_S // 60} minutes of sound",
        [
            ("CPU", f"{heard.cpu_s:.1f} s = {heard.cpu_s / LENGTH_S:.3f}x real time (limit 0.5)"),
            ("utterances", str(len(said))),
            ("memory (PSS)", f"{heard.pss_bytes / 2**20:.0f} MB"),
        ],
    )


def bench_start(picture: Path) -> None:
    """The first `jikim scan` of one picture: interpreter, sandbox and model sessions from nothing."""
    with tempfile.TemporaryDirectory() as home:
        runs = [measured([Path(sys.prefix, "bin", "jikim"), "scan", picture, "--json"], {"JIKIM_HOME": home}) for _ in range(3)]
    table(
        "Scan of one picture, cold process",
        [
            ("wall", f"{_median(runs, 'wall_s'):.2f} s (limit 3 s)"),
            ("CPU", f"{_median(runs, 'cpu_s'):.2f} s"),
            ("memory (PSS)", f"{max(run.pss_bytes for run in runs) / 2**20:.0f} MB"),
        ],
    )


def join(videos: Path, folder: Path) -> tuple[Path, int]:
    """One video of the clips below `videos`, repeated as often as needed; also the number of scenes."""
    clips = clips_below(videos)
    pieces: list[Path] = []
    total_s = 0.0
    turn = 0
    while total_s < LENGTH_S - 0.5:
        for clip in clips:
            length_s = _duration_s(clip)
            start_s = (turn * SCENE_S) % max(length_s - 1, 1)
            take_s = min(SCENE_S, length_s - start_s, LENGTH_S - total_s)
            if take_s < 0.5:
                continue
            piece = folder / f"piece{len(pieces):03d}.mp4"
            _ffmpeg("-ss", start_s, "-t", take_s, "-i", clip, "-vf", SIZE, "-an", "-c:v", "libx264", "-preset", "veryfast",
                    "-qp", "18", "-pix_fmt", "yuv420p", piece)  # fmt: skip
            pieces.append(piece)
            total_s += take_s
            if total_s >= LENGTH_S - 0.5:
                break
        turn += 1
    listing = folder / "pieces.txt"
    listing.write_text("".join(f"file '{piece}'\n" for piece in pieces))
    joined = folder / "joined.mp4"
    _ffmpeg("-f", "concat", "-safe", "0", "-i", listing, "-vf", subtitles(folder), "-c:v", "libx264", "-preset", "veryfast",
            "-g", "250", "-crf", "23", joined)  # fmt: skip
    return joined, len(pieces)


def subtitles(folder: Path) -> str:
    """An FFmpeg filter that burns in a Korean line every few seconds, each shown for half of that time."""
    every_s = LENGTH_S / SUBTITLES
    drawn = []
    for number in range(SUBTITLES):
        file = folder / f"line{number:03d}.txt"
        file.write_text(SENTENCES[number % len(SENTENCES)], "utf-8")
        start_s = number * every_s + every_s / 4
        drawn.append(
            f"drawtext=fontfile={FONT}:textfile={file}:fontsize=44:fontcolor=white:borderw=3:bordercolor=black"
            f":x=(w-text_w)/2:y=h-100:enable='between(t,{start_s:.2f},{start_s + every_s / 2:.2f})'"
        )
    return ",".join(drawn)


def one_frame_a_second(video: Path) -> tuple[list[Cue], int]:
    """The cues of what is to be seen at one frame a second, by the same analyzers, and the number of frames. Lines are counted
    apart: a scan reads at most ten of them."""
    from jikim.media.opening import Opener

    config = configuration.load({"JIKIM_HOME": str(video.parent)})
    analyzers = [analyzer for analyzer in build_analyzers(config) if analyzer.cost_ms <= DEAR_MS]
    fd = open_path(video)
    cues: list[Cue] = []
    count = 0
    with Opener(config.opening) as opener, opener.open(fd, "0" * 64) as media:
        seconds = [second + 0.5 for second in range(int(media.media.duration_s or 0))]
        for start in range(0, len(seconds), 60):
            frames = media.frames_at(seconds[start : start + 60])
            count += len(frames)
            cues += analyze(Subject(media.media, tuple(frames)), analyzers, Clock())[0]
    os.close(fd)
    return with_tracks(cues), count


def _is_found(cue: Cue, found: list[tuple[str, str | None, float | None]]) -> bool:
    return any(
        name == cue.name and label == cue.value.get("label") and at_s is not None and abs(at_s - (cue.at_s or 0)) <= NEAR_S
        for name, label, at_s in found
    )


def clips_below(videos: Path) -> list[Path]:
    """Every clip in the folder and below, in order of name."""
    return sorted(path for path in videos.rglob("*") if path.suffix in (".mp4", ".mkv", ".webm", ".gif"))


def _has_sound(clip: Path) -> bool:
    command = ["ffprobe", "-v", "error", "-select_streams", "a", "-show_entries", "stream=index", "-of", "csv=p=0", str(clip)]
    return bool(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())


def _duration_s(clip: Path) -> float:
    command = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(clip)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _ffmpeg(*arguments: object) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)], check=True)


def _median(runs: list[Cost], name: str) -> float:
    return sorted(getattr(run, name) for run in runs)[len(runs) // 2]
