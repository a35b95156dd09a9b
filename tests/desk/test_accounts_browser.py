"""Signing in as people do: a real browser, a virtual security key, no script from anywhere else."""

import re
import time
from contextlib import contextmanager

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value

from jikim_desk import flows
from jikim_desk.accounts import people
from jikim_desk.accounts.models import Grant, Role, Team, User
from tests.desk.chromium import in_browser, looked_at

PASSWORD = "말이 배터리를 정확히 스테이플러"
pytestmark = in_browser


@pytest.fixture
def desk(transactional_db, live_server):
    flows.prepare()
    administrator, secret = people.create_first(username="admin", name="관리자", lang="")
    team = Team.objects.create(name="삭제지원팀")
    Grant.objects.create(user=administrator, role=Role.REVIEWER, team=team)
    return f"http://localhost:{live_server.thread.port}", secret


@contextmanager
def page_of(chromium, lang="ko-KR", scheme="light", key=True, has_pin=True):
    """A page in a browser of its own with a security key in it, and what its console complained about."""
    context = chromium.new_context(locale=lang, color_scheme=scheme, viewport={"width": 1100, "height": 800})
    page = context.new_page()
    page.complaints = []
    page.asked = set()
    page.on("console", lambda message: page.complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda request: page.asked.add(re.sub(r"^(\w+://[^/]*).*", r"\1", request.url)))
    if key:
        devtools = context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2", "transport": "usb", "hasResidentKey": has_pin, "hasUserVerification": has_pin,
            "isUserVerified": has_pin, "automaticPresenceSimulation": True,
        }  # fmt: skip
        devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    yield page
    context.close()


@pytest.mark.parametrize(("lang", "scheme"), [("ko-KR", "light"), ("en-GB", "dark")])
def test_from_the_link_to_work_with_a_security_key_alone(chromium, desk, lang, scheme):
    address, secret = desk
    with page_of(chromium, lang, scheme) as page:
        page.goto(f"{address}/join/{secret}/")
        looked_at(page, f"join-{lang}")
        page.locator("form button.primary").click()
        page.wait_for_url("**/enrol/")
        looked_at(page, f"enrol-{lang}")
        page.locator("a.button.primary").click()
        page.wait_for_selector("#mfa_webauthn_add")
        looked_at(page, f"add-key-{lang}")
        page.locator("#mfa_webauthn_add").click()
        page.wait_for_url("**/accounts/codes/")
        assert page.locator(".codes li").count() == 10
        looked_at(page, f"codes-{lang}")
        page.locator("a.button.primary").click()
        page.locator("a.button.primary").click()
        page.wait_for_url(f"{address}/")
        page.goto(f"{address}/accounts/keys/")
        looked_at(page, f"my-security-{lang}")

        page.goto(f"{address}/accounts/logout/")
        page.locator("main form button.primary").click()
        page.wait_for_url("**/accounts/login/**")
        looked_at(page, f"sign-in-{lang}")
        page.locator("#passkey_login").click()
        page.wait_for_url(f"{address}/")

        page.goto(f"{address}/people/")
        looked_at(page, f"people-{lang}")
        page.fill("#username", "newcomer")
        page.fill("#name", "김하나")
        page.locator("form[action='/people/add/'] button").click()
        page.wait_for_selector("#secret")
        assert "/join/" in page.locator("#secret").input_value()
        looked_at(page, f"link-{lang}")
        Grant.objects.create(user=User.objects.get(username="admin"), role=Role.AUDITOR)
        page.goto(f"{address}/audit/")
        looked_at(page, f"audit-{lang}")
        page.locator("form[action='/audit/verify/'] button").click()
        page.wait_for_url("**/audit/verify/")
        looked_at(page, f"audit-verdict-{lang}")
        for name in ("rights", f"people/{User.objects.get(username='newcomer').pk}"):
            page.goto(f"{address}/{name}/")
            looked_at(page, f"{name.partition('/')[0]}-page-{lang}")
        assert page.complaints == []
        assert page.asked == {address}
    assert not User.objects.get(username="admin").has_usable_password()


def test_a_sensitive_act_asks_for_the_key_again_and_then_goes_on_by_itself(chromium, desk, monkeypatch):
    from django.test import override_settings

    address, secret = desk
    with page_of(chromium) as page:
        page.goto(f"{address}/join/{secret}/")
        page.locator("form button.primary").click()
        page.locator("a.button.primary").click()
        page.locator("#mfa_webauthn_add").click()
        page.wait_for_url("**/accounts/codes/")
        with override_settings(ACCOUNT_REAUTHENTICATION_TIMEOUT=0):
            page.goto(f"{address}/people/")
            page.fill("#team_name", "새 팀")
            page.locator("form[action='/people/teams/add/'] button").click()
            page.wait_for_selector("#mfa_webauthn_reauthenticate")
            looked_at(page, "confirm")
            assert not Team.objects.filter(name="새 팀").exists()
        page.locator("#mfa_webauthn_reauthenticate").click()
        page.wait_for_url("**/people/**")
        assert Team.objects.filter(name="새 팀").exists()
        assert page.complaints == []


def test_a_key_is_not_asked_for_before_the_script_that_asks_is_there(chromium, desk):
    address, secret = desk
    with page_of(chromium) as page:
        page.goto(f"{address}/join/{secret}/")
        page.locator("form button.primary").click()
        page.wait_for_url("**/enrol/")
        held = []
        page.route("**/mfa/js/webauthn.js", lambda route: held.append(route))
        with page.expect_request("**/mfa/js/webauthn.js"):
            page.goto(f"{address}/accounts/keys/add/", wait_until="commit")
        button = page.locator("#mfa_webauthn_add")
        button.wait_for()
        assert button.is_disabled()
        held[0].continue_()
        button.click()
        page.wait_for_url("**/accounts/codes/")
        assert page.complaints == []


def test_a_key_that_is_refused_is_said_in_words(chromium, desk):
    address, _ = desk
    with page_of(chromium, key=False) as page:
        devtools = page.context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        page.goto(f"{address}/accounts/login/")
        options = {
            "protocol": "ctap2",
            "transport": "usb",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": False,
        }
        devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        page.locator("#passkey_login").click()
        page.wait_for_selector("#key-failed:not([hidden])")
        assert "다시 시도하세요" in page.locator("#key-failed").inner_text()
        looked_at(page, "key-failed")


def test_without_script_a_password_and_an_app_still_work(chromium, desk):
    address, _ = desk
    user = User.objects.get(username="admin")
    user.set_password(PASSWORD)
    user.save()
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    context = chromium.new_context(java_script_enabled=False, locale="ko-KR")
    page = context.new_page()
    page.goto(f"{address}/accounts/login/")
    page.fill("#id_login", "admin")
    page.fill("#id_password", PASSWORD)
    page.locator("form[action='/accounts/login/'] button").click()
    page.wait_for_url("**/accounts/keys/authenticate/**")
    page.fill("#id_code", format_hotp_value(hotp_value(secret, int(time.time()) // 30)))
    page.get_by_role("button", name="확인").click()
    page.wait_for_url(f"{address}/")
    context.close()


def test_an_app_is_set_up_from_the_picture(chromium, desk):
    address, secret = desk
    with page_of(chromium, key=False) as page:
        page.goto(f"{address}/join/{secret}/")
        page.locator("form button.primary").click()
        page.goto(f"{address}/accounts/password/set/")
        page.fill("#id_password1", PASSWORD)
        page.fill("#id_password2", PASSWORD)
        page.locator("form button.primary").click()
        page.wait_for_url("**/enrol/")
        page.goto(f"{address}/accounts/app/activate/")
        assert page.locator(".qr svg").bounding_box()["width"] > 100
        looked_at(page, "app")
        app = page.locator("dd code").inner_text()
        page.fill("#id_code", format_hotp_value(hotp_value(app, int(time.time()) // 30)))
        page.locator("form button.primary").click()
        page.wait_for_url("**/accounts/codes/")
        assert page.complaints == []
