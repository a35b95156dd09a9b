"""What took part is named by its content, and a setting never leads anywhere."""

from __future__ import annotations

import pytest

from jikim.config import Config, Fetching
from jikim.reporting.provenance import content_sha256, shown_setting, took_part


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.5, "0.5"),
        (True, "True"),
        (None, "None"),
        ("large", "large"),
        ("https://example.org/x", "(1)"),
        ("host.example", "(1)"),
        ("/srv/banks", "(1)"),
        (["book", "teddy bear"], "book, teddy bear"),
        (["127.0.0.1:80"], "(1)"),
        ({"book": 0.4}, "book=0.4"),
        ({"host.example": "ground"}, "(1)"),
        ([], "-"),
    ],
)
def test_settings_are_shown_unless_they_may_lead_somewhere(value, shown):
    assert shown_setting(value) == shown


def test_a_change_of_any_file_changes_the_hash(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a").write_bytes(b"1")
    before = content_sha256(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "x.pyc").write_bytes(b"2")
    assert content_sha256(tmp_path) == before
    (tmp_path / "deep" / "a").write_bytes(b"2")
    assert content_sha256(tmp_path) != before


def test_a_centres_banks_take_part_by_content_and_stay_unnamed(tmp_path):
    banks = tmp_path / "banks of ours"
    banks.mkdir()
    config = Config(
        home=tmp_path,
        weights=tmp_path,
        lang="ko",
        fetching=Fetching(loopback_allowed=("127.0.0.1:8080",)),
        analyzers={"known_copy": {"banks_folder": str(banks)}},
    )
    (tmp_path / "config.toml").write_text("")
    parts = took_part(config)
    copies = next(part for part in parts.analyzers if part.name == "known_copy")
    assert copies.hashes == (("banks_folder", content_sha256(banks)),)
    assert copies.settings == (("banks_folder", "(1)"),)
    assert "8080" not in str(parts.settings)
    assert "config.toml sha256" in dict(parts.settings)
