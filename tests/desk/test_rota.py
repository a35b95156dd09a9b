"""At night a role mailbox is told by a real mail server that something urgent waits, and nothing else."""

import email
from datetime import datetime, timedelta
from email import policy
from zoneinfo import ZoneInfo

import pytest

from jikim_desk import rota
from jikim_desk.accounts.models import Role
from jikim_desk.audit import chain
from jikim_desk.records import watches
from jikim_desk.records.models import Candidate, CandidateState, NightCall
from tests.desk.items import item
from tests.desk.mail import HOST, certificate, mail_server
from tests.desk.removals import set_desk

NIGHT = datetime(2026, 11, 22, 23, 30, tzinfo=ZoneInfo("Asia/Seoul"))
DAY = datetime(2026, 11, 22, 15, 0, tzinfo=ZoneInfo("Asia/Seoul"))
MORNING = datetime(2026, 11, 23, 8, 0, tzinfo=ZoneInfo("Asia/Seoul"))
TO = "on-call@centre.example"
TITLE, NAME = "하늘이네집 이야기 모음", "김하늘나래"


class Taking:
    def __init__(self):
        self.letters = []
        self.answer = "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.answer == "250 OK":
            self.letters.append((session.ssl is not None, envelope))
        return self.answer


@pytest.fixture
def mailbox(tmp_path, monkeypatch):
    """A mail server with STARTTLS on loopback, and the desk set to use it."""
    cert, taking = certificate(tmp_path), Taking()
    with mail_server(taking, cert) as port:
        server = {"mailbox": "jikim@centre.example", "smtp_host": HOST, "smtp_port": port}
        set_desk(monkeypatch, night_mail=TO, removal={**server, "smtp_roots": str(cert)})
        yield taking


@pytest.fixture
def on_call(team, person):
    lead = person(Role.LEAD, name=NAME)
    watches.set_on_call(lead, team, watches.night_of(NIGHT), lead)
    return lead


def urgent(team, name="one", **changes):
    row = item(team, name, title=TITLE)
    values = {"level": "urgent", "level_rank": 0, "state": CandidateState.WAITING, **changes}
    Candidate.objects.filter(pk=row.pk).update(**values)
    return row.pk


def test_one_mail_that_says_nothing(mailbox, team, on_call):
    assert rota.note(urgent(team), NIGHT)
    assert rota.note(urgent(team, "two"), NIGHT)
    assert [rota.call(NIGHT) for _ in range(3)] == [1, 0, 0]
    ((is_sealed, envelope),) = mailbox.letters
    assert is_sealed
    assert (envelope.mail_from, envelope.rcpt_tos) == ("jikim@centre.example", [TO])
    read = email.message_from_bytes(envelope.content, policy=policy.default)
    assert "로그인" in read.get_content()
    assert "sign in" in read.get_content()
    for word in (TITLE, NAME, team.name, "http", "/item"):
        assert word not in read.get_content() + read["Subject"]
    assert [entry.action for entry in chain.about(f"night:{team.pk}-2026-11-22")][-1] == "call"


def test_what_comes_up_later_is_told_after_the_pause(mailbox, team, on_call):
    rota.note(urgent(team), NIGHT)
    rota.call(NIGHT)
    rota.note(urgent(team, "two"), NIGHT)
    assert rota.call(NIGHT + timedelta(minutes=5)) == 0
    assert rota.call(NIGHT + rota.PAUSE) == 1
    assert len(mailbox.letters) == 2


@pytest.mark.parametrize("changes", [{"level": "look"}, {"is_test": True}, {"state": CandidateState.DECIDED}])
def test_what_is_not_urgent_or_a_test_or_decided_calls_nobody(mailbox, team, on_call, changes):
    assert not rota.note(urgent(team, **changes), NIGHT)
    assert rota.call(NIGHT) == 0


def test_by_day_nobody_is_called(mailbox, team, on_call):
    assert not rota.note(urgent(team), DAY)


def test_without_anybody_on_call_it_waits_till_morning(mailbox, team):
    assert not rota.note(urgent(team), NIGHT)


def test_by_default_nothing_is_sent(mailbox, team, on_call, monkeypatch):
    set_desk(monkeypatch, night_mail="")
    assert not rota.note(urgent(team), NIGHT)
    assert rota.call(NIGHT) == 0
    assert mailbox.letters == []


def test_a_server_that_declines_is_asked_again(mailbox, team, on_call):
    rota.note(urgent(team), NIGHT)
    mailbox.answer = "451 later"
    assert rota.call(NIGHT) == 0
    assert rota.call(NIGHT) == 0
    mailbox.answer = "250 OK"
    assert rota.call(NIGHT + rota.RETRY) == 1


def test_a_mail_whose_process_was_killed_is_sent_again(mailbox, team, on_call):
    rota.note(urgent(team), NIGHT)
    NightCall.objects.update(attempt="killed", attempt_at=NIGHT)
    assert rota.call(NIGHT + timedelta(minutes=1)) == 0
    assert rota.call(NIGHT + rota.LOST_AFTER) == 1


def test_a_night_whose_mail_never_left_is_on_record_in_the_morning(mailbox, team, on_call):
    rota.note(urgent(team), NIGHT)
    mailbox.answer = "550 no"
    rota.call(NIGHT)
    assert rota.call(MORNING) == 0
    (entry,) = [one for one in chain.about(f"night:{team.pk}-2026-11-22") if one.action == "call"]
    assert "not_sent" in entry.facts
    mailbox.answer = "250 OK"
    assert rota.call(MORNING) == 0
    assert mailbox.letters == []


def test_a_clock_that_was_put_back_does_not_silence_the_night(mailbox, team, on_call):
    rota.note(urgent(team), NIGHT)
    NightCall.objects.update(next_at=NIGHT + timedelta(days=3))
    assert rota.call(NIGHT) == 1
