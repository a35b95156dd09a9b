"""EfficientNet-Lite1 as converted, against PyTorch itself, and files that are no such file.

`efficientnet_reference.npz` holds what PyTorch made of the input that `_input` makes here: the last convolution's mean and
largest values.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from jikim import config
from jikim.weights.sessions import LocalSessions
from jikim.weights.torchfile import MAGIC, VERSION, UnknownFile, tensors

SIDE = 240


def _input() -> np.ndarray:
    place = np.arange(SIDE * SIDE * 3, dtype=np.uint32) * np.uint32(2654435761)
    values = (((place ^ (place >> 15)) * np.uint32(2246822519)) >> 24).astype(np.float32)
    return ((values - 127) / 128).reshape(1, 3, SIDE, SIDE)


def test_the_converted_model_agrees_with_pytorch():
    session = LocalSessions(config.load().weights).session("efficientnet-lite1")
    average, maximum = session.run(None, {"pictures": _input()})
    with np.load(Path(__file__).with_name("efficientnet_reference.npz")) as expected:
        np.testing.assert_allclose(average[0], expected["average"], atol=1e-3)
        np.testing.assert_allclose(maximum[0], expected["maximum"], atol=2e-3)


def test_any_size_gives_the_same_numbers_of_numbers():
    session = LocalSessions(config.load().weights).session("efficientnet-lite1")
    for height, width in ((32, 320), (320, 32), (201, 320)):
        average, maximum = session.run(None, {"pictures": np.zeros((1, 3, height, width), np.float32)})
        assert average.shape == maximum.shape == (1, 1280)


def _pickled_by_hand(offset: int, size: tuple[int, ...], stride: tuple[int, ...], function: str) -> bytes:
    """A protocol-2 pickle of {"w": function(storage, offset, size, stride, False, OrderedDict())}."""

    def put(value: object) -> bytes:
        return pickle.dumps(value, 2)[2:-1]

    storage = b"(" + put("storage") + b"ctorch\nFloatStorage\n" + put("0") + put("cpu") + put(6) + b"N" + b"tQ"
    arguments = b"(" + storage + put(offset) + put(size) + put(stride) + b"\x89" + b"ccollections\nOrderedDict\n)R" + b"t"
    return b"\x80\x02}" + put("w") + function.encode() + arguments + b"Rs."


def _file(
    offset: int, size: tuple[int, ...], stride: tuple[int, ...], function: str = "ctorch._utils\n_rebuild_tensor_v2\n"
) -> bytes:
    head = b"".join(pickle.dumps(one, 2) for one in (MAGIC, VERSION, OrderedDict()))
    numbers = np.arange(6, dtype="<f4").tobytes()
    return (
        head + _pickled_by_hand(offset, size, stride, function) + pickle.dumps(["0"], 2) + (6).to_bytes(8, "little") + numbers
    )


def test_tensors_are_read_with_their_strides():
    np.testing.assert_array_equal(tensors(_file(0, (2, 3), (3, 1)))["w"], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(tensors(_file(0, (3, 2), (1, 3)))["w"], [[0, 3], [1, 4], [2, 5]])
    np.testing.assert_array_equal(tensors(_file(4, (2,), (1,)))["w"], [4, 5])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        pickle.dumps(MAGIC, 2),
        pickle.dumps(7, 2) * 4,
        _file(0, (2, 4), (3, 1)),
        _file(5, (2,), (1,)),
        _file(0, (2,), (1,), "cos\nsystem\n"),
        _file(0, (2,), (1,), "cbuiltins\neval\n"),
        _file(0, (2, 3), (3, 1))[:-9],
    ],
)
def test_what_is_no_such_file_is_refused_and_nothing_of_it_runs(content):
    with pytest.raises(UnknownFile):
        tensors(content)
