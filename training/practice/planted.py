"""What is planted in the world: the test card and the known clip in disguise, a toy, school text and youth language."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import words
from films import Shot, drawn_shot, encode, ffmpeg, wide_drawing
from pen import Pen, hexed
from PIL import Image, ImageOps

from jikim.analyzers.drawings import teddy_bear

CLIP_SIZE = (426, 240)
CLIP_SCENES = ("lantern_street", "snow_village", "food_stalls", "lake_pavilion")


def clip_stills() -> Iterator[Image.Image]:
    """The four places of the known clip, each larger than the frame, on rough paper."""
    for name in CLIP_SCENES:
        still = wide_drawing(name, f"known clip {name} 4", (640, 360), 1.75)
        noise = np.random.default_rng(7).normal(0, 3, (still.height // 2, still.width // 2))
        rough = np.kron(noise, np.ones((2, 2)))[..., None]
        pixels = np.asarray(still, np.float32)[: rough.shape[0], : rough.shape[1]]
        yield Image.fromarray(np.clip(pixels + rough, 0, 255).astype(np.uint8))


def known_clip_shots() -> list[Shot]:
    """Twelve seconds: a slow move along the left part of each place."""
    return [Shot(still, 3, (0.02, 0.15, 0.48, 0.95), (0.08, 0.15, 0.54, 0.95)) for still in clip_stills()]


def same_place_shots() -> list[Shot]:
    """The same places seen elsewhere: their right part. Not a copy of anything."""
    return [Shot(still, 3, (0.54, 0.1, 1, 0.9), (0.5, 0.02, 0.96, 0.82)) for still in clip_stills()]


def still(previews: Path, name: str) -> Image.Image:
    """One frame of licensed footage with adults at work."""
    source, number = {
        "still_woman": ("head-pose-face-detection-female.gif", 4),
        "still_man": ("head-pose-face-detection-male.gif", 20),
        "still_seminar": ("classroom.gif", 10),
        "still_cyclist": ("person-bicycle-car-detection.gif", 20),
    }[name]
    with Image.open(previews / source) as animation:
        animation.seek(min(number, animation.n_frames - 1))
        return animation.convert("RGB").resize((640, 360), Image.Resampling.LANCZOS)


def desk_with_bear() -> Image.Image:
    """A toy bear, drawn with the coarse grain by which a detector of real things knows it, against a plain wall."""
    pen = Pen(random.Random("desk"), 640, 427)
    pen.sky((226, 214, 190), (236, 228, 210))
    pen.box(0, 0.72, 1, 1, (150, 108, 72))
    pen.box(0.72, 0.14, 0.95, 0.5, (250, 250, 248))
    pen.box(0.735, 0.165, 0.935, 0.475, (163, 205, 224))
    picture = pen.finished()
    picture.paste(Image.fromarray(teddy_bear()), (20, 10))
    return picture


def school_board(p: Pen) -> None:
    """Planted: a school's noticeboard, text and paper only."""
    p.sky(hexed("a8794f"), hexed("8f6541"), 0.3)
    sheets = [
        ("새솔중학교 알림판", "fdf6dc", 0.16, 0.1),
        ("2학년 3반 청소 당번", "e3f0e6", 0.3, 0.06),
        ("수행평가 제출: 금요일", "fbe3d6", 0.44, 0.06),
        ("급식: 카레, 배추김치, 귤", "e4e9f5", 0.58, 0.06),
        ("체육복 물려주기 행사", "f6ecd0", 0.72, 0.06),
        ("동아리 발표회 11월 21일", "efe2ee", 0.86, 0.06),
    ]
    for line, tone, y, size in sheets:
        left = 0.08 if size > 0.08 else p.rng.uniform(0.07, 0.2)
        p.box(left, y - 0.06, left + 0.72, y + 0.06, hexed(tone), 0.01)
        p.disc(left + 0.03, y - 0.035, 0.014, hexed("c8442c"))
        p.text(left + 0.36, y, line, size, hexed("2b2d34"), bold=size > 0.08)


def posts(
    folder: Path,
    fixtures: Path,
    said: Callable[..., tuple[str, str]],
    rng: random.Random,
    make: Callable[..., Any],
) -> list[Any]:
    """The fourteen planted posts, their files written into `folder`; `make` builds a post, `said` its words."""
    card = Image.open(fixtures / "test_card.png").convert("RGB")
    clip = fixtures / "known_clip.mp4"
    files = {name: [folder / f"planted_{name}.{ending}"] for name, ending in ENDINGS.items()}
    card.resize((640, 480), Image.Resampling.LANCZOS).save(files["card_jpeg"][0], quality=55)
    card.resize((400, 300), Image.Resampling.LANCZOS).save(files["card_png"][0], optimize=True)
    ImageOps.mirror(card).resize((640, 480)).save(files["card_mirrored"][0], quality=75)
    card.transpose(Image.Transpose.ROTATE_270).resize((480, 640)).save(files["card_turned"][0], quality=75)
    card_gif(card, files["card_gif"][0])
    size = (320, 240)
    shown = Shot(card.resize(size, Image.Resampling.LANCZOS), 3)
    early = [drawn_shot(name, f"around {name}", size, 5) for name in ("kites", "stone_bridge", "pottery")]
    first = Shot(early[0].still, 2, early[0].start, early[0].start)
    encode([first, shown, *early[1:]], files["card_film_early"][0], size, 10, 30)
    late = [
        drawn_shot(name, f"before {name}", size, 5) for name in ("balloons", "snow_village", "menu_board", "harbour", "bunting")
    ]
    encode([*late[:4], shown, late[4]], files["card_film_late"][0], size, 10, 30)
    toy = folder / "planted_bear.jpg"
    desk_with_bear().save(toy, quality=75)
    card.resize((480, 360), Image.Resampling.LANCZOS).save(files["card_and_toy"][0], quality=70)
    files["card_and_toy"].append(toy)
    card.resize((560, 420), Image.Resampling.LANCZOS).save(files["card_and_school"][0], quality=45)
    cut(clip, files["clip_mirrored"][0], "hflip,scale=320:180", 29)
    cut(clip, files["clip_small"][0], "scale=240:136,fps=8", 31)
    clip_inside(clip, files["clip_inside"][0], folder)
    board = Pen(random.Random("school board"), 640, 427)
    school_board(board)
    board.finished().save(files["school_board"][0], quality=75)
    return [
        make(*said(template, rng, closing=False), files.get(name, []), CUES[name])
        for name, template in words.PLANTED_WORDS.items()
    ]


def card_gif(card: Image.Image, path: Path) -> None:
    """Three frames, the card in the middle."""
    frames = []
    for name in ("bunting", "card", "mountains"):
        picture = (
            card.resize((320, 240), Image.Resampling.LANCZOS)
            if name == "card"
            else drawn_shot(name, "gif", (320, 240), 1).still.crop((0, 0, 320, 240))
        )
        frames.append(picture.quantize(32, dither=Image.Dither.NONE))
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=900, loop=0)


def cut(source: Path, path: Path, filters: str, crf: int, start: float = 0, seconds: float = 60) -> None:
    ffmpeg(
        [
            "-ss",
            str(start),
            "-i",
            str(source),
            "-t",
            str(seconds),
            "-vf",
            filters,
            "-c:v",
            "libx264",
            "-preset",
            "slow",
            "-crf",
            str(crf),
            "-pix_fmt",
            "yuv420p",
            "-threads",
            "1",
            "-an",
            "-map_metadata",
            "-1",
            "-fflags",
            "+bitexact",
            "-flags:v",
            "+bitexact",
            str(path),
        ]
    )


def clip_inside(clip: Path, path: Path, folder: Path) -> None:
    """Six grey seconds of the known clip between other scenes."""
    before, after = folder / "before.mp4", folder / "after.mp4"
    encode([drawn_shot(name, "before", CLIP_SIZE, 4) for name in ("autumn_road", "drum_yard")], before, CLIP_SIZE, 12, 20)
    encode([drawn_shot(name, "after", CLIP_SIZE, 4) for name in ("rice_terraces", "area_map")], after, CLIP_SIZE, 12, 20)
    chain = "[1:v]trim=3:9,setpts=PTS-STARTPTS,hue=s=0[grey];[0:v][grey][2:v]concat=n=3,scale=320:180[out]"
    ffmpeg(
        [
            "-i",
            str(before),
            "-i",
            str(clip),
            "-i",
            str(after),
            "-filter_complex",
            chain,
            "-map",
            "[out]",
            "-c:v",
            "libx264",
            "-preset",
            "slow",
            "-crf",
            "30",
            "-pix_fmt",
            "yuv420p",
            "-threads",
            "1",
            "-an",
            "-map_metadata",
            "-1",
            "-fflags",
            "+bitexact",
            "-flags:v",
            "+bitexact",
            str(path),
        ]
    )


ENDINGS = {
    "card_jpeg": "jpg",
    "card_png": "png",
    "card_mirrored": "jpg",
    "card_turned": "jpg",
    "card_gif": "gif",
    "card_film_early": "mp4",
    "card_film_late": "mp4",
    "card_and_toy": "jpg",
    "card_and_school": "jpg",
    "clip_mirrored": "mp4",
    "clip_small": "mp4",
    "clip_inside": "mp4",
    "school_board": "jpg",
}
CUES = dict.fromkeys(ENDINGS, "known_copy") | {
    "card_and_toy": "known_copy;object",
    "card_and_school": "known_copy;youth_language",
    "youth_talk": "youth_language",
    "school_board": "screen_text",
}
