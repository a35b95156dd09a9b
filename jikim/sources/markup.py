"""What a web page says: its title, its visible text, its links and its media. Nothing is executed and nothing is fetched."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import urljoin

import msgspec
from lxml import etree, html

from jikim.sources.dates import duration_s
from jikim.sources.text import folded, plain

ELEMENTS_LIMIT = 200_000
LINKS_LIMIT = 5_000
TEXT_CHARACTERS = 200_000
"""How much text is gathered before it is folded and cut to what a candidate may hold."""
LINK_TEXT_LIMIT = 300

IMAGE_ENDINGS = ("jpg", "jpeg", "jpe", "png", "gif", "webp", "avif", "heic", "heif", "bmp", "tif", "tiff")
SEGMENT_ENDINGS = ("m3u8", "mpd")
VIDEO_ENDINGS = ("mp4", "m4v", "webm", "mkv", "mov", "avi", "wmv", "flv", "mpg", "mpeg", "3gp", "ogv", *SEGMENT_ENDINGS)
AUDIO_ENDINGS = ("mp3", "m4a", "aac", "ogg", "oga", "opus", "wav", "flac")

_UNSEEN = frozenset(
    {"script", "style", "noscript", "template", "head", "svg", "math", "object", "select", "textarea", "datalist"}
)
_INLINE = frozenset(
    {
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "cite",
        "code",
        "em",
        "font",
        "i",
        "mark",
        "q",
        "s",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "u",
        "wbr",
    }
)
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_LAZY = ("data-src", "data-original", "data-lazy-src", "data-lazy")
_SRCSET_CHARACTERS = 20_000
_DESCRIPTOR = re.compile(r"(\d{1,6}(?:\.\d{1,4})?)[wx]\Z")
_FURNITURE = re.compile(
    r"(?:</?(?!(?:title|h1|meta|base|a|area|img|amp-img|source|picture|video|audio|amp-video|iframe|embed|script|style|time)\b)"
    r"[a-z][^<>]*>\s*)+",
    re.IGNORECASE,
)
_STRUCTURED_BYTES = 512 * 2**10
_STRUCTURED_LIMIT = 20_000


class Link(NamedTuple):
    """`url` is as absolute as the page makes it; `text` is what the page calls it."""

    url: str
    text: str


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What stands on a page, in its order. Addresses are joined to the page's base and otherwise unchecked: whoever uses one
    checks it. `posted` is as the page wrote it; `frame_urls` are the pages it embeds."""

    title: str = ""
    text: str = ""
    author: str | None = None
    posted: str | None = None
    duration_s: float | None = None
    video_urls: tuple[str, ...] = ()
    image_urls: tuple[str, ...] = ()
    thumbnail_urls: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    frame_urls: tuple[str, ...] = ()


@dataclass(slots=True)
class _Found:
    """What is gathered while a page is read; `meta` has the first content of each name, `stated` of each JSON-LD field."""

    meta: dict[str, str] = field(default_factory=dict)
    stated: dict[str, str] = field(default_factory=dict)
    titles: list[str] = field(default_factory=list)
    times: list[str] = field(default_factory=list)
    videos: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    thumbnails: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)


def page_facts(text: str, url: str) -> PageFacts:
    """Reads the HTML `text` that came from `url`. Broken markup is read as far as it goes."""
    root = page_tree(text)
    if root is None:
        return PageFacts()
    found = _Found()
    for element in islice(root.iter(etree.Element), ELEMENTS_LIMIT):
        _READERS.get(element.tag, _read_nothing)(element, found)
    base = _joined(url, next((href for tag in root.iter("base") if (href := tag.get("href"))), ""))
    return _facts(found, base, _visible_text(root))


def text_and_images(fragment: str, url: str) -> tuple[str, tuple[str, ...]]:
    """The visible text and the pictures of a piece of HTML, as feeds carry it."""
    if "<" not in fragment and "&" not in fragment:
        return fragment, ()
    facts = page_facts(f"<body>{fragment}</body>", url)
    return facts.text, facts.image_urls


def kind_by_ending(url: str) -> str | None:
    """`image`, `video` or `audio` where an address ends like a media file, else None."""
    name = url.split("#", 1)[0].split("?", 1)[0].rpartition("/")[2]
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    kinds = (("image", IMAGE_ENDINGS), ("video", VIDEO_ENDINGS), ("audio", AUDIO_ENDINGS))
    return next((kind for kind, endings in kinds if ending in endings), None)


def names_segments(url: str) -> bool:
    """Whether an address ends like a playlist of a film that comes in segments."""
    return url.split("#", 1)[0].split("?", 1)[0].lower().endswith(tuple(f".{ending}" for ending in SEGMENT_ENDINGS))


def page_tree(text: str) -> Any | None:
    """The page as a tree. libxml2 stops where elements nest too deep; what comes after is not hidden that easily, the page
    is read again without the elements that say nothing by themselves."""
    root, is_cut = _parsed(text)
    return _parsed(_FURNITURE.sub(" ", text))[0] if is_cut else root


def _parsed(text: str) -> tuple[Any | None, bool]:
    # huge_tree raises the depth that is followed from 256 to 2,048 elements; the size is bounded by who fetched the page.
    parser = html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        root = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except etree.LxmlError:
        root = None
    return root, any(error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for error in parser.error_log)


def _facts(found: _Found, base: str, visible: str) -> PageFacts:
    meta, stated = found.meta, found.stated
    videos = [*_values(meta, "og:video:secure_url", "og:video:url", "og:video", "twitter:player:stream"), *found.videos]
    videos += _values(meta, "og:audio:secure_url", "og:audio:url", "og:audio")
    pictures = _values(meta, "og:image:secure_url", "og:image:url", "og:image", "twitter:image", "twitter:image:src")
    description = next(
        iter(_values(meta, "og:description", "twitter:description", "description")), stated.get("description", "")
    )
    times = [
        *_values(meta, "article:published_time", "og:article:published_time", "date"),
        stated.get("posted", ""),
        *found.times,
    ]
    durations = [*_values(meta, "og:video:duration", "video:duration"), stated.get("duration", "")]
    titles = [*_values(meta, "og:title", "twitter:title"), *found.titles, stated.get("name", "")]
    players = [url for url in videos if kind_by_ending(url) is None and meta.get("og:video:type", "").startswith("text/html")]
    return PageFacts(
        title=next((title for title in titles if title.strip()), ""),
        text=visible if plain(description, 200) in plain(visible, TEXT_CHARACTERS) else f"{description}\n{visible}",
        author=next(iter(_values(meta, "article:author", "author", "twitter:creator")), stated.get("author")),
        posted=next((time for time in times if time.strip()), None),
        duration_s=next((seconds for said in durations if (seconds := duration_s(said))), None),
        video_urls=_all_joined(base, [url for url in videos if url not in players]),
        image_urls=_all_joined(base, [*([] if videos else pictures), *found.images]),
        thumbnail_urls=_all_joined(base, [*found.thumbnails, *(pictures if videos else [])]),
        links=tuple(Link(_joined(base, link.url), link.text) for link in found.links[:LINKS_LIMIT]),
        frame_urls=_all_joined(base, [*found.frames, *players, *_values(meta, "twitter:player")]),
    )


def _values(meta: dict[str, str], *names: str) -> list[str]:
    return [meta[name] for name in names if name in meta]


def _joined(base: str, reference: str) -> str:
    try:
        return urljoin(base, reference.strip()) if reference.strip() else base
    except ValueError:
        return reference


def _all_joined(base: str, references: list[str]) -> tuple[str, ...]:
    """Data addresses are dropped here, they are large and lead nowhere."""
    kept = (reference for reference in references if reference.strip() and reference.lstrip()[:5].lower() != "data:")
    return tuple(dict.fromkeys(_joined(base, reference) for reference in kept))


def _visible_text(root: Any) -> str:
    pieces: list[str] = []
    gathered = 0
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        if event == "start":
            if element.tag in _UNSEEN or element.get("hidden") is not None or _HIDDEN_STYLE.search(element.get("style", "")):
                walker.skip_subtree()
                continue
            said = element.text
        else:
            said = element.tail
        gap = "" if element.tag in _INLINE else "\n"
        seen = folded(said or "")
        pieces.append(f"{gap}{seen}")
        gathered += len(seen)
        if gathered > TEXT_CHARACTERS:
            break
    return "".join(pieces)[:TEXT_CHARACTERS]


# One reader for each element that says something.


def _read_nothing(element: Any, found: _Found) -> None:
    pass


def _read_title(element: Any, found: _Found) -> None:
    found.titles.append(_words(element))


def _read_meta(element: Any, found: _Found) -> None:
    name = (element.get("property") or element.get("name") or element.get("itemprop") or "").strip().lower()
    if name and (content := element.get("content")):
        found.meta.setdefault(name, content)


def _read_time(element: Any, found: _Found) -> None:
    if said := element.get("datetime"):
        found.times.append(said)


def _read_link(element: Any, found: _Found) -> None:
    if not (href := element.get("href")):
        return
    words = (
        _words(element) or element.get("title") or " ".join(image.get("alt", "") for image in islice(element.iter("img"), 4))
    )
    kind = kind_by_ending(href)
    if kind == "image":
        found.images.append(href)
    elif kind:
        found.videos.append(href)
    else:
        found.links.append(Link(href, plain(words, LINK_TEXT_LIMIT)))


def _read_image(element: Any, found: _Found) -> None:
    if _is_pixel(element):
        return
    largest = next((url for name in ("srcset", "data-srcset") if (url := _largest(element.get(name, "")))), None)
    lazy = next((url for name in _LAZY if (url := element.get(name))), None)
    source = largest or lazy or element.get("src")
    if source and kind_by_ending(source) != "video" and not _is_drawing(source):
        found.images.append(source)


def _read_source(element: Any, found: _Found) -> None:
    parent = element.getparent()
    if parent is not None and parent.tag == "picture":
        if largest := _largest(element.get("srcset", "")):
            found.images.append(largest)
    elif source := element.get("src"):
        found.videos.append(source)


def _read_video(element: Any, found: _Found) -> None:
    found.videos.extend(url for name in ("src", "data-src") if (url := element.get(name)))
    if poster := element.get("poster"):
        found.thumbnails.append(poster)


def _read_frame(element: Any, found: _Found) -> None:
    if not _is_pixel(element) and (source := element.get("src") or element.get("data-src")):
        found.frames.append(source)
        found.links.append(Link(source, plain(element.get("title", ""), LINK_TEXT_LIMIT)))


def _read_script(element: Any, found: _Found) -> None:
    if element.get("type", "").strip().lower() != "application/ld+json" or not element.text:
        return
    try:
        statement = msgspec.json.decode(element.text[:_STRUCTURED_BYTES].encode("utf-8", "replace"))
    except (msgspec.DecodeError, RecursionError):
        return
    for thing in islice(_objects(statement), _STRUCTURED_LIMIT):
        _read_statement(thing, found)


def _read_statement(thing: dict[str, Any], found: _Found) -> None:
    """One object of https://schema.org, as pages describe themselves in JSON-LD."""
    kinds = thing.get("@type")
    kinds = {kind for kind in (kinds if isinstance(kinds, list) else [kinds]) if isinstance(kind, str)}
    for name, key in (("posted", "uploadDate"), ("posted", "datePublished")):
        if isinstance(said := thing.get(key), str):
            found.stated.setdefault(name, said)
    if kinds & {"VideoObject", "AudioObject"}:
        found.videos.extend(_strings(thing.get("contentUrl")))
        found.frames.extend(_strings(thing.get("embedUrl")))
        found.thumbnails.extend([*_strings(thing.get("thumbnailUrl")), *_strings(thing.get("thumbnail"))])
        for key in ("name", "description", "duration"):
            if isinstance(said := thing.get(key), str):
                found.stated.setdefault(key, said)
        for said in _strings(thing.get("author"), "name"):
            found.stated.setdefault("author", said)
    elif "ImageObject" in kinds:
        found.images.extend(_strings(thing.get("contentUrl")) or _strings(thing.get("url")))


def _objects(statement: Any) -> Iterator[dict[str, Any]]:
    waiting = [statement]
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, dict):
            yield thing
            waiting.extend(reversed(list(thing.values())))
        elif isinstance(thing, list):
            waiting.extend(reversed(thing))


def _strings(said: Any, key: str = "url") -> list[str]:
    """The texts in a value that may be a text, an object with one under `key`, or a list of either."""
    values = said if isinstance(said, list) else [said]
    texts = [value.get(key) if isinstance(value, dict) else value for value in values]
    return [text for text in texts if isinstance(text, str)]


def _words(element: Any) -> str:
    return plain("".join(islice(element.itertext(), 200)), LINK_TEXT_LIMIT)


def _largest(srcset: str) -> str | None:
    """The address of the largest picture a `srcset` names. Addresses may hold commas, they end at a space (HTML, 4.8.4.2)."""
    best_size, best_url = 0.0, None
    words = srcset[:_SRCSET_CHARACTERS].split()[::-1]
    while words:
        word = words.pop().lstrip(",")
        if not word:
            continue
        url = word.rstrip(",")
        descriptor = ""
        if url == word and words:
            descriptor, _, following = words.pop().partition(",")
            if following:
                words.append(following)
        size = float(found[1]) if (found := _DESCRIPTOR.match(descriptor)) else 1.0
        if url and size > best_size:
            best_size, best_url = size, url
    return best_url


def _is_pixel(element: Any) -> bool:
    """A picture or frame of at most one pixel is there to count readers."""
    return any(re.fullmatch(r"\s*[01](?:px)?\s*", element.get(side, "")) for side in ("width", "height"))


def _is_drawing(url: str) -> bool:
    """SVG and icons are the page's furniture, and no format that is opened."""
    return url.split("#", 1)[0].split("?", 1)[0].lower().endswith((".svg", ".svgz", ".ico"))


_READERS: dict[Any, Callable[[Any, _Found], None]] = {
    "title": _read_title,
    "h1": _read_title,
    "meta": _read_meta,
    "time": _read_time,
    "a": _read_link,
    "area": _read_link,
    "img": _read_image,
    "amp-img": _read_image,
    "source": _read_source,
    "video": _read_video,
    "audio": _read_video,
    "amp-video": _read_video,
    "iframe": _read_frame,
    "frame": _read_frame,
    "embed": _read_frame,
    "script": _read_script,
}
