"""What one answer says of a find: still there, gone, or nothing that proves either. Pure functions over what was seen.

What speaks for "still there" is asked first; "gone" is only what a server says by status for the page and every file. A page
that says so in words (soft 404), a parked domain, a login wall and a captcha prove nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import unquote, urlsplit

from jikim.sources.canonical import canonical
from jikim.sources.charsets import decoded
from jikim_desk.notices.models import Seen

NOT_ASKED = "not_asked"
"""The sign of a visit that robots.txt or our own rules forbade."""
_READ_BYTES = 256 * 1024
_SHORT_TEXT = 1500
_TITLE_MIN, _PATH_MIN = 6, 8
# What is never closed goes to the end of the page, as browsers have it: else each "<" begins a search through all that follows.
_TAGS = re.compile(r"<(script|style|noscript)\b.*?(?:</\1\s*>|\Z)|<[^>]+(?:>|\Z)", re.I | re.S)
_TITLE = re.compile(r"<title[^<>]*>(.*?)(?:</title|\Z)", re.I | re.S)
_CAPTCHA = re.compile(
    r"g-recaptcha|h-captcha|hcaptcha\.com|cf-turnstile|challenges\.cloudflare|cf-chl|captcha-delivery|"
    r"verify (?:that )?you are (?:a )?human|checking your browser|are you a robot|"
    r"자동입력 방지|로봇이 아닙니다|人机验证|验证码",
    re.I,
)
_LOGIN_PATH = re.compile(r"/(?:login|log-in|signin|sign-in|auth|member/login|account/login|adult[-_]?(?:check|auth))\b", re.I)
_LOGIN = re.compile(
    r"<input[^<>]+type=[\"']?password|로그인이 필요|로그인 후 이용|please (?:log|sign) ?in|login required|"
    r"성인 ?인증",
    re.I,
)
_PARKED = re.compile(
    r"domain (?:name )?(?:is|may be) for sale|buy this domain|this domain is parked|parked (?:free|domain)|sedoparking|"
    r"parkingcrew|bodis\.com|도메인(?:이|을)? ?(?:판매|구입|매각)|域名出售|この(?:ドメイン|サイト)は.{0,12}(?:販売|売却)",
    re.I,
)
_SOFT_404 = re.compile(
    r"\b404\b|not found|no longer available|(?:has been|was) (?:removed|deleted)|does(?:n't| not) exist|"
    r"page (?:is )?unavailable|"
    r"존재하지 않|삭제된|삭제되었|찾을 수 없|없는 (?:게시물|페이지|주소)|見つかりません|削除され|不存在|已删除|已被删除|未找到|"
    r"не найден|удал[её]н|không tìm thấy|đã bị xóa|không tồn tại|no encontrad|eliminad|no existe",
    re.I,
)
_ELSEWHERE_ONLY = re.compile(
    r"(?:not|isn['’]t) available in your (?:country|region|location|area)|(?:country|region) is not supported|"
    r"(?:해당|현재|귀하의|이) ?(?:국가|지역)에서는? ?(?:이용|시청|접속|제공|볼)|お住まいの(?:国|地域)|この国では|"
    r"(?:您|你)所在的?(?:国家|國家|地区|地區)|недоступ\w* в ваше[йм] (?:стране|регионе)|"
    r"không (?:khả dụng|có sẵn) (?:ở|tại) (?:quốc gia|khu vực)|no está disponible en (?:tu|su) (?:país|región)",
    re.I,
)
_BLOCK_PAGE_HOSTS = frozenset({"warning.or.kr", "www.warning.or.kr"})
_BLOCK_WORDS = re.compile(
    r"불법[·ㆍ.]?유해 ?(?:정보|사이트).{0,40}차단|access to this (?:site|page) is blocked by "
    r"(?:order|law)",
    re.I | re.S,
)


@dataclass(frozen=True, slots=True)
class Known:
    """What the find was: its addresses, hashes and the validators its files had."""

    url: str
    title: str
    page_sha256: frozenset[str]
    media: Sequence[MediaKnown] = ()
    led_to: frozenset[str] = frozenset()
    """Where its page answered then, after redirects."""


@dataclass(frozen=True, slots=True)
class MediaKnown:
    """One file of it. `size_bytes` and `etag` are compared before any byte is fetched."""

    url: str
    sha256: str
    size_bytes: int
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer. `status` is None where none came; `error` says why, as a message key, and `was_asked` whether anything was
    asked at all: our own policy may forbid it."""

    url: str
    status: int | None
    final_url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    sha256: str = ""
    body: bytes = b""
    error: str = ""
    was_asked: bool = True


def judge(known: Known, page: Answered, files: Sequence[Answered]) -> tuple[Seen, str]:
    """What a visit shows, and the sign it is told by. `files` are the answers for `known.media`, in their order."""
    there = _there(known, page, files)
    if there:
        return there
    for one in (page, *files):
        if one.status == 451:
            return Seen.REFUSED_HERE, "status_451"
    if (urlsplit(page.final_url).hostname or "") in _BLOCK_PAGE_HOSTS:
        return Seen.REFUSED_HERE, "block_page"
    if page.status in (404, 410):
        if all(one.status in (404, 410) for one in files):
            return Seen.GONE, f"status_{page.status}"
        return Seen.CANNOT_TELL, "files_not_gone"
    if page.headers.get("cf-mitigated", "").lower() == "challenge":
        return Seen.CANNOT_TELL, "captcha"
    if page.status == 403:
        return Seen.REFUSED_HERE, "status_403"
    if page.status in (401, 407):
        return Seen.CANNOT_TELL, "login_wall"
    if page.status is None:
        return _no_answer(page) if page.was_asked else (Seen.CANNOT_TELL, NOT_ASKED)
    if page.status >= 400:
        return (Seen.UNREACHABLE, f"status_{page.status}")
    return _of_words(page)


def _there(known: Known, page: Answered, files: Sequence[Answered]) -> tuple[Seen, str] | None:
    text = _text(page) if page.status == 200 else ""
    has_moved = bool(page.final_url) and canonical(page.final_url) not in {canonical(url) for url in (known.url, *known.led_to)}
    is_there = Seen.MOVED if has_moved else Seen.STILL_THERE
    if page.status == 200 and page.sha256 in known.page_sha256:
        return is_there, "same_bytes"
    for before, now in zip(known.media, files, strict=True):
        if now.status in (200, 206) and _is_same_file(before, now):
            return Seen.STILL_THERE, "file_answers"
    paths = [urlsplit(one.url).path for one in known.media]
    if text and any(len(path) >= _PATH_MIN and path in unescape(text) for path in paths):
        return is_there, "file_on_page"
    title = _TITLE.search(text)
    words = " ".join(unescape(_TAGS.sub(" ", text)).split())
    if len(known.title) >= _TITLE_MIN and title and known.title in " ".join(unescape(title.group(1)).split()):
        return is_there, "title_on_page"
    if len(known.title) >= _TITLE_MIN and words and known.title in words and not _SOFT_404.search(words[:_SHORT_TEXT]):
        return is_there, "title_on_page"
    return None


def _text(page: Answered) -> str:
    """The words of a page as their encoding has them: many older boards are not in UTF-8."""
    return decoded(page.body[:_READ_BYTES], page.headers.get("content-type", ""))


def _is_same_file(before: MediaKnown, now: Answered) -> bool:
    if now.sha256 and now.sha256 == before.sha256:
        return True
    if before.etag and now.headers.get("etag", "").removeprefix("W/") == before.etag.removeprefix("W/"):
        return True
    total = now.headers.get("content-range", "").rpartition("/")[2] or now.headers.get("content-length", "")
    is_media = now.headers.get("content-type", "").startswith(("image/", "video/", "audio/"))
    return is_media and total.isdigit() and int(total) == before.size_bytes


def _no_answer(page: Answered) -> tuple[Seen, str]:
    return Seen.UNREACHABLE, page.error.rpartition(".")[2][:30] or "no_answer"


def _of_words(page: Answered) -> tuple[Seen, str]:
    """A page that answers, but shows nothing of the find."""
    text = _text(page)
    words = " ".join(unescape(_TAGS.sub(" ", text)).split())
    title = _TITLE.search(text)
    heading = unescape(title.group(1)) if title else ""
    if _BLOCK_WORDS.search(words):
        return Seen.REFUSED_HERE, "block_page"
    if _ELSEWHERE_ONLY.search(words[:_SHORT_TEXT]):
        return Seen.REFUSED_HERE, "geo_block"
    if _CAPTCHA.search(text):
        return Seen.CANNOT_TELL, "captcha"
    if _LOGIN_PATH.search(unquote(urlsplit(page.final_url).path)) or _LOGIN.search(text):
        return Seen.CANNOT_TELL, "login_wall"
    if _PARKED.search(text):
        return Seen.CANNOT_TELL, "parked"
    if _SOFT_404.search(heading) or _SOFT_404.search(words[:_SHORT_TEXT]):
        return Seen.CANNOT_TELL, "soft_404"
    if urlsplit(page.final_url).path in ("", "/") and urlsplit(page.url).path not in ("", "/"):
        return Seen.CANNOT_TELL, "sent_home"
    return Seen.CANNOT_TELL, "changed"
