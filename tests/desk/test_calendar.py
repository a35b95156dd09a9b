"""The calendar of removal, of one team or of all: what is due, what is late and why, what is paused; the directory of hosts."""

from datetime import timedelta

import pytest
from django.utils import timezone

from jikim_desk.accounts.models import Grant, Role
from jikim_desk.console import calendar
from jikim_desk.notices import drafting, hosts
from jikim_desk.notices.models import Notice, NoticeState, Outcome, Removal, RemovalState
from jikim_desk.words import say
from tests.desk.removals import begun, set_desk


@pytest.fixture(autouse=True)
def desk(monkeypatch):
    set_desk(
        monkeypatch, removal={"organisation": "시험 지원센터", "organisation_en": "Test Centre", "mailbox": "r@centre.example"}
    )


@pytest.fixture
def lead(signed_in):
    return signed_in(Role.LEAD, Role.REVIEWER)


def change(removal, **changes):
    Removal.objects.filter(pk=removal.pk).update(**changes)
    removal.refresh_from_db()
    return removal


def calendar_of(client, query=""):
    answer = client.get(f"/calendar/{query}", headers={"accept-language": "ko"})
    assert answer.status_code == 200
    return answer.context, answer.content.decode()


def test_what_is_late_says_why(lead, team, person):
    now = timezone.now()
    removal = change(begun(team, person), next_step_at=now - timedelta(hours=3), next_recheck_at=now - timedelta(minutes=10))
    drafting.draft(removal, "mail", by=lead.user, lang="ko")
    shown, page = calendar_of(lead)
    assert [(one.number, one.is_late) for one in shown["steps"].lines] == [(removal.pk[:8], True)]
    assert [one.is_late for one in shown["visits"].lines] == [False]
    assert [one.is_late for one in shown["drafts"].lines] == [False]
    assert say("calendar.late.step", "ko") in page
    assert say("calendar.late.visit", "ko") not in page
    Notice.objects.update(drafted_at=now - timedelta(hours=25))
    change(removal, next_recheck_at=now - timedelta(hours=2))
    shown, page = calendar_of(lead)
    assert say("calendar.late.draft", "ko") in page
    assert say("calendar.late.visit", "ko") in page


def test_what_is_paused_says_what_was_answered_last_and_what_is_gone_is_not_paused(lead, team, person):
    removal = begun(team, person)
    notice = drafting.draft(removal, "korea", by=lead.user, lang="ko")
    drafting.download(lead.user, notice, version=1)
    assert calendar_of(lead)[0]["paused"].lines == []
    drafting.answered(lead.user, notice, Outcome.ASKS)
    (paused,) = calendar_of(lead)[0]["paused"].lines
    assert paused.said == "calendar.paused.asks"
    change(removal, gone_at=timezone.now(), state=RemovalState.GONE)
    assert calendar_of(lead)[0]["paused"].lines == []


@pytest.mark.parametrize("outcome", [*Outcome.values, "none"])
def test_every_answer_has_its_word(outcome):
    assert say(f"calendar.paused.{outcome or 'none'}", "ko")


def test_what_is_held_is_marked_and_listed_with_its_end(lead, team, person):
    until = timezone.localdate() + timedelta(days=3)
    change(begun(team, person), held_until=until, next_step_at=timezone.now())
    shown, page = calendar_of(lead)
    assert [one.is_held for one in shown["steps"].lines] == [True]
    assert [one.at for one in shown["holds"].lines] == [until]
    assert page.count(say("calendar.held", "ko")) == 1


def test_one_team_is_shown_where_one_works_in_two(lead, team, person):
    other = type(team).objects.create(name="다른 팀")
    removal = begun(team, person)
    assert 'name="team"' not in calendar_of(lead)[1]
    Grant.objects.create(user=lead.user, role=Role.REVIEWER, team=other)
    assert len(calendar_of(lead)[0]["steps"].lines) == 1
    assert len(calendar_of(lead, f"?team={team.pk}")[0]["steps"].lines) == 1
    assert calendar_of(lead, f"?team={other.pk}")[0]["steps"].lines == []
    change(removal, team=other)
    assert len(calendar_of(lead, f"?team={other.pk}")[0]["steps"].lines) == 1
    assert len(calendar_of(lead, "?team=nobodys")[0]["steps"].lines) == 1


def test_a_long_list_says_that_there_is_more(lead, team, person, monkeypatch):
    monkeypatch.setattr(calendar, "MOST", 2)
    for number in range(3):
        begun(team, person, f"n{number}")
    shown, page = calendar_of(lead)
    assert (len(shown["steps"].lines), shown["steps"].has_more) == (2, True)
    assert say("calendar.more", "ko") in page


def test_a_counsellor_is_not_told_of_letters_to_approve(signed_in, lead, team, person):
    removal = begun(team, person)
    notice = drafting.draft(removal, "mail", by=lead.user, lang="ko")
    assert calendar.letters_due(lead.user)["letters"] == 1
    assert "letters" not in calendar.letters_due(signed_in(Role.COUNSELLOR).user)
    Notice.objects.filter(pk=notice.pk).update(state=NoticeState.UNKNOWN)
    assert calendar.letters_due(lead.user) == {"reuploads": 0, "back": 0, "letters": 0, "letters_wrong": 1}


def test_the_directory_of_hosts_is_paged_and_found_in_by_name(lead):
    for number in range(60):
        hosts.keep(lead.user, f"host{number}.example", kind="hosting" if number % 2 else "platform")
    page = lead.get("/hosts/")
    assert (len(page.context["rows"]), len(lead.get(f"/hosts/{page.context['page'].older}").context["rows"])) == (50, 10)
    assert {one.kind for one in lead.get("/hosts/?kind=hosting").context["rows"]} == {"hosting"}
    known = hosts.named("host7.example")
    assert lead.get("/hosts/?find=HOST7.example")["Location"] == f"/hosts/{known.pk}/"
    unknown = lead.get("/hosts/?find=other.example", headers={"accept-language": "ko"})
    assert say("hosts.not_known", "ko") in unknown.content.decode()
    assert unknown.context["name"] == "other.example"
