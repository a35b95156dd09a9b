"""What servers answered, as a WARC file (ISO 28500): headers of every answer, the words of pages, never a byte of media."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

PAGE_MAX_BYTES = 4 * 2**20
WORDS = ("text/", "application/json", "application/xhtml", "application/xml", "application/activity+json")
_INLINE_MEDIA = re.compile(rb"(?:data:(?:image|video|audio|application/octet-stream)|<svg|<image)", re.I)
_BINARY = re.compile(rb"[A-Za-z0-9+/]{4096,}")
_OF_THE_WIRE = frozenset({"content-encoding", "content-length", "transfer-encoding"})


@dataclass(frozen=True, slots=True)
class Record:
    """An answer in a WARC: where it stands (`offset`, `length` in bytes), its time as `2026-11-22T03:04:05Z`, what it is."""

    url: str
    at: str
    mime: str
    status: str
    digest: str
    offset: int
    length: int

    @property
    def timestamp(self) -> str:
        """The time as indexes write it: fourteen digits."""
        return "".join(letter for letter in self.at if letter.isdigit())


@dataclass(frozen=True, slots=True)
class Archived:
    """A gzipped WARC, and its answers in their order."""

    warc: bytes
    records: tuple[Record, ...]


def page_body(content_type: str, body: bytes) -> bytes | None:
    """The words of a page that may be kept; None for what is no page, is too large, or carries pictures inside itself."""
    if not content_type.lower().startswith(WORDS) or len(body) > PAGE_MAX_BYTES:
        return None
    return None if _INLINE_MEDIA.search(body) or _BINARY.search(body) else body


def written(captures: Sequence[Mapping[str, Any]], bodies: Mapping[str, bytes]) -> Archived:
    """A gzipped WARC of `captures` (as in the pack's JSON); `bodies` has the words of pages by sha256.

    Each answer of a chain is a `response` record. Where the body is not kept, it is cut off after the headers and says so
    (`WARC-Truncated: unspecified`), with the digest of what was seen.
    """
    file = io.BytesIO()
    writer = _InMemory(file, gzip=True, warc_version="WARC/1.1")
    about = {"software": "Jikim", "format": "WARC File Format 1.1", "description": "headers and pages; media are never in it"}
    writer.write_record(writer.create_warcinfo_record("answers.warc.gz", about))
    records = []
    for capture in captures:
        for number, hop in enumerate(capture["chain"], 1):
            is_last = number == len(capture["chain"])
            answer = _response(writer, hop, capture if is_last else None, bodies)
            begins = file.tell()
            writer.write_record(answer)
            records.append(_record(hop, answer, begins, file.tell()))
    return Archived(file.getvalue(), tuple(records))


def bodies_in(warc: bytes) -> list[tuple[str, bytes]]:
    """The content type and body of each answer in a WARC. Raises warcio's errors, ValueError for a wrong block digest."""
    found = []
    reader = ArchiveIterator(io.BytesIO(warc), check_digests=True)
    for record in reader:
        content = record.content_stream().read()
        if record.digest_checker.passed is False:
            raise ValueError("a digest in the WARC does not hold")
        if record.rec_type == "response":
            found.append((record.http_headers.get_header("content-type", "") if record.http_headers else "", content))
    return found


class _InMemory(WARCWriter):  # type: ignore[misc]
    """A writer that never lays plain bytes on a disk."""

    @staticmethod
    def _create_temp_file() -> io.BytesIO:
        return io.BytesIO()


def _response(
    writer: WARCWriter, hop: Mapping[str, Any], capture: Mapping[str, Any] | None, bodies: Mapping[str, bytes]
) -> Any:
    body = bodies.get(capture["sha256"]) if capture else b""
    said = [(name, value) for name, value in hop["headers"].items() if name.lower() not in _OF_THE_WIRE]
    head = StatusAndHeaders(f"{hop['status']} -", said, protocol="HTTP/1.1")
    own = {
        "WARC-Date": _date(hop),
        "WARC-IP-Address": hop["peer_ip"],
    }
    if capture:
        seen = {"sha256": capture["sha256"], "size_bytes": capture["size_bytes"], "content_type": capture["content_type"]}
        own["Jikim-Seen"] = msgspec.json.encode(seen).decode()
        if body is None:
            own["WARC-Truncated"] = "unspecified"
    return writer.create_warc_record(
        hop["url"], "response", payload=io.BytesIO(body or b""), http_headers=head, warc_headers_dict=own
    )


def _record(hop: Mapping[str, Any], answer: Any, begins: int, ends: int) -> Record:
    mime = next((value for name, value in hop["headers"].items() if name.lower() == "content-type"), "")
    digest = answer.rec_headers.get_header("WARC-Payload-Digest") or ""
    kind = mime.partition(";")[0].strip()
    return Record(hop["url"], _date(hop), kind, str(hop["status"]), digest, begins, ends - begins)


def _date(hop: Mapping[str, Any]) -> str:
    return datetime.fromisoformat(hop["at"]).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
