"""A Dovecot of Debian's package for as long as a block lasts: one mailbox in a throwaway folder, on a free port of 127.0.0.1,
with STARTTLS and a password. Root may not read mail: it runs as `dovecot` then, else as whoever runs the tests.
"""

from __future__ import annotations

import grp
import imaplib
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.message import Message
from email.policy import SMTP
from pathlib import Path

from tests.desk.mail import HOST
from tests.desk.processes import until
from tests.ports import free_port

PROGRAM = Path("/usr/sbin/dovecot")
USER, PASSWORD = "removal@centre.example", "correct horse battery staple ä"
_CONFIG = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
ssl = required
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
auth_mechanisms = plain login
mail_location = maildir:{folder}/mail
mail_max_userip_connections = 50
auth_failure_delay = 0
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/passwords
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
"""


class Server:
    """A running server. Clients trust it by `cert`."""

    def __init__(self, folder: Path, cert: Path, port: int, tls_port: int) -> None:
        self.folder, self.cert, self.port, self.tls_port = folder, cert, port, tls_port
        self.password_file = cert.with_name("password")
        self.password_file.write_text(PASSWORD + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        as_root = {"user": "dovecot", "group": "dovecot", "extra_groups": []} if os.geteuid() == 0 else {}
        command = [PROGRAM, "-F", "-c", self.folder / "dovecot.conf"]
        self._process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, start_new_session=True, **as_root)
        until(self._answers, 20, "Dovecot answers")

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(20)
            self._process = None

    def settings(self, **more: object) -> dict[str, object]:
        """What `[desk.removal]` says of it."""
        return {
            "imap_host": HOST,
            "imap_port": self.port,
            "imap_user": USER,
            "imap_password_file": str(self.password_file),
            "imap_roots": str(self.cert),
            **more,
        }

    @contextmanager
    def client(self) -> Iterator[imaplib.IMAP4]:
        """Somebody who is signed in to the mailbox."""
        client = imaplib.IMAP4(HOST, self.port, timeout=10)
        try:
            client.starttls(ssl_context=ssl.create_default_context(cafile=str(self.cert)))
            client.authenticate("PLAIN", lambda _: f"\0{USER}\0{PASSWORD}".encode())
            yield client
        finally:
            client.logout()

    def deliver(self, *letters: bytes | Message, folder: str = "INBOX") -> None:
        """Puts letters into the mailbox, now."""
        with self.client() as client:
            for one in letters:
                content = one if isinstance(one, bytes) else one.as_bytes(policy=SMTP)
                state, said = client.append(folder, "", imaplib.Time2Internaldate(time.time()), content)
                assert state == "OK", said

    def empty(self) -> None:
        """Makes the mailbox anew: its UIDs begin again under another UIDVALIDITY."""
        self.stop()
        shutil.rmtree(self.folder / "mail", ignore_errors=True)
        self.start()

    def flags(self) -> list[bytes]:
        """The flags of every letter."""
        with self.client() as client:
            client.select("INBOX", readonly=True)
            return [one for one in client.fetch("1:*", "(FLAGS)")[1] if one]

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "log").read_text()
        try:
            with socket.create_connection(("127.0.0.1", self.port), 2) as probe:
                return probe.recv(4) == b"* OK"
        except OSError:
            return False


class Cutting:
    """Stands between the desk and the server, and cuts the connection after so many bytes from the server; `then` is called
    first."""

    def __init__(self, port: int, after_bytes: int, then: Callable[[], object] = lambda: None) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._to, self._left, self._then = port, after_bytes, then
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(10)

    def _serve(self) -> None:
        try:
            client, _ = self._listening.accept()
        except OSError:
            return  # nobody came
        with client, socket.create_connection(("127.0.0.1", self._to)) as server:
            back = threading.Thread(target=self._pass, args=(client, server), daemon=True)
            back.start()
            while self._left > 0 and (content := server.recv(min(1024, self._left))):
                self._left -= len(content)
                with suppress(OSError):
                    client.sendall(content)
            self._then()
            for one in (client, server):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            back.join(10)

    @staticmethod
    def _pass(client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while content := client.recv(4096):
                server.sendall(content)


@contextmanager
def dovecot(cert: Path) -> Iterator[Server]:
    """A server known by the certificate of `tests.desk.mail.certificate`."""
    assert PROGRAM.exists(), "needs Dovecot (Debian: apt-get install dovecot-imapd)"
    folder = Path(tempfile.mkdtemp(prefix="desk-imap-"))
    try:
        owner = pwd.getpwnam("dovecot") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        group = grp.getgrgid(owner.pw_gid).gr_name
        server = Server(folder, cert, free_port(), free_port())
        for name in ("cert.pem", "key.pem"):
            shutil.copy(cert.with_name(name), folder / name)
        (folder / "passwords").write_text(f"{USER}:{PASSWORD}\n")
        (folder / "state").mkdir()
        told = {"user": owner.pw_name, "uid": owner.pw_uid, "group": group, "gid": owner.pw_gid}
        words = _CONFIG.format(folder=folder, port=server.port, tls_port=server.tls_port, **told)
        (folder / "dovecot.conf").write_text(words)
        if os.geteuid() == 0:
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, owner.pw_name, group)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
