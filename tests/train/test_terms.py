"""What a loss may see and add: lazy penalties, D's features, labels, the kimg shown so far."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from networks import (
    IMAGES,
    LOSS,
    SCHEDULE,
    SHAPE,
    begin,
    make_loss,
    pair,
    points,
    run,
    weights_of,
)
from test_cuda_graph import FakeGraph
from torch import Tensor, nn

from gan_bench import Output, Step
from gan_bench.train.cuda_graph import FIRST
from gan_bench.train.loop import train
from gan_bench.train.pair import BadPair, build_pair
from gan_bench.train.samples import GRID, Latents, generate, latents, per_class
from gan_bench.train.state import full_state, resume

pytestmark = pytest.mark.usefixtures("one_thread")

LABELS = np.arange(len(IMAGES)) % 3
BF16 = SCHEDULE.model_copy(update={"precision": "bf16"})


def steps_of(penalty_every: int, **schedule: Any) -> list[Step]:
    """The Step of each penalty of one training."""
    seen: list[Step] = []

    def penalty(step: Step) -> Tensor:
        seen.append(replace(step, kimg=step.kimg.clone(), progress=step.progress.clone()))
        return torch.zeros(())

    plan = SCHEDULE.model_copy(update=schedule)
    training = begin(plan, 0)
    list(train(training, make_loss(penalty=penalty, penalty_every=penalty_every), IMAGES, plan, 0))
    return seen


def test_a_penalty_sees_the_batch_in_fp32_and_how_far_the_training_is() -> None:
    seen = steps_of(1, precision="bf16")
    assert len(seen) == SCHEDULE.updates
    for k, step in enumerate(seen):
        assert step.x.dtype == step.fake.dtype == step.on_real.logits.dtype == torch.float32
        assert float(step.kimg) == pytest.approx(k * 8 / 1000)
        assert float(step.progress) == pytest.approx(k / SCHEDULE.updates)
        assert step.labels is None


def test_autocast_is_off_in_a_penalty() -> None:
    def penalty(step: Step) -> Tensor:
        mixed = step.x.lerp(step.fake, 0.5).requires_grad_()
        logits = step.judge(mixed).logits
        assert logits.dtype == torch.float32
        (slope,) = torch.autograd.grad(logits.sum(), mixed, create_graph=True)
        return slope.square().sum()

    run(begin(BF16, 0), make_loss(penalty=penalty), BF16)


@pytest.mark.parametrize("every", [1, 4, 16])
def test_a_lazy_penalty_comes_at_every_kth_step_with_k_times_its_weight(every: int) -> None:
    seen = steps_of(every)
    assert [round(float(step.kimg) * 125) for step in seen] == list(range(0, 25, every))
    plain = points(run(begin(SCHEDULE, 0)))
    lazy = make_loss(penalty=lambda _: torch.tensor(2.0), penalty_every=every)
    curve = points(run(begin(SCHEDULE, 0), lazy))
    more = [one.loss_d - other.loss_d for one, other in zip(curve, plain, strict=True)]
    assert more == pytest.approx([2 * every * (k % every == 0) for k in range(25)], abs=1e-4)


def r1(step: Step) -> Tensor:
    x = step.x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(step.judge(x).logits.sum(), x, create_graph=True)
    return slope.square().sum((1, 2, 3)).mean()


@pytest.mark.parametrize("cut", [1, 7, 16])
def test_a_lazy_term_survives_stop_and_resume(cut: int) -> None:
    loss = make_loss(penalty=r1, penalty_every=5)
    whole, first, other = (begin(SCHEDULE, k) for k in (0, 0, 1))
    expected = points(run(whole, loss))
    begun = list(train(first, loss, IMAGES, SCHEDULE, 0, lambda: first.step >= cut))
    resume(other, full_state(first))
    assert points(begun) + points(run(other, loss)) == expected
    assert weights_of(other) == weights_of(whole)


def test_each_kind_of_step_is_recorded_once() -> None:
    loss = make_loss(penalty=r1, penalty_every=4)
    plain = begin(SCHEDULE, 0)
    recorded = begin(SCHEDULE, 0)
    recorded.recorder = graph = FakeGraph()
    assert run(recorded, loss) == run(plain, loss)
    assert (graph.recorded, graph.eager) == (2, 2 * FIRST)


def path_length(step: Step) -> Tensor:
    z = step.z.detach().requires_grad_()
    images = step.make(z)
    noise = torch.ones_like(images) / images[0].numel() ** 0.5
    (slope,) = torch.autograd.grad((images * noise).sum(), z, create_graph=True)
    return slope.square().sum(1).mean()


def test_a_term_of_g_changes_g_and_leaves_d_alone() -> None:
    def first_step(loss: Any) -> tuple[bytes, bytes]:
        training = begin(SCHEDULE, 0)
        list(train(training, loss, IMAGES, SCHEDULE, 0, lambda: training.step > 0))
        read = [p.detach().numpy().tobytes() for p in training.D.parameters()]
        made = [p.detach().numpy().tobytes() for p in training.G.parameters()]
        return b"".join(made), b"".join(read)

    plain, longer = first_step(LOSS), first_step(make_loss(g_penalty=path_length))
    assert plain[0] != longer[0]
    assert plain[1] == longer[1]


class Tower(nn.Module):
    """A D that gives a logit for each of four patches, and the features that they are made of."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.head = nn.Conv2d(3, 4, 4, stride=4), nn.Conv2d(4, 1, 1)

    def forward(self, x: Tensor) -> Output:
        features = self.layer(x).relu()
        return Output(self.head(features).squeeze(1), features)


def feature_matching(step: Step) -> Tensor:
    assert step.on_real is not None
    assert step.on_real.features is not None
    assert step.on_fake.features is not None
    return (step.on_real.features.mean(0) - step.on_fake.features.mean(0)).square().sum()


def test_d_may_give_patches_and_features_and_g_may_match_them() -> None:
    arch = pair(discriminator=lambda _: Tower())
    loss = make_loss(
        g_loss=lambda _, fake: 0 * fake.mean(), g_penalty=feature_matching, reads_real=True
    )
    curve = points(run(begin(BF16, 0, arch), loss, BF16))
    assert curve[-1].loss_g < curve[0].loss_g


def test_annealed_noise_follows_the_progress_and_a_resume() -> None:
    class Noisy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(3 * 8 * 8, 1)
            self.register_buffer("sigma", torch.ones(()))

        def forward(self, x: Tensor) -> Tensor:
            return self.head((x + self.sigma * torch.randn_like(x)).flatten(1)).flatten()

    def anneal(G: nn.Module, D: nn.Module, progress: Tensor) -> None:
        D.sigma.copy_(1 - progress)

    arch = pair(discriminator=lambda _: Noisy(), anneal=anneal)
    whole, cut, other = (begin(SCHEDULE, k, arch) for k in (0, 0, 1))
    run(whole)
    assert float(whole.D.sigma) == pytest.approx(1 - 24 / 25)
    list(train(cut, LOSS, IMAGES, SCHEDULE, 0, lambda: cut.step >= 9))
    resume(other, full_state(cut))
    run(other)
    assert weights_of(other) == weights_of(whole)


# Labels


class Conditional(nn.Module):
    """A G that paints the class and nothing else, or a D that reads it."""

    def __init__(self, classes: int, makes: bool) -> None:
        super().__init__()
        self.shades, self.makes = nn.Embedding(classes, 1), makes
        self.head = nn.Linear(3 * 8 * 8, 1)

    def forward(self, given: Tensor, y: Tensor) -> Tensor:
        shade = self.shades(y)
        if self.makes:
            return shade.tanh()[:, :, None, None].expand(-1, *SHAPE) + 0 * given.mean()
        return (self.head(given.flatten(1)) + shade * given.mean((1, 2, 3))[:, None]).flatten()


CONDITIONAL = pair(
    generator=lambda _, classes: Conditional(classes, True),
    discriminator=lambda _, classes: Conditional(classes, False),
    conditional=True,
)


def test_a_conditional_pair_gets_the_class_of_each_image() -> None:
    shades = np.array([20, 120, 240], np.uint8)[LABELS]
    flat = np.broadcast_to(shades[:, None, None, None], IMAGES.shape)
    schedule = SCHEDULE.model_copy(update={"kimg": 4, "lr_g": 3e-2})
    training = begin(schedule, 0, CONDITIONAL, classes=3)
    list(train(training, LOSS, np.ascontiguousarray(flat), schedule, 0, labels=LABELS))
    given = Latents(np.zeros((3, 5), np.float32), np.arange(3))
    made = generate(training, given, 3).mean((1, 2, 3)).tolist()
    assert made == sorted(made)
    assert made[2] - made[0] > 60


def test_the_classes_of_an_evaluation_are_those_of_the_data_and_the_same_for_all() -> None:
    labels = np.array([0] * 30 + [1] * 10)
    begun = [begin(SCHEDULE, k, CONDITIONAL, classes=2) for k in (0, 1)]
    one, other = (latents(training, 7, 80, labels) for training in begun)
    assert one.labels is not None
    assert np.array_equal(one.labels, other.labels)
    assert np.bincount(one.labels).tolist() == [60, 20]
    plain = begin(SCHEDULE, 0)
    assert latents(plain, 7, 80, labels).labels is None


def test_a_sheet_of_a_conditional_pair_has_a_class_in_each_row() -> None:
    training = begin(SCHEDULE, 0, CONDITIONAL, classes=3)
    rows = per_class(training, np.zeros((80, 5), np.float32), LABELS, 16).reshape(8, 8, -1)
    assert len(rows) * 8 == GRID
    assert all(len(np.unique(row)) == 1 for row in rows)
    assert [int(row[0, 0]) for row in rows[:3]] == [int(row[0, 0]) for row in rows[3:6]]


def test_a_conditional_pair_needs_labels() -> None:
    with pytest.raises(BadPair, match="tiny needs labels, and the images have none: put"):
        build_pair(CONDITIONAL, SHAPE)


def test_labels_are_seen_by_penalties_of_every_pair() -> None:
    seen: list[Tensor | None] = []

    def penalty(step: Step) -> Tensor:
        seen.append(step.labels)
        return torch.zeros(())

    training = begin(SCHEDULE, 0)
    loss = make_loss(penalty=penalty)
    list(train(training, loss, IMAGES, SCHEDULE, 0, lambda: training.step > 1, LABELS))
    assert [tuple(each.shape) for each in seen if each is not None] == [(8,), (8,)]
