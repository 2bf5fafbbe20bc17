"""ONNX files of strangers: each ends in one sentence, and Ctrl-C ends one that would never end."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gan_bench import GanBenchError
from gan_bench.run.generators import draw_pixels, load_onnx

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
make = onnx.helper.make_node
FLOAT, INT = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64


def array(name: str, *values: float, kind: type = np.int64) -> Any:
    return onnx.numpy_helper.from_array(np.array(values, kind), name)


def outside(location: str) -> Any:
    """Weights that lie in another file."""
    weights = onnx.helper.make_tensor("w", FLOAT, [4], b"\0" * 16, raw=True)
    weights.ClearField("raw_data")
    weights.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", "16")):
        entry = weights.external_data.add()
        entry.key, entry.value = key, value
    return weights


def model(nodes: Sequence[Any], arrays: Sequence[Any] = (), read: int = FLOAT) -> bytes:
    """A model that reads z (N, 8) and gives y."""
    value = onnx.helper.make_tensor_value_info
    inputs, outputs = [value("z", read, ["N", 8])], [value("y", FLOAT, None)]
    graph = onnx.helper.make_graph(nodes, "G", inputs, outputs, arrays)
    opset = [onnx.helper.make_opsetid("", 17)]
    content: bytes = onnx.helper.make_model(
        graph, opset_imports=opset, ir_version=9
    ).SerializeToString()
    return content


ADDED = [make("ReduceSum", ["w"], ["sum"], keepdims=0), make("Add", ["z", "sum"], ["y"])]
HOSTILE = {
    "nothing": b"",
    "noise": b"\x08\x09" * 500,
    "an operator of its own": model([make("Evil", ["z"], ["y"], domain="evil")]),
    "weights in a file above": model(ADDED, [outside("../../../etc/passwd")]),
    "weights in a file elsewhere": model(ADDED, [outside("/etc/passwd")]),
    "an array larger than any memory": model(
        [make("ConstantOfShape", ["s"], ["w"]), *ADDED], [array("s", 2**50)]
    ),
    "images larger than any memory": model(
        [make("Tile", ["z", "s"], ["y"])], [array("s", 1, 2**50)]
    ),
    "z of whole numbers": model([make("Cast", ["z"], ["y"], to=FLOAT)], read=INT),
    "images that are not finite": model([make("Log", ["z"], ["y"])]),
}


def drawn(path: Path) -> None:
    for _ in draw_pixels(load_onnx(path, None), 4, 0, None):
        pass


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_model_is_refused_in_one_sentence(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "G.onnx"
    path.write_bytes(HOSTILE[name])
    with pytest.raises(GanBenchError) as refused:
        drawn(path)
    assert 10 < len(str(refused.value)) < 600
    assert capfd.readouterr() == ("", "")  # nor does its runtime say anything by itself
    assert [each.name for each in tmp_path.iterdir()] == ["G.onnx"]


def test_ctrl_c_ends_a_model_that_never_ends(tmp_path: Path) -> None:
    value = onnx.helper.make_tensor_value_info
    flag = onnx.TensorProto.BOOL
    body = onnx.helper.make_graph(
        [make("Identity", ["on"], ["still"]), make("Identity", ["x"], ["same"])],
        "body",
        [value("k", INT, []), value("on", flag, []), value("x", FLOAT, None)],
        [value("still", flag, []), value("same", FLOAT, None)],
    )
    forever = [
        onnx.numpy_helper.from_array(np.array(2**60), "n"),
        onnx.numpy_helper.from_array(np.array(True), "begin"),
    ]
    path = tmp_path / "G.onnx"
    path.write_bytes(model([make("Loop", ["n", "begin", "z"], ["y"], body=body)], forever))
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 1)
        with pytest.raises(KeyboardInterrupt):
            drawn(path)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
