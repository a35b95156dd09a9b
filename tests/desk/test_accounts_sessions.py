"""A session ends when it should, and what is stolen, forged or too big gets nowhere."""

import json
import time

import pytest
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jikim_desk.accounts import people, sessions
from jikim_desk.accounts.models import Role
from jikim_desk.audit.models import Entry
from jikim_desk.config import desk_config

PAGE = "/accounts/keys/"
"""A page that everybody has."""


@pytest.fixture
def clock(monkeypatch):
    """The clock of the server, as it is read for sessions: `clock.now += 60`."""

    class Clock:
        now = time.time()

    monkeypatch.setattr(sessions.time, "time", lambda: Clock.now)
    return Clock


@pytest.fixture
def browser(clock, signed_in):
    return signed_in(Role.REVIEWER)


def is_in(browser, **kwargs):
    return browser.get(PAGE, **kwargs).status_code == 200


def reason(browser):
    return Entry.objects.filter(action="session_ended").last().facts


def test_it_lasts_while_somebody_works_and_ends_when_idle(browser, clock):
    for _ in range(5):
        clock.now += desk_config().idle_minutes * 60 - 5
        assert is_in(browser)
    clock.now += desk_config().idle_minutes * 60 + 5
    assert not is_in(browser)
    assert "idle" in reason(browser)
    said = browser.get("/accounts/login/", headers={"accept-language": "ko"}).content.decode()
    assert "한동안 사용하지 않아" in said
    assert "한동안 사용하지 않아" not in browser.get("/accounts/login/").content.decode()


def test_a_page_that_asks_by_itself_does_not_keep_it_alive(browser, clock):
    for _ in range(12):
        clock.now += desk_config().idle_minutes * 6
        last = is_in(browser, headers={"X-Poll": "1"})
    assert not last


def test_it_ends_after_its_hours_however_busy(browser, clock):
    began = clock.now
    while clock.now - began < desk_config().session_hours * 3600:
        assert is_in(browser)
        clock.now += 1200
    clock.now += 1
    assert not is_in(browser)
    assert "over" in reason(browser)


def test_a_clock_set_back_ends_it(browser, clock):
    clock.now += 1000
    assert is_in(browser)
    clock.now -= 900
    assert not is_in(browser)
    assert "clock" in reason(browser)


def test_a_clock_that_is_trimmed_a_little_does_not(browser, clock):
    clock.now += 1000
    assert is_in(browser)
    clock.now -= 60
    assert is_in(browser)


def test_a_cookie_in_another_browser_ends_it_for_both(clock, signed_in):
    owner = signed_in(Role.REVIEWER)
    thief = Client(headers={"user-agent": "another browser"})
    thief.cookies["sessionid"] = owner.cookies["sessionid"].value
    assert not is_in(thief)
    assert not is_in(owner)
    assert "browser" in reason(owner)


def test_a_made_up_or_forged_cookie_is_nobody(db):
    for value in ("x" * 32, "", "../../etc/passwd", "0" * 5000):
        client = Client()
        client.cookies["sessionid"] = value
        assert not is_in(client)


def test_signing_in_gives_a_new_session_key(person):
    client = Client()
    client.get("/accounts/login/")
    user = person(Role.REVIEWER)
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    client.cookies["sessionid"] = planted = session.session_key
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.session.session_key != planted


def test_one_call_ends_every_session_of_a_person_and_of_nobody_else(signed_in, person):
    first, other, administrator = signed_in(Role.REVIEWER), signed_in(Role.REVIEWER), person(Role.ADMINISTRATOR)
    second = Client()
    second.force_login(first.user, backend="django.contrib.auth.backends.ModelBackend")
    people.end_sessions(administrator, first.user)
    assert not is_in(first)
    assert not is_in(second)
    assert is_in(other)


def test_a_changed_password_ends_the_other_sessions(signed_in):
    here = signed_in(Role.REVIEWER)
    elsewhere = Client()
    elsewhere.force_login(here.user, backend="django.contrib.auth.backends.ModelBackend")
    new = "아주 긴 새 비밀번호 하나"
    here.post("/accounts/password/change/", {"oldpassword": "correct horse battery", "password1": new, "password2": new})
    assert is_in(here)
    assert not is_in(elsewhere)


def test_a_forged_form_is_refused_on_every_page_that_changes_something(signed_in):
    administrator = signed_in(Role.ADMINISTRATOR)
    administrator.handler.enforce_csrf_checks = True
    for path in ("/people/add/", "/people/1/out/", "/accounts/logout/", "/accounts/sessions/end/", "/people/tokens/add/"):
        answer = administrator.post(path, {"username": "intruder"})
        assert answer.status_code == 403
    assert is_in(administrator)


def test_ten_megabytes_are_refused_before_they_are_read_into_a_form(client, signed_in):
    big = "x" * 10 * 2**20
    assert (
        client.post("/accounts/login/", {"login": big, "password": "p"}, "application/x-www-form-urlencoded").status_code == 413
    )
    body = "name=" + big
    answer = signed_in(Role.ADMINISTRATOR).post("/people/teams/add/", body, "application/x-www-form-urlencoded")
    assert answer.status_code == 413
    many = "&".join(f"a{number}=1" for number in range(5000))
    assert client.post("/accounts/login/", many, "application/x-www-form-urlencoded").status_code == 400


def test_cookies_are_for_this_desk_alone_and_no_script(client, person):
    person(Role.REVIEWER, name="someone")
    answer = client.post("/accounts/login/", {"login": "someone", "password": "correct horse battery"})
    cookie = answer.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert "unsafe" not in answer["Content-Security-Policy"]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(login=st.text(max_size=300), password=st.text(max_size=300), code=st.text(max_size=100))
def test_whatever_is_typed_at_the_door_is_answered_calmly(client, db, login, password, code):
    cache.clear()
    nul = {400} if "\0" in login + password else {200, 429}
    assert client.post("/accounts/login/", {"login": login, "password": password}).status_code in nul
    assert client.post("/accounts/keys/authenticate/", {"code": code}).status_code == (400 if "\0" in code else 302)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    credential=st.one_of(
        st.text(max_size=60),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=10),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["id", "rawId", "response", "userHandle", "clientDataJSON", "type"]), inner, max_size=6
                )
            ),
            max_leaves=8,
        ).map(json.dumps),
    )
)
def test_whatever_is_sent_as_a_security_key_is_answered_calmly(client, signed_in, credential):
    cache.clear()
    client.get("/accounts/keys/login/", headers={"accept": "application/json"})
    assert client.post("/accounts/keys/login/", {"credential": credential}).status_code == 302
    own = getattr(client, "own", None) or signed_in(Role.REVIEWER)
    client.own = own
    own.get("/accounts/keys/add/")
    assert own.post("/accounts/keys/add/", {"credential": credential, "name": "k"}).status_code in (200, 302)


def test_a_nul_is_refused_on_every_page(signed_in):
    administrator = signed_in(Role.ADMINISTRATOR)
    assert administrator.get("/people/?x=%00").status_code == 400
    assert administrator.post("/people/teams/add/", {"name": "a\0b"}).status_code == 400
    assert administrator.post("/people/teams/add/", {"na\0me": "b"}).status_code == 400
    assert Client().get("/join/%00/").status_code == 400
