"""The rows of removal: one `Removal` a confirmed find, its evidence packs, notices and rechecks, and the directory of hosts.

Addresses, words and names are sealed. What goes outside is known by a random number that says nothing of the case.
"""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models

from jikim_desk.records.models import Candidate, random_id
from jikim_desk.sealing import sealed_json, sealed_text

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def random_number() -> str:
    """A number for the outside: ten random letters and digits that are hard to confuse."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(10))


class RemovalState(models.TextChoices):
    """What may be said of a find. Only `GONE` says "removed"."""

    OPEN = "open"
    NOT_VISIBLE = "not_visible"  # not to be seen from here; not proven gone
    HIDDEN = "hidden"  # out of the search engine only
    BLOCKED = "blocked"  # blocked here only
    GONE = "gone"
    BACK = "back"  # was gone, and is there again


PAUSED = models.Q(notified_at__isnull=False, next_step_at=None, gone_at=None)
"""Asked for, not gone, and no step of the ladder is due: somebody answered, or the ladder is at its end."""


class Removal(models.Model):
    """The work of having one confirmed find removed. Four clocks: found and reviewed stand with the find, these two here."""

    candidate = models.OneToOneField(Candidate, primary_key=True, on_delete=models.PROTECT, related_name="removal")
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    is_adult = models.BooleanField(default=False)
    """Of an adult: a notice needs a recorded request."""
    begun_at = models.DateTimeField()
    reviewed_at = models.DateTimeField()
    notified_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=12, choices=RemovalState.choices, default=RemovalState.OPEN)
    rechecks_from = models.DateTimeField(null=True)
    """The moment from which 1 h, 24 h, 7, 30 and 90 days are counted."""
    next_recheck_at = models.DateTimeField(null=True, db_index=True)
    ladder_step = models.PositiveSmallIntegerField(default=0)
    next_step_at = models.DateTimeField(null=True, db_index=True)
    """When the next rung of the ladder is due; None while it is paused, held or over."""
    held_until = models.DateField(null=True)
    """Investigators asked in writing that nobody be told until then."""
    hold_sealed = models.BinaryField(default=bytes)
    hold = sealed_text("hold_sealed")

    class Meta:
        indexes = (
            models.Index(fields=("team", "state", "-begun_at"), name="removals"),
            models.Index(fields=("-begun_at", "-candidate"), name="removals_begun"),
            models.Index(fields=("team", "next_step_at"), name="steps_due"),
            models.Index(fields=("team", "next_recheck_at"), name="visits_due"),
            models.Index(fields=("team", "-begun_at"), name="removals_of_team"),
            models.Index(fields=("team", "-notified_at"), name="removals_notified"),
            models.Index(fields=("team", "gone_at"), name="removals_gone"),
            models.Index(fields=("team", "held_until"), condition=models.Q(held_until__isnull=False), name="removals_held"),
            models.Index(fields=("team", "-begun_at"), condition=PAUSED, name="removals_paused"),
        )


class Mandate(models.Model):
    """That an adult, or the prosecution or police for them, asked for removal: without it no notice of an adult leaves."""

    id = models.CharField(primary_key=True, max_length=32, default=random_id)
    removal = models.ForeignKey(Removal, on_delete=models.PROTECT, related_name="mandates")
    asked_by = models.CharField(max_length=12, choices=[("person", "person"), ("prosecution", "prosecution")])
    paper_sealed = models.BinaryField()
    paper = sealed_text("paper_sealed")
    """Where the paper is: the centre's own file number."""
    is_warned_dmca = models.BooleanField(default=False)
    """They were told that DMCA notices are published, and want one all the same."""
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)


class EvidencePack(models.Model):
    """채증 자료: what was seen, where and when, signed; sealed as one ZIP."""

    id = models.CharField(primary_key=True, max_length=32, default=random_id)
    number = models.CharField(max_length=10, unique=True, default=random_number)
    removal = models.ForeignKey(Removal, on_delete=models.PROTECT, related_name="packs")
    made_at = models.DateTimeField()
    blob = models.CharField(max_length=64)
    holder = models.CharField(max_length=110)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    """Of the ZIP without its stamp."""
    stamp = models.BinaryField(default=bytes)
    """The time authority's answer; empty while it is not yet stamped."""
    stamped_at = models.DateTimeField(null=True)
    not_stamped_key = models.CharField(max_length=60, blank=True)
    """Why not, as a message key."""
    next_try_at = models.DateTimeField(null=True, db_index=True)
    tries = models.PositiveIntegerField(default=0)


class HostKind(models.TextChoices):
    PLATFORM = "platform"
    HOSTING = "hosting"
    CDN = "cdn"
    REGISTRAR = "registrar"
    SEARCH = "search"
    AUTHORITY = "authority"


class Host(models.Model):
    """Who can take something down, and how they are reached."""

    id = models.CharField(primary_key=True, max_length=32, default=random_id)
    ref = models.CharField(max_length=64, unique=True)
    """Keyed reference of the name, as in Candidate.host_ref."""
    name_sealed = models.BinaryField()
    name = sealed_text("name_sealed")
    kind = models.CharField(max_length=12, choices=HostKind.choices, default=HostKind.PLATFORM)
    mailbox_sealed = models.BinaryField(default=bytes)
    mailbox = sealed_text("mailbox_sealed")
    form_sealed = models.BinaryField(default=bytes)
    form = sealed_text("form_sealed")
    """Address of their web form."""
    lang = models.CharField(max_length=2, default="en")
    law = models.CharField(max_length=12, blank=True)
    """The form that applies: a NoticeKind, or empty for plain mail."""
    is_hostile = models.BooleanField(default=False)
    """Known to refuse or to publish what they are sent: they are passed over for those behind them."""
    behind_sealed = models.BinaryField(default=bytes)
    behind = sealed_json("behind_sealed")
    """Names of who stands behind: {"hosting": name, "cdn": name, "registrar": name}."""
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")


class NoticeKind(models.TextChoices):
    MAIL = "mail"
    REMINDER = "reminder"
    PROOF = "proof"  # official letter that shows it is illegal
    DSA16 = "dsa16"
    TAKE_IT_DOWN = "take_it_down"
    DMCA = "dmca"
    KOREA = "korea"  # statutory report and deletion request
    INFRASTRUCTURE = "infra"
    DELISTING = "delisting"
    REGULATOR = "regulator"
    POLICE = "police"
    WITHDRAWAL = "withdrawal"


class NoticeState(models.TextChoices):
    DRAFT = "draft"
    APPROVED = "approved"  # leaves when its time has come; can be cancelled
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"  # nobody knows whether it left: a person looks
    FAILED = "failed"  # certainly not sent
    CANCELLED = "cancelled"
    DOWNLOADED = "downloaded"  # a person took it to a form or the post


WAITING = (NoticeState.DRAFT, NoticeState.APPROVED, NoticeState.SENDING, NoticeState.UNKNOWN, NoticeState.FAILED)
"""Somebody, or a worker, has yet to do something about it."""


class Outcome(models.TextChoices):
    """What the other side answered, as a person confirmed it."""

    NONE = ""
    REMOVED = "removed"
    REFUSED = "refused"
    ASKS = "asks"
    BOUNCED = "bounced"


class Notice(models.Model):
    """삭제 요청: one letter about one find to one recipient."""

    id = models.CharField(primary_key=True, max_length=32, default=random_id)
    number = models.CharField(max_length=10, unique=True, default=random_number)
    """All the recipient ever learns of whose request it is."""
    removal = models.ForeignKey(Removal, on_delete=models.PROTECT, related_name="notices")
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    host = models.ForeignKey(Host, null=True, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=12, choices=NoticeKind.choices)
    lang = models.CharField(max_length=2)
    step = models.PositiveSmallIntegerField(null=True)
    """The rung of the ladder that drafted it."""
    withdraws = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="withdrawals")
    recipient_sealed = models.BinaryField(default=bytes)
    recipient = sealed_text("recipient_sealed")
    subject_sealed = models.BinaryField()
    subject = sealed_text("subject_sealed")
    body_sealed = models.BinaryField()
    body = sealed_text("body_sealed")
    version = models.PositiveIntegerField(default=1)
    """Counted up by each edit: what is approved is what was read."""
    state = models.CharField(max_length=12, choices=NoticeState.choices, default=NoticeState.DRAFT)
    is_waiting = models.GeneratedField(
        expression=models.Case(models.When(state__in=WAITING, then=True), default=False),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    """Whether `state` is one of WAITING, as the database has it: few among many, which an index finds."""
    drafted_at = models.DateTimeField()
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True)
    leaves_at = models.DateTimeField(null=True, db_index=True)
    attempt = models.CharField(max_length=32, blank=True)
    """Random, of the process that is sending it."""
    sending_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.NONE, blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=("team", "state", "-drafted_at"), name="outbox"),
            models.Index(fields=("state", "leaves_at"), name="leaving"),
            models.Index(fields=("team", "sent_at", "state", "kind", "outcome"), name="notices_left"),
            models.Index(fields=("-drafted_at", "-id"), name="drafted"),
            models.Index(fields=("team", "-drafted_at", "-id"), name="notices_of_team"),
            models.Index(fields=("team", "-drafted_at", "-id"), condition=models.Q(is_waiting=True), name="notices_waiting"),
        )


class Receipt(models.Model):
    """What became of an attempt to send: the mail server's own words."""

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="receipts")
    id = models.CharField(primary_key=True, max_length=32, default=random_id)
    at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=NoticeState.choices)
    key = models.CharField(max_length=60, blank=True)
    """Why it was not sent, as a message key."""
    said_sealed = models.BinaryField(default=bytes)
    said = sealed_text("said_sealed")


class Seen(models.TextChoices):
    """What one visit saw."""

    GONE = "gone"
    STILL_THERE = "still_there"
    MOVED = "moved"
    REFUSED_HERE = "refused_here"  # this network is refused: a legal block, or forbidden
    UNREACHABLE = "unreachable"
    CANNOT_TELL = "cannot_tell"  # soft 404, parked page, login wall, captcha


class Recheck(models.Model):
    """삭제 확인: one visit to one find's addresses, by one way, with what proves it."""

    id = models.CharField(primary_key=True, max_length=32, default=random_id)
    removal = models.ForeignKey(Removal, on_delete=models.CASCADE, related_name="rechecks")
    at = models.DateTimeField()
    vantage = models.CharField(max_length=40)
    """`here`, or the name of a proxy."""
    seen = models.CharField(max_length=12, choices=Seen.choices)
    sign = models.CharField(max_length=30, blank=True)
    """What it was told by: `status_404`, `same_bytes`, `captcha` ..."""
    proof_sealed = models.BinaryField()
    proof = sealed_json("proof_sealed")
    """Addresses, statuses, headers, peers, times and hashes of what answered."""

    class Meta:
        indexes = (models.Index(fields=("removal", "-at"), name="visits"),)
