from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from jikim import seams
from jikim.errors import BadUse, FetchFailed, NotConfigured, SourceChanged
from jikim.sources.searxng import ENGINES_LIMIT, SearxngConfig, SearxngSource
from jikim.types import Answer, Keyword

FESTIVAL = Keyword("축제")


def result(number=1, **changes):
    return {"url": f"https://city.example/{number}", "title": "축제", "content": "", "template": "default.html", **changes}


def answer(*results, silent=(), **changes):
    return msgspec.json.encode({"query": "축제", "results": results, "unresponsive_engines": silent, **changes})


class Pages:
    """Answers page 1, 2, ... with what it was given, every later one with no results."""

    def __init__(self, *bodies, status=200):
        self.bodies = bodies
        self.status = status
        self.asked = []

    def get(self, url, *, headers=None, max_bytes=None):
        self.asked.append(url)
        if self.status >= 400:
            raise FetchFailed("fetching.status", where=url, status=self.status)
        number = int(parse_qs(urlsplit(url).query)["pageno"][0])
        body = self.bodies[number - 1] if number <= len(self.bodies) else answer()
        return Answer(url, url, 200, {}, body, "192.0.2.1", datetime.now(UTC))


def search(*bodies, keyword=FESTIVAL, limit=300, since=None, **settings):
    fetcher = Pages(*bodies)
    source = SearxngSource(SearxngConfig(**{"url": "https://search.example", **settings}), fetcher)
    return source, list(source.search(keyword, since, limit)), fetcher.asked


def query(asked):
    return parse_qs(urlsplit(asked[0]).query)


def test_the_examples_give_what_they_promise(recorded):
    for example in SearxngSource.examples():
        fetcher = recorded(example.answers)
        source = SearxngSource(seams.configured(SearxngConfig, example.config, "searxng"), fetcher)
        assert isinstance(source, seams.Source)
        found = list(source.search(example.keyword, None, 300))
        assert tuple(each.native_id for each in found) == example.native_ids
        assert set(fetcher.asked) == set(example.answers)
        assert source.warnings == []
        assert "축제" in found[0].text
        assert "<" not in found[0].text


def test_several_pictures_of_one_page_are_several_finds():
    pictures = [
        result(template="images.html", img_src=f"//cdn.example/{n}.jpg", thumbnail_src="data:image/png,x") for n in "ab"
    ]
    _, found, _ = search(answer(*pictures))
    assert [each.media_urls for each in found] == [("https://cdn.example/a.jpg",), ("https://cdn.example/b.jpg",)]
    assert {each.url for each in found} == {"https://city.example/1"}
    assert found[0].thumbnail_urls == ()


def test_an_illustration_is_a_thumbnail_and_a_file_is_media():
    _, (page, film), _ = search(
        answer(result(img_src="https://city.example/i.jpg"), result(2, url="https://city.example/film.mp4", length=65.5))
    )
    assert (page.media_urls, page.thumbnail_urls) == ((), ("https://city.example/i.jpg",))
    assert (film.media_urls, film.duration_s) == (("https://city.example/film.mp4",), 65.5)


def test_results_that_lead_nowhere_are_passed_over():
    _, found, _ = search(answer(result(url=None), result(url="magnet:?xt=1"), result(url=""), result(4)))
    assert [each.native_id for each in found] == ["https://city.example/4"]


def test_the_same_address_written_differently_is_one_find():
    _, found, _ = search(answer(result(), result(url="HTTPS://city.example:443/1?utm_source=x#top")))
    assert len(found) == 1


@pytest.mark.parametrize(
    ("lang", "setting", "sent"),
    [
        ("ko", None, ["ko"]),
        ("zh-Hans", None, ["zh"]),
        ("zh-Hans-CN", None, ["zh-CN"]),
        ("pt-BR", None, ["pt-BR"]),
        ("ko", "all", ["all"]),
        ("ko", "ja", ["ja"]),
        ("", None, None),
    ],
)
def test_the_language_is_the_keywords_unless_set(lang, setting, sent):
    assert query(search(keyword=Keyword("축제", lang), language=setting)[2]).get("language") == sent


def test_categories_and_engines_are_asked_for_by_name():
    sent = query(search(categories=("images", "social media"), engines=("one", "two"))[2])
    assert (sent["categories"], sent["engines"]) == (["images,social media"], ["one,two"])


def test_an_instance_in_a_folder_is_asked_there():
    assert search(url="https://city.example/search-engine/?theme=dark")[2][0].startswith(
        "https://city.example/search-engine/search?q="
    )


def test_a_silent_engine_is_a_warning_said_once():
    source, found, _ = search(
        answer(result(), silent=[["one", "timeout"]]), answer(silent=[["one", "timeout"], ["two", "CAPTCHA"]])
    )
    assert len(found) == 1
    assert [(each.key, each.params["engine"], each.params["reason"]) for each in source.warnings] == [
        ("sources.engine_silent", "one", "timeout"),
        ("sources.engine_silent", "two", "CAPTCHA"),
    ]


def test_nothing_found_while_an_engine_was_silent_is_no_nothing():
    source = SearxngSource(SearxngConfig(url="https://search.example"), Pages(answer(silent=[["one", "timeout"]])))
    with pytest.raises(FetchFailed) as error:
        list(source.search(FESTIVAL, None, 300))
    assert error.value.key == "sources.engines_silent"
    assert "one" in error.value.message(masked=True).ko
    assert "search.example" not in error.value.message(masked=True).ko
    assert len(source.warnings) == 1


def test_all_found_before_since_is_an_honest_nothing_new():
    old = result(publishedDate="2020-01-01T00:00:00")
    source, found, _ = search(answer(old, silent=[["one", "timeout"]]), since=datetime(2026, 1, 1, tzinfo=UTC))
    assert found == []
    assert [each.key for each in source.warnings] == ["sources.engine_silent"]


def test_what_an_instance_says_of_an_engine_cannot_carry_an_address():
    source, _, _ = search(answer(result(), silent=[["one", "see https://elsewhere.example/x @somebody"], ["\x1b[2J"], []]))
    assert [each.params["reason"] for each in source.warnings] == ["?", "?"]
    assert "elsewhere" not in str(source.warnings)
    assert "\x1b" not in "".join(map(str, source.warnings))


def test_an_instance_without_end_of_engines_is_cut():
    silent = [[f"engine {number}", "timeout"] for number in range(10_000)]
    assert len(search(answer(result(), silent=silent))[0].warnings) == ENGINES_LIMIT


def test_json_switched_off_is_said_so():
    source = SearxngSource(SearxngConfig(url="https://search.example"), Pages(status=403))
    with pytest.raises(FetchFailed, match=r"settings\.yml") as error:
        list(source.search(FESTIVAL, None, 300))
    assert error.value.status == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (answer(result(title=7)), "results[0].title"),
        (answer(results=None), "results"),
        (b'{"results": []}', "unresponsive_engines"),
        (b'{"unresponsive_engines": []}', "results"),
        (answer(silent="one"), "unresponsive_engines"),
        (b"[]", "$"),
    ],
)
def test_a_changed_shape_names_the_field(body, field):
    with pytest.raises(SourceChanged) as error:
        search(body)
    assert error.value.params["field"] == field


def test_what_was_given_before_a_change_stands():
    source = SearxngSource(SearxngConfig(url="https://search.example"), Pages(answer(result()), b"<html>"))
    found = source.search(FESTIVAL, None, 300)
    assert next(found).native_id == "https://city.example/1"
    with pytest.raises(SourceChanged):
        next(found)


def test_without_an_address_it_is_politely_absent():
    with pytest.raises(NotConfigured):
        SearxngSource.verify(SearxngConfig())
    with pytest.raises(BadUse):
        SearxngSource.verify(SearxngConfig(url="file:///etc/passwd"))
    with pytest.raises(BadUse):
        seams.configured(SearxngConfig, {"adress": "x"}, "searxng")
