"""In danger now: what the police need at once, put together at the press of a key. Words, addresses, times and hashes;
no media."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from jikim_desk.accounts.models import User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.config import desk_config
from jikim_desk.records.models import Candidate, Capture
from jikim_desk.review import access, queue
from jikim_desk.review.faults import BadDecision
from jikim_desk.review.masking import shown
from jikim_desk.review.models import DangerSheet
from jikim_desk.review.turns import take_turn

MOST_COPIES = 50


def prepare(user: User, candidate_id: str, form_id: str) -> DangerSheet:
    """Puts the sheet together as things stand; the item stays where it is and is still to be decided. The same form twice is
    one sheet. Raises Http404, PermissionDenied, BadDecision."""
    candidate = access.seen_by(user, candidate_id)
    if not access.may_decide(user, candidate):
        raise PermissionDenied
    with transaction.atomic():
        take_turn(user)
        made = DangerSheet.objects.filter(person=user, form_id=form_id).first()
        if made is not None:
            if made.candidate_id != candidate_id:
                raise BadDecision("review.form_of_another")
            return made
        sheet = DangerSheet(form_id=form_id, candidate=candidate, person=user, made_at=timezone.now())
        sheet.content = _content(user, candidate)
        sheet.save(force_insert=True)
        chain.record(Action.EXPORT, actor=user, subject=f"candidate:{candidate.pk}", facts={"what": "danger_sheet"})
    return sheet


def sheet_for(user: User, sheet_id: str) -> DangerSheet:
    """The sheet, for who may see its candidate, with a record. Raises Http404."""
    sheet = DangerSheet.objects.select_related("person").filter(pk=sheet_id).first()
    if sheet is None:
        raise Http404
    access.seen_by(user, sheet.candidate_id)
    facts = {"what": "danger_sheet"}
    chain.record(Action.VIEW, actor=user, subject=f"candidate:{sheet.candidate_id}", facts=facts)
    return sheet


def _content(user: User, candidate: Candidate) -> dict[str, Any]:
    assessment = (candidate.analysis or {}).get("assessment") or {}
    copies = queue.members(user, candidate).exclude(pk=candidate.pk).order_by("found_at")
    return {
        "centre": desk_config().centre,
        "team": candidate.team.name,
        "case": candidate.case.number if candidate.case else "",
        "id": candidate.pk,
        "source": candidate.source,
        "url": shown(candidate.url, has_names=True),
        "title": shown(candidate.title, has_names=True),
        "text": shown(candidate.text, has_names=True),
        "author": shown(str((candidate.find or {}).get("author_ref") or ""), has_names=True),
        "posted_at": candidate.posted_at.isoformat() if candidate.posted_at else None,
        "found_at": candidate.found_at.isoformat(),
        "is_test": candidate.is_test,
        "axes": assessment.get("axes") or {},
        "reasons": [_readable(reason["text"]) for reason in (assessment.get("reasons") or ())[:12]],
        "captures": [_capture(one) for one in candidate.captures.order_by("fetched_at")],
        "copies": [
            {"url": shown(copy.url, has_names=True), "source": copy.source, "found_at": copy.found_at.isoformat()}
            for copy in copies[:MOST_COPIES]
        ],
        "copies_in_all": copies.count(),
    }


def _readable(text: Mapping[str, str]) -> dict[str, str]:
    return {lang: shown(words, has_names=True) for lang, words in text.items()}


def _capture(capture: Capture) -> dict[str, Any]:
    last = (capture.chain or [{}])[-1]
    return {
        "part": capture.part,
        "url": shown(str(last.get("url") or ""), has_names=True),
        "peer_ip": str(last.get("peer_ip") or ""),
        "status": last.get("status"),
        "sha256": capture.sha256,
        "size_bytes": capture.size_bytes,
        "content_type": shown(capture.content_type, has_names=True),
        "fetched_at": capture.fetched_at.isoformat(),
    }
