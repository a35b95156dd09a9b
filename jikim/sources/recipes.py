"""Site recipes: how to search a site that has no interface of its own, written down in a few lines of TOML.

    search = "https://forum.example/search.php?q={query}&page={page}"
    results = "table.list tr.post"       # CSS; with format = "json" a JMESPath to the list
    charset = "euc-kr"                   # in which the site wants the keyword; pages tell their own

    [fields]                             # of each result: "selector" is its text, "selector@attribute" an attribute,
    url = "a.subject@href"               # "@attribute" one of the result itself; with JSON a JMESPath
    title = "a.subject"
    posted = "td.date"

    [paging]
    pages = 5                            # {page} counts first, first + step, ...; or next = "a.next@href"

    [dates]
    format = "%Y.%m.%d"                  # as strptime; without it ISO 8601 and what mail writes
    zone = "Asia/Seoul"

Other fields: text, author, thumbnail, media, duration. `language`, a tag such as ko, is what the site is asked to speak;
`canary` is a word for which the site always has something: without it nobody can tell a site that has nothing from one that
has changed. With `on = true` the site is searched whenever no places are named.
"""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import jmespath
import msgspec
from cssselect import SelectorError
from jmespath.exceptions import JMESPathError
from lxml.cssselect import CSSSelector

from jikim.errors import BadUse
from jikim.sources.canonical import canonical
from jikim.sources.dates import posted_at

RECIPE_BYTES = 64 * 2**10
VALUES_LIMIT = 100

Selector = Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]


class Fields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: Selector
    title: Selector | None = None
    text: Selector | None = None
    author: Selector | None = None
    posted: Selector | None = None
    thumbnail: Selector | None = None
    media: Selector | None = None
    duration: Selector | None = None


class Paging(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    first: int = 1
    step: int = 1
    pages: Annotated[int, msgspec.Meta(ge=1, le=50)] = 5
    next: Selector | None = None


class Dates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str | None = None
    zone: str = "UTC"

    def instant(self, said: str, now: datetime) -> datetime | None:
        """The instant that a result names; None where it names none that can be true."""
        if self.format is None:
            return posted_at(said, now)
        try:
            read = datetime.strptime(said.strip()[:64], self.format)
        except ValueError:
            return None
        return posted_at(read if read.tzinfo else read.replace(tzinfo=ZoneInfo(self.zone)), now)


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    search: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
    results: Selector
    fields: Fields
    format: Literal["html", "json"] = "html"
    charset: str = "utf-8"
    language: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")] | None = None
    on: bool = False
    canary: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    paging: Paging = Paging()
    dates: Dates = Dates()

    def address(self, query: str, page: int) -> str:
        """The address that asks for `query`. What the site's charset cannot write is left out as `?`."""
        asked = quote(query.encode(self.charset, "replace"), safe="")
        return self.search.replace("{query}", asked).replace("{page}", str(page))


def read_recipe(path: Path) -> Recipe:
    """The recipe in a file. Raises BadUse naming the file and what is wrong in it, before anything is asked of the site."""
    try:
        with path.open("rb") as file:
            written = file.read(RECIPE_BYTES + 1)
        if len(written) > RECIPE_BYTES:
            raise BadUse("sources.recipe_wrong", where=str(path), problem=f"> {RECIPE_BYTES} bytes")
        recipe = msgspec.convert(tomllib.loads(written.decode("utf-8")), Recipe)
        check(recipe)
    except OSError as error:
        raise BadUse("sources.recipe_wrong", where=str(path), problem=error.strerror or str(error)) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError) as error:
        raise BadUse("sources.recipe_wrong", where=str(path), problem=str(error)) from error
    return recipe


def check(recipe: Recipe) -> None:
    """Raises ValueError naming the first line of a recipe that cannot work, BadUse for its address."""
    names = {name for _, name, _, _ in string.Formatter().parse(recipe.search) if name is not None}
    if not {"query"} <= names <= {"query", "page"}:
        raise ValueError("search: {query}, {page}")
    try:
        "".encode(recipe.charset)
        ZoneInfo(recipe.dates.zone)
    except (LookupError, ZoneInfoNotFoundError) as error:
        raise ValueError(str(error)) from error
    canonical(recipe.address("a", recipe.paging.first))
    selectors = {"results": recipe.results, "paging.next": recipe.paging.next, **_named(recipe.fields)}
    for name, selector in selectors.items():
        if selector is not None:
            try:
                _compiled(recipe, selector)
            except (SelectorError, JMESPathError) as error:
                raise ValueError(f"{name}: {selector!r}: {error}") from error


def _named(fields: Fields) -> dict[str, str | None]:
    return {f"fields.{name}": getattr(fields, name) for name in fields.__struct_fields__}


def _compiled(recipe: Recipe, selector: str) -> Any:
    return jmespath.compile(selector) if recipe.format == "json" else CSSSelector(_split(selector)[0] or "*", translator="html")


_ATTRIBUTE = re.compile(r"(.*?)@([A-Za-z_:][\w:.-]*)\Z", re.DOTALL)


def _split(selector: str) -> tuple[str, str | None]:
    """`a.title@href` as its selector and its attribute."""
    found = _ATTRIBUTE.match(selector.strip())
    return (found[1].strip(), found[2]) if found else (selector.strip(), None)


class HtmlReading:
    """Reads results from a page's tree."""

    def __init__(self, recipe: Recipe) -> None:
        self._results = CSSSelector(recipe.results, translator="html")
        self._recipe = recipe

    def results(self, root: Any) -> list[Any]:
        """The elements that are a result each."""
        return list(self._results(root))

    def values(self, element: Any, selector: str | None) -> list[str]:
        """What a selector gives in an element, empty values left out."""
        if selector is None:
            return []
        path, attribute = _split(selector)
        found = CSSSelector(path, translator="html")(element) if path else [element]
        said = (each.get(attribute) if attribute else " ".join(each.itertext()) for each in found[:VALUES_LIMIT])
        return [text.strip() for text in said if text and text.strip()]


class JsonReading:
    """Reads results from an answer in JSON."""

    def __init__(self, recipe: Recipe) -> None:
        self._results = jmespath.compile(recipe.results)

    def results(self, root: Any) -> list[Any]:
        """The objects that are a result each; none where the path leads to no list."""
        found = self._results.search(root)
        return found if isinstance(found, list) else []

    def values(self, element: Any, selector: str | None) -> list[str]:
        """What a JMESPath gives in an object: texts and numbers, one or a list of them."""
        if selector is None:
            return []
        found = jmespath.search(selector, element)
        several = found[:VALUES_LIMIT] if isinstance(found, list) else [found]
        return [str(one).strip() for one in several if isinstance(one, str | int | float) and not isinstance(one, bool)]


def reading(recipe: Recipe) -> HtmlReading | JsonReading:
    """What reads the answers of a recipe's site."""
    return JsonReading(recipe) if recipe.format == "json" else HtmlReading(recipe)


_ON = re.compile(r"^on[ \t]*=.*(?:\n|\Z)", re.MULTILINE)


def switched(text: str, *, is_on: bool) -> str:
    """A recipe's text with its site among those that are searched when no places are named, or not. Nothing else of it changes:
    what only looks like the line, within a value of several lines, stays."""
    found = _switch(text)
    without = text[: found.start()] + text[found.end() :] if found else text
    return f"{'on = true' if is_on else ''}\n{without}".lstrip("\n")


def is_on(file: Path) -> bool:
    """Whether a recipe is switched on, as far as can be told of one that cannot be used: that is then said where it is."""
    found = _switch(file.read_text("utf-8", "replace"))
    return found is not None and found[0].partition("=")[2].split("#")[0].strip() == "true"


def _switch(text: str) -> re.Match[str] | None:
    """The line that switches a recipe on or off: the one without which all the rest says the same. Of what is no TOML the first
    line that looks like it, before any table."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return _ON.search(text[: text.find("\n[") + 1 or None])
    if said.pop("on", None) is None:
        return None
    for found in _ON.finditer(text):
        with suppress(tomllib.TOMLDecodeError):
            if tomllib.loads(text[: found.start()] + text[found.end() :]) == said:
                return found
    return None


def recipes(folder: Path) -> Mapping[str, Path]:
    """The recipes of a folder by their names."""
    return {path.stem: path for path in sorted(folder.glob("*.toml")) if path.is_file()}
