"""The pages of the practice platform as text: HTML without script, and RSS 2.0."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from html import escape
from types import MappingProxyType
from urllib.parse import urlencode

from jikim.practice.world import Item, ItemMedia

NAME = "한솔 이웃게시판"
KIND_WORDS: Mapping[str, str] = MappingProxyType({"image": "사진", "video": "동영상", "audio": "소리", "text": "글"})

STYLE = """\
:root { color-scheme: light dark; --ink: #1f2a33; --soft: #5b6b78; --paper: #f7f5f0; --card: #fff; --line: #ddd8cd;
  --accent: #1d6b63; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e6e0; --soft: #a4adb4; --paper: #171b1f; --card: #20262b;
  --line: #353d44; --accent: #7cc7bd; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); line-height: 1.7; font-size: 1rem; word-break: keep-all;
  overflow-wrap: anywhere; font-family: "Noto Sans KR", "Noto Sans CJK KR", "Apple SD Gothic Neo", "Malgun Gothic",
  "NanumGothic", sans-serif; }
header, main, footer { max-width: 46rem; margin: 0 auto; padding: 1rem 1.25rem; }
header { display: flex; flex-wrap: wrap; gap: .75rem 1.5rem; align-items: center; border-bottom: 1px solid var(--line); }
header a { font-weight: 700; text-decoration: none; color: var(--ink); }
a { color: var(--accent); }
form { display: flex; gap: .5rem; flex: 1 1 16rem; }
input { flex: 1; min-width: 0; font: inherit; padding: .45rem .7rem; border: 1px solid var(--line); border-radius: .4rem;
  background: var(--card); color: inherit; }
button { font: inherit; padding: .45rem 1rem; border: 0; border-radius: .4rem; background: var(--accent);
  color: var(--paper); cursor: pointer; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
h1 { font-size: 1.4rem; line-height: 1.4; margin: .5rem 0; }
ul.posts { list-style: none; margin: 1rem 0; padding: 0; }
ul.posts li { display: flex; gap: 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: .9rem; margin: 0 0 .75rem; }
ul.posts img { width: 112px; height: 76px; object-fit: cover; border-radius: .35rem; flex: none; }
ul.posts h2 { font-size: 1.05rem; margin: 0; }
ul.posts p { margin: .2rem 0 0; }
.meta { color: var(--soft); font-size: .88rem; }
article { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1.25rem; }
figure { margin: 1rem 0; }
figure img, figure video { max-width: 100%; height: auto; border-radius: .4rem; display: block; }
figure video { min-width: min(100%, 26rem); }
nav { display: flex; justify-content: space-between; }
footer { color: var(--soft); font-size: .88rem; }
"""

_KST = timezone(timedelta(hours=9), "KST")
_NOT_IN_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def media_path(item: Item, number: int) -> str:
    """Where the platform serves the file `number` of a post; it comes from no file name of the world."""
    return f"/media/{item.id}/{number}.{item.media[number].ending}"


def thumbnail_path(item: Item, number: int) -> str | None:
    """Where it serves the small picture of that file, if there is one."""
    return f"/thumb/{item.id}/{number}.jpg" if item.media[number].thumbnail else None


def home(newest: Sequence[Item], total: int) -> str:
    """The first page: a search box and the newest posts."""
    return _page(
        NAME,
        f"<h1>{NAME}</h1><p>우리 동네 소식과 사진을 나누는 연습용 게시판입니다. 글 {total}건이 있습니다.</p>{_posts(newest)}",
    )


def results(items: Sequence[Item], keyword: str, page: int, total: int, has_next: bool) -> str:
    """One page of what was found for a keyword."""
    if not keyword.strip():
        found = "<p>찾을 말을 적어 주세요.</p>"
    elif total == 0:
        found = "<p>찾은 글이 없습니다.</p>"
    else:
        found = f'<p class="meta">모두 {total}건, {page}쪽</p>{_posts(items)}'
    earlier = _page_link(keyword, page - 1, "이전 쪽", "prev") if page > 1 else "<span></span>"
    later = _page_link(keyword, page + 1, "다음 쪽", "next") if has_next else "<span></span>"
    heading = f"검색: {keyword}" if keyword.strip() else "검색"
    return _page(heading, f"<h1>{escape(heading)}</h1>{found}<nav>{earlier}{later}</nav>", keyword)


def item(post: Item, origin: str) -> str:
    """The page of one post, its pictures, videos and sounds in it."""
    figures = "".join(_figure(post, number) for number in range(len(post.media)))
    body = (
        f"<article><h1>{escape(_title(post))}</h1>{_meta(post)}"
        f"<p>{escape(post.text)}</p>{figures}</article>"
    )  # fmt: skip
    return _page(_title(post), body, head=_open_graph(post, origin))


def notice(heading: str, sentence: str) -> str:
    """A page that only says something, such as that there is nothing here."""
    return _page(heading, f"<h1>{escape(heading)}</h1><p>{escape(sentence)}</p>")


def feed(items: Sequence[Item], keyword: str, origin: str) -> str:
    """RSS 2.0 with an enclosure a file, and Media RSS for durations and small pictures."""
    link = f"{origin}/search?{urlencode({'q': keyword})}" if keyword else f"{origin}/"
    title = f"{NAME}: {keyword}" if keyword else NAME
    entries = "".join(_entry(post, origin) for post in items)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/">\n'
        f"<channel><title>{_xml(title)}</title><link>{_xml(link)}</link>"
        f"<description>{_xml('동네 소식과 사진')}</description><language>ko</language>\n{entries}</channel></rss>\n"
    )


def _page(title: str, body: str, keyword: str = "", head: str = "") -> str:
    return (
        '<!doctype html>\n<html lang="ko"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="stylesheet" href="/style.css">{head}</head><body>'
        f'<header><a href="/">{NAME}</a><form action="/search" role="search">'
        f'<input type="search" name="q" aria-label="찾을 말" placeholder="찾을 말" value="{escape(keyword)}">'
        f"<button>찾기</button></form></header><main>{body}</main>"
        "<footer>지킴을 시험해 보는 연습용 게시판입니다. 그림은 모두 그린 것이거나 사용 허락을 받은 것입니다.</footer>"
        "</body></html>\n"
    )


def _title(post: Item) -> str:
    return post.title.strip() or "제목 없음"


def _meta(post: Item) -> str:
    when = post.posted_at.astimezone(_KST)
    return (
        f'<p class="meta">{escape(post.author)} · <time datetime="{post.posted_at.isoformat()}">'
        f"{when:%Y.%m.%d %H:%M}</time> · {KIND_WORDS[post.kind]}{_length(post)}</p>"
    )


def _length(post: Item) -> str:
    duration_s = post.media[0].duration_s if post.media else None
    return f" {int(duration_s) // 60}:{int(duration_s) % 60:02d}" if duration_s is not None else ""


def _posts(items: Sequence[Item]) -> str:
    return '<ul class="posts">' + "".join(_post_line(post) for post in items) + "</ul>"


def _post_line(post: Item) -> str:
    thumbnail = thumbnail_path(post, 0) if post.media else None
    picture = f'<img src="{thumbnail}" alt="" loading="lazy" width="112" height="76">' if thumbnail else ""
    text = post.text if len(post.text) <= 90 else post.text[:90] + "…"
    return (
        f'<li>{picture}<div><h2><a href="/item/{post.id}">{escape(_title(post))}</a></h2>'
        f"{_meta(post)}<p>{escape(text)}</p></div></li>"
    )


def _figure(post: Item, number: int) -> str:
    source = media_path(post, number)
    thumbnail = thumbnail_path(post, number)
    match post.media[number].kind:
        case "image":
            return f'<figure><img src="{source}" alt="{escape(_title(post))}" loading="lazy"></figure>'
        case "video":
            poster = f' poster="{thumbnail}"' if thumbnail else ""
            return f'<figure><video src="{source}" controls preload="none"{poster}></video></figure>'
        case _:
            return f'<figure><audio src="{source}" controls preload="none"></audio></figure>'


def _page_link(keyword: str, page: int, words: str, relation: str) -> str:
    return f'<a rel="{relation}" href="/search?{escape(urlencode({"q": keyword, "page": page}))}">{words}</a>'


def _open_graph(post: Item, origin: str) -> str:
    properties = [("og:title", _title(post)), ("og:type", "article"), ("og:url", f"{origin}/item/{post.id}")]
    for number, media in enumerate(post.media):
        properties.append((f"og:{media.kind}", origin + media_path(post, number)))
    return "".join(f'<meta property="{name}" content="{escape(content)}">' for name, content in properties)


def _xml(text: str) -> str:
    return escape(_NOT_IN_XML.sub("", text))


def _entry(post: Item, origin: str) -> str:
    url = f"{origin}/item/{post.id}"
    files = "".join(_enclosure(post, number, media, origin) for number, media in enumerate(post.media))
    return (
        f'<item><title>{_xml(_title(post))}</title><link>{url}</link><guid isPermaLink="true">{url}</guid>'
        f"<description>{_xml(post.text)}</description><dc:creator>{_xml(post.author)}</dc:creator>"
        f"<pubDate>{_rfc822(post.posted_at)}</pubDate>{files}</item>\n"
    )


def _enclosure(post: Item, number: int, media: ItemMedia, origin: str) -> str:
    url = origin + media_path(post, number)
    size_bytes = media.path.stat().st_size if media.path.exists() else 0
    duration = f' duration="{media.duration_s:g}"' if media.duration_s is not None else ""
    thumbnail = thumbnail_path(post, number)
    small = f'<media:thumbnail url="{origin}{thumbnail}"/>' if thumbnail else ""
    return (
        f'<enclosure url="{url}" type="{media.mime}" length="{size_bytes}"/>'
        f'<media:content url="{url}" type="{media.mime}" medium="{media.kind}"{duration}>{small}</media:content>'
    )


def _rfc822(when: datetime) -> str:
    return format_datetime(when, usegmt=True)
