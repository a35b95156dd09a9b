"""What every source must do, whatever place it searches."""

import msgspec
import pytest

from jikim import seams
from jikim.errors import BadUse, NotConfigured
from jikim.sources.candidates import TEXT_LIMIT, TITLE_LIMIT
from jikim.types import candidate_id

NAMES = (
    "bluesky",
    "crawl",
    "feed",
    "kakao",
    "listing",
    "mastodon",
    "mediawiki",
    "naver",
    "page",
    "peertube",
    "practice",
    "recipe",
    "searxng",
    "sitemap",
    "youtube",
)


@pytest.fixture(params=NAMES)
def plugin(request):
    return seams.plugin(seams.SOURCES, request.param)


def test_all_sources_are_registered():
    assert set(NAMES) <= set(seams.plugins(seams.SOURCES))


def test_examples_give_what_they_promise(plugin, recorded):
    examples = list(plugin.examples())
    assert examples
    for example in examples:
        config = seams.configured(plugin.Config, example.config, plugin.name)
        plugin.verify(config)
        fetcher = recorded(example.answers)
        source = plugin(config, fetcher)
        assert isinstance(source, seams.Source)
        found = list(source.search(example.keyword, None, 300))
        assert tuple(candidate.native_id for candidate in found) == example.native_ids
        assert set(fetcher.asked) == set(example.answers)
        assert source.warnings == []
        for candidate in found:
            assert candidate.id == candidate_id(plugin.name, candidate.native_id)
            assert candidate.source == plugin.name
            assert candidate.keyword == example.keyword
            assert candidate.found_at.tzinfo is not None
            assert len(candidate.title) <= TITLE_LIMIT
            assert len(candidate.text) <= TEXT_LIMIT
            assert all(
                url.startswith(("http://", "https://"))
                for url in (candidate.url, *candidate.media_urls, *candidate.thumbnail_urls)
            )


def test_limit_is_kept(plugin, recorded):
    for example in plugin.examples():
        config = seams.configured(plugin.Config, example.config, plugin.name)
        answers = {url.replace("size=100", "size=1"): body for url, body in example.answers.items()}
        assert len(list(plugin(config, recorded(answers)).search(example.keyword, None, 1))) == 1


def test_without_an_address_it_is_politely_absent(plugin, recorded):
    with pytest.raises(NotConfigured):
        plugin.verify(plugin.Config(url=None))
    with pytest.raises(NotConfigured):
        list(plugin(plugin.Config(url=None), recorded({})).search(next(iter(plugin.examples())).keyword, None, 10))


def test_config_has_an_address_and_refuses_what_it_does_not_know(plugin):
    assert msgspec.convert({"url": "x"}, plugin.Config).url == "x"
    with pytest.raises(BadUse):
        seams.configured(plugin.Config, {"adress": "x"}, plugin.name)


@pytest.mark.parametrize("name", ["feed", "page", "practice"])
def test_an_address_that_cannot_be_opened_is_bad_use(name):
    plugin = seams.plugin(seams.SOURCES, name)
    with pytest.raises(BadUse):
        plugin.verify(plugin.Config(url="file:///etc/passwd"))
