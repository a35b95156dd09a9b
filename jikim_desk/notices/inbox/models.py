"""The rows of the inbox: the mailbox as far as it was read, and each letter that came in.

Whoever wrote and what they wrote is sealed. Attached documents lie in the vault; pictures, films, sounds and archives are named
and measured, and never kept.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models

from jikim_desk.notices.models import Notice, Outcome
from jikim_desk.records.models import random_id
from jikim_desk.sealing import sealed_json, sealed_text


class Mailbox(models.Model):
    """One folder of one account on one server, and how far it was read."""

    ref = models.CharField(primary_key=True, max_length=64)
    """Keyed reference of server, account and folder."""
    uidvalidity = models.BigIntegerField(default=0)
    last_uid = models.BigIntegerField(default=0)
    """Everything up to here was taken, as long as `uidvalidity` stands."""
    since = models.DateField(null=True)
    """The day before which nobody can have answered: nothing older is fetched."""
    attempt = models.CharField(max_length=32, blank=True)
    """Random, of the process that is reading it."""
    attempt_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    """When it was last read to its end."""
    failing_since = models.DateTimeField(null=True)
    fault_key = models.CharField(max_length=60, blank=True)
    """Why it cannot be read, as a message key."""
    said_sealed = models.BinaryField(default=bytes)
    said = sealed_text("said_sealed")
    tries = models.PositiveIntegerField(default=0)
    stuck_uid = models.BigIntegerField(default=0)
    """The letter at which reading broke off last, and how often; after some times it is passed over, and says so."""
    stuck = models.PositiveSmallIntegerField(default=0)
    repeated = models.PositiveIntegerField(default=0)
    """How many letters came a second time and were passed over."""


class Kind(models.TextChoices):
    """What a letter says, as far as rules can tell. A person says what it is."""

    REMOVED = "removed"
    REFUSED = "refused"
    ASKS = "asks"
    BOUNCED = "bounced"
    AUTO = "auto"  # an automatic reply (RFC 3834), a notice of delay: never an answer
    OWN = "own"  # our own letter come back
    UNKNOWN = "unknown"


class LetterState(models.TextChoices):
    WAITING = "waiting"
    CONFIRMED = "confirmed"


class JoinedBy(models.TextChoices):
    """By what a letter was joined to its notice. The sender's word alone joins nothing."""

    NOTHING = ""
    REPLY = "reply"  # In-Reply-To, References, or the returned letter's own Message-ID
    SUBJECT = "subject"  # the notice's number in the subject
    BODY = "body"  # the notice's number in the text
    HAND = "hand"


NO_ANSWER = "none"
"""What a person calls a letter that answers nothing: the notice stays as it is."""


class Letter(models.Model):
    """A letter that came in, taken once. What it counts as is for a person to say."""

    id = models.CharField(primary_key=True, max_length=32, default=random_id)
    mailbox = models.ForeignKey(Mailbox, on_delete=models.PROTECT, related_name="letters")
    uidvalidity = models.BigIntegerField()
    uid = models.BigIntegerField()
    content_ref = models.CharField(max_length=64, unique=True)
    """Keyed reference of who wrote what under which Message-ID: the same letter delivered twice is one."""
    message_ref = models.CharField(max_length=64, blank=True, db_index=True)
    """Keyed reference of its Message-ID; "" without one."""
    arrived_at = models.DateTimeField()
    taken_at = models.DateTimeField()
    size_bytes = models.BigIntegerField()
    notice = models.ForeignKey(Notice, null=True, on_delete=models.PROTECT, related_name="letters")
    team = models.ForeignKey("accounts.Team", null=True, on_delete=models.PROTECT, related_name="+")
    """The notice's; None while it is joined to none."""
    joined_by = models.CharField(max_length=8, choices=JoinedBy.choices, default=JoinedBy.NOTHING, blank=True)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    told_sealed = models.BinaryField()
    told = sealed_json("told_sealed")
    """What it says: see `taking.told`."""
    text_sealed = models.BinaryField(default=bytes)
    text = sealed_text("text_sealed")
    holder = models.CharField(max_length=110, blank=True)
    """Who holds the attached documents in the vault."""
    state = models.CharField(max_length=10, choices=LetterState.choices, default=LetterState.WAITING)
    confirmed = models.CharField(max_length=8, choices=[*Outcome.choices, (NO_ANSWER, NO_ANSWER)], blank=True)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("mailbox", "uidvalidity", "uid"), name="letter_once"),)
        indexes = (
            models.Index(fields=("team", "state", "-arrived_at"), name="letters"),
            models.Index(fields=("state", "-arrived_at", "-id"), name="letters_waiting"),
            models.Index(fields=("-arrived_at", "-id"), name="letters_arrived"),
        )
