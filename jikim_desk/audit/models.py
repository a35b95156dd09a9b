"""The rows of the chain. Nothing points at them and they point at nothing, so what they are about can be destroyed."""

from __future__ import annotations

from django.db import models


class Entry(models.Model):
    """One thing that was done. The table is made by its migration, with triggers that refuse any change."""

    number = models.BigIntegerField(primary_key=True)
    """1, 2, 3 ... without a gap."""
    at = models.CharField(max_length=27)
    """2026-05-22T05:05:00.000000Z: as the clock of the machine had it; the order is that of the numbers."""
    action = models.CharField(max_length=20)
    actor = models.CharField(max_length=64)
    """A keyed reference to the person; empty for the desk itself or somebody unknown."""
    subject = models.CharField(max_length=120)
    """`kind:` and a keyed reference; empty where there is none."""
    facts = models.TextField()
    """JSON, keys sorted."""
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    """SHA-256 of all the above: anyone can check the chain."""
    seal = models.CharField(max_length=64)
    """HMAC of the hash under the centre's key: nobody can write the chain anew without it."""

    class Meta:
        managed = False
        db_table = "audit_entry"
        ordering = ("number",)

    def __str__(self) -> str:
        return f"{self.number} {self.action}"
