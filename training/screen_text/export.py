"""Writes the trained weights back into the original ONNX file, with the new head behind its body.

    python training/screen_text/export.py small ORIGINAL.onnx RUN/state.pt OUT.onnx

Large weights are stored in half precision and widened when the file is opened. The classes stand in the metadata `character`,
one a line, without the blank. Instead of a run's state it takes what was exported before, whose graph is then written anew.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
import torch
from letters import CLASSES, MAIN, NUMBER, RARE
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from recogniser import CUTS, FINALS, INITIALS, MEDIALS, Cut, Recogniser

HALVED_FROM = 512
"""Weights of at least so many numbers are stored in half precision."""


def exported(original: Path, size: str, weights: dict[str, torch.Tensor]) -> onnx.ModelProto:
    """The original model with these weights of a Recogniser."""
    trained = Recogniser(original, size)
    trained.load_state_dict(weights)
    model = onnx.load(original)
    own = {name: weight.detach().numpy() for name, weight in trained.body.trained().items()}
    for initializer in model.graph.initializer:
        if initializer.name in own:
            initializer.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(own[initializer.name]), initializer.name))
    _replace_head(model, CUTS[size], trained)
    _halve(model)
    del model.metadata_props[:]
    model.metadata_props.add(key="character", value="\n".join(CLASSES[1:]))
    onnx.checker.check_model(model)
    return model


def mixed(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor], share: float) -> dict[str, torch.Tensor]:
    """The weights between those of two runs, the later of which went on from the earlier; they often generalise better than
    either (Wortsman et al., "Model soups", 2022)."""
    return {name: before[name].lerp(value, share) if value.is_floating_point() else value for name, value in after.items()}


def _replace_head(model: onnx.ModelProto, cut: Cut, trained: Recogniser) -> None:
    """Everything behind the cut goes; scores of the main classes and of the rare syllables, side by side, come instead."""
    graph, head = model.graph, trained.head
    kept = [node for node in graph.node if node.output[0] == cut.value or not _leads_from(graph, cut.value, node)]
    del graph.node[:], graph.value_info[:]
    values: dict[str, NDArray[np.generic]] = {
        "main.weight": head.main_weight().detach().numpy().T,
        "main.bias": head.bias.detach().numpy(),
        "jamo.weight": torch.cat(list(head.jamo)).detach().numpy().T,
        "rare.bias": head.rare_bias.detach().numpy().reshape(1),
        "rare.number": np.array([ord(letter) - 0xAC00 for letter in RARE], np.int64),
        "rare.shape": np.array([0, INITIALS * MEDIALS * FINALS, -1], np.int64),
    }
    node, output = helper.make_node, graph.output[0].name
    counts = [INITIALS, MEDIALS, FINALS]
    nodes = [
        node("MatMul", [cut.value, "main.weight"], ["main.product"]),
        node("Add", ["main.product", "main.bias"], ["main.score"]),
        node("MatMul", [cut.value, "jamo.weight"], ["jamo.score"]),
        # steps last from here on: syllables are then gathered as whole rows, which is many times as fast
        node("Transpose", ["jamo.score"], ["jamo.rows"], perm=[0, 2, 1]),
        node("Split", ["jamo.rows"], ["initial", "medial", "final"], axis=1, split=counts),
        node("Unsqueeze", ["initial"], ["initial.wide"], axes=[2, 3]),
        node("Unsqueeze", ["medial"], ["medial.wide"], axes=[1, 3]),
        node("Unsqueeze", ["final"], ["final.wide"], axes=[1, 2]),
        node("Add", ["initial.wide", "medial.wide"], ["open.score"]),
        node("Add", ["open.score", "final.wide"], ["syllable.wide"]),
        node("Reshape", ["syllable.wide", "rare.shape"], ["syllable.rows"]),
        node("Gather", ["syllable.rows", "rare.number"], ["rare.rows"], axis=1),
        node("Transpose", ["rare.rows"], ["rare.sum"], perm=[0, 2, 1]),
        node("Add", ["rare.sum", "rare.bias"], ["rare.score"]),
        node("Concat", ["main.score", "rare.score"], ["score"], axis=2),
        node("Softmax", ["score"], [output], axis=2),
    ]
    graph.node.extend([*kept, *nodes])
    used = {name for one in graph.node for name in one.input}
    initializers = [one for one in graph.initializer if one.name in used]
    del graph.initializer[:]
    made = (numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in values.items())
    graph.initializer.extend([*initializers, *made])
    graph.output[0].type.tensor_type.shape.dim[2].dim_value = len(CLASSES)
    assert NUMBER[RARE[0]] == len(MAIN)


def _leads_from(graph: onnx.GraphProto, value: str, node: onnx.NodeProto) -> bool:
    """Whether a node hangs on this value."""
    reached = {value}
    for one in graph.node:
        if reached.intersection(one.input):
            reached.update(one.output)
    return bool(reached.intersection(node.output))


def _halve(model: onnx.ModelProto) -> None:
    casts = []
    for initializer in model.graph.initializer:
        values = numpy_helper.to_array(initializer)
        if values.dtype == np.float32 and values.size >= HALVED_FROM:
            name = initializer.name
            initializer.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name + ".half"))
            casts.append(helper.make_node("Cast", [name + ".half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*casts, *nodes])


def _weights(path: Path, original: Path, size: str) -> dict[str, torch.Tensor]:
    """Of a run's state, or of an exported file."""
    if path.suffix != ".onnx":
        return dict(torch.load(path, weights_only=True)["average"])
    model = Recogniser(original, size)
    model.take_shipped(path)
    return model.state_dict()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", choices=tuple(CUTS))
    parser.add_argument("original", type=Path)
    parser.add_argument("state", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--mixed-with", type=Path, help="the state, or what was exported of it, that this run started from")
    parser.add_argument("--share", type=float, default=0.65, help="of STATE's weights in the mixture")
    arguments = parser.parse_args()
    weights = _weights(arguments.state, arguments.original, arguments.size)
    if arguments.mixed_with is not None:
        weights = mixed(_weights(arguments.mixed_with, arguments.original, arguments.size), weights, arguments.share)
    onnx.save(exported(arguments.original, arguments.size, weights), arguments.out)
    print(f"{arguments.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
