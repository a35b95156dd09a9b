"""A site that Jikim knows no code for: reached by a recipe, by its feed and by its sitemap."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.conftest import the_state

RECIPE = """\
search = "{url}/doku.php?do=search&q={{query}}"
results = "dl.search_results dt"
language = "ko"
[fields]
url = "a@href"
title = "a"
[paging]
pages = 1
"""


@pytest.fixture
def places(site, tmp_path: Path) -> dict[str, str]:
    """The three ways to the site, each as `--source` wants it."""
    recipe = tmp_path / "site.toml"
    recipe.write_text(RECIPE.format(url=site.url), "utf-8")
    assert len(recipe.read_text("utf-8").splitlines()) <= 25
    return {
        "recipe": f"recipe={recipe}",
        "feed": f"feed={site.url}/feed.php",
        "sitemap": f"sitemap={site.url}/doku.php?do=sitemap",
    }


@pytest.mark.parametrize("way", ["recipe", "feed", "sitemap"])
def test_what_is_posted_is_found_and_what_is_removed_is_gone(way, places, site, reaching, film):
    site.post_file(f"{way}.webm", film)
    site.post(f"{way}축제", "가을 축제", "강변의 등불", f"{way}.webm")
    site.post(f"{way}바다", "여름 바다", "모래와 파도")
    jikim = reaching(site.host)
    try:
        found = jikim("sweep", "축제", "--source", places[way], "--json")
        assert found.status == 0, found.err
        (only,) = found.candidates
        assert (only["kind"], only["errors"]) == ("video", [])
        assert only["frames"]
        assert site.host not in found.out + found.err, "outside practice no address is shown"
        tried = jikim("source", "try", places[way], "축제")
        assert (tried.status, tried.err) == (0, "")
        assert "1 found" in tried.out
    finally:
        site.remove(f"{way}축제")
        site.remove_file(f"{way}.webm")
    gone = jikim("sweep", "축제", "--source", places[way], "--json")
    assert gone.candidates == []
    assert the_state(gone, way) == "empty"


def test_a_crawl_finds_what_the_site_links_to(site, reaching, film):
    site.post_file("walk.webm", film)
    site.post("walk", "강변 산책", "[[walk:lantern]]")
    site.post("walk:lantern", "가을 축제", "강변의 등불", "walk.webm")
    jikim = reaching(site.host, more="[sources.crawl]\ndepth = 1\npages = 60\n")
    place = f"crawl={site.url}/doku.php?id=walk"
    try:
        found = jikim("sweep", "축제", "--source", place, "--json")
        assert "video" in [one["kind"] for one in found.candidates], found.err
    finally:
        site.remove("walk:lantern")
        site.remove_file("walk.webm")
    gone = jikim("sweep", "축제", "--source", place, "--json")
    assert "video" not in [one["kind"] for one in gone.candidates]
