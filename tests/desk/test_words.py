"""Every sentence of the desk exists in both languages, is said somewhere, and stands in no template itself."""

import ast
import re
from pathlib import Path

import pytest

import jikim_desk
from jikim import messages, seams
from jikim.types import Level, SourceState
from jikim_desk import flows, words
from jikim_desk.records.intake import Said
from jikim_desk.records.models import CandidateState, SweepKind, SweepState, VariantState

DESK = Path(jikim_desk.__file__).parent
TEMPLATES = sorted(DESK.glob("*/templates/**/*.html"))
SOURCES = sorted(path for path in DESK.rglob("*.py") if "migrations" not in path.parts)
KEY = re.compile(r"[a-z_]+(?:\.[a-z0-9_]+)+")
ALLOWED = {"TEST", "SHA-256", "IP", "B", "한국어", "English"}
"""Names that are the same in every language."""
FAMILIES = {
    "console.state.sweep": SweepState.values,
    "console.state.kind": SweepKind.values,
    "console.state.candidate": CandidateState.values,
    "console.state.variant": [state for state in VariantState.values if state != "proposed"],
    "console.state.level": list(Level),
    "console.state.place": list(SourceState),
    "console.state.credential": sorted(
        {field for kind in seams.plugins(seams.SOURCES).values() for field in getattr(kind, "secrets", ())}
    ),
    "console.state.job": list(flows.JobState),
    "console.said": list(Said),
}
"""Keys that are put together from the value of an enumeration."""


def said_in_templates():
    """Keys named in templates, and the beginnings of those put together there."""
    keys, beginnings = set(), set()
    for path in TEMPLATES:
        text = path.read_text("utf-8")
        keys |= {one for one in re.findall(r"""(?:\bsay\s|key=)["']([^"'{}]+)["']""", text) if not one.endswith(".")}
        keys |= set(re.findall(r"""["']([a-z_]+(?:\.[a-z0-9_]+)+)["']\|said""", text))
        beginnings |= {f"console.state.{what}." for what in re.findall(r"""say_state ["'](\w+)["']""", text)}
        beginnings |= set(re.findall(r"""["']([a-z_]+\.(?:[a-z0-9_]+\.)*)["']\|add:""", text))
    return keys, beginnings


def said_in_code():
    """The same for the code: every text that looks like a key, and every f-string that begins like one."""
    keys, beginnings = set(), set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
                beginnings.add(str(node.values[0].value))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and KEY.fullmatch(node.value):
                keys.add(node.value)
    return keys, {one for one in beginnings if "." in one}


def test_every_key_a_template_names_exists():
    known = set(words.catalogue()) | set(messages.catalogue())
    keys, _ = said_in_templates()
    assert sorted(keys - known) == []


def test_every_key_the_code_says_exists():
    known = set(words.catalogue()) | set(messages.catalogue())
    families = {key.partition(".")[0] for key in words.catalogue()}
    missing = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                key = node.args[0].value
                if isinstance(key, str) and KEY.fullmatch(key) and key.partition(".")[0] in families - {"jikim_desk"}:
                    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                    if name not in ("path", "getLogger", "import_module", "get_model"):
                        missing |= {key} - known
    assert sorted(missing) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_every_value_of_an_enumeration_has_its_word(family):
    missing = [str(value) for value in FAMILIES[family] if f"{family}.{value}" not in words.catalogue()]
    assert missing == []


def test_no_sentence_is_left_that_nobody_says():
    keys, beginnings = (ours | theirs for ours, theirs in zip(said_in_templates(), said_in_code(), strict=True))
    unused = [
        key
        for key in words.catalogue()
        if key not in keys and not any(key.startswith(one) and one != key for one in beginnings)
    ]
    assert sorted(unused) == []


def test_both_languages_take_the_same_details():
    for key, said in words.catalogue().items():
        assert messages.placeholders(said.ko) == messages.placeholders(said.en), key
        assert said.ko.strip(), key
        assert said.en.strip(), key


def test_no_particle_hangs_on_a_detail():
    particle = re.compile(r"\}(?:은|는|이|가|을|를|와|과|으로|로|이나|나|이라|라)(?=[\s.,!?)]|$)")
    assert [key for key, said in words.catalogue().items() if particle.search(said.ko)] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(DESK)))
def test_no_template_says_anything_by_itself(path):
    text = path.read_text("utf-8")
    text = re.sub(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", " ", text, flags=re.DOTALL)
    text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", text, flags=re.DOTALL)
    for name, value in re.findall(r'\b(aria-label|placeholder|title|alt)="([^"]*)"', text):
        assert not re.search(r"[A-Za-z가-힣]", re.sub(r"^\w+:…$", "", value)), f"{name}={value}"
    text = re.sub(r"<(script|kbd)\b.*?</\1>|<!--.*?-->", " ", text, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", " ", text)
    text = re.sub(r"&\w+;", " ", text)
    left = set(re.findall(r"[A-Za-z가-힣][\w-]*", text)) - ALLOWED
    assert left == set()
