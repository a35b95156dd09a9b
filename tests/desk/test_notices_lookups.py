"""Look-ups ask real servers, in the shapes that registries and hosts answer in; what they find are proposals for a person."""

import dataclasses
import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

from jikim import config
from jikim.config import Fetching
from jikim.fetching import SafeFetcher
from jikim.state import State
from jikim.vault import sweep_holder
from jikim_desk.accounts.models import Role
from jikim_desk.notices import evidence, hosts, rounds
from jikim_desk.notices.faults import BadLetter
from jikim_desk.notices.lookups import errands, proposing, rdap, security_txt
from jikim_desk.notices.lookups.models import Bootstrap, Lookup
from jikim_desk.notices.models import Host, Notice, Outcome
from jikim_desk.sealing import reference, vault
from tests.desk.removals import begun, set_desk

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def card(name, mailbox=None):
    rows = [["version", {}, "text", "4.0"], ["fn", {}, "text", name]]
    return ["vcard", rows + ([["email", {"type": "work"}, "text", mailbox]] if mailbox else [])]


def entity(role, name, mailbox=None, **more):
    return {"objectClassName": "entity", "roles": [role], "vcardArray": card(name, mailbox), **more}


DOMAIN = {
    "objectClassName": "domain",
    "ldhName": "BOARD.EXAMPLE",
    "rdapConformance": ["rdap_level_0"],
    "entities": [
        entity("registrant", "REDACTED FOR PRIVACY"),
        entity(
            "registrar",
            "Test Registrar, Inc.",
            publicIds=[{"type": "IANA Registrar ID", "identifier": "9999"}],
            entities=[entity("abuse", "Abuse", "abuse@registrar.example")],
        ),
    ],
}
NETWORK = {
    "objectClassName": "ip network",
    "handle": "NET-TEST-1",
    "name": "TESTNET",
    "country": "DE",
    "startAddress": "127.0.0.0",
    "entities": [
        entity("registrant", "Test Hosting GmbH", entities=[entity("abuse", "Abuse desk", "abuse@hosting.example")]),
    ],
}
SECURITY = (
    b"# who\nContact: mailto:security@board.example\nContact: https://board.example/report\n"
    b"Expires: 2027-01-01T00:00:00Z\nPreferred-Languages: ja, en\n"
)


class Stand:
    """A registry, its list of servers and a host, on one loopback server."""

    def __init__(self):
        stand = self
        self.answers, self.asked = {}, []

        class Answering(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                stand.asked.append((self.path, self.headers.get("accept", "")))
                status, headers, body = stand.answers.get(self.path, (404, {}, b""))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self.at = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def gives(self, path, body, status=200, **headers):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers[path] = (status, {name.replace("_", "-"): value for name, value in headers.items()}, body)

    def paths(self):
        return [path for path, _ in self.asked if path != "/robots.txt"]


@pytest.fixture
def stand():
    made = Stand()
    made.gives("/lists/dns.json", {"version": "1.0", "services": [[["example", "kr"], [f"{made.at}/rdap"]]]})
    made.gives("/lists/ipv4.json", {"version": "1.0", "services": [[["127.0.0.0/8"], [f"{made.at}/rdap/"]]]})
    made.gives("/rdap/domain/board.example", DOMAIN)
    made.gives("/rdap/ip/127.0.0.1", NETWORK)
    made.gives("/.well-known/security.txt", SECURITY)
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def asking(stand):
    settings = Fetching(loopback_allowed=(stand.at.removeprefix("http://"),))
    with SafeFetcher(settings, vault(), sweep_holder(NOW.date()), retry_pauses_s=()) as fetcher:
        yield errands.Asking(fetcher, f"{stand.at}/lists/", lambda _: stand.at)


@pytest.fixture
def keeper(person):
    return person(Role.REVIEWER)


@pytest.fixture
def host(keeper):
    return hosts.keep(keeper, "board.example")


def looked_up(keeper, host, asking):
    return errands.go(errands.ask(keeper, host).pk, asking)


def offered(host, lookup, now=NOW):
    return {one.field: one for one in reversed(proposing.proposals(host, lookup.answers, errands.headers(host), now))}


def test_who_stands_behind_a_host_is_asked_and_proposed(stand, asking, keeper, host):
    lookup = looked_up(keeper, host, asking)
    assert {name: one["state"] for name, one in lookup.answers.items()} == dict.fromkeys(errands.WAYS, "found")
    assert (lookup.state, lookup.next_try_at) == ("done", None)
    found = offered(host, lookup)
    assert {name: (one.value, one.mailbox) for name, one in found.items()} == {
        "mailbox": ("security@board.example", ""),
        "form": ("https://board.example/report", ""),
        "lang": ("ja", ""),
        "registrar": ("registrar.example", "abuse@registrar.example"),
        "hosting": ("hosting.example", "abuse@hosting.example"),
        "law": ("dsa16", ""),
    }
    assert found["registrar"].detail == "Test Registrar, Inc."
    assert ("/rdap/domain/board.example", "application/rdap+json, application/json;q=0.9") in stand.asked
    guesses = [one for one in proposing.proposals(host, lookup.answers, {}, NOW) if one.is_guess]
    assert [one.value for one in guesses] == ["abuse@board.example"]


def test_nothing_counts_until_a_person_takes_it_over(asking, keeper, host):
    lookup = looked_up(keeper, host, asking)
    assert (Host.objects.get(pk=host.pk).mailbox, Host.objects.count()) == ("", 1)
    found = offered(host, lookup)
    proposing.take(keeper, host, list(found.values()), frozenset({found["hosting"].id, found["law"].id}))
    kept = Host.objects.get(pk=host.pk)
    assert (kept.law, kept.behind, kept.mailbox) == ("dsa16", {"hosting": "hosting.example"}, "")
    assert hosts.behind(kept, "hosting").mailbox == "abuse@hosting.example"
    assert "hosting" not in offered(kept, lookup)


def test_a_mailbox_that_a_person_entered_is_not_overwritten(asking, keeper, host):
    hosts.keep(keeper, "hosting.example", kind="hosting", mailbox="known@hosting.example")
    found = offered(host, looked_up(keeper, host, asking))
    proposing.take(keeper, host, list(found.values()), frozenset({found["hosting"].id}))
    assert hosts.named("hosting.example").mailbox == "known@hosting.example"


def test_what_a_person_entered_of_who_stands_behind_stays(asking, keeper, host):
    form = "https://hosting.example/report"
    hosts.keep(keeper, "hosting.example", kind="hosting", form=form, lang="ko", law="dsa16", is_hostile=True)
    found = offered(host, looked_up(keeper, host, asking))
    proposing.take(keeper, host, list(found.values()), frozenset({found["hosting"].id}))
    kept = hosts.named("hosting.example")
    assert (kept.mailbox, kept.form) == ("abuse@hosting.example", form)
    assert (kept.lang, kept.law, kept.is_hostile) == ("ko", "dsa16", True)


def test_two_of_one_kind_or_what_nobody_offers_is_not_taken(asking, keeper, host, person):
    lookup = looked_up(keeper, host, asking)
    every = proposing.proposals(host, lookup.answers, {}, NOW)
    two = frozenset(one.id for one in every if one.field == "mailbox")
    assert len(two) == 2
    for wanted in (two, frozenset(), frozenset({"mailbox:evil@x.example:"})):
        with pytest.raises(BadLetter):
            proposing.take(keeper, host, every, wanted)
    with pytest.raises(PermissionDenied):
        proposing.take(person(Role.COUNSELLOR), host, every, frozenset({every[0].id}))
    with pytest.raises(PermissionDenied):
        errands.ask(person(Role.COUNSELLOR), host)


def test_it_is_asked_once_however_often_a_person_asks(stand, asking, keeper, host):
    first = errands.ask(keeper, host)
    assert errands.ask(keeper, host).pk == first.pk
    assert errands.due(timezone.now()) == [first.pk]
    assert errands.go(first.pk, asking) is not None
    assert errands.go(first.pk, asking) is None
    assert errands.due(timezone.now() + timedelta(days=9)) == []
    assert errands.ask(keeper, host).pk != first.pk


def test_lists_of_servers_are_kept_for_a_day_and_longer_where_there_is_no_newer_one(stand, asking, keeper, host):
    looked_up(keeper, host, asking)
    looked_up(keeper, host, asking)
    assert stand.paths().count("/lists/dns.json") == 1
    Bootstrap.objects.update(fetched_at=timezone.now() - timedelta(days=30))
    stand.gives("/lists/dns.json", b"", status=503)
    assert looked_up(keeper, host, asking).answers["domain"]["state"] == "found"
    assert stand.paths().count("/lists/dns.json") == 2
    stand.gives("/lists/dns.json", b"<html>")
    assert looked_up(keeper, host, asking).answers["domain"]["state"] == "found"


def test_a_host_below_a_domain_is_found_by_its_domain(stand, asking, keeper):
    below = hosts.keep(keeper, "a.b.board.example")
    stand.gives("/rdap/domain/b.board.example", {"errorCode": 400, "title": "bad"}, status=400)
    assert looked_up(keeper, below, asking).answers["domain"]["name"] == "board.example"
    domains = [path for path in stand.paths() if "/domain/" in path]
    assert domains == [f"/rdap/domain/{name}" for name in ("a.b.board.example", "b.board.example", "board.example")]


def test_a_redirect_to_another_registry_is_followed(stand, asking, keeper, host):
    stand.gives("/rdap/domain/board.example", b"", status=302, Location="/other/domain/board.example")
    stand.gives("/other/domain/board.example", DOMAIN)
    assert looked_up(keeper, host, asking).answers["domain"]["state"] == "found"


def test_a_redirect_inside_is_refused(stand, asking, keeper, host):
    stand.gives("/rdap/domain/board.example", b"", status=302, Location="http://127.0.0.1:8099/domain/board.example")
    assert looked_up(keeper, host, asking).answers["domain"] | {"params": 0} == {
        "state": "failed",
        "key": "fetching.private_address",
        "params": 0,
    }


def test_what_no_registry_has_is_none_and_done(stand, asking, keeper, host):
    stand.gives("/rdap/domain/board.example", {"errorCode": 404}, status=404)
    stand.gives("/rdap/ip/127.0.0.1", {"errorCode": 404}, status=404)
    stand.gives("/.well-known/security.txt", b"<html>not here</html>")
    lookup = looked_up(keeper, host, asking)
    assert {name: (one["state"], one["key"]) for name, one in lookup.answers.items()} == {
        "security_txt": ("none", "lookups.no_security_txt"),
        "domain": ("none", "lookups.no_such_domain"),
        "network": ("none", "lookups.no_such_object"),
    }
    assert lookup.state == "done"


def test_a_domain_without_a_registry_is_told(stand, asking, keeper):
    assert looked_up(keeper, hosts.keep(keeper, "board.test"), asking).answers["domain"]["key"] == "lookups.no_registry"


def test_who_asks_to_wait_is_waited_for_and_only_that_is_asked_again(stand, asking, keeper, host):
    stand.gives("/rdap/domain/board.example", b"", status=429, Retry_After="7200")
    lookup = looked_up(keeper, host, asking)
    assert lookup.answers["domain"]["state"] == "waiting"
    assert timedelta(minutes=119) < lookup.next_try_at - timezone.now() <= timedelta(hours=2)
    stand.gives("/rdap/domain/board.example", DOMAIN)
    before = len(stand.paths())
    Lookup.objects.update(next_try_at=timezone.now())
    settings = Fetching(loopback_allowed=(stand.at.removeprefix("http://"),))
    with SafeFetcher(settings, vault(), sweep_holder(NOW.date()), retry_pauses_s=()) as rested:
        lookup = errands.go(lookup.pk, dataclasses.replace(asking, way=rested))
    assert (lookup.state, lookup.tries) == ("done", 2)
    assert stand.paths()[before:] == ["/rdap/domain/board.example"]


class Slow:
    """The way there, on which something happens before each answer."""

    def __init__(self, way, happens):
        self._way, self._happens = way, happens

    def get(self, url, **how):
        answer = self._way.get(url, **how)
        self._happens()
        return answer


def test_a_look_up_that_takes_long_stays_one_worker_s(stand, asking, keeper, host, monkeypatch):
    lookup, clock, others = errands.ask(keeper, host), [timezone.now()], []
    monkeypatch.setattr(timezone, "now", lambda: clock[0])

    def wait():
        clock[0] += errands.LEASE * 0.7
        others.append((errands.due(clock[0]), errands.go(lookup.pk, asking)))

    assert errands.go(lookup.pk, dataclasses.replace(asking, way=Slow(asking.way, wait))).state == "done"
    assert others == [([], None)] * 5


def test_a_worker_that_lost_a_look_up_leaves_it_to_the_other(stand, asking, keeper, host):
    lookup = errands.ask(keeper, host)

    def take():
        if not Lookup.objects.get().answers:
            Lookup.objects.update(next_try_at=timezone.now())
            assert errands.go(lookup.pk, asking).state == "done"

    assert errands.go(lookup.pk, dataclasses.replace(asking, way=Slow(asking.way, take))) is None
    assert Lookup.objects.get().tries == 1
    assert len(stand.paths()) == 6


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"objectClassName":"domain","entities":' + b"[" * 5000,
        b'{"errorCode":500}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_rdap_is_asked_again_and_given_up_at_last(stand, asking, keeper, host, body):
    stand.gives("/rdap/domain/board.example", body)
    lookup = looked_up(keeper, host, asking)
    for _ in range(errands.TRIES_MAX - 1):
        assert (lookup.state, lookup.answers["domain"]["state"]) == ("waiting", "waiting")
        Lookup.objects.update(next_try_at=timezone.now())
        lookup = errands.go(lookup.pk, asking)
    assert (lookup.state, lookup.answers["domain"]) == ("done", {"state": "failed", "key": "lookups.bad_answer"})


@pytest.mark.parametrize(
    "change",
    [
        {"entities": "x"},
        {"entities": [None, 3, {"roles": "registrar"}, {"roles": ["registrar"], "vcardArray": "x"}]},
        {"entities": [{"roles": ["registrar"], "vcardArray": ["vcard", [None, ["fn"], ["fn", {}, "text", {"a": 1}]]]}]},
        {"entities": [entity("registrar", "x" * 5000, "not a mailbox\r\nBcc: x@y.example")], "ldhName": 7},
        {"entities": [entity("registrar", "\u202egnp.exe\x1b[2J")], "ldhName": ["a"]},
    ],
)
def test_odd_answers_leave_out_what_does_not_fit(stand, asking, keeper, host, change):
    stand.gives("/rdap/domain/board.example", {**DOMAIN, **change})
    told = looked_up(keeper, host, asking).answers["domain"]
    assert (told["state"], told["abuse"], told["name"]) == ("found", "", "board.example")
    assert len(told["registrar"]) <= 120
    assert told["registrar"].isprintable()
    assert "\u202e" not in told["registrar"]


@pytest.mark.parametrize(
    "listed", [{"services": []}, {"services": [["x"], 3, [[], []]]}, [], {"services": [[["example"], ["ftp://x/", 7]]]}]
)
def test_a_list_of_servers_that_is_none_is_not_kept(stand, asking, keeper, host, listed):
    stand.gives("/lists/dns.json", listed)
    told = looked_up(keeper, host, asking).answers["domain"]
    assert told["key"] in ("lookups.bad_answer", "lookups.no_registry")
    assert not Bootstrap.objects.filter(kind="dns").exists() or told["key"] == "lookups.no_registry"


def test_the_longest_prefix_and_https_are_chosen():
    listed = msgspec.json.encode(
        {
            "services": [
                [["192.0.0.0/8"], ["https://wide.example/"]],
                [["192.0.2.0/24", "nonsense"], ["http://narrow.example/", "https://narrow.example"]],
                [["2001:db8::/32"], ["https://six.example/"]],
            ]
        }
    )
    assert rdap._server_of_address(listed, "192.0.2.7") == "https://narrow.example/"
    assert rdap._server_of_address(listed, "192.9.9.9") == "https://wide.example/"
    assert rdap._server_of_address(listed, "2001:db8::7") == "https://six.example/"
    with pytest.raises(rdap.NotFound):
        rdap._server_of_address(listed, "203.0.113.1")


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ({"CF-RAY": "1-ICN"}, "cloudflare.com"),
        ({"server": "AkamaiGHost"}, "akamai.com"),
        ({"x-served-by": "cache-icn1"}, "fastly.com"),
    ],
)
def test_a_content_network_is_known_by_its_headers_and_hides_the_hosting(stand, asking, keeper, host, header, name):
    stand.gives("/.well-known/security.txt", SECURITY, **{key.replace("-", "_"): value for key, value in header.items()})
    found = offered(host, looked_up(keeper, host, asking))
    assert found["cdn"].value == name
    assert {"hosting", "law"} & set(found) == set()


@pytest.mark.parametrize(
    ("abuse", "mailbox"),
    [
        ("abuse@cloudflare.com", "abuse@cloudflare.com"),
        ("a@eu.cloudflare.com", "a@eu.cloudflare.com"),
        ("a@notcloudflare.com", ""),
    ],
)
def test_only_a_content_network_s_own_mailbox_is_proposed_for_it(stand, asking, keeper, host, abuse, mailbox):
    stand.gives("/.well-known/security.txt", SECURITY, CF_RAY="1-ICN")
    stand.gives("/rdap/ip/127.0.0.1", {**NETWORK, "entities": [entity("abuse", "Abuse desk", abuse)]})
    assert offered(host, looked_up(keeper, host, asking))["cdn"].mailbox == mailbox


def test_the_headers_are_those_of_the_last_answer(stand, asking, keeper, team, person, monkeypatch):
    set_desk(monkeypatch, removal={"organisation": "시험 지원센터"})
    removal = begun(team, person)
    known = hosts.keep(keeper, "board.example")
    old = removal.candidate.captures.get(part="page")
    old.chain = [{**hop, "headers": {"cf-ray": "1-ICN"}} for hop in old.chain]
    old.fetched_at -= timedelta(days=300)
    old.save()
    assert proposing.cdn_of(errands.headers(known)) == ""
    newer = removal.candidate.captures.get(part="media")
    newer.chain = []
    newer.save()
    assert proposing.cdn_of(errands.headers(known)) == "cloudflare.com"


def test_the_network_is_told_in_the_next_evidence_pack(stand, asking, keeper, team, person, monkeypatch):
    set_desk(monkeypatch, removal={"organisation": "시험 지원센터"})
    removal = begun(team, person)
    known = hosts.keep(keeper, "board.example")
    assert known.ref == reference("host", "board.example")
    looked_up(keeper, known, asking)
    answers = Lookup.objects.get()
    changed = answers.answers
    changed["network"]["ip"] = "192.0.2.7"
    answers.answers = changed
    answers.save()
    told = evidence.told(removal, "X", timezone.now())["network"]["servers"]
    assert told == [{"ip": "192.0.2.7", "country": "", "network": "TESTNET Test Hosting GmbH"}]


def test_a_worker_s_round_makes_them_and_needs_authority(stand, keeper, host, monkeypatch, tmp_path):
    set_desk(monkeypatch, removal={"rdap_bootstrap": f"{stand.at}/lists/"})
    settings = msgspec.structs.replace(config.load().fetching, loopback_allowed=(stand.at.removeprefix("http://"),))
    made = msgspec.structs.replace(config.load(), home=tmp_path, fetching=settings)
    monkeypatch.setattr(errands, "jikim_config", lambda: made)
    monkeypatch.setattr(security_txt, "PATHS", ())
    lookup = errands.ask(keeper, host)
    rounds.find_out()
    assert Lookup.objects.get(pk=lookup.pk).tries == 0
    with State.open(tmp_path) as state:
        state.record_authority("시험 지원센터", "시험", "담당자")
    rounds.find_out()
    answers = Lookup.objects.get(pk=lookup.pk).answers
    assert {name: one["state"] for name, one in answers.items()} == {
        "security_txt": "none",
        "domain": "found",
        "network": "none",
    }


# security.txt


@pytest.mark.parametrize(
    ("text", "mailboxes", "is_signed", "is_expired"),
    [
        (SECURITY, ("security@board.example",), False, False),
        (b"Contact: mailto:a@b.example\nExpires: 2020-01-01T00:00:00z", ("a@b.example",), False, True),
        (b"contact:mailto:a@b.example", ("a@b.example",), False, True),
        (b"Contact: mailto:a@b.example\nExpires: soon", ("a@b.example",), False, True),
        (
            b"Contact: mailto:a@b.example\nExpires: 2099-01-01T00:00:00Z\nExpires: 2098-01-01T00:00:00Z",
            ("a@b.example",),
            False,
            True,
        ),
        (
            b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nContact: mailto:a@b.example\nExpires: 2099-01-01T00:00:00Z\n"
            b"-----BEGIN PGP SIGNATURE-----\nContact: mailto:evil@b.example\n",
            ("a@b.example",),
            True,
            False,
        ),
    ],
)
def test_security_txt_is_read_as_its_standard_has_it(text, mailboxes, is_signed, is_expired):
    told = security_txt.read(text)
    assert (told.mailboxes, told.is_signed, told.is_expired(NOW)) == (mailboxes, is_signed, is_expired)


@pytest.mark.parametrize("text", [b"", b"not found", b"<html>Contact: mailto:a@b.example", b"# Contact: mailto:a@b.example"])
def test_what_is_no_security_txt_is_none(text):
    assert security_txt.read(text) is None


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
@example(b"Contact: mailto://[\nContact: https://[\nExpires: 0001-01-01T00:00:00+23:59")
def test_no_security_txt_is_too_odd_to_be_read(text):
    told = security_txt.read(b"Contact: mailto:a@b.example\n" + text)
    if told is not None:
        msgspec.json.encode(told.facts())
        told.is_expired(NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["abuse", "registrar", "fn", "email"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["entities", "roles", "vcardArray", "publicIds", "type", "identifier"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_no_answer_of_a_registry_is_too_odd_to_be_read(inner):
    found = {"entities": inner, "publicIds": inner, "vcardArray": inner}
    for one in (found, {"entities": [{**found, "roles": ["abuse", "registrar"]}]}):
        assert all(isinstance(text, str) for text in (rdap._abuse(one), rdap._name(one), rdap._iana_id(one)))
        assert all(isinstance(entity, dict) for entity in rdap._with_role(one, "registrar"))


@pytest.mark.parametrize("listed", ["https://[", "https://", "javascript:alert(1)", "https://[::1"])
def test_an_address_of_a_form_that_is_none_is_refused(keeper, listed):
    with pytest.raises(BadLetter):
        hosts.keep(keeper, "board.example", form=listed)
    with pytest.raises(BadLetter):
        hosts.keep(keeper, "http://[")


def test_an_expired_security_txt_is_proposed_as_such(stand, asking, keeper, host):
    stand.gives("/.well-known/security.txt", b"Contact: mailto:old@board.example\nExpires: 2020-01-01T00:00:00Z")
    found = offered(host, looked_up(keeper, host, asking))
    assert "lookups.remark.expired" in found["mailbox"].remarks


# The page


def test_the_page_shows_what_was_found_and_takes_over_what_is_chosen(stand, asking, keeper, host, signed_in):
    browser = signed_in(Role.REVIEWER)
    browser.post(f"/hosts/{host.pk}/lookup")
    lookup = Lookup.objects.get(host=host)
    assert "조회 중" in browser.get(f"/hosts/{host.pk}/").content.decode()
    errands.go(lookup.pk, asking)
    shown = browser.get(f"/hosts/{host.pk}/").content.decode()
    for expected in ("Test Registrar, Inc.", "abuse@hosting.example", "security@board.example", "추측"):
        assert expected in shown
    found = offered(host, Lookup.objects.get())
    answer = browser.post(f"/hosts/{host.pk}/take", {"proposal": [found["mailbox"].id, found["registrar"].id]})
    assert answer.status_code == 302
    kept = Host.objects.get(pk=host.pk)
    assert (kept.mailbox, kept.behind) == ("security@board.example", {"registrar": "registrar.example"})


def test_the_page_shows_why_a_way_failed(stand, asking, keeper, host, signed_in):
    stand.gives("/rdap/domain/board.example", b"", status=302, Location="http://127.0.0.1:8099/x")
    stand.gives("/.well-known/security.txt", b"x" * 100_000)
    stand.gives("/rdap/ip/127.0.0.1", b"", status=500)
    looked_up(keeper, host, asking)
    shown = signed_in(Role.REVIEWER).get(f"/hosts/{host.pk}/").content.decode()
    assert "인터넷에 공개된 주소가 아니라서" in shown
    assert "500" in shown


def test_a_new_host_without_a_mailbox_is_looked_up_by_itself(signed_in):
    browser = signed_in(Role.REVIEWER)
    told = {"kind": "platform", "lang": "en", "law": "none"}
    browser.post("/hosts/keep", {**told, "name": "known.example", "mailbox": "a@known.example"})
    assert not Lookup.objects.exists()
    for _ in range(2):
        browser.post("/hosts/keep", {**told, "name": "new.example"})
    assert Lookup.objects.get().host == hosts.named("new.example")


@pytest.mark.parametrize("said", ["https://한글.example/one?x=1", "xn--bj0bj06e.example", " 한글.EXAMPLE "])
def test_a_host_is_found_by_any_writing_of_its_name(keeper, signed_in, said):
    known = hosts.keep(keeper, "한글.example")
    assert signed_in(Role.REVIEWER).get("/hosts/", {"find": said})["Location"] == f"/hosts/{known.pk}/"
    assert hosts.named("http://[") is None


def test_a_host_that_only_refuses_is_pointed_out(keeper, host, team, person, signed_in):
    for number in range(3):
        removal = begun(team, person, f"refused{number}")
        notice = Notice(removal=removal, team=team, host=host, kind="mail", lang="en", drafted_at=NOW, sent_at=NOW)
        notice.subject, notice.body, notice.outcome = "s", "b", Outcome.REFUSED
        notice.save(force_insert=True)
    assert hosts.history(host).is_refusing
    assert not hosts.history(host).is_bouncing
    Notice.objects.update(outcome=Outcome.BOUNCED)
    assert hosts.history(host).is_bouncing
    Notice.objects.update(outcome=Outcome.REFUSED)
    assert "3번 거절" in signed_in(Role.REVIEWER).get(f"/hosts/{host.pk}/").content.decode()
