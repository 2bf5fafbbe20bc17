"""The network of a judge, and how it learns."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, dropout
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gan_bench.measure.judging.examples import PER_KIND, SPOILERS, Examples, augmented, spoilt
from gan_bench.measure.judging.shapes import FEATURES, WIDTHS

STRIDES = (2, 1, 2, 1, 2)  # of the 3 x 3 convolutions
BATCH = 96


class Network(nn.Module):
    """Five convolutions, F = 64 features, and linear heads on these.

    The first logit accepts the image; `values` more for each factor say which value it has.
    """

    def __init__(self, channels: int, size: int, values: int, factors: int = 1) -> None:
        super().__init__()
        self.values = values
        widths = (channels, *WIDTHS)
        self.convs = nn.ModuleList(
            nn.Conv2d(widths[k], widths[k + 1], 3, stride, 1, bias=False)
            for k, stride in enumerate(STRIDES)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in WIDTHS)
        self.embed = nn.Linear(WIDTHS[-1] * (-(-size // 8)) ** 2, FEATURES)
        self.heads = nn.Linear(FEATURES, 1 + values * factors)

    def features(self, x: Tensor) -> Tensor:
        """(N, C, S, S) in [0, 1] -> (N, 64)."""
        x = x * 2 - 1
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = norm(conv(x)).relu()
        features: Tensor = self.embed(dropout(x.flatten(1), 0.2, self.training))
        return features

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, S, S) in [0, 1] -> (N, 1 + values x factors) logits."""
        logits: Tensor = self.heads(self.features(x))
        return logits


def learnt(
    net: Network,
    examples: Examples,
    steps: int,
    strength: float,
    progress: Callable[[int, float], None] = lambda *_: None,
) -> Network:
    """The network trained with AdamW on a one-cycle schedule: the average of its late weights.

    `progress` gets the number of each step and its loss.
    """
    net = net.train().to(memory_format=torch.channels_last)
    # a short training must not keep the weights that it began with
    averaging = get_ema_multi_avg_fn(min(0.99, 1 - 10 / steps))  # type: ignore[no-untyped-call]
    mean = AveragedModel(net, multi_avg_fn=averaging, use_buffers=True)
    optimiser = torch.optim.AdamW(net.parameters(), weight_decay=0.02)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps, pct_start=0.15)
    for step in range(steps):
        real, to_spoil = examples.batch(BATCH), examples.batch(len(SPOILERS) * PER_KIND)
        loss = loss_of(net, *real, *to_spoil, strength)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        cycle.step()
        mean.update_parameters(net)
        if step % 100 == 0:
            progress(step, loss.item())
    return cast("Network", mean.module.eval())


def loss_of(
    net: Network, x: Tensor, values: Tensor, y: Tensor, y_values: Tensor, strength: float
) -> Tensor:
    """Cross entropy of acceptance, for all images, and of the factors, for the real ones."""
    none = spoilt(augmented(y, strength), y_values)
    images = torch.cat([augmented(x, strength), none])
    with torch.autocast("cpu", torch.bfloat16):  # twice as fast, and the heads are averaged anyway
        logits = net(images.contiguous(memory_format=torch.channels_last)).float()
    real = (torch.arange(len(logits)) < len(x)).float()
    factors = logits[: len(x), 1:].reshape(len(x), -1, net.values)
    named = cross_entropy(factors.flatten(0, 1), values.flatten(), label_smoothing=0.02)
    return named + binary_cross_entropy_with_logits(logits[:, 0], real)
