"""`gan-bench score`: measure images and generators that were not made by a run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from rich.console import Console
from rich.text import Text

from gan_bench.base.escape import plain
from gan_bench.cli import generator_options, options
from gan_bench.cli.data_options import DATA, MAX_BAD, Size
from gan_bench.cli.output import emit, page, say
from gan_bench.cli.values import IMAGES, Name, Whole, Word
from gan_bench.run.names import catalogue_for

if TYPE_CHECKING:
    from gan_bench.run.compare import Comparison

MEASURE, LIKE = "Measuring", "Row of an existing table"
ONLY_WITHOUT = ("size", "features", "metrics", "samples", "preset")  # which a protocol decides


@click.command(
    epilog=options.examples(
        "gan-bench score real/ generated/",
        "gan-bench score mine=generated/ theirs=G.onnx --like faces-64px",
    )
)
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    type=Word(),
    metavar="REAL GENERATED | [NAME=]PATH...",
    panel=DATA,
    help="Two sets of images, each a folder, a zip, a .npy or a .npz file: the real ones, and "
    "those to score. With --like: what to score; also a generator (.safetensors or the folder of "
    "a cell, TorchScript, .onnx) or the name of a plugin's entry.",
)
@click.option(
    "--like",
    metavar="PROTOCOL",
    type=Word(),
    panel=LIKE,
    help="Score by the evaluation of this protocol, and show it in its table: its folder, or the "
    "beginning of its name in --results.",
)
@options.data_now(LIKE, "the images of this protocol")
@generator_options.z_dim(LIKE)
@generator_options.trust(LIKE)
@click.option(
    "--seed",
    type=Whole(0),
    default=0,
    metavar="N",
    panel=LIKE,
    help="Seed of the z that a generator gets; the folder of a cell has its own.",
)
@options.replace(LIKE)
@options.results("Folder of the results in which --like is looked for.")
@click.option(
    "--size",
    type=Size(),
    metavar="PX|WxH",
    panel=DATA,
    help="Size at which the images are compared. Larger ones are made smaller, by the rule of "
    "`run`; none is enlarged. Default: the size of the images.",
)
@MAX_BAD
@options.names(
    "--features",
    kind="features",
    panel=MEASURE,
    help="Networks to measure images with. The second one gives a second opinion.",
)
@options.names("--metric", "metrics", kind="metric", panel=MEASURE, help="Metrics to compute.")
@click.option(
    "--samples",
    type=IMAGES,
    metavar="N",
    panel=MEASURE,
    help="Compare so many images of each set, 10 or more, evenly spread over it. Default: all.",
)
@click.option(
    "--preset",
    type=Name("preset"),
    metavar="NAME",
    panel=MEASURE,
    help="Preset whose features and metrics are taken. Default: the one that is meant for this.",
)
@options.weights(MEASURE)
@options.device(MEASURE, "measure")
@options.plugin(MEASURE)
@options.as_json("Print one JSON document.")
@options.DEBUG
@options.HELP
def score(
    paths: tuple[str, ...],
    like: str | None,
    results: Path,
    data: Path | None,
    z_dim: int | None,
    trust: bool,
    seed: int,
    replace: bool,
    as_json: bool,
    **asked: Any,
) -> None:
    """Score images and generators that were made elsewhere.

    Two sets of images are compared: how far they are apart, how real and how varied the generated
    ones are, and how many are copies, with standard errors. FID needs the original Inception-v3
    weights: they are downloaded, or given with --feature-weights. Without them the distances are
    measured on other features and have other names, since they cannot be compared with FID.

    With --like, each PATH becomes a row of the table of a protocol that was trained here.
    """
    if like is not None:
        _refuse_others(asked)
        names = ("device", "plugins", "weights", "max_bad")
        how = {"data": data, "z_dim": z_dim, "trust": trust, "seed": seed}
        how |= {"replace": replace}
        how |= {name: asked[name] for name in names}
        _score_like(paths, like, results, how, as_json)
        return
    if len(paths) != 2:
        raise click.UsageError(
            "give two sets of images, the real ones and those to score, or --like PROTOCOL"
        )
    only_with = {"--data": data, "--z-dim": z_dim, "--trust": trust, "--replace": replace}
    if given := [option for option, value in only_with.items() if value]:
        raise click.UsageError(f"{given[0]} is for --like PROTOCOL")
    from gan_bench.run.at_the_door import check_images, check_request
    from gan_bench.run.request import Request

    request = Request(**asked)
    check_request(request)
    real, generated = (Path(os.path.expanduser(path)) for path in paths)
    for path in (real, generated):
        check_images(path)
    from gan_bench.run.compare import compare

    with _showing("reading the images") as progress:
        compared = compare(real, generated, request, catalogue_for(request), progress)
    if as_json:
        emit(json.dumps(compared.document(), indent=2, allow_nan=False) + "\n")
    else:
        _print(compared)


def _refuse_others(asked: dict[str, Any]) -> None:
    """UsageError for an option that the protocol decides."""
    given = [name for name in ONLY_WITHOUT if asked[name]]
    if given:
        option = {"metrics": "metric"}.get(given[0], given[0])
        raise click.UsageError(f"--{option}: the protocol of --like decides it: leave it out")


def _score_like(
    paths: tuple[str, ...], like: str, results: Path, how: dict[str, Any], as_json: bool
) -> None:
    """Score each path, and print the table of the protocol by its own evaluation."""
    from gan_bench.cli.report import default_style
    from gan_bench.report.chosen import folder_of

    home = folder_of(results, like)
    from gan_bench.report.formats import render
    from gan_bench.report.leaderboard import load
    from gan_bench.run.asked_entries import How, asked_for
    from gan_bench.run.entries import score_entries

    with _showing("reading the images") as progress:
        score_entries(home, [asked_for(path) for path in paths], How(**how), progress, say)
    boards = load(home)
    own = replace(boards, boards=[board for board in boards.boards if not board.evaluation])
    emit(render(own, "json" if as_json else default_style(), Path.cwd()))


@contextmanager
def _showing(first: str) -> Iterator[Callable[[str, int, int], None]]:
    """Show on a terminal what is being done."""
    with Console(stderr=True).status(first) as status:

        def progress(what: str, done: int, of: int) -> None:
            status.update(Text(plain(f"{what} {done:,} of {of:,}" if of else what)))

        yield progress


def _print(compared: Comparison) -> None:
    """The sets and the table on stdout; remarks on stderr."""
    from gan_bench.report.score_sheet import score_notes
    from gan_bench.report.shown_scores import print_scores

    with page() as console:
        print_scores(compared, console)
    for note in score_notes(compared):
        say(note)
