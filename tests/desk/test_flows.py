"""The engine as people meet it, with real workers: what is asked is found, kept, stopped, run again and handed on."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread

import pytest

from jikim.practice import pages
from jikim.practice.server import PracticeServer
from jikim.practice.world import load_world
from jikim.state import State
from jikim.vault import Vault
from tests.desk.processes import Asker, Running, asking, prepared, running, until
from tests.flow.harness import CARD, drawing

NOTHING = "아무데도없는말"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    rows = [("file", "title", "text", "cue")]
    for number in range(4):
        drawing(f"{number}").save(folder / f"{number}.png")
        rows.append((f"{number}.png", f"축제 그림 {number}", "등불을 그렸습니다", ""))
    drawing("0").resize((640, 480)).save(folder / "again.jpg", quality=75)
    rows.append(("again.jpg", "축제 다시 올린 그림", "같은 그림", ""))
    drawing("wide", (500, 200)).save(folder / "wide.png")
    rows.append(("wide.png", "축제 넓은 그림", "다른 그림", ""))
    (folder / "card.png").write_bytes(CARD.read_bytes())
    rows.append(("card.png", "축제 시험 그림", "시험용", "known_copy"))
    rows.append(("", "축제 날씨", "내일은 맑겠습니다", ""))
    rows += [("", f"신고 {number}", "읽을거리", "") for number in range(3)]
    (folder / "items.tsv").write_text("\n".join("\t".join(row) for row in rows) + "\n", "utf-8")
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with its databases, to be copied."""
    home = prepared(tmp_path_factory.mktemp("made") / "home")
    with asking(home) as asker:
        asker.make()
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "home"))


@pytest.fixture
def platform(home: Path, world: Path) -> Iterator[PracticeServer]:
    with Vault.open(home) as vault:
        key = vault.practice_key()
    with PracticeServer(load_world(world), key) as server:
        yield server


@pytest.fixture
def asker(home: Path) -> Iterator[Asker]:
    with asking(home) as made:
        yield made


def ended(asker: Asker, sweep: str) -> dict:
    return until(lambda: (told := asker.sweep(sweep))["state"] in ("done", "failed", "stopped") and told, 90, "the sweep ended")


def test_what_is_asked_is_found_sealed_grouped_and_shown_once(home, platform, asker):
    place = f"practice={platform.origin}"
    with running(home, "worker"):
        first = asker.ask(["축제"], [place])
        assert ended(asker, first) == {
            "state": "done",
            "health": {"practice": {"state": "ok", "found": 8, "error": "", "field": ""}},
            "error": "",
            "finds": 8,
            "run": 1,
        }
        found = {title: rows[0] for title, rows in asker.finds().items()}
        assert len(found) == 8
        assert all(one["state"] == "waiting" and one["test"] and one["analysis"] for one in found.values())

        card = found["축제 시험 그림"]
        assert card["level"] == "urgent"
        assert [part["part"] for part in card["captures"]] == ["media", "page"], "what is worth a look has its page captured"
        assert card["captures"][1]["chain"] == [card["url"]]
        assert found["축제 날씨"]["captures"] == []
        assert all(part["opens"] for one in found.values() for part in one["captures"])

        same = found["축제 그림 0"]["same_as"]
        assert same == found["축제 다시 올린 그림"]["same_as"], "the same picture in another size and coding is one item"
        others = {title: one["same_as"] for title, one in found.items() if title not in ("축제 그림 0", "축제 다시 올린 그림")}
        assert others.pop("축제 날씨") == ""
        assert len({same, *others.values()}) == len(others) + 1

        before = asker.counts()
        second = asker.ask(["축제", NOTHING], [place])
        assert ended(asker, second)["finds"] == 8
        after = asker.counts()
        assert (after["Candidate"], after["Capture"]) == (before["Candidate"], before["Capture"])
        assert after["Sighting"] == before["Sighting"] + 8


def test_reported_addresses_are_captured_without_a_search(home, platform, asker, world):
    items = [item for item in load_world(world).items if item.title.startswith("신고")]
    addresses = [f"{platform.origin}/item/{item.id}" for item in items]
    gone = f"{platform.origin}/item/0000000000000000"
    with running(home, "worker"):
        told = asker.report([addresses[0], addresses[0], "무슨 말", addresses[1], gone])
        assert told["said"] == ["new", "duplicate", "refused", "new", "new"]
        done = ended(asker, told["sweep"])
        assert {name: one["state"] for name, one in done["health"].items()} == {"1": "ok", "2": "ok", "3": "dead"}
        assert done["health"]["3"]["error"] == "fetching.status"
        found = {row["url"]: row for rows in asker.finds().values() for row in rows}
        assert set(found) == set(addresses[:2])
        for url, one in found.items():
            assert [(part["part"], part["chain"], part["opens"]) for part in one["captures"]] == [("page", [url], True)]
        assert asker.report([addresses[0]]) == {"sweep": None, "said": ["known"]}


def test_what_nobody_queued_is_found(home, platform, asker):
    forgotten = asker.forget([NOTHING], [f"practice={platform.origin}"])
    assert asker.jobs() == []
    with running(home, "worker"):
        assert ended(asker, forgotten)["state"] == "done"
        until(lambda: [(job["lane"], job["state"]) for job in asker.jobs()] == [("interactive", "done")], 10)


@pytest.fixture
def stalling(home: Path) -> Iterator[tuple[str, Event]]:
    """A place that names one find and then says no more until it is let go; its address."""
    go_on = Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/robots.txt":
                self.send_error(404)
                return
            go_on.wait()
            with suppress(OSError):  # who asked has gone
                self.send_error(503)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    host = f"127.0.0.1:{server.server_address[1]}"
    config = home / "config.toml"
    config.write_text(config.read_text().replace("is_practice = true", "is_practice = false"))
    config.write_text(f'[fetching]\nloopback_allowed = ["{host}"]\n' + config.read_text())
    yield f"http://{host}/feed", go_on
    go_on.set()
    server.shutdown()
    server.server_close()


def test_a_sweep_that_is_stopped_keeps_what_it_found_and_can_be_run_again(home, stalling, platform, asker):
    address, go_on = stalling
    asker.authorise()
    with running(home, "worker"):
        sweep = asker.ask(["축제"], [f"practice={platform.origin}", f"feed={address}"])
        until(lambda: asker.sweep(sweep)["finds"] == 8, 60, "the other place does not wait for the silent one")
        assert asker.sweep(sweep)["state"] == "running"
        assert asker.sweep(sweep)["health"]["feed"]["state"] == "slow"
        asker.stop(sweep)
        assert ended(asker, sweep)["state"] == "stopped"
        assert {row["state"] for rows in asker.finds().values() for row in rows} == {"waiting"}
        go_on.set()
        asker.run_again(asker.jobs()[0]["id"])
        done = ended(asker, sweep)
        assert (done["state"], done["run"], done["finds"]) == ("done", 2, 8)
        assert done["health"]["feed"]["state"] == "dead"


@pytest.fixture
def news_sites(home: Path) -> Iterator[list[str]]:
    """A feed whose three entries stand at another host: the feed's host and the other's."""
    hosts: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            item = "<item><title>축제 소식 {0}</title><link>http://{1}/{0}</link><description>등불</description></item>"
            items = "".join(item.format(number, hosts[1]) for number in range(3))
            is_feed = self.path == "/feed"
            body = f"<rss version='2.0'><channel><title>소식</title>{items}</channel></rss>" if is_feed else "<p>축제 등불</p>"
            self.send_response(404 if self.path == "/robots.txt" else 200)
            self.send_header("Content-Type", "application/rss+xml" if is_feed else "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
    hosts += [f"{name}:{server.server_address[1]}" for name, server in zip(("127.0.0.1", "localhost"), servers, strict=True)]
    for server in servers:
        Thread(target=server.serve_forever, daemon=True).start()
    config = home / "config.toml"
    config.write_text(config.read_text().replace("is_practice = true", "is_practice = false"))
    config.write_text(f"[fetching]\nloopback_allowed = {hosts!r}\n".replace("'", '"') + config.read_text())
    yield hosts
    for server in servers:
        server.shutdown()
        server.server_close()


def test_what_a_place_gave_and_where_its_finds_stand_is_remembered(home, news_sites, asker):
    asker.authorise()
    with running(home, "worker"):
        sweep = asker.ask(["축제"], [f"feed=http://{news_sites[0]}/feed"])
        done = ended(asker, sweep)
    assert (done["state"], done["finds"], done["health"]["feed"]["state"]) == ("done", 3, "ok")
    with State.open(home) as state:
        with closing(sqlite3.connect(home / "state.sqlite")) as database:
            ((place, named),) = database.execute("SELECT place, named FROM place_yield")
        assert place.startswith("feed:")
        assert named == 3
        assert state.fields_of(place)["title"] == (3, 3)
        (host,) = state.hosts()
        assert (host.finds, host.kind) == (3, "page")
        assert news_sites[1].encode() not in host.sealed


def test_a_place_that_is_no_longer_set_up_stops_no_other(home, news_sites, asker):
    asker.authorise()
    with running(home, "worker"):
        done = ended(asker, asker.ask(["축제"], ["recipe=gone", f"feed=http://{news_sites[0]}/feed"]))
        alone = ended(asker, asker.ask(["축제"], ["recipe=gone"]))
    assert (done["state"], done["finds"], done["health"]["feed"]["state"]) == ("done", 3, "ok")
    assert (done["health"]["recipe"]["state"], done["health"]["recipe"]["error"]) == ("dead", "sources.recipe_wrong")
    assert alone["state"] == "failed"


class Gate:
    """Counts what the platform is asked for, and keeps who asks for one of `held` waiting until it is opened."""

    def __init__(self, platform: PracticeServer) -> None:
        self._site = platform._server.site
        self._reply = self._site.reply
        self._site.reply = self.reply
        self._lock, self._open = Lock(), Event()
        self.asked: Counter[str] = Counter()
        self.held: tuple[str, ...] = ()

    def reply(self, target: str):
        with self._lock:
            self.asked[target.partition("?")[0]] += 1
        if target.startswith(self.held or ("no such",)):
            self._open.wait()
        return self._reply(target)

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def gate(platform: PracticeServer) -> Iterator[Gate]:
    gate = Gate(platform)
    yield gate
    gate.open()


def test_a_kill_repeats_nothing_but_what_was_in_hand(home, platform, world, gate, asker):
    held = [item for item in load_world(world).items if item.title in ("축제 그림 2", "축제 넓은 그림")]
    gate.held = tuple(pages.media_path(item, number) for item in held for number in range(len(item.media)))
    config = home / "config.toml"  # the two that are held must neither stand in the others' way nor be given up
    config.write_text("[fetching]\nconnections_per_host = 8\ntotal_timeout_s = 600\n" + config.read_text("utf-8"), "utf-8")
    worker = Running(home, "worker")
    sweep = asker.ask(["축제"], [f"practice={platform.origin}"])
    until(lambda: all(gate.asked[path] for path in gate.held), 60, "what is held back is being fetched")
    until(lambda: asker.jobs()[0]["looked_at"] == 6, 180, "everything else was looked at to the end")
    job = asker.jobs()[0]
    assert (job["state"], job["stage"], job["finds"]) == ("running", "look", 8)
    until(lambda: asker.steps(job["id"]) == ["begin", "search"], 20, "the search is a step that is done")
    until(lambda: len(asker.took(sweep)) == 8, 20, "what was noticed at a glance is on record")
    before, asked = asker.took(sweep), dict(gate.asked)
    worker.kill()
    gate.open()
    with running(home, "worker"):
        assert ended(asker, sweep)["state"] == "done"
    assert asker.steps(job["id"]) == ["begin", "search", "look", "end"]
    again = {path: count - asked.get(path, 0) for path, count in gate.asked.items() if count != asked.get(path, 0)}
    again.pop("/.well-known/jikim-practice", None)
    assert {path for path in again if "search" in path or "feed" in path} == set(), "the places are not asked again"
    assert set(again) - set(gate.held) <= {"/robots.txt", *(f"/item/{item.id}" for item in held)}, (
        "nothing else is fetched again"
    )
    after = asker.took(sweep)
    for title in before:
        if title not in {item.title for item in held}:
            assert before[title] == after[title], "what was final is not looked at again"
    assert asker.counts()["Candidate"] == 8


def test_a_watch_that_is_due_searches_by_itself_and_shows_nothing_twice(home, platform, asker):
    place = f"practice={platform.origin}"
    with running(home, "worker"):
        watch = asker.watch(["축제"], [place])
        first = until(lambda: asker.sweeps(), 30)[0]
        assert ended(asker, first)["finds"] == 8
        before = asker.counts()
        asker.due_now(watch)
        second = until(lambda: asker.sweeps()[1:], 30)[0]
        assert ended(asker, second)["finds"] == 8
        after = asker.counts()
        assert (after["Candidate"], after["Capture"], after["Sweep"]) == (before["Candidate"], before["Capture"], 2)
        assert {job["lane"] for job in asker.jobs()} == {"sweep"}


def test_a_job_that_cannot_be_done_says_why(home, asker):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"practice=http://127.0.0.1:{closed.getsockname()[1]}"
    with running(home, "worker"):
        sweep = asker.ask(["축제"], [nobody])
        told = ended(asker, sweep)
        assert (told["state"], told["error"]) == ("failed", "fetching.unreachable")
        job = until(lambda: asker.jobs("failed"), 10)[0]
        assert (job["error"], job["stuck"]) == ("fetching.unreachable", False)


def test_another_worker_takes_over_from_one_that_died(home, platform, stalling, asker):
    address, go_on = stalling
    asker.authorise()
    first = Running(home, "worker")
    sweep = asker.ask(["축제"], [f"practice={platform.origin}", f"feed={address}"])
    until(lambda: asker.sweep(sweep)["finds"] == 8, 60)
    with running(home, "worker"):
        until(lambda: len(asker.workers()) == 2, 60)
        first.kill()
        until(lambda: [one["dead"] for one in asker.workers().values()].count(True) == 1, 60, "the dead one was noticed")
        go_on.set()
        assert ended(asker, sweep)["state"] == "done"
        assert asker.counts()["Candidate"] == 8
        assert asker.counts()["Sighting"] == 8


def test_a_worker_leaves_jobs_of_a_newer_version_alone(home, platform, asker):
    newer = asker.queue_for_version([NOTHING], [f"practice={platform.origin}"], 1)
    with running(home, "worker"):
        mine = asker.ask([NOTHING], [f"practice={platform.origin}"])
        assert ended(asker, mine)["state"] == "done"
        assert asker.sweep(newer)["state"] == "queued"
        assert [job["stuck"] for job in asker.jobs("queued")] == [True]


def test_a_worker_adopts_what_an_older_version_left(home, platform, asker):
    older = asker.queue_for_version([NOTHING], [f"practice={platform.origin}"], -1)
    with running(home, "worker"):
        assert ended(asker, older)["state"] == "done"


def test_a_lost_key_is_said_and_nothing_is_destroyed(home, platform, asker):
    sweep = asker.ask(["축제"], [f"practice={platform.origin}"])
    with running(home, "worker"):
        ended(asker, sweep)
    key = home / "keys" / "fields"
    kept = key.read_bytes()
    key.unlink()
    with running(home, "worker") as refused:
        assert refused.process.wait(60) == 1
        assert "keys/fields" in refused.said
    assert not key.exists()
    key.write_bytes(kept)
    key.chmod(0o600)
    assert len(asker.finds()) == 8


def test_a_worker_ends_at_once_when_it_is_told_to(home, platform, stalling, asker):
    address, _ = stalling
    asker.authorise()
    worker = Running(home, "worker")
    sweep = asker.ask(["축제"], [f"practice={platform.origin}", f"feed={address}"])
    until(lambda: asker.sweep(sweep)["finds"] == 8, 60)
    assert worker.end(signal.SIGTERM, within_s=20) == 0
    group = worker.process.pid
    until(lambda: not [pid for pid in os.listdir("/proc") if pid.isdigit() and _is_of_group(int(pid), group)], 10, "all ended")


def _is_of_group(pid: int, group: int) -> bool:
    try:
        return os.getpgid(pid) == group
    except ProcessLookupError:
        return False
