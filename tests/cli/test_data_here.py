"""A student stands in the folder of faces and types `gan-bench run --data .`."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from gan_bench.data.cache import cached
from gan_bench.data.source import files_at
from given import Command, Draw

SMALL = shlex.split(
    "--data . --size 16 --kimg 0.05 --batch 16 --samples 20 --ticks 1 --device cpu "
    "--arch dense --loss minimax --features pixels --metric fd"
)


@pytest.mark.usefixtures("cells_inside", "pairs_tried", "one_thread")
def test_the_results_below_the_images_are_never_read_as_images(
    tmp_path: Path,
    home: Path,
    draw_shapes: Draw,
    gan_bench: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(draw_shapes(tmp_path / "faces", 40))
    said = gan_bench("run", *SMALL)
    assert said.code == 0, said.err
    Path("log.txt").write_text(said.err)
    assert "data faces: 36 training, 4 held out, 16 px" in said.err
    (protocol,) = Path("results").glob("*/protocol.json")
    planned = json.loads(protocol.read_text())["data"]
    assert planned["name"] == "faces"
    assert len(list(Path(".").rglob("*.png"))) > 40, "sheets and curves"
    again = cached(files_at(Path(".")), 16)
    assert again is not None, "the second run would prepare another set"
    assert again.data.model_dump(mode="json") == planned
    assert len(list(home.glob("images/*/data.json"))) == 1
