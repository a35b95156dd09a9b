"""Runs an ONNX graph in torch with its weights as parameters, and writes trained weights back into the same graph.

Only the operations that PP-OCRv6's recognisers are made of. Statistics of batch normalisation stay as they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

TRAINED_FROM = 16
"""Initialisers with at least this many numbers are trained."""


@dataclass(frozen=True)
class Node:
    op: str
    inputs: tuple[str, ...]
    output: str
    attributes: dict[str, Any]


class Graph(nn.Module):
    """The part of a graph that leads from its input (n, 3, h, w) to one of its values."""

    def __init__(self, path: Path, output: str) -> None:
        super().__init__()
        model = onnx.load(path)
        self.input = model.graph.input[0].name
        self.output = output
        nodes, needed = _leading_to(model, output)
        self.weights = nn.ParameterDict()
        self.constants: dict[str, Tensor] = {}
        for initializer in model.graph.initializer:
            if initializer.name in needed:
                values = torch.tensor(numpy_helper.to_array(initializer))
                if values.is_floating_point() and values.numel() >= TRAINED_FROM:
                    self.weights[_key(initializer.name)] = nn.Parameter(values)
                else:
                    self.constants[initializer.name] = values
        self.nodes = _fused(nodes, output, set(self.trained()))
        for node in self.nodes:
            if node.op == "BatchNormalization":
                for name in node.inputs[3:5]:
                    self.weights[_key(name)].requires_grad_(False)

    def trained(self) -> dict[str, Tensor]:
        """The weights by the names they have in the file."""
        return {name.replace("__", "."): weight for name, weight in self.weights.items()}

    def forward(self, pictures: Tensor) -> Tensor:
        values: dict[str, Any] = {**self.constants, **self.trained(), self.input: pictures}
        for node in self.nodes:
            values[node.output] = OPERATIONS[node.op](node.attributes, *(values[name] for name in node.inputs))
        return values[self.output]


def _key(name: str) -> str:
    return name.replace(".", "__")


def _leading_to(model: onnx.ModelProto, output: str) -> tuple[list[Node], set[str]]:
    needed, nodes = {output}, []
    for node in reversed(model.graph.node):
        if needed.intersection(node.output):
            attributes = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
            nodes.append(Node(node.op_type, tuple(name for name in node.input if name), node.output[0], attributes))
            needed.update(node.input)
    return nodes[::-1], needed


def _fused(nodes: list[Node], output: str, trained: set[str]) -> list[Node]:
    """Without identities, with the five nodes of a GELU as one, and with the addition after a convolution as its bias."""
    same: dict[str, str] = {}
    plain = []
    for node in nodes:
        inputs = tuple(same.get(name, name) for name in node.inputs)
        if node.op == "Identity" and node.output != output:
            same[node.output] = inputs[0]
        else:
            plain.append(Node(node.op, inputs, node.output, node.attributes))
    made_by = {node.output: node for node in plain}
    users = defaultdict(list)
    for node in plain:
        for name in node.inputs:
            users[name].append(node)
    dropped: set[str] = set()
    replaced: dict[str, Node] = {}
    for node in plain:
        if node.op == "Erf":
            divided = made_by[node.inputs[0]]
            plus_one = users[node.output][0]
            times_input = users[plus_one.output][0]
            halved = users[times_input.output][0]
            dropped |= {divided.output, node.output, plus_one.output, times_input.output}
            replaced[halved.output] = Node("Gelu", divided.inputs[:1], halved.output, {})
        elif node.op == "Conv" and len(node.inputs) == 2 and [user.op for user in users[node.output]] == ["Add"]:
            addition = users[node.output][0]
            (bias,) = (name for name in addition.inputs if name != node.output)
            if bias in trained:
                dropped.add(node.output)
                replaced[addition.output] = Node("Conv", (*node.inputs, bias), addition.output, node.attributes)
    return [replaced.get(node.output, node) for node in plain if node.output not in dropped]


def _padding(attributes: dict[str, Any], picture: Tensor, kernel: list[int]) -> tuple[int, int, int, int]:
    """Left, right, top, bottom."""
    automatic = attributes.get("auto_pad", b"NOTSET")
    if automatic in (b"SAME_UPPER", b"SAME_LOWER"):
        steps = attributes.get("strides", [1, 1])
        sizes = picture.shape[2:]
        total = [max((-(-size // step) - 1) * step + k - size, 0) for size, step, k in zip(sizes, steps, kernel, strict=True)]
        less = [one // 2 if automatic == b"SAME_UPPER" else one - one // 2 for one in total]
        return less[1], total[1] - less[1], less[0], total[0] - less[0]
    top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
    return left, right, top, bottom


def _conv(attributes: dict[str, Any], picture: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    left, right, top, bottom = _padding(attributes, picture, list(weight.shape[2:]))
    if (left, top) != (right, bottom):
        picture, left, top = functional.pad(picture, (left, right, top, bottom)), 0, 0
    bias = None if bias is None else bias.flatten()
    steps, spread = attributes.get("strides", [1, 1]), attributes.get("dilations", [1, 1])
    return functional.conv2d(picture, weight, bias, steps, (top, left), spread, attributes.get("group", 1))


def _max_pool(attributes: dict[str, Any], picture: Tensor) -> Tensor:
    kernel = attributes["kernel_shape"]
    padding = _padding(attributes, picture, kernel)
    if any(padding):
        picture = functional.pad(picture, padding, value=-1e9)
    return functional.max_pool2d(
        picture, kernel, attributes.get("strides", [1, 1]), ceil_mode=bool(attributes.get("ceil_mode", 0))
    )


def _average_pool(attributes: dict[str, Any], picture: Tensor) -> Tensor:
    return functional.avg_pool2d(
        picture, attributes["kernel_shape"], attributes.get("strides"), attributes.get("pads", [0] * 4)[:2]
    )


def _squeeze(attributes: dict[str, Any], value: Tensor, axes: Tensor | None = None) -> Tensor:
    places = attributes["axes"] if axes is None else axes.tolist()
    return value.squeeze(tuple(places))


def _unsqueeze(attributes: dict[str, Any], value: Tensor) -> Tensor:
    for place in sorted(attributes["axes"]):
        value = value.unsqueeze(place)
    return value


def _reshape(attributes: dict[str, Any], value: Tensor, shape: Tensor) -> Tensor:
    return value.reshape([value.shape[place] if size == 0 else size for place, size in enumerate(shape.tolist())])


def _slice(attributes: dict[str, Any], value: Tensor, *bounds: Tensor) -> Tensor:
    if bounds:
        starts, ends = bounds[0].tolist(), bounds[1].tolist()
        axes = bounds[2].tolist() if len(bounds) > 2 else range(len(starts))
    else:
        starts, ends, axes = attributes["starts"], attributes["ends"], attributes.get("axes", range(len(attributes["starts"])))
    for start, end, axis in zip(starts, ends, axes, strict=True):
        value = value[(slice(None),) * axis + (slice(start, end),)]
    return value


def _divide(attributes: dict[str, Any], one: Tensor, other: Tensor) -> Tensor:
    return torch.div(one, other) if one.is_floating_point() else torch.div(one, other, rounding_mode="trunc")


def _batch_norm(
    attributes: dict[str, Any], value: Tensor, scale: Tensor, shift: Tensor, mean: Tensor, variance: Tensor
) -> Tensor:
    return functional.batch_norm(value, mean, variance, scale, shift, False, 0, attributes.get("epsilon", 1e-5))


def _concat(attributes: dict[str, Any], *values: Tensor) -> Tensor:
    return torch.cat([value.to(values[-1].dtype) for value in values], attributes["axis"])


OPERATIONS: dict[str, Callable[..., Any]] = {
    "Identity": lambda a, x: x,
    "Cast": lambda a, x: x,
    "Constant": lambda a: torch.tensor(numpy_helper.to_array(a["value"])),
    "Conv": _conv,
    "Add": lambda a, x, y: x + y,
    "Sub": lambda a, x, y: x - y,
    "Mul": lambda a, x, y: x * y,
    "Div": _divide,
    "Pow": lambda a, x, y: x**y,
    "Sqrt": lambda a, x: x.sqrt(),
    "Erf": lambda a, x: torch.erf(x),
    "Gelu": lambda a, x: functional.gelu(x),
    "Relu": lambda a, x: functional.relu(x),
    "Sigmoid": lambda a, x: torch.sigmoid(x),
    "HardSigmoid": lambda a, x: torch.clamp(x * a.get("alpha", 0.2) + a.get("beta", 0.5), 0, 1),
    "MatMul": lambda a, x, y: x @ y,
    "Softmax": lambda a, x: torch.softmax(x, a.get("axis", 1)),
    "ReduceMean": lambda a, x: x.mean(a["axes"], keepdim=bool(a.get("keepdims", 1))),
    "MaxPool": _max_pool,
    "AveragePool": _average_pool,
    "GlobalAveragePool": lambda a, x: x.mean((2, 3), keepdim=True),
    "BatchNormalization": _batch_norm,
    "Concat": _concat,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Transpose": lambda a, x: x.permute(a["perm"]),
    "Shape": lambda a, x: torch.tensor(x.shape),
    "Reshape": _reshape,
    "Slice": _slice,
}
