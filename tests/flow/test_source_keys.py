"""`jikim source key`: tried on entry, kept sealed, used without being shown."""

from __future__ import annotations

import sqlite3
import subprocess

import pytest

from tests.flow.harness import JIKIM
from tests.flow.interfaces import Place, said

KEY = "rest-key-7f3a91"


@pytest.fixture
def kakao():
    """Kakao's interface: takes one key alone."""

    def answer(path, sent):
        if sent["authorization"] != f"KakaoAK {KEY}":
            return said({"errorType": "AccessDeniedError", "message": "wrong appKey"}, 401)
        document = {"title": "축제", "contents": "등불", "url": "https://page.example/1"}
        return said({"meta": {"total_count": 1, "pageable_count": 1, "is_end": True}, "documents": [document]})

    place = Place(answer)
    yield place
    place.stop()


@pytest.fixture
def run(home, kakao):
    home.mkdir()
    (home / "config.toml").write_text(
        f'[fetching]\nloopback_allowed = ["127.0.0.1:{kakao.port}"]\npace_s = 0\n'
        f'[sources.kakao]\nurl = "{kakao.url}"\nservices = ["web"]\n'
    )

    def run(*arguments, entered=""):
        environment = {"JIKIM_HOME": str(home), "JIKIM_LANG": "en", "PATH": "/usr/bin:/bin"}
        return subprocess.run(
            [JIKIM, *arguments], input=entered, capture_output=True, text=True, env=environment, timeout=120, check=False
        )

    given = ("--organisation", "centre", "--legal-ground", "ground", "--responsible", "person")
    assert run("authority", "set", *given).returncode == 0
    return run


def test_a_key_is_tried_kept_sealed_and_used(run, home, kakao):
    wrong = run("source", "key", "set", "kakao", entered="wrong-key\n")
    assert wrong.returncode == 1
    assert "nothing was kept" in wrong.stderr
    assert run("source", "try", "kakao", "축제").returncode == 2, "without a key it is not set up"

    right = run("source", "key", "set", "kakao", entered=f"{KEY}\n")
    assert right.returncode == 0, right.stderr
    tried = run("source", "try", "kakao", "축제")
    assert tried.returncode == 0, tried.stderr
    assert kakao.authorizations[-1] == f"KakaoAK {KEY}"
    for ran in (wrong, right, tried):
        assert KEY not in ran.stdout + ran.stderr
    for file in home.rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes(), file

    assert run("source", "key", "forget", "kakao").returncode == 0
    with sqlite3.connect(home / "state.sqlite") as state:
        assert state.execute("SELECT count(*) FROM credential").fetchone() == (0,)
    state.close()


@pytest.mark.parametrize(("name", "entered"), [("feed", ""), ("nowhere", ""), ("kakao", "with blank\n")])
def test_wrong_use_is_one_line(run, name, entered):
    ran = run("source", "key", "set", name, entered=entered)
    assert ran.returncode == 2
    assert "Traceback" not in ran.stderr
