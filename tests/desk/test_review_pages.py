"""The queue and the item page as people meet them: rights, words first, hostile words, calm refusals."""

import re

import pytest
from django.urls import reverse

from jikim_desk import words
from jikim_desk.accounts.models import Grant, Role, Team
from jikim_desk.audit.models import Entry
from jikim_desk.cases.models import Case
from jikim_desk.records.models import Candidate, CandidateState
from jikim_desk.review import decisions, exposure, queue
from jikim_desk.review.models import Claim, DangerSheet, Debrief, Decision, Handover, Kind, Severity
from tests.desk.items import capture, item, known, reason


def body(answer):
    """What is on the page, without the frame around it."""
    return answer.content.decode().split("<main", 1)[1]


def field(page, name):
    return re.search(rf'name="{name}" value="([^"]*)"', page)[1]


@pytest.mark.parametrize(("lang", "word"), [("ko", "검토 결과"), ("en", "Decision")])
def test_from_the_queue_to_a_decision_and_the_next(signed_in, team, lang, word):
    first, second = item(team, "a", score=0.9), item(team, "b", score=0.5)
    browser = signed_in(Role.REVIEWER)
    browser.user.lang = lang
    browser.user.save()
    headers = {"accept-language": lang}
    assert browser.get("/queue/", headers=headers).status_code == 200
    page = browser.post("/queue/next", follow=True, headers=headers)
    assert page.redirect_chain[-1][0] == f"/items/{first.pk}/"
    assert word in body(page)
    sent = {"kind": "not_relevant", "form_id": field(body(page), "form_id"), "note": "축제 사진"}
    page = browser.post(f"/items/{first.pk}/decide", sent, follow=True, headers=headers)
    assert page.redirect_chain[-1][0] == f"/items/{second.pk}/"
    assert "data-calm" in body(page)
    decision = Decision.objects.get()
    assert (decision.note, decision.person) == ("축제 사진", browser.user)
    page = browser.post(f"/decisions/{decision.pk}/undo", follow=True, headers=headers)
    assert page.redirect_chain[-1][0] == f"/items/{first.pk}/"
    assert Candidate.objects.get(pk=first.pk).state == "waiting"


def test_sending_a_decision_twice_is_one_decision(signed_in, team):
    first, second = item(team, "a", score=0.9), item(team, "b", score=0.5)
    browser = signed_in(Role.REVIEWER)
    queue.claim(browser.user, first.pk)
    sent = {"kind": "cannot_tell", "form_id": "form-00000001"}
    for _ in range(2):
        assert browser.post(f"/items/{first.pk}/decide", sent)["Location"] == f"/items/{second.pk}/"
    assert Decision.objects.count() == 1


def test_who_comes_second_is_told_calmly_and_keeps_their_note(signed_in, team):
    one = item(team, "a")
    first, second = signed_in(Role.REVIEWER), signed_in(Role.REVIEWER)
    decisions.decide(first.user, one.pk, Kind.NOT_RELEVANT, form_id="form-00000001")
    answer = second.post(
        f"/items/{one.pk}/decide", {"kind": "cannot_tell", "form_id": "form-00000002", "note": "내 <b>메모</b>"}
    )
    assert answer.status_code == 409
    assert words.say("review.decided_before", "ko") in body(answer)
    assert "내 &lt;b&gt;메모&lt;/b&gt;" in answer.content.decode()


def test_the_last_item_leads_back_to_an_empty_queue(signed_in, team):
    one = item(team, "a")
    browser = signed_in(Role.REVIEWER)
    queue.claim(browser.user, one.pk)
    sent = {"kind": "not_relevant", "form_id": "form-00000001"}
    page = browser.post(f"/items/{one.pk}/decide", sent, follow=True)
    assert words.say("review.page.nothing_left", "ko") in body(page)
    assert words.say("review.page.empty", "ko") in body(page)


HOSTILE = "</p><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7|add:7 }}{% now 'Y' %}\u202eexe.gpj\x1b[2J\u2067"


def test_what_the_queue_was_narrowed_to_is_still_there_after_each_decision(signed_in, team):
    urgent = item(team, "u", level="urgent")
    low = [item(team, name, level="none", score=score) for name, score in (("a", 0.3), ("b", 0.2), ("c", 0.1))]
    browser = signed_in(Role.REVIEWER)
    assert browser.post("/queue/next?level=none")["Location"] == f"/items/{low[0].pk}/?level=none"
    page = body(browser.get(f"/items/{low[0].pk}/?level=none"))
    for name in ("decide", "swap", "lay-down"):
        assert f'action="/items/{low[0].pk}/{name}?level=none"' in page
    sent = {"kind": "not_relevant", "form_id": field(page, "form_id")}
    assert browser.post(f"/items/{low[0].pk}/decide?level=none", sent)["Location"] == f"/items/{low[1].pk}/?level=none"
    undone = browser.post(f"/decisions/{Decision.objects.get().pk}/undo?level=none")
    assert undone["Location"] == f"/items/{low[0].pk}/?level=none"
    assert browser.post(f"/items/{low[0].pk}/swap?level=none")["Location"] == f"/items/{low[1].pk}/?level=none"
    assert browser.post(f"/items/{low[1].pk}/lay-down?level=none")["Location"] == "/queue/?level=none"
    assert browser.post("/queue/next")["Location"] == f"/items/{urgent.pk}/"


def test_the_queue_of_one_team_alone(signed_in, team):
    other = Team.objects.create(name="두 번째 팀")
    mine, theirs = item(team, "mine", score=0.5), item(other, "theirs", score=0.9)
    browser = signed_in(Role.REVIEWER)
    Grant.objects.create(user=browser.user, role=Role.REVIEWER, team=other)
    assert browser.post(f"/queue/next?team={team.pk}")["Location"] == f"/items/{mine.pk}/?team={team.pk}"
    page = body(browser.get(f"/queue/?team={team.pk}"))
    assert mine.pk in page
    assert theirs.pk not in page
    assert browser.get("/queue/?team=999999").status_code == browser.get("/queue/?team=x&level=y").status_code == 200


@pytest.mark.parametrize("way", ["swap", "lay-down", "rest"])
def test_a_note_goes_along_without_a_decision_and_without_script(signed_in, team, way):
    one = item(team, "a")
    browser = signed_in(Role.REVIEWER)
    queue.claim(browser.user, one.pk)
    page = body(browser.get(f"/items/{one.pk}/"))
    target = "/care/rest" if way == "rest" else f"/items/{one.pk}/{way}"
    assert re.search(rf'<button[^>]* form="decide" formaction="{target}" formnovalidate', page)
    note = "앞부분만 읽었습니다."
    browser.post(target, {"form_id": field(page, "form_id"), "note": note})
    assert [left.note for left in Handover.objects.all()] == [note]
    assert not Decision.objects.exists()


def test_hostile_words_are_never_interpreted(signed_in, team):
    told = reason(ko=HOSTILE, en=HOSTILE)
    one = item(
        team, "a", title=HOSTILE, text=HOSTILE * 20, reasons=[told, known()], errors=[{"text": {"ko": HOSTILE, "en": HOSTILE}}]
    )
    one.url = "javascript:alert(1)//" + HOSTILE
    one.save()
    case = Case.objects.create(number="<i>2026", team=team)
    capture(one)
    browser = signed_in(Role.REVIEWER)
    queue.claim(browser.user, one.pk)
    queue.leave_note(browser.user, queue.item_of(one), HOSTILE)
    decisions.decide(signed_in(Role.LEAD).user, item(team, "b").pk, Kind.NOT_RELEVANT, note=HOSTILE, form_id="form-00000001")
    browser.post(f"/items/{one.pk}/case", {"case": case.pk})
    browser.post(f"/items/{one.pk}/names")
    browser.post(f"/items/{one.pk}/address")
    sheet = browser.post(f"/items/{one.pk}/danger", {"form_id": "form-00000002"})["Location"]
    for url in ("/queue/", f"/items/{one.pk}/", sheet):
        page = body(browser.get(url))
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "{{ 7|add:7 }}" in page or url == "/queue/"
        assert "\\u202e" in page
        assert "\\u202e" in page
        for sign in ("\u202e", "\x1b", "\u2067"):
            assert sign not in page
        assert 'href="javascript' not in page


def test_a_page_stays_small_whatever_was_posted(signed_in, team):
    many = [reason(ko="근거 " * 40, en="reason " * 40) for _ in range(200)]
    cues = [
        {"analyzer": "faces", "name": "face", "at_s": at / 3, "region": None, "confidence": 0.5, "value": _face(at)}
        for at in range(900)
    ]
    one = item(team, "a", title="긴 제목 " * 500, text="글 " * 4000, reasons=many, cues=cues)
    browser = signed_in(Role.REVIEWER)
    queue.claim(browser.user, one.pk)
    assert len(browser.get(f"/items/{one.pk}/").content) < 100_000


def _face(track):
    return {"age": 20.0, "age_low": 15.0, "age_high": 25.0, "p_minor": 0.4, "p_female": 0.5, "is_certain": True, "track": track}


def test_names_and_address_are_covered_until_asked_for_with_a_record(signed_in, team):
    one = item(team, "a", title="한빛중학교 축제", text="이름: 김하늘")
    browser = signed_in(Role.REVIEWER)
    queue.claim(browser.user, one.pk)
    page = body(browser.get(f"/items/{one.pk}/"))
    assert "한빛" not in page
    assert "김하늘" not in page
    assert "board.example/a" not in page
    assert "board.example" in page
    browser.post(f"/items/{one.pk}/names")
    browser.post(f"/items/{one.pk}/address")
    page = body(browser.get(f"/items/{one.pk}/"))
    assert "한빛중학교" in page
    assert "김하늘" in page
    assert "https://board.example/a" in page
    whats = [entry.facts for entry in Entry.objects.filter(action="view")]
    assert whats.count('{"what":"names"}') == whats.count('{"what":"address"}') == 1
    queue.release(browser.user)
    queue.claim(browser.user, one.pk)
    assert "김하늘" not in body(browser.get(f"/items/{one.pk}/"))


def test_a_name_of_the_text_is_covered_in_the_title_and_the_reasons_and_the_handle_too(signed_in, team):
    told = reason("reason.youth_language", "청소년의 말: 온다솜별", "Youth language: 온다솜별", 2.0)
    one = item(team, "a", title="온다솜별 축제 by haneul_22", text="이름: 온다솜별", reasons=[told])
    one.find = {"author_ref": "@haneul_22"}
    one.save()
    browser = signed_in(Role.REVIEWER)
    queue.claim(browser.user, one.pk)
    page = body(browser.get(f"/items/{one.pk}/"))
    assert "온다솜별" not in page
    assert "haneul_22" not in page
    page = body(browser.post(f"/items/{one.pk}/names", follow=True))
    assert page.count("온다솜별") == 3
    assert "haneul_22" in page


def test_whoever_only_reads_sees_words_and_no_decision(signed_in, team):
    one = item(team, "a", title="축제", case=Case.objects.create(number="2026-1", team=team))
    loose = item(team, "b")
    counsellor = signed_in(Role.COUNSELLOR)
    page = body(counsellor.get(f"/items/{one.pk}/"))
    assert "축제" in page
    assert "data-decide" not in page
    assert counsellor.get(f"/items/{loose.pk}/").status_code == 404
    assert "https://board.example/a" in body(counsellor.post(f"/items/{one.pk}/address"))
    assert counsellor.post(f"/items/{one.pk}/decide", {"kind": "not_relevant", "form_id": "form-00000001"}).status_code == 403


PAGES = [
    ("get", "queue"),
    ("post", "take_next"),
    ("get", "item"),
    ("post", "take"),
    ("post", "decide"),
    ("post", "swap"),
    ("post", "lay_down"),
    ("post", "show_names"),
    ("post", "show_address"),
    ("post", "link_case"),
    ("post", "in_danger"),
    ("post", "here"),
    ("post", "strip"),
    ("post", "compare"),
    ("post", "lift"),
    ("get", "care"),
    ("post", "begin_rest"),
    ("post", "debrief"),
    ("get", "care_team"),
]


def test_an_item_that_is_still_analysed_says_why_nobody_can_take_it(signed_in, team):
    one = item(team, "a", state=CandidateState.LOOKING)
    page = body(signed_in(Role.REVIEWER).get(f"/items/{one.pk}/"))
    assert words.say("review.page.looking", "ko") in page
    assert "/take" not in page


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMINISTRATOR, Role.MACHINE, None])
@pytest.mark.parametrize(("method", "name"), PAGES)
def test_other_roles_reach_nothing_of_it(signed_in, team, role, method, name):
    one = item(team, "a")
    browser = signed_in(role) if role else signed_in()
    try:
        url = reverse(name, args=[one.pk])
    except Exception:  # noqa: BLE001
        url = reverse(name)
    assert getattr(browser, method)(url).status_code in (302, 403)
    assert not Claim.objects.exists()
    assert not Entry.objects.filter(action="view").exists()


def test_another_teams_item_is_out_of_reach(signed_in, team):
    one = item(Team.objects.create(name="other"), "a")
    browser = signed_in(Role.REVIEWER, Role.LEAD, Role.COUNSELLOR)
    assert browser.get(f"/items/{one.pk}/").status_code == 404
    for name in ("take", "decide", "show_names", "show_address", "in_danger", "link_case"):
        assert (
            browser.post(reverse(name, args=[one.pk]), {"kind": "not_relevant", "form_id": "form-00000001"}).status_code == 404
        )
    assert not DangerSheet.objects.exists()


def test_in_danger_now_makes_one_sheet_without_media_and_leaves_the_item(signed_in, team):
    one, copy = item(team, "a", title="한빛중학교", same_as="a" * 64), item(team, "b", same_as="a" * 64)
    kept = capture(one)
    browser = signed_in(Role.REVIEWER)
    queue.claim(browser.user, one.pk)
    for _ in range(2):
        answer = browser.post(f"/items/{one.pk}/danger", {"form_id": "form-00000001"})
    sheet = DangerSheet.objects.get()
    page = body(browser.get(answer["Location"]))
    for told in ("https://board.example/a", "https://board.example/b", kept.sha256, "한빛중학교", "192.0.2.7", one.pk):
        assert told in page
    assert "<img" not in page
    assert "<svg" not in page
    assert Claim.objects.get().candidate_id == one.pk
    assert Entry.objects.filter(action="export").count() == 1
    assert "한빛" not in repr(bytes(sheet.content_sealed))
    assert signed_in(Role.AUDITOR).get(answer["Location"]).status_code == 403
    assert Candidate.objects.get(pk=copy.pk).state == "waiting"


def test_the_second_person_does_not_see_the_firsts_word(signed_in, team, monkeypatch):
    import msgspec

    from jikim_desk.config import desk_config

    changed = msgspec.structs.replace(desk_config(), second_opinion_for=("not_relevant",))
    monkeypatch.setattr(decisions, "desk_config", lambda: changed)
    one, other = item(team, "a"), item(team, "b")
    first, second = signed_in(Role.REVIEWER), signed_in(Role.REVIEWER)
    decisions.decide(first.user, one.pk, Kind.NOT_RELEVANT, note="제 생각은 이렇습니다", form_id="form-00000001")
    queue.claim(second.user, one.pk)
    with_word = re.sub(
        r'(value="[0-9a-f]{32}"|[0-9a-f]{64}|[0-9a-f]{8})|csrf\S+ value="\S+"', "", body(second.get(f"/items/{one.pk}/"))
    )
    queue.claim(second.user, other.pk)
    without = re.sub(
        r'(value="[0-9a-f]{32}"|[0-9a-f]{64}|[0-9a-f]{8})|csrf\S+ value="\S+"', "", body(second.get(f"/items/{other.pk}/"))
    )
    assert "제 생각" not in with_word
    assert with_word == without, "nothing tells an item that waits for a second person from any other"


def test_a_lead_sees_both_words_when_two_differ(signed_in, team, monkeypatch):
    import msgspec

    from jikim_desk.config import desk_config

    changed = msgspec.structs.replace(desk_config(), second_opinion_for=("not_relevant",))
    monkeypatch.setattr(decisions, "desk_config", lambda: changed)
    one = item(team, "a")
    first, second, lead = signed_in(Role.REVIEWER), signed_in(Role.REVIEWER), signed_in(Role.LEAD)
    decisions.decide(first.user, one.pk, Kind.NOT_RELEVANT, note="축제입니다", form_id="form-00000001")
    decisions.decide(second.user, one.pk, Kind.CANNOT_TELL, form_id="form-00000002")
    page = body(lead.get(f"/items/{one.pk}/"))
    assert words.say("review.page.contested", "ko") in page
    assert "축제입니다" in page
    assert first.user.username not in page


def test_a_note_goes_to_whoever_takes_over(signed_in, team):
    one = item(team, "a")
    first, second = signed_in(Role.REVIEWER), signed_in(Role.REVIEWER)
    queue.claim(first.user, one.pk)
    first.post(f"/items/{one.pk}/lay-down", {"note": "뒷부분이 남았습니다"})
    assert "뒷부분" not in repr(bytes(Handover.objects.get().note_sealed))
    queue.claim(second.user, one.pk)
    assert "뒷부분이 남았습니다" in body(second.get(f"/items/{one.pk}/"))


def test_linking_a_case_keeps_what_was_captured_and_may_reopen(signed_in, team):
    from jikim.vault import case_holder
    from jikim_desk.sealing import vault

    one = item(team, "a")
    kept = capture(one)
    case = Case.objects.create(number="2026-1", team=team)
    foreign = Case.objects.create(number="2026-2", team=Team.objects.create(name="other"))
    browser = signed_in(Role.REVIEWER)
    decisions.decide(browser.user, one.pk, Kind.NOT_RELEVANT, form_id="form-00000001")
    assert browser.post(f"/items/{one.pk}/case", {"case": foreign.pk}).status_code == 404
    browser.post(f"/items/{one.pk}/case", {"case": case.pk})
    one.refresh_from_db()
    assert (one.case, one.state) == (case, "waiting")
    assert vault().has(kept.blob, case_holder(case.pk))
    assert words.say("review.news.case", "ko") in body(browser.get(f"/items/{one.pk}/"))


def test_a_rest_that_is_due_becomes_a_rest(signed_in, team):
    first = item(team, "a", score=0.9)
    item(team, "b")
    browser = signed_in(Role.REVIEWER)
    queue.claim(browser.user, first.pk)
    exposure.add(browser.user, 50 * 60, Severity.WORDS)
    page = browser.post(f"/items/{first.pk}/decide", {"kind": "not_relevant", "form_id": "form-00000001"}, follow=True)
    assert page.redirect_chain[-1][0] == "/care/"
    assert Decision.objects.count() == 1
    assert words.say("review.care.forced", "ko") in body(page)
    browser.post("/care/rest/end")
    assert browser.post("/queue/next")["Location"] == "/care/"
    assert "disabled" not in body(browser.get("/queue/"))


def test_being_here_keeps_the_item_and_tells_when_a_rest_is_due(signed_in, team):
    one = item(team, "a")
    browser = signed_in(Role.REVIEWER)
    assert browser.post(f"/items/{one.pk}/here").json()["is_held"] is False
    queue.claim(browser.user, one.pk)
    told = browser.post(f"/items/{one.pk}/here").json()
    assert told["is_held"] is told["may_work"] is True
    exposure.add(browser.user, 50 * 60, Severity.WORDS)
    assert browser.post(f"/items/{one.pk}/here").json()["may_work"] is False


def test_a_debrief_is_kept_and_forgotten_on_ones_own_page(signed_in):
    browser, other = signed_in(Role.REVIEWER), signed_in(Role.REVIEWER)
    browser.post("/care/debrief", {"text": "마음에 <b>남는</b> 것"})
    assert "마음에 &lt;b&gt;남는&lt;/b&gt; 것" in body(browser.get("/care/"))
    assert "남는" not in body(other.get("/care/"))
    browser.post(reverse("forget_debrief", args=[Debrief.objects.get().pk]))
    assert not Debrief.objects.exists()


def test_keys_can_be_switched_off(signed_in, team):
    one = item(team, "a")
    browser = signed_in(Role.REVIEWER)
    queue.claim(browser.user, one.pk)
    assert 'data-shortcuts="on"' in body(browser.get(f"/items/{one.pk}/"))
    browser.post("/care/shortcuts", {"has_shortcuts": "0"})
    assert 'data-shortcuts="off"' in body(browser.get(f"/items/{one.pk}/"))


def test_no_page_tells_how_fast_anybody_is(signed_in, team):
    """Nothing on a lead's pages counts a person's decisions."""
    lead, worker = signed_in(Role.LEAD), signed_in(Role.REVIEWER)
    for number in range(7):
        decisions.decide(worker.user, item(team, f"i{number}").pk, Kind.NOT_RELEVANT, form_id=f"form-0000000{number}")
    page = body(lead.get("/care/team"))
    assert worker.user.username in page
    assert not re.search(r">\s*7\s*<", page)
