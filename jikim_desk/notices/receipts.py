"""The number under which an authority took a report in: put on record by whoever handed it in, and shown with the notice."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from jikim.messages import readable
from jikim_desk.accounts.models import User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.notices import drafting, leaving
from jikim_desk.notices.faults import BadLetter, Changed
from jikim_desk.notices.models import Notice, Receipt
from jikim_desk.review import access

KEY = "notices.receipt_number"
NUMBER_MAX = 60


def takes_number(notice: Notice) -> bool:
    """Whether a number can be put on record: it is for an authority and has left."""
    return notice.kind in leaving.TO_AUTHORITIES and notice.state in drafting.WENT_OUT


def put(user: User, notice: Notice, number: str) -> Receipt:
    """Puts an authority's number on record; an earlier one stays. Raises BadLetter, Changed, PermissionDenied."""
    if not access.may_decide(user, notice.removal.candidate):
        raise PermissionDenied
    if not takes_number(notice):
        raise Changed("notices.has_not_left_to_authority")
    number = number.strip()
    if not 1 <= len(number) <= NUMBER_MAX or number != readable(number):
        raise BadLetter("notices.bad_receipt_number", limit=NUMBER_MAX)
    kept = Receipt(notice=notice, at=timezone.now(), state=notice.state, key=KEY)
    kept.said = number
    with transaction.atomic():
        kept.save(force_insert=True)
        facts = {"what": "receipt_number", "kind": notice.kind, "notice": notice.number}
        chain.record(Action.NOTICE, actor=user, subject=f"candidate:{notice.removal_id}", facts=facts)
    return kept


def number_of(notice: Notice) -> str:
    """The number as last put on record; "" for none."""
    kept = notice.receipts.filter(key=KEY).order_by("-at").first()
    return kept.said if kept else ""
