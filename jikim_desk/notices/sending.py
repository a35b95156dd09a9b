"""Notices leave: by SMTP with STARTTLS, DKIM-signed where a key is set, each once or visibly "unknown".

A notice is claimed (`sending`) before the server is asked, in a statement that only one process can win. What fails before
the letter's text is handed over has certainly not been sent; what is cut off afterwards is `unknown`, and a person asks. The
same is said of a claim whose process is gone. The Message-ID comes from the notice's number, so that a mail server's log tells.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from pathlib import Path

import dkim
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.config import desk_config
from jikim_desk.notices import drafting, leaving
from jikim_desk.notices.faults import NoticeRefused, NotSent, Unsure
from jikim_desk.notices.models import Notice, NoticeKind, NoticeState, Receipt
from jikim_desk.records.models import random_id

logger = logging.getLogger("jikim.desk.notices")
ANSWERS_WITHIN_S = 30.0
LOST_AFTER = timedelta(minutes=10)
RETRY, RETRIES_MAX = timedelta(minutes=5), 8
_SAID_MAX = 500
_SIGNED_HEADERS = [b"from", b"to", b"subject", b"date", b"message-id", b"reply-to", b"content-type", b"mime-version"]


def leave_due(now: datetime, *, limit: int = 50) -> int:
    """Sends what was approved and whose time has come; how many left. What failed or is unknown says so on its page."""
    _look_after_lost(now)
    due = Notice.objects.filter(state=NoticeState.APPROVED, leaves_at__lte=now).order_by("leaves_at")
    return sum(send(notice_id) for notice_id in list(due.values_list("pk", flat=True)[:limit]))


def send(notice_id: str) -> bool:
    """Sends one notice that is due, if no other process does; whether it was taken by the mail server."""
    now, attempt = timezone.now(), random_id()
    claimed = Notice.objects.filter(pk=notice_id, state=NoticeState.APPROVED, leaves_at__lte=now)
    if not claimed.update(state=NoticeState.SENDING, attempt=attempt, sending_at=now):
        return False
    notice = Notice.objects.select_related("removal__candidate__case", "withdraws").get(pk=notice_id)
    try:
        leaving.check(notice.removal, notice.kind)
        leaving.check_words(notice)
        said = _hand_over(notice)
    except NoticeRefused as refused:
        _end(notice, attempt, NoticeState.FAILED, key=refused.key)
    except NotSent as failed:
        if failed.is_passing and notice.tries < RETRIES_MAX:
            _try_later(notice, attempt, failed)
        else:
            _end(notice, attempt, NoticeState.FAILED, key=failed.key, said=failed.said)
    except Unsure as unsure:
        _end(notice, attempt, NoticeState.UNKNOWN, key=unsure.key)
    else:
        _end(notice, attempt, NoticeState.SENT, said=said)
        return True
    return False


def message(notice: Notice) -> EmailMessage:
    """The letter as mail: the organisation, its role mailbox and the number are all it says of the sender."""
    settings = desk_config().removal
    name = (settings.organisation if notice.lang == "ko" else settings.organisation_en) or settings.organisation
    made = EmailMessage(policy=policy.SMTP)
    made["From"] = formataddr((name or desk_config().centre, settings.mailbox))
    made["To"] = notice.recipient
    made["Reply-To"] = settings.mailbox
    made["Subject"] = notice.subject
    made["Date"] = format_datetime(timezone.now().astimezone(UTC))
    made["Message-ID"] = message_id(notice)
    before = notice.withdraws or _first_to(notice)
    if before is not None:
        made["In-Reply-To"] = made["References"] = message_id(before)
    made.set_content(notice.body, charset="utf-8", cte="base64")
    return made


def message_id(notice: Notice) -> str:
    """By which the mail server's log and every answer name it."""
    return f"<{notice.number.lower()}@{_domain()}>"


def written(notice: Notice) -> bytes:
    """The mail as it leaves, signed where a DKIM key is set. Raises NotSent for a key that cannot be used."""
    content = message(notice).as_bytes()
    settings = desk_config().removal
    if not settings.dkim_key_file:
        return content
    try:
        key = Path(settings.dkim_key_file).read_bytes()
        signature = dkim.sign(
            content, settings.dkim_selector.encode(), _domain().encode(), key, include_headers=_SIGNED_HEADERS
        )
    except (OSError, dkim.DKIMException, ValueError) as error:
        raise NotSent("notices.bad_dkim_key", said=type(error).__name__) from error
    return bytes(signature) + content


def _hand_over(notice: Notice) -> str:
    """Gives the mail to the server; its answer. Raises NotSent, Unsure."""
    content = written(notice)
    with mail_server() as server:
        try:
            _taken(server.mail(desk_config().removal.mailbox))
            _taken(server.rcpt(notice.recipient))
        except (smtplib.SMTPException, OSError) as error:
            raise NotSent("notices.smtp_unreachable", said=str(error)[:_SAID_MAX], is_passing=True) from error
        try:
            code, said = server.data(content)
        except smtplib.SMTPDataError as error:  # it declined before the text was handed over
            raise _declined(error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            raise Unsure("notices.smtp_cut_off") from error
    if code != 250:
        raise _declined(code, said)
    return f"{code} {said.decode('utf-8', 'replace')}"[:_SAID_MAX]


@contextmanager
def mail_server() -> Iterator[smtplib.SMTP]:
    """The centre's mail server, greeted over TLS and signed in to. Raises NotSent."""
    settings = desk_config().removal
    if not settings.smtp_host:
        raise NotSent("notices.no_smtp")
    server: smtplib.SMTP | None = None
    try:
        tls = ssl.create_default_context(cafile=settings.smtp_roots or None)
        where, name = (settings.smtp_host, settings.smtp_port), _domain()  # never the name of this machine
        if settings.smtp_port == 465:
            server = smtplib.SMTP_SSL(*where, local_hostname=name, timeout=ANSWERS_WITHIN_S, context=tls)
        else:
            server = smtplib.SMTP(*where, local_hostname=name, timeout=ANSWERS_WITHIN_S)
            server.starttls(context=tls)
        server.ehlo()
        if settings.smtp_user:
            server.login(settings.smtp_user, Path(settings.smtp_password_file).read_text("utf-8").strip())
    except (smtplib.SMTPException, OSError) as error:
        if server is not None:
            server.close()
        is_passing = isinstance(error, OSError) and not isinstance(error, ssl.SSLError | FileNotFoundError)
        key = "notices.smtp_no_starttls" if isinstance(error, smtplib.SMTPNotSupportedError) else "notices.smtp_unreachable"
        is_passing &= not isinstance(error, smtplib.SMTPAuthenticationError | smtplib.SMTPNotSupportedError)
        raise NotSent(key, said=str(error)[:_SAID_MAX], is_passing=is_passing) from error
    try:
        yield server
    finally:
        try:
            server.quit()
        except (smtplib.SMTPException, OSError):
            server.close()  # what counts was said before


def _taken(answer: tuple[int, bytes]) -> None:
    code, said = answer
    if code not in (250, 251):
        raise _declined(code, said)


def _declined(code: int, said: bytes | str) -> NotSent:
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return NotSent("notices.smtp_declined", said=f"{code} {words}"[:_SAID_MAX], is_passing=400 <= code < 500)


def _try_later(notice: Notice, attempt: str, failed: NotSent) -> None:
    later = timezone.now() + RETRY * 2**notice.tries
    changes = {"state": NoticeState.APPROVED, "leaves_at": later, "tries": notice.tries + 1, "attempt": ""}
    with transaction.atomic():
        if Notice.objects.filter(pk=notice.pk, attempt=attempt).update(**changes):
            _receipt(notice, NoticeState.APPROVED, failed.key, failed.said)
    logger.warning("notice %s: %s; trying again", notice.number, failed.key)


def _end(notice: Notice, attempt: str, state: NoticeState, *, key: str = "", said: str = "") -> None:
    now = timezone.now()
    with transaction.atomic():
        # a claim that was called lost meanwhile is still this attempt's to tell of
        rows = Notice.objects.filter(pk=notice.pk, attempt=attempt, state__in=(NoticeState.SENDING, NoticeState.UNKNOWN))
        if not rows.update(state=state, sent_at=now if state == NoticeState.SENT else None):
            return
        _receipt(notice, state, key, said)
        if state == NoticeState.SENT:
            drafting.went_out(notice, now)
        facts = {"what": state.value, "kind": notice.kind, "notice": notice.number}
        chain.record(Action.NOTICE, actor=None, subject=f"candidate:{notice.removal_id}", facts=facts)
    logger.info("notice %s: %s %s", notice.number, state.value, key)


def _receipt(notice: Notice, state: NoticeState, key: str, said: str) -> None:
    receipt = Receipt(notice=notice, at=timezone.now(), state=state, key=key)
    receipt.said = said
    receipt.save(force_insert=True)


def _look_after_lost(now: datetime) -> None:
    """Claims whose process is gone, and those that a clock put into the future."""
    lost = Q(sending_at__lt=now - LOST_AFTER) | Q(sending_at__gt=now + LOST_AFTER)
    for notice in Notice.objects.filter(lost, state=NoticeState.SENDING).select_related("removal"):
        _end(notice, notice.attempt, NoticeState.UNKNOWN, key="notices.lost")


def _first_to(notice: Notice) -> Notice | None:
    """The first mail to the same host about the same find, for their ticket system to join them."""
    if notice.host_id is None or notice.kind == NoticeKind.MAIL:
        return None
    sent = Notice.objects.filter(removal=notice.removal_id, host=notice.host_id, state=NoticeState.SENT)
    return sent.exclude(pk=notice.pk).order_by("sent_at").first()


def _domain() -> str:
    return desk_config().removal.mailbox.rpartition("@")[2] or "localhost"
