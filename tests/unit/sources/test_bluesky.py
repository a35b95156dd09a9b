from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from jikim import seams
from jikim.errors import BadUse, FetchFailed, NotConfigured, SourceChanged
from jikim.sources.bluesky import BlueskyConfig, BlueskySource
from jikim.types import Answer, Keyword

FESTIVAL = Keyword("축제")
DID = "did:plc:z72i7hdynmk6r22z27h6tvur"


def post(key="3kaaa", embed=None, **changes):
    made = {
        "uri": f"at://{DID}/app.bsky.feed.post/{key}",
        "author": {"did": DID, "handle": "writer.example"},
        "record": {"$type": "app.bsky.feed.post", "text": "축제", "createdAt": "2026-10-03T09:00:00.000Z"},
        "indexedAt": "2026-10-03T09:00:01.000Z",
    }
    return {**made, **({"embed": embed} if embed else {}), **changes}


class Pages:
    """Answers by cursor: none gives the first page, `"1"` the second, ..."""

    def __init__(self, *pages):
        self.pages = pages
        self.asked = []

    def get(self, url, *, headers=None, max_bytes=None):
        sent = parse_qs(urlsplit(url).query)
        self.asked.append(sent)
        number = int(sent.get("cursor", ["0"])[0])
        following = {"cursor": str(number + 1)} if number + 1 < len(self.pages) else {}
        posts = self.pages[number]
        body = posts if isinstance(posts, bytes) else msgspec.json.encode({"posts": posts, **following})
        return Answer(url, url, 200, {}, body, "192.0.2.1", datetime.now(UTC))


def search(*pages, keyword=FESTIVAL, since=None, limit=300, **settings):
    fetcher = Pages(*pages)
    source = BlueskySource(BlueskyConfig(**settings), fetcher)
    return source, list(source.search(keyword, since, limit)), fetcher.asked


def test_the_examples_give_what_they_promise(recorded):
    for example in BlueskySource.examples():
        fetcher = recorded(example.answers)
        source = BlueskySource(seams.configured(BlueskyConfig, example.config, "bluesky"), fetcher)
        assert isinstance(source, seams.Source)
        found = list(source.search(example.keyword, None, 300))
        assert tuple(each.native_id for each in found) == example.native_ids
        assert set(fetcher.asked) == set(example.answers)
        assert source.warnings == []


def test_nothing_found_is_an_honest_nothing():
    assert search([])[1] == []


def test_what_a_post_says_is_kept():
    image = {"fullsize": "https://cdn.example/f/a@jpeg", "thumb": "https://cdn.example/t/a@jpeg", "alt": "등불"}
    _, (found,), _ = search([post(embed={"$type": "app.bsky.embed.images#view", "images": [image]}, labels=[{"val": "x"}])])
    assert found.native_id == f"at://{DID}/app.bsky.feed.post/3kaaa"
    assert found.url == f"https://bsky.app/profile/{DID}/post/3kaaa"
    assert (found.text, found.author_ref) == ("축제 등불", DID)
    assert (found.media_urls, found.thumbnail_urls) == ((image["fullsize"],), (image["thumb"],))
    assert found.posted_at == datetime(2026, 10, 3, 9, 0, 1, tzinfo=UTC)


def test_a_video_is_its_playlist_and_its_still():
    embed = {
        "$type": "app.bsky.embed.video#view",
        "cid": "c",
        "playlist": "https://v.example/p.m3u8",
        "thumbnail": "https://v.example/t.jpg",
        "alt": "불꽃",
    }
    _, (found,), _ = search([post(embed=embed)])
    assert (found.media_urls, found.thumbnail_urls, found.text) == (
        ("https://v.example/p.m3u8",),
        ("https://v.example/t.jpg",),
        "축제 불꽃",
    )


def test_a_link_that_is_a_file_is_media():
    link = {"uri": "https://gifs.example/1.gif?h=9", "title": "t", "description": "d", "thumb": "https://cdn.example/t@jpeg"}
    _, (found,), _ = search([post(embed={"$type": "app.bsky.embed.external#view", "external": link})])
    assert (found.media_urls, found.thumbnail_urls) == (("https://gifs.example/1.gif?h=9",), ("https://cdn.example/t@jpeg",))


@pytest.mark.parametrize(
    "embed",
    [
        {"$type": "app.bsky.embed.record#view", "record": {"embeds": [{"images": [{"fullsize": "https://q.example/1"}]}]}},
        {"$type": "app.bsky.embed.unknown#view", "items": [1, 2]},
    ],
)
def test_a_quoted_post_and_kinds_yet_unknown_add_nothing(embed):
    _, (found,), _ = search([post(embed=embed)])
    assert (found.media_urls, found.thumbnail_urls) == ((), ())


def test_a_post_dated_back_by_its_author_does_not_hide():
    record = {"text": "축제", "createdAt": "1999-01-01T00:00:00Z"}
    assert len(search([post(record=record)], since=datetime(2026, 10, 1, tzinfo=UTC))[1]) == 1


def test_the_latest_first_ends_where_the_last_look_was_and_the_best_first_goes_on():
    pages = [[post("new")], [post("old", indexedAt="2020-01-01T00:00:00Z")], [post("more")]]
    since = datetime(2026, 10, 1, tzinfo=UTC)
    assert [each.url[-3:] for each in search(*pages, since=since)[1]] == ["new"]
    assert [each.url[-3:] for each in search(*pages, since=since, sort="top")[1]] == ["new", "ore"]


def test_an_empty_page_between_two_is_passed_over_and_two_are_the_end():
    assert len(search([post("a")], [], [post("b")])[1]) == 2
    source, found, asked = search([post("a")], [], [], [post("b")])
    assert (len(found), len(asked)) == (1, 3)
    assert [each.key for each in source.warnings] == ["sources.repeated_page"]


@pytest.mark.parametrize(
    ("lang", "setting", "sent"), [("ko", None, ["ko"]), ("ko", "all", None), ("ko", "ja", ["ja"]), ("", None, None)]
)
def test_the_language_is_the_keywords_unless_set(lang, setting, sent):
    assert search([], keyword=Keyword("축제", lang), language=setting)[2][0].get("lang") == sent


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        (post(record={"createdAt": "x"}), "posts[0].record.text"),
        (post(author={"handle": "x"}), "posts[0].author.did"),
        (post(indexedAt=7), "posts[0].indexedAt"),
        (post(embed={"images": [{"thumb": "https://x.example"}]}), "posts[0].embed.images[0].fullsize"),
        (post(embed={"media": {"external": {}}}), "posts[0].embed.media.external.uri"),
        (post(uri="https://x.example/1"), "posts[].uri"),
        (post(uri=f"at://{DID}/app.bsky.feed.post/../../x"), "posts[].uri"),
    ],
)
def test_a_changed_shape_names_the_field(broken, field):
    with pytest.raises(SourceChanged) as error:
        search([broken])
    assert error.value.params["field"] == field


@pytest.mark.parametrize("status", [401, 403])
def test_a_search_for_members_only_is_said_so(status):
    class Refusing(Pages):
        def get(self, url, *, headers=None, max_bytes=None):
            raise FetchFailed("fetching.status", where=url, status=status)

    with pytest.raises(FetchFailed) as error:
        list(BlueskySource(BlueskyConfig(), Refusing()).search(FESTIVAL, None, 10))
    assert (error.value.status, error.value.key) == (status, "sources.sign_in_wanted")


def test_without_an_address_it_is_politely_absent():
    with pytest.raises(NotConfigured):
        BlueskySource.verify(BlueskyConfig(url=None))
    with pytest.raises(BadUse):
        BlueskySource.verify(BlueskyConfig(url="at://x"))
    BlueskySource.verify(BlueskyConfig())
