"""Model files on this machine, verified once and opened once for as long as the process lives."""

from __future__ import annotations

import threading
from hashlib import file_digest
from pathlib import Path
from typing import Any

from jikim.errors import WeightsMissing
from jikim.weights.catalogue import Weights, catalogue


def sha256_of(path: Path) -> str:
    """The sha256 of a file in hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


class LocalSessions:
    """The `Sessions` of `jikim.seams` over a folder of model files.

    A file is read and its sha256 compared the first time it is asked for (0.3 s for all of them, most of it for Whisper);
    nothing about it is believed from an earlier process. Safe to share between threads; in a forked child the sessions opened
    before the fork must not be used.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.RLock()
        self._verified: set[str] = set()
        self._sessions: dict[str, Any] = {}

    def path(self, weights: str) -> Path:
        """The verified file of `weights`. Raises WeightsMissing when it is absent or not what the catalogue says."""
        entry = _entry(weights)
        path = self.folder / entry.file
        with self._lock:
            if weights not in self._verified:
                _verify(path, entry)
                self._verified.add(weights)
        return path

    def sha256(self, weights: str) -> str:
        """The sha256 that the catalogue demands of `weights`, which is that of the file `path` names."""
        return _entry(weights).sha256

    def session(self, weights: str) -> Any:
        """An onnxruntime InferenceSession on one thread. Raises WeightsMissing."""
        with self._lock:
            if weights not in self._sessions:
                self._sessions[weights] = _open(self.path(weights))
            return self._sessions[weights]


def _entry(weights: str) -> Weights:
    try:
        return catalogue()[weights]
    except KeyError:
        raise WeightsMissing("weights.unknown", name=weights, known=", ".join(sorted(catalogue()))) from None


def _verify(path: Path, entry: Weights) -> None:
    try:
        found = sha256_of(path)
    except OSError as error:
        raise WeightsMissing("weights.missing", name=entry.name, where=str(path)) from error
    if found != entry.sha256:
        raise WeightsMissing("weights.damaged", name=entry.name, where=str(path))


def _open(path: Path) -> Any:
    import onnxruntime  # here: it takes 0.1 s, and not every command needs it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
