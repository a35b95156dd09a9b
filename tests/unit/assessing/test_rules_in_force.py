"""A centre's own rules count from when they are switched on until they are taken away, and never in silence when damaged."""

from importlib.resources import files

import pytest

from jikim.assessing import assess
from jikim.assessing.rules import in_force, own_file, shipped
from jikim.errors import BadUse

SHIPPED = files("jikim.assessing").joinpath("weights.toml").read_text("utf-8")


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("JIKIM_HOME", str(tmp_path))
    return tmp_path


def test_without_a_file_the_shipped_rules_count(home):
    assert in_force() == shipped()


def test_a_file_counts_at_once_and_until_it_goes(home):
    own_file(home).write_text(SHIPPED.replace("prior = 0.05", "prior = 0.25"), "utf-8")
    assert in_force().axes["minor"].prior == 0.25
    found = assess("c", [])
    assert found.axes["minor"].score == 0.25
    assert in_force().sha256[:16] in found.assessor_version
    own_file(home).write_text(SHIPPED.replace("prior = 0.05", "prior = 0.125"), "utf-8")
    assert in_force().axes["minor"].prior == 0.125
    own_file(home).unlink()
    assert in_force() == shipped()


@pytest.mark.parametrize("damaged", ["", "version = 1", SHIPPED.replace("weight = 1.3", "weight = -1.3"), "\x00"])
def test_a_damaged_file_is_said_and_nothing_counts_in_its_place(home, damaged):
    own_file(home).write_text(damaged, "utf-8")
    with pytest.raises(BadUse):
        in_force()
