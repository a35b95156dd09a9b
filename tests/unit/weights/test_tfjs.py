"""The converted faceres-deep against TensorFlow.js itself.

`faceres_reference.json` was printed by `training/faceres/reference.mjs`, which runs the original graph model in
@tensorflow/tfjs (plain JavaScript) on the inputs that `_input` makes here by the same formula.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from jikim import config
from jikim.weights.sessions import LocalSessions
from jikim.weights.tfjs import UnknownOperation, convert

REFERENCE = json.loads(Path(__file__).with_name("faceres_reference.json").read_text("ascii"))
SIDE = 224


def _input(seed: int) -> NDArray[np.float32]:
    i = np.arange(SIDE * SIDE * 3, dtype=np.uint32)
    if seed == 0:
        row, column, channel = i // 3 // SIDE, i // 3 % SIDE, i % 3
        values = (row + 2 * column + 40 * channel) % 256
    else:
        x = i * np.uint32(2654435761) + np.uint32(seed * 40503)
        values = ((x ^ (x >> 15)) * np.uint32(2246822519)) >> 24
    return (values.astype(np.float32) - 128).reshape(1, SIDE, SIDE, 3)


@pytest.mark.parametrize(("seed", "expected"), list(zip(REFERENCE["seeds"], REFERENCE["outputs"], strict=True)))
def test_the_converted_model_agrees_with_tensorflow_js(seed, expected):
    session = LocalSessions(config.load().weights).session("faceres-deep")
    names = [output.name for output in session.get_outputs()]
    found = dict(zip(names, session.run(None, {"input_1:0": _input(seed)}), strict=True))
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name].ravel(), values, atol=1e-4, rtol=0)


def test_a_batch_gives_what_its_pictures_give():
    session = LocalSessions(config.load().weights).session("faceres-deep")
    both = np.concatenate([_input(1), _input(2)])
    (ages,) = session.run(["age_pred/Softmax:0"], {"input_1:0": both})
    alone = [session.run(["age_pred/Softmax:0"], {"input_1:0": picture[None]})[0][0] for picture in both]
    np.testing.assert_allclose(ages, np.stack(alone), atol=1e-6)


def _model(nodes: list[dict], weights: list[dict], output: str) -> bytes:
    return json.dumps(
        {
            "modelTopology": {"node": nodes},
            "weightsManifest": [{"paths": ["w.bin"], "weights": weights}],
            "signature": {"outputs": {f"{output}:0": {}}},
        }
    ).encode()


def _placeholder(side: int, channels: int) -> dict:
    dims = [{"size": str(size)} for size in (-1, side, side, channels)]
    return {"op": "Placeholder", "name": "x", "attr": {"shape": {"shape": {"dim": dims}}}}


def _run(model: bytes, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    import onnxruntime

    (result,) = onnxruntime.InferenceSession(model).run(None, {"x:0": pixels})
    return result


def test_quantised_weights_and_limits_are_computed_as_documented():
    nodes = [
        _placeholder(2, 2),
        {"op": "Const", "name": "factor"},
        {"op": "Mul", "name": "scaled", "input": ["x", "factor"]},
        {"op": "Relu", "name": "relu", "input": ["scaled"]},
        {"op": "Const", "name": "six"},
        {"op": "Minimum", "name": "limited", "input": ["relu", "six"]},
    ]
    weights = [
        {"name": "factor", "shape": [2], "dtype": "float32", "quantization": {"dtype": "uint8", "scale": 0.5, "min": -1.0}},
        {"name": "six", "shape": [], "dtype": "float32"},
    ]
    data = bytes([8, 0]) + np.array([6], "<f4").tobytes()  # factors 8 * 0.5 - 1 = 3 and -1
    pixels = np.array([[[1, 1], [2, -2]], [[3, -3], [-1, -9]]], np.float32)[None]
    expected = np.minimum(np.maximum(pixels * [3, -1], 0), 6)
    found = _run(convert(_model(nodes, weights, "limited"), data), pixels)
    np.testing.assert_array_equal(found, expected)


def test_same_padding_with_a_stride_is_tensorflows():
    nodes = [
        _placeholder(4, 1),
        {"op": "Const", "name": "kernel"},
        {
            "op": "Conv2D",
            "name": "y",
            "input": ["x", "kernel"],
            "attr": {
                "padding": {"s": "U0FNRQ=="},
                "strides": {"list": {"i": ["1", "2", "2", "1"]}},
                "dilations": {"list": {"i": ["1", "1", "1", "1"]}},
            },
        },
    ]
    weights = [{"name": "kernel", "shape": [3, 3, 1, 1], "dtype": "float32"}]
    pixels = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    padded = np.pad(pixels[0, :, :, 0], ((0, 1), (0, 1)))  # all of the padding below and right
    expected = [[padded[r : r + 3, c : c + 3].sum() for c in (0, 2)] for r in (0, 2)]
    found = _run(convert(_model(nodes, weights, "y"), np.ones(9, "<f4").tobytes()), pixels)
    np.testing.assert_allclose(found[0, :, :, 0], expected)


def test_only_what_the_wanted_outputs_rest_on_is_converted():
    nodes = [
        _placeholder(2, 1),
        {"op": "Sigmoid", "name": "heat", "input": ["x"]},
        {"op": "TopKV2", "name": "choice", "input": ["heat"]},
    ]
    found = _run(convert(_model(nodes, [], "choice"), b"", ["heat:0"]), np.zeros((1, 2, 2, 1), np.float32))
    np.testing.assert_array_equal(found, np.full((1, 2, 2, 1), 0.5))


def test_joining_channels_and_enlarging_are_tensorflows():
    nodes = [
        _placeholder(2, 1),
        {"op": "Const", "name": "axis"},
        {"op": "ConcatV2", "name": "both", "input": ["x", "x", "axis"]},
        {"op": "Const", "name": "size"},
        {"op": "ResizeBilinear", "name": "large", "input": ["both", "size"]},
    ]
    weights = [{"name": "axis", "shape": [], "dtype": "int32"}, {"name": "size", "shape": [2], "dtype": "int32"}]
    data = np.array([3, 4, 4], "<i4").tobytes()
    pixels = np.array([[0, 2], [4, 6]], np.float32).reshape(1, 2, 2, 1)
    found = _run(convert(_model(nodes, weights, "large"), data), pixels)
    # without half pixels a place lies at half its number in the smaller picture, and beyond the last row that row stands
    expected = [[0, 1, 2, 2], [2, 3, 4, 4], [4, 5, 6, 6], [4, 5, 6, 6]]
    assert found.shape == (1, 4, 4, 2)
    np.testing.assert_allclose(found[0, :, :, 0], expected)
    np.testing.assert_allclose(found[0, :, :, 1], expected)


def test_what_is_not_known_is_refused():
    nodes = [_placeholder(2, 1), {"op": "Einsum", "name": "y", "input": ["x"]}]
    with pytest.raises(UnknownOperation, match="Einsum"):
        convert(_model(nodes, [], "y"), b"")


def test_weights_that_do_not_fit_the_manifest_are_refused():
    with pytest.raises(ValueError, match="bytes of weights"):
        convert(_model([_placeholder(2, 1)], [], "x"), b"surplus")
