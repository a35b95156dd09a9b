"""Bluesky's own development network: PDS (where people post), AppView (which is searched) and Ozone (where moderators work).

It needs Node, PostgreSQL and Redis, all from packages; what it keeps is gone with it.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.desk.postgres import postgres
from tests.ports import free_port
from tests.servers.programs import program, running

NETWORK = Path(__file__).parent / "bluesky_network"
PASSWORD = "harmless-words-3"
MODERATOR = ("admin", "admin-pass")
"""As the network's own package sets it."""


class Bluesky:
    """A running network and somebody who posts there. `host` is the AppView's host:port, `url` its address."""

    def __init__(self, process: subprocess.Popen[str], where: dict[str, str]) -> None:
        self._process = process
        self._where = where
        self.url = where["appview"]
        self.host = self.url.removeprefix("http://")
        self._client = httpx.Client(timeout=60)
        self._accounts: dict[str, dict[str, str]] = {}

    def post(self, by: str, words: str, picture: bytes) -> str:
        """`by` posts words in Korean with a PNG; the post's key."""
        account = self._account(by)
        blob = self._do("pds", "com.atproto.repo.uploadBlob", picture, account)["blob"]
        record = {
            "$type": POST,
            "text": words,
            "langs": ["ko"],
            "createdAt": "2026-11-20T00:00:00.000Z",
            "embed": {"$type": "app.bsky.embed.images", "images": [{"image": blob, "alt": ""}]},
        }
        sent = {"repo": account["did"], "collection": POST, "record": record}
        made = self._do("pds", "com.atproto.repo.createRecord", sent, account)
        self._settle()
        return str(made["uri"]).rpartition("/")[2]

    def delete(self, by: str, key: str) -> None:
        """`by` deletes a post."""
        account = self._account(by)
        self._do("pds", "com.atproto.repo.deleteRecord", {"repo": account["did"], "collection": POST, "rkey": key}, account)
        self._settle()

    def take_down(self, who: str) -> None:
        """A moderator takes an account down with everything it posted."""
        event = {
            "event": {"$type": "tools.ozone.moderation.defs#modEventTakedown"},
            "subject": {"$type": "com.atproto.admin.defs#repoRef", "did": self._account(who)["did"]},
            "createdBy": self._where["by"],
        }
        self._do("ozone", "tools.ozone.moderation.emitEvent", event)
        self._settle()

    def take_down_post(self, by: str, key: str) -> None:
        """The network takes one post of `by` down, by the AppView's interface for its operators. For a single post Ozone only
        issues a label, and nothing in this network carries labels from Ozone to the AppView."""
        did = self._account(by)["did"]
        asked = {"repo": did, "collection": POST, "rkey": key}
        record = self._client.get(f"{self._where['pds']}/xrpc/com.atproto.repo.getRecord", params=asked).json()
        subject = {"$type": "com.atproto.repo.strongRef", "uri": record["uri"], "cid": record["cid"]}
        self._do("appview", "com.atproto.admin.updateSubjectStatus", {"subject": subject, "takedown": {"applied": True}})
        self._settle()

    def close(self) -> None:
        self._client.close()

    def _settle(self) -> None:
        """Waits until all servers know what one of them was told."""
        assert self._process.stdin
        self._process.stdin.write("now\n")
        self._process.stdin.flush()
        _said(self._process, "arrived")

    def _account(self, name: str) -> dict[str, str]:
        if name not in self._accounts:
            asked = {"handle": f"{name}.test", "email": f"{name}@city.test", "password": PASSWORD}
            self._accounts[name] = self._do("pds", "com.atproto.server.createAccount", asked)
        return self._accounts[name]

    def _do(self, server: str, method: str, sent: Any, account: Mapping[str, str] | None = None) -> Any:
        """A POST to a method, as an account, or as the moderator at Ozone and the AppView."""
        url = f"{self._where[server]}/xrpc/{method}"
        body = {"content": sent} if isinstance(sent, bytes) else {"json": sent}
        headers = {"authorization": f"Bearer {account['accessJwt']}"} if account else {}
        if isinstance(sent, bytes):
            headers["content-type"] = "image/png"
        auth = MODERATOR if server in ("ozone", "appview") else None
        answer = self._client.post(url, auth=auth, headers=headers, **body)
        assert answer.status_code == 200, answer.text
        return answer.json()


POST = "app.bsky.feed.post"


@contextmanager
def bluesky(folder: Path) -> Iterator[Bluesky]:
    """A new network. Raises LookupError where a part of it is not installed."""
    if not (NETWORK / "node_modules/@atproto/dev-env").exists():
        raise LookupError("the network is not installed: `make test-servers` prepares it")
    node, port = program("node"), free_port()
    redis: list[object] = [program("redis-server"), "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    with postgres() as database, running(redis, port, folder / "redis.log"):
        environ = {"DB_POSTGRES_URL": database.database("bluesky"), "REDIS_HOST": f"127.0.0.1:{port}", "NODE_ENV": "test"}
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                [node, "start.cjs"],
                cwd=NETWORK,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **environ},
            )
            try:
                network = Bluesky(process, _said(process, "appview"))
                try:
                    yield network
                finally:
                    network.close()
            finally:
                assert process.stdin
                assert process.stdout
                process.stdin.close()
                process.stdout.close()
                process.wait(60)


def _said(process: subprocess.Popen[str], field: str) -> dict[str, str]:
    """The next line of JSON with that field."""
    assert process.stdout
    for line in process.stdout:
        if line.startswith("{") and f'"{field}"' in line:
            said: dict[str, str] = json.loads(line)
            return said
    raise AssertionError("the network died")
