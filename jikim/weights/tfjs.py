"""Turns a TensorFlow.js graph model into ONNX without TensorFlow.

Covers the operations of mobile image networks, batch normalisation already folded or not. Values of rank 4 run in NCHW
inside; the input stays NHWC as in TensorFlow.js, and so do the names of the outputs. The same bytes in give the same bytes
out: versions are pinned and nothing is written that depends on time, machine or library version. Used only when weights are
fetched: onnx is imported nowhere else.

Format: https://github.com/tensorflow/tfjs/blob/master/tfjs-converter/README.md (graph-model, weightsManifest, quantization).
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 13
IR_VERSION = 8

Node = Mapping[str, Any]
Array = NDArray[Any]


class UnknownOperation(ValueError):
    """The graph has an operation or an attribute that this converter does not know."""


def convert(model_json: bytes, weights_bin: bytes, outputs: Sequence[str] = ()) -> bytes:
    """The ONNX file of a graph model. `weights_bin` is its weight files joined in the manifest's order. `outputs` are the
    values that it gives, by default those of the model's signature; what they do not rest on is left out.

    Raises UnknownOperation, or ValueError when the weights do not fit the manifest.
    """
    model = json.loads(model_json)
    graph = _Graph(constants=_weights(model["weightsManifest"], weights_bin))
    wanted = outputs or list(model["signature"]["outputs"])
    for node in _rested_on(model["modelTopology"]["node"], wanted):
        graph.add(node)
    return graph.serialised(wanted)


def _rested_on(nodes: Sequence[Node], outputs: Iterable[str]) -> list[Node]:
    """The nodes that `outputs` rest on, in the order of the file, which is one of computing."""
    by_name = {node["name"]: node for node in nodes}
    waiting, needed = [_value_name(output) for output in outputs], set[str]()
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += [_value_name(value) for value in by_name[name].get("input", ()) if not value.startswith("^")]
    return [node for node in nodes if node["name"] in needed]


def _weights(manifest: Iterable[Mapping[str, Any]], data: bytes) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    offset = 0
    for entry in (entry for group in manifest for entry in group["weights"]):
        quantization = entry.get("quantization")
        stored = np.dtype((quantization or entry)["dtype"]).newbyteorder("<")
        count = math.prod(entry["shape"])
        array = np.frombuffer(data, stored, count, offset).reshape(entry["shape"])
        offset += count * stored.itemsize
        if quantization and "scale" in quantization:
            array = array.astype(np.float32) * np.float32(quantization["scale"]) + np.float32(quantization["min"])
        arrays[entry["name"]] = array.astype(entry["dtype"])
    if offset != len(data):
        raise ValueError(f"the manifest wants {offset} bytes of weights, there are {len(data)}")
    return arrays


@dataclass(frozen=True, slots=True)
class _Bounds:
    """A value that is `root` limited to low..high: chains of Relu, Minimum and Maximum become one Clip."""

    root: str
    low: float
    high: float


@dataclass(slots=True)
class _Graph:
    """The ONNX graph as it grows. `ranks` holds the rank of every computed value; rank 4 means NCHW."""

    constants: dict[str, Array]
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initializers: dict[str, Array] = field(default_factory=dict)
    inputs: list[onnx.ValueInfoProto] = field(default_factory=list)
    ranks: dict[str, int] = field(default_factory=dict)
    bounds: dict[str, _Bounds] = field(default_factory=dict)

    def add(self, node: Node) -> None:
        op: str = node["op"]
        name: str = node["name"]
        inputs = [_value_name(value) for value in node.get("input", ()) if not value.startswith("^")]
        attributes = node.get("attr", {})
        match op:
            case "Const":
                return
            case "Placeholder":
                self._placeholder(name, attributes)
            case "Identity":
                self._emit("Identity", inputs[:1], name, rank=self.ranks[inputs[0]])
            case "Conv2D" | "DepthwiseConv2dNative" | "_FusedConv2D" | "FusedDepthwiseConv2dNative":
                self._convolution(op, name, inputs, attributes)
            case "MatMul" | "_FusedMatMul":
                self._matrix_product(name, inputs, attributes)
            case "Add" | "AddV2" | "BiasAdd" | "Sub" | "Mul":
                self._arithmetic("Add" if op in ("AddV2", "BiasAdd") else op, name, inputs)
            case "Relu" | "Relu6" | "Minimum" | "Maximum":
                self._limit(op, name, inputs)
            case "Mean":
                self._mean(name, inputs, attributes)
            case "ConcatV2":
                self._joined(name, inputs)
            case "ResizeBilinear":
                self._enlarged(name, inputs, attributes)
            case "Sigmoid":
                self._emit("Sigmoid", inputs, name, rank=self.ranks[inputs[0]])
            case "Softmax":
                self._emit("Softmax", inputs, name, rank=self.ranks[inputs[0]], axis=1 if self.ranks[inputs[0]] == 4 else -1)
            case _:
                raise UnknownOperation(f"operation {op} of node {name}")

    def serialised(self, outputs: Iterable[str]) -> bytes:
        """The finished file; nodes and constants that no output needs are left out."""
        results = []
        for output in sorted(outputs):
            source = _value_name(output)
            is_image = self.ranks[source] == 4
            self.nodes.append(
                helper.make_node("Transpose", [source], [output], perm=[0, 2, 3, 1])
                if is_image
                else helper.make_node("Identity", [source], [output])
            )
            results.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, [None] * self.ranks[source]))
        nodes = _needed(self.nodes, {result.name for result in results})
        used = {name for node in nodes for name in node.input}
        constants = [numpy_helper.from_array(array, name) for name, array in self.initializers.items() if name in used]
        graph = helper.make_graph(nodes, "model", self.inputs, results, constants)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="jikim"
        )
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString(deterministic=True))

    def _emit(self, op: str, inputs: Sequence[str], output: str, *, rank: int, **attributes: Any) -> None:
        self.nodes.append(helper.make_node(op, list(inputs), [output], **attributes))
        self.ranks[output] = rank

    def _constant(self, name: str, array: Array) -> str:
        self.initializers[name] = np.ascontiguousarray(array)
        return name

    def _placeholder(self, name: str, attributes: Mapping[str, Any]) -> None:
        sizes = [int(dim["size"]) for dim in attributes["shape"]["shape"]["dim"]]
        if len(sizes) != 4:
            raise UnknownOperation(f"an input of rank {len(sizes)}")
        shape = [size if size > 0 else f"{name}_{axis}" for axis, size in enumerate(sizes)]
        self.inputs.append(helper.make_tensor_value_info(f"{name}:0", TensorProto.FLOAT, shape))
        self._emit("Transpose", [f"{name}:0"], name, rank=4, perm=[0, 3, 1, 2])

    def _convolution(self, op: str, name: str, inputs: Sequence[str], attributes: Mapping[str, Any]) -> None:
        if _text(attributes, "data_format", "NHWC") != "NHWC" or _text(attributes, "padding") not in ("SAME", "VALID"):
            raise UnknownOperation(f"layout or padding of {name}")
        kernel = self.constants[inputs[1]]  # height, width, channels in, channels out (depthwise: per channel)
        is_depthwise = "Depthwise" in op
        if is_depthwise:
            height, width, channels, multiplier = kernel.shape
            kernel = kernel.reshape(height, width, 1, channels * multiplier)
        weights = self._constant(f"{name}/weights", kernel.transpose(3, 2, 0, 1))
        bias = [self._constant(f"{name}/bias", self.constants[inputs[2]])] if len(inputs) > 2 else []
        fused = [operation for operation in _texts(attributes, "fused_ops") if operation != "BiasAdd"]
        raw = f"{name}/raw" if fused else name
        self._emit(
            "Conv",
            [inputs[0], weights, *bias],
            raw,
            rank=4,
            auto_pad="SAME_UPPER" if _text(attributes, "padding") == "SAME" else "VALID",
            dilations=_spatial(attributes, "dilations"),
            group=int(self.constants[inputs[1]].shape[2]) if is_depthwise else 1,
            kernel_shape=list(kernel.shape[:2]),
            strides=_spatial(attributes, "strides"),
        )
        self._activation(fused, raw, name)

    def _matrix_product(self, name: str, inputs: Sequence[str], attributes: Mapping[str, Any]) -> None:
        if _flag(attributes, "transpose_a") or _flag(attributes, "transpose_b") or self.ranks[inputs[0]] != 2:
            raise UnknownOperation(f"transposed or stacked product {name}")
        weights = self._constant(f"{name}/weights", self.constants[inputs[1]])
        bias = [self._constant(f"{name}/bias", self.constants[inputs[2]])] if len(inputs) > 2 else []
        fused = [operation for operation in _texts(attributes, "fused_ops") if operation != "BiasAdd"]
        raw = f"{name}/raw" if fused else name
        self._emit("Gemm", [inputs[0], weights, *bias], raw, rank=2)
        self._activation(fused, raw, name)

    def _activation(self, fused: Sequence[str], raw: str, name: str) -> None:
        if not fused:
            return
        if len(fused) > 1 or fused[0] not in ("Relu", "Relu6"):
            raise UnknownOperation(f"fused operations {fused} of {name}")
        self._limit(fused[0], name, [raw])

    def _arithmetic(self, op: str, name: str, inputs: Sequence[str]) -> None:
        rank = max(self.ranks.get(value, 0) for value in inputs)
        self._emit(op, [self._operand(name, value, rank) for value in inputs], name, rank=rank)

    def _operand(self, name: str, value: str, rank: int) -> str:
        if value not in self.constants:
            return value
        array = self.constants[value]
        if rank == 4 and array.ndim == 1:
            array = array.reshape(-1, 1, 1)
        elif rank == 4 and array.ndim > 1:
            raise UnknownOperation(f"a constant of shape {array.shape} in {name}")
        return self._constant(f"{name}/{value}", array)

    def _limit(self, op: str, name: str, inputs: Sequence[str]) -> None:
        value = next(value for value in inputs if value not in self.constants)
        before = self.bounds.get(value, _Bounds(value, -np.inf, np.inf))
        limits = [self.constants[other] for other in inputs if other != value]
        if any(limit.size != 1 for limit in limits):
            raise UnknownOperation(f"a limit that is no single number in {name}")
        low = 0.0 if op in ("Relu", "Relu6") else float(limits[0].item()) if op == "Maximum" else -np.inf
        high = 6.0 if op == "Relu6" else float(limits[0].item()) if op == "Minimum" else np.inf
        now = _Bounds(
            before.root,
            min(max(before.low, low), high),
            min(max(before.high, low), high),
        )
        self.bounds[name] = now
        at = [
            self._constant(f"{name}/{end}", np.array(bound, np.float32)) if np.isfinite(bound) else ""
            for end, bound in (("low", now.low), ("high", now.high))
        ]
        self._emit("Clip", [now.root, *at], name, rank=self.ranks[now.root])

    def _joined(self, name: str, inputs: Sequence[str]) -> None:
        """Along the channels."""
        *values, axis = inputs
        if any(self.ranks[value] != 4 for value in values) or int(self.constants[axis].item()) % 4 != 3:
            raise UnknownOperation(f"joining {name} along another axis than the channels")
        self._emit("Concat", values, name, rank=4, axis=1)

    def _enlarged(self, name: str, inputs: Sequence[str], attributes: Mapping[str, Any]) -> None:
        """To a fixed height and width, corner on corner as TensorFlow did before it knew half pixels."""
        if _flag(attributes, "align_corners") or _flag(attributes, "half_pixel_centers") or self.ranks[inputs[0]] != 4:
            raise UnknownOperation(f"the way of resizing of {name}")
        shape, front, sizes = (f"{name}/{part}" for part in ("shape", "front", "sizes"))
        first = self._constant(f"{name}/first", np.array([0], np.int64))
        second = self._constant(f"{name}/second", np.array([2], np.int64))
        side = self._constant(f"{name}/side", self.constants[inputs[1]].astype(np.int64))
        self._emit("Shape", inputs[:1], shape, rank=1)
        self._emit("Slice", [shape, first, second], front, rank=1)
        self._emit("Concat", [front, side], sizes, rank=1, axis=0)
        self._emit(
            "Resize",
            [inputs[0], "", "", sizes],
            name,
            rank=4,
            mode="linear",
            coordinate_transformation_mode="asymmetric",
        )

    def _mean(self, name: str, inputs: Sequence[str], attributes: Mapping[str, Any]) -> None:
        axes = [int(axis) % 4 for axis in np.atleast_1d(self.constants[inputs[1]])]
        if self.ranks[inputs[0]] != 4 or sorted(axes) != [1, 2]:
            raise UnknownOperation(f"a mean over axes {axes} in {name}")
        keeps = _flag(attributes, "keep_dims")
        self._emit("ReduceMean", inputs[:1], name, rank=4 if keeps else 2, axes=[2, 3], keepdims=int(keeps))


def _needed(nodes: Sequence[onnx.NodeProto], wanted: set[str]) -> list[onnx.NodeProto]:
    kept = []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(node.input)
    return kept[::-1]


def _value_name(value: str) -> str:
    name, _, index = value.partition(":")
    if index not in ("", "0"):
        raise UnknownOperation(f"output {index} of {name}")
    return name


def _texts(attributes: Mapping[str, Any], name: str) -> list[str]:
    encoded = attributes.get(name, {}).get("list", {}).get("s", [])
    return [base64.b64decode(text).decode("ascii") for text in encoded]


def _text(attributes: Mapping[str, Any], name: str, default: str = "") -> str:
    return base64.b64decode(attributes[name]["s"]).decode("ascii") if name in attributes else default


def _flag(attributes: Mapping[str, Any], name: str) -> bool:
    return bool(attributes.get(name, {}).get("b", False))


def _spatial(attributes: Mapping[str, Any], name: str) -> list[int]:
    batch, height, width, channel = (int(size) for size in attributes[name]["list"]["i"])
    if (batch, channel) != (1, 1):
        raise UnknownOperation(f"{name} over batch or channels")
    return [height, width]
