"""The API: typed, closed without a token and its right, bound to the token's team, and silent about addresses."""

import json
import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from jikim_desk import flows
from jikim_desk.accounts import tokens
from jikim_desk.accounts.models import Role, Team, Token, TokenRight
from jikim_desk.audit import chain
from jikim_desk.cases.models import Case
from jikim_desk.records.models import Candidate, Sweep, Worker
from jikim_desk.sealing import reference

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def engine():
    flows.prepare()


@pytest.fixture
def machine(person, team):
    """Makes a caller with a token of these rights."""
    administrator = person(Role.ADMINISTRATOR)

    def make(*rights, in_team=team):
        user = tokens.machine_named(administrator, f"machine{uuid.uuid4().hex[:6]}", in_team)
        token = tokens.issue(administrator, user, "test", rights, timezone.now() + timedelta(days=1))
        return Client(headers={"authorization": f"Bearer {token}"})

    return make


@pytest.fixture
def candidate(team):
    """Makes a find that waits."""

    def make(name, in_team=team, **fields):
        defaults = {"state": "waiting", "level": "look", "level_rank": 1, "score": 0.5, "found_at": timezone.now()}
        row = Candidate(
            id=name, source="practice", host_ref="h", url_ref=reference("url", name), team=in_team, **defaults | fields
        )
        row.url, row.title = f"http://secret.example/{name}", "비밀 제목"
        text = {"ko": "청소년의 말: 한강중학교", "en": "Youth language: 한강중학교"}
        reasons = [{"key": "reason.youth_language", "text": text, "weight": 1.0, "at_s": 3}]
        axis = {"state": "known", "score": 0.6, "low": 0.4, "high": 0.8}
        row.analysis = {"assessment": {"axes": {"minor": axis}, "reasons": reasons}, "cues": [], "errors": [], "kind": "text"}
        row.save(force_insert=True)
        return row

    return make


def decided(client, name, **changes):
    sent = {"kind": "not_relevant", "form_id": "form-0001"} | changes
    return client.post(f"/api/v1/candidates/{name}/decision", json.dumps(sent), content_type="application/json")


def test_nothing_is_open_without_a_token(client, signed_in, candidate):
    candidate("a")
    for browser in (client, signed_in(Role.LEAD), Client(headers={"authorization": "Bearer jikim_nonsense"})):
        answer = browser.get("/api/v1/candidates")
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"] == "Bearer"


def test_a_token_opens_what_its_rights_name_and_no_page(machine, candidate):
    candidate("a")
    reader, intaker = machine(TokenRight.READ), machine(TokenRight.INTAKE)
    assert reader.get("/api/v1/candidates").status_code == 200
    assert decided(reader, "a").status_code == 403
    assert intaker.get("/api/v1/candidates").status_code == 403
    assert reader.get("/").status_code == 302, "a token is no key to the pages"


def test_a_token_ends(machine, candidate):
    reader = machine(TokenRight.READ)
    Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert reader.get("/api/v1/candidates").status_code == 401


def test_reading_is_on_record_covers_names_and_gives_no_address(machine, candidate):
    candidate("a")
    before = chain.about("candidate:a").count()
    answer = machine(TokenRight.READ).get("/api/v1/candidates/a")
    assert answer.status_code == 200
    read = answer.json()
    assert read["axes"]["minor"] == {"degree": "high", "score": 60, "low": 40, "high": 80}
    assert read["reasons"][0]["text"]["ko"] == "청소년의 말: ○○중학교"
    assert "secret.example" not in answer.content.decode()
    assert "비밀" not in answer.content.decode()
    assert chain.about("candidate:a").count() == before + 1


def test_candidates_are_walked_through_once_each(machine, candidate):
    made = [candidate(f"c{number:02}", found_at=timezone.now() - timedelta(minutes=number // 3)).pk for number in range(25)]
    reader, seen, after = machine(TokenRight.READ), [], ""
    while True:
        page = reader.get("/api/v1/candidates", {"limit": 7, "after": after, "state": "waiting"}).json()
        seen += [one["id"] for one in page["candidates"]]
        after = page["next"]
        if not after:
            break
    assert sorted(seen) == sorted(made)
    assert len(set(seen)) == len(seen)
    assert reader.get("/api/v1/candidates", {"after": "nonsense"}).status_code == 400
    assert reader.get("/api/v1/candidates", {"limit": 0}).status_code == 422


def test_a_decision_sent_twice_is_one_and_a_second_one_is_told(machine, candidate):
    candidate("a")
    first, second = machine(TokenRight.DECIDE), machine(TokenRight.DECIDE)
    answers = [decided(first, "a") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    late = decided(second, "a", form_id="form-0002", kind="confirmed", category="미분류")
    assert late.status_code == 409
    assert set(late.json()["error"]["text"]) == {"ko", "en"}
    assert decided(first, "a", form_id="form-0003", kind="maybe").status_code == 422


def test_another_teams_candidates_are_not_there(machine, candidate):
    other = Team.objects.create(name="다른 팀")
    candidate("theirs", in_team=other)
    stranger = machine(TokenRight.READ, TokenRight.DECIDE)
    assert stranger.get("/api/v1/candidates/theirs").status_code == 404
    assert decided(stranger, "theirs").status_code == 404
    assert stranger.get("/api/v1/candidates").json()["candidates"] == []


def test_addresses_are_taken_in_and_each_line_is_answered(machine, candidate, team):
    known = candidate("a")
    Candidate.objects.filter(pk="a").update(url_ref=reference("url", "http://known.example/"))
    Case.objects.create(number="2026-1", team=team)
    caller = machine(TokenRight.INTAKE, TokenRight.READ)
    lines = ["http://new.example/1", "http://new.example/1", "http://known.example", "nonsense"]
    sent = {"addresses": lines, "case": "2026-1"}
    answer = caller.post("/api/v1/addresses", json.dumps(sent), content_type="application/json")
    assert answer.status_code == 200
    told = answer.json()
    assert [line["said"] for line in told["lines"]] == ["new", "duplicate", "known", "refused"]
    assert told["lines"][2]["candidate"] == known.pk
    assert Sweep.objects.get(pk=told["sweep"]).case.number == "2026-1"
    assert caller.get(f"/api/v1/sweeps/{told['sweep']}").json()["state"] == "queued"
    many = {"addresses": ["http://x.example/"] * 501}
    assert caller.post("/api/v1/addresses", json.dumps(many), content_type="application/json").status_code == 422
    wrong = {"addresses": lines, "case": "2026-9"}
    assert caller.post("/api/v1/addresses", json.dumps(wrong), content_type="application/json").status_code == 400


def test_the_description_names_every_operation(client):
    described = client.get("/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.")
    assert set(described["paths"]) == {
        "/api/v1/candidates",
        "/api/v1/candidates/{candidate_id}",
        "/api/v1/candidates/{candidate_id}/decision",
        "/api/v1/addresses",
        "/api/v1/sweeps/{sweep_id}",
    }


def test_health_says_what_is_wrong_and_metrics_tell_of_nobody(client, candidate, person, monkeypatch):
    candidate("a")
    Worker.objects.create(id="w", started="x", version="1", started_at=timezone.now(), beat_at=timezone.now())
    assert client.get("/health").json() == {"ok": True, "database": True, "keys": True}
    told = client.get("/metrics").content.decode()
    assert 'jikim_candidates{level="look",state="waiting"} 1.0' in told
    assert "jikim_workers 1.0" in told
    assert "secret.example" not in told
    assert person().username not in told
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 403
    monkeypatch.setattr("jikim_desk.console.health._database_answers", lambda: False)
    assert client.get("/health").status_code == 503
