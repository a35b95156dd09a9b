"""The plug of any place is pulled during a sweep: it is said at once, what it had named stands, the others deliver the rest."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import pytest

from jikim.config import Fetching
from jikim.fetching import SafeFetcher
from jikim.state import State
from jikim.sweep import Health, search
from jikim.sweep import Place as Asked
from jikim.types import Keyword, SourceState
from jikim.vault import Vault
from tests.flow.catalogue import CATALOGUE, number_of
from tests.flow.dying_server import numbers_of
from tests.flow.harness import allow
from tests.flow.interfaces import Place

FESTIVAL = Keyword("축제")
ANSWERED = {"mediawiki": 2, "youtube": 2, "feed": 0, "page": 0, "listing": 3, "crawl": 4}
"""How many requests each answers before its plug is pulled; one for all others."""


class Dying:
    """The process of a server that is killed as soon as it was asked for more than it answers."""

    def __init__(self, name: str) -> None:
        command = [sys.executable, "-m", "tests.flow.dying_server", name, str(ANSWERED.get(name, 1))]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._process.stdout
        self.url = self._process.stdout.readline().strip()
        self._killing = Thread(target=self._kill_when_asked)
        self._killing.start()

    def _kill_when_asked(self) -> None:
        assert self._process.stdout
        self._process.stdout.readline()
        self._process.kill()

    def stop(self) -> None:
        self._process.kill()
        self._killing.join()
        self._process.wait()
        assert self._process.stdout
        self._process.stdout.close()


@pytest.fixture
def dying() -> Iterator[Callable[[str], Dying]]:
    with ExitStack() as stack:

        def start(name: str) -> Dying:
            server = Dying(name)
            stack.callback(server.stop)
            return server

        yield start


@pytest.fixture
def healthy() -> Iterator[Place]:
    place = Place(lambda path, sent: CATALOGUE["searxng"].interface(path, sent, [9001, 9002, 9003]))
    yield place
    place.stop()


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_plug_of_each_is_pulled(name, dying, healthy, tmp_path):
    server = dying(name)
    with ExitStack() as stack:
        vault = stack.enter_context(Vault.open(tmp_path / "home"))
        places = []
        for kind, url, called in ((CATALOGUE[name], server.url, "dying"), (CATALOGUE["searxng"], healthy.url, "well")):
            reach = Fetching(loopback_allowed=(url.removeprefix("http://"),), connect_timeout_s=20, read_timeout_s=60)
            fetcher = stack.enter_context(SafeFetcher(reach, vault, "sweep:2026-11-22", retry_pauses_s=()))
            places.append(Asked(called, kind.source(url, tmp_path, fetcher), fetcher))
        found, health = asyncio.run(_searched(places))
    before = {"listing": 3, "crawl": 3}.get(name, CATALOGUE[name].page_size)
    assert [number for called, number in found if called == "dying" and number] == numbers_of(name)[:before]
    assert health["dying"].state is SourceState.DEAD, health["dying"]
    assert health["dying"].error.key in ("fetching.unreachable", "fetching.cut_short")
    assert {number for called, number in found if called == "well"} == {9001, 9002, 9003}
    assert health["well"].state is SourceState.OK


async def _searched(places: list[Asked]) -> tuple[list[tuple[str, int | None]], dict[str, Health]]:
    health: dict[str, Health] = {}
    deadline = asyncio.get_running_loop().time() + 120
    found = [
        (place.name, number_of(one.native_id)) async for place, one in search(FESTIVAL, places, None, 5000, deadline, health)
    ]
    return found, health


def test_the_next_look_at_health_says_it(dying, healthy, home: Path, jikim):
    server = dying("kakao")
    allow(home, server.url.removeprefix("http://"), f"127.0.0.1:{healthy.port}")
    with (home / "config.toml").open("a") as file:
        file.write(f'[sources.kakao]\nurl = "{server.url}"\nkey = "{CATALOGUE["kakao"].settings["key"]}"\nservices = ["web"]\n')
    given = ("--organisation", "centre", "--legal-ground", "ground", "--responsible", "person")
    assert jikim("authority", "set", *given).status == 0
    swept = jikim("sweep", "축제", "--source", "kakao", "--source", f"searxng={healthy.url}", "--json", "--limit", "400")
    assert swept.status == 1
    assert swept.summary["sources"]["kakao"] == {"state": "dead", "found": 50}
    assert swept.summary["sources"]["searxng"]["found"] == 3
    with State.open(home) as state:
        assert {one.source: one.state for one in state.health()}["kakao"] is SourceState.DEAD
    told = jikim("source", "health")
    assert told.status == 1
    assert "What to do" in told.out
