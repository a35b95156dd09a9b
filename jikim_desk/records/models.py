"""The pipeline's rows. Words, addresses and handles are sealed; ids come from content or are random."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from jikim_desk.sealing import sealed_json, sealed_text


def random_id() -> str:
    """32 hexadecimal digits."""
    return uuid.uuid4().hex


class SweepState(models.TextChoices):
    WAITING = "waiting"  # for a lead
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    REFUSED = "refused"


class Watch(models.Model):
    """A keyword that is searched again and again, with an end."""

    id = models.CharField(primary_key=True, max_length=32, default=random_id)
    keywords_sealed = models.BinaryField()
    keywords = sealed_json("keywords_sealed")
    places = models.JSONField(default=list)
    every_minutes = models.PositiveIntegerField()
    ends_on = models.DateField()
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="watches")
    case = models.ForeignKey("cases.Case", null=True, blank=True, on_delete=models.PROTECT, related_name="watches")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True)
    is_on = models.BooleanField(default=True)
    next_at = models.DateTimeField(null=True, db_index=True)
    """When it is due again; None while it waits for approval or is over."""
    skipped = models.PositiveIntegerField(default=0)
    """How often it was due while its last sweep was still running."""


class VariantState(models.TextChoices):
    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    DROPPED = "dropped"


class Variant(models.Model):
    """Another spelling of a watch's keyword; used only after a person approved it."""

    id = models.CharField(primary_key=True, max_length=32, default=random_id)
    watch = models.ForeignKey(Watch, on_delete=models.CASCADE, related_name="variants")
    text_sealed = models.BinaryField()
    text = sealed_text("text_sealed")
    kind = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=VariantState.choices, default=VariantState.PROPOSED)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)


class SweepKind(models.TextChoices):
    KEYWORD = "keyword"
    WATCH = "watch"
    REPORTED = "reported"  # pasted addresses: captured and reviewed without a search


class SweepStage(models.TextChoices):
    """What a sweep that runs is at. While it searches, what was found is looked at already."""

    NONE = ""
    SEARCH = "search"
    LOOK = "look"


class Sweep(models.Model):
    """One run over the places for some keywords, or over the addresses somebody reported."""

    id = models.CharField(primary_key=True, max_length=32, default=random_id)
    kind = models.CharField(max_length=10, choices=SweepKind.choices, default=SweepKind.KEYWORD)
    keywords_sealed = models.BinaryField(default=bytes)
    keywords = sealed_json("keywords_sealed")
    addresses_sealed = models.BinaryField(default=bytes)
    addresses = sealed_json("addresses_sealed")
    places = models.JSONField(default=list)
    """What `jikim sweep --source` takes: NAME or NAME=URL."""
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="sweeps")
    case = models.ForeignKey("cases.Case", null=True, blank=True, on_delete=models.PROTECT, related_name="sweeps")
    watch = models.ForeignKey(Watch, null=True, blank=True, on_delete=models.PROTECT, related_name="sweeps")
    is_urgent = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=SweepState.choices, default=SweepState.QUEUED, db_index=True)
    stage = models.CharField(max_length=10, choices=SweepStage.choices, default=SweepStage.NONE, blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True)
    refused_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    refused_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    is_stopping = models.BooleanField(default=False)
    """A person asked it to stop; what was found is kept."""
    run = models.PositiveIntegerField(default=1)
    """How often it was started by a person: part of its job's id."""
    flow_version = models.PositiveIntegerField(default=0)
    """Of the code that its job was last queued for; 0 while it has none."""
    health = models.JSONField(default=dict)
    """NAME -> {"state": ..., "found": ..., "error": message key or ""}, filled in as the places answer. For reported addresses
    the names are "1", "2", ...: the place in `addresses`."""
    answered = models.JSONField(default=dict)
    """The keywords, or addresses, that need not be asked for again, by their place "1", "2", ... -> as `health`."""
    error_key = models.CharField(max_length=80, blank=True)


class CandidateState(models.TextChoices):
    LOOKING = "looking"  # the assessment is provisional
    WAITING = "waiting"  # for a person
    DECIDED = "decided"


class Candidate(models.Model):
    """A suspicion 의심 건. `id` is the candidate's own, from its source and native id: the same find is one row for ever."""

    id = models.CharField(primary_key=True, max_length=64)
    source = models.CharField(max_length=40)
    host_ref = models.CharField(max_length=64, db_index=True)
    url_ref = models.CharField(max_length=64, db_index=True)
    """Of the canonical address: the same for two sources that name one page."""
    url_sealed = models.BinaryField()
    url = sealed_text("url_sealed")
    title_sealed = models.BinaryField(default=bytes)
    title = sealed_text("title_sealed")
    text_sealed = models.BinaryField(default=bytes)
    text = sealed_text("text_sealed")
    analysis_sealed = models.BinaryField(default=bytes)
    analysis = sealed_json("analysis_sealed")
    """The object `jikim sweep --json` gives of it: assessment, cues, frames, errors."""
    find_sealed = models.BinaryField(default=bytes)
    find = sealed_json("find_sealed")
    """What the source said besides: native_id, author_ref, media_urls, thumbnail_urls, duration_s, keyword, lang, origin,
    place. With the fields above it is the whole find, so that looking can go on where a killed process left it."""
    looks_sealed = models.BinaryField(default=bytes)
    looks = sealed_json("looks_sealed")
    """While it is looked at: the looks that were taken, by step, so that none is taken again after a kill."""
    posted_at = models.DateTimeField(null=True)
    found_at = models.DateTimeField()
    found_by = models.ForeignKey(Sweep, null=True, on_delete=models.SET_NULL, related_name="candidates")
    """The sweep that found it first, and looks at it."""
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="candidates")
    case = models.ForeignKey("cases.Case", null=True, blank=True, on_delete=models.PROTECT, related_name="candidates")
    state = models.CharField(max_length=10, choices=CandidateState.choices, default=CandidateState.LOOKING)
    level = models.CharField(max_length=10, default="none")
    level_rank = models.PositiveSmallIntegerField(default=2)
    """0 urgent, 1 look, 2 none: what the queue is sorted by first."""
    score = models.FloatField(default=0.0)
    is_test = models.BooleanField(default=False)
    same_as = models.CharField(max_length=64, db_index=True, blank=True)
    """Items with the same value are verified copies of the same extent: one decision counts for all of them."""

    class Meta:
        indexes = (
            models.Index(fields=("team", "state", "level_rank", "-score", "found_at"), name="queue"),
            models.Index(fields=("-found_at",), name="found"),
        )


class Sighting(models.Model):
    """That a sweep found a candidate."""

    sweep = models.ForeignKey(Sweep, on_delete=models.CASCADE, related_name="sightings")
    candidate = models.ForeignKey(Candidate, on_delete=models.CASCADE, related_name="sightings")
    seen_at = models.DateTimeField(auto_now_add=True)
    keyword_ref = models.CharField(max_length=64, blank=True)
    """A keyed reference to the keyword that led to it, so that the yield of each spelling can be counted."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("sweep", "candidate"), name="one_sighting_a_sweep"),)


class Capture(models.Model):
    """What was fetched of a candidate, sealed as it arrived, with everything that proves where it came from. `id` comes from
    the candidate, the part and the address: fetched once is one row for ever."""

    id = models.CharField(primary_key=True, max_length=32)
    candidate = models.ForeignKey(Candidate, on_delete=models.CASCADE, related_name="captures")
    part = models.CharField(max_length=10)  # media, thumbnail, page
    chain_sealed = models.BinaryField()
    chain = sealed_json("chain_sealed")
    """Addresses from the one asked to the one that answered, oldest first: {"url", "status", "headers", "peer_ip", "at"}."""
    content_type = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64, db_index=True)
    size_bytes = models.BigIntegerField()
    fetched_at = models.DateTimeField()
    blob = models.CharField(max_length=64, blank=True)
    holder = models.CharField(max_length=110, blank=True)


class Extent(models.Model):
    """What one media file shows from its beginning to its end, as PDQ hashes: how copies of the same extent are told."""

    sha256 = models.CharField(primary_key=True, max_length=64)
    kind = models.CharField(max_length=10)
    width_px = models.PositiveIntegerField(default=0)
    height_px = models.PositiveIntegerField(default=0)
    duration_ms = models.PositiveBigIntegerField(default=0)
    frames = models.JSONField(default=list)
    """[milliseconds, 64 hexadecimal digits of PDQ] of a few frames in order of time; empty where nothing can be told by PDQ."""
    group = models.CharField(max_length=64, db_index=True)
    """The sha256 of the first file of the same extent."""


class Band(models.Model):
    """16 of the 256 bits of one of an extent's hashes: two hashes at most 15 bits apart have at least one of them in common."""

    extent = models.ForeignKey(Extent, on_delete=models.CASCADE, related_name="bands")
    value = models.PositiveIntegerField(db_index=True)
    """The place of the band (0..15) times 65,536 plus its bits."""


class Worker(models.Model):
    """A process that works on jobs. It is alive while `beats` grows: counted, not timed, so that no clock can kill it."""

    id = models.CharField(primary_key=True, max_length=80)
    started = models.CharField(max_length=32)
    """Random, another for each start of the same worker."""
    version = models.CharField(max_length=40)
    beats = models.PositiveBigIntegerField(default=0)
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()
    is_dead = models.BooleanField(default=False)
    """Others have taken over what it had in hand."""


class Night(models.Model):
    """Who is on call in a team on the night that begins on a day: only they are reached by what is urgent before morning."""

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="nights")
    night = models.DateField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="nights")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("team", "night"), name="one_on_call_a_night"),)


class NightCall(models.Model):
    """What is urgent and came up in a team during one night while somebody was on call, as far as they are told by mail."""

    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="night_calls")
    night = models.DateField()
    wanted = models.PositiveIntegerField(default=0)
    """How many urgent finds there were; only the number."""
    told = models.PositiveIntegerField(default=0)
    """How many of them had come up when the last mail was sent."""
    tries = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField()
    """Not before this the next mail is tried."""
    attempt = models.CharField(max_length=32, blank=True)
    attempt_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("team", "night"), name="one_call_a_night"),)
