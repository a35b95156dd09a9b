"""Films that come in segments: a low rendition is fetched through the one fetcher, opened like any other, in its own time."""

from __future__ import annotations

import io
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread

import av
import pytest

from jikim.config import Fetching
from jikim.errors import FetchFailed, FetchRefused
from jikim.fetching import SafeFetcher
from jikim.fetching.streams import SEGMENTS_LIMIT
from jikim.vault import Vault
from tests.flow.harness import allow

WAYS = {
    "ts": ["-hls_segment_type", "mpegts"],
    "fmp4": ["-hls_segment_type", "fmp4"],
    "ranges": ["-hls_flags", "single_file"],
}


def stream(folder: Path, seconds: int, way: str) -> dict[str, bytes]:
    """A moving test picture in segments of a second; its files by path."""
    picture = f"testsrc=duration={seconds}:size=160x120:rate=5"
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "5", "-keyint_min", "5", "-sc_threshold", "0"]
    into = ["-f", "hls", "-hls_time", "1", "-hls_list_size", "0", *WAYS[way], "low.m3u8"]
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", picture, *encode, *into]
    subprocess.run(command, cwd=folder, check=True)
    files = {f"/{path.name}": path.read_bytes() for path in folder.iterdir() if path.is_file()}
    files["/master.m3u8"] = b"""#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=9000000,RESOLUTION=1920x1080
high.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=300000,RESOLUTION=160x120,CODECS="avc1.42c01e,mp4a.40.2"
low.m3u8
"""
    return files


class Server:
    """Files by path, parts of them where asked; `asked` are the paths asked for, robots.txt aside."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.asked: list[str] = []
        self.robots = b""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path != "/robots.txt":
                    outer.asked.append(self.path)
                body = outer.robots if self.path == "/robots.txt" else files.get(self.path)
                status = 404 if body is None else 200
                if body is not None and (asked := self.headers.get("Range")):
                    first, _, last = asked.removeprefix("bytes=").partition("-")
                    status, body = 206, body[int(first) : int(last) + 1]
                self.send_response(status)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def served():
    servers: list[Server] = []

    def serve(files: dict[str, bytes]) -> Server:
        servers.append(Server(files))
        return servers[-1]

    yield serve
    for server in servers:
        server.stop()


@pytest.fixture
def captured(tmp_path):
    """`captured(server, path)` fetches that: the bytes, and the capture."""
    with Vault.open(tmp_path / "home") as vault:

        def capture(server: Server, path: str, **settings):
            reach = Fetching(loopback_allowed=(server.host,), **settings)
            with SafeFetcher(reach, vault, "sweep:2026-11-22", retry_pauses_s=()) as fetcher:
                found = fetcher.capture(f"http://{server.host}{path}")
            return vault.read(found.blob), found

        yield capture


def times(film: bytes) -> list[float]:
    """When each picture of a film is shown, in seconds after its first."""
    with av.open(io.BytesIO(film)) as container:
        shown = sorted(float(frame.time) for frame in container.decode(video=0))
    return [at - shown[0] for at in shown]


@pytest.mark.parametrize("way", WAYS)
def test_a_stream_is_fetched_in_its_low_rendition_and_is_a_film(way, served, captured, tmp_path):
    server = served(stream(tmp_path, 4, way))
    film, capture = captured(server, "/master.m3u8")
    assert capture.content_type in ("video/mp2t", "video/mp4")
    assert capture.final_url.endswith("/master.m3u8")
    assert "/high.m3u8" not in server.asked
    shown = times(film)
    assert len(shown) == 20
    assert shown[-1] == pytest.approx(3.8, abs=0.05)


def test_of_a_long_film_segments_from_all_over_it_are_fetched(served, captured, tmp_path):
    server = served(stream(tmp_path, 60, "ts"))
    film, _ = captured(server, "/low.m3u8")
    assert len(server.asked) == 1 + SEGMENTS_LIMIT
    shown = times(film)
    assert len(shown) == SEGMENTS_LIMIT * 5
    assert shown[-1] == pytest.approx(59.8, abs=0.1), "the pictures keep their times in the whole film"
    gaps = [after - before for before, after in pairwise(shown)]
    assert max(gaps) < 5


@pytest.mark.parametrize(
    ("playlist", "key"),
    [
        (b'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="k"\n#EXTINF:1,\n/a.ts\n', "fetching.stream_encrypted"),
        (b"#EXTM3U\n#EXT-X-ENDLIST\n", "fetching.stream_empty"),
        (b"#EXTM3U\n#EXTINF:1,\n/gone.ts\n", "fetching.status"),
        (b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n/master.m3u8\n", "fetching.stream_empty"),
    ],
)
def test_what_cannot_be_fetched_is_said(playlist, key, served, captured):
    with pytest.raises(FetchFailed) as error:
        captured(served({"/master.m3u8": playlist}), "/master.m3u8")
    assert error.value.key == key


def test_segments_of_our_own_network_are_refused(served, captured):
    inside = served({"/a.ts": b"x"})
    server = served({"/low.m3u8": f"#EXTM3U\n#EXTINF:1,\nhttp://{inside.host}/a.ts\n".encode()})
    with pytest.raises(FetchRefused):
        captured(server, "/low.m3u8")
    assert inside.asked == []


def test_robots_txt_counts_for_each_segment(served, captured, tmp_path):
    server = served(stream(tmp_path, 2, "ts"))
    server.robots = b"User-agent: *\nDisallow: /low1"
    with pytest.raises(FetchRefused) as error:
        captured(server, "/low.m3u8")
    assert error.value.key == "fetching.robots_forbid"
    assert "/low1.ts" not in server.asked


def test_a_film_is_no_larger_than_a_file_may_be(served, captured, tmp_path):
    server = served(stream(tmp_path, 4, "ts"))
    with pytest.raises(FetchRefused, match="larger"):
        captured(server, "/low.m3u8", max_media_bytes=20_000)


def test_a_playlist_without_end_is_cut(served, captured):
    with pytest.raises(FetchRefused, match="larger"):
        captured(served({"/low.m3u8": b"#EXTM3U\n" + b"#\n" * 2**20}), "/low.m3u8")


TONE = ["-f", "lavfi", "-i", "sine=frequency=440:duration={seconds}"]
SOUND = ["-c:a", "aac", "-b:a", "32k"]
DASH_WAYS = {
    "numbers": ["-use_timeline", "0"],
    "timeline": ["-use_timeline", "1"],
    "ranges": ["-single_file", "1"],
}


def with_sound(folder: Path, seconds: int, into: list[str]) -> dict[str, bytes]:
    """A moving test picture and a tone, in segments of a second each; its files by path."""
    tone = [part.format(seconds=seconds) for part in TONE]
    picture = ["-f", "lavfi", "-i", f"testsrc=duration={seconds}:size=160x120:rate=5", *tone, "-map", "0:v", "-map", "1:a"]
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "5", "-keyint_min", "5", "-sc_threshold", "0", *SOUND]
    subprocess.run(["ffmpeg", "-v", "error", *picture, *encode, *into], cwd=folder, check=True)
    return {f"/{path.name}": path.read_bytes() for path in folder.iterdir() if path.is_file()}


def dash(folder: Path, seconds: int, way: str) -> dict[str, bytes]:
    return with_sound(folder, seconds, ["-f", "dash", "-seg_duration", "1", *DASH_WAYS[way], "film.mpd"])


def sound_s(film: bytes) -> float:
    """How much sound there is, by its samples."""
    with av.open(io.BytesIO(film)) as container:
        return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))


@pytest.mark.parametrize("way", DASH_WAYS)
def test_a_manifest_becomes_its_picture_and_its_sound(way, served, captured, tmp_path):
    server = served(dash(tmp_path, 4, way))
    film, capture = captured(server, "/film.mpd")
    assert capture.content_type == "video/mp4"
    assert len(times(film)) == 20
    assert times(film)[-1] == pytest.approx(3.8, abs=0.05)
    assert capture.sound == f"http://{server.host}/film.mpd#track=audio"
    sound, heard = captured(server, "/film.mpd#track=audio")
    assert sound_s(sound) == pytest.approx(4, abs=0.1)
    assert (heard.sound, heard.content_type) == (None, "audio/mp4")
    assert heard.sha256 != capture.sha256


@pytest.mark.parametrize("way", DASH_WAYS)
def test_of_a_long_manifest_segments_from_all_over_it_are_fetched(way, served, captured, tmp_path):
    server = served(dash(tmp_path, 60, way))
    film, _ = captured(server, "/film.mpd")
    assert len(server.asked) == 2 + SEGMENTS_LIMIT
    shown = times(film)
    assert len(shown) == SEGMENTS_LIMIT * 5
    assert shown[-1] == pytest.approx(59.8, abs=0.1), "the pictures keep their times in the whole film"


def test_sound_in_a_playlist_of_its_own_is_named_with_the_picture(served, captured, tmp_path):
    streams = [
        "-var_stream_map",
        "v:0,agroup:sounds a:0,agroup:sounds,language:ko,default:yes",
        "-master_pl_name",
        "master.m3u8",
    ]
    server = served(with_sound(tmp_path, 4, ["-f", "hls", "-hls_time", "1", "-hls_list_size", "0", *streams, "s%v.m3u8"]))
    film, capture = captured(server, "/master.m3u8")
    assert len(times(film)) == 20
    with av.open(io.BytesIO(film)) as container:
        assert not container.streams.audio
    assert capture.sound == f"http://{server.host}/s1.m3u8#track=audio"
    sound, heard = captured(server, "/s1.m3u8#track=audio")
    assert heard.content_type.startswith("audio/")
    assert sound_s(sound) == pytest.approx(4, abs=0.1)


def test_sound_that_is_with_the_picture_is_not_fetched_twice(served, captured, tmp_path):
    into = ["-f", "hls", "-hls_time", "1", "-hls_list_size", "0", "-master_pl_name", "master.m3u8", "low.m3u8"]
    _, capture = captured(served(with_sound(tmp_path, 2, into)), "/master.m3u8")
    assert capture.sound is None


def with_sound_at(reference: str) -> bytes:
    sound = f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="ko",URI="{reference}"'
    return f'#EXTM3U\n{sound}\n#EXT-X-STREAM-INF:BANDWIDTH=9,AUDIO="a"\nlow.m3u8\n'.encode()


def test_sound_leads_to_no_further_sound(served, captured, tmp_path):
    files = {**stream(tmp_path, 2, "ts"), "/a.m3u8": with_sound_at("b.m3u8"), "/b.m3u8": with_sound_at("c.m3u8")}
    server = served(files)
    _, capture = captured(server, "/a.m3u8")
    assert capture.sound == f"http://{server.host}/b.m3u8#track=audio"
    _, heard = captured(server, "/b.m3u8#track=audio")
    assert heard.sound is None, "a site could lead on like that without end"


@pytest.mark.parametrize("reference", ["data:audio/mp4;base64,AAAA", "http://[", "http://a:b@c.example/x.m3u8"])
def test_a_wrong_address_of_the_sound_hides_no_picture(reference, served, captured, tmp_path):
    film, capture = captured(served({**stream(tmp_path, 2, "ts"), "/a.m3u8": with_sound_at(reference)}), "/a.m3u8")
    assert times(film)
    assert capture.sound == f"{reference}#track=audio"


def test_a_manifest_leads_nowhere_it_may_not(served, captured, tmp_path):
    files = dash(tmp_path, 2, "numbers")
    inside = served({})
    moved = files["/film.mpd"].replace(b"<Period", f"<BaseURL>http://{inside.host}/</BaseURL><Period".encode(), 1)
    with pytest.raises(FetchRefused):
        captured(served({"/film.mpd": moved}), "/film.mpd")
    assert inside.asked == []


def test_what_is_heard_apart_from_the_picture_is_read_with_it(jikim, home, served, tmp_path):
    folder = tmp_path / "stream"
    folder.mkdir()
    server = served(dash(folder, 2, "numbers"))
    allow(home, server.host)
    given = ("--organisation", "centre", "--legal-ground", "ground", "--responsible", "person")
    assert jikim("authority", "set", *given).status == 0
    (scanned,) = jikim("scan", f"http://{server.host}/film.mpd", "--only", "speech,faces", "--json").objects
    assert (scanned["kind"], scanned["errors"]) == ("video", [])
    assert {"speech", "faces"} <= set(scanned["took_ms"])
    assert len([path for path in server.asked if "chunk-stream1" in path]) == 2, "its sound was fetched"
