"""Pictures only when asked for, out of the sandbox, and each fault its plain sentence."""

import shutil
import subprocess

import numpy as np
import pytest
from django.urls import reverse

from jikim.config import Opening
from jikim.errors import MediaUnreadable, SandboxUnavailable, VaultError
from jikim.media.opening import Opener
from jikim_desk import words
from jikim_desk.accounts.models import Role
from jikim_desk.audit.models import Entry
from jikim_desk.config import jikim_config
from jikim_desk.review import exposure, frames, queue
from jikim_desk.review import kept as kept_media
from jikim_desk.review.models import Claim, Lift
from jikim_desk.sealing import vault
from tests.desk.items import capture, item, picture

CUES = [
    {"analyzer": "objects", "name": "object", "at_s": at, "region": None, "confidence": confidence, "value": {}}
    for at, confidence in ((1.0, 0.9), (1.4, 0.8), (3.0, 0.7), (5.0, 0.95), (None, 0.99))
]


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Ten seconds of a test pattern."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    made = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10:duration=10", "-pix_fmt", "yuv420p"]
    subprocess.run([*made, str(path)], check=True)
    return path.read_bytes()


@pytest.fixture
def holding(signed_in, team):
    """A browser of somebody who has an item with this content in hand."""

    def hold(content=None, **told):
        row = item(team, f"item{Claim.objects.count()}", **told)
        kept = capture(row, content, content_type="video/mp4" if told.get("kind") == "video" else "image/png")
        browser = signed_in(Role.REVIEWER)
        queue.claim(browser.user, row.pk)
        return browser, row, kept

    return hold


def lift(browser, row, kept, *, reason="age", at_s="", held="1", **headers):
    url = reverse("lift", args=[row.pk])
    sent = {"capture": kept.pk, "at_s": at_s, "reason": reason}
    return browser.post(url, sent, headers={"X-Held": held, **headers} if held else headers)


def test_the_page_shows_no_picture_unasked(holding):
    browser, row, _ = holding()
    page = browser.get(f"/items/{row.pk}/").content.decode()
    assert "<svg" not in page.split("</header>")[1]
    assert "<img" not in page
    assert "<canvas" not in page
    assert browser.get(f"/items/{row.pk}/strip").status_code == 405
    assert browser.get(f"/items/{row.pk}/lift").status_code == 405


def test_the_strip_is_grey_coarse_and_small(holding):
    browser, row, _ = holding()
    strip = frames.open_strip(browser.user, row.pk)
    (one,) = strip.frames
    assert max(one.width, one.height) == 16
    assert one.drawn_height <= 96
    assert {grey[1:3] == grey[3:5] == grey[5:7] for grey, _ in one.paths} == {True}
    assert sum(path.count("M") for _, path in one.paths) == one.width * one.height
    assert strip.problems == ()


def test_a_video_gives_the_frames_that_gave_evidence(holding, film):
    browser, row, _ = holding(film, kind="video", cues=CUES, duration_s=10.0)
    strip = frames.open_strip(browser.user, row.pk)
    assert [round(one.at_s) for one in strip.frames] == [1, 3, 5]


def test_of_a_stretch_the_middle_is_shown_too_and_never_more_than_eight():
    copy = {"name": "known_copy", "at_s": 0.0, "confidence": 1.0, "value": {"start_s": 0.0, "end_s": 12.0}}
    assert frames.evidence_times({"cues": [copy]}) == [0.0, 6.0]
    many = [{"name": "line", "at_s": float(at), "confidence": 0.5, "value": {}} for at in range(0, 100, 2)]
    assert len(frames.evidence_times({"cues": [copy, *many]})) == 8
    assert frames.evidence_times(None) == []


def test_opening_the_strip_is_on_record_and_counts_as_looked_at(holding):
    browser, row, _ = holding()
    answer = browser.post(f"/items/{row.pk}/strip")
    assert answer.status_code == 200
    assert "review-strip" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert Entry.objects.filter(action="view", facts__contains='"what":"sketches"').count() == 1
    assert Claim.objects.get().has_opened_strip
    part = browser.post(f"/items/{row.pk}/strip", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert len(part) < 60_000


def test_one_frame_is_lifted_small_and_grey_and_on_record_before_it_is_seen(holding):
    browser, row, kept = holding(picture(1600, 900))
    frames.open_strip(browser.user, row.pk)
    answer = lift(browser, row, kept)
    assert answer.status_code == 200
    assert answer["X-Size"] == "192x108"
    assert len(answer.content) == 192 * 108
    assert np.frombuffer(answer.content, np.uint8).std() > 10
    assert answer["Content-Type"] == "application/octet-stream"
    assert "no-store" in answer["Cache-Control"]
    entry = Entry.objects.get(action="lift")
    assert '"reason":"age"' in entry.facts
    assert kept.pk not in entry.facts
    browser.post(reverse("fell_back", args=[answer["X-Lift"]]), {"seconds": "3.2"})
    assert Lift.objects.get().seconds == 3.2
    assert exposure.state(browser.user).clear_s == 3


def test_a_video_is_lifted_at_its_moment(holding, film):
    browser, row, kept = holding(film, kind="video", cues=CUES, duration_s=10.0)
    frames.open_strip(browser.user, row.pk)
    times = [at_s for _, at_s in Claim.objects.get().shown_frames]
    early, late = (lift(browser, row, kept, at_s=repr(at_s)).content for at_s in (times[0], times[-1]))
    assert lift(browser, row, kept, at_s="7.5").status_code == 404, "only what was sketched can be lifted"
    assert Lift.objects.count() == 2
    assert len(early) == len(late)
    assert early != late


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"held": ""}, 400),  # a form without script
        ({"Sec-Fetch-Dest": "document"}, 400),
        ({"reason": ""}, 409),
        ({"reason": "curiosity"}, 409),
    ],
)
def test_nothing_is_lifted_without_script_key_and_reason(holding, changed, status):
    browser, row, kept = holding()
    frames.open_strip(browser.user, row.pk)
    answer = lift(browser, row, kept, **changed)
    assert answer.status_code == status
    assert answer["Content-Type"].startswith("application/json")
    assert not Lift.objects.exists()


def test_nothing_is_lifted_of_a_closed_strip_or_another_item(holding, team):
    browser, row, kept = holding()
    assert lift(browser, row, kept).status_code == 404
    frames.open_strip(browser.user, row.pk)
    foreign = capture(item(team, "foreign"))
    assert lift(browser, row, foreign).status_code == 404
    queue.release(browser.user)
    assert lift(browser, row, kept).status_code == 409
    assert not Lift.objects.exists()


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.AUDITOR, Role.ADMINISTRATOR])
def test_other_roles_open_no_pictures(signed_in, holding, role):
    _, row, kept = holding()
    browser = signed_in(role)
    assert browser.post(f"/items/{row.pk}/strip").status_code == 403
    assert lift(browser, row, kept).status_code == 403


def test_a_missing_blob_has_its_sentence_and_words_suffice(holding):
    browser, row, kept = holding(picture(64, 65))
    for file in (jikim_config().home / "blobs").rglob(f"{kept.blob}*"):
        file.unlink()
    assert frames.open_strip(browser.user, row.pk).problems == ("review.frames.blob_lost",)
    Claim.objects.update(shown_frames=[[kept.pk, None]])
    answer = lift(browser, row, kept)
    assert answer.status_code == 503
    assert answer.json()["sentence"] == words.say("review.frames.blob_lost", "ko")
    assert browser.get(f"/items/{row.pk}/").status_code == 200


def test_a_lost_key_has_its_sentence_and_destroys_nothing(holding, tmp_path):
    browser, row, kept = holding(picture(66, 65))
    keys = jikim_config().home / "keys"
    private = [file for file in keys.rglob("*") if file.is_file() and "sweep" in str(file)]
    assert private, "where the vault keeps its keys has changed"
    kept_aside = tmp_path / "aside"
    kept_aside.mkdir()
    moved = [(file, kept_aside / f"{number}") for number, file in enumerate(private)]
    for file, aside in moved:
        shutil.move(file, aside)
    try:
        assert frames.open_strip(browser.user, row.pk).problems == ("review.frames.key_lost",)
        Claim.objects.update(shown_frames=[[kept.pk, None]])
        assert lift(browser, row, kept).json()["sentence"] == words.say("review.frames.key_lost", "ko")
    finally:
        for file, aside in moved:
            shutil.move(aside, file)
    assert frames.open_strip(browser.user, row.pk).frames
    assert vault().read(kept.blob)


def test_a_window_left_behind_shows_nothing_of_the_item_in_hand_now(holding, team):
    browser, row, kept = holding()
    frames.open_strip(browser.user, row.pk)
    other = item(team, "other")
    capture(other, picture(70, 65))
    queue.claim(browser.user, other.pk)
    answer = browser.post(f"/items/{row.pk}/strip", headers={"HX-Request": "true"})
    assert words.say("review.not_in_hand", "ko") in answer.content.decode()
    assert "review-strip" not in answer.content.decode()
    assert lift(browser, row, kept).status_code == 409
    assert browser.post(f"/items/{row.pk}/here").json()["is_held"] is False
    assert browser.post(f"/items/{row.pk}/swap")["Location"] == f"/items/{other.pk}/", "what is in hand stays in hand"


def test_what_is_no_picture_has_its_sentence(holding):
    browser, row, _ = holding(b"these bytes are no picture at all" * 50)
    assert frames.open_strip(browser.user, row.pk).problems == ("review.frames.unreadable",)


def test_a_sandbox_that_stops_a_file_has_its_sentence(holding, film, monkeypatch):
    """A real one, that gives the file a millisecond."""
    browser, row, kept = holding(film, kind="video", cues=CUES, duration_s=10.0)
    shown = frames.open_strip(browser.user, row.pk).frames
    with Opener(Opening(wall_clock_s=0.001)) as opener:
        monkeypatch.setattr(kept_media, "_opener", lambda _process: opener)
        answer = lift(browser, row, kept, at_s=repr(shown[0].at_s))
        assert answer.json()["sentence"] == words.say("review.frames.stopped", "ko")
        assert frames.open_strip(browser.user, row.pk).problems == ("review.frames.stopped",)


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (MediaUnreadable("media.crashed", where="x"), "review.frames.stopped"),
        (MediaUnreadable("media.out_of_memory", where="x"), "review.frames.stopped"),
        (SandboxUnavailable("media.no_sandbox", wall="seccomp"), "review.frames.no_sandbox"),
        (SandboxUnavailable("media.zygote_failed", problem="x"), "review.frames.no_sandbox"),
        (VaultError("vault.no_private_keys"), "review.frames.key_lost"),
        (VaultError("vault.blob_damaged", file="x"), "review.frames.blob_lost"),
    ],
)
def test_every_fault_of_opening_has_its_sentence(error, key):
    assert frames.problem_key(error) == key
    assert words.say(key, "ko") != words.say(key, "en")


def test_an_item_without_media_says_so(signed_in, team):
    browser = signed_in(Role.REVIEWER)
    row = item(team, "words only")
    queue.claim(browser.user, row.pk)
    assert frames.open_strip(browser.user, row.pk).problems == ("review.frames.nothing_kept",)


def test_no_pictures_when_a_rest_is_due(holding, monkeypatch):
    browser, row, kept = holding()
    frames.open_strip(browser.user, row.pk)
    exposure.add(browser.user, 50 * 60, exposure.Severity.WORDS)
    assert lift(browser, row, kept).status_code == 409
    assert browser.post(f"/items/{row.pk}/strip", headers={"HX-Request": "true"})["HX-Redirect"] == "/care/"
    assert browser.get(f"/items/{row.pk}/")["Location"] == "/care/", "words rest too"
