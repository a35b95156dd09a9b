"""Keeps what a sweep finds, each find once however often it is told: rows have content-derived ids, nothing is counted up.

A find is first seen (its row and a sighting), then kept provisionally and finally. Only the sweep that found it first looks
at it; a later one adds a sighting, so that what was decided is never shown again. All of it may be told twice after a kill.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import msgspec
import numpy as np
from django.db.models import Q

from jikim import types
from jikim.rendering import scan_object
from jikim.scan import Look
from jikim.sources.canonical import canonical
from jikim.sources.markup import names_segments
from jikim.sweep import Found
from jikim.types import JsonValue, Keyword, Level
from jikim.vault import sweep_holder
from jikim_desk.records import extents
from jikim_desk.records.models import Candidate, CandidateState, Capture, Sighting, Sweep
from jikim_desk.sealing import reference, vault

PAGE, MEDIA, THUMBNAIL = "page", "media", "thumbnail"
LEVEL_RANKS = {Level.URGENT: 0, Level.LOOK: 1, Level.NONE: 2}


def see(sweep: Sweep, found: types.Candidate, place: str) -> bool:
    """Puts a find and its sighting on record; whether this sweep is the one to look at it."""
    return see_all(sweep, [(found, place)]) == [True]


def see_all(sweep: Sweep, finds: Sequence[tuple[types.Candidate, str]]) -> list[bool]:
    """Puts finds and their sightings on record; of each whether this sweep is the one to look at it."""
    addresses = {found.id: reference("url", canonical(found.url)) for found, _ in finds}
    rows = _known(finds, addresses)
    new = {found.id: _new(sweep, found, place, addresses[found.id]) for found, place in finds if found.id not in rows}
    if new:
        Candidate.objects.bulk_create(new.values(), ignore_conflicts=True)  # another sweep may have been first
        rows |= {row.pk: row for row in Candidate.objects.only("pk", "found_by", "state").filter(pk__in=new)}
    sightings = [
        Sighting(sweep=sweep, candidate=rows[found.id], keyword_ref=keyword_ref(found.keyword.text)) for found, _ in finds
    ]
    Sighting.objects.bulk_create(sightings, ignore_conflicts=True)
    return [rows[found.id].found_by_id == sweep.pk and rows[found.id].state == CandidateState.LOOKING for found, _ in finds]


def unfinished(sweep: Sweep) -> Iterator[tuple[types.Candidate, str, dict[str, list[Look]]]]:
    """The finds of this sweep that nobody has looked at to the end, each with the name of its place and the looks that were
    taken, by step."""
    for row in sweep.candidates.filter(state=CandidateState.LOOKING).order_by("found_at"):
        yield find_of(row), row.find["place"], looks_of(row)


def captured(sweep: Sweep) -> dict[str, types.Capture]:
    """What was fetched of the finds that are unfinished, by canonical address: it is not fetched again. A film in segments is,
    for its row does not tell where its sound stands."""
    rows = Capture.objects.filter(candidate__found_by=sweep, candidate__state=CandidateState.LOOKING)
    return {canonical(made.url): made for made in map(capture_of, rows) if not names_segments(made.url)}


def keep_capture(found: types.Candidate, part: str, capture: types.Capture, case_holder: str | None = None) -> None:
    """Puts on record what was fetched of a find: addresses, headers, hash and time, sealed. A case then holds it as well."""
    digest = sha256(f"{found.id}\0{part}\0{canonical(capture.url)}".encode()).hexdigest()
    row = Capture(
        id=digest[:32],
        candidate_id=found.id,
        part=part,
        content_type=capture.content_type[:100],
        sha256=capture.sha256,
        size_bytes=capture.size_bytes,
        fetched_at=capture.fetched_at,
        blob=capture.blob,
        holder=sweep_holder(capture.fetched_at.date()),
    )
    row.chain = hops(capture.chain)
    Capture.objects.bulk_create([row], ignore_conflicts=True)
    if case_holder is not None:
        hold_for_case(row, case_holder)


def hops(chain: Iterable[types.Hop]) -> list[dict[str, Any]]:
    """An address chain as values of JSON."""
    return [
        {"url": hop.url, "status": hop.status, "headers": dict(hop.headers), "peer_ip": hop.peer_ip, "at": hop.at.isoformat()}
        for hop in chain
    ]


def sealed(answer: types.Answer) -> types.Capture:
    """An answer that was fetched into memory, sealed for the day of its fetching. Raises VaultError."""
    with vault().sealing(sweep_holder(answer.fetched_at.date())) as sealing:
        sealing.write(answer.body)
    made = sealing.sealed
    return types.Capture(
        url=answer.url,
        final_url=answer.final_url,
        status=answer.status,
        peer_ip=answer.peer_ip,
        content_type=answer.headers.get("content-type", "").partition(";")[0].strip() or "application/octet-stream",
        sha256=made.sha256,
        size_bytes=made.size_bytes,
        fetched_at=answer.fetched_at,
        blob=made.blob,
        chain=answer.chain,
    )


def hold_for_case(capture: Capture, case_holder: str) -> None:
    """Lets a case (`jikim.vault.case_holder`) hold what was fetched, so that it outlives the day it was found on."""
    if vault().has(capture.blob, capture.holder):
        vault().share(capture.blob, capture.holder, case_holder)


def keep_find(sweep: Sweep, found: Found, looks: Mapping[str, Sequence[Look]] = {}) -> bool | None:
    """Puts an assessment on record, provisionally or finally; `looks` are those that need not be taken again. What was final
    before, or decided, stays as it is. Where it became final by this: whether the team has copies of it."""
    assessment = found.assessment
    row = Candidate(id=found.candidate.id)
    row.analysis = analysis_object(found)
    row.looks = msgspec.to_builtins(looks, enc_hook=_plain) if looks and not found.is_final else None
    changes: dict[str, Any] = {
        "looks_sealed": row.looks_sealed,
        "analysis_sealed": row.analysis_sealed,
        "level": assessment.level.value,
        "level_rank": LEVEL_RANKS[assessment.level],
        "score": assessment.score,
        "is_test": assessment.is_test,
    }
    if found.is_final:
        for extent in found.look.extents:
            extents.keep(extent)
        changes |= {"state": CandidateState.WAITING, "same_as": _same_as(found)}
    is_kept = Candidate.objects.filter(pk=row.pk, state=CandidateState.LOOKING, found_by=sweep).update(**changes)
    if not (is_kept and found.is_final):
        return None
    copies = Candidate.objects.filter(same_as=changes["same_as"], team=sweep.team_id).exclude(pk=row.pk)
    return bool(changes["same_as"]) and copies.exists()


def looks_of(row: Candidate) -> dict[str, list[Look]]:
    """The looks that were taken at a find, by step; none where another version of this program took them."""
    try:
        return msgspec.convert(row.looks or {}, dict[str, list[Look]])
    except msgspec.ValidationError:
        return {}


def _plain(value: object) -> JsonValue:
    """A number of numpy as a number, anything else a plug-in put into a cue by its kind: one odd cue must not lose the find."""
    return value.item() if isinstance(value, np.generic) else f"<{type(value).__name__}>"


def keep_opened(found: types.Candidate) -> None:
    """Puts on record what the page of a find told besides, once it was opened."""
    row = Candidate.objects.get(pk=found.id)
    row.title, row.text = found.title, found.text
    row.find = _find_object(found, row.find["place"])
    row.save(update_fields=["title_sealed", "text_sealed", "find_sealed"])


def keyword_ref(text: str) -> str:
    """The keyed reference of a keyword, by which the yield of each spelling is counted; empty for none."""
    return reference("keyword", text) if text else ""


def analysis_object(found: Found) -> dict[str, JsonValue]:
    """The object of `jikim sweep --json`, unmasked: it is kept sealed."""
    candidate, media = found.candidate, found.look.media
    whole = scan_object(candidate.id, media.id if media else None, found.look, found.assessment)
    return {
        **msgspec.to_builtins(whole, enc_hook=_plain),
        "id": candidate.id,
        "source": candidate.source,
        "found_at": candidate.found_at.isoformat(),
        "url": candidate.url,
        "title": candidate.title,
    }


def find_of(row: Candidate) -> types.Candidate:
    """The find as the source gave it."""
    find = row.find
    return types.Candidate(
        id=row.pk,
        source=row.source,
        native_id=find["native_id"],
        url=row.url,
        title=row.title,
        text=row.text,
        author_ref=find["author_ref"],
        media_urls=tuple(find["media_urls"]),
        keyword=Keyword(find["keyword"], find["lang"], find["origin"]),
        posted_at=row.posted_at,
        found_at=row.found_at,
        thumbnail_urls=tuple(find["thumbnail_urls"]),
        duration_s=find["duration_s"],
    )


def capture_of(row: Capture) -> types.Capture:
    """The capture as the fetcher gave it."""
    chain = tuple(
        types.Hop(hop["url"], hop["status"], hop["headers"], hop["peer_ip"], datetime.fromisoformat(hop["at"]))
        for hop in row.chain
    )
    return types.Capture(
        url=chain[0].url,
        final_url=chain[-1].url,
        status=chain[-1].status,
        peer_ip=chain[-1].peer_ip,
        content_type=row.content_type,
        sha256=row.sha256,
        size_bytes=row.size_bytes,
        fetched_at=row.fetched_at,
        blob=row.blob,
        chain=chain,
    )


def _known(finds: Sequence[tuple[types.Candidate, str]], addresses: Mapping[str, str]) -> dict[str, Candidate]:
    """The rows of finds that are on record, by the id of the find; one that another source gave for the same page, in an
    earlier sweep or among these, counts too."""
    named = Q(pk__in=addresses) | Q(url_ref__in=set(addresses.values()))
    rows = Candidate.objects.filter(named).only("pk", "found_by", "state", "source", "url_ref").order_by("found_at")
    by_id = {row.pk: row for row in rows}
    known: dict[str, Candidate] = {}
    for found, _ in finds:
        same_page = (row for row in by_id.values() if row.url_ref == addresses[found.id] and row.source != found.source)
        row = by_id.get(found.id) or next(same_page, None)
        if row is not None:
            known[found.id] = row
    return known


def _new(sweep: Sweep, found: types.Candidate, place: str, address: str) -> Candidate:
    row = Candidate(
        id=found.id,
        source=found.source,
        host_ref=reference("host", urlsplit(canonical(found.url)).hostname or ""),
        url_ref=address,
        posted_at=found.posted_at,
        found_at=found.found_at,
        found_by=sweep,
        team_id=sweep.team_id,
        case_id=sweep.case_id,
    )
    row.url, row.title, row.text = found.url, found.title, found.text
    row.find = _find_object(found, place)
    return row


def _find_object(found: types.Candidate, place: str) -> dict[str, JsonValue]:
    return {
        "native_id": found.native_id,
        "author_ref": found.author_ref,
        "media_urls": found.media_urls,
        "thumbnail_urls": found.thumbnail_urls,
        "duration_s": found.duration_s,
        "keyword": found.keyword.text,
        "lang": found.keyword.lang,
        "origin": found.keyword.origin,
        "place": place,
    }


def _same_as(found: Found) -> str:
    """Verified copies of the same extent: every medium there is was fetched, and each is a copy of the other's."""
    wanted = {canonical(url) for url in found.candidate.media_urls}
    rows = Capture.objects.filter(candidate_id=found.candidate.id, part=MEDIA)
    digests = {canonical(row.chain[0]["url"]): row.sha256 for row in rows}
    if not wanted or wanted - set(digests):
        return ""
    return extents.same_as(set(digests.values()), is_test=found.assessment.is_test)
