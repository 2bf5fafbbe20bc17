"""`gan-bench timelapse`: a training as a moving picture."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from gan_bench.base.text import plural, size
from gan_bench.cli import generator_options as shared
from gan_bench.cli import options
from gan_bench.cli.output import instead, say
from gan_bench.cli.values import PATH


@click.command(
    epilog=options.examples(
        "gan-bench timelapse dcgan/minimax/seed0 --out training.gif",
        "gan-bench timelapse dcgan/minimax/seed0 --out training.mp4",
    )
)
@click.argument(
    "cell",
    type=PATH,
    metavar="CELL",
    panel=shared.GENERATOR,
    help="The cell as architecture/loss/seed0, or the path of its folder. It need not be done.",
)
@shared.WHERE
@shared.MOVING
@options.DEBUG
@options.HELP
def timelapse(cell: Path, results: Path, out: Path) -> None:
    """Show the samples of a cell at every tick, one after another.

    They are those that the training left: the same z at every tick.
    """
    from gan_bench.report.animation import check_ending, moving
    from gan_bench.report.timelapse import timelapse as frames_of
    from gan_bench.results.atomic import make_folder, write_bytes

    check_ending(out)
    frames, seconds = frames_of(shared.found(cell, results))
    content = moving(frames, out.suffix, seconds)
    make_folder(out.absolute().parent)
    replaced = instead(out)
    write_bytes(out, content)
    say(f"{plural(len(frames), 'tick')}: {out} ({size(len(content))}){replaced}")
