"""The training loop: which images and z come, the rows of the curve, the ticks, divergence."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest
import torch
from networks import IMAGES, SCHEDULE, Module, begin, flat, make_loss, pair, points, run, weights_of
from torch import Tensor, nn

from gan_bench import Architecture, Loss, Schedule
from gan_bench.base import rng
from gan_bench.base.numbers import CURVE_COLUMNS
from gan_bench.train.loop import Diverged, Point, Tick, train
from gan_bench.train.samples import Latents, generate
from tiny_plugin import d_loss, g_loss

pytestmark = pytest.mark.usefixtures("one_thread")

PIXELS = {tuple(image.ravel()): k for k, image in enumerate(IMAGES)}


def changed(**changes: object) -> Schedule:
    return SCHEDULE.model_copy(update=changes)


# The images and z that come


class Spy:
    """Everything that G and D are given while they train."""

    def __init__(self, arch: Architecture, schedule: Schedule = SCHEDULE, seed: int = 0) -> None:
        self.z: list[Tensor] = []
        self.images: list[Tensor] = []
        training = begin(schedule, seed, arch)
        training.G.register_forward_pre_hook(lambda _, given: self.z.append(given[0].clone()))
        training.D.register_forward_pre_hook(lambda _, given: self.images.append(given[0].clone()))
        run(training, schedule=schedule, seed=seed)

    def real(self) -> list[int]:
        """Which images of the data set D was shown, in order."""
        shown = [
            tuple(image.ravel())
            for batch in self.images
            for image in ((batch + 1) * 127.5).round().to(torch.uint8).numpy()
        ]
        return [PIXELS[image] for image in shown if image in PIXELS]


def content(tensor: Tensor) -> bytes:
    return tensor.contiguous().numpy().tobytes()


@pytest.mark.parametrize("d_steps", [1, 3])
def test_two_architectures_see_byte_identical_data(d_steps: int) -> None:
    schedule = changed(d_steps=d_steps)
    one, other = Spy(pair(5), schedule), Spy(flat(9), schedule)
    # D sees real, fake, ... and at the end of a step the fakes once more
    calls = 2 * d_steps + 1
    real = [k for k in range(len(one.images)) if k % calls in range(0, 2 * d_steps, 2)]
    assert len(real) == schedule.updates * d_steps
    assert all(content(one.images[k]) == content(other.images[k]) for k in real)


def test_two_architectures_are_given_the_same_z_as_far_as_both_can_take_it() -> None:
    one, other = Spy(pair(5)), Spy(flat(9))
    assert len(one.z) == len(other.z) == SCHEDULE.updates
    for narrow, wide in zip(one.z, other.z, strict=True):
        assert content(narrow) == content(wide[:, :5])


def test_another_seed_has_other_data_and_other_z() -> None:
    one, other = Spy(flat()), Spy(flat(), seed=1)
    assert one.real() != other.real()
    assert not torch.equal(one.z[0], other.z[0])


@pytest.mark.parametrize("d_steps", [1, 5])
def test_d_is_shown_every_image_once_before_any_a_second_time(d_steps: int) -> None:
    spy = Spy(flat(), changed(d_steps=d_steps))
    shown = spy.real()
    assert len(shown) == 200
    assert all(sorted(shown[k : k + 50]) == list(range(50)) for k in range(0, 200, 50))
    assert len(set(map(content, spy.z))) == len(spy.z) == 25  # every batch of fakes is new


def test_d_is_shown_the_pixels_between_minus_1_and_1() -> None:
    rows = rng.DataOrder(0, 50).rows(0, 8)
    expected = torch.from_numpy(IMAGES[rows]).float() / 127.5 - 1
    assert torch.equal(Spy(flat()).images[0], expected)


# Reproducible


def trained(schedule: Schedule = SCHEDULE, seed: int = 0) -> tuple[list[Point], bytes]:
    """The curve and all weights."""
    training = begin(schedule, seed)
    return points(run(training, schedule=schedule, seed=seed)), weights_of(training)


def test_the_same_seed_gives_the_same_bytes_whatever_was_drawn_before() -> None:
    first = trained()
    torch.manual_seed(5)
    torch.randn(77)
    np.random.seed(5)
    assert trained() == first
    assert trained(seed=1) != first


@pytest.mark.parametrize("ticks", [1, 3, 25, 1000])
def test_ticks_change_no_bit_of_the_training(ticks: int) -> None:
    schedule = changed(ticks=ticks, ema_kimg=0.05)
    training = begin(schedule)
    curve = []
    for event in train(training, make_loss(), IMAGES, schedule, 0):
        if isinstance(event, Point):
            curve.append(event)
        else:
            generate(training, Latents(rng.normal(0, "z-eval", 6, 5)), 4)
            torch.randn(3)
    assert (curve, weights_of(training)) == trained(changed(ticks=10, ema_kimg=0.05))


def test_a_pair_may_find_its_sizes_at_the_first_image() -> None:
    arch = pair(
        discriminator=lambda _: nn.Sequential(nn.Flatten(), nn.LazyLinear(1), nn.Flatten(0))
    )
    first, second = begin(arch=arch), begin(arch=arch)
    assert points(run(first)) == points(run(second))
    assert weights_of(first) == weights_of(second)


def test_training_makes_the_fakes_resemble_the_images() -> None:
    schedule = changed(kimg=2.4)
    training = begin(schedule, arch=flat())
    grey = np.full_like(IMAGES[:20], 200)
    given = Latents(rng.normal(0, "z-eval", 40, 5))
    before = generate(training, given, 40).mean()
    list(train(training, make_loss(), grey, schedule, 0))
    assert abs(before - 128) < 10
    assert abs(generate(training, given, 40).mean() - 200) < 30


# Points and ticks


@pytest.mark.parametrize(
    ("ticks", "expected"), [(1, [25]), (4, [7, 13, 19, 25]), (99, [*range(1, 26)])]
)
def test_ticks_are_spread_evenly_and_the_last_comes_with_the_last_point(
    ticks: int, expected: list[int]
) -> None:
    schedule = changed(ticks=ticks)
    events = run(begin(schedule), schedule=schedule)
    assert [event.step for event in events if isinstance(event, Tick)] == expected
    assert [(type(event), event.kimg) for event in events[-2:]] == [(Point, 0.2), (Tick, 0.2)]


def test_a_long_training_has_200_points() -> None:
    schedule = changed(kimg=1.0, batch=2)  # 500 updates
    curve = points(run(begin(schedule, arch=flat()), schedule=schedule))
    assert len(curve) == 200
    assert curve[-1].kimg == 1.0


@pytest.mark.parametrize("d_steps", [1, 4])
def test_d_gets_d_steps_updates_for_each_of_g(d_steps: int) -> None:
    schedule = changed(d_steps=d_steps)
    training = begin(schedule)
    curve = points(run(training, schedule=schedule))
    updates = schedule.updates
    assert updates == round(25 / d_steps)
    assert {int(state["step"]) for state in training.opt_g.state.values()} == {updates}
    assert {int(state["step"]) for state in training.opt_d.state.values()} == {updates * d_steps}
    assert curve[-1].step == training.step == updates
    assert curve[-1].kimg == updates * d_steps * 8 / 1000


def test_a_point_is_the_mean_since_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    each = points(run(begin()))
    monkeypatch.setattr("gan_bench.train.loop.POINTS", 5)
    fifths = points(run(begin()))
    assert [point.step for point in fifths] == [5, 10, 15, 20, 25]
    for k, point in enumerate(fifths):
        for column in CURVE_COLUMNS:
            mean = np.mean([getattr(one, column) for one in each[5 * k : 5 * k + 5]])
            assert getattr(point, column) == pytest.approx(mean, rel=1e-5)


def test_norms_are_those_of_the_whole_gradient() -> None:
    training = begin()
    norms: dict[str, list[float]] = {"grad_d": [], "grad_g": []}

    def note(name: str, network: nn.Module) -> None:
        gradients = [p.grad.ravel() for p in network.parameters() if p.grad is not None]
        norms[name].append(float(torch.cat(gradients).norm()))

    training.opt_d.register_step_pre_hook(lambda *_: note("grad_d", training.D))
    training.opt_g.register_step_pre_hook(lambda *_: note("grad_g", training.G))
    curve = points(run(training))
    for name, expected in norms.items():
        assert [getattr(point, name) for point in curve] == pytest.approx(expected, rel=1e-5)


def test_scores_are_means_of_the_sigmoid_of_what_d_gives() -> None:
    def sure(images: Tensor) -> Tensor:
        """2 for the real images here, which are white, and -1 for others."""
        brightness = images.mean((1, 2, 3))
        return torch.where(brightness > 0.9, 2.0, -1.0) + 0 * brightness

    training = begin(arch=pair(discriminator=lambda _: Module(sure)))
    white = np.full_like(IMAGES[:10], 255)
    first = points(train(training, make_loss(), white, SCHEDULE, 0))[0]
    assert first.real_score == pytest.approx(1 / (1 + np.exp(-2)), abs=1e-6)
    assert first.fake_score == pytest.approx(1 / (1 + np.exp(1)), abs=1e-6)


# Divergence


def broken_at(step: int, bad: float) -> Loss:
    """Its d_loss is `bad` at this step, counted from 1."""
    steps = iter(range(1, 2000))
    return make_loss(d_loss=lambda *both: d_loss(*both) * (bad if next(steps) == step else 1))


@pytest.mark.parametrize("bad", [nan, inf, -inf])
def test_divergence_names_the_step_and_the_column(bad: float) -> None:
    steps = iter(range(100))
    loss = make_loss(g_loss=lambda _, fake: g_loss(_, fake) + (bad if next(steps) == 2 else 0.0))
    with pytest.raises(Diverged, match=r"^loss_g(, grad_g)? not finite from step 3$") as found:
        run(begin(), loss)
    assert found.value.step == 3


def test_what_came_before_a_divergence_is_kept() -> None:
    seen: list[int] = []
    events = train(begin(), broken_at(11, nan), IMAGES, SCHEDULE, 0)
    with pytest.raises(Diverged, match=r"loss_d.*grad_d.* not finite from step 11$"):
        seen.extend(event.step for event in events)
    assert max(seen) == 10


def test_the_step_is_named_even_if_a_point_has_many() -> None:
    schedule = changed(kimg=4.8, batch=4)  # 1,200 updates, 6 to a point
    with pytest.raises(Diverged, match=r"from step 101$"):
        run(begin(schedule, arch=flat()), broken_at(101, nan), schedule)


def test_a_training_is_stopped_before_the_next_step() -> None:
    training = begin()
    events = list(
        train(training, make_loss(), IMAGES, SCHEDULE, 0, stopping=lambda: training.step == 7)
    )
    assert training.step == events[-1].step == 7
