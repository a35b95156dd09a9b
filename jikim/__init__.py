"""Jikim finds sexual exploitation material of children and youth so that people can have it removed."""

import os

__version__ = "0.1.0"

# onnxruntime keeps a record of every model it opens under the user's cache folder and sends it to its maker. It
# decides that while it is being loaded, so the refusal has to stand before anything of Jikim can load it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# Matrices here are small, and every core has its own process: more threads only wait for each other, busily. NumPy's
# OpenBLAS counts cores while it is being loaded; who sets it otherwise is heard.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
