"""Takes the letters out of the role mailbox: each exactly once, whoever reads at the same moment or is killed in between.

One process reads at a time: it claims the mailbox, and its claim is asked again in the transaction that puts each letter on
record and moves the mark of how far one has come. Whoever takes over reads on from that mark. What was taken before under
another UIDVALIDITY, or came in twice, is known by what it says. Letters older than the first notice that left are never
fetched, and nothing is ever answered by itself.
"""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db import DatabaseError, IntegrityError, InterfaceError, transaction
from django.db.models import F, Min, Q
from django.utils import timezone

from jikim.errors import JikimError
from jikim.vault import case_holder, sweep_holder
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.config import Removal, desk_config
from jikim_desk.notices.inbox import classifying, connecting, joining, origin, reading, wording
from jikim_desk.notices.inbox.faults import CutOff, Gone, Lost, MailboxFault, Withheld
from jikim_desk.notices.inbox.models import JoinedBy, Kind, Letter, Mailbox
from jikim_desk.notices.models import Notice
from jikim_desk.records.models import random_id
from jikim_desk.sealing import reference, vault

logger = logging.getLogger("jikim.desk.inbox")
EVERY, RETRY_MAX = timedelta(minutes=1), timedelta(minutes=15)
LOST_AFTER = timedelta(minutes=5)
AT_ONCE = 200
"""Letters in one round; what is left comes in the next, at once."""
STUCK_MAX = 3
"""How often reading may break off at the same letter before it is passed over."""
_BEFORE_FIRST = timedelta(days=2)
_UNREAD = frozenset({"not_read", "gone"})
_UNTOLD = _UNREAD | {"claims_own"}
"""Marks of letters whose kind nobody can tell but a person."""


def ref_of(settings: Removal) -> str:
    """How the mailbox that is set is known."""
    where = f"{settings.imap_user}@{settings.imap_host}:{settings.imap_port}/{settings.imap_folder}"
    return reference("mailbox", where)


def take_due(now: datetime) -> int:
    """Takes what has come in, if it is time and no other process does; how many letters. A fault stands with the mailbox."""
    settings = desk_config().removal
    if not settings.imap_host:
        return 0
    ref, attempt = ref_of(settings), random_id()
    Mailbox.objects.get_or_create(pk=ref, defaults={"next_at": now})
    due = Q(next_at__lte=now) | Q(next_at__gt=now + RETRY_MAX)  # a clock that was put back must not stop it
    free = Q(attempt="") | Q(attempt_at__lte=now - LOST_AFTER) | Q(attempt_at__gt=now + LOST_AFTER)
    if not Mailbox.objects.filter(due, free, pk=ref).update(attempt=attempt, attempt_at=now):
        return 0
    try:
        taken, has_more = _take(settings, ref, attempt)
    except Lost:
        return 0
    except MailboxFault as fault:
        _failed(ref, attempt, fault.key, fault.said)
        return 0
    except JikimError as error:  # a vault that cannot put anything away
        _failed(ref, attempt, "inbox.fault.not_kept", type(error).__name__)
        return 0
    later = timezone.now() if has_more else timezone.now() + EVERY
    well: dict[str, Any] = {"attempt": "", "attempt_at": None, "tries": 0, "next_at": later, "read_at": timezone.now()}
    well |= {"failing_since": None, "fault_key": "", "said_sealed": b""}
    Mailbox.objects.filter(pk=ref, attempt=attempt).update(**well)
    return taken


def _take(settings: Removal, ref: str, attempt: str) -> tuple[int, bool]:
    """How many letters were taken, and whether more are there. Raises MailboxFault, VaultError."""
    with connecting.opened(settings) as folder:
        mailbox = Mailbox.objects.get(pk=ref)
        if mailbox.uidvalidity != folder.uidvalidity:
            _mine(ref, attempt).update(uidvalidity=folder.uidvalidity, last_uid=0, stuck_uid=0, stuck=0)
            mailbox.uidvalidity, mailbox.last_uid, mailbox.stuck_uid, mailbox.stuck = folder.uidvalidity, 0, 0, 0
        mailbox.since = mailbox.since or _first_day()
        if mailbox.since is None:
            return 0, False  # nobody can answer yet
        uids, reached = folder.after(mailbox.last_uid, mailbox.since, AT_ONCE)
        taken = sum(_one(folder, settings, mailbox, uid, attempt) for uid in uids)
        _mine(ref, attempt).update(last_uid=reached, since=mailbox.since)
        return taken, len(uids) == AT_ONCE


def _first_day() -> date | None:
    first = Notice.objects.filter(sent_at__isnull=False).aggregate(at=Min("sent_at"))["at"]
    return (first - _BEFORE_FIRST).date() if first else None


def _one(folder: connecting.Folder, settings: Removal, mailbox: Mailbox, uid: int, attempt: str) -> bool:
    """Takes one letter; whether it is on record now and was not before. Raises MailboxFault, VaultError.

    One that the server does not hand out, that is gone meanwhile, or that we cannot deal with, is put on record as such with
    what is known of it, so that it keeps no other out.
    """
    try:
        head, content, why_not = _fetched(folder, settings, mailbox, uid)
    except CutOff:
        _stuck(mailbox, uid, attempt)
        raise
    mail, marks = _read(content if content is not None else head.headers, is_whole=content is not None)
    marks += [why_not] if why_not else []
    letter = Letter(mailbox=mailbox, uidvalidity=mailbox.uidvalidity, uid=uid, taken_at=timezone.now())
    letter.arrived_at = head.arrived_at or letter.taken_at
    letter.size_bytes = head.size_bytes
    letter.content_ref = _content_ref(mail, head)
    if mail.message_id and why_not not in _UNREAD:  # what was not read is no other letter than the one that is
        letter.message_ref = reference("message", mail.message_id)
    if Letter.objects.filter(content_ref=letter.content_ref).exists():
        return _passed_over(mailbox, uid, attempt)
    try:
        _fill(letter, mail, marks, settings)
    except (JikimError, DatabaseError, InterfaceError):
        raise
    except Exception as error:
        _stuck(mailbox, uid, attempt)
        _log(error)
        raise MailboxFault("inbox.fault.own", said=type(error).__name__) from error
    try:
        with transaction.atomic():
            letter.save(force_insert=True)
            if not _mine(mailbox.pk, attempt).update(last_uid=uid, attempt_at=timezone.now()):
                raise Lost("inbox.fault.lost")
            facts = {"what": "mail_taken", "kind": letter.kind, "notice": letter.notice.number if letter.notice else ""}
            chain.record(Action.NOTICE, actor=None, subject=subject_of(letter), facts=facts)
    except IntegrityError:  # another process was first
        return _passed_over(mailbox, uid, attempt)
    return True


def _fetched(
    folder: connecting.Folder, settings: Removal, mailbox: Mailbox, uid: int
) -> tuple[connecting.Head, bytes | None, str]:
    """What is known of a letter, its bytes, and where these are None the mark that says why. Raises CutOff, MailboxFault."""
    limit_bytes = settings.imap_max_mb * 2**20
    # what tells one of which nothing is known from another such
    head = connecting.Head(0, None, f"{mailbox.pk} {mailbox.uidvalidity} {uid}".encode())
    try:
        if (mailbox.stuck_uid, mailbox.stuck) == (uid, STUCK_MAX):
            raise Withheld("inbox.fault.cut_off")
        head = folder.head(uid)
        content = folder.whole(uid, limit_bytes) if head.size_bytes <= limit_bytes else None
    except Gone:
        return head, None, "gone"
    except Withheld:
        return head, None, "not_read"
    return head, content, "too_large" if content is None else ""


def _read(content: bytes, *, is_whole: bool) -> tuple[reading.Mail, list[str]]:
    try:
        mail = reading.read(content, is_whole=is_whole)
    except Exception as error:  # noqa: BLE001 - one letter that our reader stumbles over must not keep all others out: it says so
        _log(error)
        return reading.Mail("", (), "", "", "", "", "", (), (), {}), ["not_read"]
    return mail, list(mail.marks)


def _log(error: Exception) -> None:
    """Says where our own fault is, with nobody's words."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    logger.error("inbox: %s at %s:%s", type(error).__name__, os.path.basename(where.filename), where.lineno)


def _content_ref(mail: reading.Mail, head: connecting.Head) -> str:
    """The same for the same letter, whichever way it came: what servers add on the way is left out."""
    said = [mail.message_id, mail.sender, mail.subject, mail.first("date"), mail.text, *(one.name for one in mail.attached)]
    said += [sha256(one.content).hexdigest() for one in mail.attached]
    if not (mail.message_id and (mail.text or mail.attached)):
        said.append(sha256(head.headers).hexdigest())
    return reference("mail", "\0".join(said))


def _fill(letter: Letter, mail: reading.Mail, marks: list[str], settings: Removal) -> None:
    joined, found = joining.join(mail, settings.mailbox), origin.of(mail.headers, mail.sender, settings.imap_believes)
    ours = joined.notice.body if joined.notice else ""
    is_own = joined.claims_own and _is_own(mail, ours, found, settings)
    if joined.claims_own and not is_own:
        marks.append("claims_own")
    verdict = classifying.classify(mail, ours, is_own=is_own)
    if letter.message_ref and Letter.objects.filter(message_ref=letter.message_ref).exists():
        marks.append("same_id")
    letter.notice, letter.joined_by = joined.notice, joined.by if joined.notice else JoinedBy.NOTHING
    letter.team_id = joined.notice.team_id if joined.notice else None
    letter.kind = Kind.UNKNOWN if _UNTOLD & {*marks} else verdict.kind
    letter.told = told(mail, verdict, found, marks, _kept(letter, mail))
    letter.text = mail.text


def _is_own(mail: reading.Mail, ours: str, found: origin.Origin, settings: Removal) -> bool:
    """Whether a letter that says it is our own is: from our mailbox as our mail server found, or without any word that is not
    in the notice. Our address and, for whom we wrote to, our Message-ID are anybody's to write."""
    if found.proof == origin.Proof.PROVEN and mail.sender == settings.mailbox.lower():
        return True
    return bool(mail.text) and not mail.attached and wording.is_within(mail.text, ours)


def told(
    mail: reading.Mail, verdict: classifying.Verdict, found: origin.Origin, marks: list[str], blobs: Mapping[int, str]
) -> dict[str, Any]:
    """All a letter's page shows besides its text."""
    return {
        "sender": mail.sender,
        "sender_name": mail.sender_name,
        "reply_to": mail.reply_to,
        "subject": mail.subject,
        "marks": list(dict.fromkeys(marks)),
        "because": [{"rule": one.rule, "words": one.words} for one in verdict.because],
        "proof": found.proof.value,
        "results": dict(found.results),
        "attached": [
            {
                "name": one.name,
                "kind": one.kind,
                "size_bytes": len(one.content),
                "sha256": sha256(one.content).hexdigest(),
                "marks": list(one.marks),
                "blob": blobs.get(place, ""),
            }
            for place, one in enumerate(mail.attached)
        ],
    }


def _kept(letter: Letter, mail: reading.Mail) -> dict[int, str]:
    """Seals attached documents; the vault's name of each by its place."""
    kept: dict[int, str] = {}
    if any(one.is_kept for one in mail.attached):
        letter.holder = holder_of(letter)
    for place, one in enumerate(mail.attached):
        if one.is_kept:
            with vault().sealing(letter.holder) as sealing:
                sealing.write(one.content)
            kept[place] = sealing.sealed.blob
    return kept


def holder_of(letter: Letter) -> str:
    """Who holds what a letter brought: the case of its find, else the day."""
    case = letter.notice.removal.candidate.case_id if letter.notice else None
    return case_holder(case) if case else sweep_holder(letter.taken_at.date())


def subject_of(letter: Letter) -> str:
    """What the audit chain says a letter is about."""
    return f"candidate:{letter.notice.removal_id}" if letter.notice else f"mail:{letter.pk}"


def _passed_over(mailbox: Mailbox, uid: int, attempt: str) -> bool:
    changes = {"last_uid": uid, "attempt_at": timezone.now(), "repeated": F("repeated") + 1}
    if not _mine(mailbox.pk, attempt).update(**changes):
        raise Lost("inbox.fault.lost")
    return False


def _stuck(mailbox: Mailbox, uid: int, attempt: str) -> None:
    """Counts how often reading broke off at a letter."""
    _mine(mailbox.pk, attempt).update(stuck_uid=uid, stuck=mailbox.stuck + 1 if mailbox.stuck_uid == uid else 1)


def _mine(ref: str, attempt: str) -> Any:
    return Mailbox.objects.filter(pk=ref, attempt=attempt)


def _failed(ref: str, attempt: str, key: str, said: str) -> None:
    now, mailbox = timezone.now(), Mailbox.objects.get(pk=ref)
    mailbox.said = said
    wait = min(EVERY * 2 ** min(mailbox.tries, 10), RETRY_MAX)
    changes: dict[str, Any] = {"attempt": "", "attempt_at": None, "next_at": now + wait, "tries": mailbox.tries + 1}
    changes |= {"failing_since": mailbox.failing_since or now, "fault_key": key, "said_sealed": mailbox.said_sealed}
    _mine(ref, attempt).update(**changes)
    logger.warning("inbox: %s", key)
