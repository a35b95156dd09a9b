"""What people do with letters that came in: see them, join them to a notice, say what they are. Only then does a notice count
as answered, and its ladder rests or goes on (`drafting.answered`).
"""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone

from jikim.vault import case_holder
from jikim_desk.accounts.models import Role, User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.config import desk_config
from jikim_desk.notices import drafting, visible
from jikim_desk.notices.faults import BadLetter, Changed
from jikim_desk.notices.inbox import classifying, joining, origin, taking
from jikim_desk.notices.inbox.models import NO_ANSWER, JoinedBy, Kind, Letter, LetterState, Mailbox
from jikim_desk.notices.models import Notice, NoticeState, Outcome
from jikim_desk.review import access
from jikim_desk.sealing import vault

OUTCOMES = tuple(one for one in Outcome.values if one)
_CLAIMS = frozenset({"phrase_removed", "phrase_refused", "phrase_asks"})
_AT_ONCE = 100
_SPOKEN = frozenset({Kind.REMOVED, Kind.REFUSED, Kind.ASKS, Kind.UNKNOWN})
"""Kinds that are told by a letter's own words."""


def letters(user: User) -> QuerySet[Letter]:
    """The letters `user` may see: those about finds they may see, and for a lead those that belong to none yet."""
    seen = Q(notice__isnull=False) & visible.condition(user, "notice__removal__")
    if access.team_ids(user, Role.LEAD):
        seen |= Q(notice=None)
    return Letter.objects.filter(seen)


def letter_for(user: User, letter_id: str) -> Letter:
    """A letter `user` may see. Raises Http404."""
    wanted = Letter.objects.select_related("notice__removal__candidate__case", "notice__host", "confirmed_by", "mailbox")
    letter = wanted.filter(pk=letter_id).first()
    if letter is None or not letters(user).filter(pk=letter.pk).exists():
        raise Http404
    return letter


def waiting(user: User) -> int:
    """How many letters wait for somebody to say what they are."""
    return letters(user).filter(state=LetterState.WAITING).count()


def mailbox() -> Mailbox | None:
    """How far the mailbox that is set was read; None where it never was, or none is set."""
    settings = desk_config().removal
    return Mailbox.objects.filter(pk=taking.ref_of(settings)).first() if settings.imap_host else None


def may_confirm(user: User, letter: Letter) -> bool:
    """Whether `user`, who may see it, may also say what it is."""
    if letter.notice is None:
        return bool(access.team_ids(user, Role.LEAD))
    return access.may_decide(user, letter.notice.removal.candidate)


def remarks(letter: Letter) -> list[str]:
    """What to beware of in a letter: how far its sender is whom we had written to, then the marks it came with."""
    told, notice, found = letter.told, letter.notice, []
    if told["proof"] == origin.Proof.FAILED:
        found.append("forged")
    if notice is not None and letter.kind not in (Kind.BOUNCED, Kind.OWN):  # mail servers return letters in their own name
        known = [notice.recipient, *([notice.host.name, notice.host.mailbox] if notice.host else [])]
        if not origin.fits(told["sender"], *known):
            found.append("stranger")
    if told["reply_to"] and not origin.fits(told["reply_to"], told["sender"]):
        found.append("reply_elsewhere")
    if any(one["marks"] for one in told["attached"]):
        found.append("beware_attached")
    if notice is not None and notice.state == NoticeState.UNKNOWN:
        found.append("it_left")
    return [*found, *told["marks"]]


def record_view(user: User, letter: Letter) -> None:
    """Puts on record that `user` read it."""
    with transaction.atomic():
        chain.record(Action.VIEW, actor=user, subject=taking.subject_of(letter), facts={"what": "mail", "mail": letter.pk})


def confirm(user: User, letter: Letter, outcome: str) -> None:
    """Says what a letter is: an outcome, which its notice then has, or no answer at all.

    Raises Changed where somebody was first, BadLetter, PermissionDenied.
    """
    if not may_confirm(user, letter):
        raise PermissionDenied
    if outcome not in (*OUTCOMES, NO_ANSWER):
        raise BadLetter("notices.no_such_outcome")
    if outcome != NO_ANSWER and letter.notice is None:
        raise BadLetter("inbox.no_notice")
    changes = {"state": LetterState.CONFIRMED, "confirmed": outcome, "confirmed_by": user, "confirmed_at": timezone.now()}
    with transaction.atomic():
        _step(letter, **changes)
        if letter.notice is not None and outcome != NO_ANSWER:
            drafting.answered(user, letter.notice, outcome)
        facts = {"what": "mail_confirmed", "kind": outcome, "state": letter.kind, "mail": letter.pk}
        chain.record(Action.NOTICE, actor=user, subject=taking.subject_of(letter), facts=facts)


def automatic(user: User, letter_ids: Iterable[str]) -> list[Letter]:
    """Those of the letters that wait, that no person wrote as far as headers tell, and whose words claim nothing."""
    rows = letters(user).select_related("notice__removal__candidate")
    found = rows.filter(pk__in=list(letter_ids)[:_AT_ONCE], state=LetterState.WAITING, kind__in=(Kind.AUTO, Kind.OWN))
    return [one for one in found if may_confirm(user, one) and not any(clue["rule"] in _CLAIMS for clue in one.told["because"])]


def attach(user: User, letter: Letter, number: str) -> Notice:
    """Joins a letter that waits to the notice of a number, by hand. Raises BadLetter for a number that no notice outside has
    which `user` may decide on, Changed, PermissionDenied, VaultError."""
    if not may_confirm(user, letter):
        raise PermissionDenied
    rows = visible.notices(user).select_related("removal__candidate").filter(state__in=joining.OUTSIDE)
    notice = rows.filter(number=number.strip().upper()).first()
    if notice is None or not access.may_decide(user, notice.removal.candidate):
        raise BadLetter("inbox.no_such_notice")
    holder, case = letter.holder, notice.removal.candidate.case_id
    if holder and case and holder != case_holder(case):
        holder = case_holder(case)
        for one in letter.told["attached"]:
            if one["blob"] and vault().has(one["blob"], letter.holder):  # its day may be over
                vault().share(one["blob"], letter.holder, holder)
    changes: dict[str, object] = {"notice": notice, "team_id": notice.team_id, "joined_by": JoinedBy.HAND, "holder": holder}
    if letter.kind in _SPOKEN:  # what it quotes of us is known only now
        verdict = classifying.by_phrases(letter.text, notice.body)
        letter.told = {**letter.told, "because": [{"rule": one.rule, "words": one.words} for one in verdict.because]}
        changes |= {"kind": verdict.kind, "told_sealed": letter.told_sealed}
    with transaction.atomic():
        _step(letter, **changes)
        facts = {"what": "mail_attached", "notice": notice.number, "mail": letter.pk}
        chain.record(Action.NOTICE, actor=user, subject=taking.subject_of(letter), facts=facts)
    return notice


def attached(user: User, letter: Letter, place: int) -> bytes:
    """An attached document, handed to a lead. Raises Http404 where there is none put away or its time was over,
    PermissionDenied, VaultError."""
    if not access.team_ids(user, Role.LEAD) or not may_confirm(user, letter):
        raise PermissionDenied
    every = letter.told["attached"]
    if not 0 <= place < len(every) or not every[place]["blob"] or not vault().has(every[place]["blob"], letter.holder):
        raise Http404
    content = vault().read(every[place]["blob"])
    with transaction.atomic():
        facts = {"what": "mail_file", "mail": letter.pk, "place": place}
        chain.record(Action.EXPORT, actor=user, subject=taking.subject_of(letter), facts=facts)
    return content


def _step(letter: Letter, **changes: object) -> None:
    """Changes a letter that waits, in one statement. Raises Changed when it no longer does, or was joined elsewhere."""
    rows = Letter.objects.filter(pk=letter.pk, state=LetterState.WAITING, notice=letter.notice_id)
    if not rows.update(**changes):
        raise Changed("inbox.changed")
    letter.refresh_from_db()
