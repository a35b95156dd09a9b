"""Keys, recipes and found hosts at the desk: tried before they are kept, never shown again, on record."""

from __future__ import annotations

import msgspec
import pytest
from django.urls import reverse

from jikim.commands import places
from jikim.config import Fetching
from jikim.sources.recipes import read_recipe
from jikim.state import State, Yield
from jikim_desk import flows
from jikim_desk.accounts.models import Role
from jikim_desk.audit.models import Entry
from jikim_desk.config import jikim_config
from jikim_desk.console import source_setup
from jikim_desk.sealing import reference, vault
from tests.flow.interfaces import Place, said

pytestmark = pytest.mark.django_db
KEY = "rest-key-51c0"
RESULTS = "".join(f'<li class="row"><a href="/t/{n}">가을 축제 {n}</a></li>' for n in (1, 2, 3))


@pytest.fixture(autouse=True)
def engine():
    flows.prepare()


@pytest.fixture
def server():
    """A forum, and Kakao's interface that takes one key alone."""

    def answer(path, sent):
        if path.startswith("/v2/search/"):
            if sent["authorization"] != f"KakaoAK {KEY}":
                return said({"errorType": "AccessDeniedError", "message": "wrong"}, 401)
            return said({"meta": {"is_end": True}, "documents": [{"title": "날씨", "url": "https://page.example/1"}]})
        page = '<form action="/find"><input name="q"></form>' if path == "/" else f"<ul>{RESULTS}</ul>"
        return 200, {"Content-Type": "text/html"}, f"<html><body>{page}".encode()

    place = Place(answer)
    yield place
    place.stop()


@pytest.fixture
def home(server, tmp_path, monkeypatch):
    """A home of this test's own, which may reach the server and has its authority on record."""
    config = msgspec.structs.replace(
        jikim_config(),
        home=tmp_path,
        fetching=Fetching(loopback_allowed=(f"127.0.0.1:{server.port}",), pace_s=0),
        sources={"kakao": {"url": server.url, "services": ["web"]}},
    )
    monkeypatch.setattr(source_setup, "jikim_config", lambda: config)
    with State.open(tmp_path) as state:
        state.record_authority("centre", "ground", "person")
    return tmp_path


@pytest.fixture
def recipe_of(server):
    fields = '[fields]\nurl = "a@href"\ntitle = "a"\n[paging]\npages = 1\n'
    return f'search = "{server.url}/find?q={{query}}"\nresults = "li.row"\n{fields}'


def test_a_key_is_tried_and_kept_sealed(home, signed_in):
    browser = signed_in(Role.ADMINISTRATOR)
    wrong = browser.post(reverse("source_keys"), {"place": "kakao", "what": "keep", "key": "wrong-key"}, follow=True)
    with State.open(home) as state:
        assert state.credentials("kakao") == {}
    right = browser.post(reverse("source_keys"), {"place": "kakao", "what": "keep", "key": KEY}, follow=True)
    with State.open(home) as state:
        assert set(state.credentials("kakao")) == {"key"}
    for answer in (wrong, right):
        assert KEY not in answer.content.decode()
        assert "wrong-key" not in answer.content.decode()
    assert KEY.encode() not in (home / "state.sqlite").read_bytes()
    browser.post(reverse("source_keys"), {"place": "kakao", "what": "forget"})
    with State.open(home) as state:
        assert state.credentials("kakao") == {}
    facts = [entry.facts for entry in Entry.objects.order_by("number") if "key_" in entry.facts]
    assert [one.split('"')[3] for one in facts] == ["key_refused", "key_kept", "key_forgotten"]


@pytest.mark.parametrize("sent", [{"place": "feed"}, {"place": "nowhere"}, {"place": "kakao", "key": "with blank"}, {}])
def test_wrong_keys_are_told_and_nothing_breaks(sent, home, signed_in):
    answer = signed_in(Role.ADMINISTRATOR).post(reverse("source_keys"), {"what": "keep", **sent}, follow=True)
    assert answer.status_code == 200
    assert 'class="notice error"' in answer.content.decode()


def test_a_recipe_is_guessed_tried_and_kept(home, server, signed_in):
    browser = signed_in(Role.LEAD)
    guessed = browser.post(reverse("source_recipe"), {"what": "guess", "url": server.url + "/", "keyword": "축제"})
    text = guessed.context["shown"].text
    assert "results = " in text, guessed.content.decode()
    tried = browser.post(reverse("source_recipe"), {"what": "try", "name": "forum", "text": text, "keyword": "축제"})
    assert (tried.context["shown"].state, tried.context["shown"].found) == ("ok", 3)
    assert not (home / "recipes").exists()
    assert "가을 축제 1" not in tried.content.decode(), "what was found is counted, never shown"
    kept = browser.post(reverse("source_recipe"), {"what": "keep", "name": "forum", "text": text, "keyword": "축제"})
    assert kept.status_code == 302
    file = home / "recipes" / "forum.toml"
    assert file.stat().st_mode & 0o077 == 0
    assert places.recipe_file(source_setup.jikim_config(), "forum") == file
    again = browser.get(reverse("source_setup"), {"recipe": "forum"})
    assert "li.row" in again.content.decode()
    browser.post(reverse("source_recipe"), {"what": "remove", "name": "forum"})
    assert not file.exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text.replace("li.row", "li..row"), "results"),
        (lambda text: "search = 7", "search"),
        (lambda text: text.replace("{query}", ""), "query"),
    ],
)
def test_what_is_wrong_in_a_recipe_is_named_and_nothing_is_kept(change, says, home, recipe_of, signed_in):
    sent = {"what": "keep", "name": "forum", "text": change(recipe_of), "keyword": "축제"}
    answer = signed_in(Role.LEAD).post(reverse("source_recipe"), sent)
    assert answer.status_code == 400
    assert says in answer.context["shown"].problem
    assert not (home / "recipes").exists()


@pytest.mark.parametrize("name", ["../config", "A", "", "a" * 41, "a/b"])
def test_a_recipe_lies_nowhere_else(name, home, recipe_of, signed_in):
    sent = {"what": "keep", "name": name, "text": recipe_of, "keyword": "축제"}
    assert signed_in(Role.LEAD).post(reverse("source_recipe"), sent).status_code == 400
    assert sorted(file.name for file in home.rglob("*.toml")) == []


def test_hosts_are_shown_to_leads_alone_with_a_record(home, signed_in):
    marked = reference("host", "found.example")
    with State.open(home) as state:
        state.add_host(marked, vault().seal_field("found_host", marked, "host", "found.example"), "video", Yield(9, 3))
    lead, administrator = signed_in(Role.LEAD), signed_in(Role.ADMINISTRATOR)
    assert "found.example" not in administrator.get(reverse("source_setup")).content.decode()
    before = Entry.objects.count()
    assert "found.example" in lead.get(reverse("source_setup")).content.decode()
    assert Entry.objects.count() == before + 1
    led = lead.post(reverse("source_host"), {"host": marked, "what": "approved"})
    assert led["Location"] == f"{reverse('source_setup')}?host={marked}#recipe"
    begun = lead.get(led["Location"].partition("#")[0])
    form = begun.context["shown"]
    assert (form.name, form.url, form.keyword) == ("found-example", "https://found.example/", "날씨")
    told = administrator.get(reverse("source_setup"), {"host": marked})
    assert "found.example" not in told.content.decode(), "whoever may not see hosts is not led to one"
    with State.open(home) as state:
        assert state.hosts()[0].state == "approved"
    assert administrator.post(reverse("source_host"), {"host": marked, "what": "refused"}).status_code == 403
    assert lead.post(reverse("source_host"), {"host": marked, "what": "nonsense"}).status_code == 302


def test_without_authority_no_real_place_is_asked(home, recipe_of, server, signed_in, tmp_path_factory, monkeypatch):
    other = msgspec.structs.replace(source_setup.jikim_config(), home=tmp_path_factory.mktemp("home"))
    monkeypatch.setattr(source_setup, "jikim_config", lambda: other)
    answer = signed_in(Role.LEAD).post(reverse("source_recipe"), {"what": "try", "text": recipe_of, "keyword": "축제"})
    assert answer.status_code == 400
    assert "authority" in answer.context["shown"].problem or "근거" in answer.context["shown"].problem
    assert server.asked == []


def test_a_recipe_is_switched_on_and_is_then_searched_when_no_places_are_named(home, recipe_of, signed_in):
    browser = signed_in(Role.LEAD)
    config = source_setup.jikim_config()
    browser.post(reverse("source_recipe"), {"what": "keep", "name": "forum", "text": recipe_of, "keyword": "축제"})
    assert places.set_up(config) == ["kakao"]
    browser.post(reverse("source_recipe"), {"what": "on", "name": "forum"})
    assert places.set_up(config) == ["kakao", "recipe=forum"]
    assert read_recipe(home / "recipes" / "forum.toml").on
    assert 'value="off"' in browser.get(reverse("source_setup")).content.decode()
    browser.post(reverse("source_recipe"), {"what": "off", "name": "forum"})
    assert places.set_up(config) == ["kakao"]
    assert not read_recipe(home / "recipes" / "forum.toml").on
    facts = [entry.facts for entry in Entry.objects.order_by("number") if "recipe_o" in entry.facts]
    assert [one.split('"')[3] for one in facts] == ["recipe_on", "recipe_off"]
    assert browser.post(reverse("source_recipe"), {"what": "on", "name": "gone"}).status_code == 400


def test_a_recipe_that_is_no_text_is_said_to_be_none_and_stays_as_it_is(home, recipe_of, signed_in):
    browser = signed_in(Role.LEAD)
    browser.post(reverse("source_recipe"), {"what": "keep", "name": "forum", "text": recipe_of, "keyword": "축제"})
    file = home / "recipes" / "forum.toml"
    file.write_bytes(broken := b'search = "\xff"')
    assert browser.get(reverse("source_setup"), {"recipe": "forum"}).status_code == 200
    assert browser.post(reverse("source_recipe"), {"what": "on", "name": "forum"}).status_code < 500
    assert file.read_bytes() == broken


def test_a_guess_is_previewed_at_once(home, server, signed_in):
    sent = {"what": "guess", "name": "forum", "url": server.url + "/", "keyword": "축제"}
    shown = signed_in(Role.LEAD).post(reverse("source_recipe"), sent).context["shown"]
    assert (shown.state, shown.found) == ("ok", 3)
    assert dict(shown.filled)["title"] == 3
