"""The evidence pack as one file: what it holds, how it is written, and how anybody finds that it was changed.

evidence.json       everything it says, for machines
evidence.ko.pdf     the same for people, PDF/A-2b, signed
evidence.en.pdf
answers.warc.gz     answers of servers: headers, and the words of pages
answers.wacz        the same with its index and digests, for tools that replay web archives
page.png            picture of the page, every place of a picture covered; absent where none could be drawn
media/<sha256>.age  a media file, only where the centre's setting names for whom (age recipients): nobody else can open it
manifest.json       sha256 of each of the above, number, time, the centre's public key
manifest.sig        Ed25519 signature of manifest.json (64 bytes); centre.pem has the key to check it
manifest.tsr        RFC 3161 stamp of manifest.sig; absent where it is not yet stamped

Pictures, sound and film are never in it in a form that this machine, or who takes the pack, could open.
"""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.validation.errors import SignatureValidationError
from warcio.exceptions import ArchiveLoadFailed

from jikim_desk.audit import stamping
from jikim_desk.notices import documents, wacz, webarchive
from jikim_desk.sealing import vault

JSON, KO, EN = "evidence.json", "evidence.ko.pdf", "evidence.en.pdf"
WARC, WACZ, PICTURE = "answers.warc.gz", "answers.wacz", "page.png"
MANIFEST, SIGNATURE, KEY, STAMP = "manifest.json", "manifest.sig", "centre.pem", "manifest.tsr"
CONTENT = (JSON, KO, EN, WARC, WACZ)
PACK_MAX_BYTES = 128 * 2**20
SCHEMA = 2
_REQUIRED = {1: (JSON, KO, EN, WARC), SCHEMA: CONTENT}
"""By schema: packs made before there was a WACZ stay whole."""
_MEDIA = re.compile(r"media/[0-9a-f]{64}\.age")
_AGE = b"age-encryption.org/v1\n"
_PNG = b"\x89PNG\r\n\x1a\n"
_OLD = (1980, 1, 1, 0, 0, 0)


class Manifest(msgspec.Struct, frozen=True):
    schema: int
    number: str
    organisation: str
    made_at: str
    public_key: str
    sha256: Mapping[str, str]


class Remark(msgspec.Struct, frozen=True):
    """Something found in a pack: a message key and its details. `is_fault`: it was changed, or is not whole."""

    key: str
    params: Mapping[str, str] = {}
    is_fault: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """`manifest` is None for what is no pack at all."""

    manifest: Manifest | None
    remarks: tuple[Remark, ...]
    stamped_at: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether nothing was changed."""
        return self.manifest is not None and not any(remark.is_fault for remark in self.remarks)


def media_part(digest: str) -> str:
    """The name of the part that holds a media file with this SHA-256."""
    return f"media/{digest}.age"


def pack(parts: Mapping[str, bytes], *, number: str, organisation: str, made_at: str) -> bytes:
    """The signed ZIP of the parts: all in CONTENT, and PICTURE and media where there are. Not yet stamped.

    Raises VaultError without the centre's key.
    """
    public = vault().public_key()
    names = [*CONTENT, *sorted(parts.keys() - set(CONTENT))]
    digests = {name: sha256(parts[name]).hexdigest() for name in names}
    manifest = msgspec.json.format(msgspec.json.encode(Manifest(SCHEMA, number, organisation, made_at, public.hex(), digests)))
    pem = Ed25519PublicKey.from_public_bytes(public).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    whole = {**{name: parts[name] for name in names}, MANIFEST: manifest, SIGNATURE: vault().sign(manifest), KEY: pem}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in whole.items():
            _write(archive, name, content)
    return file.getvalue()


def with_stamp(packed: bytes, response: bytes) -> bytes:
    """The pack with the time authority's answer beside it."""
    file = io.BytesIO(packed)
    with zipfile.ZipFile(file, "a") as archive:
        _write(archive, STAMP, response)
    return file.getvalue()


def signature_of(packed: bytes) -> bytes:
    """What the time authority stamps."""
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return archive.read(SIGNATURE)


def verify(path: Path, *, public_key: bytes | None = None) -> Verdict:
    """What is wrong with a pack. `public_key` is that of the centre it has to come from; None takes the one it names, which
    proves that it is of one piece, not whose it is. Raises OSError for a file that cannot be read."""
    if path.stat().st_size > PACK_MAX_BYTES:
        return Verdict(None, (Remark("evidence.verify.unreadable", {"reason": "size"}),))
    try:
        with zipfile.ZipFile(path) as archive:
            parts = dict(_parts(archive))
    except (*wacz.BROKEN, ValueError) as error:
        return Verdict(None, (Remark("evidence.verify.unreadable", {"reason": str(error)[:120]}),))
    if missing := _missing(parts, (MANIFEST, SIGNATURE, KEY)):
        return Verdict(None, missing)
    try:
        manifest = msgspec.json.decode(parts[MANIFEST], type=Manifest)
        key = bytes.fromhex(manifest.public_key)
        Ed25519PublicKey.from_public_bytes(public_key or key).verify(parts[SIGNATURE], parts[MANIFEST])
    except (msgspec.MsgspecError, ValueError):
        return Verdict(None, (Remark("evidence.verify.changed", {"part": MANIFEST}),))
    except InvalidSignature:
        return Verdict(None, (Remark("evidence.verify.not_signed"),))
    if manifest.schema not in _REQUIRED:
        return Verdict(None, (Remark("evidence.verify.newer", {"schema": str(manifest.schema)}),))
    if missing := _missing(parts, dict.fromkeys((*_REQUIRED[manifest.schema], *manifest.sha256))):
        return Verdict(None, missing)
    remarks = list(_wrong(parts, manifest, key))
    stamped_at = ""
    if STAMP in parts:
        try:
            stamped_at = stamping.check(parts[SIGNATURE], parts[STAMP]).at.isoformat()
        except stamping.NotStamped as error:
            cannot_check = error.key in ("audit.stamp.no_roots", "audit.stamp.bad_roots")
            said = {name: str(value) for name, value in error.params.items()}
            remarks.append(Remark(error.key, said, is_fault=not cannot_check))
    else:
        remarks.append(Remark("evidence.verify.not_stamped", is_fault=False))
    if public_key is None:
        remarks.append(Remark("evidence.verify.whose", {"key": manifest.public_key}, is_fault=False))
    return Verdict(manifest, tuple(remarks), stamped_at)


def _missing(parts: Mapping[str, bytes], names: Iterable[str]) -> tuple[Remark, ...]:
    return tuple(Remark("evidence.verify.missing", {"part": name[:80]}) for name in names if name not in parts)


def _wrong(parts: Mapping[str, bytes], manifest: Manifest, key: bytes) -> Iterator[Remark]:
    for name in parts.keys() - {*manifest.sha256, MANIFEST, SIGNATURE, KEY, STAMP}:
        yield Remark("evidence.verify.added", {"part": name[:80]})
    for name, digest in manifest.sha256.items():
        if sha256(parts[name]).hexdigest() != digest:
            yield Remark("evidence.verify.changed", {"part": name})
        elif not _belongs(name, parts[name]):
            yield Remark("evidence.verify.has_media", {"part": name[:80]})
    if not _is_key(parts[KEY], key):
        yield Remark("evidence.verify.changed", {"part": KEY})
    for name in (KO, EN):
        try:
            is_signed = documents.is_signed_by(parts[name], key)
        except (PdfError, SignatureValidationError, ValueError):
            is_signed = False
        if not is_signed:
            yield Remark("evidence.verify.pdf_not_signed", {"part": name})
    if WACZ in manifest.sha256:
        try:
            is_same = wacz.warc_in(parts[WACZ], max_bytes=PACK_MAX_BYTES) == parts[WARC]
        except ValueError:
            is_same = False
        if not is_same:
            yield Remark("evidence.verify.changed", {"part": WACZ})
    try:
        kept = webarchive.bodies_in(parts[WARC])
        has_media = any(content and webarchive.page_body(kind or "text/html", content) is None for kind, content in kept)
    except (ArchiveLoadFailed, ValueError, EOFError, gzip.BadGzipFile):
        yield Remark("evidence.verify.changed", {"part": WARC})
    else:
        if has_media:
            yield Remark("evidence.verify.has_media", {"part": WARC})


def _belongs(name: str, content: bytes) -> bool:
    """Whether a part is one a pack may have: media only where they are closed to everybody but whom they were sealed for."""
    if name == PICTURE:
        return content.startswith(_PNG)
    return name in CONTENT or bool(_MEDIA.fullmatch(name) and content.startswith(_AGE))


def _is_key(pem: bytes, key: bytes) -> bool:
    try:
        return bool(load_pem_public_key(pem) == Ed25519PublicKey.from_public_bytes(key))
    except ValueError:
        return False


def _parts(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    """Raises ValueError for a name that stands twice or a pack that is too large."""
    if len(archive.infolist()) != len(set(archive.namelist())):
        raise ValueError("a part stands twice")
    if sum(one.file_size for one in archive.infolist()) > PACK_MAX_BYTES:
        raise ValueError("size")
    for one in archive.infolist():
        yield one.filename, archive.read(one)


def _write(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _OLD)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    archive.writestr(info, content)


def as_json(value: Any) -> bytes:
    """JSON a person can read too."""
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"))
