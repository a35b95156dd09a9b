"""The sealed form by itself: its chunks tell their place and their end without the help of the blob's id."""

import os
from contextlib import closing

import pytest

from jikim.errors import VaultError
from jikim.vault.stream import CHUNK_BYTES, HEADER, TAG_BYTES, SealedFile, SealingStream, plain_chunks

KEY = bytes(range(32))
PLAIN = bytes(CHUNK_BYTES) * 3
SEALED_CHUNK = CHUNK_BYTES + TAG_BYTES


def sealed(plain, key=KEY):
    out = bytearray()
    stream = SealingStream(key, out.extend)
    stream.write(plain)
    stream.finish()
    return bytes(out)


def opened(content, tmp_path, key=KEY):
    file = tmp_path / "sealed"
    file.write_bytes(content)
    with closing(SealedFile(os.open(file, os.O_RDONLY))) as reading:
        return b"".join(plain_chunks(reading, key, "sealed"))


def test_equal_chunks_look_unlike_and_open(tmp_path):
    content = sealed(PLAIN)
    chunks = {content[len(HEADER) + n * SEALED_CHUNK :][:SEALED_CHUNK] for n in range(3)}
    assert len(chunks) == 3
    assert opened(content, tmp_path) == PLAIN


@pytest.mark.parametrize("order", [(), (0,), (0, 1), (1, 0, 2), (0, 0, 2), (0, 1, 2, 2), (2,), (0, 2), (0, 1, 1)])
def test_no_other_choice_of_whole_chunks_opens(tmp_path, order):
    body = sealed(PLAIN)[len(HEADER) :]
    chunks = [body[n * SEALED_CHUNK :][:SEALED_CHUNK] for n in range(3)]
    with pytest.raises(VaultError):
        opened(HEADER + b"".join(chunks[n] for n in order), tmp_path)


def test_chunks_of_a_longer_stream_under_the_same_key_do_not_end_a_shorter_one(tmp_path):
    longer = sealed(PLAIN + b"more")
    with pytest.raises(VaultError):
        opened(longer[: len(HEADER) + 3 * SEALED_CHUNK], tmp_path)


def test_the_header_is_bound_to_every_chunk(tmp_path, monkeypatch):
    content = sealed(b"short")
    other = HEADER[:-1] + bytes([HEADER[-1] ^ 1])
    monkeypatch.setattr("jikim.vault.stream.HEADER", other)
    with pytest.raises(VaultError):
        opened(other + content[len(HEADER) :], tmp_path)


def test_another_key_does_not_open(tmp_path):
    with pytest.raises(VaultError):
        opened(sealed(b"short"), tmp_path, bytes(32))
