import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from jikim.vault import Sealed, Vault


class Home:
    """A vault's home with what tests want to know about it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def sealed_files(self) -> list[Path]:
        return sorted(self.path.glob("blobs/[0-9a-f][0-9a-f]/*"))

    def unfinished_files(self) -> list[Path]:
        return sorted(self.path.glob("blobs/unfinished/*"))

    def holding(self, marker: bytes) -> list[Path]:
        """All files in which the marker stands as it is."""
        return [file for file in self.path.rglob("*") if file.is_file() and marker in file.read_bytes()]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def vault(home: Home) -> Iterator[Vault]:
    with Vault.open(home.path) as vault:
        yield vault


@pytest.fixture
def seal():
    def seal(vault: Vault, plain: bytes, holder: str = "sweep:2026-11-22", piece: int = 10_000) -> Sealed:
        with vault.sealing(holder) as sealing:
            for at in range(0, len(plain), piece):
                sealing.write(plain[at : at + piece])
        assert sealing.sealed.sha256 == hashlib.sha256(plain).hexdigest()
        assert sealing.sealed.size_bytes == len(plain)
        return sealing.sealed

    return seal
