"""A mail server on loopback that insists on STARTTLS, for tests that let mail leave."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

HOST = "localhost"


def certificate(folder: Path) -> Path:
    """Makes `cert.pem`, which its clients must be told to trust, and `key.pem`; the former's path."""
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 30 -keyout key.pem -out cert.pem -subj /CN={HOST}"
    subprocess.run([*command.split(), "-addext", f"subjectAltName=DNS:{HOST}"], cwd=folder, check=True, capture_output=True)
    return folder / "cert.pem"


@contextmanager
def mail_server(handler: Any, cert: Path) -> Iterator[int]:
    """Hands what arrives to `handler` (aiosmtpd's) until the block ends; the port at HOST."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, cert.with_name("key.pem"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    controller = Controller(handler, hostname=HOST, port=port, tls_context=tls, require_starttls=True)
    controller.start()
    try:
        yield port
    finally:
        controller.stop(no_assert=True)
