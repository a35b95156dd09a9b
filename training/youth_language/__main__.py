"""Trains the register model.

    python -m training.youth_language --chatbot ChatbotData.csv --out jikim/analyzers/youth_register.npz

Reads the everyday sentences (label 0) of Chatbot_data (MIT, Youngsook Song), says each in school-age and in grown-up manners by
the rules of `styles`, and fits a logistic regression over hashed groups of letters. Needs scikit-learn. The same input, seed
and versions write the same bytes.
"""

from __future__ import annotations

import argparse
import csv
from hashlib import sha256
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from jikim.analyzers.register import BUCKETS, LEAST_LETTERS, RegisterModel, features, plain
from training.youth_language.styles import GROWN_UP, SCHOOL_AGE, restyled

HELD_OUT = 5
"""One base sentence in this many is kept from training."""


def main() -> None:
    """Trains, prints the figures on the sentences kept apart, writes the file."""
    arguments = _parser().parse_args()
    base = _base_sentences(arguments.chatbot)
    is_kept = [sha256(sentence.encode()).digest()[0] % HELD_OUT == 0 for sentence in base]
    rng = Random(arguments.seed)
    train = _said([s for s, kept in zip(base, is_kept, strict=True) if not kept], arguments.variants, rng)
    held = _said([s for s, kept in zip(base, is_kept, strict=True) if kept], 1, rng)
    model = _fitted(*train, arguments.strength)
    labels = held[1]
    scores = [model.log_odds(sentence) for sentence in held[0]]
    _write(model, arguments.out)
    print(f"base sentences {len(base)}, trained on {len(train[0])}, held out {len(held[0])}")
    print(f"AUC on restyled sentences held out {roc_auc_score(labels, scores):.4f}")
    print(f"{arguments.out} {arguments.out.stat().st_size} bytes sha256 {sha256(arguments.out.read_bytes()).hexdigest()}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chatbot", type=Path, required=True, help="ChatbotData.csv with the columns Q, A, label")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--variants", type=int, default=2, help="how often each sentence is said in each manner")
    parser.add_argument("--strength", type=float, default=1.0, help="inverse of the regularisation")
    return parser


def _base_sentences(file: Path) -> list[str]:
    with file.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["label"] == "0"]
    return sorted({row[column].strip() for row in rows for column in ("Q", "A") if len(row[column].strip()) >= LEAST_LETTERS})


def _said(base: list[str], variants: int, rng: Random) -> tuple[list[str], NDArray[np.int8]]:
    said, labels = [], []
    for sentence in base:
        for styles, label in ((SCHOOL_AGE, 1), (GROWN_UP, 0)):
            for _ in range(variants):
                said.append(plain(restyled(sentence, styles, rng), 1000, {}).strip())
                labels.append(label)
    return said, np.array(labels, np.int8)


def _fitted(said: list[str], labels: NDArray[np.int8], strength: float) -> RegisterModel:
    rows = [features(sentence) for sentence in said]
    ends = np.cumsum([0, *map(len, rows)])
    values = np.concatenate([np.full(len(row), 1 / np.sqrt(len(row))) for row in rows])
    table = csr_matrix((values, np.concatenate(rows).astype(np.int64), ends), (len(rows), BUCKETS))
    fit = LogisticRegression(C=strength, solver="liblinear", random_state=0, tol=1e-4).fit(table, labels)
    scale = float(np.abs(fit.coef_).max()) / 127
    return RegisterModel(np.round(fit.coef_[0] / scale).astype(np.int8), scale, float(fit.intercept_[0]), "")


def _write(model: RegisterModel, out: Path) -> None:
    np.savez_compressed(out, weights=model.weights, scale=np.float32(model.scale), bias=np.float32(model.bias))


if __name__ == "__main__":
    main()
