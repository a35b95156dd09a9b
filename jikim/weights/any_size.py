"""Leaves the size of the pictures open that a convolutional model is given.

An exporter writes the size into the declared shapes, by which nothing in the graph itself need be bound. Of the size that was
written there the model gives the same to the bit.
"""

from __future__ import annotations

import onnx


def convert(content: bytes) -> bytes:
    """The ONNX model with height and width of its one input (n, channels, height, width) free, and the second axis of its one
    output, which counts the cells. Raises ValueError where it has another shape."""
    model = onnx.load_from_string(content)
    (pictures,), (cells,) = model.graph.input, model.graph.output
    height, width = pictures.type.tensor_type.shape.dim[2:]
    height.dim_param, width.dim_param = "height", "width"
    cells.type.tensor_type.shape.dim[1].dim_param = "cells"
    return bytes(model.SerializeToString(deterministic=True))
