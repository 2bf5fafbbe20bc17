"""A cell that was planned with --judge reads modes with that judge, and with no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from planning import Plan

from gan_bench import DataError, Features
from gan_bench.catalogue import Catalogue
from gan_bench.measure.judging.judge_file import Header, read_judge, with_judge, write_judge
from gan_bench.measure.judging.network import Network
from gan_bench.run.folders import folders_of, lay_out
from gan_bench.run.plan import make_plan
from gan_bench.run.request import Request
from gan_bench.run.task import read_task

HEADER = Header(
    data="shapes",
    fingerprint="ab",
    classes=("one", "two", "three"),
    channels=3,
    size=16,
    accuracy=1,
    calibration_error=0,
    rejected=0,
    held_out=50,
    steps=10,
    seed=0,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An untrained judge."""
    path = tmp_path / "shapes.judge"
    state = Network(HEADER.channels, HEADER.size, len(HEADER.classes)).state_dict()
    write_judge(path, HEADER, {name: tensor.numpy() for name, tensor in state.items()})
    return path


def laid_out(file: Path, shapes: Path, known: Catalogue, results: Path) -> Path:
    """The folder of a cell."""
    request = Request(
        data=str(shapes),
        size=16,
        batch=8,
        samples=20,
        device="cpu",
        architectures=("dense",),
        judge=file,
    )
    planned = make_plan(request, with_judge(known, file))
    lay_out(planned, results)
    return folders_of(planned, results)[0]


def test_modes_are_read_with_the_judge_whose_digest_is_in_the_protocol(
    file: Path, shapes: Path, known: Catalogue, tmp_path: Path
) -> None:
    task = read_task(laid_out(file, shapes, known, tmp_path / "results"))
    evaluation = task.protocol.evaluation
    assert evaluation.digests["judge-of-shapes"] == read_judge(file).sha256
    reads = {spec.name: spec.features for spec in evaluation.metrics}
    assert reads["modes"] == reads["mode-kl"] == "judge-of-shapes"
    assert (task.dataset.judge, task.dataset.modes) == ("judge-of-shapes", 3)
    assert task.catalogue.find(Features, "judge-of-shapes").modes is not None
    assert task.evaluator().nets["judge-of-shapes"].real.shape == (20, 64)


def test_a_judge_that_changed_since_the_plan_is_refused(
    file: Path, shapes: Path, known: Catalogue, tmp_path: Path
) -> None:
    folder = laid_out(file, shapes, known, tmp_path / "results")
    judge = read_judge(file)
    write_judge(file, HEADER.model_copy(update={"seed": 1}), judge.tensors)
    with pytest.raises(DataError, match="the weights of judge-of-shapes have changed since"):
        read_task(folder).evaluator()


def test_without_a_judge_the_modes_of_a_folder_are_not_known(plan: Plan) -> None:
    assert "modes" not in {spec.name for spec in plan().plan.protocol.evaluation.metrics}


@pytest.mark.parametrize(("metrics", "said"), [(("fd",), True), (("modes", "fd"), False)])
def test_a_judge_that_no_metric_reads_is_said_to_change_nothing(
    metrics: tuple[str, ...], said: bool, file: Path, shapes: Path, known: Catalogue
) -> None:
    request = Request(
        data=str(shapes), size=16, batch=8, samples=20, device="cpu", architectures=("dense",),
        features=("pixels",), metrics=metrics, judge=file,
    )  # fmt: skip
    notes = make_plan(request, with_judge(known, file)).notes
    assert any("so that --judge changes nothing: name one" in note for note in notes) == said
