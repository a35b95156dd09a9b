"""A home that may reach a server on this machine, and the commands run as a person runs them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from tests.flow.harness import JIKIM, Ran, allow, drawing
from tests.servers.bluesky import Bluesky, bluesky
from tests.servers.dokuwiki import Site, dokuwiki
from tests.servers.mediawiki import Wiki, mediawiki

Reaching = Callable[..., Callable[..., Ran]]


@pytest.fixture
def reaching(tmp_path: Path) -> Reaching:
    """`reaching(host, ...)` is a centre that may reach those servers and has its authority on record; it runs `jikim`."""

    def centre(*hosts: str, more: str = "") -> Callable[..., Ran]:
        home = tmp_path / "home"
        allow(home, *hosts)
        with (home / "config.toml").open("a") as file:
            file.write(more)

        def run(*arguments: object) -> Ran:
            environ = {**os.environ, "JIKIM_HOME": str(home), "JIKIM_LANG": "en"}
            command = [str(JIKIM), *map(str, arguments)]
            done = subprocess.run(command, capture_output=True, text=True, env=environ, timeout=180, check=False)
            return Ran(done.returncode, done.stdout, done.stderr)

        given = ("--organisation", "centre", "--legal-ground", "ground", "--responsible", "person")
        assert run("authority", "set", *given).status == 0
        return run

    return centre


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two seconds of a drawing that moves, as WebM."""
    path = tmp_path_factory.mktemp("film") / "film.webm"
    picture = np.asarray(drawing("등불"))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libvpx", rate=10, width=320, height=240, pix_fmt="yuv420p")
        for step in range(20):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.roll(picture, 4 * step, axis=1), format="rgb24")))
        container.mux(stream.encode())
    return path.read_bytes()


@pytest.fixture(scope="session")
def wiki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wiki]:
    with mediawiki(tmp_path_factory.mktemp("mediawiki")) as running:
        yield running


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with dokuwiki(tmp_path_factory.mktemp("dokuwiki") / "site") as running:
        yield running


@pytest.fixture(scope="session")
def bluesky_network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bluesky]:
    with bluesky(tmp_path_factory.mktemp("bluesky")) as running:
        yield running


def the_state(ran: Ran, place: str) -> str:
    """How a place answered in a sweep with `--json`."""
    assert ran.out, ran.err
    state: str = json.loads(ran.out.splitlines()[-1])["summary"]["sources"][place]["state"]
    return state
