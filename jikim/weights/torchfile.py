"""Reads the tensors of a PyTorch file of before version 1.6 without PyTorch.

Such a file is a row of pickles (a number, a version, facts of the machine, the tensors' names and places, the storages' names)
and then each storage as a count and raw numbers. Only tensors are made: whatever else a pickle names is refused.

Format: https://github.com/pytorch/pytorch/blob/v1.5.0/torch/serialization.py (_legacy_load).
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

MAGIC = 0x1950A86A20F9469CFC6C
VERSION = 1001
_KINDS = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}

Array = NDArray[Any]


class UnknownFile(ValueError):
    """The file is no such file, or names something that is no tensor."""


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A view of the storage `key`; `stride` counts numbers, not bytes."""

    key: str
    kind: np.dtype[Any]
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


class _Places(pickle.Unpickler):
    """Reads the names and places of tensors and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _KINDS:
            return _KINDS[name]
        raise UnknownFile(f"{module}.{name} is no tensor")

    def persistent_load(self, pid: Any) -> Any:
        if pid[0] != "storage" or pid[5] is not None:
            raise UnknownFile("a view of a storage")
        return pid[2], pid[1]


def _tensor(storage: tuple[str, np.dtype[Any]], offset: int, size: Any, stride: Any, *_: Any) -> _Tensor:
    return _Tensor(storage[0], storage[1], offset, tuple(size), tuple(stride))


def tensors(content: bytes) -> dict[str, Array]:
    """The tensors of a file by name, each contiguous. Raises UnknownFile."""
    file = BytesIO(content)
    try:
        if (_Places(file).load(), _Places(file).load()) != (MAGIC, VERSION):
            raise UnknownFile("no PyTorch file of before 1.6")
        _Places(file).load()
        placed: Mapping[str, _Tensor] = _Places(file).load()
        kinds = {one.key: one.kind for one in placed.values()}
        storages = {key: _storage(file, kinds[key]) for key in _Places(file).load()}
    except (pickle.UnpicklingError, EOFError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise UnknownFile(f"{type(error).__name__}: {error}") from error
    return {name: _view(one, storages[one.key]) for name, one in placed.items()}


def _storage(file: BytesIO, kind: np.dtype[Any]) -> Array:
    count = int.from_bytes(file.read(8), "little")
    numbers = file.read(count * kind.itemsize)
    if len(numbers) < count * kind.itemsize:
        raise UnknownFile("a storage is cut off")
    return np.frombuffer(numbers, kind)


def _view(tensor: _Tensor, storage: Array) -> Array:
    last = tensor.offset + sum((size - 1) * step for size, step in zip(tensor.size, tensor.stride, strict=True))
    if min(tensor.size, default=1) < 1 or min((tensor.offset, *tensor.stride)) < 0 or last >= storage.size:
        raise UnknownFile("a tensor reaches beyond its storage")
    steps = [step * storage.itemsize for step in tensor.stride]
    return np.ascontiguousarray(as_strided(storage[tensor.offset :], tensor.size, steps))
