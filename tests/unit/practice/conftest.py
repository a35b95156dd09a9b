from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from jikim.practice.world import World, load_world, own_world


@pytest.fixture(scope="session")
def shipped() -> World:
    return own_world()


@pytest.fixture
def world_of(tmp_path: Path) -> Callable[..., World]:
    """Writes the lines under the right header, and the files named, and loads them."""

    def make(*lines: str, files: dict[str, bytes] | None = None, media: str | None = None) -> World:
        folder = tmp_path / "items"
        folder.mkdir(exist_ok=True)
        for name, content in (files or {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        (folder / "items.tsv").write_text("\n".join(["file\ttitle\ttext\tcue", *lines, ""]), "utf-8")
        if media is not None:
            (folder / "media.tsv").write_text(media, "utf-8")
        return load_world(folder)

    return make
