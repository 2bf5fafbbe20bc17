"""How a request changes the schedule of its preset."""

from __future__ import annotations

from typing import Any

import pytest
from planning import Plan

from gan_bench import UsageError
from gan_bench.contract.protocol import Data
from gan_bench.run.choice import kimg_of
from gan_bench.run.schedule_text import schedule_text


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({"lr": 1e-3}, {"lr_g": 1e-3, "lr_d": 1e-3}),
        ({"lr_g": 1e-3}, {"lr_g": 1e-3}),
        ({"lr_g": 1e-3, "lr_d": 5e-4}, {"lr_g": 1e-3, "lr_d": 5e-4}),
        ({"lr": 1e-3, "lr_d": 1e-3}, {"lr_g": 1e-3, "lr_d": 1e-3}),
        ({"betas": (0.0, 0.9)}, {"betas": (0.0, 0.9)}),
        ({"d_steps": 3}, {"d_steps": 3}),
        ({"ema_kimg": 0}, {"ema_kimg": 0}),
        ({"ticks": 4}, {"ticks": 4}),
        ({"epochs": 5}, {"kimg": 0.18}),
        ({"augment": ("Flip", "flip")}, {"augment": ("flip",)}),
        # what changes the data set comes before what D sees of real images and fakes
        (
            {"augment": ("diffaugment", "flip", "blur")},
            {"augment": ("flip", "blur", "diffaugment")},
        ),
    ],
)
def test_a_request_changes_its_fields_of_the_schedule_and_no_other(
    asked: dict[str, Any], fields: dict[str, Any], plan: Plan
) -> None:
    plain, changed = plan().plan.protocol.schedule, plan(**asked).plan.protocol.schedule
    assert changed == plain.model_copy(update=fields)


def test_augmentations_stand_in_the_line_of_the_schedule(plan: Plan) -> None:
    plain, both = (
        schedule_text(plan(**asked).plan.protocol.schedule)
        for asked in ({}, {"augment": ("flip", "diffaugment")})
    )
    assert "augmented" not in plain
    assert ", augmented by flip and diffaugment; on collapse" in both


def test_an_unknown_augmentation_is_refused_with_the_nearest_name(plan: Plan) -> None:
    with pytest.raises(UsageError, match=r"'flop'\. Did you mean flip\?"):
        plan(augment=("flop",))


def test_epochs_are_turned_into_kimg_and_that_is_said(plan: Plan) -> None:
    assert "--epochs 5 over 36 training images is --kimg 0.18" in plan(epochs=5).notes


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"lr": 1e-3, "lr_g": 2e-3}, "--lr-g 0.002 sets another one: leave one of them out"),
        ({"epochs": 3, "kimg": 2}, "--epochs and --kimg both set the length"),
    ],
)
def test_what_contradicts_itself_is_refused(asked: dict[str, Any], said: str, plan: Plan) -> None:
    with pytest.raises(UsageError, match=said):
        plan(**asked)


def data(images: int) -> Data:
    return Data(name="many", fingerprint="", shape=(3, 8, 8), train=images, held_out=0)


def test_epochs_are_passes_over_the_training_images() -> None:
    assert kimg_of(3, data(16_000)) == 48
    assert kimg_of(0.5, data(1_000)) == 0.5


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            {"d_steps": 20, "kimg": 0.05},
            "0.16 kimg are shown instead of 0.05: an update of G takes 160 images",
        ),
        ({"epochs": 1e-30}, "0.008 kimg are shown instead of 3.6e-32: an update of G takes 8"),
        ({"epochs": 5e-324}, "0.008 kimg are shown instead of 2.22507e-308: an update of G"),
        ({"kimg": 0.011}, "0.008 kimg are shown instead of 0.011: an update of G takes 8 images"),
    ],
)
def test_images_beyond_those_asked_for_are_said(
    asked: dict[str, Any], said: str, plan: Plan
) -> None:
    (note,) = [note for note in plan(**asked).notes if "are shown instead" in note]
    assert note.startswith(said)


@pytest.mark.parametrize("asked", [{}, {"kimg": 0.008}, {"kimg": 48.001}, {"epochs": 2}])
def test_of_whole_updates_and_of_nearly_whole_ones_nothing_is_said(
    asked: dict[str, Any], plan: Plan
) -> None:
    assert not any("are shown instead" in note for note in plan(**asked).notes)


def test_epochs_that_no_schedule_holds_are_refused_with_the_most_there_can_be() -> None:
    with pytest.raises(UsageError, match=r"--epochs 100000 is too long .* the most is 50000"):
        kimg_of(1e5, data(20_000_000))
