"""The rows of channels: what was filed by hand and what came of it, bulk files and replies, suggested searches.

Addresses, receipt numbers, reasons and searched words are sealed. What goes outside is known by a random number.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models

from jikim_desk.notices.models import Notice, random_number
from jikim_desk.records.models import random_id
from jikim_desk.sealing import sealed_json, sealed_text


class BulkFile(models.Model):
    """일괄 신청 파일: what was given to the commission at once, one row a find."""

    id = models.CharField(primary_key=True, max_length=32, default=random_id)
    number = models.CharField(max_length=10, unique=True, default=random_number)
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    rows_sealed = models.BinaryField()
    rows = sealed_json("rows_sealed")
    """A list of {"notice": id, "number": ..., "addresses": [...], "values": [cells in the order of `heads`]}."""
    heads_sealed = models.BinaryField()
    heads = sealed_json("heads_sealed")

    class Meta:
        indexes = (models.Index(fields=("team", "-made_at"), name="bulk_files"),)


class Result(models.TextChoices):
    """What the other side said of one request. `BLOCKED` is no removal: the material is still where it was."""

    RECEIVED = "received"
    REMOVED = "removed"
    BLOCKED = "blocked"
    REFUSED = "refused"
    ASKS = "asks"


class Filing(models.Model):
    """접수: a notice that goes by a form or the bulk file, handed in by a person."""

    notice = models.OneToOneField(Notice, primary_key=True, on_delete=models.CASCADE, related_name="filing")
    form = models.CharField(max_length=40, blank=True)
    """The fill sheet it is filed by; empty for the commission's bulk file."""
    bulk = models.ForeignKey(BulkFile, null=True, on_delete=models.PROTECT, related_name="filings")
    filed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    filed_at = models.DateTimeField(null=True)
    receipt_sealed = models.BinaryField(default=bytes)
    receipt = sealed_text("receipt_sealed")
    """Their number of it."""
    receipt_ref = models.CharField(max_length=64, blank=True, db_index=True)
    """Keyed reference of their number, by which a later reply finds it."""
    result = models.CharField(max_length=10, choices=Result.choices, blank=True)
    reason_sealed = models.BinaryField(default=bytes)
    reason = sealed_text("reason_sealed")
    result_at = models.DateTimeField(null=True)


class ReplyState(models.TextChoices):
    READ = "read"  # shown to a person; nothing was changed
    APPLYING = "applying"
    APPLIED = "applied"
    DROPPED = "dropped"


class Reply(models.Model):
    """일괄 회신: a file of answers, read and matched, and applied by a person in one step."""

    id = models.CharField(primary_key=True, max_length=32, default=random_id)
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=ReplyState.choices, default=ReplyState.READ)
    rows_sealed = models.BinaryField()
    rows = sealed_json("rows_sealed")
    """A list of `matching.Row` as dicts, in the order of the file."""
    to_change = models.PositiveIntegerField()
    unchanged = models.PositiveIntegerField()
    skipped = models.PositiveIntegerField()
    applied_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    applied_at = models.DateTimeField(null=True)
    done_upto = models.PositiveIntegerField(default=0)
    """How many of its rows were gone through."""
    changed = models.PositiveIntegerField(default=0)
    overtaken = models.PositiveIntegerField(default=0)
    """Rows whose notice somebody else had changed since the file was read; nothing was done to them."""

    class Meta:
        indexes = (models.Index(fields=("team", "-uploaded_at"), name="bulk_replies"),)


class SuggestionState(models.TextChoices):
    OPEN = "open"  # to be filed
    FILED = "filed"  # filed; to be looked at on its day
    CLEAN = "clean"  # it was gone when last looked for; looked for again on its day
    CLOSED = "closed"


class Suggestion(models.Model):
    """연관·추천 검색어 정리: words a search engine suggests, filed with the engine and looked for again by a person."""

    id = models.CharField(primary_key=True, max_length=32, default=random_id)
    number = models.CharField(max_length=10, unique=True, default=random_number)
    """All that the engine learns of whose request it is."""
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    form = models.CharField(max_length=40)
    """The fill sheet of the engine."""
    words_sealed = models.BinaryField()
    words = sealed_text("words_sealed")
    is_adult = models.BooleanField(default=False)
    paper_sealed = models.BinaryField(default=bytes)
    paper = sealed_text("paper_sealed")
    """Where the adult's or the prosecution's request is: without one nothing of an adult is filed."""
    state = models.CharField(max_length=8, choices=SuggestionState.choices, default=SuggestionState.OPEN)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField()
    filed_at = models.DateTimeField(null=True)
    receipt_sealed = models.BinaryField(default=bytes)
    receipt = sealed_text("receipt_sealed")
    due_at = models.DateTimeField(null=True, db_index=True)
    """When somebody has to do the next thing; None once it is closed."""
    gone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=("team", "due_at"), name="suggestions_due"),)


class Look(models.Model):
    """One time somebody looked whether a suggestion is still made."""

    id = models.CharField(primary_key=True, max_length=32, default=random_id)
    suggestion = models.ForeignKey(Suggestion, on_delete=models.CASCADE, related_name="looks")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    is_gone = models.BooleanField()
