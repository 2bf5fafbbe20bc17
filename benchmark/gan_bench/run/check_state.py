"""The check that an offer keeps nothing which a checkpoint has not, also in a fresh process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from gan_bench.catalogue import Catalogue, load
from gan_bench.contract.offers import Architecture, Loss, Optimizer, Shape
from gan_bench.run.machine import Check
from gan_bench.run.reference_pair import REFERENCE, SCHEDULE, begun, images_of, logistic
from gan_bench.train.fresh import Fresh
from gan_bench.train.repeatable import Trial, check_repeatable


def check_state(
    catalogue: Catalogue, fresh: Fresh, shape: Shape, *offers: Architecture | Loss | Optimizer
) -> Check:
    """Train these offers a few steps, again, and after a save. Raises BadPair if bytes differ.

    An offer that is in no plugin cannot be loaded by the fresh process; this one resumes it then.
    """
    again = None
    if all(catalogue.maker(offer) for offer in offers):
        names = {type(offer): offer.name for offer in offers}
        again = partial(_trial_again, catalogue.files, names, shape)
    check_repeatable(_trial({type(offer): offer for offer in offers}, shape, again), fresh)
    detail = "the same steps, repeated or after a save, end in the same bytes"
    return Check(name="state", status="ok", detail=detail)


def _trial_again(files: Sequence[str], names: Mapping[type[Any], str], shape: Shape) -> Trial:
    """In a fresh process: the trial of the offers with these names."""
    catalogue = load(map(Path, files))
    return _trial({kind: catalogue.find(kind, name) for kind, name in names.items()}, shape)


def _trial(
    offers: Mapping[type[Any], Any], shape: Shape, again: Callable[[], Trial] | None = None
) -> Trial:
    """The trial of these offers, with our own in place of those that are not given."""
    pixels, labels = images_of(shape)
    arch, optimizer = offers.get(Architecture, REFERENCE), offers.get(Optimizer)
    loss = offers.get(Loss, logistic())
    return Trial(
        begin=lambda: begun(arch, shape, optimizer=optimizer, loss=loss),
        loss=loss,
        images=pixels,
        labels=labels,
        schedule=SCHEDULE,
        seed=0,
        again=again,
    )
