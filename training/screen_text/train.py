"""Trains a recogniser of Korean lines on a pool of drawn ones.

    python training/screen_text/train.py small ORIGINAL.onnx POOL RUN [--minutes 90] [--threads 2]

RUN/state.pt is written every few minutes and continued from when the command is given again; RUN/curve.tsv is the learning
curve on POOL/validation.npz. The learning rate follows one cosine over the minutes of training, whatever was reached in them;
minutes are those that each thread computed, so that other work on the machine only makes them longer.
A later run starts from the weights of an earlier one with `--start EARLIER/state.pt`, or from those of a shipped file with
`--start korean_lines_small.onnx`, and with a lower `--rate`.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import cv2
import numpy as np
import pool
import torch
from damage import damaged
from grounds import Picture
from letters import MAIN, RARE, decoded, encoded
from measures import error_rate
from recogniser import ALL_RARE, Recogniser
from torch import Tensor, nn
from torch.nn import functional

SEED = 6
BATCH = 32
RATE_BODY, RATE_HEAD, DECAY = 5e-4, 3e-3, 0.01
WARM_STEPS = 100
RARE_SAMPLED = 800
"""How many of the rare syllables stand against the right ones in each step."""
AVERAGED = 0.995
"""The weights that are measured and shipped are a running average with this memory."""
UNREADABLE_SHARE = 0.1
"""Of each batch the worst lines are left out: most are such that nobody can read, and teach to guess."""
COUNTS_IN_HALVES = torch.ops.mkldnn._is_mkldnn_bf16_supported()
"""Whether the processor multiplies bfloat16 itself; one that does not is twelve times slower with it than with float32."""
SAVED_EVERY_S = 180
MEASURED_EVERY_S = 480


def batches(folder: Path, seed: int) -> Iterator[list[tuple[Picture, str]]]:
    """Endless, of lines of similar width, from whatever shards are there by then."""
    rng = Random(seed)
    while True:
        shards = sorted(folder.glob("lines-????.npz"))
        rng.shuffle(shards)
        for start in range(0, min(len(shards), 20), 2):
            lines = [line for shard in shards[start : start + 2] for line in pool.read(shard)]
            lines = [(varied(rng, piece), text) for piece, text in lines]
            lines.sort(key=lambda line: line[0].shape[1] + 30 * rng.random())
            groups = [lines[first : first + BATCH] for first in range(0, len(lines), BATCH)]
            rng.shuffle(groups)
            yield from groups


def varied(rng: Random, piece: Picture) -> Picture:
    """The same line in other colours, a little wider or narrower, and worse to read."""
    if rng.random() < 0.3:
        piece = 255 - piece
    if rng.random() < 0.3:
        piece = piece[:, :, rng.sample(range(3), 3)]
    width = max(16, round(piece.shape[1] * rng.uniform(0.88, 1.12)))
    return damaged(rng, np.asarray(cv2.resize(piece, (width, piece.shape[0])), np.uint8))


def stacked(pieces: list[Picture]) -> Tensor:
    """(n, 3, 48, w) BGR from -1 to 1, beside the narrower ones grey."""
    width = math.ceil(max(piece.shape[1] for piece in pieces) / 16) * 16
    canvas = np.full((len(pieces), pieces[0].shape[0], width, 3), 127, np.uint8)
    for row, piece in zip(canvas, pieces, strict=True):
        row[:, : piece.shape[1]] = piece[:, :, ::-1]
    pictures = torch.from_numpy(canvas).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
    return pictures.contiguous(memory_format=torch.channels_last)


def loss_of(model: Recogniser, lines: list[tuple[Picture, str]], chance: np.random.Generator) -> Tensor:
    """CTC per sign, the mean over the lines that can be read."""
    targets = [encoded(text) for _, text in lines]
    shown = sorted({number - len(MAIN) for target in targets for number in target if number >= len(MAIN)})
    others = np.setdiff1d(chance.choice(len(RARE), RARE_SAMPLED, replace=False), shown)
    sampled = torch.tensor([*shown, *others.tolist()])
    place = {number + len(MAIN): len(MAIN) + column for column, number in enumerate(sampled.tolist())}
    pictures = stacked([piece for piece, _ in lines])
    with torch.autocast("cpu", torch.bfloat16, enabled=COUNTS_IN_HALVES):
        scores = model(pictures, sampled)
    scores = scores.float()
    scores[:, :, len(MAIN) + len(shown) :] += math.log((len(RARE) - len(shown)) / len(others))  # each stands for several
    steps = scores.shape[1]
    lengths = torch.tensor([min(steps, math.ceil(piece.shape[1] / pictures.shape[3] * steps)) for piece, _ in lines])
    signs = torch.tensor([len(target) for target in targets])
    flat = torch.tensor([place.get(number, number) for target in targets for number in target])
    chances = functional.log_softmax(scores, -1).transpose(0, 1)
    losses = functional.ctc_loss(chances, flat, lengths, signs, 0, "none", zero_infinity=True)
    of_lines = losses / signs.clamp(min=1)
    readable = math.ceil((1 - UNREADABLE_SHARE) * len(lines))
    return of_lines.topk(readable, largest=False).values.mean()


def read_lines(model: Recogniser, pieces: list[Picture]) -> list[str]:
    """What the model reads, without any lexicon."""
    texts = [""] * len(pieces)
    order = sorted(range(len(pieces)), key=lambda number: pieces[number].shape[1])
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=COUNTS_IN_HALVES):
        for start in range(0, len(order), 16):
            group = order[start : start + 16]
            best = model(stacked([pieces[number] for number in group]), ALL_RARE).argmax(-1)
            for number, row in zip(group, best.tolist(), strict=True):
                texts[number] = decoded(row)
    return texts


class Run:
    """A training run that can be stopped at any time."""

    def __init__(self, original: Path, size: str, folder: Path, start: Path | None = None, rate: float = 1.0) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(SEED)
        self.model = Recogniser(original, size)
        if start is not None and start.suffix == ".onnx":
            self.model.take_shipped(start)
        elif start is not None:
            self.model.load_state_dict(torch.load(start, weights_only=True)["average"])
        self.average = {name: value.clone() for name, value in self.model.state_dict().items()}
        groups = [{"params": [one for one in self.model.body.parameters() if one.requires_grad], "lr": rate * RATE_BODY}]
        groups.append({"params": list(self.model.head.parameters()), "lr": rate * RATE_HEAD})
        self.optimizer = torch.optim.AdamW(groups, weight_decay=DECAY)
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.seconds, self.step, self.lines = 0.0, 0, 0
        if self._state.exists():
            state = torch.load(self._state, weights_only=True)
            self.model.load_state_dict(state["model"])
            self.average = state["average"]
            self.optimizer.load_state_dict(state["optimizer"])
            self.seconds, self.step, self.lines = state["seconds"], state["step"], state["lines"]

    @property
    def _state(self) -> Path:
        return self.folder / "state.pt"

    def save(self) -> None:
        state = {"model": self.model.state_dict(), "average": self.average, "optimizer": self.optimizer.state_dict()}
        state |= {"seconds": self.seconds, "step": self.step, "lines": self.lines}
        unfinished = self._state.with_suffix(".part")
        torch.save(state, unfinished)
        unfinished.rename(self._state)

    def train(self, folder: Path, seconds: float) -> None:
        validation = pool.read(folder / "validation.npz")
        chance = np.random.default_rng(SEED + self.step)
        saved = measured = self.seconds
        recent: list[float] = []
        for lines in batches(folder, SEED + self.step):
            if self.seconds >= seconds:
                break
            started = time.process_time()
            self._set_rate(self.seconds / seconds)
            loss = loss_of(self.model, lines, chance)
            self.optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
            self.optimizer.step()
            self._average()
            recent.append(float(loss.detach()))
            self.step, self.lines = self.step + 1, self.lines + len(lines)
            self.seconds += (time.process_time() - started) / torch.get_num_threads()
            if self.step % 100 == 0:
                speed = self.lines / self.seconds
                print(f"{self.seconds:.0f} s, {self.lines} lines, {speed:.0f}/s, loss {np.mean(recent[-100:]):.3f}", flush=True)
            if self.seconds - saved >= SAVED_EVERY_S:
                self.save()
                saved = self.seconds
            if self.seconds - measured >= MEASURED_EVERY_S:
                self._measure(validation[:300], float(np.mean(recent[-300:])))
                measured = self.seconds
        self.save()
        self._measure(validation, float(np.mean(recent[-300:])))

    def _set_rate(self, done: float) -> None:
        share = min(1.0, (self.step + 1) / WARM_STEPS) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(done, 1.0))))
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * share

    def _average(self) -> None:
        memory = min(AVERAGED, (1 + self.step) / (10 + self.step))
        for name, value in self.model.state_dict().items():
            self.average[name].lerp_(value, 1 - memory)

    def _measure(self, validation: list[tuple[Picture, str]], loss: float) -> None:
        kept = {name: value.clone() for name, value in self.model.state_dict().items()}
        self.model.load_state_dict(self.average)
        texts = read_lines(self.model, [piece for piece, _ in validation])
        self.model.load_state_dict(kept)
        rate = error_rate(texts, [text for _, text in validation])
        curve = self.folder / "curve.tsv"
        if not curve.exists():
            curve.write_text("seconds\tlines\tloss\tmeasured\tcharacter_error_rate\n", "utf-8")
        with curve.open("a", encoding="utf-8") as file:
            file.write(f"{self.seconds:.0f}\t{self.lines}\t{loss:.4f}\t{len(validation)}\t{rate:.4f}\n")
        print(f"unseen families: character error rate {rate:.4f}; {texts[1:4]}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", choices=("small", "tiny"))
    parser.add_argument("original", type=Path)
    parser.add_argument("pool", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--minutes", type=float, default=90.0)
    parser.add_argument("--start", type=Path, help="the state of an earlier run to start from, or what was exported of it")
    parser.add_argument("--rate", type=float, default=1.0, help="times the usual learning rates")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    cv2.setNumThreads(1)
    run = Run(arguments.original, arguments.size, arguments.run, arguments.start, arguments.rate)
    run.train(arguments.pool, 60 * arguments.minutes)


if __name__ == "__main__":
    main()
