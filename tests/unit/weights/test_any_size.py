from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from jikim.weights.any_size import convert


def _model() -> bytes:
    """Sums 3 x 3 pixels at every other place of a picture of 8 x 8, and lists the 16 sums."""
    kernel = numpy_helper.from_array(np.ones((1, 3, 3, 3), np.float32), "kernel")
    shape = numpy_helper.from_array(np.array([1, -1, 1], np.int64), "shape")
    nodes = [
        helper.make_node("Conv", ["images", "kernel"], ["sums"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Reshape", ["sums", "shape"], ["output"]),
    ]
    pictures = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 8, 8])
    cells = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 16, 1])
    graph = helper.make_graph(nodes, "sums", [pictures], [cells], [kernel, shape])
    return onnx.ModelProto(ir_version=8, opset_import=[helper.make_opsetid("", 17)], graph=graph).SerializeToString()


def _run(model: bytes, picture: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"images": picture})[0])


def test_a_model_of_one_size_takes_any_and_says_the_same_of_its_own():
    square = np.random.default_rng(1).random((1, 3, 8, 8), np.float32)
    assert np.array_equal(_run(convert(_model()), square), _run(_model(), square))
    assert _run(convert(_model()), square[:, :, :4]).shape == (1, 8, 1)
