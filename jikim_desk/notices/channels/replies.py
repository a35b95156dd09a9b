"""A bulk reply from its file to its end: read and shown, then applied in a person's name, each row once or not at all.

It is applied in pieces, each a transaction that also says how far it came: whoever goes on after a kill begins where it ended.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256

import msgspec
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from jikim_desk.accounts.models import User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.notices import drafting, visible
from jikim_desk.notices.channels import commission, matching, spreadsheet
from jikim_desk.notices.channels.matching import CHANGE, SAME, SKIP, Known, Row
from jikim_desk.notices.channels.models import BulkFile, Filing, Reply, ReplyState, Result
from jikim_desk.notices.faults import Changed
from jikim_desk.notices.models import Outcome, Removal
from jikim_desk.review import access
from jikim_desk.sealing import reference

_PIECE = 50
_OUTCOMES = {Result.REMOVED: Outcome.REMOVED, Result.REFUSED: Outcome.REFUSED, Result.ASKS: Outcome.ASKS}
"""What ends or changes the ladder. Blocking does neither: the material is still where it was."""


def take_in(user: User, team_id: int, content: bytes) -> Reply:
    """Reads a reply and matches it with the team's requests. Nothing is changed yet. Raises BadLetter, PermissionDenied."""
    if team_id not in access.team_ids(user, *access.DECIDERS):
        raise PermissionDenied
    found = matching.rows(spreadsheet.read(content), commission.form(), _Ours(user, team_id))
    counts = Counter(row.verdict for row in found)
    reply = Reply(
        team_id=team_id,
        uploaded_by=user,
        uploaded_at=timezone.now(),
        sha256=sha256(content).hexdigest(),
        to_change=counts[CHANGE],
        unchanged=counts[SAME],
        skipped=counts[SKIP],
    )
    reply.rows = msgspec.to_builtins(found)
    with transaction.atomic():
        reply.save(force_insert=True)
        _record(user, reply, "reply_read")
    return reply


def reply_for(user: User, reply_id: str) -> Reply:
    """A reply that `user` put in: it shows only what they may see. Raises Http404."""
    reply = Reply.objects.filter(pk=reply_id, uploaded_by=user, team__in=access.team_ids(user, *access.DECIDERS)).first()
    if reply is None:
        raise Http404
    return reply


def replies(user: User) -> list[Reply]:
    """What somebody put in lately, the newest first."""
    return list(Reply.objects.filter(uploaded_by=user).defer("rows_sealed").order_by("-uploaded_at")[:20])


def rows_of(reply: Reply) -> list[Row]:
    """Its rows as they were matched."""
    return msgspec.convert(reply.rows, list[Row])


def apply(user: User, reply: Reply, *, within_s: float = 5.0) -> None:
    """Puts a reply in force in `user`'s name, as far as it goes in `within_s` seconds; a worker does the rest. Raises Changed
    where that was done already, PermissionDenied."""
    with transaction.atomic():
        changes = {"state": ReplyState.APPLYING, "applied_by": user, "applied_at": timezone.now()}
        _step(reply, changes)
        _record(user, reply, "reply_applied")
    rows, ends_at = rows_of(reply), time.monotonic() + within_s
    while _go_on(reply.pk, rows) and time.monotonic() < ends_at:
        pass
    reply.refresh_from_db()


def drop(user: User, reply: Reply) -> None:
    """Puts a reply aside unused. Raises Changed where it was applied."""
    with transaction.atomic():
        _step(reply, {"state": ReplyState.DROPPED})
        _record(user, reply, "reply_dropped")


def unfinished() -> list[str]:
    """Replies that were begun and are not done."""
    return list(Reply.objects.filter(state=ReplyState.APPLYING).order_by("applied_at").values_list("pk", flat=True))


def finish(reply_id: str) -> None:
    """Applies what is left of a reply."""
    rows = rows_of(Reply.objects.get(pk=reply_id))
    while _go_on(reply_id, rows):
        pass


def _go_on(reply_id: str, rows: Sequence[Row]) -> bool:
    """Applies the next of its rows, which never change; whether any are left."""
    with transaction.atomic():
        found = Reply.objects.select_for_update(of=("self",)).select_related("applied_by").defer("rows_sealed")
        reply = found.get(pk=reply_id)
        if reply.state != ReplyState.APPLYING or reply.applied_by is None:
            return False
        piece = rows[reply.done_upto : reply.done_upto + _PIECE]
        to_apply = {row.notice: row for row in piece if row.verdict == CHANGE}
        standing = Filing.objects.select_for_update(of=("self",)).select_related("notice__removal__candidate")
        filings = standing.filter(notice__in=list(to_apply)).order_by("pk").in_bulk()
        applied = sum(_apply_row(reply.applied_by, row, filings.get(key)) for key, row in to_apply.items())
        reply.changed += applied
        reply.overtaken += len(to_apply) - applied
        reply.done_upto += len(piece)
        is_done = reply.done_upto >= len(rows)
        if is_done:
            reply.state = ReplyState.APPLIED
        reply.save(update_fields=["changed", "overtaken", "done_upto", "state"])
    return not is_done


def _apply_row(user: User, row: Row, filing: Filing | None) -> bool:
    """Whether it still stood as it was read, and is in force now."""
    if filing is None or filing.result != row.before:
        return False
    now = timezone.now()
    filing.result, filing.result_at, filing.reason = row.result, now, row.reason
    set_receipt(filing, row.receipt)
    try:
        with transaction.atomic():
            outcome = _OUTCOMES.get(Result(row.result))
            if outcome and row.result != row.before:
                drafting.answered(user, filing.notice, outcome)
            elif row.result == Result.BLOCKED:
                Removal.objects.filter(pk=filing.notice.removal_id).update(next_recheck_at=now)
            filing.save(update_fields=["result", "result_at", "reason_sealed", "receipt_sealed", "receipt_ref"])
    except (Changed, PermissionDenied):
        return False
    return True


def set_receipt(filing: Filing, receipt: str) -> None:
    """Keeps their number of a request, so that a later reply finds it; unsaved."""
    filing.receipt = receipt
    filing.receipt_ref = _receipt_ref(receipt)


def _receipt_ref(receipt: str) -> str:
    return reference("receipt", commission.plain(receipt)) if receipt else ""


class _Ours:
    """The requests in bulk files that one person may see, by number, receipt and address."""

    def __init__(self, user: User, team_id: int) -> None:
        seen = visible.notices(user).filter(team_id=team_id)
        filings = list(Filing.objects.filter(notice__in=seen, bulk__isnull=False).select_related("notice"))
        known = {one.pk: Known(one.pk, one.notice.number, one.result, one.receipt, one.reason) for one in filings}
        self._numbers = {one.number: one for one in known.values()}
        # a number of theirs that stands for many requests tells nothing of one
        counts = Counter(one.receipt_ref for one in filings)
        self._receipts = {one.receipt_ref: known[one.pk] for one in filings if one.receipt_ref and counts[one.receipt_ref] == 1}
        self._addresses: dict[str, list[Known]] = {}
        for file in BulkFile.objects.filter(team_id=team_id):
            for row in file.rows:
                for url in row["addresses"] if row["notice"] in known else ():
                    self._addresses.setdefault(url, []).append(known[row["notice"]])

    def by_number(self, number: str) -> Known | None:
        """By our own number."""
        return self._numbers.get(number)

    def by_receipt(self, receipt: str) -> Known | None:
        """By their number."""
        return self._receipts.get(_receipt_ref(receipt)) if receipt else None

    def by_address(self, url: str) -> Sequence[Known]:
        """By an address that stood in a file."""
        return self._addresses.get(url, ())


def _step(reply: Reply, changes: Mapping[str, object]) -> None:
    if not Reply.objects.filter(pk=reply.pk, state=ReplyState.READ).update(**changes):
        raise Changed("channels.reply_done")
    reply.refresh_from_db()


def _record(user: User, reply: Reply, what: str) -> None:
    told = {"what": what, "changes": reply.to_change, "same": reply.unchanged, "skipped": reply.skipped}
    chain.record(Action.NOTICE, actor=user, subject=f"reply:{reply.pk}", facts=told)
