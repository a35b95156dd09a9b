"""A case 사례: one person who is helped, known here by a number and a sealed name for those who work on it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from jikim_desk.records.models import random_id
from jikim_desk.sealing import sealed_text


class Case(models.Model):
    id = models.CharField(primary_key=True, max_length=32, default=random_id)
    number = models.CharField(max_length=40, unique=True)
    note_sealed = models.BinaryField(default=bytes)
    note = sealed_text("note_sealed")
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="cases")
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="cases")
    """Who alone may see it, where anyone is named; else the whole team."""
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.number
