"""A student stands in the folder of faces and types `gan-bench run --data .`."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from gan_bench.data.cache import cached
from gan_bench.data.source import files_at
from given import Draw, Place

SMALL = shlex.split(
    "--data . --size 16 --kimg 0.05 --batch 16 --samples 20 --ticks 1 --device cpu "
    "--arch dense --loss minimax --features pixels --metric fd"
)


def test_the_results_below_the_images_are_never_read_as_images(
    tmp_path: Path,
    draw_shapes: Draw,
    outside: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = tmp_path / "home"
    here = Place(draw_shapes(tmp_path / "faces", 40), outside | {"GAN_BENCH_HOME": str(home)})
    done = here.run(*SMALL)
    assert done.returncode == 0, done.stderr
    (here.folder / "log.txt").write_text(done.stderr)
    assert "data faces: 36 training, 4 held out, 16 px" in done.stderr
    planned = json.loads((here.protocol / "protocol.json").read_text())["data"]
    assert planned["name"] == "faces"
    assert len(list(here.folder.rglob("*.png"))) > 40, "sheets and curves"
    monkeypatch.setenv("GAN_BENCH_HOME", str(home))
    monkeypatch.chdir(here.folder)
    again = cached(files_at(Path(".")), 16)
    assert again is not None, "the second run would prepare another set"
    assert again.data.model_dump(mode="json") == planned
    assert len(list(home.glob("images/*/data.json"))) == 1
