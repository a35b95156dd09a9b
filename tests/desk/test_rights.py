"""Every address x every role: what is declared is what is answered, and what is not declared is refused to everybody."""

import uuid
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import get_resolver, path
from django.utils import timezone

from jikim_desk import flows
from jikim_desk.accounts import tokens
from jikim_desk.accounts.models import Role, TokenRight
from jikim_desk.accounts.rights import EVERYONE
from jikim_desk.accounts.tokens import API
from jikim_desk.console import rights_page, urls

ADDRESSES = sorted(rights_page.addresses_of(), key=lambda address: address.route)
PAGES = [address for address in ADDRESSES if not address.route.startswith(API)]
FOR_MACHINES = [address for address in ADDRESSES if address.route.startswith(API)]
NOBODYS = {"int": "999999", "str": "nobodys", "slug": "nobodys", "uuid": str(uuid.UUID(int=1)), "path": "nobodys"}
"""Names of things that are not there: whoever may ask hears 404, whoever may not hears 403."""


@pytest.fixture(scope="module", autouse=True)
def engine():
    """The tables of the job engine, which pages read."""
    flows.prepare()


def address_of(place):
    parts = []
    for part in place.route.split("/"):
        if part.startswith("<"):
            part = NOBODYS[part.strip("<>").partition(":")[0] if ":" in part else "str"]
        parts.append(part)
    return "/".join(parts)


def answers(client, place, user=None):
    """What GET and POST are answered, signed in anew each time: some of these views sign one out."""
    for method in (client.get, client.post):
        if user is not None:
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        yield method(address_of(place))


def is_sent_to_sign_in(answer):
    return answer.status_code == 302 and answer["Location"].startswith("/accounts/login/?next=")


def test_there_is_something_to_walk():
    assert len(PAGES) > 30


@pytest.mark.parametrize("place", ADDRESSES, ids=lambda place: place.route)
def test_every_address_says_who_may_open_it(place):
    assert place.roles, f"{place.route} declares nobody: put @allow(...) or @public on its view"
    assert place.roles == EVERYONE or place.roles <= set(Role.values)
    assert place.name
    assert place.what, f"put the words {place.what_key} beside the others"
    assert place.family in rights_page.FAMILIES


@pytest.mark.parametrize("role", Role.values)
def test_pages_answer_each_role_as_declared(person, role):
    user, client = person(role), Client()
    wrong = []
    for place in PAGES:
        may = place.is_public or role in place.roles
        for answer in answers(client, place, user):
            refused = answer.status_code == 403 or is_sent_to_sign_in(answer)
            if answer.status_code >= 500 or refused == may:
                wrong.append((place.route, answer.request["REQUEST_METHOD"], answer.status_code))
    assert wrong == []


def test_somebody_without_any_role_is_refused_everywhere_but_where_everybody_may(person):
    user, client = person(), Client()
    for place in PAGES:
        for answer in answers(client, place, user):
            assert place.is_public or answer.status_code == 403, place.route


def test_who_is_not_signed_in_is_sent_to_sign_in_everywhere_but_where_everybody_may(db):
    client = Client()
    for place in PAGES:
        for answer in answers(client, place):
            assert is_sent_to_sign_in(answer) != place.is_public, (place.route, answer.status_code)
            assert answer.status_code < 500, place.route


def test_somebody_who_was_put_out_is_nobody(person):
    user, client = person(Role.ADMINISTRATOR), Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/people/").status_code == 200
    user.is_active = False
    user.save()
    assert is_sent_to_sign_in(client.get("/people/"))


def token_of(person, team, *rights):
    administrator = person(Role.ADMINISTRATOR)
    machine = tokens.machine_named(administrator, f"machine{uuid.uuid4().hex[:6]}", team)
    return tokens.issue(administrator, machine, "test", rights, timezone.now() + timedelta(days=1))


@pytest.mark.parametrize("role", Role.values)
def test_a_browsers_session_is_no_key_to_the_api(person, role):
    user, client = person(role), Client()
    for place in FOR_MACHINES:
        for answer in answers(client, place, user):
            assert (answer.status_code == 401) != place.is_public, place.route


@pytest.mark.parametrize("right", TokenRight.values)
def test_the_api_answers_each_right_of_a_token_as_declared(person, team, right):
    client = Client(headers={"authorization": f"Bearer {token_of(person, team, right)}"})
    for place in FOR_MACHINES:
        may = place.is_public or (Role.MACHINE in place.roles and (not place.token_right or place.token_right == right))
        for answer in answers(client, place):
            assert answer.status_code < 500
            assert answer.status_code != 401, place.route
            if not may or answer.status_code not in (404, 405):
                assert (answer.status_code == 403) != may, (place.route, answer.status_code)


@pytest.mark.parametrize("text", ["", "nonsense", "jikim_" + "x" * 43, "x" * 5000, "한글"])
def test_a_token_that_nobody_issued_opens_nothing(db, text):
    for place in FOR_MACHINES:
        answer = Client(headers={"authorization": f"Bearer {text}".encode().decode("latin-1")}).get(address_of(place))
        assert answer.status_code == 401


def test_a_nul_in_the_json_of_a_machine_is_refused(person, team):
    client = Client(headers={"authorization": f"Bearer {token_of(person, team, TokenRight.INTAKE)}"})
    sent = {"addresses": ["https://example.org/a"], "case": "a\0b"}
    assert client.post("/api/v1/addresses", sent, "application/json").status_code == 400


def test_a_token_opens_no_page(person, team):
    client = Client(headers={"authorization": f"Bearer {token_of(person, team, *TokenRight.values)}"})
    assert is_sent_to_sign_in(client.get("/"))


@pytest.mark.parametrize("end", ["ended", "expired", "put out"])
def test_a_token_that_has_ended_opens_nothing(person, team, end):
    text = token_of(person, team, TokenRight.READ)
    found = tokens.find(text)
    assert found is not None
    if end == "ended":
        tokens.end(person(Role.ADMINISTRATOR), found)
    elif end == "expired":
        type(found).objects.filter(pk=found.pk).update(expires_at=timezone.now())
    else:
        type(found.user).objects.filter(pk=found.user.pk).update(is_active=False)
    assert tokens.find(text) is None


def test_only_the_hash_of_a_token_is_kept(person, team):
    text = token_of(person, team, TokenRight.READ)
    assert text not in str(list(type(tokens.find(text)).objects.values()))


def undeclared(request):
    return HttpResponse("open to all")


class Desk:
    """The desk's addresses and one that declares nothing."""

    handler403 = urls.handler403
    urlpatterns = (*urls.urlpatterns, path("undeclared/", undeclared, name="undeclared"))


@pytest.mark.parametrize("role", Role.values)
def test_a_view_that_declares_nothing_is_open_to_nobody_and_found(signed_in, role):
    with override_settings(ROOT_URLCONF=Desk):
        assert signed_in(role).get("/undeclared/").status_code == 403
        found = [place for place in rights_page.addresses_of(get_resolver(Desk).url_patterns) if not place.roles]
    assert [place.route for place in found] == ["/undeclared/"]


def test_the_page_of_rights_lists_every_address(signed_in):
    text = signed_in(Role.AUDITOR).get("/rights/").content.decode().replace("&lt;", "<").replace("&gt;", ">")
    for place in ADDRESSES:
        assert f">{place.route}</code>" in text
