"""The built-in trackers: what each library reads back, and what each calls."""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import pytest
from PIL import Image

from gan_bench import TrackedCell, Tracker

NAMES = ("tensorboard", "wandb", "mlflow")


def tracker_of(name: str) -> Tracker:
    (tracker,) = import_module(f"gan_bench_plugins.{name}").gan_bench_trackers()
    assert isinstance(tracker, Tracker)
    return tracker


@pytest.fixture
def cell(tmp_path: Path) -> TrackedCell:
    settings = {"architecture": "a", "kimg": 1.0, "betas": "(0.5, 0.9)"}
    return TrackedCell(
        folder=tmp_path, id="0" * 32, label="a / b / seed0", protocol="p", settings=settings
    )


def show(name: str, cell: TrackedCell) -> None:
    """Two processes of one cell."""
    sheet = cell.folder / "sheet.png"
    Image.new("RGB", (4, 2), "red").save(sheet)
    for images in (500, 1000):
        log = tracker_of(name).open(cell)
        log.scalars({images: {"curve/loss_d": images / 1000}})
        log.sheet(images, sheet)
        if images == 1000:
            log.table("| metric | score |", {"fd": 2.0})
        log.close()


def test_tensorboard_reads_curves_sheets_and_the_table_back(cell: TrackedCell) -> None:
    pytest.importorskip("tensorboard", reason="pip install 'gan-bench[tensorboard]'")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    show("tensorboard", cell)
    read = EventAccumulator(str(cell.folder)).Reload()
    points = [(each.step, each.value) for each in read.Scalars("curve/loss_d")]
    assert points == [(500, 0.5), (1000, 1.0)]
    assert [(each.step, each.width) for each in read.Images("samples")] == [(500, 4), (1000, 4)]
    assert read.Tags()["tensors"] == ["scores/text_summary"]
    assert [each.value for each in read.Scalars("final/fd")] == [2.0]


def test_wandb_writes_a_run_without_a_network(
    cell: TrackedCell, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb", reason="pip install 'gan-bench[wandb]'")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setattr(sys, "exit", sys.exit)  # which wandb replaces
    show("wandb", cell)
    runs = sorted(cell.folder.glob(f"wandb/offline-run-*-{cell.id}/run-{cell.id}.wandb"))
    rows = [row for run in runs for row in history(run)]
    points = [(row["images"], row["curve/loss_d"]) for row in rows if "curve/loss_d" in row]
    assert points == [(500, 0.5), (1000, 1.0)]
    sheets = {row["images"]: row["samples/path"] for row in rows if "samples/path" in row}
    assert list(sheets) == [500, 1000]
    pictures = [next(cell.folder.glob(f"wandb/*/files/{path}")) for path in sheets.values()]
    sheet = (cell.folder / "sheet.png").read_bytes()
    assert all(picture.read_bytes() == sheet for picture in pictures)
    assert [row["scores/nrows"] for row in rows if "scores/nrows" in row] == [1]


def history(run: Path) -> Iterator[dict[str, Any]]:
    """The rows of a .wandb file: blocks of 32 KiB in the format of LevelDB's log."""
    from wandb.proto.wandb_internal_pb2 import Record

    data, at, parts = run.read_bytes(), 7, b""
    while at + 7 <= len(data):
        if (left := 32768 - at % 32768) < 7:  # no room for a header: the next block
            at += left
            continue
        _, size, kind = struct.unpack_from("<IHB", data, at)
        parts += data[at + 7 : at + 7 + size]
        at += 7 + size
        if kind in (1, 4):  # a whole record, or the last part of one
            items = Record.FromString(parts).history.item
            parts = b""
            if items:
                yield {
                    item.key or "/".join(item.nested_key): json.loads(item.value_json)
                    for item in items
                }


def test_mlflow_goes_on_in_the_run_of_the_cell(
    cell: TrackedCell, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow", reason="pip install 'gan-bench[mlflow]'")
    from mlflow import MlflowClient

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{cell.folder}/mlflow.db")
    monkeypatch.chdir(cell.folder)
    show("mlflow", cell)
    client = MlflowClient()
    (run,) = client.search_runs([client.get_experiment_by_name("p").experiment_id])
    history = client.get_metric_history(run.info.run_id, "curve/loss_d")
    assert [(each.step, each.value) for each in history] == [(500, 0.5), (1000, 1.0)]
    assert run.data.metrics["final/fd"] == 2.0
    assert run.data.params["betas"] == "(0.5, 0.9)"
    assert run.info.status == "FINISHED"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> dict[str, MagicMock]:
    """Modules that keep their calls, in place of the libraries."""
    wandb, mlflow, exceptions = MagicMock(), MagicMock(), ModuleType("mlflow.exceptions")
    entities = ModuleType("mlflow.entities")
    vars(exceptions)["MlflowException"] = OSError
    vars(entities)["Metric"] = lambda *values: values
    for name, module in (
        ("wandb", wandb),
        ("mlflow", mlflow),
        ("mlflow.exceptions", exceptions),
        ("mlflow.entities", entities),
    ):
        monkeypatch.setitem(sys.modules, name, module)
    return {"wandb": wandb, "mlflow": mlflow}


def test_wandb_is_given_one_id_and_an_axis_of_our_own(
    cell: TrackedCell, fake: dict[str, MagicMock]
) -> None:
    show("wandb", cell)
    init: Any = fake["wandb"].init
    assert [(call.kwargs["id"], call.kwargs["resume"]) for call in init.call_args_list] == [
        (cell.id, "allow")
    ] * 2
    run = init.return_value
    assert run.log.call_args_list[0].args == ({"images": 500, "curve/loss_d": 0.5},)
    run.summary.update.assert_called_once_with({"final/fd": 2.0})
    assert run.finish.call_count == 2


def test_mlflow_finds_the_run_again_and_cleans_names(
    cell: TrackedCell, fake: dict[str, MagicMock]
) -> None:
    client: Any = fake["mlflow"].MlflowClient.return_value
    client.search_runs.return_value = []
    tracker_of("mlflow").open(cell)
    client.search_runs.return_value = [MagicMock()]
    tracker_of("mlflow").open(cell).scalars({500: {"tick/fd@x": 1.0}})
    client.create_run.assert_called_once()
    (point,) = client.log_batch.call_args.args[1]
    assert point[:2] + point[3:] == ("tick/fd_x", 1.0, 500)


def test_mlflow_gets_no_more_than_1000_numbers_in_a_request(
    cell: TrackedCell, fake: dict[str, MagicMock]
) -> None:
    log = tracker_of("mlflow").open(cell)
    log.scalars({images: {"a": 0.5, "b": 0.25} for images in range(1200)})
    requests = fake["mlflow"].MlflowClient.return_value.log_batch.call_args_list
    assert [len(each.args[1]) for each in requests] == [1000, 1000, 400]
    steps = [point[3] for each in requests for point in each.args[1]]
    assert steps == [images for images in range(1200) for _ in "ab"]


@pytest.mark.parametrize("name", NAMES)
def test_what_to_install_is_said(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"gan_bench_plugins.{name}.find_spec", lambda _: None)
    assert tracker_of(name).missing() == f"pip install 'gan-bench[{name}]'"
