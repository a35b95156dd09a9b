"""The pages: each opens in both languages for whoever may, stays small, and does what its buttons say."""

import re
from datetime import timedelta
from hashlib import sha256
from importlib.resources import files

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jikim_desk import flows
from jikim_desk.accounts.models import Role, Team
from jikim_desk.cases.models import Case
from jikim_desk.figures import learning, places, stages, yields
from jikim_desk.figures.models import Example, Proposal
from jikim_desk.records import intake, watches
from jikim_desk.records.models import (
    Candidate,
    CandidateState,
    Capture,
    Extent,
    Sighting,
    Sweep,
    SweepKind,
    SweepState,
    VariantState,
    Watch,
)
from jikim_desk.review import decisions
from jikim_desk.sealing import reference

pytestmark = pytest.mark.django_db
PAGES = ("home", "search", "sweeps", "watches", "watch_new", "nights", "approvals", "sources", "jobs", "figures", "learning")


@pytest.fixture(autouse=True)
def engine():
    """The job engine's own tables, as `jikim serve` makes them."""
    flows.prepare()


@pytest.fixture
def sweep_of(team):
    """Makes a sweep with so many finds."""

    def make(user, finds=3, keyword="축제", **fields):
        fields = {"state": SweepState.RUNNING, "started_at": timezone.now(), "kind": SweepKind.KEYWORD} | fields
        sweep = Sweep(team=team, asked_by=user, places=["practice"], **fields)
        sweep.keywords, sweep.addresses = [keyword], None
        sweep.save(force_insert=True)
        for number in range(finds):
            find(sweep, f"{sweep.pk}{number:03}", score=number / max(finds, 1), keyword=keyword)
        return sweep

    return make


def find(sweep, candidate_id, *, level="look", score=0.5, state=CandidateState.WAITING, keyword="축제"):
    """A find of a sweep, with words that would do harm if anything interpreted them."""
    row = Candidate(
        id=candidate_id,
        source="practice",
        host_ref="h",
        url_ref=reference("url", f"http://127.0.0.1/{candidate_id}"),
        found_at=timezone.now(),
        found_by=sweep,
        team=sweep.team,
        state=state,
        level=level,
        level_rank={"urgent": 0, "look": 1, "none": 2}[level],
        score=score,
    )
    row.url, row.title = f"http://127.0.0.1/{candidate_id}", "<script>alert(1)</script>"
    sentence = {"ko": "청소년의 말: <b>x</b>", "en": "Youth language: <b>x</b>"}
    reasons = [{"key": "reason.youth_language", "text": sentence, "weight": 1.2, "at_s": None}]
    row.analysis = {"assessment": {"score": score, "level": level, "axes": {}, "reasons": reasons}, "cues": [], "errors": []}
    row.save(force_insert=True)
    return Sighting.objects.create(sweep=sweep, candidate=row, keyword_ref=reference("keyword", keyword))


def ask_for_watch(user, team, **changes):
    """A watch for a month."""
    wanted = {"every_minutes": 60, "ends_on": timezone.localdate() + timedelta(days=30), "team": team} | changes
    return watches.ask(user, wanted.pop("keywords", ["가을 축제"]), ["practice"], **wanted)


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_is_small_and_styles_nothing_inline(signed_in, sweep_of, name, lang):
    browser = signed_in(Role.LEAD, Role.ADMINISTRATOR, Role.REVIEWER)
    for _ in range(60):
        sweep_of(browser.user, finds=1, state=SweepState.DONE, ended_at=timezone.now())
    browser.user.lang = lang
    browser.user.save()
    answer = browser.get(reverse(name), headers={"accept-language": lang})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert len(answer.content) < 40_000, "with the style sheet and htmx a page stays under 100 KB"
    assert f'<html lang="{lang}">' in page
    assert len(re.findall("<h1", page)) == 1
    assert not re.search(r"""\bstyle=["']|<style|\bon[a-z]+=["']""", page)
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"""(?:src|href|action)=["']https?:""", page), "nothing is asked of third parties"


def test_the_bar_leads_only_where_one_may_go(signed_in):
    for roles in ([Role.REVIEWER], [Role.COUNSELLOR], [Role.LEAD], [Role.AUDITOR], [Role.ADMINISTRATOR]):
        browser = signed_in(*roles)
        page = browser.get("/").content.decode()
        links = set(re.findall(r'<a href="(/[^"#?]*)"', page.partition("</header>")[0]))
        assert "/" in links
        for link in links:
            assert browser.get(link).status_code in (200, 302), (roles, link)


def test_pasted_addresses_are_recognised_shown_and_taken_in(signed_in):
    browser = signed_in(Role.REVIEWER)
    pasted = "\n".join(
        [*(f"http://host{number}.example/post/{number}?utm_source=x" for number in range(300)), "hxxps://b[.]example/1"]
    )
    checked = browser.post(reverse("recognise"), {"text": pasted})
    assert checked.status_code == 200
    assert "301" in checked.content.decode()
    assert "https://b.example/1" in checked.content.decode()
    assert not Sweep.objects.exists(), "nothing runs before it was shown"
    addresses = re.search(r"<textarea id=\"addresses\"[^>]*>([^<]*)<", checked.content.decode()).group(1)
    started = browser.post(reverse("start"), {"addresses": addresses}, follow=True)
    assert started.status_code == 200
    sweep = Sweep.objects.get()
    assert (sweep.kind, sweep.state, len(sweep.addresses)) == (SweepKind.REPORTED, SweepState.QUEUED, 301)
    again = browser.post(reverse("start"), {"addresses": "\n".join(f"http://host.example/{n}" for n in range(501))})
    assert again.status_code == 400
    assert "500" in again.content.decode()


def test_what_is_known_already_is_said_before_it_runs(signed_in, sweep_of):
    browser = signed_in(Role.REVIEWER)
    known = sweep_of(browser.user, finds=1).sightings.get().candidate
    page = browser.post(reverse("recognise"), {"text": f"{known.url}\nhttp://new.example/"}).content.decode()
    assert reverse("item", args=[known.pk]) in page
    decisions.decide(browser.user, known.pk, "not_relevant", form_id="form-0001")
    answer = browser.post(reverse("start"), {"addresses": known.url})
    assert answer.status_code == 200
    assert reverse("item", args=[known.pk]) in answer.content.decode()
    known.refresh_from_db()
    assert known.state == CandidateState.WAITING, "what was passed over is looked at again when somebody reports it"


def test_keywords_without_a_case_wait_for_a_lead_and_run_when_approved(signed_in, team):
    worker, lead = signed_in(Role.COUNSELLOR), signed_in(Role.LEAD)
    feed = "feed=https://news.example/rss"
    answer = worker.post(reverse("start"), {"keywords": "가을 축제\n불꽃", "place": feed}, follow=True)
    assert answer.status_code == 200
    sweep = Sweep.objects.get()
    assert sweep.state == SweepState.WAITING
    assert worker.get(reverse("approvals")).status_code == 403
    assert reverse("answer_sweep", args=[sweep.pk]) in lead.get(reverse("approvals")).content.decode()
    lead.post(reverse("answer_sweep", args=[sweep.pk]), {"answer": "approve"})
    sweep.refresh_from_db()
    assert (sweep.state, sweep.approved_by) == (SweepState.QUEUED, lead.user)
    with_case = Case.objects.create(number="2026-17", team=team)
    worker.post(reverse("start"), {"keywords": "불꽃", "place": feed, "case": "2026-17"})
    assert Sweep.objects.get(case=with_case).state == SweepState.QUEUED
    wrong = worker.post(reverse("start"), {"keywords": "불꽃", "place": feed, "case": "2026-99"})
    assert wrong.status_code == 400


def test_urgent_ones_run_now_and_are_reviewed_after(signed_in):
    worker, lead = signed_in(Role.REVIEWER), signed_in(Role.LEAD)
    worker.post(reverse("start"), {"keywords": "축제", "place": "feed=https://news.example/rss", "urgent": "1"})
    sweep = Sweep.objects.get()
    assert sweep.state == SweepState.QUEUED
    assert reverse("answer_sweep", args=[sweep.pk]) in lead.get(reverse("approvals")).content.decode()


def test_files_are_compared_by_their_bytes_and_kept_nowhere(signed_in, sweep_of):
    browser = signed_in(Role.REVIEWER)
    known = sweep_of(browser.user, finds=1).sightings.get().candidate
    body = b"a harmless drawing" * 1000
    digest = sha256(body).hexdigest()
    capture = Capture(
        id="c1",
        candidate=known,
        part="media",
        content_type="image/png",
        sha256=digest,
        size_bytes=len(body),
        fetched_at=timezone.now(),
    )
    capture.chain = []
    capture.save(force_insert=True)
    sent = [SimpleUploadedFile("a.png", body), SimpleUploadedFile("b.png", b"another")]
    page = browser.post(reverse("recognise"), {"files": sent}).content.decode()
    assert digest in page
    assert sha256(b"another").hexdigest() in page
    assert page.count(reverse("item", args=[known.pk])) == 1
    for name in (digest, sha256(b"re-encoded").hexdigest()):
        Extent.objects.create(sha256=name, kind="image", group=digest)
    page = browser.post(reverse("recognise"), {"files": [SimpleUploadedFile("c.png", b"re-encoded")]}).content.decode()
    assert reverse("item", args=[known.pk]) in page, "a verified copy of the same extent is as good as the file itself"


def test_no_byte_of_a_file_that_comes_with_a_form_is_written(signed_in, settings, tmp_path):
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    body = bytes(range(256)) * 20_000
    sent = {"files": SimpleUploadedFile("big.bin", body), "text": ""}
    page = signed_in(Role.REVIEWER).post(reverse("recognise"), sent).content.decode()
    assert sha256(body).hexdigest() in page
    assert list(tmp_path.iterdir()) == []


def test_the_page_of_a_sweep_interprets_nothing_a_stranger_wrote(signed_in, sweep_of):
    browser = signed_in(Role.REVIEWER)
    page = browser.get(reverse("sweep", args=[sweep_of(browser.user).pk])).content.decode()
    assert "<b>x</b>" not in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "alert(1)" not in page, "titles wait for the item page"


def test_rows_arrive_below_and_settle_in_their_place(signed_in, sweep_of):
    browser = signed_in(Role.REVIEWER)
    sweep = sweep_of(browser.user, finds=2)
    looking = find(sweep, "looking", state=CandidateState.LOOKING)
    page = browser.get(reverse("sweep", args=[sweep.pk])).content.decode()
    asked = dict(re.findall(r'name="(last|told)" value="([^"]*)"', page))
    assert re.findall(r'name="unsettled" value="(\d+)"', page) == [str(looking.pk)]
    arrived = find(sweep, "arrived", level="urgent")
    Candidate.objects.filter(pk="looking").update(state=CandidateState.WAITING)
    live = browser.post(reverse("sweep_live", args=[sweep.pk]), {**asked, "unsettled": [looking.pk]}).content.decode()
    assert f'<tr id="s{arrived.pk}">' in live
    assert f'<tr id="s{looking.pk}" hx-swap-oob="true">' in live
    assert 'name="unsettled"' not in live
    assert "긴급 1건" in live
    assert f'name="last" value="{arrived.pk}"' in live
    Candidate.objects.filter(pk="arrived").update(state=CandidateState.LOOKING)
    Sweep.objects.filter(pk=sweep.pk).update(state=SweepState.STOPPED, ended_at=timezone.now() - timedelta(hours=1))
    assert "hx-post" not in browser.get(reverse("sweep", args=[sweep.pk])).content.decode(), "an old page asks no more"
    Candidate.objects.filter(pk="arrived").update(state=CandidateState.WAITING)
    Sweep.objects.filter(pk=sweep.pk).update(state=SweepState.RUNNING, ended_at=None)
    quiet = browser.post(
        reverse("sweep_live", args=[sweep.pk]), dict(re.findall(r'name="(last|told)" value="([^"]*)"', live))
    ).content.decode()
    assert "<tr id=" not in quiet
    assert 'id="told"' not in quiet, "a reader is told once"


def test_what_is_urgent_stands_above_while_it_runs_each_once(signed_in, sweep_of):
    browser = signed_in(Role.REVIEWER)
    sweep = sweep_of(browser.user, finds=1)
    early = find(sweep, "early", level="urgent")
    looking = find(sweep, "looking", state=CandidateState.LOOKING)
    page = browser.get(reverse("sweep", args=[sweep.pk])).content.decode()
    assert f'<li id="u{early.pk}">' in page
    sent = {"last": looking.pk, "told": "", "unsettled": [looking.pk], "pinned": [early.pk]}
    Candidate.objects.filter(pk="looking").update(state=CandidateState.WAITING, level="urgent", level_rank=0)
    live = browser.post(reverse("sweep_live", args=[sweep.pk]), sent).content.decode()
    assert re.findall(r'<li id="u(\d+)">', live) == [str(looking.pk)]
    assert re.findall(r'name="pinned" value="(\d+)"', live) == [str(early.pk), str(looking.pk)]
    Candidate.objects.filter(pk="looking").update(level="look", level_rank=1)
    sent |= {"pinned": [early.pk, looking.pk]}
    changed = browser.post(reverse("sweep_live", args=[sweep.pk]), sent).content.decode()
    assert f'<li id="u{looking.pk}" hx-swap-oob="true"><span class="badge look">' in changed
    Sweep.objects.filter(pk=sweep.pk).update(state=SweepState.DONE, ended_at=timezone.now())
    assert 'id="urgent"' not in browser.get(reverse("sweep", args=[sweep.pk])).content.decode(), "then the table is in order"


def test_stopping_keeps_what_was_found(signed_in, sweep_of):
    browser = signed_in(Role.REVIEWER)
    sweep = sweep_of(browser.user)
    browser.post(reverse("sweep_stop", args=[sweep.pk]))
    sweep.refresh_from_db()
    assert sweep.is_stopping
    assert sweep.sightings.count() == 3


def test_nobody_sees_the_sweeps_of_another_team_or_closed_case(signed_in, sweep_of, team):
    mine, other = signed_in(Role.REVIEWER), signed_in(Role.REVIEWER, in_team=Team.objects.create(name="다른 팀"))
    sweep = sweep_of(mine.user)
    assert other.get(reverse("sweep", args=[sweep.pk])).status_code == 404
    assert other.post(reverse("sweep_live", args=[sweep.pk]), {"last": "0"}).status_code == 404
    assert other.post(reverse("sweep_stop", args=[sweep.pk])).status_code == 404
    case = Case.objects.create(number="7", team=team)
    Sweep.objects.filter(pk=sweep.pk).update(case=case)
    assert mine.get(reverse("sweep", args=[sweep.pk])).status_code == 200
    case.members.add(signed_in(Role.REVIEWER).user)
    assert mine.get(reverse("sweep", args=[sweep.pk])).status_code == 404
    case.members.add(mine.user)
    assert mine.get(reverse("sweep", args=[sweep.pk])).status_code == 200


def test_lists_are_sorted_filtered_and_walked_by_their_address(signed_in, sweep_of):
    browser = signed_in(Role.REVIEWER)
    made = [sweep_of(browser.user, finds=0, state=SweepState.DONE, ended_at=timezone.now()).pk for _ in range(120)]
    sweep_of(browser.user, finds=0, state=SweepState.FAILED)
    seen, address = [], "?state=done"
    while address:
        page = browser.get(reverse("sweeps") + address).content.decode()
        seen += re.findall(r'<th scope="row"><a href="/sweeps/(\w+)/"', page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        address = older.group(1).replace("&amp;", "&") if older else ""
    assert seen == made[::-1]
    back, address = [], re.search(r'rel="prev" href="([^"]+)"', page).group(1).replace("&amp;", "&")
    while address:
        page = browser.get(reverse("sweeps") + address).content.decode()
        back = re.findall(r'<th scope="row"><a href="/sweeps/(\w+)/"', page) + back
        newer = re.search(r'rel="prev" href="([^"]+)"', page)
        address = newer.group(1).replace("&amp;", "&") if newer else ""
    assert back == made[::-1][: len(back)]
    assert len(back) == 100
    upwards = browser.get(reverse("sweeps") + "?state=done&order=asked_at").content.decode()
    assert re.findall(r'<th scope="row"><a href="/sweeps/(\w+)/"', upwards) == made[:50]
    assert 'aria-sort="ascending"' in upwards
    for nonsense in ("?after=x", "?after=[]", "?order=pk&after=[1,2]", "?before=[null,null]"):
        assert browser.get(reverse("sweeps") + nonsense).status_code == 200


def test_a_watch_is_asked_for_approved_and_its_spellings_too(signed_in, team):
    worker, lead = signed_in(Role.REVIEWER), signed_in(Role.LEAD)
    asked = {
        "keywords": "가을 축제",
        "place": "practice",
        "every": "60",
        "ends_on": (timezone.localdate() + timedelta(days=9)).isoformat(),
    }
    assert worker.post(reverse("watch_new"), asked, follow=True).status_code == 200
    watch = Watch.objects.get()
    assert (watch.approved_at, watch.next_at) == (None, None)
    assert worker.post(reverse("answer_watch", args=[watch.pk]), {"answer": "approve"}).status_code == 403
    lead.post(reverse("answer_watch", args=[watch.pk]), {"answer": "approve"})
    watch.refresh_from_db()
    assert watch.next_at is not None
    proposed = list(watch.variants.all())
    assert all(one.state == VariantState.PROPOSED for one in proposed)
    page = worker.get(reverse("watch", args=[watch.pk])).content.decode()
    assert all(one.text in page for one in proposed)
    worker.post(reverse("watch_spellings", args=[watch.pk]), {"variant": [proposed[0].pk, proposed[1].pk], "answer": "approve"})
    worker.post(reverse("watch_spellings", args=[watch.pk]), {"one": f"refuse:{proposed[1].pk}"})
    states = {one.pk: one.state for one in watch.variants.all()}
    assert (states[proposed[0].pk], states[proposed[1].pk]) == (VariantState.APPROVED, VariantState.REJECTED)
    for what, is_on in (("pause", False), ("resume", True), ("end", False)):
        worker.post(reverse("watch_change", args=[watch.pk]), {"what": what})
        watch.refresh_from_db()
        assert watch.is_on is is_on
    assert watches.is_over(watch)


@pytest.mark.parametrize(
    "wrong",
    [{"keywords": " "}, {"every": "1"}, {"every": "x"}, {"ends_on": "2020-01-01"}, {"ends_on": "?"}, {"place": "nowhere"}],
)
def test_a_watch_that_cannot_be_is_refused_with_a_sentence(signed_in, wrong):
    asked = {
        "keywords": "축제",
        "place": "practice",
        "every": "60",
        "ends_on": (timezone.localdate() + timedelta(days=9)).isoformat(),
    }
    answer = signed_in(Role.REVIEWER).post(reverse("watch_new"), asked | wrong)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()


def test_who_is_on_call_is_set_by_a_lead_and_alone_reached_at_night(signed_in, team, settings):
    lead, reviewer = signed_in(Role.LEAD), signed_in(Role.REVIEWER)
    night = watches.night_of(timezone.now())
    form = {"team": team.pk, f"night-{night.isoformat()}": reviewer.user.pk}
    assert reviewer.post(reverse("nights"), form).status_code == 404
    lead.post(reverse("nights"), form)
    assert watches.on_call(team, night) == reviewer.user
    at_night = timezone.localtime().replace(hour=23, minute=30)
    night = watches.night_of(at_night)
    watches.set_on_call(lead.user, team, night, reviewer.user)
    assert watches.reaches(reviewer.user, team, at_night)
    assert watches.reaches(reviewer.user, team, at_night + timedelta(hours=5)), "the night goes on after midnight"
    assert not watches.reaches(lead.user, team, at_night)
    assert watches.reaches(lead.user, team, at_night.replace(hour=12))


def test_trouble_has_its_own_plain_pages(signed_in, client, monkeypatch):
    browser = signed_in(Role.REVIEWER)
    browser.raise_request_exception = False
    assert "찾는 화면이 없습니다" in browser.get("/nowhere/").content.decode()
    assert browser.get(reverse("jobs")).status_code == 403
    big = browser.post(reverse("start"), {"addresses": "x" * (10 * 2**20)})
    assert big.status_code == 413

    def locked(*args, **kwargs):
        raise OperationalError("database is locked")

    monkeypatch.setattr(intake, "ask_for_sweep", locked)
    answer = browser.post(reverse("start"), {"keywords": "축제"})
    assert answer.status_code == 503
    assert "저장되지 않았습니다" in answer.content.decode()
    assert "locked" not in answer.content.decode()


def test_a_session_that_ends_while_somebody_writes_loses_no_word(client, db):
    where = {"referer": "http://testserver/items/abc/?level=none"}
    answer = client.post("/items/abc/decide", {"kind": "not_relevant", "note": "긴 메모 <i>"}, headers=where)
    assert answer.status_code == 401
    page = answer.content.decode()
    assert "긴 메모 &lt;i&gt;</textarea>" in page
    assert 'href="/accounts/login/?next=/items/abc/%3Flevel%3Dnone"' in page
    part = client.post("/items/abc/strip", {"note": "긴 메모"}, headers=where | {"HX-Request": "true"})
    assert part.status_code == 200
    assert "<html" not in part.content.decode()
    unwritten = client.post("/items/abc/take", headers=where)
    assert unwritten["Location"] == "/accounts/login/?next=/items/abc/%3Flevel%3Dnone"
    foreign = client.post("/items/abc/take", headers={"referer": "https://elsewhere.example/x"})
    assert foreign["Location"] == "/accounts/login/?next=/"


def test_words_that_another_site_sends_are_not_shown_on_ours(client, db):
    sent = {"note": "Call this number"}
    answer = client.post("/items/abc/decide", sent, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 302
    forged = Client(enforce_csrf_checks=True).post("/items/abc/decide", sent, headers={"Sec-Fetch-Site": "cross-site"})
    assert forged.status_code == 403
    assert sent["note"] not in forged.content.decode()
    mine = Client(enforce_csrf_checks=True).post("/items/abc/decide", sent, headers={"Sec-Fetch-Site": "same-origin"})
    assert mine.status_code == 403
    assert sent["note"] in mine.content.decode()


def test_a_forged_form_changes_nothing(person):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(person(Role.REVIEWER), backend="django.contrib.auth.backends.ModelBackend")
    assert browser.post(reverse("start"), {"keywords": "축제"}).status_code == 403
    assert browser.post(reverse("recognise"), {"text": "축제"}).status_code == 403
    assert not Sweep.objects.exists()


@pytest.fixture
def decided(signed_in, sweep_of):
    """Finds of one sweep that a reviewer has decided: confirmed the higher they score."""
    browser = signed_in(Role.REVIEWER)

    def make(count):
        sweep = sweep_of(browser.user, finds=count, ended_at=timezone.now())
        for number, sighting in enumerate(sweep.sightings.select_related("candidate").order_by("candidate__score")):
            kind, category = ("confirmed", "미분류") if number >= count / 2 else ("not_relevant", "")
            decisions.decide(browser.user, sighting.candidate_id, kind, category=category, form_id=f"form-{number:04}")
        return sweep

    return make


def test_figures_show_times_and_calibration_and_nobody(signed_in, decided):
    sweep = decided(110)
    lead = signed_in(Role.LEAD)
    page = lead.get(reverse("figures")).content.decode()
    assert page.count("<svg") == 2, "time per stage and calibration; no watch yet"
    assert sweep.asked_by.username not in page
    bins = stages.calibration(stages.outcomes([sweep.team_id]))
    assert sum(one.count for one in bins) == 110
    assert all(one.low <= one.observed <= one.high for one in bins)
    auditor = signed_in(Role.AUDITOR).get(reverse("figures")).content.decode()
    assert page.count('id="calibration"') == 1
    assert 'id="calibration"' not in auditor


def test_few_decisions_tell_of_nobody(decided):
    sweep = decided(stages.FEWEST - 1)
    outcomes = stages.outcomes([sweep.team_id])
    assert stages.calibration(outcomes) == []
    assert "review" not in [stage.name for stage in stages.stages([sweep.team_id], outcomes, 30)]


def test_decisions_become_examples_without_words_and_go_when_undone(decided):
    sweep = decided(10)
    first = sweep.sightings.order_by("pk").first().candidate
    row = Candidate.objects.get(pk=first.pk)
    row.analysis = {"cues": [{"name": "line", "confidence": 0.9, "value": {"text": "비밀", "n": 3}}], "assessment": {}}
    row.save()
    assert learning.gather() == 10
    assert learning.gather() == 0
    kept = str(list(Example.objects.values()))
    assert "비밀" not in kept
    assert "'n': 3" in kept
    assert first.pk not in kept
    decision = first.applied.get().decision
    decisions.undo(decision.person, decision.pk)
    learning.gather()
    assert Example.objects.count() == 9


def test_weights_are_switched_on_and_back_with_one_click(signed_in, tmp_path, monkeypatch):
    lead, reviewer = signed_in(Role.LEAD), signed_in(Role.REVIEWER)
    written = files("jikim.assessing").joinpath("weights.toml").read_text("utf-8")
    folder = learning.proposals_folder()
    folder.mkdir(parents=True, exist_ok=True)
    for name, look in (("one", "0.2"), ("two", "0.3")):
        (folder / f"{name}.toml").write_text(written.replace("look = 0.14", f"look = {look}"), "utf-8")
    try:
        page = lead.get(reverse("learning")).content.decode()
        assert "0.14" in page
        assert "0.2" in page
        one, two = Proposal.objects.all()
        assert reviewer.post(reverse("learning_switch"), {"proposal": one.pk}).status_code == 403
        for proposal in (one, two):
            lead.post(reverse("learning_switch"), {"proposal": proposal.pk})
            assert learning.in_use().sha256 == proposal.pk
        lead.post(reverse("learning_switch"), {"what": "back"})
        assert learning.in_use().sha256 == one.pk
        lead.post(reverse("learning_switch"), {"what": "back"})
        assert learning.is_shipped(learning.in_use())
        lead.post(reverse("learning_switch"), {"what": "back"})
        assert learning.is_shipped(learning.in_use())
        (folder / "broken.toml").write_text("version = 1", "utf-8")
        assert 'role="alert"' in lead.get(reverse("learning")).content.decode()
    finally:
        for path in folder.glob("*.toml"):
            path.unlink()


def test_a_spelling_that_brings_nothing_is_dropped_and_a_good_one_stays(signed_in, team):
    lead = signed_in(Role.LEAD)
    watch = ask_for_watch(lead.user, team)
    poor, good, unread = watch.variants.all()[:3]
    for variant in (poor, good, unread):
        watches.answer(variant, lead.user, is_wanted=True)
    past = timezone.now() + timedelta(seconds=1)
    for _ in range(yields.POOR_AFTER_SWEEPS):
        sweep = Sweep(team=team, watch=watch, kind=SweepKind.WATCH, state=SweepState.DONE, started_at=past, ended_at=past)
        sweep.keywords = ["가을 축제"]
        sweep.save(force_insert=True)
    find(sweep, "kept", keyword=good.text)
    decisions.decide(lead.user, "kept", "confirmed", category="미분류", form_id="form-0001")
    find(sweep, "refused", keyword=poor.text)
    decisions.decide(lead.user, "refused", "not_relevant", form_id="form-0002")
    find(sweep, "waiting", keyword=unread.text)
    assert yields.drop_poor(watch.pk) == 1
    states = {one.pk: one.state for one in watch.variants.all()}
    assert states[poor.pk] == VariantState.DROPPED
    assert states[good.pk] == states[unread.pk] == VariantState.APPROVED
    spelled = yields.by_spelling(watch)
    assert (spelled[good.text], spelled[poor.text]) == (yields.Spelling(1, 1), yields.Spelling(1, 0))
    assert sum(day.new for day in yields.by_day([watch.pk], 30)[watch.pk]) == 3


def test_a_silent_place_is_the_first_thing_one_sees(signed_in, sweep_of):
    browser = signed_in(Role.REVIEWER)
    ended = {"state": SweepState.DONE, "ended_at": timezone.now()}
    sweep_of(browser.user, finds=0, health={"practice": {"state": "ok", "found": 3, "error": ""}}, **ended)
    assert [one.is_well for one in places.health()] == [True]
    later = ended | {"ended_at": timezone.now() + timedelta(seconds=1)}
    sweep_of(browser.user, finds=0, health={"practice": {"state": "dead", "found": 0, "error": "fetching.unknown"}}, **later)
    worst = places.health()[0]
    assert (worst.place, worst.state, worst.failures) == ("practice", "dead", 1)
    assert worst.answered_at is not None
    page = browser.get("/").content.decode()
    assert page.index("응답하지 않음") < page.index('id="box"')
    assert "응답하지 않음" in browser.get(reverse("sources")).content.decode()


@pytest.mark.parametrize("is_on_call", [True, False])
def test_at_night_only_who_is_on_call_is_called(signed_in, sweep_of, team, monkeypatch, is_on_call):
    browser = signed_in(Role.REVIEWER)
    find(sweep_of(browser.user, finds=0), "urgent", level="urgent")
    monkeypatch.setattr(watches, "is_night", lambda moment: False)
    assert 'class="badge urgent"' in browser.get("/").content.decode()
    monkeypatch.setattr(watches, "is_night", lambda moment: True)
    if is_on_call:
        watches.set_on_call(signed_in(Role.LEAD).user, team, watches.night_of(timezone.now()), browser.user)
    page = browser.get("/").content.decode()
    assert ('class="badge urgent"' in page) is is_on_call
    assert ("오늘 밤 당번입니다" in page) is is_on_call
    assert ("아침에" in page) is not is_on_call
