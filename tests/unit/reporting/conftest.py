"""A report written as the command writes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from jikim.config import Config
from jikim.reporting import write_report
from jikim.state import Authority
from jikim.sweep import Health
from jikim.types import SourceState
from tests.unit.reporting.finds import AT, reference


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(home=tmp_path / "home", weights=tmp_path / "weights", lang="ko")


@pytest.fixture
def report(tmp_path: Path, config: Config) -> Callable[..., str]:
    """Writes a report and gives its text."""

    def write(finds, health=None, *, practice=("practice",), keyword="축제", authority=None, **more) -> str:
        path = tmp_path / "report.html"
        if health is None:
            health = {"practice": Health(SourceState.OK, len(finds))}
        settings = {"took_s": 12.3, "budget_s": 90.0, "limit": 100_000, "started_at": AT, "reference": reference, **more}
        write_report(path, keyword, finds, health, practice=practice, authority=authority, config=config, **settings)
        return path.read_text("utf-8")

    return write


@pytest.fixture
def authority() -> Authority:
    return Authority("지원센터", "근거 조항", "담당", AT)
