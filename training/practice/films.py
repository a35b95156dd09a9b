"""Videos made of drawn scenes with a moving camera, and of licensed footage; encoded small with the ffmpeg command."""

from __future__ import annotations

import random
import subprocess
import tempfile
import wave
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from decoys import DECOYS
from notices import NOTICES
from pen import Pen
from PIL import Image
from scenes import SCENES

Box = tuple[float, float, float, float]
DRAWINGS = {**SCENES, **NOTICES, **DECOYS}


@dataclass(frozen=True)
class Shot:
    """`seconds` of a still, the camera moving from the part `start` to the part `end` (left, top, right, bottom in 0..1)."""

    still: Image.Image
    seconds: float
    start: Box = (0, 0, 1, 1)
    end: Box = (0, 0, 1, 1)

    def frames(self, size: tuple[int, int], rate: int) -> Iterator[Image.Image]:
        many = round(self.seconds * rate)
        for number in range(many):
            t = number / max(1, many - 1)
            t = t * t * (3 - 2 * t)
            part = [a + (b - a) * t for a, b in zip(self.start, self.end, strict=True)]
            box = (
                part[0] * self.still.width,
                part[1] * self.still.height,
                part[2] * self.still.width,
                part[3] * self.still.height,
            )
            yield self.still.resize(size, Image.Resampling.BILINEAR, box=box)


def wide_drawing(name: str, seed: str, size: tuple[int, int], stretch: float = 1.5) -> Image.Image:
    """A drawing wider than the frame, for the camera to move along."""
    pen = Pen(random.Random(seed), round(size[0] * stretch), size[1])
    DRAWINGS[name](pen)
    return pen.finished()


def drawn_shot(name: str, seed: str, size: tuple[int, int], seconds: float) -> Shot:
    """One shot of a drawn scene with a slow pan, a slow zoom or, now and then, a camera at rest."""
    rng = random.Random(seed)
    still = wide_drawing(name, seed, size)
    share = 1 / 1.5
    left: Box = (0, 0, share, 1)
    right: Box = (1 - share, 0, 1, 1)
    near: Box = (0.3, 0.12, 0.3 + share * 0.7, 0.82)
    start, end = rng.choice([(left, right), (right, left), (left, near), (near, right), (right, right)])
    return Shot(still, seconds, start, end)


def encode(
    shots: Iterable[Shot], path: Path, size: tuple[int, int], rate: int, crf: int, tone: random.Random | None = None
) -> None:
    """Writes the shots one after the other as H.264 (mp4) or VP9 (webm), with a melody when `tone` is given."""
    frames = (frame for shot in shots for frame in shot.frames(size, rate))
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder, "tone.wav")
        raw = Path(folder, "frames.rgb")
        count = 0
        with raw.open("wb") as out:
            for frame in frames:
                out.write(frame.convert("RGB").tobytes())
                count += 1
        given = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", str(rate), "-i", str(raw)]
        if tone is not None:
            melody(sound, count / rate, tone)
            given += ["-i", str(sound)]
        ffmpeg([*given, *codec(path, crf, rate, has_sound=tone is not None), str(path)])


def codec(path: Path, crf: int, rate: int, *, has_sound: bool) -> list[str]:
    """The options of an ending: mp4 or webm."""
    if path.suffix == ".webm":
        picture = ["-c:v", "libvpx-vp9", "-crf", str(crf + 12), "-b:v", "0", "-cpu-used", "3", "-g", str(rate * 10)]
        sound = ["-c:a", "libopus", "-b:a", "12k"]
    else:
        picture = ["-c:v", "libx264", "-preset", "slow", "-tune", "animation", "-crf", str(crf), "-g", str(rate * 10)]
        sound = ["-c:a", "aac", "-b:a", "14k", "-ar", "16000", "-movflags", "+faststart"]
    return [
        *picture,
        "-pix_fmt",
        "yuv420p",
        "-threads",
        "1",
        *(sound if has_sound else ["-an"]),
        "-map_metadata",
        "-1",
        "-fflags",
        "+bitexact",
        "-flags:v",
        "+bitexact",
    ]


def ffmpeg(arguments: list[str]) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-nostdin", *arguments], check=True)


def melody(path: Path, seconds: float, rng: random.Random) -> None:
    """A plain tune on five notes, mono, 16 kHz."""
    rate_hz = 16000
    beat = round(rate_hz * 0.5)
    t = np.arange(beat) / rate_hz
    notes = [261.6, 293.7, 329.6, 392.0, 440.0]
    fade = np.minimum(1, np.minimum(t / 0.02, (t[-1] - t) / 0.1))
    tune = [np.sin(2 * np.pi * rng.choice(notes) * t) * fade for _ in range(int(seconds * 2) + 1)]
    samples = (np.concatenate(tune)[: round(seconds * rate_hz)] * 9000).astype("<i2")
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(samples.tobytes())


def footage(
    source: Path, path: Path, *, start: float, seconds: float, size: str, rate: int, crf: int, loop: bool = False
) -> None:
    """A cut of licensed footage, scaled and encoded small; `loop` plays short footage there and back again."""
    there_and_back = "[0:v]split[a][b];[b]reverse[c];[a][c]concat=n=2,loop=loop=20:size=400," if loop else "[0:v]"
    chain = f"{there_and_back}scale={size}:flags=area,fps={rate},hqdn3d=3:2:5:5"
    ffmpeg(
        [
            "-ss",
            str(start),
            "-i",
            str(source),
            "-filter_complex",
            chain,
            "-t",
            str(seconds),
            *codec(path, crf, rate, has_sound=False),
            str(path),
        ]
    )
