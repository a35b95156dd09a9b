"""At night what is urgent is raised to who is on call. By default they look at the desk; with `[desk] night_mail` a role
mailbox is told as well that something waits: no content, no number, no name, at most one mail in half an hour.

    urgent find final, at night, somebody on call -> counted with the team's night, in the find's own transaction
    a worker's round                              -> claimed by one -> mail -> told, or tried again until morning

A mail whose process was killed is sent again: one too many is better than none. Each mail, and each night whose mail never
left, is in the audit chain.
"""

from __future__ import annotations

import logging
import smtplib
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from jikim_desk import words
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.config import desk_config
from jikim_desk.notices.faults import NotSent
from jikim_desk.notices.sending import mail_server
from jikim_desk.records import watches
from jikim_desk.records.models import Candidate, CandidateState, NightCall, random_id

logger = logging.getLogger("jikim.desk.rota")
PAUSE = timedelta(minutes=30)
"""Between two mails to the same team."""
RETRY, RETRY_MAX = timedelta(minutes=1), timedelta(minutes=15)
LOST_AFTER = timedelta(minutes=5)


def note(candidate_id: str, now: datetime) -> bool:
    """Counts an urgent find that has just become final, where that is to be told by mail; whether it is. In the caller's
    transaction, once for each find."""
    if not desk_config().night_mail or not watches.is_night(now):
        return False
    candidate = Candidate.objects.select_related("team").get(pk=candidate_id)
    night = watches.night_of(now)
    is_to_be_told = candidate.level == "urgent" and candidate.state == CandidateState.WAITING and not candidate.is_test
    if not is_to_be_told or watches.on_call(candidate.team, night) is None:
        return False
    NightCall.objects.get_or_create(team=candidate.team, night=night, defaults={"next_at": now})
    NightCall.objects.filter(team=candidate.team, night=night).update(wanted=F("wanted") + 1)
    return True


def call(now: datetime) -> int:
    """Tells the mailbox of what has come up; how many mails left."""
    waiting = NightCall.objects.filter(wanted__gt=F("told")).order_by("pk")
    over = [one for one in waiting if not watches.is_night(now) or one.night != watches.night_of(now)]
    for one in over:
        _give_up(one)
    due = Q(next_at__lte=now) | Q(next_at__gt=now + PAUSE)  # a clock that was put back must not silence the night
    free = Q(attempt="") | Q(attempt_at__lte=now - LOST_AFTER) | Q(attempt_at__gt=now + LOST_AFTER)
    ready = waiting.filter(due, free).exclude(pk__in=[one.pk for one in over])
    return sum(_tell(number, now) for number in list(ready.values_list("pk", flat=True)))


def letter() -> EmailMessage:
    """What is sent: that something waits, in both languages."""
    desk = desk_config()
    made = EmailMessage(policy=policy.SMTP)
    made["From"] = desk.removal.mailbox
    made["To"] = desk.night_mail
    made["Subject"] = words.say("rota.subject", "ko") + " / " + words.say("rota.subject", "en")
    made["Date"] = format_datetime(timezone.now().astimezone(UTC))
    made["Message-ID"] = make_msgid(domain=desk.removal.mailbox.rpartition("@")[2] or "localhost")
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(words.say("rota.body", "ko") + "\n\n" + words.say("rota.body", "en") + "\n", cte="base64")
    return made


def _tell(number: int, now: datetime) -> bool:
    before = NightCall.objects.get(pk=number)
    attempt = random_id()
    claimed = NightCall.objects.filter(pk=number, attempt=before.attempt, attempt_at=before.attempt_at)
    if not claimed.update(attempt=attempt, attempt_at=now):
        return False
    try:
        _send(letter())
    except NotSent as failed:
        later = min(RETRY_MAX, RETRY * 2**before.tries)
        mine = NightCall.objects.filter(pk=number, attempt=attempt)
        mine.update(attempt="", attempt_at=None, tries=F("tries") + 1, next_at=now + later)
        logger.error("rota: %s; trying again in %s s", failed.key, int(later.total_seconds()))
        return False
    with transaction.atomic():
        mine = NightCall.objects.filter(pk=number, attempt=attempt)
        mine.update(attempt="", attempt_at=None, tries=0, told=before.wanted, next_at=now + PAUSE)
        chain.record(Action.CALL, actor=None, subject=_subject(before), facts={"what": "sent"})
    return True


def _send(made: EmailMessage) -> None:
    with mail_server() as server:
        try:
            server.send_message(made)
        except (smtplib.SMTPException, OSError) as error:
            raise NotSent("notices.smtp_unreachable", said=type(error).__name__, is_passing=True) from error


def _give_up(one: NightCall) -> None:
    """It is morning: everybody is reached by the desk itself. That no mail left is said."""
    with transaction.atomic():
        if NightCall.objects.filter(pk=one.pk, told=one.told, wanted=one.wanted).update(told=one.wanted):
            never = {"what": "not_sent", "tries": one.tries}
            chain.record(Action.CALL, actor=None, subject=_subject(one), facts=never)


def _subject(one: NightCall) -> str:
    return f"night:{one.team_id}-{one.night.isoformat()}"
