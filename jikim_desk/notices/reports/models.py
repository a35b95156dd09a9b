"""Reports of a period that were asked for: a worker counts, and what it counted stays as it was, however it is read."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from jikim_desk.notices.models import random_number
from jikim_desk.records.models import random_id


class PeriodReport(models.Model):
    """What one team, or the whole centre, did in a month or a year. Holds counts alone: no address, no name, no case."""

    id = models.CharField(primary_key=True, max_length=32, default=random_id)
    number = models.CharField(max_length=10, unique=True, default=random_number)
    team = models.ForeignKey("accounts.Team", null=True, on_delete=models.PROTECT, related_name="+")
    """None for the whole centre."""
    year = models.PositiveSmallIntegerField()
    month = models.PositiveSmallIntegerField(null=True)
    """1 to 12; None for the whole year."""
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    """When a worker began to count; another takes it over when this is long ago."""
    tries = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField(null=True)
    figures = models.JSONField(default=dict)
    """`counting.Figures`; empty until it is made."""

    class Meta:
        indexes = (
            models.Index(fields=("-asked_at",), name="reports_asked"),
            models.Index(fields=("asked_at",), condition=models.Q(made_at=None), name="reports_due"),
        )
