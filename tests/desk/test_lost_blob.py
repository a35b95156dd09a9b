"""A sealed file that is lost: a verified copy of the same extent is opened in its place, else it is said."""

import io
from pathlib import Path

import pytest
from PIL import Image

from jikim.scan import Extent
from jikim.types import MediaKind
from jikim_desk.accounts.models import Role
from jikim_desk.cases.models import Case
from jikim_desk.config import jikim_config
from jikim_desk.records import extents
from jikim_desk.review import frames, queue
from tests.desk.items import capture, item, picture

HASH = "f0e1d2c3b4a5968778695a4b3c2d1e0f" * 2


def copy_of(content):
    """The same picture in another coding."""
    file = io.BytesIO()
    Image.open(io.BytesIO(content)).convert("RGB").save(file, "JPEG", quality=90)
    return file.getvalue()


def same_extent(*captures):
    for one in captures:
        extents.keep(Extent(one.sha256, MediaKind.IMAGE, 320, 180, 0, ((0, HASH),)))


def lose(kept):
    for path in Path(jikim_config().home, "blobs", kept.blob[:2]).glob(f"{kept.blob}*"):
        path.unlink()


@pytest.fixture
def lost(team, person):
    """Somebody holds an item whose file is lost."""
    content = picture(322, 182)
    row = item(team, "lost")
    kept = capture(row, content)
    reviewer = person(Role.REVIEWER)
    queue.claim(reviewer, row.pk)
    return reviewer, row, kept, content


@pytest.fixture
def other(team):
    return capture(item(team, "other"), copy_of(picture(322, 182)))


def test_a_verified_copy_takes_its_place(lost, other):
    reviewer, row, kept, _ = lost
    same_extent(kept, other)
    lose(kept)
    strip = frames.open_strip(reviewer, row.pk)
    assert strip.problems == ()
    assert len(strip.frames) == 1


def test_what_is_merely_alike_does_not(lost, other):
    reviewer, row, kept, _ = lost
    lose(kept)
    strip = frames.open_strip(reviewer, row.pk)
    assert (strip.frames, strip.problems) == ((), ("review.frames.blob_lost",))


def test_a_copy_of_another_case_or_team_does_not(lost, team, person):
    reviewer, row, kept, content = lost
    closed = Case.objects.create(number="2026-9", team=team)
    foreign = capture(item(team, "foreign", case=closed), copy_of(content))
    same_extent(kept, foreign)
    lose(kept)
    assert frames.open_strip(reviewer, row.pk).problems == ("review.frames.blob_lost",)


def test_a_copy_that_is_lost_too_is_passed_over(lost, other, team):
    reviewer, row, kept, content = lost
    third = capture(item(team, "third"), copy_of(copy_of(content)), name="c")
    same_extent(kept, other, third)
    lose(kept)
    lose(other)
    assert len(frames.open_strip(reviewer, row.pk).frames) == 1
    lose(third)
    assert frames.open_strip(reviewer, row.pk).problems == ("review.frames.blob_lost",)
