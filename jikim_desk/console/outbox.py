"""The outbox: notices that wait to be read, approved or sent, and what became of those that left."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jikim_desk import words
from jikim_desk.accounts.rights import allow
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.config import desk_config
from jikim_desk.console.lists import Column
from jikim_desk.console.lists import page as page_of
from jikim_desk.console.refusals import told_at
from jikim_desk.console.removal import NUMBER_DIGITS
from jikim_desk.console.visitor import visitor
from jikim_desk.notices import drafting, leaving, sheets, visible
from jikim_desk.notices.channels import bulk, filling, printing
from jikim_desk.notices.models import NoticeState, Outcome
from jikim_desk.review import access

COLUMNS = (
    Column("outbox.column.number"),
    Column("outbox.column.kind"),
    Column("outbox.column.host"),
    Column("outbox.column.state"),
    Column("outbox.column.drafted", "drafted_at"),
    Column("outbox.column.left"),
    Column("outbox.column.answer"),
)


@allow(*access.READERS)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """What waits, the newest first; `state=all` or one state."""
    user, state = visitor(request), request.GET.get("state", "")
    seen = visible.notices(user).select_related("host", "removal__candidate")
    if state in NoticeState.values:
        seen = seen.filter(state=state)
    elif state != "all":
        seen = seen.filter(is_waiting=True)
    found = page_of(request, seen, COLUMNS, "-drafted_at")
    rows = [(one, one.host.name if one.host else urlsplit(one.removal.candidate.url).hostname or "") for one in found.rows]
    shown = {"page": found, "rows": rows, "state": state, "states": ["all", *NoticeState.values]}
    return render(request, "console/removal/outbox.html", shown)


@allow(*access.READERS)
@require_GET
@never_cache
def notice(request: HttpRequest, notice_id: str) -> HttpResponse:
    """One notice as it will leave or has left. Seeing it is on record, since an address stands in it."""
    user = visitor(request)
    found = drafting.notice_for(user, notice_id)
    with transaction.atomic():
        facts = {"what": "notice", "notice": found.number}
        chain.record(Action.VIEW, actor=user, subject=f"candidate:{found.removal_id}", facts=facts)
    shown = {
        "notice": found,
        "find": found.removal_id[:NUMBER_DIGITS],
        "receipts": found.receipts.order_by("-at"),
        "may_act": access.may_decide(user, found.removal.candidate),
        "is_draft": found.state == NoticeState.DRAFT,
        "is_waiting": found.state == NoticeState.APPROVED,
        "is_unknown": found.state == NoticeState.UNKNOWN,
        "has_left": found.state in drafting.WENT_OUT,
        "may_cancel": found.state in (NoticeState.DRAFT, NoticeState.APPROVED, NoticeState.FAILED),
        "outcomes": [one for one in Outcome.values if one],
        "wait_minutes": max(1, round(desk_config().removal.wait_s / 60)),
        "subject_max": leaving.SUBJECT_MAX,
        "body_max": leaving.BODY_MAX,
    }
    return render(request, "console/removal/notice.html", shown)


@allow(*access.DECIDERS)
@require_POST
@told_at("notice", "notice_id")
def edit(request: HttpRequest, notice_id: str) -> HttpResponse:
    """Keeps other words; with `then=approve` also lets it leave, with `then=download` hands it out, with `then=sheet` or
    `then=bulk` approves it for a web form or the commission's bulk file."""
    user, sent = visitor(request), request.POST
    found = drafting.notice_for(user, notice_id)
    version = _number(sent.get("version", ""))
    given = {name: sent.get(name, "").replace("\r\n", "\n") for name in ("subject", "body", "recipient")}
    if any(value.strip() != getattr(found, name).strip() for name, value in given.items()):
        drafting.edit(user, found, **given, version=version)
        version += 1
    if sent.get("then") == "approve":
        drafting.approve(user, found, version=version)
        minutes = max(1, round(desk_config().removal.wait_s / 60))
        messages.success(request, words.say("outbox.approved", minutes=minutes))
    elif sent.get("then") == "sheet":
        filling.choose(user, found, sent.get("form", ""), version=version)
        messages.success(request, words.say("channels.sheet.approved"))
    elif sent.get("then") == "bulk":
        bulk.collect(user, found, version=version)
        messages.success(request, words.say("channels.sheet.collected"))
    elif sent.get("then") == "download":
        drafting.download(user, found, version=version)
        messages.success(request, words.say("outbox.downloaded"))
    return redirect("notice", notice_id=notice_id)


@allow(*access.DECIDERS)
@require_POST
@told_at("notice", "notice_id")
def cancel(request: HttpRequest, notice_id: str) -> HttpResponse:
    """Stops it before it leaves."""
    user = visitor(request)
    drafting.cancel(user, drafting.notice_for(user, notice_id))
    return redirect("notice", notice_id=notice_id)


@allow(*access.DECIDERS)
@require_POST
@told_at("notice", "notice_id")
def withdraw(request: HttpRequest, notice_id: str) -> HttpResponse:
    """Drafts the letter that takes it back."""
    user = visitor(request)
    made = drafting.withdraw(user, drafting.notice_for(user, notice_id))
    return redirect("notice", notice_id=made.pk)


@allow(*access.DECIDERS)
@require_POST
@told_at("notice", "notice_id")
def answer(request: HttpRequest, notice_id: str) -> HttpResponse:
    """Puts on record what the other side answered."""
    user = visitor(request)
    drafting.answered(user, drafting.notice_for(user, notice_id), request.POST.get("outcome", ""))
    return redirect("notice", notice_id=notice_id)


@allow(*access.DECIDERS)
@require_POST
@told_at("notice", "notice_id")
def settle(request: HttpRequest, notice_id: str) -> HttpResponse:
    """Says whether it left, where nobody knew."""
    user = visitor(request)
    drafting.settle(user, drafting.notice_for(user, notice_id), has_left=request.POST.get("has_left") == "yes")
    return redirect("notice", notice_id=notice_id)


@allow(*access.READERS)
@require_POST
@never_cache
@told_at("notice", "notice_id")
def file(request: HttpRequest, notice_id: str) -> HttpResponse:
    """The letter that was handed out or sent, as text or, with `as=pdf`, as a signed PDF. Its name is its number."""
    user = visitor(request)
    found = drafting.notice_for(user, notice_id)
    if found.state not in drafting.WENT_OUT:
        raise Http404
    is_pdf = request.POST.get("as") == "pdf"
    if is_pdf:
        content = printing.signed_sheet(sheets.letter(found, printing.organisation()), found.sent_at or timezone.now())
    else:
        content = f"{found.subject}\n\n{found.body}".encode()
    with transaction.atomic():
        facts = {"what": "notice", "notice": found.number}
        chain.record(Action.EXPORT, actor=user, subject=f"candidate:{found.removal_id}", facts=facts)
    done = HttpResponse(content, content_type="application/pdf" if is_pdf else "text/plain; charset=utf-8")
    done["Content-Disposition"] = f'attachment; filename="notice-{found.number}.{"pdf" if is_pdf else "txt"}"'
    return done


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


addresses = [
    path("outbox/", page, name="outbox"),
    path("outbox/<str:notice_id>/", notice, name="notice"),
    path("outbox/<str:notice_id>/edit", edit, name="notice_edit"),
    path("outbox/<str:notice_id>/cancel", cancel, name="notice_cancel"),
    path("outbox/<str:notice_id>/withdraw", withdraw, name="notice_withdraw"),
    path("outbox/<str:notice_id>/answer", answer, name="notice_answer"),
    path("outbox/<str:notice_id>/settle", settle, name="notice_settle"),
    path("outbox/<str:notice_id>/file", file, name="notice_file"),
]
