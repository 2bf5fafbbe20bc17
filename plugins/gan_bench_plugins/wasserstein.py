"""The Wasserstein loss: D is a critic whose slope is bounded, by clipping or by a penalty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_bench import Loss, hookimpl
from gan_bench_plugins.input_gradients import distance_from_one

if TYPE_CHECKING:
    from torch import Tensor, nn

    from gan_bench import Step

CLIP = 0.01
WEIGHT = 10.0


def d_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """D(G(z)) - D(x): its negative, at best, is the Wasserstein distance times D's slope."""
    return fake_logits.mean() - real_logits.mean()


def g_loss(_: Tensor | None, fake_logits: Tensor) -> Tensor:
    """-D(G(z))."""
    return -fake_logits.mean()


def clip(D: nn.Module) -> None:
    """Every parameter of D goes back to [-0.01, 0.01]."""
    for parameter in D.parameters():
        parameter.clamp_(-CLIP, CLIP)


def gradient_penalty(step: Step) -> Tensor:
    """10 (|dD(m) / dm| - 1)^2, where m = u x + (1 - u) G(z) and u from U(0, 1) for each pair."""
    import torch

    u = torch.rand(len(step.x), 1, 1, 1, device=step.x.device)
    return WEIGHT * distance_from_one(step, step.fake.lerp(step.x, u))


@hookimpl
def gan_bench_losses() -> list[Loss]:
    """`wasserstein` and `wasserstein-gp`."""
    schedule = (
        "The schedule is the run's: the paper updates D five times for each update of G, with "
    )
    return [
        Loss(
            name="wasserstein",
            source=f"Arjovsky et al. 2017, arXiv 1701.07875, algorithm 1: all of D's parameters "
            f"are clipped to [-{CLIP}, {CLIP}] after each of its updates. Departures: {schedule}"
            "RMSProp at 5e-5.",
            d_loss=d_loss,
            g_loss=g_loss,
            after_d=clip,
            wants={"d_steps": 5, "optimizer": "rmsprop", "lr_g": 5e-5, "lr_d": 5e-5},
        ),
        Loss(
            name="wasserstein-gp",
            source="Gulrajani et al. 2017, arXiv 1704.00028, algorithm 1: gradient penalty of "
            f"weight 10 between real and generated images. Departures: {schedule}Adam at 1e-4, "
            "betas 0 and 0.9; and BatchNorm, which the paper bans from D, is the architecture's "
            "matter.",
            d_loss=d_loss,
            g_loss=g_loss,
            penalty=gradient_penalty,
            wants={"d_steps": 5, "lr_g": 1e-4, "lr_d": 1e-4, "betas": (0.0, 0.9)},
        ),
    ]
