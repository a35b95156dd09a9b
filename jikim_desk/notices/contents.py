"""What of a find goes into its evidence pack besides words about it: its pages, a picture of its page, and media files only
where the centre's setting names for whom.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pyrage

from jikim.errors import BadUse
from jikim.sources.charsets import decoded
from jikim_desk.config import desk_config
from jikim_desk.notices import packing, sheets, webarchive
from jikim_desk.notices.pictures import drawing
from jikim_desk.notices.pictures.drawing import PagePicture
from jikim_desk.records.models import Candidate, Capture
from jikim_desk.sealing import vault

MEDIA_MAX_BYTES = 48 * 2**20
_HTML = ("text/html", "application/xhtml")


@dataclass(frozen=True, slots=True)
class SealedMedia:
    """Media files closed to everybody but `recipients` (age), by the SHA-256 of the plain bytes; `left_out` are those there was
    no room for, or that are no longer there."""

    recipients: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


def pages(candidate: Candidate) -> Iterator[tuple[Capture, bytes]]:
    """The pages of a find as they were fetched, those that are still there and are not too large. Raises VaultError."""
    for capture in candidate.captures.filter(part="page").exclude(blob="").order_by("fetched_at", "pk"):
        if capture.size_bytes <= webarchive.PAGE_MAX_BYTES and vault().has(capture.blob, capture.holder):
            yield capture, vault().read(capture.blob)


def picture(candidate: Candidate, number: str, *, lang: str = "ko") -> PagePicture:
    """The covered picture of a find's page; where there is none, it says why. Raises VaultError."""
    for capture, body in pages(candidate):
        if capture.content_type.lower().startswith(_HTML):
            last = capture.chain[-1]
            head = [
                sheets.address(last["url"]),
                sheets.moment(last["at"], lang),
                f"SHA-256 {capture.sha256}",
                sheets.word(lang, "picture.head", number=number),
            ]
            text = decoded(body, last["headers"].get("content-type", ""))
            return drawing.drawn(text, head=head, lang=lang, time_limit_s=drawing.TIME_LIMIT_S)
    return PagePicture(why_none="evidence.picture.no_page")


def media(candidate: Candidate) -> SealedMedia:
    """The media files of a find, sealed for those whom the setting names; nothing where it names nobody.

    Raises VaultError, BadUse for a setting that names no age recipient.
    """
    names = desk_config().removal.evidence_media_for
    if not names:
        return SealedMedia()
    try:
        recipients = [pyrage.x25519.Recipient.from_str(name) for name in names]
    except pyrage.RecipientError as error:
        raise BadUse("config.invalid", where="[desk.removal] evidence_media_for", problem=str(error)) from error
    files: dict[str, bytes] = {}
    left_out: list[str] = []
    room_bytes = MEDIA_MAX_BYTES
    for capture in candidate.captures.filter(part="media").order_by("fetched_at", "pk"):
        if capture.sha256 in files:
            continue
        if not capture.blob or capture.size_bytes > room_bytes or not vault().has(capture.blob, capture.holder):
            left_out.append(capture.sha256)
            continue
        room_bytes -= capture.size_bytes
        files[capture.sha256] = bytes(pyrage.encrypt(vault().read(capture.blob), recipients))
    return SealedMedia(names, files, tuple(left_out))


def parts(drawn: PagePicture, sealed: SealedMedia) -> Mapping[str, bytes]:
    """The parts of the pack that not every pack has."""
    found = {packing.media_part(digest): content for digest, content in sealed.files.items()}
    return {**found, packing.PICTURE: drawn.png} if drawn.png else found
