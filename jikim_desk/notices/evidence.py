"""Evidence packs: put together once a confirmation can no longer be undone, sealed, stamped as soon as the authority answers.

A pack proves that an answer with this hash was seen at this address at this time, by whose server it was given, and what the
centre did. It proves nothing of who put it there. It has the page's words and a picture of them in which every place of a
picture is covered; media files are in it only sealed for those whom the centre's setting names (`contents`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Max, Q
from django.utils import timezone

from jikim.vault import case_holder, sweep_holder
from jikim_desk.accounts.models import User
from jikim_desk.audit import chain, stamping
from jikim_desk.audit.actions import Action
from jikim_desk.config import desk_config
from jikim_desk.notices import contents, documents, hosts, packing, page_visit, registries, sheets, wacz, webarchive
from jikim_desk.notices.lookups import errands
from jikim_desk.notices.models import EvidencePack, Removal, random_number
from jikim_desk.notices.pictures.drawing import PagePicture
from jikim_desk.notices.reuploads import guarding
from jikim_desk.records.models import Candidate, Capture, Extent
from jikim_desk.review import access
from jikim_desk.review.decisions import standing
from jikim_desk.review.models import Applied, Decision, Kind
from jikim_desk.sealing import vault

_REMOVED_FOR = Q(decision__kind=Kind.CONFIRMED) | Q(decision__kind=Kind.APPEARS_ADULT, decision__category="support_requested")
RETRY = timedelta(minutes=10)
RETRY_MAX = timedelta(hours=12)


def begin_due(now: datetime, *, limit: int = 20, newest: int | None = None) -> list[Removal]:
    """Begins the removal of what was confirmed and can no longer be undone, each once. Test chains never begin. With `newest`,
    only so many of the last decisions are looked through."""
    lapsed = now - timedelta(seconds=desk_config().undo_s)
    counted = Applied.objects.filter(_REMOVED_FOR, is_current=True, candidate__removal=None, candidate__is_test=False)
    if newest is not None:
        counted = counted.filter(pk__gt=(Applied.objects.aggregate(last=Max("pk"))["last"] or 0) - newest)
    rows = counted.filter(decision__decided_at__lt=lapsed).select_related("candidate", "decision").order_by("pk")[:limit]
    return [removal for row in rows if (removal := begin(row.candidate, row.decision, now)) is not None]


def begin(candidate: Candidate, decision: Decision, now: datetime) -> Removal | None:
    """Begins the removal of one find; None where another process was first."""
    removal = Removal(
        candidate=candidate,
        team_id=candidate.team_id,
        is_adult=decision.kind == Kind.APPEARS_ADULT,
        begun_at=now,
        reviewed_at=decision.decided_at,
        next_step_at=now,
    )
    try:
        with transaction.atomic():
            removal.save(force_insert=True)
            guarding.begin(removal)
    except IntegrityError:
        return None
    return removal


def packs_due(*, limit: int = 10, since: datetime | None = None) -> list[Removal]:
    """Removals that have no pack yet; of those begun since then, where it says."""
    rows = Removal.objects.filter(packs=None).select_related("candidate")
    if since is not None:
        rows = rows.filter(begun_at__gte=since)
    return list(rows.order_by("?")[:limit])  # one that cannot be packed must not stand before the others


def complete(removal: Removal, *, by: User | None = None) -> EvidencePack:
    """Puts a pack together as things stand, seals it, and puts it on record; the stamp comes with `stamp`. A worker (`by`
    None) first fetches the page where no sweep kept it, and makes no second pack where another worker was first.

    Raises VaultError when it cannot be sealed, BadUse for a wrong setting; then there is none.
    """
    if by is None and (first := removal.packs.first()) is not None:
        return first
    now, candidate = timezone.now(), removal.candidate
    number = random_number()
    visit = page_visit.keep(candidate) if by is None else {}
    picture, media = contents.picture(candidate, number), contents.media(candidate)
    facts = told(removal, number, now) | {
        "page_picture": _picture(picture),
        "page_visit": visit,
        "media": _media(media),
    }
    archived = webarchive.written(facts["captures"], dict(_bodies(candidate)))
    packed = packing.pack(
        {
            packing.JSON: packing.as_json(facts),
            packing.KO: _document(facts, "ko", now),
            packing.EN: _document(facts, "en", now),
            packing.WARC: archived.warc,
            packing.WACZ: wacz.written(archived, page_url=candidate.url, created=facts["made_at"]),
            **contents.parts(picture, media),
        },
        number=number,
        organisation=facts["centre"]["organisation"],
        made_at=facts["made_at"],
    )
    holder = _holder(candidate, now)
    with vault().sealing(holder) as sealing:
        sealing.write(packed)
    made = EvidencePack(
        number=number,
        removal=removal,
        made_at=now,
        blob=sealing.sealed.blob,
        holder=holder,
        size_bytes=len(packed),
        sha256=sha256(packed).hexdigest(),
        next_try_at=now,
    )
    with transaction.atomic():
        locked = Removal.objects.select_for_update().get(pk=removal.pk)
        if by is None and (first := locked.packs.first()) is not None:  # what was sealed here ends with its holder
            return first
        made.save(force_insert=True)
        chain.record(
            Action.EVIDENCE,
            actor=by,
            subject=f"candidate:{candidate.pk}",
            facts={"sha256": made.sha256, "parts": len(media.files)},
        )
    return made


def may_pack(user: User, removal: Removal) -> None:
    """Raises PermissionDenied unless `user` may decide on the find."""
    if not access.may_decide(user, removal.candidate):
        raise PermissionDenied


def stamps_due(now: datetime, *, limit: int = 20) -> list[EvidencePack]:
    """Packs that are not yet stamped, and are to be tried again."""
    return list(EvidencePack.objects.filter(stamped_at=None, next_try_at__lte=now).order_by("next_try_at")[:limit])


def stamp(pack: EvidencePack) -> bool:
    """Asks the authority for a stamp; False where there is none yet, which the pack then says with the reason."""
    try:
        stamped = stamping.stamp(packing.signature_of(vault().read(pack.blob)))
    except stamping.NotStamped as why:
        wait = min(RETRY * 2 ** min(pack.tries, 10), RETRY_MAX)
        changes: dict[str, Any] = {"not_stamped_key": why.key, "next_try_at": timezone.now() + wait, "tries": pack.tries + 1}
        EvidencePack.objects.filter(pk=pack.pk, stamped_at=None).update(**changes)
        return False
    EvidencePack.objects.filter(pk=pack.pk, stamped_at=None).update(
        stamp=stamped.response, stamped_at=stamped.at, not_stamped_key="", next_try_at=None
    )
    return True


def file_of(pack: EvidencePack) -> bytes:
    """The whole ZIP, with its stamp where there is one. Raises VaultError."""
    packed = vault().read(pack.blob)
    return packing.with_stamp(packed, bytes(pack.stamp)) if pack.stamped_at else packed


def to_hold(*, limit: int = 20) -> list[EvidencePack]:
    """Packs of finds that were linked to a case since, and are not yet held by it. Those whose day was destroyed before then
    are gone and hold up no other."""
    rows = EvidencePack.objects.filter(holder__startswith="sweep:", removal__candidate__case__isnull=False)
    there = (pack for pack in rows.select_related("removal__candidate") if vault().has(pack.blob, pack.holder))
    return list(islice(there, limit))


def hold_for_case(pack: EvidencePack) -> None:
    """Lets the case to which the find was linked hold the pack, so that it lives as long as the case. Raises VaultError."""
    holder = case_holder(pack.removal.candidate.case_id or "")  # none: refused as no holder
    vault().share(pack.blob, pack.holder, holder)
    EvidencePack.objects.filter(pk=pack.pk).update(holder=holder)


def told(removal: Removal, number: str, now: datetime) -> dict[str, Any]:
    """What a pack says of the find: addresses, answers, hashes, times and deeds. No title, no words, no name of anybody, no
    case."""
    candidate, decision = removal.candidate, standing(removal.candidate)
    settings = desk_config().removal
    captures = list(candidate.captures.order_by("fetched_at", "pk"))
    return {
        "schema": 2,
        "number": number,
        "made_at": _utc(now),
        "centre": {
            "organisation": settings.organisation or desk_config().centre,
            "organisation_en": settings.organisation_en,
            "mailbox": settings.mailbox,
            "public_key": vault().public_key().hex(),
        },
        "find": {
            "url": candidate.url,
            "host": urlsplit(candidate.url).hostname or "",
            "source": candidate.source,
            "posted_at": _utc(candidate.posted_at),
            "found_at": _utc(candidate.found_at),
        },
        "decision": {
            "kind": decision.kind if decision else "",
            "decided_at": _utc(decision.decided_at) if decision else "",
            "by": chain.person_reference(decision.person) if decision else "",
        },
        "captures": [_capture(one) for one in captures],
        "hashes": list(_hashes(captures)),
        "network": registries.told(_peers(captures), errands.networks(hosts.of(candidate))),
        "deeds": [
            {"number": entry.number, "at": entry.at, "action": entry.action, "by": entry.actor, "hash": entry.hash}
            for entry in chain.about(f"candidate:{candidate.pk}")
        ],
    }


def _capture(capture: Capture) -> dict[str, Any]:
    return {
        "part": capture.part,
        "content_type": capture.content_type,
        "sha256": capture.sha256,
        "size_bytes": capture.size_bytes,
        "fetched_at": _utc(capture.fetched_at),
        "chain": [dict(hop) for hop in capture.chain],
    }


def _hashes(captures: list[Capture]) -> Iterator[dict[str, Any]]:
    extents = Extent.objects.in_bulk({one.sha256 for one in captures})
    for digest in dict.fromkeys(one.sha256 for one in captures):
        extent = extents.get(digest)
        yield {"sha256": digest, "pdq": [{"at_ms": at, "hash": text} for at, text in (extent.frames if extent else ())]}


def _peers(captures: list[Capture]) -> list[str]:
    """The addresses of the servers that answered, in their order."""
    return list(dict.fromkeys(hop["peer_ip"] for one in captures for hop in one.chain if hop["peer_ip"]))


def _bodies(candidate: Candidate) -> Iterator[tuple[str, bytes]]:
    for capture, page in contents.pages(candidate):
        body = webarchive.page_body(capture.content_type, page)
        if body is not None:
            yield capture.sha256, body


def _picture(picture: PagePicture) -> dict[str, Any]:
    if not picture.png:
        return {"why_none": picture.why_none}
    return {
        "part": packing.PICTURE,
        "sha256": sha256(picture.png).hexdigest(),
        "width_px": picture.width_px,
        "height_px": picture.height_px,
        "areas_covered": picture.boxes,
        "is_cut": picture.is_cut,
    }


def _media(media: contents.SealedMedia) -> dict[str, Any]:
    return {"sealed_for": media.recipients, "sealed": list(media.files), "left_out": media.left_out}


def _document(facts: Mapping[str, Any], lang: str, now: datetime) -> bytes:
    return documents.signed(
        documents.pdf("sheet", sheets.evidence(facts, lang)), centre=facts["centre"]["organisation"], at=now
    )


def _holder(candidate: Candidate, now: datetime) -> str:
    return case_holder(candidate.case_id) if candidate.case_id else sweep_holder(now.date())


def _utc(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else ""
