"""The rows of the review: who holds what, what was decided, what was looked at and who rests.

An *item* is what a person decides on: one candidate, or all of a team's verified copies of one extent together. Its key is
`queue.item_of(candidate)`.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from jikim_desk.records.models import Candidate, random_id
from jikim_desk.sealing import sealed_json, sealed_text


class Kind(models.TextChoices):
    """What somebody decided."""

    CONFIRMED = "confirmed"
    APPEARS_ADULT = "appears_adult"
    NOT_RELEVANT = "not_relevant"
    CANNOT_TELL = "cannot_tell"
    SECOND_REVIEW = "second_review"


ADULT_CATEGORIES = ("support_requested", "support_not_requested", "support_not_relevant")
"""Adults who were harmed are clients too: what is known of their wish."""

REOPENED_BY_NEWS = frozenset({Kind.APPEARS_ADULT, Kind.NOT_RELEVANT, Kind.CANNOT_TELL})
"""Decisions that never outlive a bank hit, a new case or a report."""


class DecisionState(models.TextChoices):
    STANDS = "stands"
    AWAITS_SECOND = "awaits_second"  # two people decide this; the second does not see the first's word
    CONTESTED = "contested"  # the two differ: a lead decides
    MERGED = "merged"  # one of two words that became one decision of a second person or a lead
    UNDONE = "undone"
    REOPENED = "reopened"


class Claim(models.Model):
    """That somebody holds an item. The database lets nobody hold two items and no item be held by two.

    The clock says only when a claim may be taken over, never who decided: a clock that jumps costs somebody their place at
    most. A claim counts while the clock stands within its length of `renewed_at`, before or after.
    """

    item = models.CharField(primary_key=True, max_length=90)
    candidate = models.ForeignKey(Candidate, on_delete=models.CASCADE, related_name="+")
    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="claim")
    claimed_at = models.DateTimeField()
    renewed_at = models.DateTimeField(db_index=True)
    has_shown_names = models.BooleanField(default=False)
    has_shown_address = models.BooleanField(default=False)
    has_opened_strip = models.BooleanField(default=False)
    shown_frames = models.JSONField(default=list)
    """[capture, seconds or null] of each sketch that was shown: only these can be lifted."""


class Passed(models.Model):
    """That somebody took something else; no reason is asked and the row goes when the item is decided or the day is over."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    item = models.CharField(max_length=90)
    passed_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("person", "item"), name="passed_once"),)


class Decision(models.Model):
    """What one person decided on one item."""

    id = models.CharField(primary_key=True, max_length=32, default=random_id)
    form_id = models.CharField(max_length=64)
    """The form it came by: the same form sent twice is one decision."""
    item = models.CharField(max_length=90, db_index=True)
    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="decisions")
    """The one that was looked at; `applied` has all that it counts for."""
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="decisions")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    category = models.CharField(max_length=80, blank=True)
    note_sealed = models.BinaryField(default=bytes)
    note = sealed_text("note_sealed")
    state = models.CharField(max_length=16, choices=DecisionState.choices, default=DecisionState.STANDS)
    decided_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    """When it was undone or reopened."""
    answered_by = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="answers")
    """The second word, where it differs from this one."""
    merged_into = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="merged")
    """The decision that came of this word and others."""
    was_looked_at = models.BooleanField(default=False)
    """Whether pictures were opened for it."""
    had_known_copy = models.BooleanField(default=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("person", "form_id"), name="one_decision_a_form"),)
        indexes = (
            models.Index(fields=("team", "decided_at"), name="decided"),
            models.Index(fields=("state",), name="standing"),
        )


class Applied(models.Model):
    """That a decision counts for a candidate; one at most counts at a time."""

    decision = models.ForeignKey(Decision, on_delete=models.CASCADE, related_name="applied")
    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="applied")
    is_current = models.BooleanField(default=True)
    is_later = models.BooleanField(default=False)
    """Found after the decision, as a copy of what had been decided."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("candidate",), condition=Q(is_current=True), name="one_decision_counts"),
            models.UniqueConstraint(fields=("decision", "candidate"), name="applied_once"),
        )


class News(models.TextChoices):
    """Why a decided item is open again."""

    BANK = "bank"
    CASE = "case"
    REPORT = "report"
    LEAD = "lead"  # a lead wants it looked at again


class Reopening(models.Model):
    """That an item was opened again because something new came in."""

    item = models.CharField(max_length=90, db_index=True)
    news = models.CharField(max_length=8, choices=News.choices)
    decision = models.ForeignKey(Decision, on_delete=models.CASCADE, related_name="reopenings")
    at = models.DateTimeField()


class Handover(models.Model):
    """A note to whoever takes an item over."""

    id = models.CharField(primary_key=True, max_length=32, default=random_id)
    item = models.CharField(max_length=90, db_index=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    note_sealed = models.BinaryField()
    note = sealed_text("note_sealed")
    at = models.DateTimeField()


class DangerSheet(models.Model):
    """What was put together for the police when somebody seemed to be in danger now, as it stood at that moment."""

    id = models.CharField(primary_key=True, max_length=32, default=random_id)
    form_id = models.CharField(max_length=64)
    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="danger_sheets")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    content_sealed = models.BinaryField()
    content = sealed_json("content_sealed")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("person", "form_id"), name="one_sheet_a_form"),)


class Severity(models.IntegerChoices):
    """How much a stretch of time weighs: words and blurred sketches count once, what was seen clearly three times."""

    WORDS = 1
    SKETCHES = 2
    CLEAR = 3


class Exposure(models.Model):
    """What somebody has been exposed to on one day: seconds of one severity. For their own eyes."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="exposures")
    day = models.DateField()
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    seconds = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("person", "day", "severity"), name="one_sum_a_day"),)


class Stretch(models.Model):
    """How long somebody has been at it since their last rest, and until when they rest."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="stretch")
    seconds = models.PositiveIntegerField(default=0)
    touched_at = models.DateTimeField(null=True)
    """When they last did something at an item: what lies between two such moments counts, a long absence does not."""
    rest_from_at = models.DateTimeField(null=True)
    rest_until_at = models.DateTimeField(null=True)


class Lift(models.Model):
    """That somebody lifted the blur of one frame, why and for how long."""

    id = models.CharField(primary_key=True, max_length=32, default=random_id)
    candidate = models.ForeignKey(Candidate, on_delete=models.CASCADE, related_name="lifts")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    capture = models.CharField(max_length=32)
    at_s = models.FloatField(null=True)
    reason = models.CharField(max_length=12)
    lifted_at = models.DateTimeField()
    seconds = models.FloatField(null=True)
    """None while it is lifted; counted as the longest there is when nobody says that it fell back."""


class Debrief(models.Model):
    """What somebody wrote for themselves after hard work, or to ask their lead for a talk."""

    id = models.CharField(primary_key=True, max_length=32, default=random_id)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="debriefs")
    text_sealed = models.BinaryField(default=bytes)
    text = sealed_text("text_sealed")
    asks_for_talk = models.BooleanField(default=False)
    at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
