from __future__ import annotations

import gzip
import zlib
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jikim.errors import FetchFailed
from jikim.fetching.decoding import PIECE_BYTES, decoded

ENCODERS = {
    "gzip": gzip.compress,
    "x-gzip": lambda plain: gzip.compress(plain[:7]) + gzip.compress(plain[7:]),
    "deflate": zlib.compress,
    "Deflate ": lambda plain: zlib.compress(plain, wbits=-15),
    "identity": lambda plain: plain,
    "": lambda plain: plain,
}


@example(plain=bytes(8), encoding="x-gzip", step=1)
@example(plain=b"", encoding="Deflate ", step=1)
@given(plain=st.binary(max_size=3000), encoding=st.sampled_from(sorted(ENCODERS)), step=st.integers(1, 3000))
def test_what_was_encoded_comes_out(plain, encoding, step):
    sent = ENCODERS[encoding](plain)
    raw = [sent[at : at + step] for at in range(0, len(sent), step)]
    assert b"".join(decoded(raw, encoding, "here")) == plain


@pytest.mark.parametrize("encoding", ["gzip", "deflate", ""])
def test_pieces_stay_small(encoding):
    plain = bytes(5 * 2**20)
    pieces = list(decoded([ENCODERS[encoding](plain)], encoding, "here"))
    assert max(map(len, pieces)) <= PIECE_BYTES
    assert sum(map(len, pieces)) == len(plain)


@given(st.binary(min_size=1, max_size=200), st.sampled_from(["gzip", "deflate"]))
def test_any_bytes_are_decoded_or_refused(raw, encoding):
    with suppress(FetchFailed):
        assert max(map(len, decoded([raw], encoding, "here")), default=0) <= PIECE_BYTES


def test_an_empty_body_is_empty_however_it_is_called():
    assert list(decoded([], "gzip", "here")) == []


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@pytest.mark.parametrize("step", [1, 10_000])
def test_what_follows_the_end_is_ignored(encoding, step):
    sent = ENCODERS[encoding](b"hello") + b"\0\0trailing" + gzip.compress(b"more")
    assert b"".join(decoded([sent[at : at + step] for at in range(0, len(sent), step)], encoding, "here")) == b"hello"


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_every_cut_is_noticed(encoding):
    sent = ENCODERS[encoding](b"hello " * 50)
    for length in range(1, len(sent)):
        with pytest.raises(FetchFailed):
            list(decoded([sent[:length]], encoding, "here"))
