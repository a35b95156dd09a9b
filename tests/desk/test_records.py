"""What is asked and found, as rows: who may ask, what waits for a lead, what is known already, when a watch is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from jikim import scan, types
from jikim.assessing import assess
from jikim.errors import BadUse
from jikim.scan import Look
from jikim.sweep import Found
from jikim.types import Capture, Cue, Hop, Keyword, MediaKind
from jikim_desk.accounts.models import Role
from jikim_desk.audit.actions import Action
from jikim_desk.audit.models import Entry
from jikim_desk.cases.models import Case
from jikim_desk.records import extents, intake, liveness, runs, store
from jikim_desk.records.intake import Said
from jikim_desk.records.models import Candidate, CandidateState, Sighting, Sweep, SweepKind, SweepState, Watch, Worker
from jikim_desk.sealing import vault

FEED = "feed=https://city.example/feed"
pytestmark = pytest.mark.django_db


# asking


def test_a_sweep_without_a_case_waits_for_a_lead(person, team):
    worker, lead = person(Role.REVIEWER), person(Role.LEAD)
    sweep = intake.ask_for_sweep(worker, ["  축제 ", "축제"], [FEED], team=team)
    assert (sweep.state, sweep.keywords) == (SweepState.WAITING, ["축제"])
    assert intake.to_approve(lead) == [sweep]
    assert intake.approve(sweep, lead).state == SweepState.QUEUED
    assert intake.to_approve(lead) == []
    with pytest.raises(BadUse):
        intake.refuse(sweep, lead)
    assert [entry.action for entry in Entry.objects.order_by("number")] == [Action.SEARCH, Action.APPROVE]
    assert "축제" not in Entry.objects.get(action=Action.SEARCH).facts


def test_a_case_an_urgent_reason_practice_or_a_lead_lets_it_run_at_once(person, team):
    worker, lead = person(Role.COUNSELLOR), person(Role.LEAD)
    case = Case.objects.create(number="2026-1", team=team)
    assert intake.ask_for_sweep(worker, ["a b"], [FEED], team=team, case=case).state == SweepState.QUEUED
    assert intake.ask_for_sweep(worker, ["a b"], ["practice"], team=team).state == SweepState.QUEUED
    assert intake.ask_for_sweep(lead, ["a b"], [FEED], team=team).approved_by == lead
    urgent = intake.ask_for_sweep(worker, ["a b"], [FEED], team=team, is_urgent=True)
    assert urgent.state == SweepState.QUEUED
    assert intake.to_approve(lead) == [urgent], "it is reviewed after"
    runs.begin(urgent.pk)
    refused = intake.refuse(urgent, lead)
    assert (refused.state, refused.is_stopping) == (SweepState.RUNNING, True)


def test_who_may_not_ask(person, team):
    case = Case.objects.create(number="2026-1", team=team)
    case.members.add(person(Role.COUNSELLOR))
    with pytest.raises(PermissionDenied):
        intake.ask_for_sweep(person(Role.AUDITOR), ["a"], [FEED], team=team)
    with pytest.raises(PermissionDenied):
        intake.ask_for_sweep(person(Role.REVIEWER), ["a"], [FEED], team=team, case=case)
    with pytest.raises(PermissionDenied):
        intake.approve(intake.ask_for_sweep(person(Role.REVIEWER), ["a"], [FEED], team=team), person(Role.REVIEWER))


@pytest.mark.parametrize(
    ("keywords", "places"), [([], [FEED]), (["\0"], [FEED]), (["a"], ["nowhere"]), ([str(n) for n in range(21)], [FEED])]
)
def test_what_cannot_be_asked(person, team, keywords, places):
    with pytest.raises(BadUse) as raised:
        intake.ask_for_sweep(person(Role.REVIEWER), keywords, places, team=team)
    assert raised.value.message().ko
    assert not Sweep.objects.exists()


def test_reported_addresses_are_told_apart_at_once(person, team):
    user = person(Role.REVIEWER)
    known = seen(team, "https://a.example/1?utm_source=x")
    pasted = [
        "https://a.example/1",
        "https://B.example/2",
        "http://b.example:80/3",
        "https://b.example/2#x",
        "x",
        "ftp://a.example/",
    ]
    sweep, lines = intake.report_addresses(user, pasted, team=team)
    assert [line.said for line in lines] == [Said.KNOWN, Said.NEW, Said.NEW, Said.DUPLICATE, Said.REFUSED, Said.REFUSED]
    assert lines[0].candidate_id == known.pk
    assert [line.number for line in lines] == [0, 1, 2, 1, 0, 0]
    assert (sweep.kind, sweep.state, sweep.addresses) == (SweepKind.REPORTED, SweepState.QUEUED, pasted[1:3])
    assert intake.report_addresses(user, pasted[:1], team=team)[0] is None
    with pytest.raises(BadUse):
        intake.report_addresses(user, [f"https://a.example/{n}" for n in range(501)], team=team)


# finding


def a_find(url="https://a.example/1", native="1", source="feed", **about):
    defaults = {"title": "제목", "text": "글", "author_ref": "누구", "media_urls": (), "posted_at": None}
    made = types.candidate_id(source, native)
    at = datetime(2026, 11, 22, tzinfo=UTC)
    return types.Candidate(
        made, source, native, url, **{**defaults, **about}, keyword=Keyword("축제", "ko", "watch"), found_at=at
    )


def a_sweep(team, **about):
    sweep = Sweep(team=team, state=SweepState.RUNNING, **about)
    sweep.keywords = ["축제"]
    sweep.save()
    return sweep


def seen(team, url, native="1", source="feed"):
    store.see(a_sweep(team), a_find(url, native, source), "feed")
    return Candidate.objects.get(pk=types.candidate_id(source, native))


def final(candidate, look=None):
    look = look or Look()
    return Found(candidate, look, assess(candidate.id, look.cues, is_test=False), is_final=True)


def a_capture(url, digest="1" * 64):
    at = datetime(2026, 11, 22, tzinfo=UTC)
    hop = Hop(url, 302, {"location": "/b"}, "192.0.2.1", at)
    last = Hop(f"{url}/b", 200, {"content-type": "image/png"}, "192.0.2.2", at)
    return Capture(url, last.url, 200, last.peer_ip, "image/png", digest, 3, at, "2" * 64, (hop, last))


def test_a_find_is_one_row_for_ever_and_only_the_first_sweep_looks(team):
    first, second = a_sweep(team), a_sweep(team)
    find = a_find(media_urls=("https://a.example/m",), thumbnail_urls=("https://a.example/t",))
    assert store.see(first, find, "feed:2")
    assert store.see(first, find, "feed:2"), "told twice after a kill"
    assert not store.see(second, find, "feed")
    other_source = a_find(native="x", source="page")
    assert not store.see(second, other_source, "page"), "another source that names the same page"
    assert (Candidate.objects.count(), Sighting.objects.count()) == (1, 2)
    assert list(store.unfinished(first)) == [(find, "feed:2", {})]
    assert list(store.unfinished(second)) == []
    assert store.see(second, a_find(native="2"), "feed"), "two posts of one place may share an address"


def test_nothing_that_was_final_or_decided_is_changed(team):
    sweep, find = a_sweep(team), a_find()
    store.see(sweep, find, "feed")
    store.keep_find(sweep, final(find))
    row = Candidate.objects.get()
    assert (row.state, row.analysis["title"], row.analysis["url"]) == (CandidateState.WAITING, "제목", find.url)
    Candidate.objects.update(state=CandidateState.DECIDED)
    failed = Look(failures=(scan.Failure("fetch", BadUse("places.none_named")),))
    store.keep_find(sweep, final(find, failed))
    assert Candidate.objects.get().state == CandidateState.DECIDED
    assert Candidate.objects.get().analysis["errors"] == []


def test_a_capture_is_kept_once_with_its_whole_chain_and_not_fetched_again(team):
    sweep, find = a_sweep(team), a_find(media_urls=("https://a.example/m",))
    store.see(sweep, find, "feed")
    capture = a_capture("https://a.example/m")
    store.keep_capture(find, store.MEDIA, capture)
    store.keep_capture(find, store.MEDIA, capture)
    row = Candidate.objects.get().captures.get()
    assert [hop["status"] for hop in row.chain] == [302, 200]
    assert row.holder == "sweep:2026-11-22"
    assert b"a.example" not in bytes(row.chain_sealed)
    store.keep_capture(find, store.MEDIA, a_capture("https://a.example/film.mpd"))
    assert store.captured(sweep) == {"https://a.example/m": capture}, "of a film in segments nobody kept where its sound is"
    store.keep_find(sweep, final(find))
    assert store.captured(sweep) == {}


def test_a_case_holds_what_was_fetched_for_it(team):
    with vault().sealing("sweep:2026-11-22") as sealing:
        sealing.write(b"abc")
    sweep, find = a_sweep(team), a_find()
    store.see(sweep, find, "feed")
    store.keep_capture(find, store.PAGE, replace(a_capture(find.url), blob=sealing.sealed.blob), "case:7")
    assert vault().has(sealing.sealed.blob, "case:7")


def test_an_odd_value_of_a_plug_in_does_not_lose_the_find(team):
    import numpy as np

    sweep, find = a_sweep(team), a_find()
    store.see(sweep, find, "feed")
    cue = types.Cue(None, "x", "1", None, "line", None, None, {"n": np.float32(0.5), "o": object()}, 0.5, "cue.line", {})
    found = final(find)
    store.keep_find(sweep, Found(find, Look(cues=(cue,)), found.assessment, is_final=True))
    assert Candidate.objects.get().analysis["cues"][0]["value"] == {"n": 0.5, "o": "<object>"}


# copies of the same extent


def an_extent(digest, frames, *, kind=MediaKind.IMAGE, size=(400, 300), duration_ms=0):
    return scan.Extent(digest * 64, kind, *size, duration_ms, tuple(frames))


def flipped(digits, bits):
    value = int(digits, 16)
    for bit in bits:
        value ^= 1 << bit
    return f"{value:064x}"


HASH = "0123456789abcdef" * 4


def test_same_extent(team):
    one = extents.keep(an_extent("1", [(0, HASH)]))
    near = extents.keep(an_extent("2", [(0, flipped(HASH, range(0, 60, 5)))], size=(800, 600)))
    far = extents.keep(an_extent("3", [(0, flipped(HASH, range(0, 120, 5)))]))
    other_shape = extents.keep(an_extent("4", [(0, HASH)], size=(400, 400)))
    blank = extents.keep(an_extent("5", []))
    assert one.group == near.group
    assert len({one.group, far.group, other_shape.group, blank.group}) == 4
    assert extents.same_as({one.pk}, is_test=False) == extents.same_as({near.pk}, is_test=False)
    assert extents.same_as({one.pk}, is_test=False) != extents.same_as({one.pk}, is_test=True)
    assert extents.same_as({one.pk}, is_test=False) != extents.same_as({one.pk, far.pk}, is_test=False)


def test_a_longer_film_is_another_extent(team):
    frames = [(0, HASH), (5000, flipped(HASH, range(100)))]
    film = {"kind": MediaKind.VIDEO}
    one = extents.keep(an_extent("1", frames, duration_ms=10_000, **film))
    again = extents.keep(an_extent("2", [(40, HASH), (5080, flipped(HASH, range(100)))], duration_ms=10_100, **film))
    longer = extents.keep(an_extent("3", frames, duration_ms=12_000, **film))
    cut = extents.keep(an_extent("4", frames[:1], duration_ms=10_000, **film))
    assert one.group == again.group
    assert len({one.group, longer.group, cut.group}) == 3


@given(st.sets(st.integers(0, 255), max_size=15))
def test_two_hashes_at_most_fifteen_bits_apart_share_a_band(bits):
    assert extents._bands([(0, HASH)]) & extents._bands([(0, flipped(HASH, bits))])


# the life of a sweep and of a watch


def test_the_life_of_a_sweep(team):
    sweep = a_sweep(team)
    Sweep.objects.update(state=SweepState.QUEUED)
    assert runs.begin(sweep.pk)
    assert runs.begin(sweep.pk), "a step that is repeated begins again"
    runs.end(sweep.pk, SweepState.FAILED, "flows.fault")
    runs.end(sweep.pk, SweepState.DONE)
    assert Sweep.objects.get().state == SweepState.FAILED
    assert not runs.begin(sweep.pk)
    again = runs.anew(sweep.pk)
    assert (again.state, again.run, again.error_key) == (SweepState.QUEUED, 2, "")
    runs.stop(sweep.pk)
    assert Sweep.objects.get().state == SweepState.STOPPED
    Sweep.objects.update(state=SweepState.WAITING)
    with pytest.raises(BadUse):
        runs.anew(sweep.pk)


def a_watch(team, user, **about):
    now = timezone.now()
    given = {"every_minutes": 60, "ends_on": timezone.localdate() + timedelta(days=5), "approved_at": now, "next_at": now}
    watch = Watch(team=team, asked_by=user, places=[FEED], **{**given, **about})
    watch.keywords = ["축제"]
    watch.save()
    return watch


def test_a_watch_runs_once_each_time_it_is_due(team, person):
    watch = a_watch(team, person(Role.LEAD))
    now = timezone.now()
    assert runs.due(now) == [watch.pk]
    sweep = runs.start(watch.pk, now)
    assert (sweep.kind, sweep.state, sweep.keywords) == (SweepKind.WATCH, SweepState.QUEUED, ["축제"])
    assert runs.start(watch.pk, now) is None, "another worker was as fast"
    assert runs.due(now + timedelta(minutes=59)) == []
    later = now + timedelta(minutes=61)
    assert runs.start(watch.pk, later) is None, "its last sweep has not ended"
    watch.refresh_from_db()
    assert (watch.skipped, watch.next_at) == (1, later + timedelta(minutes=60))
    runs.end(sweep.pk, SweepState.DONE)
    assert runs.start(watch.pk, later + timedelta(days=2)).pk != sweep.pk, "a day it slept through is one run, not many"


def test_a_watch_uses_spellings_that_were_approved_and_no_others(team, person):
    from jikim_desk.records.models import Variant, VariantState

    watch = a_watch(team, person(Role.LEAD))
    for text, state in (("축 제", VariantState.APPROVED), ("축재", VariantState.PROPOSED), ("축체", VariantState.REJECTED)):
        variant = Variant(watch=watch, kind="spacing", state=state)
        variant.text = text
        variant.save()
    assert runs.start(watch.pk, timezone.now()).keywords == ["축제", "축 제"]


def test_a_watch_ends_waits_and_survives_a_clock_put_back(team, person):
    lead = person(Role.LEAD)
    over = a_watch(team, lead, ends_on=timezone.localdate() - timedelta(days=1))
    now = timezone.now()
    assert runs.start(over.pk, now) is None
    over.refresh_from_db()
    assert over.next_at is None
    assert a_watch(team, lead, approved_at=None).pk not in runs.due(now)
    assert a_watch(team, lead, is_on=False).pk not in runs.due(now)
    far = a_watch(team, lead, next_at=now + timedelta(days=30))
    assert runs.mend(now) == 1
    far.refresh_from_db()
    assert far.next_at == now + timedelta(minutes=60)


# who is alive


def test_only_a_count_that_stands_still_is_death():
    clock = [0.0]
    vigil = liveness.Vigil("me", lambda: clock[0])
    liveness.start("me", "1")
    liveness.start("other", "1")
    Worker.objects.update(beat_at=timezone.now() - timedelta(days=400))  # a clock that jumped
    assert vigil.silent() == []
    for _ in range(20):
        clock[0] += 1
        assert liveness.beat("other", int(clock[0]))
        assert vigil.silent() == []
    clock[0] += liveness.DEAD_AFTER_S + 0.1
    ((name, last),) = vigil.silent()
    assert name == "other"

    handed = []
    assert liveness.beat("other", 99)
    assert not liveness.bury(name, lambda: handed.append(1), last=last), "it moved after all"
    moved = Worker.objects.get(pk="other")
    assert liveness.bury(name, lambda: handed.append(1), last=(moved.started, moved.beats))
    assert handed == [1]
    assert not liveness.beat("other", 100), "it hears that it was given up"
    liveness.start("other", "1")
    assert liveness.beat("other", 1)


def test_taking_over_is_whole_or_not_at_all():
    liveness.start("other", "1")

    def fail():
        raise OSError("the disk")

    with pytest.raises(OSError, match="the disk"):
        liveness.bury("other", fail)
    assert not Worker.objects.get(pk="other").is_dead


def test_a_slot_is_the_same_for_whoever_comes_next_and_never_two_at_once(tmp_path):
    import os

    first, handle = liveness.take_slot(tmp_path)
    second, other = liveness.take_slot(tmp_path)
    assert first != second
    os.close(handle)
    assert liveness.take_slot(tmp_path)[0] == first
    os.close(other)


def test_looks_that_were_taken_are_had_again_until_the_find_is_final(person, team):
    worker = person(Role.LEAD)
    sweep = intake.ask_for_sweep(worker, ["축제"], [FEED], team=team)
    find = a_find()
    store.see(sweep, find, "feed")
    cue = Cue(None, "objects", "1", "ab" * 32, "object", 1.5, (0.1, 0.2, 0.3, 0.4), {"label": "책"}, 0.5, "reason.object", {})
    seen = Look(cues=(cue,), frames=3, took_ms={"open": 1.25}, extents=(an_extent("a", [(0, "1" * 64)]),))
    provisional = Found(find, seen, assess(find.id, seen.cues, is_test=False), is_final=False)
    assert store.keep_find(sweep, provisional, {"see": [seen]}) is None
    ((_, _, looks),) = store.unfinished(sweep)
    assert looks == {"see": [seen]}
    assert "책".encode() not in bytes(Candidate.objects.get().looks_sealed)
    assert store.keep_find(sweep, final(find)) is False
    assert store.keep_find(sweep, final(find)) is None
    assert bytes(Candidate.objects.get().looks_sealed) == b""


def test_looks_of_another_version_are_taken_anew(person, team):
    sweep = intake.ask_for_sweep(person(Role.LEAD), ["축제"], [FEED], team=team)
    store.see(sweep, a_find(), "feed")
    row = Candidate.objects.get()
    row.looks = {"see": [{"cues": "of another shape"}]}
    row.save()
    ((_, _, looks),) = store.unfinished(sweep)
    assert looks == {}
