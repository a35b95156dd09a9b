"""yt-dlp's knowledge of sites, without its network: it reads what the handed fetcher brings, and nothing else.

yt-dlp keeps code for some 1,700 sites in order. Here it may do one thing, `extract_info(url, download=False)`, through the one
request handler below. It opens no socket, runs no program, reads no configuration, plug-in, cookie or cache, and what it
asks for passes every check of `jikim.fetching`. Imported on first use: it costs 0.4 s of CPU time.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from jikim.errors import FetchFailed, FetchRefused, JikimError
from jikim.seams import Fetcher

REQUESTS_LIMIT = 20
"""How many requests one extraction may make."""
ENTRIES_LIMIT = 100
HEIGHT_LIMIT_PX = 720
"""More than this helps no analyzer and costs the site and us."""

_HEADERS = frozenset({"accept", "accept-language", "origin", "referer", "x-requested-with"})
"""What an extractor may ask to be sent. Its user agent, its cookies and its guesses of our address are not ours to claim."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """One video, gallery entry or post as an extractor described it. `posted` is in seconds since 1970 or YYYYMMDD."""

    url: str
    title: str
    text: str
    author: str | None
    posted: float | str | None
    duration_s: float | None
    media_urls: tuple[str, ...]
    thumbnail_urls: tuple[str, ...]


def extractor_for(url: str) -> str | None:
    """The name of the extractor made for the site at `url`, None where there is none. The generic one does not count."""
    if not _has_public_name(url):
        return None
    from yt_dlp.extractor import gen_extractor_classes

    return next(
        (str(kind.ie_key()) for kind in gen_extractor_classes() if kind.ie_key() != "Generic" and kind.suitable(url)), None
    )


def extract(url: str, extractor: str, fetcher: Fetcher) -> tuple[Extracted, ...]:
    """What `extractor` finds at `url`: one thing, or the entries of a list of things.

    Raises FetchRefused when policy forbade what it needed, and FetchFailed when the site did not answer, answered in a shape
    the extractor does not know, or needs what is not done here (POST, signing in, running scripts).
    """
    from yt_dlp.utils import YoutubeDLError

    errors: list[JikimError] = []
    try:
        with _engine(fetcher, extractor, errors) as engine:
            info = engine.extract_info(url, download=False, ie_key=extractor, process=True)
            found = tuple(_all_extracted(info, url))
    # An extractor is a stranger's reading of a stranger's page: any error in it means that the page cannot be read this way.
    except (
        YoutubeDLError,
        ArithmeticError,
        AttributeError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
        AssertionError,
    ) as error:
        for refusal in errors:
            if isinstance(refusal, FetchRefused):
                raise refusal from error
        raise FetchFailed("sources.extractor_failed", where=url, extractor=extractor) from error
    if not found:
        raise FetchFailed("sources.extractor_failed", where=url, extractor=extractor)
    return found


def _has_public_name(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return "." in host
    return False


def _engine(fetcher: Fetcher, extractor: str, errors: list[JikimError]) -> Any:
    """A YoutubeDL that has `extractor`, those it may hand on to, and our request handler alone."""
    import yt_dlp
    from yt_dlp import globals as settings
    from yt_dlp.extractor import get_info_extractor
    from yt_dlp.utils import Popen

    settings.plugin_dirs.value = []
    settings.all_plugins_loaded.value = True
    Popen.__init__ = _refuse_program

    class Engine(yt_dlp.YoutubeDL):  # type: ignore[misc]
        def build_request_director(self, handlers: Any, preferences: Any = None) -> Any:
            director = super().build_request_director([], [])
            director.add_handler(_handler_class()(logger=director.logger, fetcher=fetcher, errors=errors))
            return director

    engine = Engine(dict(_PARAMS, logger=_Silence()), auto_init=False)
    engine.add_info_extractor(get_info_extractor(extractor))
    return engine


_PARAMS: Mapping[str, Any] = {
    "cachedir": False,
    "check_formats": False,
    "color": "never",
    "extract_flat": "in_playlist",
    "extractor_retries": 0,
    "format": "best/bestvideo/bestaudio",  # none given, it would look for ffmpeg
    "geo_bypass": False,
    "ignore_no_formats_error": True,
    "js_runtimes": {},
    "no_warnings": True,
    "noprogress": True,
    "playlist_items": f"1:{ENTRIES_LIMIT}",
    "proxy": "",
    "quiet": True,
    "remote_components": (),
    "simulate": True,
    "skip_download": True,
    "socket_timeout": 20,
}


def _refuse_program(*_: Any, **__: Any) -> None:
    raise OSError("no program is run here")


class _Silence:
    """yt-dlp's remarks hold addresses and titles; none of them is written anywhere."""

    def debug(self, message: str) -> None: ...

    def info(self, message: str) -> None: ...

    def warning(self, message: str) -> None: ...

    def error(self, message: str) -> None: ...


def _handler_class() -> Any:
    """The request handler, made when yt-dlp is there to derive it from."""
    from yt_dlp.networking import Request, RequestHandler, Response
    from yt_dlp.networking.exceptions import HTTPError, RequestError, TransportError, UnsupportedRequest

    class FetcherRH(RequestHandler):  # type: ignore[misc]
        _SUPPORTED_URL_SCHEMES = ("http", "https")

        def __init__(self, *, fetcher: Fetcher, errors: list[JikimError], **others: Any) -> None:
            super().__init__(**others)
            self._fetcher = fetcher
            self._errors = errors
            self._requests = 0

        def _check_proxies(self, proxies: Any) -> None:
            """The environment's proxies are the fetcher's business."""

        def _check_extensions(self, extensions: dict[str, Any]) -> None:
            """Cookies, timeouts and disguises are asked for in vain; the request is made without them."""
            extensions.clear()

        def _send(self, request: Request) -> Response:
            if request.method not in ("GET", "HEAD") or request.data is not None:
                raise UnsupportedRequest("only GET is done here")
            self._requests += 1
            if self._requests > REQUESTS_LIMIT:
                raise RequestError("too many requests")
            asked = {name.lower(): value for name, value in request.headers.items()}
            headers = {
                name: value for name, value in asked.items() if name in _HEADERS and value.isascii() and value.isprintable()
            }
            try:
                answer = self._fetcher.get(request.url, headers=headers)
            except FetchFailed as error:
                self._errors.append(error)
                if error.status is None:
                    raise TransportError("the fetch failed") from error
                raise HTTPError(Response(io.BytesIO(), request.url, {}, status=error.status)) from error
            except JikimError as error:
                self._errors.append(error)
                raise RequestError("the fetch was refused") from error
            body = b"" if request.method == "HEAD" else answer.body
            return Response(io.BytesIO(body), answer.final_url, answer.headers, status=answer.status)

    return FetcherRH


def _all_extracted(info: Any, url: str) -> Iterator[Extracted]:
    if not isinstance(info, dict):
        return
    if info.get("_type") in ("playlist", "multi_video"):
        entries = [entry for entry in list(info.get("entries") or ())[:ENTRIES_LIMIT] if isinstance(entry, dict)]
        yield from (_extracted(entry, _entry_address(entry, url)) for entry in entries)
    elif info.get("_type", "video") == "video":
        yield _extracted(info, _text(info.get("webpage_url")) or url)


def _entry_address(entry: dict[str, Any], list_url: str) -> str:
    """Where an entry of a list stands by itself: its page, or its file where its page is the list's."""
    page = _text(entry.get("webpage_url"))
    media = _media(entry)
    return page if page and page != list_url else _text(entry.get("url")) or (media[0] if media else list_url)


def _extracted(info: dict[str, Any], url: str) -> Extracted:
    duration = info.get("duration")
    timestamp = info.get("timestamp") or info.get("release_timestamp")
    return Extracted(
        url=url,
        title=_text(info.get("title")) or _text(info.get("fulltitle")),
        text=_text(info.get("description")),
        author=_text(info.get("uploader_id")) or _text(info.get("uploader")) or _text(info.get("channel_id")) or None,
        posted=timestamp if isinstance(timestamp, int | float) else _text(info.get("upload_date")) or None,
        duration_s=float(duration) if isinstance(duration, int | float) and duration > 0 else None,
        media_urls=_media(info),
        thumbnail_urls=_thumbnails(info),
    )


def _media(info: dict[str, Any]) -> tuple[str, ...]:
    """What to fetch: a whole file over http(s), with picture and sound where there is such a one, at most `HEIGHT_LIMIT_PX`
    high where there is a choice, and a second one with the sound where that is apart; where none has a picture a playlist of
    segments (HLS), or a manifest (DASH), of which the fetcher knows what to fetch."""
    every = [form for form in info.get("formats") or [info] if isinstance(form, dict) and not form.get("has_drm")]
    kinds = (_is_whole_file, _is_playlist, _is_manifest)
    groups = [some for is_kind in kinds if (some := [form for form in every if is_kind(form)])]
    shown = (some for some in groups if any(form.get("vcodec") != "none" for form in some))
    formats = next(shown, groups[0] if groups else [])
    best = max(formats, key=_worth, default=None)
    if best is None:
        return ()
    sounds = [form for form in formats if form.get("vcodec") == "none" and form.get("acodec") != "none"]
    apart = min(sounds, key=_lightness, default=None) if best.get("acodec") == "none" and best.get("vcodec") != "none" else None
    return tuple(dict.fromkeys(_text(form.get("url")) for form in (best, apart) if form))


def _is_whole_file(form: dict[str, Any]) -> bool:
    is_whole = _protocol(form) in ("http", "https") and form.get("ext") != "mhtml"
    return is_whole and not _is_playlist(form) and not _is_manifest(form)


def _is_playlist(form: dict[str, Any]) -> bool:
    return _protocol(form) in ("m3u8", "m3u8_native") or urlsplit(_text(form.get("url"))).path.endswith(".m3u8")


def _is_manifest(form: dict[str, Any]) -> bool:
    return _protocol(form) == "http_dash_segments" or urlsplit(_text(form.get("url"))).path.endswith(".mpd")


def _protocol(form: dict[str, Any]) -> str:
    url = _text(form.get("url"))
    return (_text(form.get("protocol")) or urlsplit(url).scheme) if url else ""


def _worth(form: dict[str, Any]) -> tuple[int, int]:
    height = form.get("height")
    height = int(height) if isinstance(height, int | float) else 0
    tracks = (form.get("vcodec") != "none") * 2 + (form.get("acodec") != "none")
    return tracks, height if height <= HEIGHT_LIMIT_PX else -height


def _lightness(form: dict[str, Any]) -> float:
    """Of sounds the lightest is enough to hear what is said."""
    rate = form.get("abr") or form.get("tbr")
    return float(rate) if isinstance(rate, int | float) and rate > 0 else float("inf")


def _thumbnails(info: dict[str, Any]) -> tuple[str, ...]:
    """The largest, as the list is in order of size."""
    named = [_text(thumbnail.get("url")) for thumbnail in info.get("thumbnails") or () if isinstance(thumbnail, dict)]
    best = _text(info.get("thumbnail")) or next((url for url in reversed(named) if url), "")
    return (best,) if best else ()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
