"""`gan-bench sample`: images of a trained generator."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from gan_bench.base.text import plural
from gan_bench.cli import generator_options as shared
from gan_bench.cli import options
from gan_bench.cli.options import OUTPUT
from gan_bench.cli.output import instead, say
from gan_bench.cli.values import OUT, Whole


@click.command(
    epilog=options.examples(
        "gan-bench sample dcgan/minimax/seed0 --out faces.png",
        "gan-bench sample dcgan/minimax/seed0 --n 2000 --seed 1 --each --out faces/",
    )
)
@shared.CELL
@shared.WHERE
@shared.BEST
@shared.PLUGIN
@click.option(
    "--n",
    "count",
    type=Whole(1, 1_000_000),
    metavar="N",
    panel=shared.GENERATOR,
    help="Images to make. Default: 64, or eight of each class.",
)
@shared.SEED
@shared.CLASS
@click.option(
    "--grid/--each",
    default=True,
    panel=OUTPUT,
    help="--grid: all images in one PNG, enlarged if they are small. --each: a PNG for each image "
    "as it is, in a folder.",
)
@click.option(
    "-o",
    "--out",
    type=OUT,
    metavar="PATH",
    required=True,
    panel=OUTPUT,
    help="PNG to write; with --each, a new or empty folder.",
)
@options.DEBUG
@options.HELP
def sample(
    cell: Path,
    results: Path,
    best: bool,
    plugins: tuple[Path, ...],
    count: int | None,
    seed: int,
    chosen: str | None,
    grid: bool,
    out: Path,
) -> None:
    """Make images with a trained generator.

    Every row of a grid of a conditional generator is one class, and every column one z.
    """
    cell = shared.found(cell, results)
    from gan_bench.train.class_names import class_number, class_text, made_text
    from gan_bench.train.sampling import count_for, sample_latents, write_each, write_grid

    G = shared.read_generator(cell, best, plugins)
    number = class_number(G, chosen)
    count = count or count_for(G, number)
    replaced = instead(out) if grid else ""
    given = sample_latents(G, count, seed, number)
    (write_grid if grid else write_each)(G, given, out)
    of = "" if given.labels is None else f", {made_text(G, given.labels.tolist())}"
    of = of if number is None else f", class {class_text(G, number)}"
    say(f"{plural(count, 'image')} of {G.label}{of}, seed {seed}: {out}{replaced}")
