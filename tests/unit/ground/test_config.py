"""A setting nobody knows is an error that names it; what is not set has its default."""

from __future__ import annotations

import pytest

from jikim.config import load
from jikim.errors import BadUse


def test_defaults_where_no_file_is(tmp_path):
    config = load({"JIKIM_HOME": str(tmp_path)})
    assert config.home == tmp_path
    assert config.fetching.loopback_allowed == ()
    assert config.lang == "ko"


def test_the_environment_names_home_weights_and_language(tmp_path):
    config = load({"JIKIM_HOME": str(tmp_path), "JIKIM_WEIGHTS": str(tmp_path / "w"), "JIKIM_LANG": "en"})
    assert (config.weights, config.lang) == (tmp_path / "w", "en")


def test_without_home_the_platform_data_folder_is_used(tmp_path):
    assert load({"XDG_DATA_HOME": str(tmp_path)}).home == tmp_path / "jikim"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[fetching]\npaec_s = 1", "paec_s"),
        ("[fetching]\nmax_media_bytes = 600000000", "max_media_bytes"),
        ("[fetching]\nloopback_allowed = 'x'", "loopback_allowed"),
        ("nonsense", "config.toml"),
        ("lang = 'fr'", "lang"),
        ("[sources.fede]\nurl = 'x'", "[sources.fede]"),
        ("[analyzers.faecs]\nx = 1", "[analyzers.faecs]"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, named):
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(BadUse) as caught:
        load({"JIKIM_HOME": str(tmp_path)})
    assert named in str(caught.value)


def test_loopback_is_allowed_by_the_file_alone(tmp_path):
    environ = {"JIKIM_HOME": str(tmp_path), "JIKIM_FETCHING_LOOPBACK_ALLOWED": "127.0.0.1:1"}
    assert load(environ).fetching.loopback_allowed == ()
    (tmp_path / "config.toml").write_text('[fetching]\nloopback_allowed = ["127.0.0.1:1"]')
    assert load(environ).fetching.loopback_allowed == ("127.0.0.1:1",)
