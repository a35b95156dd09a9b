"""From a link to a sign-in with two factors, and everything that must not get anybody in."""

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.test import Client
from django.utils import timezone

from jikim_desk import flows
from jikim_desk.accounts import people
from jikim_desk.accounts.models import Grant, Invitation, Role, User
from jikim_desk.audit.models import Entry
from jikim_desk.config import jikim_config

PASSWORD = "말이 배터리를 정확히 스테이플러"


def code_now(secret):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


@pytest.fixture(autouse=True)
def engine(db):
    """The tables of the job engine, which the first page reads."""
    flows.prepare()


@pytest.fixture
def administrator(person):
    return person(Role.ADMINISTRATOR, name="admin")


@pytest.fixture
def newcomer(administrator, team):
    """Somebody who was just made, and the secret of their link."""
    user, secret = people.create(administrator, username="newcomer", name="김하나", lang="")
    people.grant(administrator, user, Role.REVIEWER, team)
    return user, secret


@pytest.fixture
def with_app(administrator, team):
    """Somebody who signs in with a password and an app."""
    user, _ = people.create(administrator, username="appuser", name="이두리", lang="")
    people.grant(administrator, user, Role.REVIEWER, team)
    user.set_password(PASSWORD)
    user.save()
    user.secret = generate_totp_secret()
    TOTP.activate(user, user.secret)
    return user


def sign_in(browser, user, *, password=PASSWORD, code=None):
    browser.post("/accounts/login/", {"login": user.username, "password": password})
    return browser.post("/accounts/keys/authenticate/", {"code": code or code_now(user.secret)})


@pytest.mark.django_db(transaction=True)
def test_a_newcomer_sets_up_a_password_and_an_app_and_starts(newcomer):
    user, secret = newcomer
    browser = Client()
    assert "김하나" in browser.get(f"/join/{secret}/").content.decode()
    assert browser.post(f"/join/{secret}/")["Location"] == "/enrol/"
    assert browser.get("/")["Location"] == "/enrol/"

    browser.post("/accounts/password/set/", {"password1": PASSWORD, "password2": PASSWORD})
    page = browser.get("/accounts/app/activate/").content.decode()
    assert "<svg" in page
    secret = re.search(r"<code>([A-Z2-7]+)</code>", page).group(1)
    answer = browser.post("/accounts/app/activate/", {"code": code_now(secret)})
    assert answer["Location"] == "/accounts/codes/"
    codes = re.findall(r"<li><code>([\w-]+)</code>", browser.get("/accounts/codes/").content.decode())
    assert len(codes) == 10
    assert browser.get("/").status_code == 200
    assert not re.findall(r"<li><code>", browser.get("/accounts/codes/").content.decode())

    browser.post("/accounts/logout/")
    user.secret = secret
    again = Client()
    assert sign_in(again, user)["Location"] == "/"
    assert again.get("/").status_code == 200

    with_code = Client()
    assert sign_in(with_code, user, code=codes[0])["Location"] == "/"
    used_twice = Client()
    assert sign_in(used_twice, user, code=codes[0]).status_code == 200
    assert used_twice.get("/").status_code == 302


def test_opening_the_link_does_not_use_it_up_but_the_button_does(newcomer):
    _, secret = newcomer
    for _ in range(3):
        assert Client().get(f"/join/{secret}/").status_code == 200
    assert Client().post(f"/join/{secret}/").status_code == 302
    assert Client().get(f"/join/{secret}/").status_code == 410
    assert Client().post(f"/join/{secret}/").status_code == 410


def test_a_link_of_two_days_ago_or_of_somebody_put_out_no_longer_works(newcomer, administrator):
    user, secret = newcomer
    assert Client().get("/join/nobody-made-this/").status_code == 410
    Invitation.objects.update(expires_at=timezone.now())
    assert Client().post(f"/join/{secret}/").status_code == 410
    secret = people.invite_again(administrator, user)
    people.put_out(administrator, user)
    assert Client().post(f"/join/{secret}/").status_code == 410


def test_only_the_hash_of_a_link_is_kept(newcomer):
    _, secret = newcomer
    assert secret not in str(list(Invitation.objects.values()))


def test_a_password_alone_lets_nobody_in(with_app):
    browser = Client()
    answer = browser.post("/accounts/login/", {"login": with_app.username, "password": PASSWORD})
    assert answer["Location"].startswith("/accounts/keys/authenticate/")
    assert browser.get("/").status_code == 302
    assert browser.post("/accounts/keys/authenticate/", {"code": "000000"}).status_code == 200
    assert browser.get("/")["Location"].startswith("/accounts/login/")


def test_who_has_no_second_factor_yet_sees_nothing_but_the_way_to_one(newcomer, team):
    user, _ = newcomer
    user.set_password(PASSWORD)
    user.save()
    browser = Client()
    browser.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    assert browser.get("/")["Location"] == "/enrol/"
    assert browser.get("/enrol/").status_code == 200


def test_five_wrong_passwords_pause_signing_in_even_with_the_right_one(with_app):
    browser = Client()
    for _ in range(5):
        last = browser.post("/accounts/login/", {"login": with_app.username, "password": "wrong"})
    assert last.status_code == 429
    assert browser.post("/accounts/login/", {"login": with_app.username, "password": PASSWORD}).status_code == 429


def test_wrong_codes_pause_signing_in_too(with_app):
    browser = Client()
    browser.post("/accounts/login/", {"login": with_app.username, "password": PASSWORD})
    for _ in range(5):
        browser.post("/accounts/keys/authenticate/", {"code": "000000"})
    browser.post("/accounts/keys/authenticate/", {"code": code_now(with_app.secret)})
    assert browser.get("/").status_code == 302


def test_nobody_signs_up(client, db):
    for path in ("/accounts/signup/", "/accounts/password/reset/", "/accounts/email/", "/accounts/3rdparty/"):
        assert client.get(path).status_code == 404


def test_secrets_of_apps_and_codes_are_sealed_in_the_database(with_app):
    kept = str(list(Authenticator.objects.filter(user=with_app).values("data")))
    assert with_app.secret not in kept


def test_the_last_way_in_cannot_be_removed(with_app):
    browser = Client()
    sign_in(browser, with_app)
    answer = browser.post("/accounts/app/deactivate/")
    assert answer.status_code == 200
    assert Authenticator.objects.filter(user=with_app, type="totp").exists()


def test_sign_ins_and_failures_are_on_record_without_names(with_app):
    before = Entry.objects.count()
    browser = Client()
    browser.post("/accounts/login/", {"login": with_app.username, "password": "wrong"})
    sign_in(browser, with_app)
    browser.post("/accounts/logout/")
    entries = Entry.objects.filter(number__gt=before)
    assert [entry.action for entry in entries] == ["sign_in_failed", "sign_in", "sign_out"]
    assert with_app.username not in str([(entry.actor, entry.subject, entry.facts) for entry in entries])


@pytest.mark.parametrize(
    ("page", "word"), [("/accounts/login/", "보안 키로 로그인"), ("/accounts/login/", "인증 앱으로 한 번 더")]
)
def test_the_first_page_asks_for_a_key_before_a_password(client, db, page, word):
    text = client.get(page, headers={"accept-language": "ko"}).content.decode()
    assert word in text
    assert text.index("passkey_login") < text.index('type="password"')


def test_pages_of_signing_in_are_complete_english(newcomer):
    _, secret = newcomer
    browser = Client(headers={"accept-language": "en"})
    browser.get("/accounts/login/")
    browser.post(f"/join/{secret}/")
    for path in ("/enrol/", "/accounts/keys/add/", "/accounts/password/set/", "/accounts/app/activate/", "/accounts/keys/"):
        text = browser.get(path).content.decode()
        assert '<html lang="en">' in text, path
        assert not re.search("[가-힣]", text.replace("김하나", "").replace("한국어", "")), path


def test_a_recovered_person_keeps_their_rights_and_history_but_not_their_keys(with_app, administrator):
    browser = Client()
    sign_in(browser, with_app)
    assert browser.get("/").status_code == 200
    secret = people.invite_again(administrator, with_app)
    assert browser.get("/").status_code == 302
    assert not Authenticator.objects.filter(user=with_app).exists()
    assert Grant.objects.filter(user=with_app).exists()
    again = Client()
    again.post(f"/join/{secret}/")
    assert again.get("/")["Location"] == "/enrol/"
    assert User.objects.get(pk=with_app.pk).is_active


def test_a_lost_key_is_said_and_destroys_nothing(with_app):
    """Without the key of sealed fields nobody's app can be checked: the page says which file to restore; all is as it was."""
    path = jikim_config().home / "keys" / "fields"
    kept, before = path.read_bytes(), list(Authenticator.objects.values("pk", "data"))
    browser = Client(raise_request_exception=False, headers={"accept-language": "en"})
    try:
        path.unlink()
        answer = sign_in(browser, with_app)
        assert answer.status_code == 503
        assert "keys/fields" in answer.content.decode()
        assert not path.exists()
    finally:
        path.write_bytes(kept)
        path.chmod(0o600)
    assert list(Authenticator.objects.values("pk", "data")) == before
    assert sign_in(Client(), with_app)["Location"] == "/"
