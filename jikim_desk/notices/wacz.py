"""The answers of servers as a WACZ file (Web Archive Collection Zipped 1.1.1): the WARC with its index, the pages in it and
digests of everything, for tools that replay web archives. Sources: the WACZ and CDXJ specifications of the Webrecorder project.
"""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import msgspec

from jikim_desk.notices.webarchive import Archived, Record

VERSION = "1.1.1"
WARC, INDEX, PAGES = "archive/answers.warc.gz", "indexes/index.cdxj", "pages/pages.jsonl"
PACKAGE, DIGEST = "datapackage.json", "datapackage-digest.json"
_PARTS = frozenset({WARC, INDEX, PAGES})
_OLD = (1980, 1, 1, 0, 0, 0)
BROKEN = (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, zlib.error, lzma.LZMAError)
"""What `zipfile` raises for a file that was changed. It may also be encrypted (RuntimeError), or packed in a way that it does
not know (NotImplementedError)."""


class Resource(msgspec.Struct, frozen=True):
    name: str
    path: str
    hash: str
    bytes: int


class Package(msgspec.Struct, frozen=True):
    resources: Sequence[Resource]


class Digest(msgspec.Struct, frozen=True):
    path: str
    hash: str


def written(archived: Archived, *, page_url: str, created: str) -> bytes:
    """A WACZ of what was archived; `page_url` is the find's page, `created` an ISO time."""
    page = next((record for record in archived.records if record.url == page_url), None)
    pages = [{"format": "json-pages-1.0", "id": "pages", "title": "pages"}]
    pages += [{"id": page.timestamp, "url": page.url, "ts": page.at}] if page else []
    parts = {WARC: archived.warc, INDEX: _index(archived.records), PAGES: _lines(pages)}
    package: dict[str, Any] = {
        "profile": "data-package",
        "wacz_version": VERSION,
        "software": "Jikim",
        "created": created,
        "resources": [_resource(path, content) for path, content in parts.items()],
    }
    if page:
        package |= {"mainPageUrl": page.url, "mainPageDate": page.at}
    parts[PACKAGE] = msgspec.json.format(msgspec.json.encode(package))
    parts[DIGEST] = msgspec.json.encode({"path": PACKAGE, "hash": _hash(parts[PACKAGE])})
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:  # stored: replay reads pieces of the WARC in place
        for path, content in parts.items():
            archive.writestr(zipfile.ZipInfo(path, _OLD), content)
    return file.getvalue()


def warc_in(wacz: bytes, *, max_bytes: int) -> bytes:
    """The WARC in a WACZ of which every digest holds. Raises ValueError for one that was changed or is not whole."""
    try:
        with zipfile.ZipFile(io.BytesIO(wacz)) as archive:
            if sum(one.file_size for one in archive.infolist()) > max_bytes:
                raise ValueError("size")
            parts = {one.filename: archive.read(one) for one in archive.infolist()}
            has_doubles = len(archive.infolist()) != len(parts)
        digest = msgspec.json.decode(parts[DIGEST], type=Digest)
        package = msgspec.json.decode(parts[PACKAGE], type=Package)
    except (*BROKEN, KeyError, OSError, msgspec.MsgspecError) as error:
        raise ValueError("no WACZ") from error
    named = {one.path: one for one in package.resources}
    is_listed = parts.keys() - {PACKAGE, DIGEST} == named.keys() == _PARTS and len(named) == len(package.resources)
    if has_doubles or not is_listed or digest != Digest(PACKAGE, _hash(parts[PACKAGE])):
        raise ValueError("the list of parts does not hold")
    for path, one in named.items():
        if one.hash != _hash(parts[path]) or one.bytes != len(parts[path]):
            raise ValueError(f"the digest of {path} does not hold")
    return parts[WARC]


def surt(url: str) -> str:
    """An address in the order in which indexes of web archives are sorted: `com,example:8080)/path?query`."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    is_name = any(letter.isalpha() for letter in host) and ":" not in host
    turned = ",".join(reversed(host.split("."))) if is_name else host
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    query = f"?{parts.query}" if parts.query else ""
    return f"{turned}{port}){parts.path or '/'}{query}".lower()


def _index(records: Sequence[Record]) -> bytes:
    lines = []
    for one in records:
        facts: Mapping[str, str] = {
            "url": one.url,
            "mime": one.mime,
            "status": one.status,
            "digest": one.digest,
            "length": str(one.length),
            "offset": str(one.offset),
            "filename": WARC.rpartition("/")[2],
        }
        lines.append(f"{surt(one.url)} {one.timestamp} ".encode() + msgspec.json.encode(facts))
    return b"".join(line + b"\n" for line in sorted(lines))


def _lines(rows: Sequence[Mapping[str, str]]) -> bytes:
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)


def _resource(path: str, content: bytes) -> Mapping[str, Any]:
    return {"name": path.rpartition("/")[2], "path": path, "hash": _hash(content), "bytes": len(content)}


def _hash(content: bytes) -> str:
    return f"sha256:{sha256(content).hexdigest()}"
