"""The parent's side: descriptors, sealing, threads, sharing, messages."""

from __future__ import annotations

import fcntl
import os
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import media_samples as samples
import pytest

from jikim.config import Opening
from jikim.errors import MediaUnreadable
from jikim.media import sandbox, sealed, sniffing
from jikim.media.opening import Opener, missing, open_path, sealed_memory, sha256_of
from jikim.messages import catalogue, render


def test_a_path_is_read_into_memory_nobody_can_change(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(samples.picture("PNG"))
    fd = open_path(path)
    assert sealed.is_sealed(fd)
    assert sha256_of(fd) == sha256(path.read_bytes()).hexdigest()
    with pytest.raises(OSError, match="not permitted"):
        os.write(fd, b"x")
    with pytest.raises(OSError, match="not permitted"):
        os.ftruncate(fd, 0)
    assert not os.get_inheritable(fd)
    os.close(fd)


def test_a_path_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    cases = {"missing": "media.not_there", ".": "media.is_folder", "loop": "media.cannot_read"}
    for name, key in cases.items():
        path = tmp_path / name
        with pytest.raises(MediaUnreadable) as raised:
            open_path(path)
        assert raised.value.key == key
        assert str(path) in str(raised.value)
        assert str(path) not in raised.value.message(masked=True).en


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(sealed.MAX_FILE_BYTES + 1)
    with pytest.raises(MediaUnreadable) as raised:
        open_path(path)
    assert raised.value.key == "media.file_too_large"
    fds = set(os.listdir("/proc/self/fd"))
    with pytest.raises(MediaUnreadable):
        sealed_memory(iter([bytes(2**24)] * 40))
    assert set(os.listdir("/proc/self/fd")) == fds


def test_the_arena_keeps_its_size() -> None:
    fd = sealed.writable_memory(4096)
    for size in (0, 8192):
        with pytest.raises(OSError, match="not permitted"):
            os.ftruncate(fd, size)
    assert fcntl.fcntl(fd, fcntl.F_GET_SEALS) & fcntl.F_SEAL_SEAL
    os.close(fd)


def test_the_caller_keeps_its_descriptor(opener: Opener, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(samples.picture("PNG"))
    for fd in (open_path(path), os.open(path, os.O_RDONLY)):
        for _ in range(2):
            with opener.open(fd, "a" * 64) as media:
                assert media.media.id == "a" * 64
                assert media.first_look()[0].media_id == "a" * 64
        os.close(fd)


def test_many_threads_and_a_second_opener_share_one_zygote(opener: Opener) -> None:
    fd = sealed_memory(iter([samples.picture("PNG")]))

    def look(_: int) -> int:
        with opener.open(fd, "0" * 64) as media:
            return len(media.first_look())

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(look, range(100))) == [1] * 100
    with Opener(Opening(), address=opener.address) as other, other.open(fd, "0" * 64) as media:
        assert len(media.first_look()) == 1
    assert look(0) == 1  # closing the other one ended nothing of ours
    os.close(fd)


def test_a_closed_opener_opens_nothing() -> None:
    with Opener(Opening()) as closed:
        pass
    with pytest.raises(ValueError, match="closed"):
        closed.open(0, "0" * 64)


def test_requests_in_any_order(opener: Opener) -> None:
    fd = sealed_memory(iter([samples.video(sound_codec="aac")]))
    with opener.open(fd, "0" * 64) as media:
        assert media.audio(1.0, 0.5) is not None
        assert len(media.frames_at([1.5])) == 1
        first = [frame.at_s for frame in media.first_look()]
        assert [frame.at_s for frame in media.first_look()] == first
        assert media.frames_at([]) == ()
        assert len(media.frames_at([i / 1000 for i in range(3000)])) <= 30
        assert media.audio(0.0, 0.0) is None
    os.close(fd)


def test_nothing_is_missing_that_is_mandatory_here() -> None:
    assert not [finding for finding in missing() if finding.is_mandatory]
    for name in ("seccomp", "memfd", "pidfd", "landlock", "namespace"):
        assert render(f"media.missing_{name}", {}).ko


def test_the_filter_allows_no_number_twice() -> None:
    program = sandbox.seccomp_program(1)
    assert len(program) % 8 == 0
    assert not set(sandbox._ALLOWED.values()) & set(sandbox._REFUSED.values())


def test_every_key_a_child_may_send_has_words() -> None:
    from typing import get_args

    from jikim.media import wire

    keys = {*get_args(wire.WarningKey), *get_args(wire.RefusalKey)}
    keys |= {f"media.content_{content}" for content in get_args(wire.Content) if content}
    assert keys <= set(catalogue())


@pytest.mark.parametrize("mime", samples.PICTURES)
def test_pictures_are_known_by_their_first_bytes(mime: str) -> None:
    found = sniffing.sniff(samples.PICTURES[mime]()[: sniffing.HEAD_BYTES])
    assert isinstance(found, sniffing.Still)
    assert found.mime == mime


@pytest.mark.parametrize("mime", [*samples.FILMS, *samples.SOUNDS])
def test_films_and_sounds_are_left_to_their_reader(mime: str) -> None:
    content = (samples.FILMS | samples.SOUNDS)[mime]()
    assert sniffing.sniff(content[: sniffing.HEAD_BYTES]) is None
