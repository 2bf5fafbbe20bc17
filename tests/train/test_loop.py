"""The one training loop, on networks small enough to be trained a hundred times in a minute."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from math import inf, nan, prod

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gan_bench import Architecture, Loss, Schedule, Shape
from gan_bench.base import rng
from gan_bench.train import loop
from gan_bench.train.cost import macs
from gan_bench.train.loop import COLUMNS, Diverged, Point, Tick, Training, train
from gan_bench.train.pair import BadPair, build_pair
from gan_bench.train.samples import generate
from gan_bench.train.state import restore, snapshot

SHAPE = (3, 8, 8)
IMAGES = np.random.default_rng(0).integers(0, 256, (50, *SHAPE), dtype=np.uint8)
PIXELS = {tuple(image.ravel()): k for k, image in enumerate(IMAGES)}


pytestmark = pytest.mark.usefixtures("one_thread")


class Tiny:
    """A pair with all that a pair may have: convolution, BatchNorm, dropout."""

    @staticmethod
    def generator(shape: Shape, z_dim: int = 5) -> nn.Module:
        C, H, W = shape
        return nn.Sequential(
            nn.Linear(z_dim, 4 * H * W),
            nn.Unflatten(1, (4, H, W)),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.Conv2d(4, C, 3, padding=1),
            nn.Tanh(),
        )

    @staticmethod
    def discriminator(shape: Shape) -> nn.Module:
        C, H, W = shape
        return nn.Sequential(
            nn.Conv2d(C, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(4 * H * W, 1),
            nn.Flatten(0),
        )


class Flat:
    """A pair that shares nothing with Tiny: one matrix each."""

    @staticmethod
    def generator(shape: Shape, z_dim: int = 9) -> nn.Module:
        return nn.Sequential(nn.Linear(z_dim, prod(shape)), nn.Tanh(), nn.Unflatten(1, shape))

    @staticmethod
    def discriminator(shape: Shape) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(prod(shape), 1), nn.Flatten(0))


def architecture(
    pair: type[Tiny] | type[Flat] = Tiny, z_dim: int = 5, **other: Callable[[Shape], nn.Module]
) -> Architecture:
    networks: dict[str, Callable[[Shape], nn.Module]] = {
        "generator": lambda shape: pair.generator(shape, z_dim),
        "discriminator": pair.discriminator,
    }
    return Architecture(name="tiny", source="a test", z_dim=z_dim, **networks | other)


def logistic(real: Tensor, fake: Tensor) -> Tensor:
    return softplus(-real).mean() + softplus(fake).mean()


def non_saturating(_: Tensor | None, fake: Tensor) -> Tensor:
    return softplus(-fake).mean()


LOSS = Loss(name="plain", source="a test", d_loss=logistic, g_loss=non_saturating)
SCHEDULE = Schedule(kimg=0.2, batch=8, lr_g=1e-2, lr_d=1e-2)  # 25 updates


def begin(
    schedule: Schedule = SCHEDULE, seed: int = 0, arch: Architecture | None = None
) -> Training:
    return loop.begin(arch or architecture(), SHAPE, schedule, seed, "cpu")


def run(
    cell: Training, loss: Loss = LOSS, schedule: Schedule = SCHEDULE, seed: int = 0
) -> list[Point | Tick]:
    return list(train(cell, loss, IMAGES, schedule, seed))


def points(events: Iterable[Point | Tick]) -> list[Point]:
    return [event for event in events if isinstance(event, Point)]


def weights(network: nn.Module) -> bytes:
    state = network.state_dict()
    return b"".join(name.encode() + state[name].numpy().tobytes() for name in state)


def trained(
    schedule: Schedule = SCHEDULE, loss: Loss = LOSS, seed: int = 0
) -> tuple[list[Point], bytes]:
    """The curve and all weights."""
    cell = begin(schedule, seed)
    curve = points(run(cell, loss, schedule, seed))
    return curve, weights(cell.G) + weights(cell.D) + weights(cell.ema)


# What is seen: every call of G and D


class Spy:
    """Everything that a pair is given while it trains."""

    def __init__(self, cell: Training) -> None:
        self.z: list[Tensor] = []
        self.images: list[Tensor] = []
        cell.G.register_forward_pre_hook(lambda _, given: self.z.append(given[0].clone()))
        cell.D.register_forward_pre_hook(lambda _, given: self.images.append(given[0].clone()))

    def real(self) -> list[int]:
        """Which images of the set D was shown, in order."""
        shown = [
            tuple(image.ravel())
            for batch in self.images
            for image in ((batch + 1) * 127.5).round().to(torch.uint8).numpy()
        ]
        return [PIXELS[image] for image in shown if image in PIXELS]


def spied(pair: type[Tiny] | type[Flat], z_dim: int, schedule: Schedule, seed: int = 0) -> Spy:
    cell = begin(schedule, seed, architecture(pair, z_dim))
    spy = Spy(cell)
    run(cell, schedule=schedule, seed=seed)
    return spy


@pytest.mark.parametrize("d_steps", [1, 3])
def test_two_architectures_see_byte_identical_data(d_steps: int) -> None:
    schedule = SCHEDULE.model_copy(update={"d_steps": d_steps})
    one, other = (spied(*pair, schedule) for pair in ((Tiny, 5), (Flat, 9)))
    # D sees real, fake, ... and at the end of a step the fakes once more
    places = [
        k for k in range(len(one.images)) if k % (2 * d_steps + 1) in range(0, 2 * d_steps, 2)
    ]
    assert len(places) == schedule.updates * d_steps
    for k in places:
        assert one.images[k].contiguous().numpy().tobytes() == (
            other.images[k].contiguous().numpy().tobytes()
        )
    assert one.real() == other.real()
    assert len(one.real()) == schedule.updates * d_steps * schedule.batch


def test_two_architectures_are_given_the_same_z_as_far_as_both_can_take_it() -> None:
    one, other = spied(Tiny, 5, SCHEDULE), spied(Flat, 9, SCHEDULE)
    assert len(one.z) == len(other.z) == SCHEDULE.updates
    for narrow, wide in zip(one.z, other.z, strict=True):
        assert narrow.numpy().tobytes() == wide[:, :5].contiguous().numpy().tobytes()
    assert spied(Flat, 5, SCHEDULE).z[7].numpy().tobytes() == one.z[7].numpy().tobytes()


def test_another_seed_has_other_data_and_other_z() -> None:
    one, other = spied(Flat, 5, SCHEDULE, seed=0), spied(Flat, 5, SCHEDULE, seed=1)
    assert one.real() != other.real()
    assert not torch.equal(one.z[0], other.z[0])


@pytest.mark.parametrize("d_steps", [1, 5])
def test_d_is_shown_every_image_once_before_any_a_second_time(d_steps: int) -> None:
    shown = spied(Flat, 5, SCHEDULE.model_copy(update={"d_steps": d_steps})).real()
    assert len(shown) == 200
    for k in range(0, 200, 50):
        assert sorted(shown[k : k + 50]) == list(range(50))


def test_every_batch_of_fakes_is_made_of_a_z_of_its_own() -> None:
    spy = spied(Flat, 5, SCHEDULE.model_copy(update={"d_steps": 5}))
    assert len({z.numpy().tobytes() for z in spy.z}) == len(spy.z) == 25


def test_what_d_is_shown_are_the_pixels_between_minus_1_and_1() -> None:
    spy = spied(Flat, 5, SCHEDULE)
    rows = rng.DataOrder(0, 50).rows(0, 8)
    expected = torch.from_numpy(IMAGES[rows]).float() / 127.5 - 1
    assert torch.equal(spy.images[0], expected)


# Reproducible


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert trained() == trained()


def test_the_same_seed_gives_the_same_bytes_whatever_was_drawn_before() -> None:
    first = trained()
    torch.manual_seed(5)
    torch.randn(77)
    np.random.seed(5)
    assert trained() == first


def test_another_seed_gives_another_curve_and_other_weights() -> None:
    (one, w1), (other, w2) = trained(seed=0), trained(seed=1)
    assert one[0].loss_d != other[0].loss_d
    assert w1 != w2


@pytest.mark.parametrize("ticks", [1, 3, 25, 1000])
def test_looking_changes_no_bit_of_the_training(ticks: int) -> None:
    schedule = SCHEDULE.model_copy(update={"ticks": ticks, "ema_kimg": 0.05})
    cell = begin(schedule)
    curve = []
    for event in train(cell, LOSS, IMAGES, schedule, 0):
        if isinstance(event, Point):
            curve.append(event)
        else:
            generate(cell, rng.normal(0, "z-eval", 6, cell.z_dim), 4)
            torch.randn(3)
    unseen = trained(schedule.model_copy(update={"ticks": 10}))
    assert (curve, weights(cell.G) + weights(cell.D) + weights(cell.ema)) == unseen


def test_a_pair_begins_as_its_seed_says_and_leaves_the_global_state_alone() -> None:
    before = torch.get_rng_state()
    G, D = build_pair(architecture(), SHAPE, 3)
    assert torch.equal(torch.get_rng_state(), before)
    again = build_pair(architecture(), SHAPE, 3)
    assert (weights(G), weights(D)) == (weights(again[0]), weights(again[1]))
    assert weights(build_pair(architecture(), SHAPE, 4)[0]) != weights(G)


def test_the_test_of_a_pair_leaves_no_trace_in_it() -> None:
    G, D = build_pair(architecture(), SHAPE)
    assert all(layer.training for network in (G, D) for layer in network.modules())
    for layer in (G[2], D[1]):
        assert layer.num_batches_tracked == 0
        assert torch.all(layer.running_mean == 0)


def test_a_pair_may_find_its_sizes_at_the_first_image() -> None:
    def discriminator(_: Shape) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.LazyLinear(1), nn.Flatten(0))

    arch = architecture(discriminator=discriminator)
    first, second = begin(arch=arch), begin(arch=arch)
    assert points(run(first)) == points(run(second))
    assert weights(first.D) == weights(second.D)


# Accounting


def test_the_last_point_and_tick_are_at_the_end() -> None:
    events = run(begin())
    ends = [event for event in events if event.step == 25]
    assert [type(event) for event in ends] == [Point, Tick]
    assert ends[0].kimg == ends[1].kimg == 0.2


@pytest.mark.parametrize(
    ("ticks", "expected"), [(1, [25]), (4, [7, 13, 19, 25]), (99, [*range(1, 26)])]
)
def test_ticks_are_spread_evenly(ticks: int, expected: list[int]) -> None:
    schedule = SCHEDULE.model_copy(update={"ticks": ticks})
    events = run(begin(schedule), schedule=schedule)
    assert [event.step for event in events if isinstance(event, Tick)] == expected


def test_a_long_training_has_200_points() -> None:
    schedule = SCHEDULE.model_copy(update={"kimg": 1.0, "batch": 2})  # 500 updates
    cell = begin(schedule, arch=architecture(Flat))
    curve = points(run(cell, schedule=schedule))
    assert len(curve) == 200
    assert curve[-1].kimg == 1.0


@pytest.mark.parametrize("d_steps", [1, 4])
def test_d_gets_d_steps_updates_for_each_of_g(d_steps: int) -> None:
    schedule = SCHEDULE.model_copy(update={"d_steps": d_steps})
    cell = begin(schedule)
    curve = points(run(cell, schedule=schedule))
    updates = schedule.updates
    assert updates == round(25 / d_steps)
    assert {int(state["step"]) for state in cell.opt_g.state.values()} == {updates}
    assert {int(state["step"]) for state in cell.opt_d.state.values()} == {updates * d_steps}
    assert curve[-1].step == cell.step == updates
    assert curve[-1].kimg == updates * d_steps * 8 / 1000


def test_a_point_is_the_mean_since_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    each = points(run(begin()))
    monkeypatch.setattr("gan_bench.train.loop.POINTS", 5)
    fifths = points(run(begin()))
    assert [point.step for point in fifths] == [5, 10, 15, 20, 25]
    for k, point in enumerate(fifths):
        for column in COLUMNS:
            mean = np.mean([getattr(one, column) for one in each[5 * k : 5 * k + 5]])
            assert getattr(point, column) == pytest.approx(mean, rel=1e-5)


def test_scores_are_probabilities_and_norms_are_those_of_the_whole_gradient() -> None:
    cell = begin()
    norms: list[tuple[float, float]] = []

    def norm(network: nn.Module) -> float:
        return float(torch.cat([p.grad.ravel() for p in network.parameters()]).norm())

    cell.opt_d.register_step_pre_hook(lambda *_: norms.append((norm(cell.D), nan)))
    cell.opt_g.register_step_pre_hook(lambda *_: norms.append((norms.pop()[0], norm(cell.G))))
    curve = points(run(cell))
    for point, (grad_d, grad_g) in zip(curve, norms, strict=True):
        assert point.grad_d == pytest.approx(grad_d, rel=1e-5)
        assert point.grad_g == pytest.approx(grad_g, rel=1e-5)
        assert 0 < point.real_score < 1
        assert 0 < point.fake_score < 1


def test_scores_are_means_of_the_sigmoid_of_what_d_says() -> None:
    class Sure(nn.Module):
        """D gives 2 for real images here, which are bright, and -1 for the rest."""

        def __init__(self) -> None:
            super().__init__()
            self.unused = nn.Parameter(torch.zeros(()))

        def forward(self, images: Tensor) -> Tensor:
            bright = images.mean((1, 2, 3)) > 0.9
            return torch.where(bright, 2.0, -1.0) + 0 * (self.unused + images.mean())

    arch = architecture(discriminator=lambda _: Sure())
    cell = begin(arch=arch)
    white = np.full((10, *SHAPE), 255, np.uint8)
    first = points(train(cell, LOSS, white, SCHEDULE, 0))[0]
    assert first.real_score == pytest.approx(1 / (1 + np.exp(-2)), abs=1e-6)
    assert first.fake_score == pytest.approx(1 / (1 + np.exp(1)), abs=1e-6)


def test_training_makes_the_fakes_resemble_the_images() -> None:
    """One colour is learned by the mean of what G makes: the loop does train."""
    schedule = SCHEDULE.model_copy(update={"kimg": 2.4})
    cell = begin(schedule, arch=architecture(Flat))
    grey = np.full((20, *SHAPE), 200, np.uint8)
    z = rng.normal(0, "z-eval", 40, cell.z_dim)
    before = generate(cell, z, 40).mean()
    list(train(cell, LOSS, grey, schedule, 0))
    assert abs(before - 128) < 10
    assert abs(generate(cell, z, 40).mean() - 200) < 30


# The moving average


def test_the_average_is_the_one_computed_by_hand() -> None:
    schedule = SCHEDULE.model_copy(update={"ema_kimg": 0.04})  # half of it in 5 steps of 8
    cell = begin(schedule)
    decay = 0.5 ** (1 / 5)
    average = {name: tensor.double() for name, tensor in cell.G.state_dict().items()}
    for event in train(cell, LOSS, IMAGES, schedule, 0):
        if isinstance(event, Point):  # one for each step
            for name, now in cell.G.state_dict().items():
                average[name] = decay * average[name] + (1 - decay) * now.double()
    for name, tensor in cell.ema.state_dict().items():
        if name.endswith("num_batches_tracked"):
            assert tensor == 25
        else:
            assert torch.allclose(tensor.double(), average[name], atol=1e-6), name
    assert weights(cell.ema) != weights(cell.G)
    assert not any(parameter.requires_grad for parameter in cell.ema.parameters())


def test_the_average_counts_images_not_steps() -> None:
    schedule = SCHEDULE.model_copy(update={"ema_kimg": 0.04, "d_steps": 5, "kimg": 0.04})
    cell = begin(schedule)
    start = copy.deepcopy(cell.G.state_dict()["0.weight"])
    run(cell, schedule=schedule)  # one step of 40 images is one half-life
    half_way = (start + cell.G.state_dict()["0.weight"]) / 2
    assert torch.allclose(cell.ema.state_dict()["0.weight"], half_way, atol=1e-6)


def test_the_average_changes_no_bit_of_the_training() -> None:
    without, _ = trained()
    with_, _ = trained(SCHEDULE.model_copy(update={"ema_kimg": 0.1}))
    assert with_ == without


def test_without_an_average_g_itself_is_judged() -> None:
    cell = begin()
    assert cell.ema is cell.G


# D and G keep apart


def test_the_step_of_g_leaves_d_as_it_was() -> None:
    cell = begin()
    seen: list[tuple[bool, bytes]] = []

    def parameters() -> bytes:
        return b"".join(p.detach().numpy().tobytes() for p in cell.D.parameters())

    def g_loss(real: Tensor | None, fake: Tensor) -> Tensor:
        seen.append((any(p.requires_grad for p in cell.D.parameters()), parameters()))
        return non_saturating(real, fake)

    after: list[bytes] = []
    cell.opt_g.register_step_post_hook(lambda *_: after.append(parameters()))
    run(cell, Loss(name="spy", source="a test", d_loss=logistic, g_loss=g_loss))
    assert [frozen for frozen, _ in seen] == [False] * 25
    assert [before for _, before in seen] == after
    assert len(set(after)) == 25  # while the steps of D do change it
    assert all(parameter.requires_grad for parameter in cell.D.parameters())


def test_the_step_of_d_leaves_g_as_it_was() -> None:
    schedule = SCHEDULE.model_copy(update={"d_steps": 3})
    cell = begin(schedule)
    seen: list[bytes] = []
    cell.opt_d.register_step_post_hook(lambda *_: seen.append(weights_of_g(cell)))
    run(cell, schedule=schedule)
    for k in range(0, len(seen), 3):
        assert len(set(seen[k : k + 3])) == 1
    assert len(set(seen)) == schedule.updates


def weights_of_g(cell: Training) -> bytes:
    return b"".join(p.detach().numpy().tobytes() for p in cell.G.parameters())


def test_a_layer_of_d_that_its_author_froze_stays_frozen() -> None:
    def discriminator(shape: Shape) -> nn.Module:
        D = Tiny.discriminator(shape)
        D[0].requires_grad_(False)  # fixed features, as in Projected GAN
        return D

    cell = begin(arch=architecture(discriminator=discriminator))
    before = cell.D[0].weight.clone()
    run(cell)
    assert not cell.D[0].weight.requires_grad
    assert torch.equal(cell.D[0].weight, before)


def test_real_and_fake_images_go_through_d_in_calls_of_their_own() -> None:
    spy = spied(Tiny, 5, SCHEDULE)
    assert {len(batch) for batch in spy.images} == {8}
    assert len(spy.images) == 3 * SCHEDULE.updates


def test_g_is_judged_on_the_fakes_that_d_saw() -> None:
    spy = spied(Tiny, 5, SCHEDULE)
    for k in range(0, len(spy.images), 3):
        assert torch.equal(spy.images[k + 1], spy.images[k + 2])


# Losses of every kind


def test_a_loss_sees_logits_of_one_number_an_image() -> None:
    shapes: list[tuple[object, ...]] = []

    def d_loss(real: Tensor, fake: Tensor) -> Tensor:
        shapes.append((real.shape, fake.shape, real.dtype, fake.dtype))
        return logistic(real, fake)

    def g_loss(real: Tensor | None, fake: Tensor) -> Tensor:
        assert real is None
        shapes.append((fake.shape, fake.shape, fake.dtype, fake.dtype))
        return non_saturating(real, fake)

    run(begin(), Loss(name="spy", source="a test", d_loss=d_loss, g_loss=g_loss))
    assert set(shapes) == {(torch.Size([8]), torch.Size([8]), torch.float32, torch.float32)}


def test_a_relativistic_g_loss_is_given_what_the_d_just_updated_says_of_the_real_images() -> None:
    given: list[Tensor] = []
    d_saw: list[Tensor] = []

    def d_loss(real: Tensor, fake: Tensor) -> Tensor:
        d_saw.append(real.detach().clone())
        return logistic(real, fake)

    def g_loss(real: Tensor | None, fake: Tensor) -> Tensor:
        assert real is not None
        given.append(real.detach().clone())
        return softplus(real - fake).mean()

    class Scaled(nn.Module):
        """D(x) = w mean(x): what it says of an image tells w."""

        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.ones(()))

        def forward(self, images: Tensor) -> Tensor:
            return self.w * images.mean((1, 2, 3))

    cell = begin(arch=architecture(discriminator=lambda _: Scaled()))
    loss = Loss(name="rel", source="a test", d_loss=d_loss, g_loss=g_loss, relativistic=True)
    ws: list[float] = [1.0]
    assert isinstance(cell.D, Scaled)
    scaled = cell.D
    cell.opt_d.register_step_post_hook(lambda *_: ws.append(scaled.w.item()))
    run(cell, loss)
    for k, (before, after) in enumerate(zip(d_saw, given, strict=True)):
        assert torch.allclose(after * ws[k], before * ws[k + 1], atol=1e-6)
        assert not torch.equal(after, before)


def test_a_penalty_is_given_d_and_both_batches_and_is_added() -> None:
    calls: list[tuple[bool, torch.Size, torch.Size, bool]] = []
    cell = begin()

    def penalty(D: nn.Module, x: Tensor, fake: Tensor) -> Tensor:
        calls.append((D is cell.D, x.shape, fake.shape, fake.requires_grad))
        return torch.tensor(5.0)

    loss = Loss(name="p", source="a test", d_loss=logistic, g_loss=non_saturating, penalty=penalty)
    penalised = points(run(cell, loss))
    plain = points(run(begin()))
    assert calls == [(True, torch.Size([8, *SHAPE]), torch.Size([8, *SHAPE]), False)] * 25
    for one, other in zip(penalised, plain, strict=True):
        assert one.loss_d == pytest.approx(other.loss_d + 5, abs=1e-4)
        assert one.loss_g == other.loss_g


def test_a_gradient_penalty_reaches_the_weights_of_d() -> None:
    def penalty(D: nn.Module, x: Tensor, fake: Tensor) -> Tensor:
        x = x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
        return 1000 * slope.square().sum((1, 2, 3)).mean()

    def slope(cell: Training) -> float:
        return cell.D[1].weight.square().sum().item()

    loss = Loss(name="r1", source="a test", d_loss=logistic, g_loss=non_saturating, penalty=penalty)
    free, held = begin(arch=architecture(Flat)), begin(arch=architecture(Flat))
    run(free)
    run(held, loss)
    assert slope(held) < 0.2 * slope(free)


# Bad pairs and bad numbers


class Half(nn.Module):
    """Gives what it is told to."""

    def __init__(self, answer: Callable[[int], Tensor]) -> None:
        super().__init__()
        self.answer = answer
        self.weight = nn.Parameter(torch.zeros(()))

    def forward(self, given: Tensor) -> Tensor:
        return self.answer(len(given)) + 0 * self.weight


@pytest.mark.parametrize(
    ("part", "answer", "said"),
    [
        (
            "generator",
            lambda n: torch.zeros(n, 3, 4, 4),
            "the generator of tiny must give (2, 3, 8, 8) float32, it gave (2, 3, 4, 4) float32",
        ),
        (
            "generator",
            lambda n: torch.zeros(n, *SHAPE, dtype=torch.float64),
            "the generator of tiny must give (2, 3, 8, 8) float32, it gave (2, 3, 8, 8) float64",
        ),
        (
            "generator",
            lambda n: torch.full((n, *SHAPE), nan),
            "it gave (2, 3, 8, 8) float32 with values that are not finite",
        ),
        (
            "generator",
            lambda n: torch.full((n, *SHAPE), 1.01),
            "the generator of tiny must give values in [-1, 1]: end in tanh",
        ),
        (
            "discriminator",
            lambda n: torch.zeros(n, 1),
            "the discriminator of tiny must give (2,) float32, it gave (2, 1) float32",
        ),
        (
            "discriminator",
            lambda n: torch.full((n,), inf),
            "the discriminator of tiny must give (2,) float32, it gave (2,) float32 with values",
        ),
    ],
)
def test_a_pair_that_breaks_the_contract_is_refused_before_training(
    part: str, answer: Callable[[int], Tensor], said: str
) -> None:
    with pytest.raises(BadPair) as error:
        begin(arch=architecture(**{part: lambda _: Half(answer)}))
    assert said in str(error.value)


def test_a_network_that_gives_no_tensor_is_refused_in_a_sentence() -> None:
    class Two(nn.Module):
        def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
            return images.mean((1, 2, 3)), images

    with pytest.raises(BadPair, match=r"the discriminator of tiny must give \(2,\) float32"):
        begin(arch=architecture(discriminator=lambda _: Two()))


@pytest.mark.parametrize("bad", [nan, inf, -inf])
def test_divergence_names_the_step_and_the_column(bad: float) -> None:
    steps = iter(range(100))

    def g_loss(_: Tensor | None, fake: Tensor) -> Tensor:
        return non_saturating(None, fake) + (bad if next(steps) == 2 else 0.0)

    loss = Loss(name="bad", source="a test", d_loss=logistic, g_loss=g_loss)
    with pytest.raises(Diverged, match=r"^loss_g(, grad_g)? not finite from step 3, 0\.0 kimg$"):
        run(begin(), loss)


def test_divergence_of_d_names_d() -> None:
    steps = iter(range(100))

    def d_loss(real: Tensor, fake: Tensor) -> Tensor:
        return logistic(real, fake) * (nan if next(steps) == 10 else 1)

    loss = Loss(name="bad", source="a test", d_loss=d_loss, g_loss=non_saturating)
    steps_seen: list[int] = []

    def follow(events: Iterator[Point | Tick]) -> None:
        for event in events:
            steps_seen.append(event.step)

    with pytest.raises(Diverged, match=r"loss_d.*grad_d.* not finite from step 11, 0\.1 kimg"):
        follow(train(begin(), loss, IMAGES, SCHEDULE, 0))
    assert max(steps_seen) == 10  # what came before the fault is kept


def test_the_step_is_named_even_if_a_point_has_many() -> None:
    schedule = Schedule(kimg=4.8, batch=4, lr_g=1e-3, lr_d=1e-3)  # 1,200 updates, 6 to a point
    steps = iter(range(2000))

    def d_loss(real: Tensor, fake: Tensor) -> Tensor:
        return logistic(real, fake) * (nan if next(steps) == 100 else 1)

    loss = Loss(name="bad", source="a test", d_loss=d_loss, g_loss=non_saturating)
    with pytest.raises(Diverged, match=r"from step 101, 0\.4 kimg"):
        run(begin(schedule), loss, schedule)


# Going back


def learned(cell: Training) -> bytes:
    moments = [
        state[name].numpy().tobytes()
        for optimiser in (cell.opt_g, cell.opt_d)
        for state in optimiser.state.values()
        for name in ("step", "exp_avg", "exp_avg_sq")
    ]
    return weights(cell.G) + weights(cell.D) + weights(cell.ema) + b"".join(moments)


def test_a_snapshot_brings_back_all_that_was_learned_and_not_the_step() -> None:
    schedule = SCHEDULE.model_copy(update={"ema_kimg": 0.1, "ticks": 5})
    cell = begin(schedule)
    events = train(cell, LOSS, IMAGES, schedule, 0)
    next(event for event in events if isinstance(event, Tick))
    kept, before = snapshot(cell), learned(cell)
    next(event for event in events if isinstance(event, Tick))
    assert learned(cell) != before
    restore(cell, kept)
    assert learned(cell) == before
    assert cell.step == 10
    for _ in range(2):  # training on does not reach into what is kept
        next(events)
    restore(cell, kept)
    assert learned(cell) == before


def test_after_going_back_new_images_and_new_z_come() -> None:
    cell = begin()
    spy = Spy(cell)
    kept = snapshot(cell)
    events = train(cell, LOSS, IMAGES, SCHEDULE, 0)
    while cell.step < 5:
        next(events)
    restore(cell, kept)
    for _ in events:
        pass
    seen = [z.numpy().tobytes() for z in spy.z]
    assert len(set(seen)) == len(seen) == SCHEDULE.updates


# Cost


def test_macs_are_those_counted_by_hand() -> None:
    linear = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3))
    assert macs(linear, (5,)) == 5 * 7 + 7 * 3
    convolution = nn.Conv2d(3, 8, 4, stride=2, padding=1)
    assert macs(convolution, (3, 16, 16)) == 8 * 8 * 8 * 3 * 16
    assert convolution.training


# Generating


def test_images_that_are_not_finite_are_no_images() -> None:
    cell = begin()
    with torch.no_grad():
        next(cell.G.parameters()).fill_(nan)
    with pytest.raises(Diverged, match="the images of G are not finite at step 0"):
        generate(cell, rng.normal(0, "z-eval", 3, 5), 2)


def test_images_are_bytes_of_the_right_shape() -> None:
    cell = begin()
    images = generate(cell, rng.normal(0, "z-eval", 11, 5), 4)
    assert images.shape == (11, *SHAPE)
    assert images.dtype == np.uint8
    assert images.std() > 0


def test_an_image_does_not_depend_on_the_batch_it_is_made_in() -> None:
    cell = begin()
    run(cell)
    z = rng.normal(0, "z-eval", 23, 5)
    whole = generate(cell, z, 23).astype(int)
    for batch in (1, 2, 7, 22):
        parts = generate(cell, z, batch).astype(int)
        assert np.abs(parts - whole).max() <= 1  # the order of a sum may move a rounding
        assert np.mean(parts != whole) < 0.001


def test_values_are_rounded_to_the_nearest_byte() -> None:
    levels = torch.tensor([-1.0, -0.999, 0.0, 0.5, 1.0])
    expected = [0, 0, 128, 191, 255]  # 127.5 (v + 1), halves to even

    class Levels(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.unused = nn.Parameter(torch.zeros(()))

        def forward(self, z: Tensor) -> Tensor:
            return levels.expand(len(z), 1, 1, 5) + 0 * self.unused

    arch = architecture(Flat, generator=lambda _: Levels())
    cell = loop.begin(arch, (1, 1, 5), SCHEDULE, 0, "cpu")
    assert generate(cell, np.zeros((3, 5), np.float32), 2)[0].ravel().tolist() == expected


@pytest.mark.parametrize("ema_kimg", [0.0, 0.1])
def test_generating_leaves_the_networks_in_their_mode_and_unchanged(ema_kimg: float) -> None:
    cell = begin(SCHEDULE.model_copy(update={"ema_kimg": ema_kimg}))
    before = weights(cell.G) + weights(cell.ema)
    generate(cell, rng.normal(0, "z-eval", 5, 5), 2)
    assert cell.G.training
    assert all(layer.training for layer in cell.G.modules())
    assert weights(cell.G) + weights(cell.ema) == before
    cell.ema.eval()
    generate(cell, rng.normal(0, "z-eval", 5, 5), 2)
    assert not cell.ema.training


def test_the_mode_is_restored_even_when_g_fails() -> None:
    cell = begin()
    with pytest.raises(RuntimeError):
        generate(cell, np.zeros((4, 77), np.float32), 2)
    assert cell.G.training


# Precision


def test_half_precision_trains_and_keeps_weights_and_losses_whole() -> None:
    schedule = SCHEDULE.model_copy(update={"precision": "bf16"})
    seen: set[torch.dtype] = set()

    def d_loss(real: Tensor, fake: Tensor) -> Tensor:
        seen.update((real.dtype, fake.dtype))
        return logistic(real, fake)

    loss = Loss(name="spy", source="a test", d_loss=d_loss, g_loss=non_saturating)
    cell = begin(schedule)
    curve = points(run(cell, loss, schedule))
    plain = points(run(begin()))
    assert seen == {torch.float32}
    assert {p.dtype for p in [*cell.G.parameters(), *cell.D.parameters()]} == {torch.float32}
    assert curve[0].loss_d != plain[0].loss_d
    assert curve[0].loss_d == pytest.approx(plain[0].loss_d, rel=0.02)
