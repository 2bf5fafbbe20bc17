"""Which architectures and losses of a choice can be trained on these images."""

from __future__ import annotations

from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import UsageError
from gan_bench.contract.offers import Loss
from gan_bench.contract.protocol import Data
from gan_bench.contract.usable import needs_labels
from gan_bench.run.choice import Choice


def suited(choice: Choice, data: Data, labelled: bool) -> tuple[list[str], list[str]]:
    """Names of the architectures that suit the images; notes on those of the preset that do not.

    UsageError if one that the user asked for does not, or none does.
    """
    name = data.name
    reasons = {
        each.name: needs_labels(each.name)
        if each.conditional and not labelled
        else each.unsuited(data.shape)
        for each in choice.architectures
    }
    unsuited = {name: reason for name, reason in reasons.items() if reason}
    if choice.request.architectures and unsuited:
        first, reason = next(iter(unsuited.items()))
        raise UsageError(f"--arch {first} does not suit {name}: {reason}")
    suited = [each for each in reasons if each not in unsuited]
    if not suited:
        raise UsageError(f"no architecture of the preset suits {name}: choose one with --arch")
    return suited, [f"{each} left out: {reason}" for each, reason in unsuited.items()]


def possible_losses(
    choice: Choice, catalogue: Catalogue, data: Data, labelled: bool
) -> tuple[tuple[str, ...], list[str]]:
    """The losses but for those of the preset that need labels which are not there; notes on these.

    UsageError if the user asked for one of them, or none is left.
    """
    reads = {name: catalogue.find(Loss, name).reads for name in choice.losses}
    unfit = [name for name in choice.losses if "labels" in reads[name] and not labelled]
    left = tuple(name for name in choice.losses if name not in unfit)
    if unfit and (choice.request.losses or not left):
        raise UsageError(f"--loss {unfit[0]} does not suit {data.name}: {needs_labels(unfit[0])}")
    return left, [f"{name} left out: {needs_labels(name)}" for name in unfit]
