"""What is watched for: the files of finds whose confirmation stands, unless the centre, the case or a person says otherwise.

Begun in the transaction that begins a removal, so once undoing is over; asked anew by every machine's bank (`mirroring`), so
that what a decision, a request or a setting no longer carries leaves the banks by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404
from django.utils import timezone

from jikim_desk.accounts.models import User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.config import desk_config
from jikim_desk.notices.models import Mandate, Removal
from jikim_desk.notices.reuploads.models import CaseRefusal, Guard, GuardedFile
from jikim_desk.review import access
from jikim_desk.review.models import DecisionState, Kind

FILES_MAX = 8


@dataclass(frozen=True, slots=True)
class Standing:
    """How one find is watched for. `why_not` is a message key where it is not; `files` are told in any case."""

    why_not: str
    files: tuple[GuardedFile, ...]
    is_off: bool
    is_refused_by_case: bool


def begin(removal: Removal) -> Guard:
    """Has the files of a find watched for; in the transaction that begins its removal. A find without files that were kept has
    none."""
    guard, is_new = Guard.objects.get_or_create(removal=removal)
    if is_new:
        kept = list(removal.candidate.captures.exclude(blob="").exclude(part="page").order_by("part", "pk"))
        files = {one.sha256: one for one in [one for one in kept if one.part == "media"] or kept}
        GuardedFile.objects.bulk_create(
            GuardedFile(guard=guard, sha256=digest, capture=capture, is_only=len(files) == 1)
            for digest, capture in list(files.items())[:FILES_MAX]
        )
    return guard


def wanted() -> QuerySet[GuardedFile]:
    """The files whose fingerprints may be kept as things stand: confirmed, or of an adult who asks; not forbidden by the
    centre, the case or a person."""
    if not desk_config().removal.keeps_fingerprints:
        return GuardedFile.objects.none()
    return GuardedFile.objects.filter(
        _carried("guard__removal__", "guard"),
        guard__removal__candidate__case__fingerprint_refusal=None,
        guard__off_at=None,
        left_out_at=None,
    )


def watched() -> QuerySet[Removal]:
    """The removals whose finds are watched for, by fingerprints or without: what was decided carries them, and nobody switched
    it off."""
    return Removal.objects.filter(_carried("", "pk"), guard__off_at=None)


def _carried(way: str, pk: str) -> Q:
    """That a removal, reached by `way` from the row, rests on a confirmation that stands, or on an adult's that asks."""
    asks = Exists(Mandate.objects.filter(removal=OuterRef(pk), ended_at=None))
    applied = f"{way}candidate__applied__"
    adult = Q((f"{way}is_adult", True), (f"{applied}decision__kind", Kind.APPEARS_ADULT)) & asks
    child = Q((f"{way}is_adult", False), (f"{applied}decision__kind", Kind.CONFIRMED))
    return (adult | child) & Q((f"{applied}is_current", True), (f"{applied}decision__state", DecisionState.STANDS))


def standing(removal: Removal) -> Standing:
    """How a find is watched for, in words' keys."""
    guard = Guard.objects.filter(removal=removal).first()
    files = tuple(guard.files.order_by("pk")) if guard else ()
    is_off = guard is not None and guard.off_at is not None
    is_refused = CaseRefusal.objects.filter(case=removal.candidate.case_id).exists()
    if not desk_config().removal.keeps_fingerprints:
        why_not = "reuploads.why_not.setting"
    elif is_refused:
        why_not = "reuploads.why_not.case"
    elif is_off:
        why_not = "reuploads.why_not.off"
    elif not files:
        why_not = "reuploads.why_not.no_file"
    elif not wanted().filter(guard=guard).exists():
        why_not = "reuploads.why_not.not_standing"
    else:
        why_not = ""
    return Standing(why_not, files, is_off, is_refused)


def switch(user: User, removal: Removal, *, is_on: bool) -> None:
    """A person has a find watched for, or no longer: its fingerprints then leave the banks. Raises PermissionDenied."""
    _require(user, removal)
    now = timezone.now()
    with transaction.atomic():
        guard = begin(removal)
        Guard.objects.filter(pk=guard.pk).update(off_by=None if is_on else user, off_at=None if is_on else now)
        _record(user, removal, "guard_on" if is_on else "guard_off")


def leave_out(user: User, removal: Removal, file_id: str, *, is_out: bool = True) -> None:
    """A person says that one file is not what was confirmed, or that it is after all. Raises Http404, PermissionDenied."""
    _require(user, removal)
    with transaction.atomic():
        rows = GuardedFile.objects.filter(guard=removal.pk, pk=int(file_id) if file_id.isdecimal() else 0)
        now = timezone.now()
        if not rows.update(left_out_by=user if is_out else None, left_out_at=now if is_out else None):
            raise Http404
        _record(user, removal, "guard_without" if is_out else "guard_with")


def refuse_for_case(user: User, removal: Removal, *, is_refused: bool = True) -> None:
    """No fingerprints are kept for any find of the case a find is linked to, or they are again. Raises Http404 where there is
    no case, PermissionDenied."""
    _require(user, removal)
    case_id = removal.candidate.case_id
    if case_id is None:
        raise Http404
    with transaction.atomic():
        if is_refused:
            CaseRefusal.objects.get_or_create(case_id=case_id, defaults={"by": user, "at": timezone.now()})
        else:
            CaseRefusal.objects.filter(case=case_id).delete()
        facts = {"what": "guard_off" if is_refused else "guard_on"}
        chain.record(Action.GUARD, actor=user, subject=f"case:{case_id}", facts=facts)


def _require(user: User, removal: Removal) -> None:
    if not access.may_decide(user, removal.candidate):
        raise PermissionDenied


def _record(user: User, removal: Removal, what: str) -> None:
    chain.record(Action.GUARD, actor=user, subject=f"candidate:{removal.pk}", facts={"what": what})
