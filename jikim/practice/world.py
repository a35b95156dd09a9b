"""What the practice platform serves: posts with pictures, videos and sounds, its own or those of a given folder.

A world is a folder with `items.tsv` (UTF-8, header `file title text cue`, separated by tabs, no quoting) and the files it
names. `file` is empty for a text post; several files of one post are joined by `;`. `cue` says what is planted, empty for an
ordinary post. `media.tsv` (header `file duration_s thumbnail`) may stand beside it: what the platform can say of a file before
anybody downloads it; `duration_s` and `thumbnail` (a JPEG) may be empty.

No file is opened here: a world may hold broken or lying media, and only their names are looked at.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from jikim.errors import BadUse

ITEMS_HEADER = ("file", "title", "text", "cue")
MEDIA_HEADER = ("file", "duration_s", "thumbnail")

MIME_BY_ENDING: Mapping[str, str] = MappingProxyType(
    {
        "avif": "image/avif",
        "bmp": "image/bmp",
        "gif": "image/gif",
        "heic": "image/heic",
        "heif": "image/heif",
        "jfif": "image/jpeg",
        "jpeg": "image/jpeg",
        "jpg": "image/jpeg",
        "png": "image/png",
        "tif": "image/tiff",
        "tiff": "image/tiff",
        "webp": "image/webp",
        "3gp": "video/3gpp",
        "avi": "video/x-msvideo",
        "flv": "video/x-flv",
        "m4v": "video/mp4",
        "mkv": "video/x-matroska",
        "mov": "video/quicktime",
        "mp4": "video/mp4",
        "mpeg": "video/mpeg",
        "mpg": "video/mpeg",
        "ogv": "video/ogg",
        "ts": "video/mp2t",
        "webm": "video/webm",
        "wmv": "video/x-ms-wmv",
        "aac": "audio/aac",
        "flac": "audio/flac",
        "m4a": "audio/mp4",
        "mp3": "audio/mpeg",
        "oga": "audio/ogg",
        "ogg": "audio/ogg",
        "opus": "audio/ogg",
        "wav": "audio/wav",
    }
)

_HANDLES = (
    "강변산책", "느린오후", "동네소식통", "바람개비", "보리차한잔", "새벽시장", "솔방울",
    "시골버스", "여행수첩", "우리동네장터", "은행나무길", "이웃게시판", "작은텃밭", "제철밥상",
    "종이배", "주말나들이", "차한잔의여유", "파란우산", "한솔시청", "호숫가",
)  # fmt: skip
_NEWEST_AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
_BETWEEN_POSTS = timedelta(minutes=97)


@dataclass(frozen=True, slots=True)
class ItemMedia:
    """One file of a post. `thumbnail` is a small JPEG of it."""

    path: Path
    ending: str
    duration_s: float | None
    thumbnail: Path | None

    @property
    def mime(self) -> str:
        """What the platform claims it to be, by its ending alone."""
        return MIME_BY_ENDING[self.ending]

    @property
    def kind(self) -> str:
        """image, video or audio."""
        return self.mime.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Item:
    """One post. `id`: 16 hexadecimal digits that come from what stands in its line; `posted_at` from the place of the line,
    the first being the newest. `cues` is what is planted in it, empty for an ordinary post."""

    id: str
    title: str
    text: str
    author: str
    posted_at: datetime
    media: tuple[ItemMedia, ...]
    cues: tuple[str, ...]

    @property
    def kind(self) -> str:
        """image, video or audio after the first file, or text."""
        return self.media[0].kind if self.media else "text"


@dataclass(frozen=True, slots=True)
class World:
    """All posts, the newest first."""

    items: tuple[Item, ...]

    def search(self, keyword: str) -> tuple[Item, ...]:
        """The posts whose title or text holds every word of `keyword` (NFC, without regard to case), the newest first.
        A keyword without a word finds nothing."""
        words = _folded(keyword).split()
        if not words:
            return ()
        return tuple(item for item in self.items if all(word in _folded(f"{item.title}\n{item.text}") for word in words))


def own_world() -> World:
    """The world that is shipped with Jikim."""
    return load_world(Path(__file__).parent / "world")


def load_world(folder: Path) -> World:
    """The world in `folder`. Raises BadUse saying which line is wrong and how."""
    root = folder.absolute()
    facts = _media_facts(root)
    items: list[Item] = []
    ids: set[str] = set()
    for line, (files, title, text, cue) in _rows(root / "items.tsv"):
        media = tuple(_media(root, name, line, facts) for name in _parts(files))
        if not (media or title.strip() or text.strip()):
            raise BadUse("practice.items_blank", line=line, where=str(root / "items.tsv"))
        digest = sha256("\0".join((files, title, text)).encode()).hexdigest()[:16]
        identity = _unused(digest, ids)
        ids.add(identity)
        author = _HANDLES[int(digest[:8], 16) % len(_HANDLES)]
        posted_at = _NEWEST_AT - len(items) * _BETWEEN_POSTS
        items.append(Item(identity, title, text, author, posted_at, media, tuple(_parts(cue))))
    return World(tuple(items))


def write_truth(world: World, origin: str, path: Path) -> None:
    """Writes what is planted: header `url kind cue`, a line a post, separated by tabs; `cue` is empty for an ordinary post.
    `origin` is the running platform's, as in `http://127.0.0.1:8000`. Raises BadUse when `path` cannot be written."""
    lines = ["url\tkind\tcue", *(f"{origin}/item/{item.id}\t{item.kind}\t{';'.join(item.cues)}" for item in world.items)]
    try:
        path.write_text("\n".join(lines) + "\n", "utf-8")
    except OSError as error:
        raise BadUse("practice.truth_unwritable", where=str(path), problem=error.strerror or "") from error


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _parts(joined: str) -> Iterator[str]:
    return (part.strip() for part in joined.split(";") if part.strip())


def _unused(digest: str, taken: set[str]) -> str:
    """Two posts that say the same are still two posts."""
    candidate, again = digest, 1
    while candidate in taken:
        candidate = sha256(f"{digest}\0{again}".encode()).hexdigest()[:16]
        again += 1
    return candidate


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise BadUse("practice.items_missing", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise BadUse("practice.items_not_utf8", where=str(path)) from error
    return [line.removesuffix("\r") for line in text.split("\n")]


def _rows(path: Path) -> Iterator[tuple[int, tuple[str, str, str, str]]]:
    lines = _lines(path)
    if tuple(lines[0].split("\t")) != ITEMS_HEADER:
        raise BadUse("practice.items_header", where=str(path))
    for number, line in enumerate(lines[1:], start=2):
        if not line:
            continue
        columns = line.split("\t")
        if len(columns) == len(ITEMS_HEADER) - 1:
            columns.append("")  # many editors drop the empty last column
        if len(columns) != len(ITEMS_HEADER):
            raise BadUse("practice.items_columns", line=number, count=len(columns), where=str(path))
        files, title, text, cue = columns
        yield number, (files, title, text, cue)


def _inside(root: Path, name: str, line: int) -> Path:
    try:
        path = (root / name).resolve(strict=True)
        is_file = path.is_file()
    except (OSError, ValueError, RuntimeError) as error:  # absent, too long, a NUL in the name, links in a circle
        raise BadUse("practice.items_file_missing", line=line, where=name) from error
    if not path.is_relative_to(root.resolve()):
        raise BadUse("practice.items_file_outside", line=line, where=name)
    if not is_file:
        raise BadUse("practice.items_file_missing", line=line, where=name)
    return path


def _media(root: Path, name: str, line: int, facts: Mapping[str, tuple[float | None, Path | None]]) -> ItemMedia:
    path = _inside(root, name, line)
    ending = Path(name).suffix.removeprefix(".").lower()
    if ending not in MIME_BY_ENDING:
        raise BadUse("practice.items_file_ending", line=line, where=name, known=" ".join(sorted(MIME_BY_ENDING)))
    duration_s, thumbnail = facts.get(name, (None, None))
    return ItemMedia(path, ending, duration_s, thumbnail)


def _media_facts(root: Path) -> dict[str, tuple[float | None, Path | None]]:
    path = root / "media.tsv"
    if not path.is_file():
        return {}
    lines = _lines(path)
    facts: dict[str, tuple[float | None, Path | None]] = {}
    if tuple(lines[0].split("\t")) != MEDIA_HEADER:
        raise BadUse("practice.media_list", line=1, where=str(path))
    for number, line in enumerate(lines[1:], start=2):
        if not line:
            continue
        try:
            name, duration, thumbnail = line.split("\t")
            duration_s = float(duration) if duration else None
        except ValueError as error:
            raise BadUse("practice.media_list", line=number, where=str(path)) from error
        is_duration = duration_s is None or 0 <= duration_s < float("inf")
        if not is_duration or (thumbnail and not thumbnail.endswith(".jpg")):
            raise BadUse("practice.media_list", line=number, where=str(path))
        facts[name] = (duration_s, _inside(root, thumbnail, number) if thumbnail else None)
    return facts
