"""PP-OCRv6's recogniser with a head for Korean in the place of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from graph import Graph
from letters import CLASSES, COMMON, MAIN, NUMBER, RARE, parts
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

INITIALS, MEDIALS, FINALS = 19, 21, 28
NONE = (INITIALS, MEDIALS, FINALS)
"""The rows of the tables of jamo that stay zero: for what is no syllable."""


@dataclass(frozen=True)
class Cut:
    """Where a recogniser's head begins: the value before it, its width, and the names of the head's weights."""

    value: str
    width: int
    weight: str
    bias: str


CUTS = {
    "small": Cut("p2o.pd_op.transpose.8.0", 120, "linear_8.w_0", "linear_8.b_0"),
    "tiny": Cut("p2o.pd_op.add.40.0", 80, "linear_1.w_0", "linear_1.b_0"),
}


class Head(nn.Module):
    """Scores of classes: a vector of its own for each of MAIN, and for every syllable the sum of those of its jamo."""

    def __init__(self, width: int, deviation: float) -> None:
        super().__init__()
        made = [parts(letter) if letter in set(COMMON) else NONE for letter in MAIN]
        is_sign = torch.tensor([one == NONE for one in made])
        self.own = nn.Parameter(torch.zeros(len(MAIN), width))
        self.jamo = nn.ParameterList(torch.randn(count, width) * deviation for count in NONE)
        self.bias = nn.Parameter(torch.zeros(len(MAIN)))
        self.rare_bias = nn.Parameter(torch.tensor(-2.0))
        with torch.no_grad():
            self.own[is_sign] = torch.randn(int(is_sign.sum()), width) * deviation * 1.7
        self.register_buffer("made", torch.tensor(made), persistent=False)
        self.register_buffer("made_rare", torch.tensor([parts(letter) for letter in RARE]), persistent=False)

    def main_weight(self) -> Tensor:
        """(MAIN, width)"""
        return self.own + self._of_jamo(self.made)

    def _of_jamo(self, made: Tensor) -> Tensor:
        tables = (functional.pad(table, (0, 0, 0, 1)) for table in self.jamo)
        return sum(table[made[:, place]] for place, table in enumerate(tables))

    def forward(self, features: Tensor, rare: Tensor) -> Tensor:
        """Scores (n, steps, MAIN + rare) of the main classes and of the rare syllables with these numbers in RARE."""
        weight = torch.cat([self.main_weight(), self._of_jamo(self.made_rare[rare])])
        bias = torch.cat([self.bias, self.rare_bias.expand(len(rare))])
        return functional.linear(features, weight, bias)


class Recogniser(nn.Module):
    """Body and head; starts from the weights of the original file, with the columns of the signs both know."""

    def __init__(self, path: Path, size: str) -> None:
        super().__init__()
        cut = CUTS[size]
        self.body = Graph(path, cut.value)
        model = onnx.load(path)
        values = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
        weight, bias = values[cut.weight], values[cut.bias]
        self.head = Head(cut.width, float(weight.std()) / 1.7)
        with torch.no_grad():
            self.head.bias.fill_(float(np.median(bias)))
            for number, letter in enumerate(original_letters(model, path)[: weight.shape[1]]):
                place = NUMBER.get(letter, len(MAIN))
                if place < len(MAIN) and letter not in COMMON:
                    self.head.own[place] = torch.tensor(weight[:, number])
                    self.head.bias[place] = float(bias[number])

    def forward(self, pictures: Tensor, rare: Tensor) -> Tensor:
        return self.head(self.body(pictures), rare)

    def take_shipped(self, path: Path) -> None:
        """The weights of a file that export.py wrote: to train further what is shipped."""
        model = onnx.load(path)
        stored = {one.name.removesuffix(".half"): numpy_helper.to_array(one) for one in model.graph.initializer}
        values = {name: torch.tensor(value, dtype=torch.float32) for name, value in stored.items() if value.dtype.kind == "f"}
        with torch.no_grad():
            for name, weight in self.body.trained().items():
                weight.copy_(values[name])
            for table, own in zip(self.head.jamo, values["jamo.weight"].T.split([INITIALS, MEDIALS, FINALS]), strict=True):
                table.copy_(own)
            self.head.bias.copy_(values["main.bias"])
            self.head.rare_bias.copy_(values["rare.bias"][0])
            self.head.own.zero_()
            self.head.own.copy_(values["main.weight"].T - self.head.main_weight())


def original_letters(model: onnx.ModelProto, path: Path) -> list[str]:
    """The classes of an original file, its blank first; from its metadata or from inference.yml beside it."""
    listed = [one.value for one in model.metadata_props if one.key == "character"]
    if listed:
        return ["", *listed[0].split("\n"), " "]
    import yaml

    settings = yaml.safe_load(path.with_name("inference.yml").read_text("utf-8"))
    return ["", *settings["PostProcess"]["character_dict"], " "]


ALL_RARE = torch.arange(len(RARE))
assert len(CLASSES) == len(MAIN) + len(RARE)
