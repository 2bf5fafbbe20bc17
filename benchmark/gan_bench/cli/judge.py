"""`gan-bench judge`: train a judge of one's own classes, so that modes can be counted."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from rich.console import Console

from gan_bench.base.escape import plain
from gan_bench.cli import options
from gan_bench.cli.data_options import DATA, HOW, WHICH, request_of
from gan_bench.cli.options import OUTPUT
from gan_bench.cli.output import emit, instead, say
from gan_bench.cli.values import OUT_FILE, Name, Whole
from gan_bench.run.names import catalogue_for

if TYPE_CHECKING:
    from gan_bench.data.cache import Prepared
    from gan_bench.measure.judging.judge_file import Header
    from gan_bench.run.request import Request

TRAINING = "Training"
SIZES = Whole(16, 128)


def _data_options(command: Any) -> Any:
    for option in reversed((*WHICH[1:], *HOW[1:])):
        command = option(command)
    return command


def _multiple_of_four(ctx: click.Context, param: click.Parameter, size: int) -> int:
    if size % 4:
        raise click.BadParameter(f"{size} is no multiple of 4", ctx, param)
    return size


@click.command(
    epilog=options.examples(
        "gan-bench judge animals/ --out animals.judge",
        "gan-bench run --data animals/ --judge animals.judge",
    )
)
@click.argument(
    "data",
    type=Name("dataset", or_path=True),
    metavar="FOLDER|ZIP|NAME",
    panel=DATA,
    help="The images: a folder or zip with a folder for each class, or a named data set with "
    "labels.",
)
@_data_options
@click.option(
    "--size",
    type=SIZES,
    default=32,
    callback=_multiple_of_four,
    metavar="PX",
    panel=TRAINING,
    help="Side at which the judge looks at images, a multiple of 4. It judges images of every "
    "size.",
)
@click.option(
    "--steps",
    type=Whole(10, 100_000),
    default=1000,
    metavar="N",
    panel=TRAINING,
    help="Length of the training in batches of 96 images, 10 or more.",
)
@click.option(
    "--seed",
    type=Whole(0),
    default=0,
    metavar="N",
    panel=TRAINING,
    help="Seed: equal seeds give equal judges.",
)
@options.plugin(DATA)
@click.option(
    "-o",
    "--out",
    type=OUT_FILE,
    metavar="FILE",
    required=True,
    panel=OUTPUT,
    help="Required. File for the judge.",
)
@options.DEBUG
@options.HELP
def judge(size: int, steps: int, seed: int, out: Path, max_bad: float, **asked: Any) -> None:
    """Train a judge that names the class of an image, or rejects it.

    With it `gan-bench run --judge FILE` counts how many of the classes a generator makes, and says
    how evenly. The judge is tested on the held-out images, and is written only if it names 90 % of
    them rightly. It is trained on the CPU.
    """
    if out.exists() and os.path.exists(asked["data"]) and out.samefile(asked["data"]):
        raise click.BadParameter(f"{out} has the images: give another file", param_hint="'--out'")
    request = request_of({**asked, "size": size, "max_bad": max_bad})
    from gan_bench.contract.errors import DataError
    from gan_bench.measure.judging.judge_file import write_judge
    from gan_bench.measure.judging.training import train_judge

    prepared = _prepared(request)
    with Console(stderr=True).status("training the judge") as status:

        def progress(step: int, loss: float) -> None:
            status.update(f"training the judge: step {step:,} of {steps:,}, loss {loss:.2f}")

        trained = train_judge(prepared, size, steps, seed, progress)
    lines = lines_of(trained.header)
    emit("".join(f"{title:<10}{plain(words)}\n" for title, words in lines))
    if trained.refusal:
        raise DataError(trained.refusal)
    if trained.header.warning:
        say(f"warning: {trained.header.warning}")
    replaced = instead(out)
    digest = write_judge(out, trained.header, trained.tensors)
    emit(f"written   {out} (sha256 {digest[:16]}){replaced}\n")
    data = ["--data", str(asked["data"])]
    if asked.get("data_root"):
        data += ["--data-root", str(asked["data_root"])]
    say(f"to count modes: {shlex.join(['gan-bench', 'run', *data, '--judge', str(out)])}")


def _prepared(request: Request) -> Prepared:
    """The images at the size of the judge, with their labels."""
    from gan_bench.data.cache import check_bad, prepare
    from gan_bench.run.plan import data_of
    from gan_bench.run.progress import preparing

    source, sides, notes = data_of(request, catalogue_for(request))
    console = Console(stderr=True)
    for note in notes:
        say(note, console)
    with preparing(console, source.dataset.name) as progress:
        prepared = prepare(source, sides, progress)
    check_bad(prepared, request.max_bad)
    return prepared


def lines_of(header: Header) -> list[tuple[str, str]]:
    """How good a judge is, as titles and texts."""
    from gan_bench.base.text import number, percent, plural

    held_out = plural(header.held_out, "held-out image")
    lines = [
        ("classes", f"{len(header.classes)}: {', '.join(header.classes)}"),
        (
            "accuracy",
            f"{percent(header.accuracy, 3)} of {held_out}; a rejected one counts as wrong",
        ),
        ("rejected", f"{percent(header.rejected, 3)} of them"),
    ]
    if header.rejected < 1:  # else it names no class of which it could be sure
        error = f"{number(header.calibration_error, 3)}, the calibration error on them"
        lines.append(("ECE", error))
    if header.least_rejected:
        kind, least = header.least_rejected
        often = f"{percent(least, 3)} or more of each kind are rejected, {kind} least often"
        lines.append(("spoilt", often if least < 1 else "all are rejected, of every kind"))
    return lines
