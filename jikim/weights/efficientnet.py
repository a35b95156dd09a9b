"""Turns EfficientNet-Lite1 from its PyTorch file into ONNX: everything up to the last convolution, then two poolings.

Batch normalisation is folded into the convolutions. The same bytes in give the same bytes out. Used only when weights are
fetched: onnx is imported nowhere else at work.

Architecture: EfficientNet-Lite1 of https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite (width 1.0,
depth 1.1, no squeeze-and-excitation, ReLU6, stem and head not scaled).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from jikim.weights.torchfile import tensors

OPSET = 13
IR_VERSION = 8
EPSILON = 1e-3
CHANNELS = 1280
STAGES = ((1, 1), (3, 2), (3, 2), (4, 2), (4, 1), (5, 2), (1, 1))
"""Of each stage: how many blocks, and the stride of its first one."""

Array = NDArray[Any]


def convert(content: bytes) -> bytes:
    """The ONNX file: `pictures` (n, 3, height, width) RGB as (x - 127) / 128 in, `average` and `maximum` (n, 1280) out.

    Raises UnknownFile when it is no such file, KeyError when it holds another network.
    """
    graph = _Graph(tensors(content))
    graph.convolve("pictures", "_conv_stem", "_bn0", stride=2)
    for name, stride in _blocks():
        graph.block(name, stride)
    graph.convolve(graph.last, "_conv_head", "_bn1")
    return graph.serialised()


def _blocks() -> Iterator[tuple[str, int]]:
    strides = [stride if number == 0 else 1 for count, stride in STAGES for number in range(count)]
    for number, stride in enumerate(strides):
        yield f"_blocks.{number}.", stride


@dataclass(slots=True)
class _Graph:
    """The graph as it grows; `last` is the value that was computed last."""

    tensors: Mapping[str, Array]
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, Array] = field(
        default_factory=lambda: {"zero": np.array(0, np.float32), "six": np.array(6, np.float32)}
    )
    last: str = ""

    def block(self, name: str, stride: int) -> None:
        """An inverted bottleneck, with its way around where size and channels stay."""
        start = self.last
        expanded = start
        if f"{name}_expand_conv.weight" in self.tensors:
            expanded = self.convolve(start, f"{name}_expand_conv", f"{name}_bn0")
        deep = self.convolve(expanded, f"{name}_depthwise_conv", f"{name}_bn1", stride=stride)
        thin = self.convolve(deep, f"{name}_project_conv", f"{name}_bn2", is_limited=False)
        before = self.tensors[f"{name}_depthwise_conv.weight" if expanded == start else f"{name}_expand_conv.weight"]
        channels = before.shape[0] if expanded == start else before.shape[1]
        if stride == 1 and channels == self.tensors[f"{name}_project_conv.weight"].shape[0]:
            self._emit("Add", [start, thin], f"{name}sum")

    def convolve(self, value: str, conv: str, norm: str, *, stride: int = 1, is_limited: bool = True) -> str:
        """A convolution with its normalisation folded in, limited to 0..6 where `is_limited`."""
        kernel = self.tensors[f"{conv}.weight"].astype(np.float64)
        scale = self.tensors[f"{norm}.weight"] / np.sqrt(self.tensors[f"{norm}.running_var"].astype(np.float64) + EPSILON)
        bias = self.tensors[f"{norm}.bias"] - self.tensors[f"{norm}.running_mean"] * scale
        self.constants[f"{conv}.weight"] = (kernel * scale[:, None, None, None]).astype(np.float32)
        self.constants[f"{conv}.bias"] = bias.astype(np.float32)
        self._emit(
            "Conv",
            [value, f"{conv}.weight", f"{conv}.bias"],
            conv,
            auto_pad="SAME_UPPER",
            group=kernel.shape[0] if kernel.shape[1] == 1 and kernel.shape[2] > 1 else 1,
            kernel_shape=list(kernel.shape[2:]),
            strides=[stride, stride],
        )
        if is_limited:
            self._emit("Clip", [conv, "zero", "six"], f"{conv}.limited")
        return self.last

    def serialised(self) -> bytes:
        """The finished file."""
        features = self.last
        for operation, output in (("GlobalAveragePool", "average"), ("GlobalMaxPool", "maximum")):
            self._emit(operation, [features], f"{output}.pooled")
            self.nodes.append(helper.make_node("Flatten", [f"{output}.pooled"], [output]))
        results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", CHANNELS]) for name in ("average", "maximum")]
        pictures = helper.make_tensor_value_info("pictures", TensorProto.FLOAT, ["n", 3, "height", "width"])
        constants = [numpy_helper.from_array(array, name) for name, array in self.constants.items()]
        graph = helper.make_graph(self.nodes, "efficientnet-lite1", [pictures], results, constants)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="jikim"
        )
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString(deterministic=True))

    def _emit(self, operation: str, inputs: list[str], output: str, **attributes: Any) -> None:
        self.nodes.append(helper.make_node(operation, inputs, [output], **attributes))
        self.last = output
