"""Augmentation in a training: who sees it, with which random numbers, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nan
from typing import Any

import pytest
import torch
from networks import (
    IMAGES,
    LOSS,
    SCHEDULE,
    SHAPE,
    augmentation,
    begin,
    blot,
    flat,
    make_loss,
    pair,
    points,
    run,
    shade,
    weights_of,
)
from torch import Tensor

from gan_bench import Architecture, Augmentation, Schedule, Step, UsageError
from gan_bench.train.augment import BadAugmentation, check_augmentation
from gan_bench.train.loop import train
from gan_bench.train.state import full_state, resume

pytestmark = pytest.mark.usefixtures("one_thread")

SHADE = augmentation("shade", shade, 1, "real")
BLOT = augmentation("blot", blot, 2, "real and fake")


def named(augment: Sequence[Augmentation], **changes: object) -> Schedule:
    names = tuple(offer.name for offer in augment)
    return SCHEDULE.model_copy(update={"augment": names, **changes})


class Spy:
    """What D is given in a training: real images, fakes of D's step, fakes of G's step."""

    def __init__(
        self,
        *augment: Augmentation,
        arch: Architecture | None = None,
        seed: int = 0,
        **changes: object,
    ) -> None:
        schedule = named(augment, **changes)
        training = begin(schedule, seed, arch, augment)
        seen: list[Tensor] = []
        training.D.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
        self.curve = points(run(training, schedule=schedule, seed=seed))
        self.real, self.fake, self.for_g = seen[::3], seen[1::3], seen[2::3]


def blotted(batch: Tensor) -> Tensor:
    """Which images have a row of zeros."""
    return (batch == 0).all(3).all(1).any(1)


def test_what_changes_real_images_leaves_the_fakes_alone() -> None:
    plain, spy = Spy(arch=flat()), Spy(SHADE, arch=flat())
    assert torch.equal(spy.fake[0], plain.fake[0])
    assert torch.equal(spy.fake[1], spy.for_g[1])
    assert (spy.real[0].abs() < plain.real[0].abs()).float().mean() > 0.99


def test_what_changes_both_is_seen_by_d_in_its_own_step_and_in_that_of_g() -> None:
    spy = Spy(BLOT)
    for batches in (spy.real, spy.fake, spy.for_g):
        assert len(batches) == SCHEDULE.updates
        assert all(blotted(batch).all() for batch in batches)


def test_real_images_fakes_and_the_fakes_for_g_have_numbers_of_their_own() -> None:
    rows = [
        [int((image == 0).all(2).all(0).nonzero()[0]) for batch in batches for image in batch]
        for spy in [Spy(BLOT)]
        for batches in (spy.real, spy.fake, spy.for_g)
    ]
    assert all(set(each) == set(range(SHAPE[1])) for each in rows)
    assert rows[0] != rows[1] != rows[2] != rows[0]


def test_every_pair_sees_the_same_real_images_whatever_else_it_draws() -> None:
    one, other = Spy(SHADE, BLOT), Spy(SHADE, BLOT, arch=flat(9))
    assert all(map(torch.equal, one.real, other.real))
    assert not torch.equal(one.real[0], Spy(SHADE, BLOT, seed=1).real[0])


def test_another_augmentation_more_leaves_the_numbers_of_the_first_as_they_are() -> None:
    alone, both = Spy(SHADE), Spy(SHADE, BLOT)
    unblotted = both.real[0] != 0
    assert torch.equal(both.real[0][unblotted], alone.real[0][unblotted])


def test_they_are_applied_in_order() -> None:
    double = augmentation("double", lambda images, _: 2 * images, 0, "real and fake")
    more = augmentation("more", lambda images, _: images + 1, 0, "real and fake")
    plain = Spy(arch=flat())
    assert torch.equal(Spy(double, more, arch=flat()).real[0], 2 * plain.real[0] + 1)
    assert torch.equal(Spy(more, double, arch=flat()).real[0], 2 * (plain.real[0] + 1))


def test_g_learns_through_the_change() -> None:
    """If D sees the negative of all images, G still makes the images and not their negative."""
    negative = augmentation("negative", lambda images, _: -images, 0, "real and fake")
    schedule = named([negative], kimg=2.4)
    training = begin(schedule, arch=flat(), augment=[negative])
    grey = IMAGES[:20] * 0 + 200
    list(train(training, LOSS, grey, schedule, 0))
    fakes = training.G(torch.randn(40, 5)).detach()
    assert abs(float(fakes.mean()) - (200 / 127.5 - 1)) < 0.25


def test_a_penalty_is_given_what_d_sees() -> None:
    seen: list[Tensor] = []

    def penalty(step: Step) -> Tensor:
        seen.extend((step.x, step.fake))
        return torch.zeros(())

    schedule = named([BLOT])
    run(begin(schedule, augment=[BLOT]), make_loss(penalty=penalty), schedule)
    assert all(blotted(batch).all() for batch in seen)


@pytest.mark.parametrize("d_steps", [1, 3])
@pytest.mark.parametrize("step", [1, 5, 7])
def test_a_resumed_training_ends_in_the_same_bytes(d_steps: int, step: int) -> None:
    schedule, augment = named([SHADE, BLOT], d_steps=d_steps), [SHADE, BLOT]
    whole, cut, other = (begin(schedule, seed, augment=augment) for seed in (0, 0, 1))
    expected = points(run(whole, schedule=schedule))
    first = points(train(cut, LOSS, IMAGES, schedule, 0, lambda: cut.step >= step))
    resume(other, full_state(cut))
    assert first + points(run(other, schedule=schedule)) == expected
    assert weights_of(other) == weights_of(whole)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_augmentations_get_fp32_images_whatever_the_precision(precision: str) -> None:
    kinds: set[torch.dtype] = set()

    def spying(images: Tensor, numbers: Tensor) -> Tensor:
        blurred = images @ torch.eye(SHAPE[2])  # which autocast would compute in bf16
        kinds.update((images.dtype, numbers.dtype, blurred.dtype))
        return blurred

    Spy(augmentation("spying", spying, 1, "real and fake"), precision=precision)
    assert kinds == {torch.float32}


def test_a_training_needs_the_augmentations_of_its_schedule() -> None:
    with pytest.raises(UsageError, match="shade"):
        begin(named([SHADE]))
    with pytest.raises(UsageError):
        begin(augment=[SHADE])


# The check before the first step


@pytest.mark.parametrize("offer", [SHADE, BLOT])
def test_an_augmentation_that_keeps_the_contract_passes(offer: Augmentation) -> None:
    check_augmentation(offer, SHAPE)


def in_place(images: Tensor, _: Tensor) -> Tensor:
    return images.mul_(0.5)


SAME_SHAPE = "give images of the shape that it gets, 4 x 3 x 8 x 8; it gave "
FINITE = "give finite float32 values"
DIFFERENTIABLE = "be differentiable, as it changes fakes"


@pytest.mark.parametrize(
    ("changes", "apply", "said"),
    [
        ("real", lambda x, u: x[:, :, 1:], f"{SAME_SHAPE}4 x 3 x 7 x 8"),
        ("real", lambda x, u: None, f"{SAME_SHAPE}NoneType"),
        ("real", lambda x, u: x * nan, FINITE),
        ("real", lambda x, u: x.double(), FINITE),
        ("real", lambda x, u: x + u[:, :, None, None], "keep real images in [-1, 1]"),
        ("real", in_place, "leave the images that it gets as they are, and give new ones"),
        (
            "real",
            lambda x, u: x * torch.rand(()),
            "draw nothing itself: its random numbers are those that it gets",
        ),
        ("real and fake", lambda x, u: x.round(), DIFFERENTIABLE),
        ("real and fake", lambda x, u: x.detach(), DIFFERENTIABLE),
        ("real and fake", lambda x, u: (x - x.detach()).sqrt(), DIFFERENTIABLE),
    ],
)
def test_an_augmentation_that_breaks_the_contract_is_refused_in_a_sentence(
    changes: Any, apply: Callable[[Tensor, Tensor], Tensor], said: str
) -> None:
    with pytest.raises(BadAugmentation) as error:
        check_augmentation(augmentation("odd", apply, 1, changes), SHAPE)
    assert str(error.value) == f"the augmentation odd must {said}"


def test_one_that_raises_is_named_with_the_shape() -> None:
    offer = augmentation("odd", lambda images, _: images.view(7), 0, "real")
    with pytest.raises(BadAugmentation, match="odd fails on 4 x 3 x 8 x 8: RuntimeError: shape"):
        check_augmentation(offer, SHAPE)


def test_one_that_works_in_place_on_fakes_is_refused() -> None:
    with pytest.raises(BadAugmentation, match=r"odd fails .* in-place"):
        check_augmentation(augmentation("odd", in_place, 1, "real and fake"), SHAPE)


def test_the_check_leaves_the_random_state_of_torch_alone() -> None:
    before = torch.get_rng_state()
    check_augmentation(BLOT, SHAPE)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_training_without_augmentation_is_the_one_that_there_always_was() -> None:
    """Only real images are changed: the first fakes are those of a plain training."""
    nothing = augmentation("nothing", lambda images, _: images, 0, "real and fake")
    plain, spy = Spy(arch=pair()), Spy(nothing, arch=pair())
    assert plain.curve == spy.curve
