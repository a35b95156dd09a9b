"""The page of a host with what a look-up found can be used by everybody, in a real browser."""

import pytest
from django.utils import timezone

from jikim_desk.notices import hosts
from jikim_desk.notices.lookups.models import Lookup, LookupState
from jikim_desk.notices.models import Host
from tests.desk.chromium import in_browser, looked_at
from tests.desk.test_pages_browser import window  # noqa: F401 - a fixture

pytestmark = in_browser

ANSWERS = {
    "security_txt": {
        "state": "found",
        "mailboxes": ["security@board.example"],
        "forms": ["https://board.example/a/rather/long/address/of/a/form/that/has/to/break?somewhere=inside"],
        "languages": ["ja"],
        "expires": "2020-01-01T00:00:00+00:00",
        "is_signed": True,
        "peer_ip": "192.0.2.7",
        "headers": {},
    },
    "domain": {
        "state": "found",
        "name": "board.example",
        "registrar": "Test Registrar, Inc.",
        "registrar_id": "9999",
        "abuse": "abuse@registrar.example",
        "server": "rdap.example",
    },
    "network": {"state": "failed", "key": "fetching.status", "params": {"where": "https://rdap.example/ip/x", "status": 503}},
}


@pytest.fixture
def host(window):  # noqa: F811
    kept = hosts.keep(window.lead, "board.example")
    now = timezone.now()
    lookup = Lookup(host=kept, asked_at=now, done_at=now, state=LookupState.DONE, tries=2)
    lookup.answers = ANSWERS
    lookup.save(force_insert=True)
    return kept


@pytest.mark.parametrize(("lang", "scheme", "width"), [("ko", "light", 1280), ("en", "dark", 1280), ("ko", "light", 320)])
def test_what_was_found_is_read_chosen_and_taken_over(window, host, lang, scheme, width):  # noqa: F811
    page = window(lang, scheme, width)
    page.goto(window.address("host", host.pk))
    looked_at(page, f"host-lookup-{lang}-{scheme}-{width}")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.locator("input[name=proposal][value^='registrar:']").check()
    page.get_by_role("button", name="Take over what is chosen" if lang == "en" else "고른 것을 반영").click()
    page.wait_for_load_state()
    assert Host.objects.get(pk=host.pk).behind == {"registrar": "registrar.example"}
    assert hosts.named("registrar.example").mailbox == "abuse@registrar.example"
    assert page.complaints == []
