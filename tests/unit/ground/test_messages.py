"""Every sentence a person sees exists in Korean and English, with the same placeholders, and reads well."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import jikim
from jikim.messages import catalogue, placeholders, readable, render

PACKAGE = Path(jikim.__file__).parent
MESSAGES = catalogue()
RAISED = re.compile(r"[a-z_]+(\.[a-z0-9_]+)+")


@pytest.mark.parametrize("key", MESSAGES)
def test_both_languages_say_the_same(key):
    ko, en = MESSAGES[key]
    assert ko.strip()
    assert en.strip()
    assert placeholders(ko) == placeholders(en)


@pytest.mark.parametrize("key", MESSAGES)
def test_no_korean_particle_hangs_on_a_placeholder(key):
    assert not re.search(r"\}(을|를|이|가|은|는|와|과|으로|로|라|이라)(?![가-힣])", MESSAGES[key].ko)


def test_every_key_in_the_code_has_words():
    stages = {key.split(".")[0] for key in MESSAGES}
    missing = [
        f"{path.relative_to(PACKAGE)}: {node.value}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args
        for node in node.args[:1]
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and RAISED.fullmatch(node.value)
        and node.value.split(".")[0] in stages
        and node.value not in MESSAGES
    ]
    assert not missing


def test_a_parameter_may_itself_be_a_message():
    said = render("reason.failed", {"what": {"message": "stage.open"}})
    assert said.ko == "분석하지 못함: 파일 열기"
    assert said.en == "Could not be analysed: opening the file"


def test_a_parameter_may_have_both_languages():
    said = render("reason.known_copy", {"label": "x", "edit": {"ko": "그대로", "en": "as it is"}})
    assert "그대로" in said.ko
    assert "as it is" in said.en


def test_an_unknown_key_is_an_error():
    with pytest.raises(KeyError):
        render("nobody.wrote_this", {})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("가을 축제\u3000안내 👩\u200d🚒", "가을 축제\u3000안내 👩\u200d🚒"),
        ("\x1b[2J\r\n\t\x7f\x9b", "\\x1b[2J\\r\\n\\t\\x7f\\x9b"),
        ("a\u202egpj.exe\u2066", "a\\u202egpj.exe\\u2066"),
        ("\udcff\ud800\u2028", "\\udcff\\ud800\\u2028"),
    ],
)
def test_what_others_wrote_cannot_steer_a_terminal(text, shown):
    assert readable(text) == shown
    assert render("masked.where", {}).ko in render("config.invalid", {"where": {"message": "masked.where"}, "problem": text}).ko
    assert shown in render("config.invalid", {"where": "-", "problem": text}).en
