"""The re-upload watch: fingerprints of what was confirmed, an alarm where it is there again, nothing where it may not be."""

import subprocess
from datetime import timedelta

import msgspec
import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone

from jikim import banking, config
from jikim.copies.known import KnownMaterial
from jikim.copies.store import BankSettings, create_bank, open_bank
from jikim.media.opening import Opener
from jikim_desk import flows
from jikim_desk.accounts.models import Role
from jikim_desk.cases.models import Case
from jikim_desk.notices import drafting, escalating, evidence, hosts, ladder, visible
from jikim_desk.notices.models import Notice, Recheck, Removal, RemovalState
from jikim_desk.notices.reuploads import guarding, mirroring, noticing
from jikim_desk.notices.reuploads.mirroring import BANK, SOURCE, Mirror
from jikim_desk.notices.reuploads.models import GuardedFile, Likeness, Reupload
from jikim_desk.records import watches
from jikim_desk.records.models import Candidate, CandidateState, Watch
from jikim_desk.review import news
from jikim_desk.review.models import Kind
from tests.desk.items import capture, item, picture
from tests.desk.removals import begun, confirmed, set_desk


@pytest.fixture(scope="module", autouse=True)
def engine():
    """The tables of the job engine, which the first page reads."""
    flows.prepare()


@pytest.fixture
def home(own_fingerprints, tmp_path):
    """Where the machine keeps its banks."""
    return tmp_path


@pytest.fixture(autouse=True)
def desk(monkeypatch):
    removal = {"organisation": "시험 지원센터", "mailbox": "r@centre.example"}
    set_desk(monkeypatch, removal=removal)
    return lambda **more: set_desk(monkeypatch, removal={**removal, **more})


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Six seconds of a fractal that grows, and the same mirrored, cropped and captioned by a bar."""
    folder = tmp_path_factory.mktemp("film")
    whole, edited = folder / "film.mp4", folder / "edited.mp4"
    drawn = ["-f", "lavfi", "-i", "mandelbrot=size=320x240:rate=10:end_scale=0.02:start_scale=2", "-t", "6"]
    subprocess.run(["ffmpeg", "-v", "error", *drawn, "-pix_fmt", "yuv420p", whole], check=True)
    changes = "hflip,crop=iw*0.9:ih*0.9,drawbox=y=ih-30:h=30:color=white:t=fill"
    subprocess.run(["ffmpeg", "-v", "error", "-i", whole, "-vf", changes, "-pix_fmt", "yuv420p", edited], check=True)
    return whole, edited


def bank(home):
    if not (home / "banks" / BANK).exists():
        return {}
    with open_bank(home / "banks", BANK) as opened:
        return {one.id: one for one in opened.items()}


def asked(removal, state=RemovalState.OPEN):
    Removal.objects.filter(pk=removal.pk).update(notified_at=timezone.now(), state=state)
    removal.refresh_from_db()


def cue(sha256, relation="copy", of=BANK):
    value = {"bank": of, "item": sha256, "relation": relation, "score": 0.9, "coverage_query": 1.0, "segments": []}
    return {"analyzer": "known_copy", "name": "known_copy", "at_s": None, "region": None, "confidence": 0.9, "value": value}


def again(team, removal, name="again", relation="copy", **told):
    """A find that shows a removal's file, as a sweep kept it."""
    digest = removal.guard.files.first().sha256
    row = item(team, name, level="urgent", cues=[cue(digest, relation)], **told)
    noticing.arrived(row.pk)
    return row


def test_an_edited_copy_of_a_confirmed_film_is_known_from_then_on(team, person, home, film):
    whole, edited = film
    row = confirmed(team, person(Role.REVIEWER))
    digest = capture(row, whole.read_bytes(), content_type="video/mp4").sha256
    evidence.begin_due(timezone.now())
    Mirror().go()
    assert set(bank(home)) == {digest}
    assert GuardedFile.objects.get().kept_at is not None
    with KnownMaterial(home / "banks") as known, Opener(config.load().opening) as opener:
        (match,) = banking.match_file(opener, edited, known)
        assert (match.bank, match.item, match.relation, match.label) == (BANK, digest, "copy", row.pk[:8])
    row = again(team, Removal.objects.get())
    assert Reupload.objects.get().candidate == row


def test_nothing_is_kept_before_undoing_is_over_or_of_a_test(team, person, home):
    someone = person(Role.REVIEWER)
    capture(confirmed(team, someone, "new", ago_s=5))
    capture(confirmed(team, someone, "test", is_test=True))
    evidence.begin_due(timezone.now())
    Mirror().go()
    assert bank(home) == {}


def test_it_leaves_the_bank_when_the_decision_is_reopened_and_comes_back_with_it(team, person, home):
    removal = begun(team, person)
    mirror = Mirror()
    mirror.go()
    assert len(bank(home)) == 1
    lead = person(Role.LEAD)
    news.reopen_as_lead(lead, removal.pk)
    Mirror().go()
    assert bank(home) == {}
    assert GuardedFile.objects.get().kept_at is None
    assert guarding.standing(removal).why_not == "reuploads.why_not.not_standing"
    removal.candidate.applied.update(is_current=True)
    removal.candidate.decisions.update(state="stands")
    Mirror().go()
    assert len(bank(home)) == 1


def test_its_hashes_are_wiped_from_the_files_of_the_bank_too(team, person, home):
    removal = begun(team, person)
    Mirror().go()
    with open_bank(home / "banks", BANK) as opened:
        opened.save_index()
        (number,) = [one.number for one in opened.items()]
        hash_ = opened.fingerprint(number).frames[0].pdq[0].tobytes()
    files = [path for path in (home / "banks" / BANK).rglob("*") if path.is_file()]
    assert any(hash_ in path.read_bytes() for path in files)
    guarding.switch(removal.candidate.decisions.get().person, removal, is_on=False)
    Mirror().go()
    left = [path for path in (home / "banks" / BANK / "index").rglob("*") if path.is_file()]
    assert not any(hash_ in path.read_bytes() for path in left)


@pytest.mark.parametrize("by", ["setting", "case", "off", "file"])
def test_the_centre_the_case_or_a_person_may_forbid_it(team, person, home, desk, by):
    removal = begun(team, person, case=Case.objects.create(number="A-1", team=team))
    user = removal.candidate.decisions.get().person
    Mirror().go()
    assert len(bank(home)) == 1
    if by == "setting":
        desk(keeps_fingerprints=False)
    elif by == "case":
        guarding.refuse_for_case(user, removal)
    elif by == "off":
        guarding.switch(user, removal, is_on=False)
    else:
        guarding.leave_out(user, removal, str(GuardedFile.objects.get().pk))
    Mirror().go()
    assert bank(home) == {}
    assert guarding.standing(removal).why_not
    assert noticing.arrived(item(team, "again", cues=[cue(GuardedFile.objects.get().sha256)]).pk) == []
    if by == "setting":
        desk(keeps_fingerprints=True)
    elif by == "case":
        guarding.refuse_for_case(user, removal, is_refused=False)
    elif by == "off":
        guarding.switch(user, removal, is_on=True)
    else:
        guarding.leave_out(user, removal, str(GuardedFile.objects.get().pk), is_out=False)
    Mirror().go()
    assert len(bank(home)) == 1


def test_of_an_adult_only_while_they_ask(team, person, home):
    lead = person(Role.REVIEWER)
    capture(confirmed(team, lead, "adult", kind=Kind.APPEARS_ADULT, category="support_requested"))
    (removal,) = evidence.begin_due(timezone.now())
    Mirror().go()
    assert bank(home) == {}
    mandate = drafting.record_mandate(lead, removal, asked_by="person", paper="2026-1", is_warned_dmca=False)
    Mirror().go()
    assert len(bank(home)) == 1
    drafting.end_mandate(lead, removal, mandate.pk)
    Mirror().go()
    assert bank(home) == {}


def test_of_several_files_nobody_said_which_is_meant_so_what_floods_is_set_aside(team, person, home):
    row = confirmed(team, person(Role.REVIEWER), "album")
    for number in range(2):
        capture(row, picture(300 + 10 * number), name=f"{number}")
    alone = confirmed(team, person(Role.REVIEWER), "alone")
    capture(alone, picture(500, 400))
    evidence.begin_due(timezone.now())
    Mirror().go()
    assert sorted(one.is_confirmed for one in bank(home).values()) == [False, False, True]


def test_what_a_person_put_into_the_bank_stays(team, person, home, film):
    with create_bank(home / "banks", BANK, BankSettings()) as opened:
        list(banking.add_files(config.load(), opened, [film[0]], lambda path: "own", "somebody", ""))
    removal = begun(team, person)
    mirror = Mirror()
    mirror.go()
    guarding.switch(removal.candidate.decisions.get().person, removal, is_on=False)
    Mirror().go()
    assert {one.source for one in bank(home).values()} == {"somebody"} != {SOURCE}


def test_new_ones_are_taken_up_in_the_next_round_and_one_that_cannot_be_opened_hides_no_other(team, person, home):
    mirror = Mirror()
    mirror.go()
    row = confirmed(team, person(Role.REVIEWER), "broken")
    capture(row, b"no picture", name="broken")
    capture(confirmed(team, person(Role.REVIEWER), "whole"), picture(400, 300))
    evidence.begin_due(timezone.now())
    mirror.go()
    mirror.go()
    assert len(bank(home)) == 1
    assert GuardedFile.objects.get(guard=row.pk).problem_key.startswith("media.")
    assert GuardedFile.objects.exclude(guard=row.pk).get().kept_at is not None


def test_a_file_at_which_our_own_code_breaks_stops_no_other(team, person, home, monkeypatch):
    opened, broken = mirroring.copies.opened, []

    def breaks(capture_id, blob):
        if not broken or capture_id in broken:
            broken.append(capture_id)
            raise ZeroDivisionError
        return opened(capture_id, blob)

    monkeypatch.setattr(mirroring.copies, "opened", breaks)
    for name in ("first", "second"):
        capture(confirmed(team, person(Role.REVIEWER), name), picture(400, 300 + 10 * len(name)), name=name)
    evidence.begin_due(timezone.now())
    mirror = Mirror()
    with pytest.raises(ZeroDivisionError):
        mirror.go()
    assert bank(home) == {}
    mirror.go()
    assert set(bank(home)) == {GuardedFile.objects.exclude(capture=broken[0]).get().sha256}
    assert len(broken) == 1


def test_a_machine_that_joins_later_makes_its_own(team, person, home, monkeypatch, tmp_path):
    begun(team, person)
    Mirror().go()
    other = tmp_path / "other"
    other.mkdir()
    made = msgspec.structs.replace(config.load(), home=other)
    monkeypatch.setattr(mirroring, "jikim_config", lambda: made)
    Mirror().go()
    assert set(bank(other)) == set(bank(home)) != set()


@pytest.mark.parametrize(
    ("state", "is_asked", "relation", "is_alarm"),
    [
        (RemovalState.GONE, True, "copy", True),
        (RemovalState.OPEN, True, "copy", True),
        (RemovalState.NOT_VISIBLE, False, "copy", True),
        (RemovalState.OPEN, False, "copy", False),
        (RemovalState.GONE, True, "same_scene", False),
    ],
)
def test_an_alarm_is_for_what_was_asked_for_or_gone(team, person, state, is_asked, relation, is_alarm):
    removal = begun(team, person)
    Removal.objects.update(state=state, notified_at=timezone.now() if is_asked else None)
    row = again(team, removal, relation=relation)
    made = Reupload.objects.get()
    assert (made.removal_id, made.candidate, made.was, made.is_alarm) == (removal.pk, row, state, is_alarm)
    assert made.likeness == (Likeness.COPY if relation == "copy" else Likeness.SCENE)
    assert noticing.arrived(row.pk) == []
    assert Reupload.objects.count() == 1


def test_a_verified_copy_is_told_without_any_fingerprint(team, person, desk):
    desk(keeps_fingerprints=False)
    removal = begun(team, person, same_as="a" * 64)
    asked(removal, RemovalState.GONE)
    row = item(team, "again", same_as="a" * 64)
    (made,) = noticing.arrived(row.pk)
    assert (made.likeness, made.is_alarm) == (Likeness.SAME, True)


def test_a_copy_of_what_no_longer_stands_or_was_switched_off_raises_nothing(team, person):
    removal = begun(team, person, same_as="a" * 64)
    asked(removal, RemovalState.GONE)
    guarding.switch(removal.candidate.decisions.get().person, removal, is_on=False)
    assert noticing.arrived(item(team, "off", same_as="a" * 64).pk) == []
    guarding.switch(removal.candidate.decisions.get().person, removal, is_on=True)
    removal.candidate.applied.update(is_current=False)
    assert noticing.arrived(item(team, "reopened", same_as="a" * 64).pk) == []


def test_of_many_removals_of_the_same_one_is_named_in_each_team(team, person):
    first = begun(team, person, "first")
    begun(team, person, "second")
    third = begun(team, person, "third")
    asked(third, RemovalState.GONE)
    other_team = type(team).objects.create(name="other")
    stranger = person(Role.REVIEWER, in_team=other_team)
    far = confirmed(other_team, stranger, "far")
    capture(far)
    evidence.begin_due(timezone.now())
    row = again(team, first)
    assert {one.removal_id for one in Reupload.objects.all()} == {third.pk, far.pk}
    assert [one.removal_id for one in noticing.of_candidate(stranger, row)] == [far.pk]


def test_tests_and_other_banks_raise_nothing(team, person):
    removal = begun(team, person)
    asked(removal)
    digest = removal.guard.files.get().sha256
    row = item(team, "again", cues=[cue(digest)])
    type(row).objects.filter(pk=row.pk).update(is_test=True)
    assert noticing.arrived(row.pk) == []
    assert noticing.arrived(item(team, "own", cues=[cue(digest, of="own")]).pk) == []
    assert noticing.arrived(removal.pk) == []


def test_a_source_that_names_a_gone_find_again_has_it_visited_but_not_all_the_time(team, person):
    removal = begun(team, person)
    later = timezone.now() + timedelta(days=30)
    Removal.objects.update(next_recheck_at=later)
    assert noticing.sighted([removal.pk]) == 0
    Removal.objects.update(state=RemovalState.GONE)
    Recheck.objects.create(removal=removal, at=timezone.now(), vantage="here", seen="gone", proof_sealed=b"")
    assert noticing.sighted([removal.pk]) == 0
    Recheck.objects.update(at=timezone.now() - timedelta(hours=7))
    assert noticing.sighted([removal.pk]) == 1
    assert noticing.sighted([removal.pk]) == 0
    Removal.objects.update(next_recheck_at=None)
    assert noticing.sighted([removal.pk]) == 1
    assert Removal.objects.get().next_recheck_at <= timezone.now()


def test_at_the_same_host_the_ladder_gives_less_time(team, person):
    lead = person(Role.LEAD, Role.REVIEWER)
    hosts.keep(lead, "board.example", mailbox="a@board.example", stands_behind={"hosting": "farm.example"})
    removal = begun(team, person)
    asked(removal)
    row = again(team, removal, state=CandidateState.WAITING)
    assert row.host_ref == removal.candidate.host_ref
    confirmed_again = confirmed(team, lead, "once-more")
    Reupload.objects.update(candidate=confirmed_again)
    (new,) = evidence.begin_due(timezone.now())
    assert [one.kind for one in ladder.of(new)][:3] == ["request", "proof", "infra"]
    assert [one.kind for one in ladder.of(removal)][:2] == ["request", "reminder"]
    made = escalating.step(new.pk, timezone.now())
    drafting.edit(lead, made, subject=made.subject, body=made.body, recipient="a@board.example", version=1)
    drafting.download(lead, made, version=2)
    tomorrow = timezone.now() + timedelta(days=1, hours=1)
    assert [escalating.step(new.pk, tomorrow).kind for _ in range(2)] == ["proof", "infra"]
    assert Notice.objects.filter(removal=new).count() == 3


def test_the_pages_say_so_until_somebody_takes_note(signed_in, team, person):
    reviewer = signed_in(Role.REVIEWER, Role.LEAD)
    removal = begun(team, person)
    asked(removal, RemovalState.GONE)
    row = again(team, removal, title="하늘이네집 이야기 모음")
    alarm = "is there again at another address"
    english = {"accept-language": "en"}
    assert alarm in reviewer.get(f"/removals/{removal.pk}/", headers=english).content.decode()
    assert row.pk[:8] in reviewer.get(f"/removals/{removal.pk}/").content.decode()
    assert row.pk[:8] in reviewer.get("/reuploads/").content.decode()
    assert "/reuploads/" in reviewer.get("/").content.decode()
    assert "재게시" in reviewer.get("/queue/", headers={"accept-language": "ko"}).content.decode()
    page = reviewer.get(f"/items/{row.pk}/", headers=english).content.decode()
    assert "This seems to be a re-upload" in page
    assert f"/removals/{removal.pk}/" in page
    other = type(team).objects.create(name="other")
    reviewer.user.grants.create(role=Role.REVIEWER, team=other)
    counts = [
        reviewer.get(f"/calendar/{query}").context["reuploads"] for query in ("", f"?team={team.pk}", f"?team={other.pk}")
    ]
    assert counts == [1, 1, 0]
    made = Reupload.objects.get()
    answer = reviewer.post(f"/reuploads/{made.pk}/seen")
    assert answer["Location"] == f"/items/{row.pk}/"
    made.refresh_from_db()
    assert (made.seen_by, made.seen_at is not None) == (reviewer.user, True)
    assert noticing.alarms(reviewer.user) == []
    assert alarm not in reviewer.get(f"/removals/{removal.pk}/", headers=english).content.decode()


def test_the_watch_is_switched_on_the_page(signed_in, team, person):
    reviewer = signed_in(Role.REVIEWER, Role.LEAD)
    case = Case.objects.create(number="A-1", team=team)
    removal = begun(team, person, case=case)
    url = f"/removals/{removal.pk}/guard"
    for what, key in (("off", "off"), ("on", ""), ("case_off", "case"), ("case_on", "")):
        assert reviewer.post(url, {"what": what}).status_code == 302
        found = Removal.objects.get(pk=removal.pk)
        assert guarding.standing(found).why_not == (f"reuploads.why_not.{key}" if key else ""), what
        assert reviewer.get(f"/removals/{removal.pk}/").status_code == 200
    file = str(removal.guard.files.get().pk)
    reviewer.post(url, {"what": "without", "file": file})
    assert removal.guard.files.get().left_out_by == reviewer.user
    assert reviewer.post(url, {"what": "nonsense"}).status_code == 404
    assert reviewer.post(url, {"what": "with", "file": "9" * 12}).status_code == 404


def test_what_led_to_a_find_is_searched_for_daily_once_a_lead_agrees(signed_in, team, person, monkeypatch):
    made = msgspec.structs.replace(config.load(), sources={"mediawiki": {"url": "https://wiki.example/api.php"}})
    monkeypatch.setattr(watches, "jikim_config", lambda: made)
    reviewer = signed_in(Role.REVIEWER)
    removal = begun(team, person, case=Case.objects.create(number="A-1", team=team))
    url = f"/removals/{removal.pk}/watch"
    assert reviewer.post(url)["Location"] == f"/removals/{removal.pk}/"
    assert not Watch.objects.exists(), "an address that was reported names no word"
    row = removal.candidate
    row.find = {"keyword": "축제"}
    row.save(update_fields=["find_sealed"])
    assert url in reviewer.get(f"/removals/{removal.pk}/").content.decode()
    answer = reviewer.post(url)
    watch = Watch.objects.get()
    assert answer["Location"] == f"/watches/{watch.pk}/"
    assert (watch.keywords, watch.every_minutes, watch.case, watch.approved_at) == (["축제"], 1440, row.case, None)


def test_the_page_of_a_find_that_came_up_again_names_the_earlier_one(signed_in, team, person):
    reviewer = signed_in(Role.REVIEWER)
    first, second = begun(team, person, "first"), begun(team, person, "second")
    made = Reupload(removal=first, candidate=second.candidate, found_at=timezone.now(), likeness="copy", was="gone")
    made.is_alarm = True
    made.save()
    assert f"/removals/{first.pk}/" in reviewer.get(f"/removals/{second.pk}/").content.decode()


def test_many_alarms_of_others_push_none_of_ours_out(team, person):
    ours, theirs = begun(team, person, "ours"), begun(type(team).objects.create(name="other"), person, "theirs")
    row, now = again(team, ours), timezone.now()
    Reupload.objects.update(is_alarm=True, found_at=now - timedelta(days=30))
    Candidate.objects.bulk_create(Candidate(id=f"{number:064x}", team=theirs.team, found_at=now) for number in range(2_001))
    Reupload.objects.bulk_create(
        Reupload(removal=theirs, candidate_id=f"{number:064x}", found_at=now, likeness="copy", was="gone", is_alarm=True)
        for number in range(2_001)
    )
    reviewer = person(Role.REVIEWER)
    assert [one.candidate_id for one in noticing.alarms(reviewer)] == [row.pk]
    assert (noticing.count_alarms(reviewer), noticing.count_alarms(reviewer, theirs.team)) == (1, 0)


def test_others_do_nothing_and_see_nothing_of_what_they_may_not(signed_in, team, person):
    removal = begun(team, person)
    asked(removal)
    other_team = type(team).objects.create(name="other")
    row = again(other_team, removal)
    assert row.team == other_team
    reviewer, stranger = signed_in(Role.REVIEWER), signed_in(Role.REVIEWER, in_team=other_team)
    page = reviewer.get("/reuploads/").content.decode()
    assert f"/items/{row.pk}/" not in page
    assert "board.example" not in page
    made = Reupload.objects.get()
    assert made.pk not in stranger.get("/reuploads/").content.decode()
    assert stranger.post(f"/reuploads/{made.pk}/seen").status_code == 404
    assert stranger.post(f"/removals/{removal.pk}/guard", {"what": "off"}).status_code == 404
    assert reviewer.post(f"/reuploads/{made.pk}/seen")["Location"] == f"/removals/{removal.pk}/"
    counsellor = person(Role.COUNSELLOR)
    with pytest.raises(PermissionDenied):
        guarding.switch(counsellor, removal, is_on=False)
    with pytest.raises(Http404):
        noticing.take_note(counsellor, made.pk)
    assert not visible.removals(counsellor).exists()
