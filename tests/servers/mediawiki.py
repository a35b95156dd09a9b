"""MediaWiki as Debian packages it, with PHP's own server and SQLite: files are posted and deleted by its action interface."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.ports import free_port
from tests.servers.programs import program, running

INSTALLED = Path("/usr/share/mediawiki")
SERVED = ("api.php", "index.php", "load.php", "resources", "skins", "extensions")
KEEPER, PASSWORD = "Keeper", "harmless-words-1"
SETTINGS = """
$wgEnableUploads = true;
$wgUploadDirectory = "{folder}/site/images";
$wgUploadPath = "/images";
$wgFileExtensions = [ "png", "jpg", "webm" ];
"""


class Wiki:
    """A running wiki and its keeper, signed in. `host` is host:port, `interface` the address of its `api.php`."""

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self.interface = f"http://{self.host}/api.php"
        self._client = httpx.Client(timeout=60)
        token = self._ask("query", meta="tokens", type="login")["query"]["tokens"]["logintoken"]
        done = self._do("login", lgname=KEEPER, lgpassword=PASSWORD, lgtoken=token)
        assert done["login"]["result"] == "Success", done

    def post_file(self, name: str, content: bytes, words: str) -> None:
        """Uploads a file with a description."""
        token = self._token()
        files = {"file": (name, content)}
        done = self._do("upload", files=files, filename=name, text=words, comment="", ignorewarnings="1", token=token)
        assert done["upload"]["result"] == "Success", done

    def delete_file(self, name: str) -> None:
        """Deletes a file and its page."""
        assert "delete" in self._do("delete", title=f"File:{name}", token=self._token())

    def close(self) -> None:
        self._client.close()

    def _token(self) -> str:
        return str(self._ask("query", meta="tokens")["query"]["tokens"]["csrftoken"])

    def _ask(self, action: str, **wanted: str) -> Any:
        return self._client.get(self.interface, params={"action": action, "format": "json", **wanted}).json()

    def _do(self, action: str, files: Any = None, **wanted: str) -> Any:
        return self._client.post(self.interface, params={"action": action, "format": "json"}, data=wanted, files=files).json()


@contextmanager
def mediawiki(folder: Path) -> Iterator[Wiki]:
    """A new wiki in `folder`. Raises LookupError where it is not installed."""
    if not (INSTALLED / "maintenance/install.php").exists():
        raise LookupError("mediawiki is not installed: `make test-servers` prepares it")
    php, port = program("php"), free_port()
    (folder / "data").mkdir(parents=True)
    install = [php, INSTALLED / "maintenance/install.php", "--dbtype=sqlite", "--dbname=wiki", f"--dbpath={folder}/data"]
    install += [f"--confpath={folder}", f"--server=http://127.0.0.1:{port}", "--scriptpath=", f"--pass={PASSWORD}"]
    subprocess.run([*map(str, install), "Wiki", KEEPER], check=True, capture_output=True)
    settings = folder / "LocalSettings.php"
    settings.write_text(settings.read_text("utf-8") + SETTINGS.format(folder=folder), "utf-8")
    (folder / "site/images").mkdir(parents=True)
    for name in SERVED:
        (folder / "site" / name).symlink_to(INSTALLED / name)
    environ = {"MW_CONFIG_FILE": str(settings), "PHP_CLI_SERVER_WORKERS": "4"}
    serve: list[object] = [php, "-S", f"127.0.0.1:{port}", "-t", folder / "site"]
    with running(serve, port, folder / "log", environ):
        wiki = Wiki(port)
        try:
            yield wiki
        finally:
            wiki.close()
