"""Losses whose states no recorded step, no checkpoint or no optimizer would treat well."""

import torch
from torch import nn

from gan_bench import Loss, hookimpl


class Mean(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(()))


def rebinds(step):
    step.state.mean = step.state.mean.lerp(step.on_real.logits.mean().detach(), 0.1)
    return (step.on_real.logits - step.state.mean).square().mean()


def keeps_gradient(step):
    step.state.mean.mul_(0.9).add_(step.on_real.logits.mean())
    return step.state.mean.square()


def centred(step):
    return step.on_real.logits.square().mean()


SHARED = Mean()
STATES = {"rebinds": Mean, "keeps-gradient": Mean, "shared": lambda: SHARED}
STATES |= {"instance": SHARED, "learns": lambda: nn.Linear(1, 1), "number": float}
PENALTIES = {"rebinds": rebinds, "keeps-gradient": keeps_gradient}


@hookimpl
def gan_bench_losses():
    given = {"d_loss": lambda real, fake: (1 - real).relu().mean() + (1 + fake).relu().mean()}
    given |= {"g_loss": lambda _, fake: -fake.mean(), "source": "mine"}
    penalties = {name: PENALTIES.get(name, centred) for name in STATES}
    return [Loss(name=n, state=STATES[n], penalty=penalties[n], **given) for n in STATES]
