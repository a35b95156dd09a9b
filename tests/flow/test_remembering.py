"""From one run to the next: a field that a place says no longer, what its finds were worth, spellings that were approved."""

from __future__ import annotations

from collections import Counter

import pytest

from jikim.commands import remembering
from jikim.state import State, Yield
from jikim.sweep import Health, Place
from jikim.types import SourceState
from tests.flow.harness import allow
from tests.flow.interfaces import Place as Server
from tests.flow.interfaces import said


class Kind:
    def __init__(self, name):
        self.name = name


@pytest.fixture
def state(tmp_path):
    with State.open(tmp_path) as state:
        yield state


def answered(named, **filled):
    return Health(SourceState.OK if named else SourceState.EMPTY, named, named=named, filled=Counter(filled))


def noticed(state, health, source="naver"):
    remembering.notice_drift(state, [Place(source, Kind(source), None, identity=f"{source}:ab12")], {source: health})
    return health


def test_a_field_that_is_gone_makes_a_place_changed_and_is_named(state):
    assert noticed(state, answered(40, title=40, posted_at=38)).state is SourceState.OK
    gone = noticed(state, answered(12, title=12))
    assert gone.state is SourceState.CHANGED
    assert (gone.error.key, gone.error.params["field"]) == ("sources.field_gone", "posted_at")
    assert "jikim source accept" in gone.error.message().en
    assert gone.named == 12, "what was found stands"
    assert noticed(state, answered(12, title=12)).state is SourceState.CHANGED, "it is not learned away"
    assert noticed(state, answered(12, title=12, posted_at=12)).state is SourceState.OK


def test_a_line_of_a_recipe_is_named_as_it_stands_in_the_recipe(state):
    noticed(state, answered(40, thumbnail_urls=40), "recipe")
    error = noticed(state, answered(12), "recipe").error
    assert (error.key, error.params["field"]) == ("sources.recipe_line_silent", "fields.thumbnail")


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (answered(40, posted_at=20), answered(12)),
        (answered(10, posted_at=10), answered(12)),
        (answered(40, posted_at=40), answered(3)),
        (answered(40, posted_at=40), answered(12, posted_at=1)),
        (answered(40, posted_at=40), answered(0)),
    ],
)
def test_no_false_alarm_where_little_is_known_or_little_has_changed(before, now, state):
    noticed(state, before)
    was = now.state
    assert noticed(state, now).state is was


def test_what_was_accepted_is_the_usual(state):
    noticed(state, answered(40, posted_at=40))
    state.keep_fields("naver:ab12", {})
    assert noticed(state, answered(40)).state is SourceState.OK


def test_what_gave_much_is_worth_more(state):
    places = [Place(name, Kind(name), None, identity=name) for name in ("much", "little", "new")]
    state.add_yield("much", "k1", Yield(200, 80))
    state.add_yield("little", "k1", Yield(200, 0))
    worths = remembering.worths(state, places, "k1")
    assert worths["much"] > worths["new"] > worths["little"]
    other = remembering.worths(state, places, "k2")
    assert other["much"] > other["new"], "what a place gives for other keywords counts too"


def test_no_place_and_no_keyword_is_written_in_plain(state):
    for bad in ("https://a.example/", "축제"):
        with pytest.raises(Exception, match="source"):
            state.add_yield("naver", bad, Yield(1, 1))
    state.record_health("naver", SourceState.CHANGED, "sources.field_gone", "https://a.example/x")
    assert state.health()[0].field is None


@pytest.fixture
def engine(home):
    """A SearXNG that knows one page for every spelling; a home that may ask it."""
    asked = []

    def answer(path, sent):
        asked.append(sent["q"])
        number = asked.index(sent["q"])
        result = {"url": f"http://127.0.0.1:9/{number}", "title": sent["q"], "content": "", "template": "default.html"}
        first = sent.get("pageno", "1") == "1"
        return said({"results": [result] if first else [], "unresponsive_engines": []})

    place = Server(answer)
    allow(home, f"127.0.0.1:{place.port}", f"localhost:{place.port}")
    yield place, asked
    place.stop()


def test_approved_spellings_are_searched_and_nothing_else(engine, jikim, tmp_path):
    place, asked = engine
    given = ("--organisation", "centre", "--legal-ground", "ground", "--responsible", "person")
    assert jikim("authority", "set", *given).status == 0
    proposed = jikim("source", "variants", "축제").out
    assert proposed.startswith("#축제\t축 제\n")
    file = tmp_path / "approved.tsv"
    file.write_text(proposed.replace("#축제\t축 제\n", "축제\t축 제\n"), "utf-8")
    ran = jikim("sweep", "축제", "--source", f"searxng={place.url}", "--variants", file, "--json")
    assert list(dict.fromkeys(asked)) == ["축제", "축 제"]
    assert ran.summary["candidates"] == 2

    asked.clear()
    file.write_text(proposed, "utf-8")
    jikim("sweep", "축제", "--source", f"searxng={place.url}", "--variants", file, "--json")
    assert set(asked) == {"축제"}


def test_hosts_of_finds_are_proposed_and_kept_sealed(engine, jikim, home):
    place, _ = engine
    given = ("--organisation", "centre", "--legal-ground", "ground", "--responsible", "person")
    assert jikim("authority", "set", *given).status == 0
    for _ in range(2):
        jikim("sweep", "축제", "--source", f"searxng={place.url.replace('127.0.0.1', 'localhost')}", "--json")
    ran = jikim("source", "hosts", "--json")
    (only,) = ran.objects
    assert (only["kind"], only["finds"], only["state"]) == ("page", 2, "proposed")
    assert "127.0.0.1" not in ran.out
    assert b"127.0.0.1" not in (home / "state.sqlite").read_bytes()
    with State.open(home) as state:
        (known,) = state.hosts()
        assert state.decide_host(known.reference, "refused")
        assert not state.decide_host("0" * 64, "approved")
        state.add_host(known.reference, known.sealed, "page", Yield(1, 1))
        assert (state.hosts()[0].state, state.hosts()[0].finds) == ("refused", 3)


def test_a_wrong_line_is_named(jikim, tmp_path):
    file = tmp_path / "approved.tsv"
    file.write_text("축제\t축 제\n축제 축 제\n", "utf-8")
    ran = jikim("sweep", "축제", "--source", "practice", "--variants", file)
    assert ran.status == 2
    assert "Line 2" in ran.err
