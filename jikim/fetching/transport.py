"""One GET over one fresh connection to a checked address.

The name is resolved once, every address of the answer is checked, and the socket is opened to a checked address itself, so
no second resolution can lead elsewhere; TLS still names and verifies the host. No connection is kept: every request goes
through the same checks, nothing is shared between hosts, and whoever serves the bytes is known for each answer. Proxies and
certificates of the environment are ignored, cookies do not exist.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

import certifi
import httpcore

from jikim.config import Fetching
from jikim.errors import FetchFailed, FetchRefused
from jikim.fetching.address import Reach, Target
from jikim.fetching.decoding import decoded

LookUp = Callable[[str, int], Sequence[str]]
"""(host, port) -> the IP addresses of the host. Raises OSError when it has none."""

MAX_HEADER_LINES = 200
MAX_ADDRESSES_TRIED = 4
_WIRE_ALLOWANCE_BYTES = 2**20
"""What headers and chunk marks may add to a body. h11 limits the headers themselves to 100 KiB."""


class Deadline:
    """When a whole errand must be over, redirects and retries included. Times in seconds."""

    def __init__(self, total_s: float) -> None:
        self._ends = time.monotonic() + total_s

    def remaining_s(self) -> float:
        return self._ends - time.monotonic()

    def forgive(self, waited_s: float) -> None:
        """Takes out time spent waiting for a host's turn, which is our own doing."""
        self._ends += waited_s


@dataclass(frozen=True, slots=True)
class Exchange:
    """An answer whose body has not been read yet. `headers` has lower-case names, and no cookies."""

    target: Target
    status: int
    headers: Mapping[str, str]
    peer_ip: str
    _raw: Iterable[bytes]

    def body(self, limit_bytes: int) -> Iterator[bytes]:
        """The decoded body in pieces of 64 KiB at most, while it arrives.

        Raises FetchRefused as soon as more than `limit_bytes` come out, FetchFailed when the encoding is unknown or broken.
        """
        announced = self.headers.get("content-length", "")
        if announced.isascii() and announced.isdigit() and int(announced) > limit_bytes:
            raise FetchRefused("fetching.too_large", where=self.target.url, limit_bytes=limit_bytes)
        size_bytes = 0
        for piece in decoded(self._raw, self.headers.get("content-encoding", ""), self.target.url):
            size_bytes += len(piece)
            if size_bytes > limit_bytes:
                raise FetchRefused("fetching.too_large", where=self.target.url, limit_bytes=limit_bytes)
            yield piece


class Transport:
    """Opens exchanges within `settings` and `reach`. Usable from many threads at once."""

    def __init__(
        self, settings: Fetching, reach: Reach, *, look_up: LookUp | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        """`look_up` resolves names (default: the system); `tls` says which certificates count (default: certifi's)."""
        self._settings = settings
        self._reach = reach
        self._look_up = look_up or system_look_up
        self._tls = tls or ssl.create_default_context(cafile=certifi.where())
        self._live: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.closed = threading.Event()

    @contextmanager
    def open(
        self, target: Target, headers: Sequence[tuple[str, str]], *, deadline: Deadline, limit_bytes: int
    ) -> Iterator[Exchange]:
        """A GET of `target`; the exchange is valid within the `with` block, which raises for reading the body as well.

        Raises FetchRefused for an address that is not allowed and FetchFailed for everything that can go wrong on the way.
        """
        line = _Line(self, target, deadline, limit_bytes + limit_bytes // 4 + _WIRE_ALLOWANCE_BYTES)
        timeouts = {"connect": self._settings.connect_timeout_s, "read": self._settings.read_timeout_s, "write": 10.0}
        with (
            self._translated(line),
            httpcore.ConnectionPool(ssl_context=self._tls, max_connections=1, network_backend=line) as pool,
            closing(pool.handle_request(_request(target, headers, timeouts))) as response,
        ):
            assert isinstance(response.stream, Iterable)
            if response.status < 200 or len(response.headers) > MAX_HEADER_LINES:
                raise FetchFailed("fetching.bad_answer", where=target.url)
            yield Exchange(target, response.status, _plain(response.headers), line.peer_ip, response.stream)

    def close(self) -> None:
        """Ends everything under way: each thread gets FetchFailed("fetching.closed")."""
        self.closed.set()
        with self._lock:
            live = tuple(self._live)
        for connected in live:
            with suppress(OSError):
                # The method of the plain socket: SSLSocket.shutdown would take its TLS state from under the reading thread.
                socket.socket.shutdown(connected, socket.SHUT_RDWR)

    def addresses(self, target: Target, deadline: Deadline) -> tuple[str, ...]:
        """The checked addresses of a target's host. Raises FetchRefused or FetchFailed."""
        timeout_s = min(self._settings.connect_timeout_s, deadline.remaining_s())
        return self._reach.checked(target, lambda: resolved(self._look_up, target, timeout_s))

    def watch(self, connected: socket.socket) -> None:
        with self._lock:
            self._live.add(connected)
        if self.closed.is_set():
            self.close()

    def forget(self, connected: socket.socket) -> None:
        with self._lock:
            self._live.discard(connected)

    @contextmanager
    def _translated(self, line: _Line) -> Iterator[None]:
        """Turns what the HTTP library raises into our errors: one clear reason each."""
        try:
            yield
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise FetchFailed(self._reason(error, line), where=line.target.url) from error

    def _reason(self, error: Exception, line: _Line) -> str:
        if self.closed.is_set():
            return "fetching.closed"
        if line.is_flooded:
            return "fetching.bad_answer"
        if line.is_untrusted:
            return "fetching.tls"
        if isinstance(error, httpcore.ConnectError | httpcore.ConnectTimeout) and not line.peer_ip:
            return "fetching.unreachable"
        if isinstance(error, httpcore.TimeoutException):
            return "fetching.too_slow"
        if line.is_ended or isinstance(error, httpcore.NetworkError):
            return "fetching.cut_short"
        return "fetching.bad_answer"


class _Line(httpcore.NetworkBackend):
    """The way to one target: connects to checked addresses only. `peer_ip` is set once connected, `is_ended` when the other
    side has closed, `is_flooded` when it sent more than any allowed answer can take, `is_untrusted` when TLS failed."""

    def __init__(self, transport: Transport, target: Target, deadline: Deadline, wire_limit_bytes: int) -> None:
        self.transport = transport
        self.target = target
        self.deadline = deadline
        self.peer_ip = ""
        self.is_ended = False
        self.is_flooded = False
        self.is_untrusted = False
        self._allowance_bytes = wire_limit_bytes

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = self.transport.addresses(self.target, self.deadline)[:MAX_ADDRESSES_TRIED]
        ends = time.monotonic() + self.seconds(timeout)
        for tried, address in enumerate(addresses):
            share_s = max(0.01, (ends - time.monotonic()) / (len(addresses) - tried))
            try:
                connected = socket.create_connection((address, self.target.port), timeout=share_s)
            except OSError as error:
                failure = error
                continue
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.peer_ip = address
            return _Stream(self, connected)
        raise httpcore.ConnectError(str(failure)) from failure

    def seconds(self, timeout: float | None) -> float:
        """How long one step may take. Raises TimeoutException when the errand's time is over."""
        remaining_s = self.deadline.remaining_s()
        if remaining_s <= 0:
            raise httpcore.ReadTimeout("the total time is over")
        return remaining_s if timeout is None else min(timeout, remaining_s)

    def received(self, size_bytes: int) -> None:
        self.is_ended = size_bytes == 0
        self._allowance_bytes -= size_bytes
        if self._allowance_bytes < 0:
            self.is_flooded = True
            raise httpcore.ReadError("more bytes than any allowed answer takes")


class _Stream(httpcore.NetworkStream):
    """A connected socket, plain or under TLS, that keeps to the line's deadline and limit."""

    def __init__(self, line: _Line, connected: socket.socket) -> None:
        self._line = line
        self._socket = connected
        line.transport.watch(connected)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _socket_errors(httpcore.ReadTimeout, httpcore.ReadError):
            self._socket.settimeout(self._line.seconds(timeout))
            received = self._socket.recv(max_bytes)
        self._line.received(len(received))
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with _socket_errors(httpcore.WriteTimeout, httpcore.WriteError):
            self._socket.settimeout(self._line.seconds(timeout))
            self._socket.sendall(buffer)

    def close(self) -> None:
        self._line.transport.forget(self._socket)
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        self._line.transport.forget(self._socket)
        try:
            with _socket_errors(httpcore.ConnectTimeout, httpcore.ConnectError):
                self._socket.settimeout(self._line.seconds(timeout))
                return _Stream(self._line, self._under_tls(ssl_context, server_hostname))
        except BaseException:
            self._socket.close()
            raise

    def _under_tls(self, ssl_context: ssl.SSLContext, server_hostname: str | None) -> ssl.SSLSocket:
        try:
            return ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except ssl.SSLError:
            self._line.is_untrusted = True
            raise

    def get_extra_info(self, info: str) -> Any:
        return None


@contextmanager
def _socket_errors(timeout: type[Exception], other: type[Exception]) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise timeout(str(error)) from error
    except OSError as error:
        raise other(str(error)) from error


def system_look_up(host: str, port: int) -> Sequence[str]:
    """The addresses the system knows for a name. Raises OSError."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def resolved(look_up: LookUp, target: Target, timeout_s: float) -> Sequence[str]:
    """What `look_up` says within `timeout_s`. Raises FetchFailed when it says nothing.

    The system's resolver cannot be interrupted, so it runs in a thread of its own that is left behind when it is too slow.
    """
    answers: SimpleQueue[Sequence[str]] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(tuple(look_up(target.host, target.port)))
        except (OSError, UnicodeError):
            answers.put(())

    threading.Thread(target=ask, name="jikim-look-up", daemon=True).start()
    try:
        addresses = answers.get(timeout=max(0.0, timeout_s))
    except Empty:
        raise FetchFailed("fetching.too_slow", where=target.url) from None
    if not addresses:
        raise FetchFailed("fetching.no_such_host", where=target.url)
    return addresses


def _request(target: Target, headers: Sequence[tuple[str, str]], timeouts: Mapping[str, float]) -> httpcore.Request:
    url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
    every = [("Host", target.authority), *headers, ("Connection", "close")]
    return httpcore.Request("GET", url, headers=every, extensions={"timeout": dict(timeouts)})


def _plain(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    plain: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("ascii").lower(), _text(raw_value)
        if name not in ("set-cookie", "set-cookie2"):
            plain[name] = f"{plain[name]}, {value}" if name in plain else value
    return plain


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
