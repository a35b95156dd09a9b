"""Draws the shipped practice world: `python training/practice/draw_world.py --footage FOLDER`.

Writes `jikim/practice/world/` (items.tsv, media.tsv, files, thumbs) and `jikim/practice/fixtures/known_clip.mp4`. Equal seeds
give equal drawings; the encoders may differ from machine to machine, so what is committed is what counts. `--footage` has
`intel/` and `mdn/` as world/CREDITS.md names them. Needs ffmpeg with libx264 and
libvpx, and the font of cut_font.py.
"""

from __future__ import annotations

import argparse
import io
import random
import shutil
import subprocess
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import planted
import words
from alike import Gallery
from decoys import DECOYS
from films import Shot, drawn_shot, encode, footage, melody
from notices import FESTIVALS, NOTICES
from pen import Pen
from PIL import Image, ImageOps
from scenes import SCENES

ROOT = Path(__file__).parents[2]
PRACTICE = ROOT / "jikim" / "practice"
WORLD = PRACTICE / "world"
FIXTURES = PRACTICE / "fixtures"
SEED = "jikim practice world 1"
PICTURE = (640, 427)
NO_FLIP = {*NOTICES, "food_stalls", "toy_shop", "tie_shop", "colour_bars"}
FORMATS = {
    3: "png",
    9: "webp",
    15: "avif",
    21: "gif",
    27: "cmyk.jpg",
    33: "exif.jpg",
    39: "png",
    45: "webp",
    51: "avif",
    57: "tiff",
    63: "grey.jpg",
    69: "png",
    75: "webp",
    81: "avif",
    87: "gif",
    93: "png",
    99: "webp",
    105: "avif",
    111: "bmp",
    117: "png",
    123: "progressive.jpg",
}


@dataclass
class Post:
    """One line of items.tsv to be; `files` are where the media wait, without their final names."""

    title: str
    text: str
    files: list[Path] = field(default_factory=list)
    cue: str = ""


def drawn(name: str, seed: str, size: tuple[int, int]) -> Image.Image:
    rng = random.Random(seed)
    pen = Pen(rng, *size)
    (SCENES | NOTICES | DECOYS)[name](pen)
    pen.grain(rng.uniform(0, 0.8))
    picture = pen.finished()
    if name in NO_FLIP:
        return picture
    zoom = rng.uniform(0.72, 1)
    left, top = rng.uniform(0, 1 - zoom) * size[0], rng.uniform(0, 1 - zoom) * size[1]
    picture = picture.resize(size, Image.Resampling.LANCZOS, box=(left, top, left + zoom * size[0], top + zoom * size[1]))
    return ImageOps.mirror(picture) if rng.random() < 0.5 else picture


def unlike_any(name: str, seed: str, size: tuple[int, int], gallery: Gallery) -> Image.Image:
    """A drawing that is nobody's near copy: drawn again until it is far enough from all before it."""
    for attempt in range(40):
        picture = drawn(name, f"{SEED} {seed} {attempt}", size)
        if gallery.is_new(picture):
            gallery.add(picture)
            return picture
    raise RuntimeError(f"{name} {seed}: no new drawing found")


def saved(picture: Image.Image, folder: Path, number: int, form: str) -> Path:
    """Writes a picture in one of many formats; `form` is an ending, before it what is special."""
    special, _, ending = form.rpartition(".")
    path = folder / f"{number}.{ending}"
    if form == "jpg":
        picture.save(path, quality=60, optimize=True)
    elif form == "png":
        picture.resize((480, 320), Image.Resampling.LANCZOS).quantize(48, dither=Image.Dither.NONE).save(path, optimize=True)
    elif form == "webp":
        picture.save(path, quality=62, method=6)
    elif form == "avif":
        picture.save(path, quality=50, speed=4)
    elif form == "tiff":
        picture.resize((168, 112), Image.Resampling.LANCZOS).save(path, compression="tiff_lzw")
    elif form == "bmp":
        picture.resize((144, 96), Image.Resampling.LANCZOS).save(path)
    elif form == "gif":
        small = picture.resize((300, 200), Image.Resampling.LANCZOS)
        steps = [
            small.resize((300, 200), box=(0, 0, 300 - 8 * k, 200 - 5 * k)).quantize(32, dither=Image.Dither.NONE)
            for k in range(3)
        ]
        steps[0].save(path, save_all=True, append_images=steps[1:], duration=600, loop=0)
    elif special == "cmyk":
        picture.convert("CMYK").save(path, quality=70)
    elif special == "grey":
        picture.convert("L").save(path, quality=70)
    elif special == "progressive":
        picture.save(path, quality=70, progressive=True)
    elif special == "exif":
        exif = Image.Exif()
        exif[0x0112] = 6  # the camera was held upright: turn by 90 degrees clockwise to see it
        picture.transpose(Image.Transpose.ROTATE_90).save(path, quality=70, exif=exif)
    return path


def post(template: tuple[str, str], rng: random.Random, *, closing: bool = True) -> tuple[str, str]:
    chosen: dict[str, str] = {}
    title, text = (words.filled(part, rng, chosen) for part in template)
    return title, f"{text} {rng.choice(words.CLOSINGS)}" if closing else text


def ordinary_pictures(folder: Path, many: int, rng: random.Random, gallery: Gallery) -> list[Post]:
    posts = []
    names = list(SCENES | NOTICES)
    for number in range(many):
        name = names[number % len(names)]
        size = (427, 640) if name in ("poster", "bamboo", "reeds_and_moon") and number % 3 == 0 else PICTURE
        form = FORMATS.get(number, "jpg")
        picture = unlike_any(name, f"picture {number}", size, gallery)
        title, text = post(words.CAPTIONS[name][number // len(names) % 2], rng)
        posts.append(Post(title, text, [saved(picture, folder, number, form)]))
    return posts


def decoy_pictures(folder: Path, stills: Path, rng: random.Random, gallery: Gallery) -> list[Post]:
    posts = []
    for name, captions in words.DECOY_CAPTIONS.items():
        for number, caption in enumerate(captions):
            if name in DECOYS:
                picture = unlike_any(name, f"decoy {number}", PICTURE, gallery)
            else:
                picture = planted.still(stills, name)
                gallery.add(picture)
            posts.append(Post(*post(caption, rng), [saved(picture, folder, 1000 + len(posts), "jpg")]))
    return posts


def ordinary_films(folder: Path, many: int, rng: random.Random, gallery: Gallery) -> list[Post]:
    posts = []
    names = [name for name in SCENES | NOTICES if name not in ("patchwork", "flower_field")]
    sizes = [(320, 180), (426, 240), (320, 240), (320, 180), (180, 320)]
    for number in range(many):
        size, rate = sizes[number % len(sizes)], 10 + 2 * (number % 2)
        seconds = rng.choice([10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 28]) if number % 9 else rng.choice([32, 40, 48, 60])
        shots: list[Shot] = []
        left = float(seconds)
        while left > 0.5:
            length = min(left, rng.uniform(3, 7) if seconds < 30 else rng.uniform(6, 10))
            name = names[(number * 7 + len(shots) * 3) % len(names)]
            shots.append(unlike_any_shot(name, f"film {number} {len(shots)}", size, length, gallery))
            left -= length
        ending = "webm" if number in (11, 29) else "mp4"
        path = folder / f"film{number}.{ending}"
        encode(
            shots, path, size, rate, 38, random.Random(f"{SEED} tone {number}") if number % 6 == 1 and seconds < 24 else None
        )
        title = rng.choice(words.FILM_TITLES)
        posts.append(Post(*post((title, rng.choice(words.FILM_TEXTS)), rng), [path]))
    return posts


def unlike_any_shot(name: str, seed: str, size: tuple[int, int], seconds: float, gallery: Gallery) -> Shot:
    for attempt in range(40):
        shot = drawn_shot(name, f"{SEED} {seed} {attempt}", size, seconds)
        seen = list(shot.frames(size, 1)) or [shot.still.resize(size, box=(0, 0, shot.still.width / 1.5, shot.still.height))]
        if all(gallery.is_new(frame) for frame in seen):
            for frame in seen:
                gallery.add(frame)
            return shot
    raise RuntimeError(f"{name} {seed}: no new shot found")


def decoy_films(folder: Path, source: Path, rng: random.Random) -> list[Post]:
    previews, people = source / "intel" / "previews", source / "intel" / "people"
    cuts = {
        "trio": (previews / "face-demographics-walking-and-pause.gif", 0, 12, True),
        "pair": (previews / "head-pose-face-detection-female-and-male.gif", 0, 14, True),
        "walkers": (previews / "face-demographics-walking.gif", 0, 11, True),
        "worker": (previews / "worker-zone-detection.gif", 0, 10, True),
        "aisle": (previews / "store-aisle-detection.gif", 0, 10, True),
        "visitor": (people / "one-by-one-person-detection.mp4", 20, 16, False),
        "bottles": (people / "bottle-detection.mp4", 2, 14, False),
        "cars": (people / "car-detection.mp4", 2, 16, False),
        "crystal": (source / "mdn" / "crystal.mp4", 0, 11, False),
    }
    posts = []
    for name, template in words.DECOY_FILMS.items():
        path = folder / f"{name}.mp4"
        if name == "same_place":
            encode(planted.same_place_shots(), path, planted.CLIP_SIZE, 12, 32)
        elif name == "bars":
            encode([drawn_shot("colour_bars", f"{SEED} bars {k}", (320, 180), 4) for k in range(3)], path, (320, 180), 10, 33)
        else:
            cut, start, seconds, is_looped = cuts[name]
            footage(cut, path, start=start, seconds=seconds, size="320:-2", rate=10, crf=37, loop=is_looped)
        posts.append(Post(*post(template, rng), [path]))
    return posts


def sounds(folder: Path, rng: random.Random) -> list[Post]:
    posts = []
    for number, template in enumerate(words.SOUNDS):
        wav, path = folder / f"sound{number}.wav", folder / f"sound{number}.{'m4a' if number else 'ogg'}"
        melody(wav, 12 + 3 * number, random.Random(f"{SEED} sound {number}"))
        coder = ["-c:a", "aac", "-b:a", "16k"] if number else ["-c:a", "libvorbis", "-q:a", "0"]
        subprocess.run(
            ["ffmpeg", "-v", "error", "-y", "-i", wav, *coder, "-fflags", "+bitexact", "-flags:a", "+bitexact", path],
            check=True,
        )
        posts.append(Post(*post(template, rng), [path]))
    return posts


def texts(many: int, rng: random.Random) -> list[Post]:
    posts = [Post(*post(template, rng, closing=False)) for template in words.DECOY_POSTS]
    posts += [Post(title, text) for title, text in words.PLAIN_POSTS]
    for number in range(many - len(posts)):
        posts.append(Post(*post(words.POSTS[number % len(words.POSTS)], rng)))
    return posts


def with_festival(posts: list[Post], rng: random.Random) -> None:
    """Ordinary posts that happen to name no festival get a sentence that does."""
    for each in posts:
        if "축제" not in each.title + each.text:
            each.text += f" {rng.choice(FESTIVALS)} 소식도 곧 올리겠습니다."


def distinct(posts: list[Post], rng: random.Random) -> None:
    """No two posts say the same."""
    said: set[tuple[str, str]] = set()
    for each in posts:
        while (each.title, each.text) in said:
            each.text += f" {rng.choice(words.CLOSINGS)}"
        said.add((each.title, each.text))


def thumbnail(path: Path, to: Path) -> float | None:
    """Writes the small picture and returns the duration of a video or sound."""
    kind = "film" if path.suffix in (".mp4", ".webm", ".ogg", ".m4a") else "picture"
    duration = None
    if kind == "film":
        shown = subprocess.run(
            ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path],
            check=True,
            capture_output=True,
        )
        duration = round(float(shown.stdout), 2)
        if path.suffix in (".ogg", ".m4a"):
            return duration
        frame = subprocess.run(
            [
                "ffmpeg",
                "-v",
                "error",
                "-ss",
                f"{duration * 0.1:.2f}",
                "-i",
                path,
                "-frames:v",
                "1",
                "-f",
                "image2pipe",
                "-c:v",
                "png",
                "-",
            ],
            check=True,
            capture_output=True,
        ).stdout
        picture = Image.open(io.BytesIO(frame))
    else:
        picture = ImageOps.exif_transpose(Image.open(path))
    picture = picture.convert("RGB")
    picture.thumbnail((160, 160), Image.Resampling.LANCZOS)
    picture.save(to, quality=52, optimize=True)
    return duration


def write(posts: list[Post]) -> None:
    for folder in ("media", "thumbs"):
        shutil.rmtree(WORLD / folder, ignore_errors=True)
        (WORLD / folder).mkdir(parents=True)
    lines, facts, number = ["file\ttitle\ttext\tcue"], ["file\tduration_s\tthumbnail"], 0
    for each in posts:
        names = []
        for path in each.files:
            number += 1
            name, small = f"media/{number:04d}{path.suffix}", f"thumbs/{number:04d}.jpg"
            shutil.copyfile(path, WORLD / name)
            duration = thumbnail(path, WORLD / small)
            facts.append(f"{name}\t{'' if duration is None else duration}\t{small if (WORLD / small).exists() else ''}")
            names.append(name)
        lines.append("\t".join((";".join(names), each.title, each.text, each.cue)))
    (WORLD / "items.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    (WORLD / "media.tsv").write_text("\n".join(facts) + "\n", "utf-8")


def write_sum(clip: Path) -> None:
    """The clip's line in the list of fixtures, which stays sorted by name."""
    sums = FIXTURES / "SHA256SUMS"
    others = [line for line in sums.read_text("ascii").splitlines() if not line.endswith(f"  {clip.name}")]
    lines = [*others, f"{sha256(clip.read_bytes()).hexdigest()}  {clip.name}"]
    sums.write_text("\n".join(sorted(lines, key=lambda line: line.split("  ")[1])) + "\n", "ascii")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--footage", type=Path, required=True)
    arguments.add_argument("--scratch", type=Path, required=True, help="an empty folder to work in")
    given = arguments.parse_args()
    given.scratch.mkdir(parents=True, exist_ok=True)
    rng = random.Random(SEED)
    gallery = Gallery()

    clip = FIXTURES / "known_clip.mp4"
    encode(planted.known_clip_shots(), clip, planted.CLIP_SIZE, 12, 23)
    write_sum(clip)
    gallery.add(Image.open(FIXTURES / "test_card.png").convert("RGB"))
    for shot in [*planted.known_clip_shots(), *planted.same_place_shots()]:
        for frame in shot.frames(planted.CLIP_SIZE, 2):
            gallery.add(frame)

    hidden = planted.posts(given.scratch, FIXTURES, post, rng, Post)
    hidden_films = sum(each.files[0].suffix == ".mp4" for each in hidden if each.files)
    hidden_pictures = sum(bool(each.files) for each in hidden) - hidden_films
    false_pictures = decoy_pictures(given.scratch, given.footage / "intel" / "previews", rng, gallery)
    false_films = decoy_films(given.scratch, given.footage, rng)
    pictures = ordinary_pictures(given.scratch, 165 - hidden_pictures - len(false_pictures), rng, gallery)
    films = ordinary_films(given.scratch, 60 - hidden_films - len(false_films), rng, gallery)
    heard = sounds(given.scratch, rng)
    plain = texts(330 - 165 - 60 - len(heard) - 1, rng)
    with_festival([*hidden, *false_pictures, *false_films, *pictures, *films, *heard, *plain[: len(words.DECOY_POSTS)]], rng)
    with_festival(plain[len(words.DECOY_POSTS) + len(words.PLAIN_POSTS) :], rng)
    everything = [*hidden, *false_pictures, *false_films, *pictures, *films, *heard, *plain]
    distinct(everything, rng)
    rng.shuffle(everything)
    write(everything)


if __name__ == "__main__":
    main()
