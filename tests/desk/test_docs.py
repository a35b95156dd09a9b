"""The pages of `docs/desk` tell what is there: every setting, every role, every picture, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jikim_desk.accounts.models import Role
from jikim_desk.config import DeskConfig

DOCS = Path(__file__).parents[2] / "docs" / "desk"


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_every_setting_is_told(lang):
    told = set(re.findall(r"`(\w+)`", (DOCS / lang / "administrator.md").read_text("utf-8")))
    assert set(DeskConfig.__struct_fields__) <= told


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_every_role_of_a_person_has_its_page(lang):
    assert {path.stem for path in (DOCS / lang).glob("*.md")} == set(Role.values) - {Role.MACHINE} | {"README"}


@pytest.mark.parametrize("page", sorted(DOCS.glob("*/*.md")), ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_no_link_leads_nowhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target
