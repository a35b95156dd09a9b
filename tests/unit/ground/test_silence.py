"""Nothing that Jikim loads writes or sends anything of its own accord."""

from __future__ import annotations

import os
import subprocess
import sys

RUN_A_MODEL = """
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from jikim.weights import sessions

value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1])
graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "small", [value("x")], [value("y")])
opset = [helper.make_opsetid("", 17)]
Path("small.onnx").write_bytes(helper.make_model(graph, opset_imports=opset, ir_version=9).SerializeToString())
print(sessions._open(Path("small.onnx")).run(None, {"x": np.ones(1, np.float32)})[0])
"""


def test_running_a_model_leaves_no_trace_in_the_users_folders(tmp_path):
    home, temporary, work = (tmp_path / name for name in ("home", "temporary", "work"))
    for folder in (home, temporary, work):
        folder.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ORT_"))}
    environment = {**kept, "HOME": str(home), "TMPDIR": str(temporary)}

    ran = subprocess.run(
        [sys.executable, "-c", RUN_A_MODEL], cwd=work, env=environment, capture_output=True, text=True, check=False
    )

    assert (ran.returncode, ran.stdout) == (0, "[-1.]\n"), ran.stderr
    assert [*home.rglob("*"), *temporary.rglob("*")] == []
    assert [path.name for path in work.iterdir()] == ["small.onnx"]
