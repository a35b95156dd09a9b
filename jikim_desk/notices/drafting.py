"""A notice from draft to its way out: composed, read and edited, approved by a named person, cancellable while it waits.

    draft -> edit ... -> approve -> (waits) -> leaves            cancel while it waits, withdraw once it left
                      -> download: a person hands it in
                      -> approve_by_hand -> hand_in: by a form or in the commission's bulk file (`channels`)

Who acts on the same notice at the same moment is put in a row by the database; the second is told.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from jikim_desk.accounts.models import User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.config import desk_config
from jikim_desk.notices import ladder, leaving, letters
from jikim_desk.notices.faults import BadLetter, Changed
from jikim_desk.notices.models import Host, Mandate, Notice, NoticeKind, NoticeState, Outcome, Receipt, Removal
from jikim_desk.review import access

PAPER_MAX = 200
WENT_OUT = (NoticeState.SENT, NoticeState.DOWNLOADED, NoticeState.UNKNOWN)


def removal_for(user: User, candidate_id: str) -> Removal:
    """The removal of a find `user` may see. Raises Http404."""
    candidate = access.seen_by(user, candidate_id)
    removal = Removal.objects.filter(candidate=candidate).select_related("candidate__case", "team").first()
    if removal is None:
        raise Http404
    return removal


def notice_for(user: User, notice_id: str) -> Notice:
    """A notice about a find `user` may see. Raises Http404."""
    notice = Notice.objects.select_related("removal__candidate__case", "host", "approved_by").filter(pk=notice_id).first()
    if notice is None:
        raise Http404
    access.seen_by(user, notice.removal.candidate_id)
    return notice


def draft(
    removal: Removal,
    kind: str,
    *,
    by: User | None,
    lang: str = "",
    host: Host | None = None,
    step: int | None = None,
    withdraws: Notice | None = None,
) -> Notice:
    """Composes a notice to `host` (None: whom the person names) for somebody to read. Raises BadLetter for a form or language
    there is none of, PermissionDenied."""
    _require(by, removal)
    offered = letters.languages(kind)
    lang = lang or (host.lang if host and host.lang in offered else "en" if "en" in offered else "ko")
    if lang not in offered:
        raise BadLetter("notices.no_form")
    now, candidate = timezone.now(), removal.candidate
    went = removal.notices.filter(state__in=WENT_OUT).exclude(kind=NoticeKind.WITHDRAWAL)
    before = withdraws or went.order_by("-sent_at").first()
    seen = removal.rechecks.order_by("-at").first()
    pack = removal.packs.order_by("-made_at").first()
    notice = Notice(removal=removal, team_id=removal.team_id, host=host, kind=kind, lang=lang, step=step, drafted_at=now)
    notice.withdraws = withdraws
    letter = letters.compose(
        kind,
        lang,
        letters.Told(
            number=notice.number,
            addresses=leaving.addresses(candidate),
            sha256=list(dict.fromkeys(candidate.captures.filter(part="media").values_list("sha256", flat=True))),
            is_adult=removal.is_adult,
            before=before.number if before else "-",
            before_at=before.sent_at if before else None,
            seen_at=seen.at if seen else now,
            evidence=pack.number if pack else "",
        ),
    )
    notice.subject, notice.body = letter.subject, letter.body
    notice.recipient = withdraws.recipient if withdraws else host.mailbox if host and kind not in leaving.BY_DOWNLOAD else ""
    with transaction.atomic():
        notice.save(force_insert=True)
        _record(by, notice, "draft")
    return notice


def edit(user: User, notice: Notice, *, subject: str, body: str, recipient: str, version: int) -> None:
    """Puts other words into a draft. Raises Changed when somebody did so meanwhile, BadLetter, PermissionDenied."""
    _require(user, notice.removal)
    if len(subject) > leaving.SUBJECT_MAX or len(body) > leaving.BODY_MAX:
        raise BadLetter("notices.too_long")
    edited = Notice(pk=notice.pk)
    edited.subject, edited.body = subject.strip(), body.replace("\r\n", "\n")
    edited.recipient = leaving.mailbox(recipient)
    changes = {name: getattr(edited, name) for name in ("subject_sealed", "body_sealed", "recipient_sealed")}
    with transaction.atomic():
        _step(notice, NoticeState.DRAFT, version=version, changes={**changes, "version": version + 1})
        _record(user, notice, "edit")


def approve(user: User, notice: Notice, *, version: int) -> None:
    """Lets a notice leave in a while, in `user`'s name. Raises NotAllowed, BadLetter, Changed, PermissionDenied."""
    _require(user, notice.removal)
    if not notice.recipient:
        raise BadLetter("notices.no_recipient")
    _check(notice)
    now = timezone.now()
    leaves_at = now + timedelta(seconds=desk_config().removal.wait_s)
    changes = {"state": NoticeState.APPROVED, "approved_by": user, "approved_at": now, "leaves_at": leaves_at}
    with transaction.atomic():
        _step(notice, NoticeState.DRAFT, version=version, changes=changes)
        _record(user, notice, "approve")


def approve_by_hand(user: User, notice: Notice, *, version: int) -> None:
    """Approves a notice that a person will hand in by a form or a bulk file: it never leaves by itself. Raises as `approve`."""
    _require(user, notice.removal)
    _check(notice)
    changes = {"state": NoticeState.APPROVED, "approved_by": user, "approved_at": timezone.now(), "leaves_at": None}
    with transaction.atomic():
        _step(notice, NoticeState.DRAFT, version=version, changes=changes)
        _record(user, notice, "approve_by_hand")


def hand_in(user: User, notice: Notice) -> None:
    """A notice approved by hand was handed in: the clocks begin. Raises Changed, PermissionDenied."""
    _require(user, notice.removal)
    now = timezone.now()
    with transaction.atomic():
        changes = {"state": NoticeState.DOWNLOADED, "sent_at": now}
        _step(notice, NoticeState.APPROVED, changes=changes, leaves_at=None)
        went_out(notice, now)
        _record(user, notice, "hand_in")


def cancel(user: User, notice: Notice) -> None:
    """Stops a notice that has not left. Raises Changed when it has, PermissionDenied."""
    _require(user, notice.removal)
    with transaction.atomic():
        _step(notice, NoticeState.DRAFT, NoticeState.APPROVED, NoticeState.FAILED, changes={"state": NoticeState.CANCELLED})
        _record(user, notice, "cancel")


def download(user: User, notice: Notice, *, version: int) -> None:
    """Hands a notice to `user`, who takes it to a form or the post: from then on it counts as sent by them.

    Raises as `approve`.
    """
    _require(user, notice.removal)
    _check(notice)
    now = timezone.now()
    changes = {"state": NoticeState.DOWNLOADED, "approved_by": user, "approved_at": now, "sent_at": now}
    with transaction.atomic():
        _step(notice, NoticeState.DRAFT, version=version, changes=changes)
        went_out(notice, now)
        _record(user, notice, "download")


def withdraw(user: User, notice: Notice) -> Notice:
    """Drafts the withdrawal of a notice that left. Raises Changed when it has not, PermissionDenied."""
    if notice.state not in WENT_OUT:
        raise Changed("notices.has_not_left")
    return draft(notice.removal, NoticeKind.WITHDRAWAL, by=user, lang=notice.lang, host=notice.host, withdraws=notice)


def settle(user: User, notice: Notice, *, has_left: bool) -> None:
    """A person found out whether a notice left that nobody knew of. Raises Changed, PermissionDenied."""
    _require(user, notice.removal)
    now = timezone.now()
    state = NoticeState.SENT if has_left else NoticeState.FAILED
    with transaction.atomic():
        _step(notice, NoticeState.UNKNOWN, changes={"state": state, "sent_at": notice.sending_at if has_left else None})
        Receipt.objects.create(notice=notice, at=now, state=state, key="notices.settled")
        if has_left:
            went_out(notice, notice.sending_at or now)
        _record(user, notice, "settle")


def answered(user: User, notice: Notice, outcome: str) -> None:
    """Puts on record what the other side answered; the ladder rests but for a refusal or a bounce. Raises BadLetter."""
    _require(user, notice.removal)
    if outcome not in Outcome.values:
        raise BadLetter("notices.no_such_outcome")
    now = timezone.now()
    with transaction.atomic():
        changes = {"outcome": outcome, "answered_at": now if outcome else None}
        _step(notice, *WENT_OUT, changes=changes)
        removal = Removal.objects.select_for_update().get(pk=notice.removal_id)
        if outcome in (Outcome.REMOVED, Outcome.ASKS):
            removal.next_step_at = None
        elif outcome in (Outcome.REFUSED, Outcome.BOUNCED):
            removal.next_step_at = now
        if outcome == Outcome.REMOVED:
            removal.next_recheck_at = now
        removal.save(update_fields=["next_step_at", "next_recheck_at"])
        _record(user, notice, "answer")


def record_mandate(user: User, removal: Removal, *, asked_by: str, paper: str, is_warned_dmca: bool) -> Mandate:
    """Puts on record that an adult, or the prosecution for them, asked. Raises BadLetter, PermissionDenied."""
    _require(user, removal)
    if asked_by not in ("person", "prosecution") or not 1 <= len(paper.strip()) <= PAPER_MAX:
        raise BadLetter("notices.bad_mandate", limit=PAPER_MAX)
    mandate = Mandate(removal=removal, asked_by=asked_by, is_warned_dmca=is_warned_dmca, recorded_by=user)
    mandate.recorded_at = timezone.now()
    mandate.paper = paper.strip()
    with transaction.atomic():
        mandate.save(force_insert=True)
        facts = {"what": "mandate"}
        chain.record(Action.NOTICE, actor=user, subject=f"candidate:{removal.pk}", facts=facts)
    return mandate


def end_mandate(user: User, removal: Removal, mandate_id: str) -> None:
    """An adult takes their request back: nothing more leaves for it. Twice is once. Raises PermissionDenied."""
    _require(user, removal)
    with transaction.atomic():
        if removal.mandates.filter(pk=mandate_id, ended_at=None).update(ended_at=timezone.now()):
            facts = {"what": "mandate_ended"}
            chain.record(Action.NOTICE, actor=user, subject=f"candidate:{removal.pk}", facts=facts)


def hold(user: User, removal: Removal, *, until: Any, reason: str) -> None:
    """Holds everything but letters to authorities until a day, as investigators asked in writing; None lets it go on.

    Raises PermissionDenied for who is not a lead, BadLetter.
    """
    if not access.is_lead(user, removal.team_id):
        raise PermissionDenied
    if until is not None and not 1 <= len(reason.strip()) <= PAPER_MAX:
        raise BadLetter("notices.bad_hold", limit=PAPER_MAX)
    removal.held_until = until
    removal.hold = reason.strip() if until else ""
    with transaction.atomic():
        removal.save(update_fields=["held_until", "hold_sealed"])
        facts = {"what": "hold" if until else "hold_ended"}
        chain.record(Action.NOTICE, actor=user, subject=f"candidate:{removal.pk}", facts=facts)


def went_out(notice: Notice, at: datetime) -> None:
    """The clocks, rechecks and ladder that begin when the first notice leaves; in the caller's transaction."""
    rows = Removal.objects.filter(pk=notice.removal_id)
    if notice.kind == NoticeKind.WITHDRAWAL:
        rows.update(next_step_at=None)
    elif rows.filter(notified_at=None).update(notified_at=at, rechecks_from=at, next_recheck_at=at + timedelta(hours=1)):
        removal = rows.get()
        rows.update(next_step_at=ladder.due_at(removal))


def _check(notice: Notice) -> None:
    leaving.check(notice.removal, notice.kind)
    leaving.check_words(notice)


def _require(user: User | None, removal: Removal) -> None:
    if user is not None and not access.may_decide(user, removal.candidate):
        raise PermissionDenied


def _step(notice: Notice, *states: str, changes: dict[str, Any], version: int | None = None, **stands: Any) -> None:
    """Moves a notice on from one of `states`, where its other columns are as in `stands`, in one statement. Raises Changed
    when it is no longer there."""
    rows = Notice.objects.filter(pk=notice.pk, state__in=states, **stands)
    if version is not None:
        rows = rows.filter(version=version)
    if not rows.update(**changes):
        raise Changed("notices.changed")
    notice.refresh_from_db()


def _record(by: User | None, notice: Notice, what: str) -> None:
    facts = {"what": what, "kind": notice.kind, "notice": notice.number}
    chain.record(Action.NOTICE, actor=by, subject=f"candidate:{notice.removal_id}", facts=facts)
