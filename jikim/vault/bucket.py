"""Sealed files in a bucket of an S3 store: `<prefix>/ab/<id>[.<copy>]`, the same names as in the folder.

A blob is sealed into a local file first, `blobs/unfinished/`, as it is for the folder. It goes to the bucket whole, in one
request that the store refuses where the name is taken, so there is never half a blob and nothing unfinished over there. That
happens before the list of keys is locked for the record, because it may take long:

    sealed file -> its name tells the copy -> sent -> [ wrapped key recorded ] -> local file removed

Each upload takes a copy number of its own, drawn at random, so nobody waits for another and no name is used twice. A local
file that tells a copy whose key never came on record is what a killed process left: the next opening removes both.

Credentials: `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` (and `AWS_SESSION_TOKEN`), else the profile `AWS_PROFILE` of
`AWS_SHARED_CREDENTIALS_FILE`, by default `~/.aws/credentials`. They are read once, when the vault is opened.
"""

from __future__ import annotations

import mmap
import os
import re
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from configparser import ConfigParser
from configparser import Error as NotReadable
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from jikim.config import Bucket
from jikim.errors import VaultError
from jikim.schema import sync
from jikim.vault.blobs import UNFINISHED, BlobFolder, Unfinished
from jikim.vault.faults import system_faults
from jikim.vault.stream import SealedBytes, sealed_size

if TYPE_CHECKING:
    from obstore.store import S3Config, S3Credential

NO_ANSWER = frozenset({"vault.store_unreachable", "vault.store_busy"})
"""After these it is not known whether the store did what it was asked."""
PIECE_BYTES = 2**18
"""How much of a sealed file is in memory at once while it is read."""
SMALL_BYTES = 8 * 2**20
"""Up to here an upload must make progress as fast as an answer; larger ones may take as long as `LONGEST`."""
LONGEST = timedelta(minutes=15)
SILENCE = timedelta(seconds=15)
RETRIES_MAX = 5
RETRIED_FOR = timedelta(seconds=8)
"""Together less than others wait for the list of keys: some short requests are made while it is locked."""

_STATUS = re.compile(r"status code: (\d{3})|status: (\d{3})")
_used_in: int | None = None


class Upload(Unfinished):
    """A sealed file on its way into a bucket."""

    def __init__(self, path: Path, handle: int, bucket: BlobBucket) -> None:
        super().__init__(path, handle, bucket)
        self._bucket = bucket
        self._sent: tuple[str, int] | None = None
        self._is_published = False
        self._is_doubtful = False

    def send_ahead(self, blob: str, is_kept: Callable[[], bool]) -> None:
        """Sends it, unless the blob `is_kept`. Raises VaultError."""
        if not is_kept():
            self._send(blob)

    def publish(self, blob: str, taken: Collection[int]) -> int:
        """Returns the number of the copy under which it was sent. Raises VaultError where it has to be sent only now."""
        if self._sent is None:
            self._send(blob)
        assert self._sent is not None
        self._is_published = True
        return self._sent[1]

    def unpublish(self) -> None:
        """Lets `close` remove it from the bucket again."""
        self._is_published = False

    def close(self) -> None:
        """Removes the local file, and what was sent in vain. Where the store does not answer, an empty file stays here that
        tells the next opening what to remove there."""
        try:
            if self._sent and not self._is_published:
                self._withdraw(*self._sent)
        finally:
            super().close()

    def _withdraw(self, blob: str, copy: int) -> None:
        try:
            if not self._is_doubtful:
                self._bucket.remove([(blob, copy)])
                return
        except VaultError as error:
            if error.key not in NO_ANSWER:
                raise
        note = self._told(blob, copy)
        with system_faults(UNFINISHED):  # a new file: the client may still be reading the pages of the old one
            os.close(os.open(note, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            sync(note.parent)

    def _send(self, blob: str) -> None:
        copy = 1 + secrets.randbits(62)
        with system_faults(UNFINISHED):
            self._tell(blob, copy)
        self._sent = blob, copy
        try:
            self._bucket.send(blob, copy, self._handle)
        except VaultError as error:
            if error.key in NO_ANSWER:
                self._is_doubtful = True
            else:
                self._sent = None  # refused, so it is not there
            raise


class Download:
    """SealedBytes of an object, fetched piece by piece as they are read."""

    def __init__(self, bucket: BlobBucket, result: obstore.GetResult) -> None:
        self._bucket = bucket
        self._pieces = iter(result.stream(min_chunk_size=PIECE_BYTES))
        self._fetched = bytearray()
        self.size_bytes: int = result.meta["size"]

    def read(self, size_bytes: int) -> bytes:
        """The next bytes, fewer only at the end. Raises VaultError when the store stops answering."""
        with self._bucket.faults():
            while len(self._fetched) < size_bytes and (piece := next(self._pieces, None)) is not None:
                self._fetched += piece
        taken = bytes(self._fetched[:size_bytes])
        del self._fetched[:size_bytes]
        return taken

    def close(self) -> None:
        """Breaks off what is still to come."""
        del self._pieces


class BlobBucket(BlobFolder):
    """Knows which sealed files lie in the bucket. Only those on their way are in the local folder."""

    def __init__(self, home: Path, bucket: Bucket, environ: Mapping[str, str] = os.environ) -> None:
        super().__init__(home)
        self._bucket = f"s3://{bucket.name}{bucket.prefix and '/' + bucket.prefix}"
        credentials = _credentials(environ)
        if credentials is None:
            raise VaultError("vault.store_no_credentials", bucket=self._bucket)
        self._store = _store(bucket, credentials, silence=SILENCE)
        self._slow_store = _store(bucket, credentials, silence=LONGEST)

    def make(self) -> None:
        """Makes the local folders. Raises VaultError when sealed files lie there that belong into the bucket."""
        super().make()
        if not super().is_empty():
            raise VaultError("vault.store_folder_in_use", bucket=self._bucket)

    def is_empty(self) -> bool:
        """Whether nothing lies in the bucket. Raises VaultError."""
        with self.faults():
            return not next(iter(obstore.list(self._store, chunk_size=1)), None)

    def name(self, blob: str, copy: int) -> str:
        """How the object is called."""
        return f"{self._bucket}/{self._key(blob, copy)}"

    def has(self, blob: str, copy: int) -> bool:
        """Whether the object is there. Raises VaultError."""
        return self._size_bytes(blob, copy) is not None

    def knows(self, blob: str) -> bool:
        """Whether there is any object of this blob, with or without a key on record."""
        if self.has(blob, 0):
            return True
        with self.faults():
            following = next(iter(obstore.list(self._store, blob[:2], offset=self._key(blob, 0), chunk_size=1)), [])
        return any(found["path"].startswith(f"{self._key(blob, 0)}.") for found in following)

    def is_whole(self, blob: str, copy: int, plain_bytes: int) -> bool:
        """Whether the object is there and as long as so many plain bytes make it; its content is not read."""
        return self._size_bytes(blob, copy) == sealed_size(plain_bytes)

    def open(self, blob: str, copy: int) -> SealedBytes:
        """The sealed bytes as they come, to be closed by the caller. Raises VaultError."""
        try:
            with self.faults():
                return Download(self, obstore.get(self._store, self._key(blob, copy)))
        except FileNotFoundError as error:
            raise VaultError("vault.blob_missing", file=self.name(blob, copy)) from error

    def remove(self, copies: Iterable[tuple[str, int]]) -> None:
        """Removes objects, given as blob and copy, as far as they are there. Raises VaultError."""
        keys = [self._key(blob, copy) for blob, copy in copies]
        if keys:
            with self.faults():
                obstore.delete(self._store, keys)

    def send(self, blob: str, copy: int, handle: int) -> None:
        """Uploads an open sealed file in one request that never takes another's place. Raises VaultError."""
        content = mmap.mmap(handle, 0, prot=mmap.PROT_READ)  # not read into memory: the kernel brings its pages and drops them
        store = self._store if len(content) <= SMALL_BYTES else self._slow_store
        try:
            with self.faults():
                obstore.put(store, self._key(blob, copy), content, mode="create", use_multipart=False)
        except FileNotFoundError as error:
            raise VaultError("vault.store_no_bucket", bucket=self._bucket) from error
        except AlreadyExistsError as error:  # the answer to a first attempt was lost: nobody else drew this number
            if self._size_bytes(blob, copy) != len(content):
                raise VaultError("vault.blob_damaged", file=self.name(blob, copy)) from error

    def clean(self, on_record: Callable[[str, int], bool]) -> None:
        """As for the folder. Where the store does not answer, the rest is left to the next cleaning."""
        try:
            super().clean(on_record)
        except VaultError as error:
            if error.key not in NO_ANSWER:
                raise

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Turns what the store or the way there refuses into one clear VaultError. FileNotFoundError and AlreadyExistsError
        about one object are left to the caller."""
        _mind_fork()
        try:
            yield
        except AlreadyExistsError:
            raise
        except (BaseError, FileNotFoundError) as error:
            key, status = _fault(error)
            if key is None:
                raise
            raise VaultError(
                key, bucket=self._bucket, **({"status": status} if key == "vault.store_refused" else {})
            ) from error

    def _size_bytes(self, blob: str, copy: int) -> int | None:
        try:
            with self.faults():
                return obstore.head(self._store, self._key(blob, copy))["size"]
        except FileNotFoundError:
            self.is_empty()  # the answer has no words: a bucket that is not there must not be taken for a blob that is not
            return None

    def _key(self, blob: str, copy: int) -> str:
        return "/".join(self.path(blob, copy).parts[-2:])

    def _withdraw(self, blob: str, copy: int, handle: int) -> None:
        self.remove([(blob, copy)])

    def _begun(self, path: Path, handle: int) -> Unfinished:
        return Upload(path, handle, self)


def _store(bucket: Bucket, credentials: S3Credential, *, silence: timedelta) -> S3Store:
    """The client. All that decides where it goes and how is said here: it would take the rest from the environment."""
    config: S3Config = {
        "endpoint": bucket.endpoint or f"https://s3.{bucket.region}.amazonaws.com",
        "region": bucket.region,
        "conditional_put": "etag",
        "skip_signature": False,
        "unsigned_payload": False,
        "virtual_hosted_style_request": False,
    }
    return S3Store(
        bucket.name,
        prefix=bucket.prefix or None,
        config=config,
        credential_provider=lambda: credentials,
        client_options={
            "allow_http": bucket.endpoint.startswith("http://"),  # which the configuration allows for loopback alone
            "connect_timeout": timedelta(seconds=5),
            "read_timeout": silence,
            "timeout": LONGEST,
        },
        retry_config={
            "max_retries": RETRIES_MAX,
            "retry_timeout": RETRIED_FOR,
            "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2},
        },
    )


def _credentials(environ: Mapping[str, str]) -> S3Credential | None:
    """What signs requests, None where there is nothing. No other place is asked, the network least of all."""
    names = {
        "access_key_id": "AWS_ACCESS_KEY_ID",
        "secret_access_key": "AWS_SECRET_ACCESS_KEY",
        "session_token": "AWS_SESSION_TOKEN",
    }
    found = {name: environ[variable] for name, variable in names.items() if environ.get(variable)}
    if "access_key_id" not in found and "secret_access_key" not in found:
        path = Path(environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials").expanduser()
        file = ConfigParser(interpolation=None)
        try:
            file.read(path, "utf-8")
        except (NotReadable, UnicodeDecodeError, OSError):
            return None
        profile = environ.get("AWS_PROFILE") or "default"
        section = file[profile] if file.has_section(profile) else {}
        found = {name: section[f"aws_{name}"] for name in names if section.get(f"aws_{name}")}
    if not {"access_key_id", "secret_access_key"} <= set(found):
        return None
    return {
        "access_key_id": found["access_key_id"],
        "secret_access_key": found["secret_access_key"],
        "token": found.get("session_token"),
        "expires_at": None,
    }


def _fault(error: Exception) -> tuple[str | None, int]:
    """The key of the VaultError for what the store said and the HTTP status; no key where it is about one object alone."""
    words = str(error)
    said = _STATUS.search(words)
    status = int(said[1] or said[2]) if said else 0
    if "NoSuchBucket" in words:
        return "vault.store_no_bucket", status
    if isinstance(error, FileNotFoundError):
        return None, status
    if isinstance(error, PermissionDeniedError | UnauthenticatedError) or status in (401, 403):
        return "vault.store_denied", status
    if status in (429, 503):
        return "vault.store_busy", status
    return ("vault.store_refused" if 300 <= status < 500 else "vault.store_unreachable"), status


def _mind_fork() -> None:
    """The client's threads do not live on in a forked child, which would wait for them for ever."""
    global _used_in
    _used_in = _used_in or os.getpid()
    if _used_in != os.getpid():
        raise RuntimeError("a bucket was used before this process was forked: start it anew instead")
