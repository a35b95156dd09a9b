"""The picture of a page shows its words and not one pixel of its pictures, whatever the page tries."""

import base64
import io
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jikim_desk.notices.pictures import browser, drawing
from tests.desk import chromium as browsers

pytestmark = browsers.in_browser
COLOURS = {"magenta": (255, 0, 255), "lime": (0, 255, 0), "orange": (255, 128, 0)}


def file_of(colour):
    file = io.BytesIO()
    Image.new("RGB", (300, 200), COLOURS[colour]).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


MAGENTA, LIME, ORANGE = (file_of(name) for name in COLOURS)
SVG = "<svg width=200 height=200><rect width=200 height=200 fill='#ff00ff'/></svg>"
COVERED = {
    "img": f"<img src='{MAGENTA}'>",
    "img in picture": f"<picture><source srcset='{LIME}'><img src='{MAGENTA}'></picture>",
    "srcset": f"<img srcset='{MAGENTA} 1x'>",
    "video poster": f"<video poster='{MAGENTA}' width=300 height=200></video>",
    "svg": SVG,
    "svg with image": f"<svg width=200 height=200><image href='{MAGENTA}' width=200 height=200 /></svg>",
    "frame srcdoc": f"<iframe srcdoc=\"<img src='{MAGENTA}'>\" width=300 height=200></iframe>",
    "object": f"<object data='{MAGENTA}'></object>",
    "embed": f"<embed src='{MAGENTA}'>",
    "input": f"<input type=image src='{MAGENTA}'>",
    "background attribute": f"<table background='{MAGENTA}' width=300 height=200><tr><td>글</table>",
    "background style": f"<div style=\"background-image:url('{MAGENTA}');width:300px;height:200px\"></div>",
    "list bullets": f"<ul style='list-style-image:url({MAGENTA})'><li>글</ul>",
    "border image": f"<p style='border:20px solid;border-image:url({MAGENTA}) 30'>글",
    "gradient": "<div style='background:linear-gradient(#f0f,#f0f);width:300px;height:200px'></div>",
}
PAINTED = {
    "style sheet": f"<style>body{{background:url('{MAGENTA}')}}</style><p>글",
    "content": f"<style>p::before{{content:url('{MAGENTA}')}}</style><p>글",
    "box shadow": "<p style='width:1px;height:1px;box-shadow:20px 20px 0 40px #f0f'>",
    "coloured cells": "<table><tr>" + "<td bgcolor=#ff00ff width=20 height=20>" * 20 + "</table>",
    "coloured letters": "<font color=#ff00ff size=7>████████</font>",
    "font": "<style>@font-face{font-family:x;src:url(data:font/ttf;base64,AAAA)}p{font-family:x;color:#f0f}</style><p>글자",
    "shadow root": f"<div><template shadowrootmode=open><img src='{MAGENTA}'>{SVG}</template>글</div>",
    "important": "<style>*{background:#f0f !important;color:#0f0 !important}</style><p style='background:#f0f !important'>글",
}


def pixels(picture):
    return np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB")).astype(int)


def most_colour(shown):
    """0 for pictures of greys alone."""
    return int((shown.max(axis=2) - shown.min(axis=2)).max())


def drawn(page, time_limit_s=60):
    return drawing.drawn(page, head=["https://board.example/one"], lang="ko", time_limit_s=time_limit_s)


@pytest.mark.parametrize("page", [*COVERED.values(), *PAINTED.values()], ids=[*COVERED, *PAINTED])
def test_nothing_of_a_picture_is_shown(page):
    picture = drawn(f"<!doctype html><title>축제</title>{page}")
    assert picture.why_none == ""
    assert most_colour(pixels(picture)) == 0
    assert picture.boxes == (page in COVERED.values())


def test_the_same_page_uncovered_would_show_them(chromium):
    page = chromium.new_page()
    page.set_content(f"<!doctype html>{''.join(COVERED.values())}{''.join(PAINTED.values())}")
    shown = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB")).astype(int)
    page.close()
    assert most_colour(shown) == 255


def test_the_words_are_there_and_boxes_have_the_size_of_what_they_cover():
    bare = pixels(drawn("<!doctype html><title>축제</title>"))
    full = pixels(
        drawn(
            f"<!doctype html><title>축제</title><h1>동네 축제</h1>{'<p>글</p>' * 3}<img src='{MAGENTA}' width=300 height=200>"
        )
    )
    assert (full < 90).sum() > (bare < 90).sum() + 500
    grey = (full == 0xBB).all(axis=2)
    assert (grey.sum(axis=1) > 200).sum() == 198  # and a line around it
    assert (grey.sum(axis=0) > 150).sum() == 298


HOSTILE = {
    "endless script": "<script>for(;;){}</script><p>글",
    "script that writes": f"<script>document.write(\"<img src='{MAGENTA}'>\")</script><img src=x onerror='for(;;){{}}'>",
    "pop-ups": "<script>setInterval(()=>{open('about:blank');alert(1)},1)</script><body onload='alert(1)'>글",
    "refresh": "<meta http-equiv=refresh content='0;url=data:text/html,<body bgcolor=red>'>글",
    "names in the way": "<form name=title><input name=firstChild><input name=localName><input name=getAttribute></form>"
    "<form name=body></form><img name=title><p>글<form><input name=nextSibling><input name=nodeType>글</form>",
    "names of everything": "<constructor>글</constructor><toString>글</toString><__proto__>글</__proto__>",
    "deep": "<div>" * 20_000 + "글",
    "deep tables": "<table><tr><td>" * 3000 + "글",
    "frameset": f"<frameset><frame src='{MAGENTA}'></frameset>",
    "plaintext": "<plaintext><img>",
    "control characters": "<p>\x01\u202e\ufffe글\u2028",
    "cut tags": "<p <img <!-- <![CDATA[ <svg><style><img src=x>",
    "foreign": "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    "nothing": "",
}


@pytest.mark.parametrize("page", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_page_is_drawn_as_any_other(page):
    picture = drawn(page)
    assert picture.why_none == ""
    assert most_colour(pixels(picture)) == 0


@pytest.mark.parametrize(
    "page",
    ["<p>글자 " * 300_000, "<i></i>" * 600_000, "가" * 1_300_000, "<img>" * 800_000],
    ids=["words", "elements", "one word", "boxes"],
)
def test_a_huge_page_is_cut_and_says_so(page):
    picture = drawn(page)
    assert picture.why_none == ""
    assert picture.is_cut
    assert picture.height_px <= drawing.LIMITS["height_px"]
    assert len(picture.png) < drawing.PNG_MAX_BYTES


@contextmanager
def listening():
    """The address of a server, and what it was asked."""
    asked = []

    class Listening(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(204)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listening)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()


FETCHING = "(at) => fetch(at).then(() => 'there', () => 'nobody')"


def test_nothing_is_asked_of_any_server():
    with listening() as (at, asked):
        assert drawn(asking_for(at)).why_none == ""
    assert asked == []


def asking_for(at):
    return (
        f"<link rel=stylesheet href={at}/a><link rel=preconnect href={at}><link rel=icon href={at}/i>"
        f"<script src={at}/b></script>"
        f"<img src={at}/c><video src={at}/d autoplay></video><iframe src={at}/e></iframe><style>@import '{at}/f';</style>"
        f"<meta http-equiv=refresh content='0;url={at}/g'><body background={at}/h>글"
    )


def test_the_browser_reaches_no_server_even_if_it_is_told_to(chromium):
    """A control of the walls: the same question finds a server from any other browser, and nobody from this one."""
    with listening() as (at, asked):
        page = chromium.new_page()
        assert page.evaluate(FETCHING, f"{at}/other") == "there"
        page.close()
        with browser.opened(time_limit_s=60) as opened:
            assert opened.run(FETCHING, f"{at}/own") == "nobody"
            assert opened.run("() => fetch('data:text/plain,x').then(one => one.text())") == "x"
    assert asked == ["/other"]


@pytest.fixture
def own(monkeypatch):
    """The beginning of the names of this test's folders: others on this machine draw pages too."""
    prefix = f"jikim-page-test{os.getpid()}-"
    monkeypatch.setattr(browser, "_PREFIX", prefix)
    return prefix


def test_it_ends_by_its_time_limit_and_leaves_nothing(own):
    with pytest.raises(browser.BrowserFailed), browser.opened(time_limit_s=3) as opened:
        opened.run("() => { for (;;) {} }")
    assert drawn("<p>글", time_limit_s=0.01).why_none == "evidence.picture.failed"
    assert left(own) == []


def test_it_is_drawn_in_a_process_with_many_files_open():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    held = [os.open("/dev/null", os.O_RDONLY) for _ in range(1100)]
    try:
        assert drawn("<p>글").why_none == ""
    finally:
        for one in held:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_killed_process_leaves_no_browser_and_its_folder_goes_with_the_next(own):
    code = (
        "import os, signal\n"
        "from jikim_desk.notices.pictures import browser\n"
        f"browser._PREFIX = {own!r}\n"
        "with browser.opened(time_limit_s=60) as opened:\n"
        "    opened.run('() => 1')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    until = time.monotonic() + 30
    while [one for one in left(own) if not one.startswith("/dev/shm")] and time.monotonic() < until:
        time.sleep(0.05)
    (folder,) = left(own)
    os.utime(folder, (1, 1))
    assert drawn("<p>글").why_none == ""
    assert left(own) == []


def left(prefix):
    """Processes and folders of a browser that should be gone."""
    found = [str(one) for one in Path("/dev/shm").glob(f"{prefix}*")]
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = one.read_bytes()
        except OSError:
            continue  # it ended meanwhile
        found += [str(words)] if prefix.encode() in words else []
    return found


def test_a_machine_without_it_says_so(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert drawn("<p>글").why_none == "evidence.picture.no_browser"
