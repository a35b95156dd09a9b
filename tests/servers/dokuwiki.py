"""DokuWiki as Debian packages it, with PHP's own server and plain files: a site with a search, a feed and a sitemap of its own.

Pages and files are posted and removed by its XML-RPC interface, signed in.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xmlrpc.client import Binary, ServerProxy

from tests.ports import free_port
from tests.servers.programs import program, running

INSTALLED = Path("/usr/share/dokuwiki")
SETTINGS = Path("/etc/dokuwiki")
WRITER, PASSWORD = "writer", "harmless-words-2"
LOCAL = """<?php
$conf['title'] = '모임';
$conf['lang'] = 'ko';
$conf['savedir'] = '{folder}/data';
$conf['useacl'] = 1;
$conf['superuser'] = '{writer}';
$conf['remote'] = 1;
$conf['remoteuser'] = '';
$conf['sitemap'] = 1;
$conf['useheading'] = 1;
$conf['rss_update'] = -1;
$conf['rss_type'] = 'rss2';
$conf['rss_linkto'] = 'current';
$conf['recent_days'] = 7;
$conf['rss_show_deleted'] = 0;
"""
DATA = ("attic", "cache", "index", "locks", "media", "media_attic", "media_meta", "meta", "pages", "tmp", "log")


class Site:
    """A running site and somebody who writes there. `host` is host:port, `url` its address."""

    def __init__(self, port: int, sitemap: Path) -> None:
        self.host = f"127.0.0.1:{port}"
        self.url = f"http://{self.host}"
        self._sitemap = sitemap
        self._writer = ServerProxy(f"http://{WRITER}:{PASSWORD}@{self.host}/lib/exe/xmlrpc.php")

    def post(self, page: str, title: str, words: str, *files: str) -> None:
        """Writes a page that shows files posted before."""
        shown = "\n".join(f"{{{{:{name}}}}}" for name in files)
        assert self._writer.wiki.putPage(page, f"====== {title} ======\n{words}\n\n{shown}\n", {})
        self._tidied()

    def post_file(self, name: str, content: bytes) -> None:
        """Uploads a file."""
        self._writer.wiki.putAttachment(name, Binary(content), {"ow": True})

    def remove(self, page: str) -> None:
        """Empties a page, which removes it."""
        assert self._writer.wiki.putPage(page, "", {})
        self._tidied()

    def remove_file(self, name: str) -> None:
        """Deletes a file that no page shows any more."""
        self._writer.wiki.deleteAttachment(name)

    def _tidied(self) -> None:
        """A day passes for the site: the sitemap it keeps for so long is made anew for whoever asks next."""
        self._sitemap.unlink(missing_ok=True)

    def close(self) -> None:
        self._writer("close")()


@contextmanager
def dokuwiki(folder: Path) -> Iterator[Site]:
    """A new site in `folder`. Raises LookupError where it is not installed."""
    if not (INSTALLED / "doku.php").exists():
        raise LookupError("dokuwiki is not installed: `make test-servers` prepares it")
    php, port = program("php"), free_port()
    settings = folder / "conf"
    shutil.copytree(SETTINGS, settings)
    for name in DATA:
        (folder / "data" / name).mkdir(parents=True)
    (settings / "local.php").write_text(LOCAL.format(folder=folder, writer=WRITER), "utf-8")
    (settings / "acl.auth.php").write_text("*\t@ALL\t1\n*\t@user\t16\n")
    hashed = subprocess.run(
        [php, "-r", f"echo password_hash('{PASSWORD}', PASSWORD_BCRYPT);"], check=True, capture_output=True, text=True
    )
    (settings / "users.auth.php").write_text(f"{WRITER}:{hashed.stdout}:Writer:writer@city.example:user\n")
    (folder / "before.php").write_text(f"<?php define('DOKU_CONF', '{settings}/'); define('DOKU_MAIN_CONF', '{settings}/');")
    serve: list[object] = [php, "-d", f"auto_prepend_file={folder}/before.php", "-S", f"127.0.0.1:{port}", "-t", INSTALLED]
    with running(serve, port, folder / "log", {"PHP_CLI_SERVER_WORKERS": "4"}):
        site = Site(port, folder / "data/cache/sitemap.xml.gz")
        try:
            yield site
        finally:
            site.close()
