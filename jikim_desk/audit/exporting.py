"""The chain as one file for somebody outside: signed with the centre's key, stamped by a time authority, checked without Jikim.

chain.jsonl      one entry a line, as JSON
manifest.json    which entries, the sha256 of chain.jsonl, when, by which centre, its public key
manifest.sig     Ed25519 signature of manifest.json (64 bytes); centre.pem has the key to check it
manifest.tsr     RFC 3161 stamp of manifest.sig; absent where it is not yet stamped
"""

from __future__ import annotations

import os
import secrets
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils import timezone

from jikim_desk.audit import chain, head, stamping
from jikim_desk.audit.actions import Action
from jikim_desk.audit.models import Entry
from jikim_desk.audit.verifying import COLUMNS, Remark, verify
from jikim_desk.config import desk_config
from jikim_desk.faults import BadAsk
from jikim_desk.sealing import vault

CHAIN, MANIFEST, SIGNATURE, KEY, STAMP = "chain.jsonl", "manifest.json", "manifest.sig", "centre.pem", "manifest.tsr"
_PART_MAX_BYTES = 2**20
_LINE_MAX_BYTES = 2**20


class Manifest(msgspec.Struct, frozen=True):
    """What an export says of itself."""

    schema: int
    centre: str
    made_at: str
    first: int
    last: int
    previous: str
    last_hash: str
    chain_sha256: str
    public_key: str
    problems: int
    """How many `verify` found in the whole chain at that moment; 0 for a chain that nobody changed."""


@dataclass(frozen=True, slots=True)
class Exported:
    """`stamped_at` is None where it is not yet stamped, and `why_not` says why."""

    path: Path
    manifest: Manifest
    stamped_at: datetime | None
    why_not: stamping.NotStamped | None


def export(path: Path, *, actor: AbstractBaseUser | None, first: int = 1) -> Exported:
    """Writes the entries from `first` on to the new file `path`, and records that it was done.

    Raises BadAsk, VaultError, OSError. That no stamp could be had is no exception: the result says so.
    """
    if path.exists():
        raise BadAsk("audit.export.exists", where=str(path))
    chain.record(Action.EXPORT, actor=actor, subject="audit:chain", facts={"first": first})
    new = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            manifest, stamp, why_not = _write(file, first)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(new)  # never over something that appeared meanwhile
    finally:
        new.unlink(missing_ok=True)
    return Exported(path, manifest, stamp.at if stamp else None, why_not)


def stamp_later(path: Path) -> datetime:
    """Stamps an export that is not yet stamped. Raises NotStamped, BadAsk for one that is damaged or stamped already."""
    remarks = check(path)
    if remarks and {remark.key for remark in remarks} != {"audit.export.not_stamped"}:
        raise BadAsk("audit.export.damaged", where=str(path))
    if not remarks:
        raise BadAsk("audit.export.is_stamped", where=str(path))
    with zipfile.ZipFile(path) as archive:
        signature = archive.read(SIGNATURE)
    stamp = stamping.stamp(signature)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(STAMP, stamp.response)
    return stamp.at


def check(path: Path) -> list[Remark]:
    """What is wrong with an export, and whether the chain of this desk still continues it; an empty list: all holds."""
    try:
        with zipfile.ZipFile(path) as archive:
            return list(_wrong(archive))
    except (zipfile.BadZipFile, KeyError, EOFError, ValueError, NotImplementedError, OSError) as error:
        return [Remark("audit.export.unreadable", None, {"reason": str(error)[:200]})]


def _write(file: IO[bytes], first: int) -> tuple[Manifest, stamping.Stamp | None, stamping.NotStamped | None]:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        digest, last, last_hash, previous = sha256(), first - 1, head.NO_HASH, head.NO_HASH
        with archive.open(CHAIN, "w", force_zip64=True) as lines:
            for entry in _entries(first):
                previous = entry["previous"] if last == first - 1 else previous
                last, last_hash = entry["number"], entry["hash"]
                line = msgspec.json.encode(entry) + b"\n"
                digest.update(line)
                lines.write(line)
        public = Ed25519PublicKey.from_public_bytes(vault().public_key())
        manifest = Manifest(
            schema=1,
            centre=desk_config().centre,
            made_at=timezone.now().astimezone(UTC).isoformat(timespec="seconds"),
            first=first,
            last=last,
            previous=previous,
            last_hash=last_hash,
            chain_sha256=digest.hexdigest(),
            public_key=vault().public_key().hex(),
            problems=len(verify().problems),
        )
        written = msgspec.json.format(msgspec.json.encode(manifest))
        signature = vault().sign(written)
        archive.writestr(MANIFEST, written)
        archive.writestr(SIGNATURE, signature)
        archive.writestr(KEY, public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        try:
            stamp = stamping.stamp(signature)
        except stamping.NotStamped as why_not:
            return manifest, None, why_not
        archive.writestr(STAMP, stamp.response)
        return manifest, stamp, None


def _entries(first: int) -> Iterator[dict[str, Any]]:
    rows = Entry.objects.filter(number__gte=first).order_by("number").values_list(*COLUMNS)
    for row in rows.iterator(chunk_size=2000):
        yield dict(zip(COLUMNS, row, strict=True))


def _wrong(archive: zipfile.ZipFile) -> Iterator[Remark]:
    if archive.testzip():
        yield Remark("audit.export.unreadable", None, {"reason": str(archive.testzip())})
        return
    written, signature = _part(archive, MANIFEST), _part(archive, SIGNATURE)
    try:
        Ed25519PublicKey.from_public_bytes(vault().public_key()).verify(signature, written)
    except InvalidSignature:
        yield Remark("audit.export.not_ours")
        return
    manifest = msgspec.json.decode(written, type=Manifest)
    if load_pem_public_key(_part(archive, KEY)) != Ed25519PublicKey.from_public_bytes(vault().public_key()):
        yield Remark("audit.export.changed")
    with archive.open(CHAIN) as lines:
        if not _is_chain(lines, manifest):
            yield Remark("audit.export.changed")
    if STAMP not in archive.namelist():
        yield Remark("audit.export.not_stamped")
    else:
        try:
            stamping.check(signature, _part(archive, STAMP))
        except stamping.NotStamped as error:
            yield Remark(error.key, None, error.params)
    now = Entry.objects.filter(number=manifest.last).values_list("hash", flat=True).first()
    if manifest.last and now != manifest.last_hash:
        yield Remark("audit.export.chain_differs", manifest.last)


def _is_chain(lines: IO[bytes], manifest: Manifest) -> bool:
    digest, expected, last_hash = sha256(), manifest.first, manifest.previous
    while line := lines.readline(_LINE_MAX_BYTES):
        digest.update(line)
        entry = msgspec.json.decode(line, type=dict[str, str | int])
        values = [entry[name] for name in COLUMNS[:7]]
        if chain.entry_hash(*values) != entry["hash"]:  # type: ignore[arg-type]
            return False
        if entry["number"] != expected or entry["previous"] != last_hash:
            return False
        expected, last_hash = expected + 1, str(entry["hash"])
    return (
        digest.hexdigest() == manifest.chain_sha256
        and expected == manifest.last + 1
        and (last_hash == manifest.last_hash or manifest.last < manifest.first)
    )


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as part:
        return part.read(_PART_MAX_BYTES)
