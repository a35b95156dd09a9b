"""The commission's bulk file: requests that a person read and approved, collected and given out as one table.

One row is one find under its own random number; rows stand in the order of these numbers, so that nothing tells which belong
to one case. Whatever may no longer leave is left out, when the file is made and each time it is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone

from jikim_desk.accounts.models import User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.notices import drafting, leaving, visible
from jikim_desk.notices.channels import commission, facts, spreadsheet
from jikim_desk.notices.channels.models import BulkFile, Filing
from jikim_desk.notices.faults import BadLetter, Changed, NoticeRefused
from jikim_desk.notices.models import Notice, NoticeKind, NoticeState
from jikim_desk.review import access

ROWS_MAX = 500
"""Rows of one file; what is beyond waits for the next one."""
KINDS = ("xlsx", "csv")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A request that is not in the file, and why as a message."""

    number: str
    refused: NoticeRefused


def collect(user: User, notice: Notice, *, version: int) -> None:
    """Approves a request to the commission for the next bulk file. Raises as `drafting.approve`, BadLetter for another kind."""
    if notice.kind != NoticeKind.REGULATOR:
        raise BadLetter("channels.not_for_commission")
    with transaction.atomic():
        drafting.approve_by_hand(user, notice, version=version)
        Filing.objects.update_or_create(notice=notice, defaults={"form": "", "bulk": None})


def collected(user: User, team_id: int) -> QuerySet[Notice]:
    """What waits for the next file of a team."""
    waits = visible.notices(user).filter(team_id=team_id, state=NoticeState.APPROVED, kind=NoticeKind.REGULATOR)
    return waits.filter(leaves_at=None, filing__form="", filing__bulk=None)


def make(user: User, team_id: int) -> tuple[BulkFile, list[LeftOut]]:
    """One file of what was collected: from now on these requests count as handed in by `user`.

    Raises BadLetter where there is nothing to put in, PermissionDenied.
    """
    if team_id not in access.team_ids(user, *access.DECIDERS):
        raise PermissionDenied
    form, now, left_out = commission.form(), timezone.now(), list[LeftOut]()
    file = BulkFile(team_id=team_id, made_by=user, made_at=now)
    checked, rows = [], list[dict[str, object]]()
    waiting = collected(user, team_id).select_related("removal__candidate__case").order_by("number")
    for notice in waiting[:ROWS_MAX]:  # beforehand: others who write need not wait for it
        told = facts.of(notice, "ko")
        try:
            facts.check(notice, commission.cells(form.column, told | {"line": ""}))
        except NoticeRefused as refused:
            left_out.append(LeftOut(notice.number, refused))
        else:
            checked.append((notice, told))
    with transaction.atomic():
        for notice, told in checked:
            try:
                leaving.check(notice.removal, notice.kind)
                drafting.hand_in(user, notice)
            except Changed:  # somebody else collected or cancelled it in this moment
                continue
            except NoticeRefused as refused:
                left_out.append(LeftOut(notice.number, refused))
                continue
            values = commission.cells(form.column, told | {"line": str(len(rows) + 1)})
            addresses = told["addresses"].split("\n")
            rows.append({"notice": notice.pk, "number": notice.number, "addresses": addresses, "values": values})
        if not rows:
            raise left_out[0].refused if left_out else BadLetter("channels.nothing_collected")
        file.heads = [column.name for column in form.column]
        file.rows = rows
        file.save(force_insert=True)
        filed = {"bulk": file, "filed_by": user, "filed_at": now}
        Filing.objects.filter(notice__in=[row["notice"] for row in rows]).update(**filed)
        facts_told = {"what": "bulk_made", "file": file.number, "rows": len(rows)}
        chain.record(Action.NOTICE, actor=user, subject=f"bulk:{file.pk}", facts=facts_told)
    return file, left_out


def file_for(user: User, file_id: str) -> BulkFile:
    """A file all of whose requests `user` may see and decide on. Raises Http404."""
    file = BulkFile.objects.filter(pk=file_id).first()
    if file is None or file.team_id not in access.team_ids(user, *access.DECIDERS):
        raise Http404
    if visible.notices(user).filter(filing__bulk=file).count() != len(file.rows):
        raise Http404
    return file


def files(user: User) -> QuerySet[BulkFile]:
    """The files of the teams in which `user` decides, the newest first."""
    return BulkFile.objects.filter(team__in=access.team_ids(user, *access.DECIDERS)).order_by("-made_at")


def content(user: User, file: BulkFile, kind: str) -> tuple[bytes, list[LeftOut]]:
    """The file as `kind`, without what was withdrawn or may no longer leave. Raises BadLetter where nothing is left."""
    withdrawals = Notice.objects.filter(withdraws__filing__bulk=file).exclude(state=NoticeState.CANCELLED)
    taken_back = set(withdrawals.values_list("withdraws", flat=True))
    notices = Notice.objects.filter(filing__bulk=file).select_related("removal__candidate__case").in_bulk()
    rows, left_out = [], list[LeftOut]()
    for row in file.rows:
        notice = notices[row["notice"]]
        try:
            if notice.pk in taken_back:
                raise BadLetter("channels.withdrawn")
            leaving.check(notice.removal, notice.kind)
        except NoticeRefused as refused:
            left_out.append(LeftOut(notice.number, refused))
        else:
            rows.append(row["values"])
    if not rows:
        raise left_out[0].refused
    with transaction.atomic():
        told = {"what": "bulk_taken", "file": file.number, "rows": len(rows), "method": kind}
        chain.record(Action.EXPORT, actor=user, subject=f"bulk:{file.pk}", facts=told)
    made = spreadsheet.xlsx(commission.form().sheet, file.heads, rows) if kind == "xlsx" else None
    return made or spreadsheet.comma_separated(file.heads, rows), left_out
