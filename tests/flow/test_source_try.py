"""`jikim source try` on every kind of place in the catalogue, each against a server that answers as it does."""

from __future__ import annotations

import json

import pytest

from jikim.seams import SOURCES, plugins
from tests.flow.catalogue import CATALOGUE
from tests.flow.harness import allow
from tests.flow.interfaces import Place
from tests.flow.portals import site

NUMBERS = list(range(12, 0, -1))
OWN = "practice"
"""It brings its own server."""


@pytest.fixture
def trying(home, jikim, tmp_path):
    """`trying(name, answer)` tries a place whose server answers so, as a person does."""
    places: list[Place] = []

    def run(name, answer):
        kind = CATALOGUE[name]
        place = Place(lambda path, sent: answer(kind, path, sent))
        places.append(place)
        home.mkdir()
        settings = "".join(f"{field} = {json.dumps(value)}\n" for field, value in kind.settings.items())
        (home / "config.toml").write_text(
            f'[fetching]\nloopback_allowed = ["127.0.0.1:{place.port}"]\npace_s = 0\n[sources.{name}]\n{settings}'
        )
        given = ("--organisation", "centre", "--legal-ground", "ground", "--responsible", "person")
        assert jikim("authority", "set", *given).status == 0
        return place, jikim("source", "try", f"{name}={kind.named(place.url, tmp_path)}", "축제")

    yield run
    for place in places:
        place.stop()


def test_every_kind_of_place_is_here():
    assert {*CATALOGUE, OWN} == set(plugins(SOURCES))


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_can_be_tried(name, trying, home):
    place, tried = trying(name, lambda kind, path, sent: kind.interface(path, sent, NUMBERS))
    assert (tried.status, tried.err) == (0, "")
    own_page = name in ("page", "crawl")  # they name the page that they begin with, too
    assert f"{len(NUMBERS) + own_page}" in tried.out.splitlines()[0]
    assert f"title {len(NUMBERS) + own_page}" in tried.out or name in ("mastodon", "bluesky")  # posts there have no title
    assert "축제" not in tried.out, "what was found is counted, not shown"
    assert place.url not in tried.out
    blobs = home / "blobs"
    assert not blobs.exists() or not [file for file in blobs.rglob("*") if file.is_file()], "nothing was downloaded"


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_says_what_is_wrong_and_what_to_do(name, trying):
    place, tried = trying(name, lambda kind, path, sent: (403, {}, b"no"))
    assert tried.status == 1
    assert "blocked" in tried.out
    assert "Traceback" not in tried.err
    assert place.url not in tried.out + tried.err
    assert "->" in tried.err or "→" in tried.err, tried.err


def test_practice_can_be_tried(jikim):
    tried = jikim("source", "try", OWN, "축제")
    assert (tried.status, tried.err) == (0, "")


def test_a_site_is_guessed_tried_kept_switched_on_and_then_searched(home, jikim):
    place = Place(lambda path, sent: site(path, sent, NUMBERS))
    try:
        allow(home, f"127.0.0.1:{place.port}")
        given = ("--organisation", "centre", "--legal-ground", "ground", "--responsible", "person")
        assert jikim("authority", "set", *given).status == 0
        guessed = jikim("source", "recipe", f"{place.url}/", "축제", "--keep", "forum")
        assert (guessed.status, guessed.err) == (0, "")
        assert len((home / "recipes" / "forum.toml").read_text().splitlines()) <= 25
        assert jikim("sweep", "축제", "--json").status == 2, "nothing is searched before somebody says so"
        assert jikim("source", "on", "forum").status == 0
        swept = jikim("sweep", "축제", "--json")
        assert swept.summary["sources"]["recipe"]["found"] == 10, swept.err
        assert jikim("source", "off", "forum").status == 0
        assert jikim("sweep", "축제", "--json").status == 2
        gone = jikim("source", "on", "nowhere")
        assert (gone.status, "Traceback" in gone.err) == (2, False)
    finally:
        place.stop()
