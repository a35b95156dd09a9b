"""A recipe guessed from a site's own pages: its search form, and what repeats on the page that this gives.

A guess is for a person to look at: it is tried like any recipe, and nothing is searched with it before it was approved.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

from jikim.errors import SourceChanged
from jikim.seams import Fetcher
from jikim.sources.canonical import canonical, resolved, site
from jikim.sources.markup import page_tree
from jikim.sources.page import page_text
from jikim.sources.recipes import Dates, Fields, Paging, Recipe, check
from jikim.sources.text import matches, plain
from jikim.types import Answer, Keyword

ROWS = 2
"""So many alike make results."""
LINKS_LIMIT = 2_000
_QUERY_NAMES = ("q", "query", "search", "keyword", "kw", "s", "stx", "word", "text", "term", "find", "searchterm", "sv")
_MARK = "jikimquery"
_OLD_CHARSET = re.compile(r"euc-kr|ks_c_5601|cp949|ms949|windows-949", re.IGNORECASE)
_CLASS = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
_DAY = re.compile(r"\d{4}([.\-/])\d{1,2}\1\d{1,2}")


def guessed(url: str, keyword: Keyword, fetcher: Fetcher) -> Recipe:
    """A recipe for the site whose page is at `url`; two pages of it are asked for, the second its search for `keyword`.

    Raises SourceChanged where there is no search form, or no results in it, and as the fetcher does.
    """
    front = fetcher.get(url)
    form = _search_form(page_tree(page_text(front)), front.final_url)
    if form is None:
        raise SourceChanged("sources.no_search_form", where=url)
    charset = "euc-kr" if _OLD_CHARSET.search(_said_charset(front)) else "utf-8"
    asked = form.replace("{query}", quote(keyword.text.encode(charset, "replace"), safe=""))
    answer = fetcher.get(asked)
    root = page_tree(page_text(answer))
    rows = _rows(root, answer.final_url, keyword) if root is not None else []
    if not rows:
        raise SourceChanged("sources.no_results_seen", where=asked)
    paged = _paged(root, answer.final_url, form)
    recipe = Recipe(
        search=paged or form,
        results=_selector(rows[0]),
        fields=_fields(rows, keyword),
        charset=charset,
        paging=Paging() if paged else Paging(pages=1),
        dates=Dates(),
        canary=keyword.text,
    )
    check(recipe)
    return recipe


def written(recipe: Recipe) -> str:
    """The recipe as its file."""
    named = {name: getattr(recipe.fields, name) for name in recipe.fields.__struct_fields__}
    lines = [f"search = {_quoted(recipe.search)}", f"results = {_quoted(recipe.results)}"]
    lines += [f"charset = {_quoted(recipe.charset)}"] if recipe.charset != "utf-8" else []
    lines += [f"canary = {_quoted(recipe.canary)}"] if recipe.canary else []
    lines += ["", "[fields]", *(f"{name} = {_quoted(selector)}" for name, selector in named.items() if selector)]
    lines += ["", "[paging]", f"pages = {recipe.paging.pages}"]
    return "\n".join(lines) + "\n"


def _search_form(root: Any, base: str) -> str | None:
    """The address that a GET form with one line of text asks, `{query}` in place of that."""
    best: tuple[int, str] | None = None
    for form in root.iter("form") if root is not None else ():
        action = resolved(base, form.get("action") or base)
        if (form.get("method") or "get").lower() != "get" or action is None or site(action) != site(base):
            continue
        texts = [
            one for one in form.iter("input") if (one.get("type") or "text").lower() in ("text", "search") and one.get("name")
        ]
        ranked = sorted(texts, key=_query_rank)
        if not ranked:
            continue
        hidden = [(one.get("name"), one.get("value") or "") for one in form.iter("input") if _is_kept(one)]
        chosen = [(one.get("name"), _first_option(one)) for one in form.iter("select") if one.get("name")]
        query = urlencode([*hidden, *chosen, (ranked[0].get("name"), _MARK)])
        address = f"{action.partition('?')[0]}?{query}".replace("{", "%7B").replace("}", "%7D").replace(_MARK, "{query}")
        found = (_query_rank(ranked[0]), address)
        best = min(best, found) if best else found
    return best[1] if best else None


def _query_rank(field: Any) -> int:
    name = field.get("name").lower()
    return _QUERY_NAMES.index(name) if name in _QUERY_NAMES else len(_QUERY_NAMES)


def _is_kept(field: Any) -> bool:
    return (field.get("type") or "").lower() == "hidden" and bool(field.get("name"))


def _first_option(select: Any) -> str:
    options = list(select.iter("option"))
    chosen = next((one for one in options if one.get("selected") is not None), options[0] if options else None)
    return (chosen.get("value") or "") if chosen is not None else ""


def _rows(root: Any, base: str, keyword: Keyword) -> list[Any]:
    """The elements that hold one link each whose words hold the keyword, where at least `ROWS` are of one shape."""
    links = [link for link, _ in zip(root.iter("a"), range(LINKS_LIMIT), strict=False) if _is_result(link, base, keyword)]
    rows = [_row(link, links) for link in links]
    shapes = Counter(_selector(row) for row in rows)
    if not shapes:
        return []
    shape, count = shapes.most_common(1)[0]
    return [row for row in rows if _selector(row) == shape] if count >= ROWS else []


def _is_result(link: Any, base: str, keyword: Keyword) -> bool:
    url = resolved(base, link.get("href") or "")
    return url is not None and canonical(url) != canonical(base) and matches(keyword, " ".join(link.itertext()))


def _row(link: Any, links: list[Any]) -> Any:
    """The largest element around a link that holds no other result."""
    row = link
    others = [one for one in links if one is not link and one.get("href") != link.get("href")]
    while (parent := row.getparent()) is not None and parent.tag not in ("body", "html", "table", "tbody"):
        if any(parent in set(one.iterancestors()) for one in others):
            break
        row = parent
    return row


def _selector(element: Any) -> str:
    classes = [one for one in (element.get("class") or "").split() if _CLASS.match(one) and not any(c.isdigit() for c in one)]
    return f"{element.tag}.{classes[0]}" if classes else str(element.tag)


def _fields(rows: list[Any], keyword: Keyword) -> Fields:
    first = rows[0]
    link = next(one for one in first.iter("a") if matches(keyword, " ".join(one.itertext())))
    classes = _selector(link)
    inside = classes if link is not first else ""
    posted = next((selector for selector in (_posted(row) for row in rows) if selector), None)
    thumbnail = "img@src" if all(any(True for _ in row.iter("img")) for row in rows) else None
    return Fields(url=f"{inside}@href", title=inside or None, posted=posted, thumbnail=thumbnail)


def _posted(row: Any) -> str | None:
    for element in row.iter():
        if element.tag == "time" and element.get("datetime"):
            return "time@datetime"
        if isinstance(element.tag, str) and len(element) == 0 and _DAY.fullmatch(plain(element.text or "", 40)):
            return _selector(element)
    return None


def _paged(root: Any, base: str, form: str) -> str | None:
    """The form's address with `{page}` where a link named 2 differs from it by one parameter whose value is 2."""
    asked = dict(parse_qsl(urlsplit(base).query, keep_blank_values=True, encoding="utf-8", errors="replace"))
    for link in _numbered(root):
        parts = urlsplit(urljoin(base, link))
        said = dict(parse_qsl(parts.query, keep_blank_values=True, encoding="utf-8", errors="replace"))
        more = {name for name, value in said.items() if asked.get(name) != value}
        if parts.path == urlsplit(base).path and len(more) == 1 and said[name := more.pop()] == "2":
            kept = re.sub(rf"[?&]{re.escape(name)}=[^&]*", "", form)
            return f"{kept}{'&' if '?' in kept else '?'}{quote(name)}={{page}}"
    return None


def _numbered(root: Any) -> Iterator[str]:
    for link in root.iter("a"):
        if plain(" ".join(link.itertext()), 10).strip("[] ") == "2" and link.get("href"):
            yield link.get("href")


def _said_charset(answer: Answer) -> str:
    """What the server or the page's beginning says of its encoding."""
    return answer.headers.get("content-type", "") + answer.body[:4096].decode("ascii", "replace")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
