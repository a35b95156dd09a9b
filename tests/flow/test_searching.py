"""One search over several real servers: who is fast does not crowd out who is slow, and who goes down is said so."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import pytest

from jikim.config import Fetching
from jikim.fetching import SafeFetcher
from jikim.sources.searxng import SearxngConfig, SearxngSource
from jikim.sweep import Place, search
from jikim.types import Keyword, SourceState
from jikim.vault import Vault
from tests.flow.interfaces import Place as Server
from tests.flow.interfaces import said


def pages_of(name, count, before=lambda page: None):
    """A SearXNG with `count` results of ten a page; `before(page)` may answer in its stead."""

    def answer(path, sent):
        page = int(sent["pageno"])
        instead = before(page)
        if instead is not None:
            return instead
        numbers = range((page - 1) * 10, min(page * 10, count))
        results = [
            {"url": f"https://{name}.example/{one}", "title": f"축제 {one}", "content": "", "template": "default.html"}
            for one in numbers
        ]
        return said({"results": results, "unresponsive_engines": []})

    return answer


@pytest.fixture
def searched(tmp_path):
    """`searched(answers, limit)`: how many each place found, how it was, and what it was asked."""

    def run(answers, limit, worths=None):
        with ExitStack() as stack:
            vault = stack.enter_context(Vault.open(tmp_path / "home"))
            servers = {name: Server(answer) for name, answer in answers.items()}
            places = []
            for name, server in servers.items():
                stack.callback(server.stop)
                settings = Fetching(loopback_allowed=(f"127.0.0.1:{server.port}",))
                fetcher = stack.enter_context(SafeFetcher(settings, vault, "sweep:2026-11-22", retry_pauses_s=()))
                places.append(Place(name, SearxngSource(SearxngConfig(url=server.url), fetcher), fetcher))
            health = asyncio.run(_searched(places, limit, worths or {}))
            return health, {name: len(server.asked) for name, server in servers.items()}

    return run


async def _searched(places, limit, worths):
    health = {}
    deadline = asyncio.get_running_loop().time() + 60
    async for _ in search(Keyword("축제"), places, None, limit, deadline, health, worths):
        pass
    return health


def test_each_place_has_its_share_and_is_asked_no_more(searched):
    health, asked = searched({name: pages_of(name, 200) for name in ("one", "two", "three")}, 60)
    assert {name: one.found for name, one in health.items()} == {"one": 20, "two": 20, "three": 20}
    assert {one.state for one in health.values()} == {SourceState.OK}
    assert max(asked.values()) <= 3


def test_what_gave_more_before_may_name_more(searched):
    health, _ = searched({name: pages_of(name, 200) for name in ("one", "two")}, 60, {"one": 0.3, "two": 0.1})
    assert {name: one.found for name, one in health.items()} == {"one": 37, "two": 23} or health["one"].found == 38


def test_room_that_is_left_is_used(searched):
    health, _ = searched({"one": pages_of("one", 4), "two": pages_of("two", 200), "none": pages_of("none", 0)}, 60)
    assert {name: one.found for name, one in health.items()} == {"one": 4, "two": 56, "none": 0}
    assert health["none"].state is SourceState.EMPTY


def test_a_place_that_goes_down_in_the_middle_is_said_so_and_the_rest_is_delivered(searched):
    down = pages_of("down", 200, before=lambda page: (503, {}, b"") if page > 1 else None)
    health, _ = searched({"down": down, "two": pages_of("two", 200)}, 60)
    assert (health["down"].state, health["down"].found) == (SourceState.DEAD, 10)
    assert (health["two"].state, health["two"].found) == (SourceState.OK, 50)


def test_one_thing_that_all_name_is_one_find(searched):
    health, _ = searched({name: pages_of("same", 20) for name in ("one", "two")}, 60)
    assert sum(one.found for one in health.values()) == 20
