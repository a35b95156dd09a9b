"""People come, get rights, lose keys and leave; each change has an author, and somebody can always administer the desk."""

import re
import threading
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from jikim_desk.accounts import people, tokens
from jikim_desk.accounts.models import Grant, Role, Team, Token, User
from jikim_desk.audit import chain
from jikim_desk.faults import BadAsk
from tests.desk.own_database import as_default, own_head, postgres, postgresql, sqlite


@pytest.fixture
def administrator(signed_in):
    """A browser in which an administrator has just shown their key."""
    browser = signed_in(Role.ADMINISTRATOR, name="admin")
    session = browser.session
    session["account_authentication_methods"] = [{"method": "mfa", "at": timezone.now().timestamp(), "type": "totp"}]
    session["account_authentication_methods_user"] = str(browser.user.pk)
    session.save()
    return browser


def test_somebody_is_added_with_a_role_and_a_link_that_is_shown_once(administrator, team):
    asked = {"username": "newcomer", "name": "김하나", "role": "reviewer", "team": team.pk}
    text = administrator.post("/people/add/", asked).content.decode()
    secret = re.search(r"/join/([\w-]+)/", text).group(1)
    assert secret not in administrator.get("/people/").content.decode()
    user = User.objects.get(username="newcomer")
    assert user.has_role(Role.REVIEWER, team=team)
    assert Client().post(f"/join/{secret}/")["Location"] == "/enrol/"
    assert [entry.action for entry in chain.about(f"person:{user.pk}")] == ["person", "rights", "sign_in"]
    granted = chain.about(f"person:{user.pk}").get(action="rights")
    assert granted.actor == chain.person_reference(administrator.user)
    assert user.grants.get().granted_by == administrator.user


@pytest.mark.parametrize("name", ["", "a", "두 단어", "a" * 151, "<b>x</b>", "a/b", "ADMIN"])
def test_a_name_that_cannot_be_is_said(administrator, name):
    before = User.objects.count()
    answer = administrator.post("/people/add/", {"username": name, "name": "x"}, follow=True)
    assert User.objects.count() == before
    assert 'role="alert"' in answer.content.decode()


def test_markup_in_a_name_is_never_interpreted(administrator):
    administrator.post("/people/add/", {"username": "newcomer", "name": "<script>alert(1)</script>{{ 7 }}"})
    user = User.objects.get(username="newcomer")
    for path in ("/people/", f"/people/{user.pk}/"):
        text = administrator.get(path).content.decode()
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text


def test_roles_are_granted_and_withdrawn(administrator, person, team):
    user = person()
    administrator.post(f"/people/{user.pk}/grant/", {"role": "lead", "team": team.pk})
    administrator.post(f"/people/{user.pk}/grant/", {"role": "auditor"})
    administrator.post(f"/people/{user.pk}/grant/", {"role": "auditor"})
    assert sorted(user.grants.values_list("role", "team")) == [("auditor", None), ("lead", team.pk)]
    administrator.post(f"/people/grants/{user.grants.get(role='lead').pk}/withdraw/")
    assert user.role_names == {"auditor"}


@pytest.mark.parametrize(
    "asked",
    [{"role": "lead"}, {"role": "king"}, {"role": ""}, {"role": "lead", "team": "x"}, {"role": "lead", "team": "9" * 30}],
)
def test_a_role_that_cannot_be_granted_is_said(administrator, person, asked):
    user = person()
    answer = administrator.post(f"/people/{user.pk}/grant/", asked, follow=True)
    assert 'role="alert"' in answer.content.decode()
    assert not user.grants.exists()


def test_the_last_administrator_stays(administrator, person):
    user = administrator.user
    administrator.post(f"/people/grants/{user.grants.get().pk}/withdraw/")
    administrator.post(f"/people/{user.pk}/out/")
    assert User.objects.get(pk=user.pk).is_active
    assert user.grants.filter(role=Role.ADMINISTRATOR).exists()
    other = person(Role.ADMINISTRATOR)
    administrator.post(f"/people/{other.pk}/out/")
    with pytest.raises(BadAsk):
        people.put_out(user, user)


def test_who_is_put_out_is_out_at_once_and_what_they_did_stays(administrator, signed_in, person):
    leaving = signed_in(Role.REVIEWER)
    assert leaving.get("/accounts/keys/").status_code == 200
    before = chain.by(leaving.user).count()
    administrator.post(f"/people/{leaving.user.pk}/out/")
    assert leaving.get("/accounts/keys/").status_code == 302
    assert chain.by(leaving.user).count() == before
    assert leaving.user.grants.exists()
    text = administrator.post(f"/people/{leaving.user.pk}/back/").content.decode()
    assert "/join/" in text


@pytest.mark.parametrize("role", [role for role in Role.values if role != Role.ADMINISTRATOR])
def test_nobody_else_changes_people(person, role, team):
    actor, user = person(role), person()
    for change in (
        lambda: people.create(actor, username="x2", name="", lang=""),
        lambda: people.grant(actor, user, Role.AUDITOR, None),
        lambda: people.put_out(actor, user),
        lambda: people.invite_again(actor, user),
        lambda: people.end_sessions(actor, user),
        lambda: people.create_team(actor, "팀"),
        lambda: tokens.machine_named(actor, "m1", team),
    ):
        with pytest.raises(PermissionDenied):
            change()


def test_an_unlocked_screen_is_not_enough(signed_in):
    """Signed in, but no key shown within minutes: every change asks for it first."""
    browser = signed_in(Role.ADMINISTRATOR)
    answer = browser.post("/people/add/", {"username": "newcomer", "name": "x"})
    assert answer["Location"].startswith("/accounts/keys/confirm/")
    assert not User.objects.filter(username="newcomer").exists()


def test_a_token_is_made_shown_once_and_ended(administrator, team):
    day = (timezone.localdate() + timedelta(days=30)).isoformat()
    asked = {"name": "collector", "team": team.pk, "right": ["read"], "expires_on": day}
    text = administrator.post("/people/tokens/add/", asked).content.decode()
    token = re.search(r"jikim_[\w-]{43}", text).group()
    assert tokens.find(token).user.has_role(Role.MACHINE, team=team)
    assert token not in administrator.get("/people/").content.decode()
    administrator.post(f"/people/tokens/{tokens.find(token).pk}/end/")
    assert tokens.find(token) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"right": []},
        {"right": ["all"]},
        {"expires_on": "2020-01-01"},
        {"expires_on": "2999-01-01"},
        {"team": ""},
        {"name": "a b"},
    ],
)
def test_a_token_that_cannot_be_is_said(administrator, team, changed):
    day = (timezone.localdate() + timedelta(days=30)).isoformat()
    asked = {"name": "collector", "team": team.pk, "right": ["read"], "expires_on": day, **changed}
    assert 'role="alert"' in administrator.post("/people/tokens/add/", asked, follow=True).content.decode()
    assert not Token.objects.exists()


def test_a_person_is_no_machine(administrator, team, person):
    someone = person(Role.REVIEWER, name="someone")
    with pytest.raises(BadAsk):
        tokens.machine_named(administrator.user, someone.username, team)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_administrators_who_put_each_other_out_at_once_leave_one(django_db_setup, django_db_blocker, tmp_path, kind):
    with ExitStack() as stack:
        stack.enter_context(django_db_blocker.unblock())
        stack.enter_context(own_head())
        options = sqlite(tmp_path / "desk.sqlite") if kind == "sqlite" else postgres(*stack.enter_context(postgresql()))
        with as_default(options):
            call_command("migrate", verbosity=0)
            pair = [User.objects.create_user(name) for name in ("one", "two")]
            Grant.objects.bulk_create([Grant(user=user, role=Role.ADMINISTRATOR) for user in pair])
        start, ends = threading.Barrier(2), []

        def put_out(actor, user):
            with as_default(options):
                start.wait(10)
                try:
                    people.put_out(actor, user)
                    ends.append("done")
                except (BadAsk, PermissionDenied):
                    ends.append("refused")

        threads = [threading.Thread(target=put_out, args=order) for order in (pair, pair[::-1])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(ends) == ["done", "refused"]
        with as_default(options):
            assert User.objects.filter(is_active=True, grants__role=Role.ADMINISTRATOR).count() == 1


def test_the_audit_page_shows_who_did_what_and_verifies_and_exports(signed_in, administrator, team):
    administrator.post("/people/add/", {"username": "newcomer", "name": "김하나", "role": "reviewer", "team": team.pk})
    auditor = signed_in(Role.AUDITOR)
    text = auditor.get("/audit/", headers={"accept-language": "ko"}).content.decode()
    assert "권한 변경" in text
    user = User.objects.get(username="newcomer")
    about = auditor.get(f"/audit/?subject=person:{user.pk}").content.decode()
    assert about.count("<tr>") == 3
    assert auditor.get(f"/audit/?person={administrator.user.pk}&action=rights").content.decode().count("<tr>") == 2
    for odd in ("?order=-at", "?after=x", "?person=x", "?subject=" + "x" * 3000):
        assert auditor.get(f"/audit/{odd}").status_code == 200
    assert auditor.post("/audit/verify/").status_code == 200


def test_teams_have_names_of_their_own(administrator):
    for name in ("새 팀", "새 팀", "", "   "):
        administrator.post("/people/teams/add/", {"name": name})
    assert Team.objects.filter(name="새 팀").count() == 1
    assert not Team.objects.filter(name__in=["", "   "]).exists()
    assert Grant.objects.count() == 1
