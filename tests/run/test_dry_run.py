"""A run that is only said and estimated."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from math import nan
from pathlib import Path
from typing import Any

import pytest
from planning import blank, offer, record

from gan_bench import DataError, Loss, Resources, UsageError
from gan_bench.catalogue import Catalogue
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import STARTS
from gan_bench.results.plans import Sequential, Step
from gan_bench.run.dry_run import DryRun, dry_run
from gan_bench.run.folders import folders_of, lay_out
from gan_bench.run.plan import Planned, make_plan
from gan_bench.run.request import Request
from gan_bench.train.cost import device_name

pytestmark = pytest.mark.usefixtures("one_thread")
Ask = Callable[..., Request]
Dry = Callable[..., DryRun]


@pytest.fixture
def request_for(shapes: Path) -> Ask:
    def make(**asked: Any) -> Request:
        given: dict[str, Any] = {
            "data": str(shapes), "size": 16, "batch": 8, "kimg": 0.8, "samples": 20,
            "device": "cpu", "architectures": ("dense", "dcgan"), "features": ("pixels",),
            "metrics": ("fd",),
        }  # fmt: skip
        return Request(**given | asked)

    return make


@pytest.fixture
def dry(request_for: Ask, known: Catalogue, tmp_path: Path) -> Dry:
    def make(jobs: int = 1, **asked: Any) -> DryRun:
        request = request_for(resources=Resources(jobs=jobs), **asked)
        return dry_run(request, known, tmp_path / "results")

    return make


def texts(said: DryRun, title: str) -> list[str]:
    return [text for name, text in said.lines() if name == title]


def test_what_the_numbers_of_images_rule_out_is_said(dry: Dry) -> None:
    notes = texts(dry(samples=50, metrics=("fd", "recall")), "note")
    assert any(note.startswith("not scored: recall; ") for note in notes)
    assert any("a generator that copies the training images" in note for note in notes)


def finish(planned: Planned, results: Path, host: str, device: str) -> None:
    """Lay the plan out, and end its first cell."""
    lay_out(planned, results)
    folder = folders_of(planned, results)[0]
    append_line(folder / STARTS, {"host": host})
    took = {"train_seconds": 9, "images_per_second": 100, "evaluate_seconds": 30}
    sizes = {"peak_memory_mib": 512, "g_parameters": 1000, "d_parameters": 500}
    record(folder, cost=took | sizes, device=device)


def test_images_are_counted_and_neither_prepared_nor_written_about(
    dry: Dry, home: Path, tmp_path: Path
) -> None:
    said = dry(seeds=2, jobs=3)
    assert not (home / "images").exists()
    assert not (tmp_path / "results").exists()
    assert said.slug is None
    assert texts(said, "protocol") == ["its name is known when the images are prepared"]
    assert "36 training and 4 held-out images; counted, not read" in texts(said, "data")[0]
    schedule = texts(said, "schedule")[0]
    assert schedule.startswith("0.8 kimg = 100 updates of G, batch 8, 1 D per G, adam")
    assert schedule.endswith("10 ticks")
    cells = [f"{arch} / non-saturating / seed{k}" for k in (0, 1) for arch in ("dense", "dcgan")]
    assert texts(said, "cell") == cells
    assert texts(said, "cells") == ["4 cells"]
    assert all("from a few timed steps" in text for text in texts(said, "estimate"))
    assert said.image_bytes == 40 * 3 * 16 * 16
    assert "for the prepared images" in texts(said, "disk")[0]
    assert "for --jobs 3" in texts(said, "memory")[0]


def test_the_document_has_all_numbers_as_json(dry: Dry) -> None:
    said = dry(jobs=2)
    document = json.loads(json.dumps(said.document(), allow_nan=False))
    assert document["protocol"] is document["data"]["fingerprint"] is None
    assert document["schedule"]["batch"] == 8
    assert [each["architecture"] for each in document["cells"]] == ["dense", "dcgan"]
    assert {each["done"] for each in document["cells"]} == {None}
    for each in document["estimates"]:
        assert each["basis"] == "timed steps"
        numbers = [value for value in each.values() if isinstance(value, int | float)]
        assert len(numbers) == 6
        assert min(numbers) > 0
    most = max(each["memory_bytes"] for each in document["estimates"])
    assert most < document["total"]["memory_bytes"] <= 2 * most
    assert document["notes"][0].startswith("preset quick")


def test_the_memory_counts_the_features_of_the_images_that_are_generated(dry: Dry) -> None:
    few, many = (dry(samples=count).waiting[0].memory_bytes for count in (10, 1_000_000))
    assert many - few > 1_000_000 * 3 * 16 * 16 * 4  # pixels as features, in float32


def test_of_prepared_images_the_name_of_the_protocol_is_known_and_what_is_done(
    dry: Dry, request_for: Ask, known: Catalogue, tmp_path: Path
) -> None:
    planned = make_plan(request_for(), known)
    finish(planned, tmp_path / "results", "elsewhere", "a device")
    said = dry()
    assert said.slug == planned.plan.protocol.slug
    assert said.plan == planned.plan
    assert texts(said, "cells") == ["2 cells, 1 done"]
    assert texts(said, "cell")[0] == "dense / non-saturating / seed0, done"
    assert [each.architecture for each in said.waiting] == ["dcgan"]
    assert "prepared images" not in texts(said, "disk")[0]


@pytest.mark.parametrize(
    ("changed", "basis"),
    [
        ({}, "records"),
        ({"kimg": 8.0, "seeds": 3}, "records"),
        ({"samples": 30}, "records"),
        ({"batch": 4}, "timed steps"),
        ({"size": 8}, "timed steps"),
        ({"losses": ("minimax",)}, "timed steps"),
        ({"host": "elsewhere"}, "timed steps"),
        ({"device": "cuda (another)"}, "timed steps"),
    ],
)
def test_records_of_the_same_work_on_this_machine_come_first(
    changed: dict[str, Any],
    basis: str,
    dry: Dry,
    request_for: Ask,
    known: Catalogue,
    tmp_path: Path,
) -> None:
    asked = dict(changed)
    host = asked.pop("host", socket.gethostname())
    device = asked.pop("device", device_name("cpu"))
    planned = make_plan(request_for(architectures=("dense",)), known)
    finish(planned, tmp_path / "results", host, device)
    said = dry(architectures=("dense",), **asked)
    (estimate,) = said.estimates.pairs
    assert estimate.basis == basis
    if basis == "records":
        assert estimate.train_seconds == pytest.approx(1000 * asked.get("kimg", 0.8) / 100)
        assert estimate.memory_bytes == 512 * 2**20
        measured = asked.get("samples", 20)  # at each of ten ticks and at the end
        assert estimate.measure_seconds == pytest.approx(30 * measured / 20)
        assert estimate.checkpoint_bytes == 4 * (3 * 1500 + 1000)
        assert said.train_seconds == len(said.waiting) * estimate.train_seconds


def test_nothing_is_left_to_do_when_all_is_done(
    dry: Dry, request_for: Ask, known: Catalogue, tmp_path: Path
) -> None:
    one = {"architectures": ("dense",)}
    finish(make_plan(request_for(**one), known), tmp_path / "results", "elsewhere", "a device")
    said = dry(**one)
    assert texts(said, "time") == ["nothing is left to do"]
    assert said.measure_seconds == said.memory_bytes == said.kept_bytes == 0


def test_trained_cells_that_get_other_scores_are_to_be_measured(
    dry: Dry, request_for: Ask, known: Catalogue, tmp_path: Path
) -> None:
    one = {"architectures": ("dense",)}
    planned = make_plan(request_for(**one), known)
    finish(planned, tmp_path / "results", socket.gethostname(), device_name("cpu"))
    said = dry(samples=30, **one)
    assert said.slug == planned.plan.protocol.slug
    assert texts(said, "cells") == ["1 cell, 1 done, 1 to be measured anew"]
    assert texts(said, "cell") == ["dense / non-saturating / seed0, done, measured anew"]
    (estimate,) = said.estimates.pairs
    assert said.measure_seconds == estimate.end_seconds == pytest.approx(30 * 30 / (11 * 20))
    assert texts(said, "time") == ["4 s of measuring"]
    assert said.train_seconds == 0
    assert [cell["measured_anew"] for cell in said.document()["cells"]] == [True]
    assert dry(**one).anew == frozenset()


def test_of_cells_at_once_the_time_one_after_another_is_the_most(dry: Dry) -> None:
    one = {"architectures": ("dense",), "seeds": 2}
    assert "with --jobs 2 so long at most" in texts(dry(jobs=2, **one), "time")[0]
    assert "--jobs" not in texts(dry(**one), "time")[0]


def test_a_named_set_is_asked_how_many_it_has(dry: Dry, known: Catalogue) -> None:
    offer(known, blank("mine"))
    said = dry(data="mine", architectures=("dense",))
    assert said.plan.protocol.data.shape == (1, 16, 16)
    assert "80 training and 80 held-out" in texts(said, "data")[0]


def test_what_the_run_would_refuse_is_refused(dry: Dry, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"no images in .*empty"):
        dry(data=str(tmp_path / "empty"))
    for count, has in ((1, "1 image"), (9, "9 images")):
        (tmp_path / "few").mkdir(exist_ok=True)
        for k in range(count):
            (tmp_path / "few" / f"{k}.png").write_bytes(b"counted, not read")
        with pytest.raises(DataError, match=f"few has {has}, and 10 or more are needed"):
            dry(data=str(tmp_path / "few"), batch=2)
    with pytest.raises(DataError, match="fewer than one batch of 37"):
        dry(batch=37)
    with pytest.raises(UsageError, match="does not suit"):
        dry(size=18)
    with pytest.raises(DataError, match="mnist needs --data-root"):
        dry(data="mnist")


def test_a_recipe_stands_beside_its_cells_and_counts_in_the_estimate(
    dry: Dry, known: Catalogue
) -> None:
    plain = known.find(Loss, "minimax")
    wants = {"d_steps": 4, "lr_decay": "linear"}
    parts = {"d_loss": plain.d_loss, "g_loss": plain.g_loss}
    offer(known, Loss(name="critic", source="a test", wants=wants, **parts))
    asked: dict[str, Any] = {"architectures": ("dense",), "losses": ("minimax", "critic")}
    said = dry(recipes="own", **asked)
    assert texts(said, "cell") == [
        "dense / minimax / seed0", "dense / critic / seed0, d_steps 4, lr_decay linear",
    ]  # fmt: skip
    assert [cell["recipe"] for cell in said.document()["cells"]] == [{}, wants]
    assert "each cell by its own recipe" in texts(said, "schedule")[0]


def test_of_seeds_that_a_test_adds_the_first_look_is_shown_and_the_most_is_said(
    dry: Dry,
) -> None:
    said = dry(until_decided=0.05, seeds=3, most_seeds=9)
    assert len(said.plan.cells) == 2 * 3
    (text,) = texts(said, "seeds")
    assert "3 of each row until the next look; then 3 more, up to 9, of each row" in text
    assert "18 cells at most" in text
    assert said.document()["until_decided"]["most"] == 9
    assert texts(dry(seeds=3), "seeds") == []
    assert dry(seeds=3).document()["until_decided"] is None


def test_of_a_test_that_has_looked_the_seeds_until_its_next_look_are_shown(
    request_for: Ask, known: Catalogue, tmp_path: Path
) -> None:
    ahead, behind = ("dcgan", "non-saturating"), ("dense", "non-saturating")

    def decide(_: Path, test: Sequential) -> Step:
        assert test.rows == (ahead, behind)
        return Step(seeds={ahead: 2, behind: 4}, decided=False, text="")

    said = dry_run(request_for(until_decided=0.05, seeds=2), known, tmp_path, decide)
    seeds = [(cell.architecture, cell.seed) for cell in said.plan.cells]
    assert sorted(seeds) == [("dcgan", k) for k in range(2)] + [("dense", k) for k in range(4)]

    def decided(_: Path, test: Sequential) -> Step:
        return Step(seeds={ahead: 2, behind: 2}, decided=True, text="after 2 seeds: told apart")

    said = dry_run(request_for(until_decided=0.05, seeds=2), known, tmp_path, decided)
    assert texts(said, "seeds") == ["after 2 seeds: told apart"]


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"architectures": ("dense",)}, "compares rows, and there is one"),
        ({"seeds": 2, "most_seeds": 3}, "3 is no multiple of --seeds 2"),
    ],
)
def test_a_dry_run_refuses_the_tests_that_the_run_refuses(
    dry: Dry, asked: dict[str, Any], why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        dry(until_decided=0.05, **asked)


def nan_loss(known: Catalogue) -> Loss:
    plain = known.find(Loss, "minimax")
    return Loss(
        name="nan", source="a test", d_loss=lambda real, fake: plain.d_loss(real, fake) * nan,
        g_loss=plain.g_loss,
    )  # fmt: skip


def test_a_pair_whose_first_step_fails_is_said_and_the_others_are_estimated(
    dry: Dry, known: Catalogue
) -> None:
    offer(known, nan_loss(known))
    said = dry(architectures=("dense",), losses=("nan", "minimax"))
    (why,) = [text for text in texts(said, "note") if "cannot be trained" in text]
    assert why.startswith("dense cannot be trained with nan: d_loss of nan is NaN at the first")
    assert [each.loss for each in said.estimates.pairs] == ["minimax"]
    assert len(said.waiting) == 1
    with pytest.raises(UsageError, match="dense cannot be trained with nan"):
        dry(architectures=("dense",), losses=("nan",))


def test_a_loss_that_reads_what_the_pair_does_not_give_is_refused_as_by_the_run(
    dry: Dry, known: Catalogue
) -> None:
    offer(known, blank("labelled", modes=10))
    with pytest.raises(UsageError, match="dense cannot be trained with ac: ac reads D's logits"):
        dry(data="labelled", architectures=("dense",), losses=("ac",))
