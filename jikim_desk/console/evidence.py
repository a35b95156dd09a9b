"""Evidence packs handed to who may see the find, with a record; and the number an authority gave to a report."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from jikim.errors import VaultError
from jikim_desk import words
from jikim_desk.accounts.rights import allow
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.console.refusals import told_at
from jikim_desk.console.visitor import visitor
from jikim_desk.notices import drafting, evidence, receipts
from jikim_desk.notices.models import EvidencePack
from jikim_desk.review import access


@allow(*access.READERS)
@require_POST
@never_cache
def file(request: HttpRequest, pack_id: str) -> HttpResponse:
    """The pack as a ZIP; its name says its number and nothing else."""
    user = visitor(request)
    pack = EvidencePack.objects.select_related("removal__candidate").filter(pk=pack_id).first()
    if pack is None:
        raise Http404
    access.seen_by(user, pack.removal.candidate_id)
    try:
        content = evidence.file_of(pack)
    except VaultError as error:
        messages.error(request, words.say(error.key, **error.params))
        return redirect("removal", pack.removal_id)
    with transaction.atomic():
        facts = {"what": "evidence", "sha256": pack.sha256}
        chain.record(Action.EXPORT, actor=user, subject=f"candidate:{pack.removal_id}", facts=facts)
    answer = HttpResponse(content, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="evidence-{pack.number}.zip"'
    return answer


@allow(*access.DECIDERS)
@require_POST
@told_at("notice", "notice_id")
def receipt(request: HttpRequest, notice_id: str) -> HttpResponse:
    """Puts the number on record under which an authority took a report in."""
    user = visitor(request)
    receipts.put(user, drafting.notice_for(user, notice_id), request.POST.get("number", ""))
    messages.success(request, words.say("outbox.receipt_kept"))
    return redirect("notice", notice_id=notice_id)


addresses = [
    path("evidence/<str:pack_id>/file", file, name="evidence_file"),
    path("outbox/<str:notice_id>/receipt", receipt, name="notice_receipt"),
]
