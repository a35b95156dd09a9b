"""A request handed in by a web form: what goes into which field, checked like a letter, filed by a person with its receipt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from jikim.messages import readable
from jikim_desk.accounts.models import User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.notices import drafting, hosts, sheets
from jikim_desk.notices.channels import facts, printing, sheet_files
from jikim_desk.notices.channels.models import Filing
from jikim_desk.notices.channels.replies import set_receipt
from jikim_desk.notices.channels.sheet_files import Sheet
from jikim_desk.notices.faults import BadLetter, Changed
from jikim_desk.notices.models import Host, Notice, NoticeKind, NoticeState, Removal
from jikim_desk.words import say

RECEIPT_MAX = 60
_LINE_MAX = 90


@dataclass(frozen=True, slots=True)
class Filled:
    """One field of a form as it is to be pasted. `over` is by how many characters it is too long."""

    name: str
    value: str
    help: str
    over: int

    @property
    def lines(self) -> int:
        """How tall it is shown."""
        return sum(1 + len(line) // _LINE_MAX for line in self.value.split("\n"))


def draft_for_engines(user: User, removal: Removal) -> list[Notice]:
    """Drafts a request for each search engine that was not asked yet. Raises PermissionDenied, BadLetter."""
    made = []
    with transaction.atomic():
        Removal.objects.select_for_update().get(pk=removal.pk)  # two who ask at once are put in a row
        asked = Filing.objects.filter(notice__removal=removal).exclude(notice__state=NoticeState.CANCELLED)
        done = set(asked.values_list("form", flat=True))
        for name, sheet in sheet_files.engines().items():
            if name in done:
                continue
            notice = drafting.draft(removal, NoticeKind.DELISTING, by=user, lang=sheet.lang, host=hosts.named(sheet.host))
            Filing.objects.create(notice=notice, form=name)
            made.append(notice)
    return made


def choose(user: User, notice: Notice, form: str, *, version: int) -> None:
    """Approves a notice for handing in by a form. Raises as `drafting.approve`, BadLetter for a form that does not fit."""
    sheet = sheet_files.sheet(form)
    if sheet.kind != notice.kind:
        raise BadLetter("channels.sheet_does_not_fit")
    facts.check(notice, (field.value for field in fields(notice, sheet)))
    with transaction.atomic():
        drafting.approve_by_hand(user, notice, version=version)
        Filing.objects.update_or_create(notice=notice, defaults={"form": form, "bulk": None})


def shown(user: User, notice: Notice) -> tuple[Sheet, list[Filled]]:
    """The sheet of a notice that was approved for it, on record as seen. Raises Changed where it was not, NotAllowed where it
    may no longer leave."""
    filing = Filing.objects.filter(notice=notice).exclude(form="").first()
    if filing is None or notice.leaves_at is not None or notice.state not in (NoticeState.APPROVED, NoticeState.DOWNLOADED):
        raise Changed("channels.not_approved_for_sheet")
    sheet = sheet_files.sheet(filing.form)
    filled = fields(notice, sheet)
    facts.check(notice, (field.value for field in filled))
    with transaction.atomic():
        told = {"what": "fill_sheet", "form": filing.form, "notice": notice.number}
        chain.record(Action.EXPORT, actor=user, subject=f"candidate:{notice.removal_id}", facts=told)
    return sheet, filled


def fields(notice: Notice, sheet: Sheet) -> list[Filled]:
    """What goes into each field."""
    told = facts.of(notice, sheet.lang)
    return filled_with(sheet, told)


def filled_with(sheet: Sheet, told: dict[str, str]) -> list[Filled]:
    """The fields of a sheet with these values."""
    found = []
    for field in sheet.field:
        value = field.value.format_map(told).strip()
        over = max(0, len(value) - field.most) if field.most else 0
        found.append(Filled(field.name, value, str(field.help or ""), over))
    return found


def file(user: User, notice: Notice, receipt: str) -> None:
    """A person handed it in and was given a receipt number, or none. Raises Changed, BadLetter, PermissionDenied."""
    receipt = receipt_of(receipt)
    filing = Filing.objects.filter(notice=notice).exclude(form="").first()
    if filing is None:
        raise Changed("channels.not_approved_for_sheet")
    filing.filed_by, filing.filed_at = user, timezone.now()
    set_receipt(filing, receipt)
    with transaction.atomic():
        drafting.hand_in(user, notice)
        filing.save(update_fields=["filed_by", "filed_at", "receipt_sealed", "receipt_ref"])


def receipt_of(text: str) -> str:
    """A receipt number as typed. Raises BadLetter for what is none."""
    text = text.strip()
    if len(text) > RECEIPT_MAX or text != readable(text):
        raise BadLetter("channels.bad_receipt", limit=RECEIPT_MAX)
    return text


def where(sheet: Sheet, host: Host | None) -> str:
    """The address of the form, where the directory knows it; else ""."""
    known = host if host and host.form else hosts.named(sheet.host)
    return known.form if known else ""


def printed(lang: str, sheet: Sheet, filled: Iterable[Filled], number: str, address: str) -> dict[str, Any]:
    """The sheet for paper, as `documents.pdf` takes it."""
    organisation = printing.organisation()
    steps = [f"{at}. {step}" for at, step in enumerate(sheet.steps, 1)]
    top = [(say("channels.sheet.number", lang), number), (say("channels.sheet.where", lang), address or "-")]
    return sheets.sheet(
        lang,
        str(sheet.title),
        date=timezone.now(),
        organisation=organisation,
        footer=f"{organisation} · {number}",
        facts=top,
        sections=[
            *([{"title": say("channels.sheet.steps", lang), "words": steps}] if steps else []),
            {"title": say("channels.sheet.fields", lang), "facts": [(one.name, one.value) for one in filled]},
        ],
    )
