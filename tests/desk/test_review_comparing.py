"""An item beside known material: the same rules as the strip, the same seconds on both sides, and plain words where nothing is
kept."""

import subprocess
from hashlib import sha256
from importlib.resources import files

import pytest
from django.urls import reverse

from jikim_desk import words
from jikim_desk.accounts.models import Role, Team
from jikim_desk.audit.models import Entry
from jikim_desk.review import comparing, decisions, queue
from jikim_desk.review.models import Claim, Kind, Lift
from tests.desk.items import capture, item, known, picture

HX = {"HX-Request": "true"}


def film_of(folder, name, *options):
    """Twelve seconds of a test pattern, or a part of it."""
    path = folder / f"{name}.mp4"
    pattern = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10:duration=12"]
    subprocess.run(["ffmpeg", "-v", "error", *pattern, *options, "-g", "5", "-pix_fmt", "yuv420p", str(path)], check=True)
    return path.read_bytes()


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """A known film, and its seconds 4 to 10 copied out."""
    folder = tmp_path_factory.mktemp("films")
    return film_of(folder, "known"), film_of(folder, "copied", "-vf", "trim=4:10,setpts=PTS-STARTPTS")


def cue(content, **value):
    told = {"bank": "ours", "item": sha256(content).hexdigest(), "score": 0.9, "relation": "copy", "coverage_query": 1.0}
    return {"name": "known_copy", "at_s": value.get("start_s"), "confidence": 0.9, "value": {"segments": [], **told, **value}}


@pytest.fixture
def beside(signed_in, team):
    """A browser of somebody who has an item in hand that is a copy of `known_content`, kept or not."""

    def make(content, known_content, *, kept_in=None, type_="video/mp4", **value):
        row = item(team, "copy", kind="video", reasons=[known()], cues=[cue(known_content, **value)], duration_s=6.0)
        own = capture(row, content, content_type=type_)
        other = None
        if kept_in is not None:
            other = capture(item(kept_in, "known"), known_content, content_type=type_)
        browser = signed_in(Role.REVIEWER)
        queue.claim(browser.user, row.pk)
        return browser, row, own, other

    return make


TIMES = {"start_s": 0.0, "end_s": 6.0, "item_start_s": 4.0, "segments": [[0.0, 6.0, 4.0, 10.0]]}


def test_both_sides_show_the_same_seconds(beside, films, team):
    known_film, copied = films
    browser, row, own, other = beside(copied, known_film, kept_in=team, **TIMES)
    page = browser.get(f"/items/{row.pk}/").content.decode()
    assert "<svg" not in page.split("</header>")[1], "only on request"
    opened = comparing.open_comparison(browser.user, row.pk, 0)
    assert opened.problems == ()
    assert len(opened.pairs) == 3
    for pair in opened.pairs:
        assert (pair.found.capture, pair.known.capture) == (own.pk, other.pk)
        assert pair.known.at_s - pair.found.at_s == pytest.approx(4.0, abs=0.11)
        assert max(pair.known.width, pair.known.height) == 16


def test_it_is_on_record_counts_as_looked_at_and_each_side_is_lifted_by_the_same_rules(beside, films, team):
    known_film, copied = films
    browser, row, own, other = beside(copied, known_film, kept_in=team, **TIMES)
    part = browser.post(f"/items/{row.pk}/compare", {"known": "0"}, headers=HX)
    assert "no-store" in part["Cache-Control"]
    assert part.content.decode().count('review-frame"') == 6
    assert len(part.content) < 100_000
    assert Entry.objects.filter(action="view", facts__contains='"what":"comparison"').count() == 1
    shown = Claim.objects.get().shown_frames
    url = reverse("lift", args=[row.pk])
    for capture_id, at_s in shown[:2]:
        sent = {"capture": capture_id, "at_s": repr(at_s), "reason": "match"}
        assert browser.post(url, sent).status_code == 400, "never without script and a key that is held"
        assert browser.post(url, {**sent, "reason": ""}, headers={"X-Held": "1"}).status_code == 409
        assert browser.post(url, sent, headers={"X-Held": "1"}).status_code == 200
    assert {lift.capture for lift in Lift.objects.all()} == {own.pk, other.pk}
    sent = {"capture": other.pk, "at_s": "11.5", "reason": "match"}
    assert browser.post(url, sent, headers={"X-Held": "1"}).status_code == 404, "only what was sketched can be lifted"
    decision = decisions.decide(browser.user, row.pk, Kind.CANNOT_TELL, form_id="form-00000001")
    assert decision.was_looked_at


def test_without_script_the_whole_page_comes_and_nothing_is_lifted(beside, films, team):
    known_film, copied = films
    browser, row, *_ = beside(copied, known_film, kept_in=team, **TIMES)
    page = browser.post(f"/items/{row.pk}/compare?level=look", {"known": "0"}).content.decode()
    assert "review-pair" in page
    assert f'action="/items/{row.pk}/decide?level=look"' in page
    assert words.say("review.page.no_script_no_lift", "ko") in page


@pytest.mark.parametrize("is_kept_elsewhere", [False, True])
def test_a_mere_fingerprint_is_said_plainly_and_shows_nothing(beside, films, is_kept_elsewhere):
    known_film, copied = films
    other_team = Team.objects.create(name="다른 팀") if is_kept_elsewhere else None
    browser, row, *_ = beside(copied, known_film, kept_in=other_team, **TIMES)
    part = browser.post(f"/items/{row.pk}/compare", {"known": "0"}, headers=HX).content.decode()
    assert words.say("review.compare.only_fingerprint", "ko") in part
    assert "<svg" not in part
    assert not Claim.objects.get().has_opened_strip, "nothing was looked at"


def test_the_very_same_file_needs_no_look(beside, films, team):
    known_film, _ = films
    browser, row, *_ = beside(known_film, known_film, kept_in=team, segments=[[0.0, 12.0, 0.0, 12.0]])
    part = browser.post(f"/items/{row.pk}/compare", {"known": "0"}, headers=HX).content.decode()
    assert words.say("review.compare.same_file", "ko") in part
    assert "<svg" not in part


def test_the_test_card_that_is_shipped_stands_beside_a_picture_of_it(beside):
    card = files("jikim").joinpath("practice", "fixtures", "test_card.png").read_bytes()
    browser, row, *_ = beside(picture(), card, type_="image/png")
    (pair,) = comparing.open_comparison(browser.user, row.pk, 0).pairs
    assert pair.known.at_s is None
    sent = {"capture": pair.known.capture, "at_s": "", "reason": "match"}
    assert browser.post(reverse("lift", args=[row.pk]), sent, headers={"X-Held": "1"}).status_code == 200


@pytest.mark.parametrize("number", ["1", "-1", "x", "", "999"])
def test_a_copy_that_is_not_there_is_not_found(beside, films, number):
    browser, row, *_ = beside(films[1], films[0])
    assert browser.post(f"/items/{row.pk}/compare", {"known": number}).status_code == 404


def test_an_item_laid_down_shows_nothing_of_it(beside, films):
    browser, row, *_ = beside(films[1], films[0], **TIMES)
    queue.release(browser.user)
    assert browser.post(f"/items/{row.pk}/compare", {"known": "0"}).status_code == 409


def test_stretches_give_their_own_seconds_also_backwards():
    forward = comparing.moments_of({"segments": [[0.0, 2.0, 10.0, 12.0], [5.0, 7.0, 30.0, 32.0]]})
    assert list(forward) == [(1.0, 11.0), (6.0, 31.0)]
    (_, middle, _) = comparing.moments_of({"segments": [[0.0, 10.0, 20.0, 10.0]]})
    assert middle == (5.0, 15.0)
    assert list(comparing.moments_of({"segments": []})) == [(None, None)]
    assert len(list(comparing.moments_of({"segments": [[at, at + 1.0, at, at + 1.0] for at in range(9)]}))) == 4
