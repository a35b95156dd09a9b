"""Suggested searches: words an engine proposes that lead to somebody. Entered by a person, sealed, filed with the engine by its
form, and looked for again by a person on set days. No list, log, file name or record shows the words.

    open -> filed -> (7 days) looked for -> clean -> 7, 30 and 90 days after it was gone -> closed
                                         -> still there: open again
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone

from jikim.messages import readable
from jikim_desk.accounts.models import User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.config import desk_config
from jikim_desk.notices import letters
from jikim_desk.notices.channels import filling, sheet_files
from jikim_desk.notices.channels.filling import Filled
from jikim_desk.notices.channels.models import Look, Suggestion, SuggestionState
from jikim_desk.notices.channels.sheet_files import SUGGESTION, Sheet
from jikim_desk.notices.faults import BadLetter, Changed, NotAllowed
from jikim_desk.review import access

WORDS_MAX, PAPER_MAX = 100, 200
FIRST_LOOK = timedelta(days=7)
LOOKS_AFTER_GONE = (timedelta(days=7), timedelta(days=30), timedelta(days=90))


def enter(user: User, team_id: int, form: str, words: str, *, is_adult: bool = False, paper: str = "") -> Suggestion:
    """Takes in words an engine suggests. Raises BadLetter, PermissionDenied."""
    if team_id not in access.team_ids(user, *access.DECIDERS):
        raise PermissionDenied
    sheet = sheet_files.sheet(form)
    words, paper = " ".join(words.split()), paper.strip()
    if sheet.kind != SUGGESTION:
        raise BadLetter("channels.sheet_does_not_fit")
    if not 1 <= len(words) <= WORDS_MAX or words != readable(words):
        raise BadLetter("channels.bad_words", limit=WORDS_MAX)
    if len(paper) > PAPER_MAX or (is_adult and not paper):
        raise BadLetter("notices.bad_mandate", limit=PAPER_MAX)
    now = timezone.now()
    made = Suggestion(team_id=team_id, form=form, is_adult=is_adult, entered_by=user, entered_at=now, due_at=now)
    made.words, made.paper = words, paper
    with transaction.atomic():
        made.save(force_insert=True)
        _record(user, made, "suggestion_entered")
    return made


def seen(user: User) -> QuerySet[Suggestion]:
    """Those of the teams in which `user` decides; what is due first stands first."""
    return Suggestion.objects.filter(team__in=access.team_ids(user, *access.DECIDERS)).order_by("due_at", "pk")


def suggestion_for(user: User, suggestion_id: str) -> Suggestion:
    """One of them. Raises Http404."""
    found = seen(user).filter(pk=suggestion_id).first()
    if found is None:
        raise Http404
    return found


def shown(user: User, suggestion: Suggestion) -> tuple[Sheet, list[Filled]]:
    """The filled sheet of the engine, the words in it, on record as seen. Raises NotAllowed on a desk that files nothing."""
    _may_leave()
    sheet = sheet_files.sheet(suggestion.form)
    settings = desk_config().removal
    organisation = (settings.organisation if sheet.lang == "ko" else settings.organisation_en) or settings.organisation
    told = {
        "number": suggestion.number,
        "organisation": organisation or desk_config().centre,
        "mailbox": settings.mailbox,
        "kind_of_content": letters.kind_of_content(sheet.lang, is_adult=suggestion.is_adult),
        "words": suggestion.words,
    }
    with transaction.atomic():
        _record(user, suggestion, "suggestion_shown", action=Action.VIEW)
    return sheet, filling.filled_with(sheet, told)


def file(user: User, suggestion: Suggestion, receipt: str) -> None:
    """A person filed it with the engine. Raises NotAllowed, BadLetter, Changed where it was filed already."""
    _may_leave()
    receipt, now = filling.receipt_of(receipt), timezone.now()
    sealed = Suggestion(pk=suggestion.pk)
    sealed.receipt = receipt
    with transaction.atomic():
        changes = {"state": SuggestionState.FILED, "filed_at": now, "due_at": now + FIRST_LOOK, "gone_at": None}
        _step(suggestion, SuggestionState.OPEN, changes={**changes, "receipt_sealed": sealed.receipt_sealed})
        _record(user, suggestion, "suggestion_filed")


def looked(user: User, suggestion: Suggestion, *, is_gone: bool) -> None:
    """A person looked whether the engine still suggests it. Raises Changed where it is not filed or was closed meanwhile."""
    now = timezone.now()
    with transaction.atomic():
        if is_gone:
            gone_at = suggestion.gone_at or now
            next_at = next((gone_at + after for after in LOOKS_AFTER_GONE if gone_at + after > now), None)
            state = SuggestionState.CLEAN if next_at else SuggestionState.CLOSED
            changes = {"state": state, "due_at": next_at, "gone_at": gone_at}
        else:
            changes = {"state": SuggestionState.OPEN, "due_at": now, "gone_at": None}
        _step(suggestion, SuggestionState.FILED, SuggestionState.CLEAN, changes=changes)
        Look.objects.create(suggestion=suggestion, at=now, by=user, is_gone=is_gone)
        _record(user, suggestion, "suggestion_gone" if is_gone else "suggestion_there")


def close(user: User, suggestion: Suggestion) -> None:
    """Nothing more is to be done about it. Raises Changed where it was closed."""
    with transaction.atomic():
        changes = {"state": SuggestionState.CLOSED, "due_at": None}
        _step(suggestion, SuggestionState.OPEN, SuggestionState.FILED, SuggestionState.CLEAN, changes=changes)
        _record(user, suggestion, "suggestion_closed")


def _may_leave() -> None:
    """A desk for practice files nothing, and somebody has to be asking."""
    settings = desk_config()
    if settings.is_practice:
        raise NotAllowed("notices.test_chain")
    if not (settings.removal.mailbox and (settings.removal.organisation or settings.centre)):
        raise NotAllowed("notices.no_organisation")


def _step(suggestion: Suggestion, *states: str, changes: Mapping[str, object]) -> None:
    if not Suggestion.objects.filter(pk=suggestion.pk, state__in=states).update(**changes):
        raise Changed("notices.changed")
    suggestion.refresh_from_db()


def _record(user: User, suggestion: Suggestion, what: str, *, action: Action = Action.NOTICE) -> None:
    told = {"what": what, "number": suggestion.number}
    chain.record(action, actor=user, subject=f"suggestion:{suggestion.pk}", facts=told)
