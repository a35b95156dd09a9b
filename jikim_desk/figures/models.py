"""What is learned from decisions, without media and without words: examples, and the weights proposed from them."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Label(models.TextChoices):
    """What a decision says of a find, as an assessor should have seen it."""

    CONFIRMED = "confirmed"
    ADULT = "adult"
    NOT_RELEVANT = "not_relevant"


class Example(models.Model):
    """A decision as a labelled example: numbers of the cues and hashes of the media. `candidate_ref` is a keyed reference."""

    candidate_ref = models.CharField(primary_key=True, max_length=64)
    applied = models.BigIntegerField(unique=True)
    """The number of the `review.Applied` it comes from."""
    label = models.CharField(max_length=12, choices=Label.choices)
    cues = models.JSONField(default=list)
    """Of each cue: name, confidence, and the numbers, truth values and the object's label of its value."""
    media = models.JSONField(default=list)
    """SHA-256 of what was looked at."""
    score = models.FloatField()
    """As it was when a person decided."""
    level = models.CharField(max_length=10)
    day = models.DateField()


class Proposal(models.Model):
    """A set of weights somebody computed from examples. In use is the one switched on last and not switched off since."""

    sha256 = models.CharField(primary_key=True, max_length=64)
    toml = models.TextField()
    figures = models.JSONField(default=dict)
    """What was measured of them on decisions held out, beside those in use then (`learning_figures.Comparison`); empty where
    they came from elsewhere."""
    proposed_at = models.DateTimeField(auto_now_add=True)
    switched_on_at = models.DateTimeField(null=True)
    switched_on_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    is_withdrawn = models.BooleanField(default=False)
