"""`gan-bench interpolate`: a walk through z, as a moving picture."""

from __future__ import annotations

from pathlib import Path

import rich_click as click
from rich.console import Console

from gan_bench.base.text import plural, size
from gan_bench.cli import generator_options as shared
from gan_bench.cli import options
from gan_bench.cli.output import instead, say
from gan_bench.cli.values import Whole

WALK = "Walk"


@click.command(
    epilog=options.examples(
        "gan-bench interpolate dcgan/minimax/seed0 --out walk.gif",
        "gan-bench interpolate dcgan/minimax/seed0 dense/minimax/seed0 --n 4 --out walk.mp4",
    )
)
@shared.CELLS
@shared.WHERE
@shared.BEST
@shared.PLUGIN
@shared.SEED
@shared.CLASS
@click.option(
    "--steps",
    type=Whole(2, 2000),
    default=60,
    metavar="N",
    panel=WALK,
    help="Frames of the walk, of which 20 are shown in a second. It ends where it began.",
)
@click.option(
    "--points",
    type=Whole(2, 100),
    default=3,
    metavar="N",
    panel=WALK,
    help="Random z that it passes.",
)
@click.option(
    "--n",
    "count",
    type=Whole(1, 64),
    default=1,
    metavar="N",
    panel=WALK,
    help="Walks to show at once, from different z.",
)
@shared.MOVING
@options.DEBUG
@options.HELP
def interpolate(
    cells: tuple[Path, ...],
    results: Path,
    best: bool,
    plugins: tuple[Path, ...],
    seed: int,
    chosen: str | None,
    steps: int,
    points: int,
    count: int,
    out: Path,
) -> None:
    """Show how the images of trained generators change on a walk through z.

    The walk is spherical: it goes from one random z to the next on an arc. Several cells are shown
    side by side, on the same walk.
    """
    cells = tuple(shared.found(cell, results) for cell in cells)
    from gan_bench.report.animation import FPS, check_ending, moving, walk_frames
    from gan_bench.results.atomic import make_folder, write_bytes
    from gan_bench.train.class_names import class_number, class_text
    from gan_bench.train.walk import walks

    check_ending(out)
    generators = [shared.read_generator(cell, best, plugins) for cell in cells]
    numbers = [class_number(G, chosen) for G in generators]
    with Console(stderr=True).status("walking"):
        each = zip(generators, numbers, strict=True)
        seen = [(G.label, walks(G, count, points, steps, seed, number)) for G, number in each]
        content = moving(walk_frames(seen), out.suffix, [1 / FPS] * steps)
    make_folder(out.absolute().parent)
    replaced = instead(out)
    write_bytes(out, content)
    made = f"{plural(steps, 'frame')} of {plural(len(cells), 'cell')}"
    if numbers[0] is not None:
        made += f", class {class_text(generators[0], numbers[0])}"
    say(f"{made}: {out} ({size(len(content))}){replaced}")
