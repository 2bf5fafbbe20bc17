"""`gan_bench.branch(...)` and `autopsy(...)`: a cell trained on from a tick with changes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gan_bench.api.asking import checked_by
from gan_bench.api.shown import Shown
from gan_bench.base.text import plural
from gan_bench.report import autopsy as examined
from gan_bench.report import branches as kept
from gan_bench.report.shown_summary import ShownSummary

if TYPE_CHECKING:
    import pandas as pd

Text = str | os.PathLike[str]
Names = str | Iterable[str]


class Branches(Shown):
    """The branches of a cell from one tick, beside the cell. A notebook shows their table."""

    def __init__(self, branches: kept.Branches) -> None:
        self._branches = branches

    @property
    def cell(self) -> Path:
        """The folder of the cell."""
        return self._branches.cell

    @property
    def at(self) -> float:
        """The kimg of the tick at which they begin."""
        return self._branches.kimg

    def frame(self) -> pd.DataFrame:
        """One row a branch; the first one is the cell itself, whose `changes` are None.

        Columns: changes (a dictionary), index (0: the cell's own order of images and z), status,
        verdict_kimg, reason, score, same_bytes, folder.
        """
        import pandas as pd

        return pd.DataFrame(self.document()["branches"])

    def document(self) -> dict[str, Any]:
        """What `gan-bench branch --json` prints."""
        return self._branches.document()

    def table(self) -> ShownSummary:
        """The table; prints as text, renders in a notebook."""
        return ShownSummary(self._branches.summary())

    def __repr__(self) -> str:
        branches = plural(len(self._branches.rows) - 1, "branch", "branches")
        return f"<Branches of {self._branches.label} from {self.at:g} kimg: {branches}>"


class Autopsy(Shown):
    """What saved trainings that had failed. A notebook shows the table."""

    def __init__(self, autopsy: examined.Autopsy, sheets: list[Path]) -> None:
        self._autopsy = autopsy
        self.sheets = tuple(sheets)  # a picture of each cell beside its branches

    @property
    def answer(self) -> str:
        """What was found, in a sentence or two."""
        return examined.answer(self._autopsy)

    def frame(self) -> pd.DataFrame:
        """One row a branch.

        Columns: cell, remedy, order, status, verdict_kimg, folder.
        """
        import pandas as pd

        return pd.DataFrame(self.document()["branches"])

    def shares(self) -> pd.DataFrame:
        """One row a remedy, the control first.

        Columns: remedy, saved, tried, cells, share, low, high, with_it_only, without_it_only. `low`
        and `high` are the 95 % interval of the share.
        """
        import pandas as pd

        table = pd.DataFrame(self.document()["shares"])
        ends = pd.DataFrame(table["interval"].tolist(), columns=["low", "high"])
        place = table.columns.get_loc("interval")
        return pd.concat([table.iloc[:, :place], ends, table.iloc[:, place + 1 :]], axis=1)

    def document(self) -> dict[str, Any]:
        """What `gan-bench autopsy --format json` prints."""
        return examined.document(self._autopsy)

    def table(self) -> ShownSummary:
        """The tables; print as text, render in a notebook."""
        return ShownSummary(examined.summary(self._autopsy))

    def __repr__(self) -> str:
        return f"<Autopsy of {', '.join(each.label for each in self._autopsy.patients)}>"


def branch(
    cell: Text,
    *,
    at: float,
    changes: Mapping[str, Any] | str | Iterable[str] = (),
    seeds: int = 1,
    data: Text | None = None,
    weights: Text | Mapping[str, Text] | None = None,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
    engine: str | None = None,
    jobs: int | None = None,
    cpus_per_cell: float | None = None,
    gpus_per_cell: float | None = None,
    address: str | None = None,
    partition: str | None = None,
    minutes_per_cell: float | None = None,
    plugins: Text | Iterable[Text] = (),
    results: Text = "results",
    quiet: bool = False,
) -> Branches:
    """Train a cell on from one of its ticks, with something changed, and as often unchanged.

    `cell` is its label, architecture/loss/seed0, or its folder; `changes` is a dictionary such as
    {"lr_d": 1e-4, "d_steps": 2}. The arguments are the options of `gan-bench branch`, which
    `gan-bench branch --help` describes. No leaderboard ranks the branches: `load("results")[0]
    .branches(cell)` has them. Raises GanBenchError.
    """
    asked = dict(locals())
    from gan_bench.cli.branch import branch as command

    return _branch(**checked_by(command, asked))


def _branch(
    cell: str,
    at: float,
    changes: tuple[str, ...],
    seeds: int,
    results: Path,
    quiet: bool,
    **asked: Any,
) -> Branches:
    from gan_bench.api.shown import progress_console
    from gan_bench.results.finding import find_cell
    from gan_bench.run.plan_measuring import MeasureRequest
    from gan_bench.run.resources import resources_of
    from gan_bench.run.whole_branching import branch as train

    request = MeasureRequest(resources=resources_of(asked), **asked)
    found, console = find_cell(results, cell), progress_console(quiet)
    return Branches(kept.branches_of(train(found, at, changes, seeds, request, console)))


def autopsy(
    cells: Text | Iterable[Text],
    *,
    remedies: Names = (),
    seeds: int = 4,
    at: float | None = None,
    data: Text | None = None,
    weights: Text | Mapping[str, Text] | None = None,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
    engine: str | None = None,
    jobs: int | None = None,
    cpus_per_cell: float | None = None,
    gpus_per_cell: float | None = None,
    address: str | None = None,
    partition: str | None = None,
    minutes_per_cell: float | None = None,
    plugins: Text | Iterable[Text] = (),
    results: Text = "results",
    quiet: bool = False,
) -> Autopsy:
    """Ask what would have saved a training that failed: remedies tried from before its verdict.

    `cells` is the label or the folder of a cell, or several. The arguments are the options of
    `gan-bench autopsy`, which `gan-bench autopsy --help` describes. The same call goes on after an
    interruption. Raises GanBenchError.
    """
    asked = dict(locals())
    from gan_bench.cli.autopsy import autopsy as command

    return _autopsy(**checked_by(command, asked))


def _autopsy(
    cells: tuple[str, ...],
    remedies: tuple[str, ...],
    seeds: int,
    at: float | None,
    results: Path,
    quiet: bool,
    **asked: Any,
) -> Autopsy:
    from gan_bench.api.shown import progress_console
    from gan_bench.report.autopsy_sheet import write_sheets
    from gan_bench.results.finding import find_cell
    from gan_bench.run.plan_measuring import MeasureRequest
    from gan_bench.run.resources import resources_of
    from gan_bench.run.whole_autopsy import examine

    request = MeasureRequest(resources=resources_of(asked), **asked)
    folders = list(dict.fromkeys(find_cell(results, cell) for cell in cells))
    console = progress_console(quiet)
    found = examined.autopsy_of(examine(folders, remedies, seeds, at, request, console))
    return Autopsy(found, write_sheets(found))
