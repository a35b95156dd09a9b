"""The rows of look-ups: one a question, which lasts over restarts until it is answered or given up; and lists of servers."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from jikim_desk.notices.models import Host
from jikim_desk.records.models import random_id
from jikim_desk.sealing import sealed_json


class LookupState(models.TextChoices):
    WAITING = "waiting"
    DONE = "done"


class Lookup(models.Model):
    """One look-up of one host: what was found by each way, or why not."""

    id = models.CharField(primary_key=True, max_length=32, default=random_id)
    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="lookups")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=LookupState.choices, default=LookupState.WAITING)
    next_try_at = models.DateTimeField(null=True, db_index=True)
    """None once it is done."""
    tries = models.PositiveSmallIntegerField(default=0)
    answers_sealed = models.BinaryField(default=bytes)
    answers = sealed_json("answers_sealed")
    """By way (`errands.WAYS`): {"state": "found" | "none" | "failed" | "waiting", "key": why not, ...}."""
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=("host", "-asked_at"), name="lookups_of"),)
        constraints = (models.UniqueConstraint(fields=("host",), condition=models.Q(state="waiting"), name="one_lookup_waits"),)


class Bootstrap(models.Model):
    """A list of RDAP servers (RFC 9224), as last fetched: `dns`, `ipv4` or `ipv6`."""

    kind = models.CharField(primary_key=True, max_length=4)
    fetched_at = models.DateTimeField()
    body = models.BinaryField()
