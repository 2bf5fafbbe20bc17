"""The shapes of a judge's weights: what a file must hold before anything is made of it."""

from __future__ import annotations

from collections.abc import Iterator

WIDTHS = (32, 48, 64, 96, 128)  # channels after each convolution
FEATURES = 64

Shapes = dict[str, tuple[int, ...]]


def shapes_of(channels: int, size: int, values: int, factors: int = 1) -> Shapes:
    """The name and shape of every tensor of such a network."""
    return dict(_named(channels, size, values, factors))


def _named(
    channels: int, size: int, values: int, factors: int
) -> Iterator[tuple[str, tuple[int, ...]]]:
    widths = (channels, *WIDTHS)
    for k, width in enumerate(WIDTHS):
        yield f"convs.{k}.weight", (width, widths[k], 3, 3)
        for part in ("weight", "bias", "running_mean", "running_var"):
            yield f"norms.{k}.{part}", (width,)
        yield f"norms.{k}.num_batches_tracked", ()
    yield "embed.weight", (FEATURES, WIDTHS[-1] * (-(-size // 8)) ** 2)
    yield "embed.bias", (FEATURES,)
    yield "heads.weight", (1 + values * factors, FEATURES)
    yield "heads.bias", (1 + values * factors,)
