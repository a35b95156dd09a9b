"""A proxy on this machine through which foreign programs (a browser, a crawler) reach the web, and nothing else.

It resolves, checks every address and connects to a checked address itself, as the transport does. CONNECT is tunnelled; plain
http is passed on one request a connection, with a short list of harmless headers, so that no cookie, token or referrer of the
foreign program leaves by mistake. Time, idle time, bytes and connections are bounded.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import re
import secrets
import threading
from contextlib import suppress
from typing import Self

from jikim.config import Fetching
from jikim.errors import FetchFailed, FetchRefused
from jikim.fetching.address import Reach, Target, parse
from jikim.fetching.proxying import MAX_HEAD_BYTES, Declined, Ends, Head, break_off, hang_up, read_head, relay
from jikim.fetching.transport import MAX_ADDRESSES_TRIED, LookUp, resolved, system_look_up
from jikim.provenance import ProvenPractice

MAX_UPLOAD_BYTES = 2**20
MAX_CONNECTIONS = 64
TUNNEL_S = 300.0

_METHODS = frozenset(("GET", "HEAD", "POST"))
_MAX_INTERIM_ANSWERS = 5
_STATUS_LINE = re.compile(r"HTTP/1\.[01] ([1-5][0-9]{2})( [^\x00-\x1f]*)?")


class Gate:
    """`with Gate(settings) as gate:` listens on `gate.address` (host, port) until the block ends.

    Whoever asks must know `gate.token`, which is new for every gate: Proxy-Authorization is `Bearer <token>`, or `Basic` with
    the token as the password. A refusal is answered with status 403 and its message key in `X-Jikim-Reason`.
    """

    def __init__(
        self,
        settings: Fetching,
        *,
        practice: ProvenPractice | None = None,
        look_up: LookUp | None = None,
        tunnel_s: float = TUNNEL_S,
    ) -> None:
        """With `practice`, that host alone can be reached. `look_up` resolves names (default: the system); `tunnel_s` is how
        long one connection may last. Raises BadUse for settings that cannot work."""
        self.token = secrets.token_urlsafe(32)
        self.address = ("", 0)
        self._settings = settings
        self._reach = Reach(settings.loopback_allowed, practice)
        self._look_up = look_up or system_look_up
        self._tunnel_s = tunnel_s
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._serving: set[asyncio.Task[None]] = set()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="jikim-gate", daemon=True)
        self._failure: OSError | None = None

    @property
    def proxy_url(self) -> str:
        """The address with the token in it, as most programs want a proxy."""
        host, port = self.address
        return f"http://jikim:{self.token}@{host}:{port}"

    def __enter__(self) -> Self:
        """Listens. Raises OSError when the machine has no free port."""
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    def __exit__(self, *exception: object) -> None:
        """Stops listening and cuts every connection."""
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._listen())

    async def _listen(self) -> None:
        try:
            server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=MAX_HEAD_BYTES)
        except OSError as error:
            self._failure = error
            self._started.set()
            return
        self.address = server.sockets[0].getsockname()
        self._started.set()
        await self._ended.wait()
        server.close()
        serving = tuple(self._serving)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._serve((reader, writer)))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, client: Ends) -> None:
        """One connection of a foreign program. Whatever goes wrong ends it, with a status where none was sent yet."""
        try:
            async with asyncio.timeout(self._tunnel_s):
                await self._answered(client)
        except Declined as declined:
            client[1].write(declined.answer())
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            break_off(client[1])
        finally:
            await hang_up(client[1])

    async def _answered(self, client: Ends) -> None:
        head = await read_head(client[0], self._settings.read_timeout_s, Declined(400, "Bad Request"))
        if len(self._serving) > MAX_CONNECTIONS:
            raise Declined(503, "Service Unavailable")
        self._check_token(head)
        method, where, version = (*head.line.split(" "), "", "", "")[:3]
        if version not in ("HTTP/1.1", "HTTP/1.0"):
            raise Declined(400, "Bad Request")
        if method == "CONNECT":
            await self._tunnel(client, _target(f"https://{where}/", "https"))
        elif method in _METHODS:
            await self._pass_on(client, method, _target(where, "http"), head)
        else:
            raise Declined(405, "Method Not Allowed")

    def _check_token(self, head: Head) -> None:
        scheme, _, credentials = (head.only("proxy-authorization") or "").partition(" ")
        if scheme.lower() == "basic":
            with suppress(binascii.Error, UnicodeDecodeError):
                credentials = base64.b64decode(credentials, validate=True).decode().partition(":")[2]
        if scheme.lower() not in ("basic", "bearer") or not hmac.compare_digest(credentials.encode(), self.token.encode()):
            raise Declined(407, "Proxy Authentication Required", ("Proxy-Authenticate", 'Basic realm="jikim"'))

    async def _tunnel(self, client: Ends, target: Target) -> None:
        server = await self._connected(target)
        try:
            client[1].write(b"HTTP/1.1 200 Connection Established\r\n\r\n")
            await self._relayed(client, server, MAX_UPLOAD_BYTES)
        finally:
            await hang_up(server[1])

    async def _pass_on(self, client: Ends, method: str, target: Target, head: Head) -> None:
        """One request; whatever the client sends after it is never read, so that it cannot ride along unfiltered."""
        upload = await self._upload(client[0], head) if method == "POST" else b""
        server = await self._connected(target)
        try:
            line = f"{method} {target.path} HTTP/1.1"
            server[1].write(head.passed_on(line, target.authority, len(upload)) + upload)
            client[1].write((await self._answer_head(server[0])).passed_back())
            await self._relayed(client, server, 0)
        finally:
            await hang_up(server[1])

    async def _upload(self, reader: asyncio.StreamReader, head: Head) -> bytes:
        length = head.only("content-length") or "0"
        if head.only("transfer-encoding") is not None or not (length.isascii() and length.isdigit()):
            raise Declined(411, "Length Required")
        if int(length) > MAX_UPLOAD_BYTES:
            raise Declined(413, "Content Too Large")
        async with asyncio.timeout(self._settings.read_timeout_s):
            return await reader.readexactly(int(length))

    async def _answer_head(self, reader: asyncio.StreamReader) -> Head:
        """The head of the final answer; a few interim ones (1xx) may come before it."""
        bad_answer = Declined(502, "Bad Gateway", ("X-Jikim-Reason", "fetching.bad_answer"))
        for _ in range(_MAX_INTERIM_ANSWERS + 1):
            head = await read_head(reader, self._settings.read_timeout_s, bad_answer)
            status = _STATUS_LINE.fullmatch(head.line)
            if status is None:
                raise bad_answer
            if not status[1].startswith("1"):
                return head
        raise bad_answer

    async def _relayed(self, client: Ends, server: Ends, up_bytes: int) -> None:
        down_bytes = self._settings.max_media_bytes
        await relay(client, server, up_bytes=up_bytes, down_bytes=down_bytes, idle_s=self._settings.read_timeout_s)

    async def _connected(self, target: Target) -> Ends:
        """A connection to a checked address. Raises Declined."""
        try:
            addresses = (await self._addresses(target))[:MAX_ADDRESSES_TRIED]
        except FetchRefused as error:
            raise Declined(403, "Forbidden", ("X-Jikim-Reason", error.key)) from error
        except FetchFailed as error:
            raise Declined(502, "Bad Gateway", ("X-Jikim-Reason", error.key)) from error
        for address in addresses:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(self._settings.connect_timeout_s / len(addresses)):
                    return await asyncio.open_connection(address, target.port, limit=MAX_HEAD_BYTES)
        raise Declined(502, "Bad Gateway", ("X-Jikim-Reason", "fetching.unreachable"))

    async def _addresses(self, target: Target) -> tuple[str, ...]:
        """The checked addresses of a host. A thread of its own waits for the system's resolver, and is left behind when the
        gate is closed meanwhile. Raises FetchRefused and FetchFailed."""
        answered: asyncio.Future[tuple[str, ...]] = self._loop.create_future()

        def deliver(addresses: tuple[str, ...], error: FetchRefused | FetchFailed | None) -> None:
            if answered.done():
                return
            if error is None:
                answered.set_result(addresses)
            else:
                answered.set_exception(error)

        def ask() -> None:
            addresses: tuple[str, ...] = ()
            failure: FetchRefused | FetchFailed | None = None
            try:
                addresses = self._checked(target)
            except (FetchRefused, FetchFailed) as error:
                failure = error
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(deliver, addresses, failure)

        threading.Thread(target=ask, name="jikim-gate-look-up", daemon=True).start()
        return await answered

    def _checked(self, target: Target) -> tuple[str, ...]:
        timeout_s = self._settings.connect_timeout_s
        return self._reach.checked(target, lambda: resolved(self._look_up, target, timeout_s))


def _target(url: str, scheme: str) -> Target:
    """Reads what a foreign program wants. Raises Declined."""
    try:
        target = parse(url)
    except FetchRefused as error:
        raise Declined(403, "Forbidden", ("X-Jikim-Reason", error.key)) from error
    if target.scheme != scheme or (scheme == "https" and target.path != "/"):
        raise Declined(400, "Bad Request")
    return target
