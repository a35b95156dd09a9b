"""The rows of the re-upload watch: whether a find is watched for, by which files, and where it came up again."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from jikim_desk.cases.models import Case
from jikim_desk.notices.models import Removal, RemovalState
from jikim_desk.records.models import Candidate, Capture, random_id


class Guard(models.Model):
    """That what a find shows is watched for, unless a person switched it off."""

    removal = models.OneToOneField(Removal, primary_key=True, on_delete=models.CASCADE, related_name="guard")
    off_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    off_at = models.DateTimeField(null=True)


class GuardedFile(models.Model):
    """One file of a find, known by its fingerprint alone. The fingerprint lies in each machine's bank, never here."""

    guard = models.ForeignKey(Guard, on_delete=models.CASCADE, related_name="files")
    sha256 = models.CharField(max_length=64, db_index=True)
    capture = models.ForeignKey(Capture, on_delete=models.CASCADE, related_name="+")
    is_only = models.BooleanField(default=False)
    """It is the only file of its find: then it is what was confirmed. Of several nobody said which."""
    kept_at = models.DateTimeField(null=True)
    """Since when its fingerprint is kept; None while it is not."""
    problem_key = models.CharField(max_length=60, blank=True)
    """Why it could not be fingerprinted, as a message key."""
    left_out_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    left_out_at = models.DateTimeField(null=True)
    """A person said that this file is not what was confirmed."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("guard", "sha256"), name="guarded_once"),)


class CaseRefusal(models.Model):
    """That no fingerprints are kept for the finds of a case."""

    case = models.OneToOneField(Case, primary_key=True, on_delete=models.CASCADE, related_name="fingerprint_refusal")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()


class Likeness(models.TextChoices):
    """How a new find is told to be what was confirmed."""

    SAME = "same"  # a verified copy of the same extent
    COPY = "copy"  # edited: cropped, mirrored, captioned, a part of it
    SCENE = "scene"  # perhaps only the same place or people: no alarm


class Reupload(models.Model):
    """That what a removal is about was found at another address."""

    id = models.CharField(primary_key=True, max_length=32, default=random_id)
    removal = models.ForeignKey(Removal, on_delete=models.CASCADE, related_name="reuploads")
    candidate = models.ForeignKey(Candidate, on_delete=models.CASCADE, related_name="reupload_of")
    found_at = models.DateTimeField()
    likeness = models.CharField(max_length=8, choices=Likeness.choices)
    was = models.CharField(max_length=12, choices=RemovalState.choices)
    """What was said of the removal at that moment."""
    is_alarm = models.BooleanField()
    """It had been asked for, or was said to be gone."""
    seen_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    seen_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("removal", "candidate"), name="one_reupload"),)
        indexes = (models.Index(fields=("is_alarm", "seen_at", "-found_at"), name="alarms"),)
