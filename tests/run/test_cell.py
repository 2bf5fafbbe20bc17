"""One cell as a command over a directory, with a plugin that is small enough to run in here."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

import tiny_plugin
from gan_bench import Architecture, Loss, StorageError
from gan_bench import catalogue as catalogues
from gan_bench.base import rng
from gan_bench.contract.protocol import (
    Cell,
    Evaluation,
    MetricSpec,
    Protocol,
    RunEnvironment,
    Schedule,
)
from gan_bench.data.cache import prepare
from gan_bench.data.source import files_at
from gan_bench.results.atomic import append_line, make_folder, write_json
from gan_bench.results.layout import CELL, OUTCOME, PROTOCOL, cell_dir, protocol_dir
from gan_bench.results.reading import read_lines
from gan_bench.results.records import read_record
from gan_bench.run.cell import main, run_cell
from gan_bench.run.outcome import read_outcome
from gan_bench.train.loop import train
from gan_bench.train.samples import grid
from gan_bench.train.state import begin

SAMPLES = 70  # more than a grid shows
SCHEDULE = Schedule(kimg=0.16, batch=8, ema_kimg=0.05, ticks=4)  # 20 updates


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def lay(tmp_path: Path, shapes: Path) -> Callable[..., Path]:
    """The folder of one cell, ready to run."""
    plugin = shutil.copy(tiny_plugin.PATH, tmp_path / "plugin.py")

    def lay(architecture: str = "tiny", loss: str = "plain", seed: int = 0, **more: Any) -> Path:
        source = files_at(shapes)
        protocol = Protocol(
            data=prepare(source, 8).data,
            schedule=more.get("schedule", SCHEDULE),
            evaluation=Evaluation(
                samples=SAMPLES,
                tick_samples=64,
                features="eye",
                digests={"eye": "aa"},
                metrics=(
                    MetricSpec(
                        name=more.get("metric", "brightness"),
                        higher_is_better=True,
                        features="eye",
                    ),
                ),
            ),
        )
        place = RunEnvironment(device="cpu", named=False, root=str(shapes), plugins=(str(plugin),))
        cell = Cell(architecture=architecture, loss=loss, seed=seed, environment=place)
        results = tmp_path / more.get("results", "results")
        folder = cell_dir(results, protocol, cell)
        root = protocol_dir(results, protocol)
        make_folder(folder)
        write_json(root / PROTOCOL, protocol.model_dump(mode="json"))
        write_json(folder / CELL, cell.model_dump(mode="json"))
        return folder

    return lay


def everything(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


# A cell that finishes


def test_a_cell_leaves_all_that_the_layout_names(lay: Callable[..., Path]) -> None:
    folder = lay()
    assert run_cell(folder) == 0
    assert list(everything(folder)) == [
        "cell.json",
        "curve.jsonl",
        "generator.safetensors",
        "record.json",
        "samples/000000.040.png",
        "samples/000000.080.png",
        "samples/000000.120.png",
        "samples/000000.160.png",
        "speed.jsonl",
        "starts.jsonl",
        "vitals.jsonl",
    ]


def test_the_record_says_what_was_done_and_what_it_took(lay: Callable[..., Path]) -> None:
    folder = lay(seed=3)
    run_cell(folder)
    record = read_record(folder)
    assert (record.architecture, record.loss, record.seed) == ("tiny", "plain", 3)
    assert (record.status, record.reason) == ("finished", None)
    score = record.scores["brightness"]
    assert (score.n, score.reference, score.reference_n) == (SAMPLES, "train", 36)
    assert (score.features, score.higher_is_better) == ("eye", True)
    assert record.cost is not None
    assert record.cost.g_parameters == 6 * 8 + 8 + 2 * 8 + 8 * 192 + 192
    assert record.cost.d_parameters == 192 + 1
    assert record.cost.train_seconds > 0
    assert record.cost.images_per_second == pytest.approx(160 / record.cost.train_seconds, rel=0.1)
    assert 10 < record.cost.peak_memory_mib < 100_000
    assert record.versions == catalogues.versions()
    assert record.device is not None
    assert record.device.startswith("cpu (")


def test_the_curve_has_a_row_for_each_point_and_its_times_are_elsewhere(
    lay: Callable[..., Path],
) -> None:
    folder = lay()
    run_cell(folder)
    curve = read_lines(folder / "curve.jsonl")
    speed = read_lines(folder / "speed.jsonl")
    columns = ["loss_d", "loss_g", "real_score", "fake_score", "grad_d", "grad_g"]
    assert list(curve[0]) == ["step", "kimg", *columns]
    assert list(speed[0]) == ["kimg", "seconds", "images_per_second"]
    assert [row["step"] for row in curve] == list(range(1, 21))
    assert [row["kimg"] for row in curve] == [row["kimg"] for row in speed]
    assert curve[-1]["kimg"] == 0.16


def test_the_generator_can_be_rebuilt_from_its_file_and_makes_the_same_images(
    lay: Callable[..., Path],
) -> None:
    folder = lay()
    run_cell(folder)
    path = folder / "generator.safetensors"
    with safe_open(path, "pt") as opened:
        said = " ".join(opened.metadata().values())
    assert all(word in said for word in ("tiny", "6", "3x8x8"))
    known = catalogues.load([folder.parents[4] / "plugin.py"])
    G = known.find(Architecture, "tiny").generator((3, 8, 8))
    G.load_state_dict(load_file(path))
    z = torch.from_numpy(rng.normal(0, "z-eval", SAMPLES, 6))
    with torch.no_grad():
        made = ((G.eval()(z) + 1) * 127.5).round().numpy()
    shown = tiles(folder / "samples" / "000000.160.png", 8, 64)
    assert np.abs(made[:64] - shown).max() <= 1
    reference = prepare(files_at(folder.parents[4] / "shapes"), 8).train
    brightness = read_record(folder).scores["brightness"].value
    assert brightness == pytest.approx(made.mean() - reference.mean(), abs=0.01)


def test_a_generator_with_tied_weights_is_kept(lay: Callable[..., Path]) -> None:
    folder = lay("tied")
    run_cell(folder)
    assert read_record(folder).reason is None


# The same, and other


def test_two_runs_of_one_cell_leave_the_same_bytes(lay: Callable[..., Path]) -> None:
    one, other = lay(results="one"), lay(results="other")
    run_cell(one)
    torch.randn(5)
    run_cell(other)
    mine, yours = everything(one), everything(other)
    for name in mine:
        if name not in ("record.json", "speed.jsonl", "starts.jsonl"):
            assert mine[name] == yours[name], name
    assert read_record(one).scores == read_record(other).scores


def test_two_architectures_are_looked_at_with_byte_identical_z(
    lay: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    for name in ("tiny", "wide"):
        monkeypatch.setenv("SPY", str(tmp_path / name))
        run_cell(lay(name))
        seen.append((tmp_path / name).read_bytes())
    one, other = seen
    # less the two images that every pair is tested on and the one that its MACs are counted on
    looked = slice(2 * 6 * 4, -6 * 4)
    assert one[looked] == other[looked]
    z = np.frombuffer(one[looked], np.float32).reshape(-1, 6)
    expected = rng.normal(0, "z-eval", SAMPLES, 6)
    assert np.array_equal(z, np.concatenate([expected[:64]] * 4 + [expected]))


def test_the_grids_of_a_seed_show_one_z_and_those_of_another_seed_another(
    lay: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPY", str(tmp_path / "z"))
    run_cell(lay(seed=1))
    rows = np.frombuffer((tmp_path / "z").read_bytes()[48:], np.float32).reshape(-1, 6)
    assert np.array_equal(rows[:64], rows[64:128])
    assert np.array_equal(rows[:64], rng.normal(1, "z-eval", SAMPLES, 6)[:64])
    assert not np.array_equal(rows[:64], rng.normal(0, "z-eval", SAMPLES, 6)[:64])


def test_the_number_of_ticks_changes_no_byte_of_the_curve(lay: Callable[..., Path]) -> None:
    few, many = lay(), lay(schedule=SCHEDULE.model_copy(update={"ticks": 20}))
    for folder in (few, many):
        run_cell(folder)
    assert few.parents[2] != many.parents[2]
    for name in ("curve.jsonl", "generator.safetensors"):
        assert (few / name).read_bytes() == (many / name).read_bytes()
    assert len(list((many / "samples").iterdir())) == 20


def test_a_cell_with_a_record_is_not_touched(lay: Callable[..., Path]) -> None:
    folder = lay()
    run_cell(folder)
    before = everything(folder)
    (folder / "cell.json").unlink()  # it is not even read
    del before["cell.json"]
    assert run_cell(folder) == 0
    assert everything(folder) == before


def test_a_cell_that_was_cut_off_begins_anew(lay: Callable[..., Path]) -> None:
    whole, cut = lay(results="whole"), lay(results="cut")
    run_cell(whole)
    append_line(cut / "curve.jsonl", {"step": 1})
    (cut / "speed.jsonl").write_text("half a li")
    run_cell(cut)
    assert (cut / "curve.jsonl").read_bytes() == (whole / "curve.jsonl").read_bytes()
    assert len(read_lines(cut / "speed.jsonl")) == 20


# A cell that does not


def test_a_diverged_cell_has_its_reason_and_what_came_before_and_no_score(
    lay: Callable[..., Path],
) -> None:
    folder = lay(loss="diverging")
    assert run_cell(folder) == 0  # an outcome, not a fault
    record = read_record(folder)
    assert record.status == "diverged"
    assert record.reason is not None
    assert record.reason.startswith("loss_d, ")
    assert record.reason.endswith("not finite from step 5, 0.0 kimg")
    assert record.scores == {}
    assert record.cost is not None
    assert [row["step"] for row in read_lines(folder / "curve.jsonl")] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("architecture", "more", "reason"),
    [
        ("broken", {}, "ValueError: no such | thing\nas this"),
        (
            "flat",
            {},
            "the generator of flat must give (2, 3, 8, 8) float32, it gave (2, 4) float32",
        ),
        (
            "tiny",
            {"metric": "breaking"},
            "the metric breaking failed: ValueError: the eigenvalues are wrong",
        ),
        ("unheard-of", {}, "no architecture is called 'unheard-of'. Installed: "),
    ],
)
def test_a_cell_that_fails_leaves_a_record_with_its_reason(
    architecture: str,
    more: dict[str, str],
    reason: str,
    lay: Callable[..., Path],
    capfd: pytest.CaptureFixture[str],
) -> None:
    folder = lay(architecture, **more)
    assert run_cell(folder) == 3
    record = read_record(folder)
    assert record.status == "failed"
    assert record.reason is not None
    assert record.reason.startswith(reason)
    assert (record.scores, record.cost) == ({}, None)
    assert "Traceback (most recent call last)" in capfd.readouterr().err
    assert run_cell(folder) == 3  # and it stays so


def test_a_data_set_that_has_changed_since_the_plan_is_refused(
    lay: Callable[..., Path], shapes: Path
) -> None:
    folder = lay()
    for k in range(10):
        (shapes / f"{k:03d}.png").unlink()
    assert run_cell(folder) == 3
    reason = read_record(folder).reason
    assert reason is not None
    assert reason.startswith("the data set shapes has changed since this protocol was planned")
    assert "(36 then, 27 training images now)" in reason
    assert not (folder / "curve.jsonl").exists()


def test_a_folder_without_a_cell_says_so(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot read .*cell\.json: No such file"):
        run_cell(tmp_path)


# Pictures


def tiles(path: Path, side: int, count: int) -> np.ndarray:
    """The images of a sample grid: (count, 3, side, side)."""
    with Image.open(path) as opened:
        sheet = np.asarray(opened.convert("RGB")).astype(int)
    step = side + 2
    corners = [(2 + step * (k // 8), 2 + step * (k % 8)) for k in range(count)]
    cut = [sheet[top : top + side, left : left + side] for top, left in corners]
    return np.stack(cut).transpose(0, 3, 1, 2)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_grid_is_eight_in_a_row_two_white_pixels_apart(channels: int, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (20, channels, 5, 5), dtype=np.uint8)
    path = tmp_path / "grid.png"
    path.write_bytes(grid(pixels))
    with Image.open(path) as opened:
        assert opened.size == (8 * 7 + 2, 3 * 7 + 2)
        sheet = np.asarray(opened.convert("RGB"))
    assert np.all(sheet[[0, 1, 7, 8]] == 255)
    assert np.all(sheet[:, [0, 1, 7, 8]] == 255)
    assert np.array_equal(tiles(path, 5, 20), np.broadcast_to(pixels, (20, 3, 5, 5)))


def test_a_record_is_plain_json(lay: Callable[..., Path]) -> None:
    folder = lay()
    run_cell(folder)
    document = json.loads((folder / "record.json").read_text())
    assert document["schema_number"] == 1
    assert document["status"] == "finished"


def test_the_pair_that_is_trained_is_the_one_of_its_seed(lay: Callable[..., Path]) -> None:
    folder = lay(seed=2)
    run_cell(folder)
    known = catalogues.load([folder.parents[4] / "plugin.py"])
    arch = known.find(Architecture, "tiny")
    pair = begin(arch, (3, 8, 8), SCHEDULE, 2, "cpu")
    prepared = prepare(files_at(folder.parents[4] / "shapes"), 8)
    list(train(pair, known.find(Loss, "plain"), prepared.train, SCHEDULE, 2))
    kept = load_file(folder / "generator.safetensors")
    assert kept.keys() == pair.ema.state_dict().keys()
    assert all(torch.equal(kept[name], value) for name, value in pair.ema.state_dict().items())


# As a process


@pytest.fixture
def handlers() -> Iterator[None]:
    """The command takes the signals of this process: give them back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def outcome_of(folder: Path, code: int) -> tuple[str, str]:
    outcome = read_outcome(folder, code)
    assert outcome is not None
    return outcome.kind, outcome.message


@pytest.mark.usefixtures("handlers")
def test_a_process_without_a_record_leaves_its_outcome_until_the_next_one(
    lay: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = lay(loss="plain")
    with monkeypatch.context() as full:
        full.setattr("gan_bench.run.cell._measure", no_room)
        assert main([str(folder)]) == 5
    assert outcome_of(folder, 5) == ("storage", "no space left")

    with monkeypatch.context() as sent:
        sent.setattr("gan_bench.run.cell.read_task", lambda _: signal.raise_signal(signal.SIGTERM))
        assert main([str(folder)]) == 143
    assert outcome_of(folder, 143) == ("stopped", "stopped before or after the training")

    assert main([str(folder)]) == 0
    assert not (folder / OUTCOME).exists()


def no_room(*_: object) -> None:
    raise StorageError("no space left")


@pytest.mark.usefixtures("handlers")
def test_a_checkpoint_of_another_training_is_an_outcome(
    lay: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, other = lay(), lay(seed=1)
    for stopped in (folder, other):
        with monkeypatch.context() as full:
            full.setattr("gan_bench.run.cell._measure", no_room)
            assert main([str(stopped)]) == 5
    shutil.rmtree(folder / "checkpoint")
    shutil.copytree(other / "checkpoint", folder / "checkpoint")
    assert main([str(folder)]) == 2
    kind, message = outcome_of(folder, 2)
    assert kind == "usage"
    assert "is of another training (seed: 1 then, 0 now)" in message


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_log_that_cannot_be_written_changes_no_exit_code(tmp_path: Path) -> None:
    with open("/dev/full", "wb") as full:
        words = [sys.executable, "-m", "gan_bench.run.cell", str(tmp_path)]
        done = subprocess.run(
            words, stdout=full, stderr=full, stdin=subprocess.DEVNULL, check=False
        )
    assert done.returncode == 5  # there is no cell.json
    assert outcome_of(tmp_path, 5)[0] == "storage"
