"""One update of D and G: who learns from what, the moving average, losses, precision."""

from __future__ import annotations

import copy

import pytest
import torch
from networks import IMAGES, SCHEDULE, SHAPE, begin, flat, make_loss, pair, points, run, weights
from torch import Tensor, nn

from gan_bench import Loss, Shape, Step
from gan_bench.train.loop import Point, train
from tiny_plugin import d_loss, g_loss

pytestmark = pytest.mark.usefixtures("one_thread")


def parameters(network: nn.Module) -> bytes:
    return b"".join(p.detach().numpy().tobytes() for p in network.parameters())


# D and G


def test_the_update_of_g_leaves_d_as_it_was() -> None:
    training = begin()
    before: list[bytes] = []
    after: list[bytes] = []

    def spying(real: Tensor | None, fake: Tensor) -> Tensor:
        assert not any(p.requires_grad for p in training.D.parameters())
        before.append(parameters(training.D))
        return g_loss(real, fake)

    training.opt_g.register_step_post_hook(lambda *_: after.append(parameters(training.D)))
    run(training, make_loss(g_loss=spying))
    assert before == after
    assert len(set(after)) == 25  # while the updates of D do change it
    assert all(parameter.requires_grad for parameter in training.D.parameters())


@pytest.mark.parametrize("part", ["d_loss", "g_loss"])
def test_a_loss_that_raises_leaves_d_able_to_learn(part: str) -> None:
    """A step that cannot be recorded as a CUDA graph raises, and is then taken eagerly."""

    def raises(*_: Tensor | None) -> Tensor:
        raise RuntimeError("not now")

    training = begin()
    with pytest.raises(RuntimeError, match="not now"):
        run(training, make_loss(**{part: raises}))
    assert all(parameter.requires_grad for parameter in training.D.parameters())


def test_the_updates_of_d_leave_g_as_it_was() -> None:
    schedule = SCHEDULE.model_copy(update={"d_steps": 3})
    training = begin(schedule)
    seen: list[bytes] = []
    training.opt_d.register_step_post_hook(lambda *_: seen.append(parameters(training.G)))
    run(training, schedule=schedule)
    for k in range(0, len(seen), 3):
        assert len(set(seen[k : k + 3])) == 1
    assert len(set(seen)) == schedule.updates


def test_a_layer_of_d_that_its_author_froze_stays_frozen() -> None:
    def with_fixed_features(shape: Shape) -> nn.Module:
        D = pair().discriminator(shape)
        D[0].requires_grad_(False)  # as in Projected GAN
        return D

    training = begin(arch=pair(discriminator=with_fixed_features))
    before = training.D[0].weight.clone()
    run(training)
    assert not training.D[0].weight.requires_grad
    assert torch.equal(training.D[0].weight, before)


def test_d_sees_real_and_fake_in_calls_of_their_own_and_g_learns_from_the_same_fakes() -> None:
    training = begin()
    images: list[Tensor] = []
    training.D.register_forward_pre_hook(lambda _, given: images.append(given[0].clone()))
    run(training)
    assert {len(batch) for batch in images} == {8}
    assert len(images) == 3 * SCHEDULE.updates
    for k in range(0, len(images), 3):
        assert torch.equal(images[k + 1], images[k + 2])


# The moving average


@pytest.mark.parametrize("rampup", [0, 0.5])
def test_the_average_is_the_one_computed_by_hand(rampup: float) -> None:
    ema = {"ema_kimg": 0.04, "ema_rampup": rampup}  # half of it in 5 steps of 8
    schedule = SCHEDULE.model_copy(update=ema)
    training = begin(schedule)
    half_lives = [min(5.0, rampup * step) if rampup else 5.0 for step in range(1, 26)]  # steps
    decays = iter([0.5 ** (1 / half_life) for half_life in half_lives])
    average = {name: tensor.double() for name, tensor in training.G.state_dict().items()}
    for event in train(training, make_loss(), IMAGES, schedule, 0):
        if isinstance(event, Point):  # one for each step
            decay = next(decays)
            for name, now in training.G.state_dict().items():
                average[name] = decay * average[name] + (1 - decay) * now.double()
    for name, tensor in training.ema.state_dict().items():
        if name.endswith("num_batches_tracked"):
            assert tensor == 25
        else:
            assert torch.allclose(tensor.double(), average[name], atol=1e-6), name
    assert weights(training.ema) != weights(training.G)
    assert not any(parameter.requires_grad for parameter in training.ema.parameters())


def test_the_average_counts_images_not_steps() -> None:
    schedule = SCHEDULE.model_copy(update={"ema_kimg": 0.04, "d_steps": 5, "kimg": 0.04})
    training = begin(schedule)
    start = copy.deepcopy(training.G.state_dict()["1.weight"])
    run(training, schedule=schedule)  # one step of 40 images is one half-life
    half_way = (start + training.G.state_dict()["1.weight"]) / 2
    assert torch.allclose(training.ema.state_dict()["1.weight"], half_way, atol=1e-6)


def test_the_average_changes_no_bit_of_the_training_and_without_one_g_itself_is_measured() -> None:
    schedule = SCHEDULE.model_copy(update={"ema_kimg": 0.1})
    plain = begin()
    assert points(run(begin(schedule), schedule=schedule)) == points(run(plain))
    assert plain.ema is plain.G


# Losses of every kind


class Scaled(nn.Module):
    """D(x) = w mean(x), so that its logits tell w."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(()))

    def forward(self, images: Tensor) -> Tensor:
        return self.w * images.mean((1, 2, 3))


def test_a_relativistic_g_loss_is_given_the_real_logits_of_the_d_just_updated() -> None:
    by_d: list[Tensor] = []
    by_g: list[Tensor] = []

    def spying_d(real: Tensor, fake: Tensor) -> Tensor:
        by_d.append(real.detach().clone())
        return d_loss(real, fake)

    def spying_g(real: Tensor | None, fake: Tensor) -> Tensor:
        assert real is not None
        by_g.append(real.detach().clone())
        return g_loss(None, fake - real)

    training = begin(arch=pair(discriminator=lambda _: Scaled()))
    ws: list[float] = [1.0]
    training.opt_d.register_step_post_hook(lambda *_: ws.append(training.D.w.item()))
    run(training, make_loss(d_loss=spying_d, g_loss=spying_g, reads_real=True))
    for k, (before, after) in enumerate(zip(by_d, by_g, strict=True)):
        assert torch.allclose(after * ws[k], before * ws[k + 1], atol=1e-6)
        assert not torch.equal(after, before)


def test_a_penalty_is_given_d_and_both_batches_and_is_added() -> None:
    calls: list[tuple[bool, torch.Size, torch.Size, bool]] = []
    training = begin()

    def penalty(step: Step) -> Tensor:
        D, x, fake = step.D, step.x, step.fake
        calls.append((D is training.D, x.shape, fake.shape, fake.requires_grad))
        return torch.tensor(5.0)

    penalised = points(run(training, make_loss(penalty=penalty)))
    shape = torch.Size([8, *SHAPE])
    assert calls == [(True, shape, shape, False)] * 25
    for one, other in zip(penalised, points(run(begin())), strict=True):
        assert one.loss_d == pytest.approx(other.loss_d + 5, abs=1e-4)
        assert one.loss_g == other.loss_g


def test_a_gradient_penalty_reaches_the_weights_of_d() -> None:
    def penalty(step: Step) -> Tensor:
        x = step.x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(step.judge(x).logits.sum(), x, create_graph=True)
        return 1000 * slope.square().sum((1, 2, 3)).mean()

    def slope(loss: Loss) -> float:
        training = begin(arch=flat())
        run(training, loss)
        return training.D[1].weight.square().sum().item()

    assert slope(make_loss(penalty=penalty)) < 0.2 * slope(make_loss())


# Precision


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_losses_see_fp32_logits_of_one_number_an_image_whatever_the_precision(
    precision: str,
) -> None:
    seen: set[tuple[torch.Size, torch.dtype]] = set()

    def spying_d(real: Tensor, fake: Tensor) -> Tensor:
        seen.update((logits.shape, logits.dtype) for logits in (real, fake))
        return d_loss(real, fake)

    def spying_g(real: Tensor | None, fake: Tensor) -> Tensor:
        assert real is None
        seen.add((fake.shape, fake.dtype))
        return g_loss(real, fake)

    schedule = SCHEDULE.model_copy(update={"precision": precision})
    training = begin(schedule)
    first, plain = (
        points(run(training, make_loss(d_loss=spying_d, g_loss=spying_g), schedule))[0],
        points(run(begin()))[0],
    )
    assert seen == {(torch.Size([8]), torch.float32)}
    assert {p.dtype for net in (training.G, training.D) for p in net.parameters()} == {
        torch.float32
    }
    assert (first.loss_d == plain.loss_d) == (precision == "fp32")
    assert first.loss_d == pytest.approx(plain.loss_d, rel=0.02)
