"""A request -> a plan."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, NoReturn

import pytest
import torch
from planning import NO_MODES, Plan, blank, names, offer

from gan_bench import DataError, Engine, Features, Loss, Metric, NotHere, Preset, UsageError
from gan_bench.base import precision as precision_of_devices
from gan_bench.catalogue import Catalogue
from gan_bench.run.choose_schedule import pick_precision
from gan_bench.run.plan import pick_device

# Planning


def test_cells_are_seeds_x_architectures_x_losses_so_that_all_rows_grow_together(
    plan: Plan,
) -> None:
    names_ = {"architectures": ("dense", "dcgan"), "losses": ("minimax", "label-smoothing")}
    assert names(plan(**names_, seeds=2)) == [
        f"{arch}/{loss}/{seed}"
        for seed, arch, loss in product((0, 1), names_["architectures"], names_["losses"])
    ]


def test_what_is_not_said_comes_from_the_preset(plan: Plan, known: Catalogue) -> None:
    preset = replace(known.find(Preset, "quick"), dataset="mine", size=16)
    offer(known, preset, blank("mine"))
    planned = plan(architectures=(), batch=None, samples=None, data=None, size=None)
    protocol = planned.plan.protocol
    asked = preset.schedule.model_dump() | {"precision": protocol.schedule.precision}
    assert protocol.schedule.model_dump() == asked
    assert protocol.evaluation.samples == 80  # all there are
    assert "80 samples instead of 2,048: there are no more training images" in planned.notes
    assert [gauge.name for gauge in protocol.evaluation.gauges] == list(preset.gauges)
    assert protocol.data.name == "mine"
    assert protocol.data.shape == (1, 16, 16)
    assert {c.architecture for c in planned.plan.cells} < set(preset.architectures)
    assert {c.loss for c in planned.plan.cells} == set(preset.losses)
    assert all(c.environment.named for c in planned.plan.cells)
    assert "preset quick, because the device is cpu" in planned.notes


def test_what_is_said_overrides_the_preset(plan: Plan) -> None:
    planned = plan(kimg=3.5, batch=4, precision="bf16", preset="full", samples=33)
    schedule = planned.plan.protocol.schedule
    assert (schedule.kimg, schedule.batch, schedule.precision) == (3.5, 4, "bf16")
    assert planned.plan.protocol.evaluation.samples == 33
    assert "preset full, as asked" in planned.notes


@pytest.mark.parametrize(
    ("device", "instructions", "expected"),
    [
        ("cpu", {"_is_avx512_bf16_supported"}, "bf16"),
        ("cpu", {"_is_avx512_bf16_supported", "of_intel"}, "fp32"),
        ("cpu", {"_is_avx512_bf16_supported", "_is_amx_tile_supported", "of_intel"}, "bf16"),
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
    asked: dict[object, tuple[str, ...]] = {
        torch.cpu: ("_is_avx512_bf16_supported", "_is_amx_tile_supported"),
        precision_of_devices: ("of_intel",),
    }
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


def test_all_that_a_cell_needs_is_in_its_plan(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cell runs elsewhere and later: its paths are absolute."""
    monkeypatch.chdir(tmp_path)
    (cell,) = plan(data="shapes", plugins=(Path("mine.py"),)).plan.cells
    place = cell.environment
    assert place.root == str(tmp_path / "shapes")
    assert place.plugins == (str(tmp_path / "mine.py"),)
    assert place.device == "cpu"
    assert not place.named


def test_an_architecture_of_the_preset_that_does_not_suit_is_left_out_and_said(plan: Plan) -> None:
    planned = plan(architectures=(), size=18)
    assert names(planned) == ["dense/non-saturating/0"]
    assert any(
        note.startswith("dcgan left out: dcgan makes no images of 18 px") for note in planned.notes
    )


def test_rectangles_are_made_of_the_users_images_and_refused_of_a_named_data_set(
    plan: Plan, known: Catalogue
) -> None:
    protocol = plan(size=(16, 24)).plan.protocol
    assert protocol.data.shape == (3, 16, 24)
    assert "-24x16px-" in protocol.slug
    offer(known, blank("mine"))
    with pytest.raises(UsageError, match="--size 24x16: the images of mine are square: give one"):
        plan(data="mine", size=(16, 24))


def test_a_data_set_without_enough_images_for_a_batch_is_refused(plan: Plan) -> None:
    with pytest.raises(DataError, match="36 training images, fewer than one batch of 37: add imag"):
        plan(batch=37)


def test_more_cells_than_can_be_listed_are_refused(plan: Plan) -> None:
    losses = ("hinge", "minimax", "non-saturating", "least-squares", "r1", "wasserstein")
    with pytest.raises(UsageError, match="120,000 cells are too many, 100,000 are the most: give"):
        plan(architectures=("dense", "dcgan"), losses=losses, seeds=10_000)


def test_what_a_data_set_prefers_comes_before_the_preset(plan: Plan, known: Catalogue) -> None:
    offer(known, blank("mine", size=20, features="mnist-judge"))
    protocol = plan(data="mine", size=None).plan.protocol
    assert protocol.data.shape == (1, 20, 20)
    assert protocol.evaluation.features == "mnist-judge"
    own = ["fd-mnist-judge", "kd-mnist-judge"]
    assert [m.name for m in protocol.evaluation.metrics] == [*own, *NO_MODES]


# Metrics and features


def test_without_known_modes_their_metrics_are_left_out(plan: Plan) -> None:
    metrics = plan().plan.protocol.evaluation.metrics
    own = ["fd-efficientnet-lite0", "kd-efficientnet-lite0"]
    assert [m.name for m in metrics] == [*own, *NO_MODES]


def test_on_inception_and_only_there_the_distance_is_fid(plan: Plan, known: Catalogue) -> None:
    inception = known.find(Features, "inception")
    offer(known, replace(inception, digest=lambda _: "67" * 32))
    metrics = plan(features=("inception",)).plan.protocol.evaluation.metrics
    assert [m.name for m in metrics] == ["fid", "kid", *NO_MODES]
    metrics = plan(features=("mnist-judge",)).plan.protocol.evaluation.metrics
    assert [m.name for m in metrics] == ["fd-mnist-judge", "kd-mnist-judge", *NO_MODES]


def broken_net(error: Exception) -> Features:
    """A net `eye` whose weights cannot be had."""

    def digest(_: Path | None) -> NoReturn:
        raise error

    return Features(name="eye", source="a test", digest=digest, load=lambda *_: abs)


def test_the_first_features_of_a_preset_that_work_are_taken(plan: Plan, known: Catalogue) -> None:
    quick = known.find(Preset, "quick")
    eye = broken_net(NotHere("the weights cannot be downloaded"))
    offer(known, eye, replace(quick, features=("eye", *quick.features)))
    planned = plan()
    assert planned.plan.protocol.evaluation.features == quick.features[0]
    assert "features eye left out: the weights cannot be downloaded" in planned.notes


@pytest.mark.parametrize("asked", [{}, {"features": ("eye",), "metrics": ("diversity",)}])
def test_altered_weights_are_refused_before_training_also_where_a_preset_names_the_net(
    asked: dict[str, Any], plan: Plan, known: Catalogue
) -> None:
    quick = known.find(Preset, "quick")
    eye = broken_net(DataError("these are other weights"))
    offer(known, eye, replace(quick, features=("eye", *quick.features)))
    with pytest.raises(DataError, match="these are other weights"):
        plan(**asked)


def test_a_preset_none_of_whose_metrics_fit_is_refused_before_training(
    plan: Plan, known: Catalogue
) -> None:
    offer(known, replace(known.find(Preset, "quick"), metrics=("fid",)))
    with pytest.raises(UsageError, match="metric"):
        plan()


def test_a_metric_is_measured_on_the_features_it_reads(plan: Plan, known: Catalogue) -> None:
    given = {"higher_is_better": True, "compute": max, "features": "mnist-judge"}
    offer(known, Metric(name="judged", source="a test", **given))
    evaluation = plan(metrics=("fd", "judged")).plan.protocol.evaluation
    assert evaluation.digests.keys() == {"efficientnet-lite0", "mnist-judge", "pixels"}
    assert [m.features for m in evaluation.metrics] == ["efficientnet-lite0", "mnist-judge"]


def test_a_metric_that_misleads_alone_brings_its_partner(plan: Plan, known: Catalogue) -> None:
    given = {"source": "a test", "higher_is_better": True, "compute": max}
    offer(known, Metric(name="half", partner="whole", alarm=0.5, **given))
    offer(known, Metric(name="whole", **given))
    planned = plan(metrics=("fd", "half"))
    metrics = planned.plan.protocol.evaluation.metrics
    assert [m.name for m in metrics] == ["fd-efficientnet-lite0", "half", "whole"]
    assert (metrics[1].partner, metrics[1].alarm) == ("whole", 0.5)
    note = "metric whole added: half misleads without it"
    assert planned.notes.count(note) == 1
    assert note not in plan(metrics=("whole", "half")).notes
    assert note not in plan(metrics=("whole",)).notes


def test_a_partner_that_does_not_suit_the_data_is_not_added(plan: Plan, known: Catalogue) -> None:
    given = {"source": "a test", "higher_is_better": True, "compute": max}
    offer(known, Metric(name="half", partner="whole", **given))
    offer(known, Metric(name="whole", unsuited=lambda _: "no labels", **given))
    assert [m.name for m in plan(metrics=("half",)).plan.protocol.evaluation.metrics] == ["half"]


def test_a_second_net_gives_a_second_opinion(plan: Plan) -> None:
    evaluation = plan(features=("efficientnet-lite0", "mnist-judge")).plan.protocol.evaluation
    assert evaluation.features == "efficientnet-lite0"
    own = ["fd-efficientnet-lite0", "kd-efficientnet-lite0", *NO_MODES]
    others = ["fd-mnist-judge", "kd-mnist-judge"]
    assert {m.name for m in evaluation.metrics} == {*own, *others}
    assert evaluation.metrics[0].name == own[0]
    asked = plan(features=("efficientnet-lite0", "mnist-judge"), metrics=("kd",)).plan.protocol
    assert [m.name for m in asked.evaluation.metrics] == [own[1], "kd-mnist-judge"]


def test_a_second_net_that_no_metric_reads_is_refused(plan: Plan) -> None:
    with pytest.raises(UsageError, match="--features mnist-judge: none of the metrics diversity"):
        plan(features=("efficientnet-lite0", "mnist-judge"), metrics=("diversity",))
    with pytest.raises(UsageError, match=r"no features net is called 'mnist-jugde'\. Did you mean"):
        plan(features=("efficientnet-lite0", "mnist-jugde"))


def test_samples_asked_for_are_taken_even_if_there_are_fewer_images(plan: Plan) -> None:
    planned = plan(samples=500)
    assert planned.plan.protocol.evaluation.samples == 500
    assert not [note for note in planned.notes if "instead of" in note]


def test_requests_differ_in_their_protocol_if_they_differ_in_what_all_cells_share(
    plan: Plan,
) -> None:
    one, other = plan(), plan(architectures=("dcgan",), losses=("minimax",), seeds=3)
    assert one.plan.protocol.slug == other.plan.protocol.slug
    assert one.plan.protocol.schedule.on_collapse == "continue"
    changes = ({"kimg": 99}, {"on_collapse": "stop"}, {"on_collapse": "rollback"})
    changes += ({"precision": "fp32"}, {"precision": "bf16"})
    slugs = [plan(**asked).plan.protocol.slug for asked in changes]
    assert len(set(slugs)) == 5
    assert one.plan.protocol.slug in slugs[3:]  # the precision of this device


# Presets and devices


def test_a_device_that_no_preset_is_meant_for_needs_one_to_be_named(
    plan: Plan, known: Catalogue
) -> None:
    offer(known, replace(known.find(Preset, "quick"), devices=()))
    with pytest.raises(UsageError, match=r"0 presets are meant for cpu: choose one with --preset"):
        plan()
    assert plan(preset="quick")


def test_of_two_presets_from_elsewhere_for_a_device_one_must_be_named(
    plan: Plan, known: Catalogue
) -> None:
    for name in ("quick", "full"):
        offer(known, replace(known.find(Preset, name), devices=("cpu",)))
    with pytest.raises(UsageError, match=r"2 presets are meant for cpu: .* \(full, quick, stand"):
        plan()
    assert plan(preset="FULL").notes[0] == "preset full, as asked"


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


@pytest.fixture
def login_node(known: Catalogue, monkeypatch: pytest.MonkeyPatch) -> str:
    """A machine without a GPU, and an engine whose cells run elsewhere."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    offer(
        known,
        Engine(
            name="away", source="a test", start=lambda *_: iter(()), takes=frozenset({"partition"})
        ),
    )
    return "away"


def test_a_gpu_that_only_other_machines_have_may_be_asked_for(login_node: str, plan: Plan) -> None:
    planned = plan(device="cuda", engine=login_node, precision="fp32", preset="quick")
    assert {cell.environment.device for cell in planned.plan.cells} == {"cuda"}
    assert any("there is no cuda device here: one step of" in note for note in planned.notes)
    assert planned.resources.gpus_per_cell is None  # the engine gives each cell one


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"engine": "local", "precision": "fp32"}, "there is no cuda device here, only cpu"),
        ({"engine": "away"}, "give --precision bf16 or fp32"),
    ],
)
def test_what_only_that_gpu_could_say_must_be_said(
    login_node: str, plan: Plan, asked: dict[str, Any], why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        plan(device="cuda", preset="quick", **asked)


# Data


@pytest.mark.parametrize("asked", ["~no-such-user-/faces", "a\0b", "x" * 5000])
def test_data_that_cannot_be_a_path_is_answered_in_a_sentence(asked: str, plan: Plan) -> None:
    with pytest.raises((DataError, UsageError), match=r"no such folder|cannot"):
        plan(data=asked)


def test_a_named_data_set_comes_before_a_folder_of_that_name(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mnist").mkdir()
    with pytest.raises(DataError, match="mnist needs --data-root"):
        plan(data="mnist")


def test_a_loss_that_reads_labels_is_refused_for_images_without_any(
    plan: Plan, known: Catalogue
) -> None:
    offer(known, replace(known.find(Loss, "hinge"), name="wanting", reads=("labels",)))
    with pytest.raises(UsageError, match=r"--loss wanting does not suit .*: wanting needs labels"):
        plan(losses=("hinge", "wanting"))
    preset = replace(known.find(Preset, "quick"), losses=("hinge", "wanting"))
    offer(known, preset)
    planned = plan()
    assert {cell.loss for cell in planned.plan.cells} == {"hinge"}
    assert [note for note in planned.notes if note.startswith("wanting left out: wanting needs")]
