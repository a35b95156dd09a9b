"""A site that is searched by a recipe: a file of TOML that says where it searches and where the results stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from jikim.errors import JikimError, NotConfigured, SourceChanged
from jikim.seams import Fetcher, SourceExample
from jikim.sources.answers import read
from jikim.sources.candidates import candidate
from jikim.sources.canonical import canonical, resolved
from jikim.sources.dates import duration_s
from jikim.sources.markup import page_tree
from jikim.sources.page import page_text
from jikim.sources.paging import Mark, Page, paged
from jikim.sources.recipes import Recipe, check, read_recipe, reading
from jikim.sources.walls import refuse_wall
from jikim.types import Candidate, Keyword


class RecipeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`url` is the path of the recipe's file; `recipe` holds one instead of a file."""

    url: str | None = None
    recipe: Recipe | None = None


class RecipeSource:
    name: ClassVar[str] = "recipe"
    names_pages: ClassVar[bool] = True
    Config: ClassVar[type[msgspec.Struct]] = RecipeConfig

    def __init__(self, config: RecipeConfig, fetcher: Fetcher) -> None:
        self._config = config
        self._fetcher = fetcher
        self.warnings: list[JikimError] = []
        self.canary = _recipe(config).canary or "" if config.url or config.recipe else ""

    def search(self, keyword: Keyword, since: datetime | None, limit: int) -> Iterator[Candidate]:
        """See `jikim.seams.Source`. Raises SourceChanged where results are there but not one has an address."""
        self.warnings = []
        self.verify(self._config)
        recipe = _recipe(self._config)
        yield from paged(
            {"page": recipe.paging.first},
            lambda mark: self._page(recipe, keyword, mark),
            since,
            limit,
            self.warnings,
        )

    def _page(self, recipe: Recipe, keyword: Keyword, mark: Mark) -> Page:
        number = int(mark["page"])
        url = str(mark["url"]) if "url" in mark else recipe.address(keyword.text, number)
        spoken = {"accept-language": f"{recipe.language},ko;q=0.5,en;q=0.3"} if recipe.language else None
        answer = self._fetcher.get(url, headers=spoken)
        root = read(answer, object) if recipe.format == "json" else page_tree(page_text(answer))
        reader = reading(recipe)
        results = reader.results(root) if root is not None else []
        if not results and recipe.format == "html":
            refuse_wall(root, answer.final_url)
        found = [made for result in results if (made := self._candidate(recipe, reader, result, answer.final_url, keyword))]
        if results and not found:
            raise SourceChanged("sources.field_changed", where=url, field="fields.url")
        return Page(url, found, _following(recipe, reader, root, answer.final_url, number) if found else None)

    def _candidate(self, recipe: Recipe, reader: Any, result: Any, base: str, keyword: Keyword) -> Candidate | None:
        """None for a row that leads nowhere: a heading, an advertisement."""
        fields = recipe.fields

        def first(selector: str | None) -> str:
            return next(iter(reader.values(result, selector)), "")

        url = resolved(base, first(fields.url)) if first(fields.url) else None
        if url is None:
            return None
        now = datetime.now(UTC)
        return candidate(
            self.name,
            canonical(url),
            keyword,
            now,
            url=url,
            title=first(fields.title),
            text=" ".join(reader.values(result, fields.text)),
            author_ref=first(fields.author) or None,
            media_urls=reader.values(result, fields.media),
            thumbnail_urls=reader.values(result, fields.thumbnail),
            duration_s=duration_s(first(fields.duration)),
            posted=recipe.dates.instant(first(fields.posted), now) if first(fields.posted) else None,
        )

    @classmethod
    def verify(cls, config: RecipeConfig) -> None:
        """Raises NotConfigured without a recipe, BadUse naming what is wrong in it."""
        if not config.url and config.recipe is None:
            raise NotConfigured("sources.no_recipe", source=cls.name)
        _recipe(config)

    @classmethod
    def examples(cls) -> Iterable[SourceExample]:
        """A board in EUC-KR with numbered pages, and an answer in JSON that names its next page."""
        board, tube = "https://board.example", "https://tube.example"
        words = "%C3%E0%C1%A6"  # 축제 in EUC-KR
        return [
            SourceExample(
                config={
                    "recipe": {
                        "search": f"{board}/list.php?q={{query}}&page={{page}}",
                        "charset": "euc-kr",
                        "results": "tr",
                        "fields": {"url": "a@href", "title": "a", "posted": ".date"},
                        "paging": {"pages": 2},
                        "dates": {"format": "%Y.%m.%d", "zone": "Asia/Seoul"},
                    }
                },
                answers={
                    f"{board}/list.php?q={words}&page=1": _example_board(1, 2),
                    f"{board}/list.php?q={words}&page=2": _example_board(3),
                },
                keyword=Keyword("축제"),
                native_ids=tuple(f"{board}/view.php?no={number}" for number in (1, 2, 3)),
            ),
            SourceExample(
                config={
                    "recipe": {
                        "search": f"{tube}/api/find?text={{query}}",
                        "format": "json",
                        "results": "data.videos",
                        "fields": {"url": "link", "title": "name", "media": "files[].url", "duration": "seconds"},
                        "paging": {"next": "data.next"},
                    }
                },
                answers={
                    f"{tube}/api/find?text=%EC%B6%95%EC%A0%9C": _example_videos(1, more="/api/more?from=1"),
                    f"{tube}/api/more?from=1": _example_videos(2, more=None),
                },
                keyword=Keyword("축제"),
                native_ids=(f"{tube}/v/1", f"{tube}/v/2"),
            ),
        ]


def _recipe(config: RecipeConfig) -> Recipe:
    if config.recipe is None:
        return read_recipe(Path(str(config.url)))
    check(config.recipe)
    return config.recipe


def _following(recipe: Recipe, reader: Any, root: Any, base: str, number: int) -> Mark | None:
    done = (number - recipe.paging.first) // (recipe.paging.step or 1) + 1
    if done >= recipe.paging.pages:
        return None
    following = number + recipe.paging.step
    if recipe.paging.next is not None:
        url = resolved(base, next(iter(reader.values(root, recipe.paging.next)), ""))
        return {"page": following, "url": url} if url and canonical(url) != canonical(base) else None
    return {"page": following} if "{page}" in recipe.search else None


def _example_board(*numbers: int) -> bytes:
    rows = "".join(f'<tr><td><a href="view.php?no={n}">가을 축제</a><td class="date">2026.10.03</tr>' for n in numbers)
    page = f'<html><head><meta charset="euc-kr"></head><body><table><tr><th>제목</tr>{rows}</table></body></html>'
    return page.encode("euc-kr")


def _example_videos(number: int, more: str | None) -> bytes:
    video = {"link": f"/v/{number}", "name": "가을 축제", "files": [{"url": f"/f/{number}.mp4"}], "seconds": 65}
    return msgspec.json.encode({"data": {"videos": [video], "next": more}})
