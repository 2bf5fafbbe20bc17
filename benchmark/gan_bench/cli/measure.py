"""`gan-bench measure`: score trained cells in another way, without training them again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from rich.console import Console

from gan_bench.cli import options
from gan_bench.cli.engine_options import with_engine
from gan_bench.cli.values import IMAGES, PATH, Number

if TYPE_CHECKING:
    from gan_bench.run.plan_measuring import PlannedMeasuring
    from gan_bench.run.progress import Watch

MEASURE = "How to measure"
RUNNING = "Running"
AS_TRAINED = "Default: as the cells were measured when they were trained."


@click.command(
    epilog=options.examples(
        "gan-bench measure --metric fid --feature-weights inception.pth --samples 10000",
        "gan-bench measure results --reference held-out --jobs 2",
    )
)
@options.folder_of_boards(MEASURE, "Measure the cells of this protocol only.")
@options.names(
    "--features",
    kind="features",
    panel=MEASURE,
    help="Network to measure images with.",
    default=AS_TRAINED,
)
@options.names(
    "--metric",
    "metrics",
    kind="metric",
    panel=MEASURE,
    help="Metrics to compute. The first one ranks the table.",
    default=AS_TRAINED,
)
@click.option(
    "--samples",
    type=IMAGES,
    metavar="N",
    panel=MEASURE,
    help=f"Images to generate for the metrics, 10 or more. {AS_TRAINED}",
)
@click.option(
    "--reference",
    type=click.Choice(["train", "held-out"]),
    panel=MEASURE,
    help=f"Real images to compare with. {AS_TRAINED}",
)
@options.weights(MEASURE)
@click.option(
    "--judge",
    metavar="FILE",
    type=PATH,
    panel=MEASURE,
    help="Judge that names the mode of an image, made by `gan-bench judge`.",
)
@options.data_now(MEASURE)
@options.device(RUNNING, "measure")
@with_engine(RUNNING, "measure", "what started them to train, if it is here.")
@click.option(
    "--cell-timeout",
    "timeout",
    type=Number(0, 1e8, min_open=True),
    metavar="SECONDS",
    panel=RUNNING,
    help="Stop a cell that takes longer and go on without its scores. Default: no limit.",
)
@options.plugin(RUNNING)
@click.option("--again", is_flag=True, panel=RUNNING, help="Measure again what has scores.")
@options.as_json("Print the leaderboards as JSON.")
@options.QUIET
@options.DEBUG
@options.HELP
def measure(
    results: Path,
    protocol: str | None,
    again: bool,
    as_json: bool,
    quiet: bool,
    **asked: Any,
) -> None:
    """Score trained cells in another way, without training them again.

    Reads the weights that each cell kept, and writes the scores beside its record. The same command
    goes on where it was stopped. `gan-bench report` shows a table for each way of measuring.
    """
    from gan_bench.base.text import plural
    from gan_bench.cli.output import say, typed
    from gan_bench.cli.run import SOME_CELLS_FAILED, naming_the_resume_command, show
    from gan_bench.contract.errors import GanBenchError, UsageError
    from gan_bench.report.chosen import protocols_in
    from gan_bench.run.at_the_door import check_asked

    check_asked(asked)
    folders = protocols_in(results, protocol)
    from gan_bench.run.plan_measuring import MeasureRequest
    from gan_bench.run.resources import resources_of
    from gan_bench.run.whole_measuring import plan_measure

    console = Console(stderr=True, quiet=quiet)
    request = MeasureRequest(resources=resources_of(asked), **asked)
    measured: list[PlannedMeasuring] = []
    code = 0
    with naming_the_resume_command():
        for folder in folders:
            try:
                planned, watch = plan_measure(folder, request, console)
            except GanBenchError as error:
                if len(folders) == 1:
                    raise
                say(str(error), console)  # the other protocols can be measured
                code = code if isinstance(error, UsageError) else error.exit_code
            else:
                _measure(planned, watch, again)
                measured.append(planned)
    if not measured:
        raise UsageError(f"nothing was measured in {results}: see above")
    show(results, [each.board for each in measured], "json" if as_json else None, console)
    if failures := sum(each.failed() for each in measured):
        say(f"{plural(failures, 'cell')} could not be measured; to try again:\n{typed()}")
        code = SOME_CELLS_FAILED
    sys.exit(code)


def _measure(planned: PlannedMeasuring, watch: Watch, again: bool) -> None:
    """Measure the cells of one protocol; a signal is answered before it is obeyed."""
    from gan_bench.cli.run import naming_it_after_storage_errors, stopping_gently
    from gan_bench.run.whole_measuring import measure_cells

    with naming_it_after_storage_errors():
        measure_cells(planned, watch, again, stopping_gently)
