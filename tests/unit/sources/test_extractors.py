import json
import subprocess
import sys
from pathlib import Path

import pytest

from jikim.errors import FetchFailed, FetchRefused
from jikim.sources.extractors import REQUESTS_LIMIT, extract, extractor_for
from jikim.sources.page import PageConfig, PageSource
from jikim.types import Keyword

VIDEO = "https://streamable.com/dnd1"
DESCRIBED = "https://ajax.streamable.com/videos/dnd1"
FESTIVAL = Keyword("축제")


def described(**changes):
    """What the place answers about a video, in the shape its player reads."""
    files = {
        "mp4": {
            "url": "//cdn.example/v-1080.mp4",
            "width": 1920,
            "height": 1080,
            "framerate": 30,
            "bitrate": 9_000_000,
            "size": 9,
        },
        "mp4-mobile": {
            "url": "//cdn.example/v-360.mp4",
            "width": 640,
            "height": 360,
            "framerate": 30,
            "bitrate": 900_000,
            "size": 3,
        },
    }
    said = {"status": 2, "title": "불꽃 축제", "files": files, "thumbnail_url": "//cdn.example/t.jpg", "duration": 12.5}
    return json.dumps({**said, "date_added": 1_790_985_600, "owner": {"user_name": "writer-1"}, **changes}).encode()


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (VIDEO, "Streamable"),
        ("https://city.example/festival", None),
        ("http://127.0.0.1:8085/item/1", None),
        ("http://[::1]/", None),
        ("http://localhost/", None),
        ("https://", None),
    ],
)
def test_which_extractor(url, name):
    assert extractor_for(url) == name


def test_what_an_extractor_says_is_kept(recorded):
    fetcher = recorded({DESCRIBED: described()})
    (found,) = extract(VIDEO, "Streamable", fetcher)
    assert (found.title, found.author, found.duration_s, found.posted) == ("불꽃 축제", "writer-1", 12.5, 1_790_985_600)
    assert found.media_urls == ("https://cdn.example/v-360.mp4",)
    assert found.thumbnail_urls == ("https://cdn.example/t.jpg",)
    assert fetcher.asked == [DESCRIBED]


def test_no_borrowed_face_is_sent(recorded):
    fetcher = recorded({DESCRIBED: described()})
    extract(VIDEO, "Streamable", fetcher)
    assert not {"user-agent", "cookie", "x-forwarded-for", "authorization", "accept-encoding"} & set(fetcher.sent_headers[0])


BROKEN = [
    {},
    *({DESCRIBED: body} for body in (b"", b"<html>", b"[]", b'{"status": 2}', described(status=3), described(files=[1]))),
]


@pytest.mark.parametrize("answers", BROKEN)
def test_a_place_that_changed_is_one_failure_without_words_of_strangers(recorded, answers, capfd):
    with pytest.raises(FetchFailed) as error:
        extract(VIDEO, "Streamable", recorded(answers))
    assert VIDEO not in error.value.message(masked=True).en
    assert "Streamable" in error.value.message().ko
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("changes", "media"), [({"files": {}}, ()), ({"duration": {}}, ("https://cdn.example/v-360.mp4",))])
def test_what_a_place_left_out_is_left_out(recorded, changes, media):
    (found,) = extract(VIDEO, "Streamable", recorded({DESCRIBED: described(**changes)}))
    assert found.media_urls == media


def test_what_policy_forbids_stays_forbidden():
    class Refusing:
        def get(self, url, *, headers=None, max_bytes=None):
            raise FetchRefused("sources.bad_address", where=url, problem="robots.txt")

    with pytest.raises(FetchRefused):
        extract(VIDEO, "Streamable", Refusing())


def test_a_page_whose_extractor_fails_is_read_itself(recorded):
    fetcher = recorded({VIDEO: "<title>축제</title>".encode()})
    source = PageSource(PageConfig(url=VIDEO), fetcher)
    (found,) = source.search(FESTIVAL, None, 300)
    assert found.title == "축제"
    assert [warning.key for warning in source.warnings] == ["sources.extractor_failed"]


def test_a_page_with_an_extractor_is_a_candidate_from_it(recorded):
    source = PageSource(PageConfig(url=VIDEO), recorded({DESCRIBED: described()}))
    (found,) = source.search(FESTIVAL, None, 300)
    assert (found.url, found.native_id, found.duration_s) == (VIDEO, VIDEO, 12.5)
    assert found.posted_at.isoformat() == "2026-10-03T00:00:00+00:00"


def test_an_embedded_player_is_looked_into(recorded):
    page = "https://city.example/festival"
    answers = {page: b'<title>a</title><iframe src="https://streamable.com/e/dnd1"></iframe>', DESCRIBED: described()}
    (found,) = PageSource(PageConfig(url=page), recorded(answers)).search(FESTIVAL, None, 300)
    assert (found.url, found.duration_s) == (page, 12.5)
    assert found.media_urls == ("https://cdn.example/v-360.mp4",)


def test_a_list_of_things_gives_those_that_hold_the_keyword(recorded):
    show = "https://api.spreaker.com/show/4652058"

    def episodes(page, *titles):
        results = [
            {"episode_id": n, "title": title, "download_url": f"https://cdn.example/{title}.mp3", "length": 61_000}
            for n, title in enumerate(titles)
        ]
        return {
            f"{show}/episodes?page={page}&max_per_page=100": json.dumps(
                {"response": {"pager": {"results": results, "last_page": 2}}}
            ).encode()
        }

    fetcher = recorded({**episodes(1, "축제-1", "버스"), **episodes(2, "축제-2")})
    found = list(PageSource(PageConfig(url=show), fetcher).search(FESTIVAL, None, 300))
    assert [(each.title, each.duration_s) for each in found] == [("축제-1", 61), ("축제-2", 61)]
    assert len({each.id for each in found}) == len({each.url for each in found}) == 2
    assert [each.media_urls for each in found] == [(each.url,) for each in found]
    assert len(list(PageSource(PageConfig(url=show), fetcher).search(Keyword("없는말"), None, 300))) == 3


def test_what_would_need_a_form_to_be_sent_is_left_alone(recorded):
    url = "https://city.simplecast.com/"
    fetcher = recorded({url: "<title>축제 방송</title>".encode()})
    source = PageSource(PageConfig(url=url), fetcher)
    assert [each.title for each in source.search(FESTIVAL, None, 300)] == ["축제 방송"]
    assert fetcher.asked == [url]
    assert [warning.params["extractor"] for warning in source.warnings] == ["SimplecastPodcast"]


def test_engine_holds_one_handler_and_its_limits(recorded):
    from yt_dlp.networking import Request
    from yt_dlp.networking.exceptions import NoSupportingHandlers, RequestError

    from jikim.sources.extractors import _engine

    fetcher = recorded({"https://city.example/": b"x"})
    with _engine(fetcher, "Streamable", []) as engine:
        assert list(engine._request_director.handlers) == ["Fetcher"]
        for refused in (
            Request("https://city.example/", data=b"x"),
            "ftp://city.example/",
            "file:///etc/passwd",
            "ws://city.example/",
        ):
            with pytest.raises((NoSupportingHandlers, RequestError)):
                engine.urlopen(refused)
        assert fetcher.asked == []
        for _ in range(REQUESTS_LIMIT):
            assert engine.urlopen("https://city.example/").read() == b"x"
        with pytest.raises(RequestError):
            engine.urlopen("https://city.example/")


WATCHED = """
import json, sys
seen = []
WATCHED = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "ssl.")
def watch(event, args):
    written = event == "open" and (isinstance(args[1], str) and set(args[1]) & set("wax+"))
    if event.startswith(WATCHED) or written or event in ("os.mkdir", "os.rename"):
        seen.append((event, repr(args)[:200]))
sys.dont_write_bytecode = True
sys.addaudithook(watch)
from datetime import UTC, datetime
from jikim.sources.extractors import extract, extractor_for
from jikim.types import Answer
answers = json.loads(sys.argv[1])
class Fetcher:
    def get(self, url, *, headers=None, max_bytes=None):
        return Answer(url, url, 200, {}, answers[url].encode(), "192.0.2.1", datetime.now(UTC))
url = sys.argv[2]
found = extract(url, extractor_for(url), Fetcher())
import yt_dlp.utils
try:
    yt_dlp.utils.Popen.run(["true"])
except OSError:
    pass
# urllib3, where another package brought it, asks this machine once whether it has IPv6, by binding a socket to ::1.
probe = [("socket.__new__", "10, 1, 0)"), ("socket.bind", "('::1', 0)")]
seen = [(event, said) for event, said in seen if not any(event == name and mark in said for name, mark in probe)]
print(json.dumps({"titles": [each.title for each in found], "seen": seen}))
"""


def test_yt_dlp_opens_no_socket_runs_no_program_and_writes_no_file(tmp_path):
    """Watched from inside the interpreter, where nothing can go around: PEP 578."""
    answers = json.dumps({DESCRIBED: described().decode()})
    environment = {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
        "https_proxy": "http://127.0.0.1:9",
        "PATH": "/usr/bin:/bin",
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WATCHED, answers, VIDEO],
        capture_output=True,
        text=True,
        env=environment,
        cwd=Path.cwd(),
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"titles": ["불꽃 축제"], "seen": []}
    assert list(tmp_path.iterdir()) == []


PICTURE = {"url": "https://cdn.example/p.mp4", "protocol": "https", "vcodec": "avc1", "acodec": "none", "height": 360}
SOUND = {"url": "https://cdn.example/s.m4a", "protocol": "https", "vcodec": "none", "acodec": "mp4a", "abr": 48}
LOUDER = {**SOUND, "url": "https://cdn.example/l.m4a", "abr": 256}
BOTH = {**PICTURE, "url": "https://cdn.example/b.mp4", "acodec": "mp4a"}
LISTED = {**PICTURE, "url": "https://cdn.example/p.m3u8", "protocol": "m3u8_native"}
LISTED_SOUND = {**SOUND, "url": "https://cdn.example/s.m3u8", "protocol": "m3u8_native"}
MANIFEST = {**PICTURE, "url": "https://cdn.example/film.mpd", "protocol": "http_dash_segments"}


@pytest.mark.parametrize(
    ("formats", "media"),
    [
        ([PICTURE, BOTH, SOUND], [BOTH]),
        ([PICTURE, LOUDER, SOUND], [PICTURE, SOUND]),
        ([SOUND], [SOUND]),
        ([SOUND, MANIFEST], [MANIFEST]),
        ([SOUND, LISTED_SOUND, {**MANIFEST, "vcodec": None}], [{**MANIFEST, "vcodec": None}]),
        ([LISTED, LISTED_SOUND, MANIFEST], [LISTED, LISTED_SOUND]),
        ([MANIFEST, {**MANIFEST, "vcodec": "none", "acodec": "mp4a"}], [MANIFEST]),
        ([BOTH, LISTED, MANIFEST], [BOTH]),
        ([{**BOTH, "has_drm": True}, MANIFEST], [MANIFEST]),
    ],
)
def test_sound_that_stands_apart_is_a_medium_of_its_own(formats, media):
    from jikim.sources.extractors import _media

    assert _media({"formats": formats}) == tuple(each["url"] for each in media)
