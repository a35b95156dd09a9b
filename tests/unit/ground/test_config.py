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


@pytest.mark.parametrize(
    ("blobs", "bucket"),
    [
        ("s3://sealed", ("sealed", "", "", "us-east-1")),
        ("s3://sealed/centre/one/?region=ap-northeast-2", ("sealed", "centre/one", "", "ap-northeast-2")),
        ("s3://sealed/x?endpoint=https://store.example:9000/", ("sealed", "x", "https://store.example:9000", "us-east-1")),
        ("s3://sealed?endpoint=http://127.0.0.1:9000", ("sealed", "", "http://127.0.0.1:9000", "us-east-1")),
        ("s3://sealed?endpoint=http://[::1]:9000", ("sealed", "", "http://[::1]:9000", "us-east-1")),
    ],
)
def test_where_sealed_blobs_lie(tmp_path, blobs, bucket):
    (tmp_path / "config.toml").write_text(f'[storing]\nblobs = "{blobs}"\n')
    found = load({"JIKIM_HOME": str(tmp_path)}).storing.bucket()
    assert (found.name, found.prefix, found.endpoint, found.region) == bucket


def test_without_the_setting_they_lie_in_the_folder(tmp_path):
    assert load({"JIKIM_HOME": str(tmp_path)}).storing.bucket() is None


@pytest.mark.parametrize(
    "blobs",
    [
        "bucket",
        "https://store.example/bucket",
        "s3://",
        "s3://UPPER",
        "s3://key:secretword@bucket/x",
        "s3://bucket/../x",
        "s3://bucket/x?access_key_id=secretword",
        "s3://bucket/x?endpoint=http://store.example",
        "s3://bucket/x?endpoint=http://10.0.0.1:9000",
        "s3://bucket/x?endpoint=https://key:secretword@store.example",
        "s3://bucket/x?endpoint=https://store.example/path",
        "s3://bucket/x?endpoint=ftp://store.example",
        "s3://bucket/x?endpoint=https://[bad",
        "s3://bucket/x?region=A B",
        "s3://bucket/x?secretword",
        "s3://bucket/x?endpoint=https://store.example:port",
        "s3://secretword@bu℀cket/x",
        "s3://bucket/x#y",
    ],
)
def test_a_place_for_blobs_that_will_not_do_is_refused_and_no_password_repeated(tmp_path, blobs):
    (tmp_path / "config.toml").write_text(f'[storing]\nblobs = "{blobs}"\n')
    with pytest.raises(BadUse) as caught:
        load({"JIKIM_HOME": str(tmp_path)})
    assert "storing" in str(caught.value)
    assert "secretword" not in str(caught.value)


def test_loopback_is_allowed_by_the_file_alone(tmp_path):
    environ = {"JIKIM_HOME": str(tmp_path), "JIKIM_FETCHING_LOOPBACK_ALLOWED": "127.0.0.1:1"}
    assert load(environ).fetching.loopback_allowed == ()
    (tmp_path / "config.toml").write_text('[fetching]\nloopback_allowed = ["127.0.0.1:1"]')
    assert load(environ).fetching.loopback_allowed == ("127.0.0.1:1",)
