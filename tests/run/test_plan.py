"""Plan -> cells through an engine. The engines here train nothing: they write what a cell would."""

from __future__ import annotations

import os
import shutil
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gan_bench import (
    DataError,
    Dataset,
    Engine,
    Features,
    Images,
    Metric,
    NotHere,
    Preset,
    StorageError,
    UsageError,
)
from gan_bench import catalogue as catalogues
from gan_bench.catalogue import Catalogue, Plugin
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import protocol_of
from gan_bench.results.locks import alone_in
from gan_bench.results.reading import read_model
from gan_bench.results.records import Record, read_record, write_record
from gan_bench.run.folders import check_writable, done, failed, folders_of, lay_out
from gan_bench.run.plan import Planned, make_plan, pick_device, pick_precision
from gan_bench.run.request import Request
from gan_bench.run.scheduler import run_cells

TEST = Plugin("test", "test", "1", dict)
NO_MODES = ["precision", "recall", "density", "coverage", "diversity", "ndb", "nn-ratio"]


@pytest.fixture
def known() -> Catalogue:
    """What is installed; to be altered at will."""
    return catalogues.load()


def offer(known: Catalogue, *offers: Any) -> None:
    for each in offers:
        known.offers[type(each)][each.name] = (each, TEST)


def blank(name: str, **more: Any) -> Dataset:
    """A named data set of empty images, at any size."""

    def load(root: Path | None, size: int, download: bool) -> Images:
        pixels = np.zeros((80, 1, size, size), np.uint8)
        return Images(train=pixels, held_out=pixels)

    return Dataset(name=name, source="a test", version="1", load=load, **more)


@pytest.fixture
def plan(shapes: Path, known: Catalogue) -> Callable[..., Planned]:
    """A plan on a folder of shapes, for a CPU, by Request's words."""

    def make(**asked: Any) -> Planned:
        given: dict[str, Any] = {
            "data": str(shapes),
            "size": 16,
            "batch": 8,
            "samples": 20,
            "device": "cpu",
            "architectures": ("dense",),
        }
        return make_plan(Request(**given | asked), known)

    return make


def names(planned: Planned) -> list[str]:
    return [f"{c.architecture}/{c.loss}/{c.seed}" for c in planned.plan.cells]


# Planning


def test_cells_are_architectures_x_losses_x_seeds(plan: Callable[..., Planned]) -> None:
    planned = plan(architectures=("dense", "dcgan"), losses=("minimax", "label-smoothing"), seeds=2)
    assert names(planned) == [
        f"{arch}/{loss}/{seed}"
        for arch in ("dense", "dcgan")
        for loss in ("minimax", "label-smoothing")
        for seed in (0, 1)
    ]


def test_a_name_given_twice_is_one_cell(plan: Callable[..., Planned]) -> None:
    planned = plan(architectures=("dense", "dense"), losses=("minimax", "minimax"))
    assert names(planned) == ["dense/minimax/0"]


def test_what_is_not_said_comes_from_the_preset(
    plan: Callable[..., Planned], known: Catalogue
) -> None:
    preset = replace(known.find(Preset, "quick"), dataset="mine", size=16)
    offer(known, preset, blank("mine"))
    planned = plan(architectures=(), batch=None, samples=None, data=None, size=None)
    protocol = planned.plan.protocol
    asked = preset.schedule.model_dump() | {"precision": protocol.schedule.precision}
    assert protocol.schedule.model_dump() == asked
    assert protocol.evaluation.samples == 80  # all there are
    told = [note for note in planned.notes if "samples for" in note]
    assert told == ["80 samples for 2,048: there are no more training images"]
    assert [gauge.name for gauge in protocol.evaluation.gauges] == list(preset.gauges)
    assert protocol.data.name == "mine"
    assert protocol.data.shape == (1, 16, 16)
    assert {c.architecture for c in planned.plan.cells} < set(preset.architectures)
    assert {c.loss for c in planned.plan.cells} == set(preset.losses)
    assert all(c.environment.named for c in planned.plan.cells)
    assert "preset quick, because the device is cpu" in planned.notes


def test_what_is_said_overrides_the_preset(plan: Callable[..., Planned]) -> None:
    planned = plan(kimg=3.5, batch=4, precision="bf16", preset="full", samples=33)
    schedule = planned.plan.protocol.schedule
    assert (schedule.kimg, schedule.batch, schedule.precision) == (3.5, 4, "bf16")
    assert planned.plan.protocol.evaluation.samples == 33
    assert "preset full, as asked" in planned.notes


@pytest.mark.parametrize(
    ("device", "instructions", "expected"),
    [
        ("cpu", {"_is_avx512_bf16_supported"}, "bf16"),
        ("cpu", {"_is_amx_tile_supported"}, "bf16"),
        ("cpu", set(), "fp32"),
        ("cuda", {"is_bf16_supported"}, "bf16"),
        ("cuda", set(), "fp32"),
        ("mps", {"is_bf16_supported", "_is_amx_tile_supported"}, "fp32"),
    ],
)
def test_the_precision_is_the_devices_unless_it_is_said_and_the_reason_is_told(
    device: str, instructions: set[str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {torch.cpu: ("_is_avx512_bf16_supported", "_is_amx_tile_supported")}
    for where, names_ in (asked | {torch.cuda: ("is_bf16_supported",)}).items():
        for name in names_:
            answer = name in instructions
            monkeypatch.setattr(where, name, lambda *_, a=answer, **__: a)
    precision, why = pick_precision("auto", device)
    assert precision == expected
    assert why.startswith(f"precision {expected}")
    assert device in why
    for said in ("fp32", "bf16"):
        assert pick_precision(said, device) == (said, f"precision {said}, as asked")


def test_all_cells_of_a_plan_have_one_precision_and_another_is_another_protocol(
    plan: Callable[..., Planned],
) -> None:
    slugs = {plan(precision=each).plan.protocol.slug for each in ("fp32", "bf16")}
    assert len(slugs) == 2
    assert plan(precision="auto").plan.protocol.slug in slugs


def test_all_that_a_cell_needs_is_in_its_plan(
    plan: Callable[..., Planned], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cell runs elsewhere and later: its paths are absolute."""
    monkeypatch.chdir(tmp_path)
    (place,) = (
        cell.environment for cell in plan(data="shapes", plugins=(Path("mine.py"),)).plan.cells
    )
    assert place.root == str(tmp_path / "shapes")
    assert place.plugins == (str(tmp_path / "mine.py"),)
    assert place.device == "cpu"
    assert not place.named


def test_an_architecture_of_the_preset_that_does_not_suit_is_left_out_and_said(
    plan: Callable[..., Planned],
) -> None:
    planned = plan(architectures=(), size=20)
    assert names(planned) == ["dense/non-saturating/0"]
    assert any(note.startswith("dcgan left out: dcgan makes square") for note in planned.notes)


def test_an_architecture_asked_for_that_does_not_suit_is_refused(
    plan: Callable[..., Planned],
) -> None:
    with pytest.raises(UsageError, match="--arch dcgan does not suit shapes: dcgan makes square"):
        plan(architectures=("dense", "dcgan"), size=20)


def test_a_data_set_without_enough_images_for_a_batch_is_refused(
    plan: Callable[..., Planned],
) -> None:
    with pytest.raises(DataError, match="36 training images, fewer than one batch of 37: add imag"):
        plan(batch=37)


def test_what_a_data_set_prefers_comes_before_the_preset(
    plan: Callable[..., Planned], known: Catalogue
) -> None:
    offer(known, blank("mine", size=20, features="mnist-judge"))
    protocol = plan(data="mine", size=None).plan.protocol
    assert protocol.data.shape == (1, 20, 20)
    assert protocol.evaluation.features == "mnist-judge"
    assert [m.name for m in protocol.evaluation.metrics] == [
        "fd-mnist-judge",
        "kd-mnist-judge",
        *NO_MODES,
    ]


# Metrics and features


def test_without_known_modes_their_metrics_are_left_out(plan: Callable[..., Planned]) -> None:
    metrics = plan().plan.protocol.evaluation.metrics
    assert [m.name for m in metrics] == [
        "fd-efficientnet-lite0",
        "kd-efficientnet-lite0",
        *NO_MODES,
    ]


def test_a_metric_asked_for_that_does_not_suit_is_refused(plan: Callable[..., Planned]) -> None:
    with pytest.raises(UsageError, match="--metric modes: the modes of shapes are not known"):
        plan(metrics=("modes",))


def test_on_inception_and_only_there_the_distance_is_fid(
    plan: Callable[..., Planned], known: Catalogue
) -> None:
    inception = known.find(Features, "inception")
    offer(known, replace(inception, digest=lambda _: "67" * 32))
    metrics = plan(features=("inception",)).plan.protocol.evaluation.metrics
    assert [m.name for m in metrics] == ["fid", "kid", *NO_MODES]
    metrics = plan(features=("mnist-judge",)).plan.protocol.evaluation.metrics
    assert [m.name for m in metrics] == ["fd-mnist-judge", "kd-mnist-judge", *NO_MODES]


def test_the_first_features_of_a_preset_that_work_are_taken(
    plan: Callable[..., Planned], known: Catalogue
) -> None:
    def offline(_: Path | None) -> str:
        raise NotHere("the weights cannot be downloaded")

    quick = known.find(Preset, "quick")
    eye = Features(name="eye", source="a test", digest=offline, load=lambda *_: abs)
    offer(known, eye, replace(quick, features=("eye", *quick.features)))
    planned = plan()
    assert planned.plan.protocol.evaluation.features == quick.features[0]
    assert "features eye left out: the weights cannot be downloaded" in planned.notes


def test_altered_weights_are_not_passed_over(
    plan: Callable[..., Planned], known: Catalogue
) -> None:
    def altered(_: Path | None) -> str:
        raise DataError("these are other weights")

    quick = known.find(Preset, "quick")
    eye = Features(name="eye", source="a test", digest=altered, load=lambda *_: abs)
    offer(known, eye, replace(quick, features=("eye", *quick.features)))
    with pytest.raises(DataError, match="these are other weights"):
        plan()


def test_features_asked_for_that_do_not_work_are_refused_before_training(
    plan: Callable[..., Planned], known: Catalogue
) -> None:
    def offline(_: Path | None) -> str:
        raise DataError("the weights cannot be downloaded")

    offer(known, Features(name="eye", source="a test", digest=offline, load=lambda *_: abs))
    with pytest.raises(DataError, match="the weights cannot be downloaded"):
        plan(features=("eye",), metrics=("diversity",))


def test_a_preset_none_of_whose_metrics_fit_is_refused_before_training(
    plan: Callable[..., Planned], known: Catalogue
) -> None:
    offer(known, replace(known.find(Preset, "quick"), metrics=("fid",)))
    with pytest.raises(UsageError, match="metric"):
        plan()


def test_weights_that_no_net_reads_are_refused(plan: Callable[..., Planned]) -> None:
    with pytest.raises(
        UsageError, match="--feature-weights: none of efficientnet-lite0, pixels takes"
    ):
        plan(weights=Path("weights.pth"))


def test_a_metric_is_measured_on_the_features_it_reads(
    plan: Callable[..., Planned], known: Catalogue
) -> None:
    offer(
        known,
        Metric(
            name="judged",
            source="a test",
            higher_is_better=True,
            compute=lambda _: 0.0,
            features="mnist-judge",
        ),
    )
    evaluation = plan(metrics=("fd", "judged")).plan.protocol.evaluation
    assert evaluation.digests.keys() == {"efficientnet-lite0", "mnist-judge", "pixels"}
    assert [m.features for m in evaluation.metrics] == ["efficientnet-lite0", "mnist-judge"]


def test_a_second_net_gives_a_second_opinion(plan: Callable[..., Planned]) -> None:
    evaluation = plan(features=("efficientnet-lite0", "mnist-judge")).plan.protocol.evaluation
    assert evaluation.features == "efficientnet-lite0"
    own = ["fd-efficientnet-lite0", "kd-efficientnet-lite0", *NO_MODES]
    assert [m.name for m in evaluation.metrics] == [*own, "fd-mnist-judge", "kd-mnist-judge"]
    asked = plan(features=("efficientnet-lite0", "mnist-judge"), metrics=("kd",)).plan.protocol
    names = [m.name for m in asked.evaluation.metrics]
    assert names == ["kd-efficientnet-lite0", "kd-mnist-judge"]


def test_a_second_net_that_no_metric_reads_is_refused(plan: Callable[..., Planned]) -> None:
    with pytest.raises(UsageError, match="--features mnist-judge: none of the metrics diversity"):
        plan(features=("efficientnet-lite0", "mnist-judge"), metrics=("diversity",))
    with pytest.raises(UsageError, match=r"no features net is called 'mnist-jugde'\. Did you mean"):
        plan(features=("efficientnet-lite0", "mnist-jugde"))


def test_what_a_verdict_leads_to_is_part_of_the_protocol(plan: Callable[..., Planned]) -> None:
    slugs = {plan(on_collapse=what).plan.protocol.slug for what in ("continue", "stop", "rollback")}
    assert len(slugs) == 3
    assert plan().plan.protocol.schedule.on_collapse == "continue"


def test_samples_asked_for_are_taken_even_if_there_are_fewer_images(
    plan: Callable[..., Planned],
) -> None:
    planned = plan(samples=500)
    assert planned.plan.protocol.evaluation.samples == 500
    assert not [note for note in planned.notes if "samples for" in note]


def test_equal_requests_have_equal_protocols(plan: Callable[..., Planned]) -> None:
    one, other = plan(), plan(architectures=("dcgan",), losses=("minimax",), seeds=3)
    assert one.plan.protocol.slug == other.plan.protocol.slug
    assert one.plan.protocol.slug != plan(kimg=99).plan.protocol.slug


# Presets and devices


def test_a_device_that_no_preset_is_meant_for_needs_one_to_be_named(
    plan: Callable[..., Planned], known: Catalogue
) -> None:
    offer(known, replace(known.find(Preset, "quick"), devices=()))
    with pytest.raises(UsageError, match=r"0 presets are meant for cpu: choose one with --preset"):
        plan()
    assert plan(preset="quick")


def test_a_device_that_two_presets_are_meant_for_needs_one_to_be_named(
    plan: Callable[..., Planned], known: Catalogue
) -> None:
    offer(known, replace(known.find(Preset, "full"), devices=("cpu",)))
    with pytest.raises(UsageError, match=r"2 presets are meant for cpu: .* \(full, quick, stand"):
        plan()


@pytest.mark.parametrize(
    ("here", "picked"),
    [(("cuda", "mps"), "cuda"), (("cuda",), "cuda"), (("mps",), "mps"), ((), "cpu")],
)
def test_auto_is_the_fastest_device_there_is(
    here: tuple[str, ...], picked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: "cuda" in here)
    monkeypatch.setattr("torch.mps.is_available", lambda: "mps" in here)
    assert pick_device("auto") == picked
    assert pick_device("cpu") == "cpu"


def test_a_device_that_is_not_here_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.mps.is_available", lambda: False)
    with pytest.raises(UsageError, match="there is no cuda device here, only cpu: leave --device"):
        pick_device("cuda")


# Data


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("mnits", "no such folder or zip, and no data set is called so. Did you mean mnist?"),
        ("./nowhere", "no such folder or zip, and no data set is called so. Installed: "),
        ("~no-such-user-/faces", "no such folder or zip"),
    ],
)
def test_data_that_is_nowhere_is_a_usage_error(
    asked: str, said: str, plan: Callable[..., Planned]
) -> None:
    with pytest.raises(UsageError) as error:
        plan(data=asked)
    assert str(error.value).startswith(f"--data {asked}: {said}")


@pytest.mark.parametrize("asked", ["a\0b", "x" * 5000])
def test_data_that_cannot_be_a_path_is_a_data_error(
    asked: str, plan: Callable[..., Planned]
) -> None:
    with pytest.raises((DataError, UsageError), match="a"):
        plan(data=asked)


def test_a_named_data_set_comes_before_a_folder_of_that_name(
    plan: Callable[..., Planned], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mnist").mkdir()
    with pytest.raises(DataError, match="mnist needs --data-root"):
        plan(data="mnist")


# Laying out


def test_a_plan_is_laid_out_as_files_that_say_all(
    plan: Callable[..., Planned], tmp_path: Path
) -> None:
    planned = plan(architectures=("dense", "dcgan"))
    lay_out(planned, tmp_path / "results")
    root = tmp_path / "results" / planned.plan.protocol.slug
    folders = folders_of(planned, tmp_path / "results")
    assert folders == [root / arch / "non-saturating" / "seed0" for arch in ("dense", "dcgan")]
    for folder, cell in zip(folders, planned.plan.cells, strict=True):
        assert protocol_of(folder) == planned.plan.protocol
        assert read_model(folder / "cell.json", type(cell)) == cell
    assert (root / "data-report.json").exists()


def record(folder: Path, status: str, reason: str | None = None) -> None:
    arch, loss, seed = folder.parts[-3:]
    document = {"architecture": arch, "loss": loss, "seed": int(seed[4:]), "ended": "now"}
    written = Record.model_validate(document | {"status": status, "reason": reason})
    write_record(folder, written)


def ended_three_ways(plan: Callable[..., Planned], results: Path) -> tuple[Planned, list[Path]]:
    planned = plan(seeds=3)
    lay_out(planned, results)
    folders = folders_of(planned, results)
    for folder, status in zip(folders, ("finished", "failed", "diverged"), strict=True):
        record(folder, status)
    return planned, folders


def test_an_outcome_stays_as_it_is_when_the_plan_is_laid_out_again(
    plan: Callable[..., Planned], tmp_path: Path
) -> None:
    planned, folders = ended_three_ways(plan, tmp_path)
    before = [(folder / "cell.json").stat().st_mtime_ns for folder in folders]
    lay_out(planned, tmp_path)
    assert [(folder / "cell.json").stat().st_mtime_ns for folder in folders] == before
    assert [read_record(folder).status for folder in folders] == [
        "finished",
        "failed",
        "diverged",
    ]


def test_to_retry_takes_back_the_failed_and_no_other(
    plan: Callable[..., Planned], tmp_path: Path
) -> None:
    planned, folders = ended_three_ways(plan, tmp_path)
    lay_out(planned, tmp_path, retry_failed=True)
    assert [(folder / "record.json").exists() for folder in folders] == [True, False, True]


def test_results_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot write the results folder .*choose another wit"):
        check_writable(tmp_path / "file" / "results")


def test_to_try_whether_results_can_be_written_leaves_nothing_in_them(tmp_path: Path) -> None:
    check_writable(tmp_path / "results")
    assert list((tmp_path / "results").iterdir()) == []


# Running


class Scripted:
    """An engine that does to each cell what it is told to, and remembers which it was given."""

    def __init__(self, act: Callable[[Path], int]) -> None:
        self.act = act
        self.given: list[Path] = []
        self.slots: list[int] = []

    def start(self, cells: Sequence[Path], slots: int) -> Iterator[tuple[Path, int]]:
        self.given = list(cells)
        self.slots.append(slots)
        for cell in cells:
            yield cell, self.act(cell)

    @property
    def offer(self) -> Engine:
        return Engine(name="scripted", source="a test", start=self.start)


@pytest.fixture
def folders(plan: Callable[..., Planned], tmp_path: Path) -> list[Path]:
    planned = plan(seeds=2)
    lay_out(planned, tmp_path / "results")
    return folders_of(planned, tmp_path / "results")


def test_every_cell_is_yielded_as_it_ends(folders: list[Path]) -> None:
    def act(folder: Path) -> int:
        record(folder, "finished")
        return 0

    assert list(run_cells(Scripted(act).offer, folders)) == folders


def test_a_cell_that_is_done_is_not_started_again(folders: list[Path]) -> None:
    record(folders[0], "finished")

    def act(folder: Path) -> int:
        record(folder, "finished")
        return 0

    engine = Scripted(act)
    assert list(run_cells(engine.offer, folders)) == [folders[1]]
    assert engine.given == [folders[1]]
    assert list(run_cells(engine.offer, folders)) == []


@pytest.mark.parametrize(
    ("code", "how"), [(-11, "signal 11"), (3, "exit code 3"), (0, "exit code 0")]
)
def test_a_cell_that_ends_without_a_record_gets_a_failed_one(
    code: int, how: str, folders: list[Path]
) -> None:
    def act(folder: Path) -> int:
        (folder / "cell.log").write_bytes("first\nÜbel: \xff no memory\n\n".encode("latin-1"))
        return code

    list(run_cells(Scripted(act).offer, folders))
    for seed, folder in enumerate(folders):
        failed = read_record(folder)
        assert (failed.status, failed.seed, failed.architecture) == ("failed", seed, "dense")
        assert failed.reason is not None
        assert failed.reason.startswith(f"the process left no record: it ended with {how}; it said")
        assert failed.reason.endswith("no memory")
        assert not failed.scores


def test_a_cell_that_said_nothing_has_a_reason_too(folders: list[Path]) -> None:
    def act(folder: Path) -> int:
        (folder / "cell.log").touch()
        return -11

    list(run_cells(Scripted(act).offer, folders))
    said = "the process left no record: it ended with signal 11"
    assert read_record(folders[0]).reason == said


def test_an_engine_need_not_leave_a_log(folders: list[Path]) -> None:
    list(run_cells(Scripted(lambda _: -11).offer, folders))
    assert [read_record(folder).status for folder in folders] == ["failed", "failed"]


def test_the_end_of_a_huge_log_is_enough(folders: list[Path]) -> None:
    def act(folder: Path) -> int:
        (folder / "cell.log").write_text("x" * 3_000_000 + "\n" + "y" * 5000 + "\nlast words")
        return 1

    list(run_cells(Scripted(act).offer, folders))
    reason = read_record(folders[0]).reason
    assert reason is not None
    assert reason.endswith("it said last: last words")


@pytest.mark.parametrize("code", [-9, -15, 143])
@pytest.mark.parametrize(("lost", "status"), [(3, "finished"), (4, "failed")])
def test_a_lost_process_is_started_again_three_times_at_most(
    lost: int, status: str, code: int, folders: list[Path]
) -> None:
    starts = Counter[Path]()

    def act(folder: Path) -> int:
        starts[folder] += 1
        append_line(folder / "starts.jsonl", {"at": "now"})
        if folder == folders[0] and starts[folder] <= lost:
            return code
        record(folder, "finished")
        return 0

    said: list[str] = []
    ended = list(run_cells(Scripted(act).offer, folders, say=said.append))
    assert ended == [folders[1], folders[0]]  # the others come first
    assert read_record(folders[0]).status == status
    assert said == ["dense / non-saturating / seed0: its process was ended by something else; it "
                    "will go on"] * 3  # fmt: skip
    if status == "failed":
        assert read_record(folders[0]).starts == 4


@pytest.mark.parametrize(("jobs", "slots"), [(1, 1), (2, 2), (3, 2)])
def test_slots_are_those_of_the_whole_plan_whatever_is_done_or_lost(
    jobs: int, slots: int, folders: list[Path]
) -> None:
    """An engine divides threads by them, and a cell that goes on must have as many as before."""
    codes = iter([-9, 0])

    def act(folder: Path) -> int:
        code = next(codes)
        if code == 0:
            record(folder, "finished")
        return code

    record(folders[0], "finished")
    engine = Scripted(act)
    assert list(run_cells(engine.offer, folders, jobs)) == [folders[1]]
    assert engine.slots == [slots, slots]


@pytest.mark.parametrize(("code", "kind"), [(5, StorageError), (2, UsageError)])
def test_what_no_cell_can_do_anything_about_stops_the_run(
    code: int, kind: type[Exception], folders: list[Path]
) -> None:
    def act(folder: Path) -> int:
        (folder / "cell.log").write_text("some words\nerror: the disk says no\nmore\n")
        return code

    engine = Scripted(act)
    with pytest.raises(kind, match="the disk says no"):
        list(run_cells(engine.offer, folders))
    assert not any(map(done, folders))  # to be gone on with


def test_a_cell_whose_folder_is_gone_says_so(folders: list[Path]) -> None:
    def act(folder: Path) -> int:
        shutil.rmtree(folder)
        return 5

    with pytest.raises(StorageError, match=f"{folders[0]} is gone: put it back"):
        list(run_cells(Scripted(act).offer, folders))


def test_an_engine_that_is_left_early_is_closed(folders: list[Path]) -> None:
    ended: list[bool] = []

    def start(cells: Sequence[Path], slots: int) -> Iterator[tuple[Path, int]]:
        try:
            for cell in cells:
                record(cell, "finished")
                yield cell, 0
        finally:
            ended.append(True)

    running = run_cells(Engine(name="e", source="a test", start=start), folders)
    next(running)
    running.close()  # type: ignore[attr-defined]
    assert ended == [True]


# What is there already


def test_a_record_that_cannot_be_read_is_neither_written_over_nor_an_outcome(
    plan: Callable[..., Planned], tmp_path: Path, folders: list[Path]
) -> None:
    path = folders[0] / "record.json"
    path.write_text('{"schema_number": 99}')
    lay_out(plan(seeds=2), tmp_path / "results")
    engine = Scripted(lambda folder: record(folder, "finished") or 0)
    list(run_cells(engine.offer, folders))
    assert engine.given == [folders[1]]
    assert path.read_text() == '{"schema_number": 99}'
    assert [failed(folder) for folder in folders] == [True, False]


def test_a_protocol_edited_by_hand_is_refused_with_what_differs(
    plan: Callable[..., Planned], tmp_path: Path, folders: list[Path]
) -> None:
    path = folders[0].parents[2] / "protocol.json"
    path.write_text(path.read_text().replace('"batch": 8', '"batch": 9'))
    with pytest.raises(UsageError, match=r"\(schedule.batch: 9 then, 8 now\): it was edited by h"):
        lay_out(plan(seeds=2), tmp_path / "results")


def test_a_damaged_protocol_is_written_again(
    plan: Callable[..., Planned], tmp_path: Path, folders: list[Path]
) -> None:
    path = folders[0].parents[2] / "protocol.json"
    before = path.read_bytes()
    path.write_bytes(before[:100])
    lay_out(plan(seeds=2), tmp_path / "results")
    assert path.read_bytes() == before


@pytest.mark.parametrize(("begun", "refused"), [(True, True), (False, False)])
def test_a_changed_data_set_is_refused_only_where_a_cell_was_begun(
    begun: bool, refused: bool, plan: Callable[..., Planned], tmp_path: Path, folders: list[Path]
) -> None:
    if begun:
        (folders[1] / "checkpoint").mkdir()
        (folders[1] / "checkpoint" / "000000001.pt").touch()
    next((tmp_path / "shapes").iterdir()).unlink()
    changed = plan(seeds=2)
    if refused:
        with pytest.raises(DataError, match=rf"shapes has changed since {folders[1]} was begun"):
            lay_out(changed, tmp_path / "results")
    else:
        lay_out(changed, tmp_path / "results")
    assert len(list((tmp_path / "results").iterdir())) == (1 if refused else 2)


def test_another_schedule_is_another_protocol_not_a_changed_data_set(
    plan: Callable[..., Planned], tmp_path: Path, folders: list[Path]
) -> None:
    (folders[1] / "checkpoint").mkdir()
    (folders[1] / "checkpoint" / "000000001.pt").touch()
    lay_out(plan(seeds=2, kimg=3.5), tmp_path / "results")
    assert len(list((tmp_path / "results").iterdir())) == 2


# Two runs at once


def test_two_runs_are_never_in_one_folder(tmp_path: Path) -> None:
    def second() -> None:
        with alone_in(tmp_path / "protocol"):
            pytest.fail("both are in")

    holder = rf"is being used by another run \(process {os.getpid()} on {socket.gethostname()}\)"
    with alone_in(tmp_path / "protocol"), pytest.raises(StorageError, match=holder):
        second()
    with alone_in(tmp_path / "protocol"):
        pass
