"""Cases: who opens them, who sees them, and what is linked."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from jikim_desk.accounts.models import Role, Team
from jikim_desk.audit.models import Entry
from jikim_desk.cases import linking, opening
from jikim_desk.cases.models import Case
from jikim_desk.faults import BadAsk
from tests.desk.items import item


def body(answer):
    return answer.content.decode().split("<main", 1)[1]


def test_a_case_is_opened_linked_and_closed(signed_in, team):
    counsellor, worker = signed_in(Role.COUNSELLOR), signed_in(Role.REVIEWER)
    one, other = item(team, "a"), item(team, "b")
    answer = counsellor.post("/cases/new", {"team": team.pk, "number": " 2026-7 ", "note": "비밀 메모"})
    case = Case.objects.get()
    assert (case.number, case.note) == ("2026-7", "비밀 메모")
    assert "비밀" not in repr(bytes(case.note_sealed))
    assert answer["Location"] == f"/cases/{case.pk}/"
    worker.post(f"/items/{one.pk}/case", {"case": case.pk})
    page = body(counsellor.get(f"/cases/{case.pk}/"))
    assert f"/items/{one.pk}/" in page
    assert f"/items/{other.pk}/" not in page
    assert "비밀 메모" in page
    counsellor.post(f"/cases/{case.pk}/close")
    counsellor.post(f"/cases/{case.pk}/close")
    assert linking.open_cases(worker.user, team) == []
    assert worker.post(f"/items/{other.pk}/case", {"case": case.pk}).status_code == 404
    kinds = [entry.facts for entry in Entry.objects.filter(action="case")]
    assert sum('"what":"close"' in facts for facts in kinds) == 1
    assert "비밀" not in "".join(kinds)


def test_a_case_that_names_people_is_seen_by_them_alone(signed_in, team):
    lead, insider, outsider = signed_in(Role.LEAD), signed_in(Role.REVIEWER), signed_in(Role.REVIEWER)
    case = opening.open_case(lead.user, team, "2026-8")
    assert outsider.get(f"/cases/{case.pk}/").status_code == 200
    lead.post(reverse("case_people", args=[case.pk]), {"person": [insider.user.pk, "999999", "x"]})
    assert set(case.members.all()) == {insider.user, lead.user}
    assert insider.get(f"/cases/{case.pk}/").status_code == 200
    assert outsider.get(f"/cases/{case.pk}/").status_code == 404
    assert "2026-8" not in body(outsider.get("/cases/"))
    lead.post(reverse("case_people", args=[case.pk]))
    assert outsider.get(f"/cases/{case.pk}/").status_code == 200


def test_another_team_sees_nothing_and_a_reviewer_opens_none(signed_in, person, team):
    elsewhere = Team.objects.create(name="other")
    stranger = signed_in(Role.LEAD, in_team=elsewhere)
    case = Case.objects.create(number="2026-9", team=team)
    assert stranger.get(f"/cases/{case.pk}/").status_code == 404
    for name in ("case_close", "case_people"):
        assert stranger.post(reverse(name, args=[case.pk])).status_code == 404
    assert stranger.post("/cases/new", {"team": team.pk, "number": "1"}).status_code == 404
    with pytest.raises(PermissionDenied):
        opening.open_case(person(Role.REVIEWER), team, "2026-10")


@pytest.mark.parametrize("number", ["", "   ", "x" * 41, "2026\u202e1", "a\x00b"])
def test_a_number_that_cannot_be_is_refused(person, team, number):
    with pytest.raises(BadAsk):
        opening.open_case(person(Role.LEAD), team, number)


def test_a_number_is_taken_once(signed_in, team):
    lead = signed_in(Role.LEAD)
    for _ in range(2):
        page = lead.post("/cases/new", {"team": team.pk, "number": "2026-7"}, follow=True)
    assert Case.objects.count() == 1
    assert "이미 쓰고 있는" in body(page)
