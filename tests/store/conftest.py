"""A real S3-speaking server on loopback, a bucket of it, and a vault in that."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from jikim.vault import Vault
from tests.ports import free_port
from tests.store.s3_server import Gate, Store, started


@pytest.fixture(scope="session")
def server() -> Iterator[int]:
    """The port of the server."""
    port = free_port()
    process = started(port)
    yield port
    process.kill()
    process.wait()


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "harmless")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "harmless too")


@pytest.fixture
def store(server) -> Store:
    store = Store(server, f"jikim-{secrets.token_hex(6)}")
    store.ask("PUT")
    return store


@pytest.fixture
def home(tmp_path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def vault(store, home) -> Iterator[Vault]:
    with store.open(home) as vault:
        yield vault


@pytest.fixture
def gate(server) -> Iterator[Gate]:
    gate = Gate(server)
    yield gate
    gate.close()
