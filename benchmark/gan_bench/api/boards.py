"""`gan_bench.load(...)`: the leaderboards of a results folder, as data and to look at."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from gan_bench.api.auditing import Audit, read_audit
from gan_bench.api.branching import Branches
from gan_bench.api.shown import Shown, Tables
from gan_bench.api.tuning import Study, read_study
from gan_bench.base.text import plural
from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.contract.protocol import Protocol
from gan_bench.contract.texts import number_of, path_text
from gan_bench.report import leaderboard
from gan_bench.report.answer import answer
from gan_bench.report.branches import branches_in_cell
from gan_bench.report.chosen import has_boards, studies_of
from gan_bench.report.shown_table import ShownTable
from gan_bench.results.finding import find_cell, name_of_cell
from gan_bench.results.layout import audits_in, sample_grids
from gan_bench.results.long_frames import read_curves, read_ticks
from gan_bench.results.reading import readable

if TYPE_CHECKING:
    import pandas as pd
    from PIL import Image

Named = str | os.PathLike[str]


def load(results: Named = "results", protocol: str | None = None) -> Boards:
    """Read the leaderboards, studies and audits of a results folder.

    `protocol` is the name of a protocol or its beginning: its leaderboards alone. So are those in
    the folder of a protocol. UsageError if there is nothing to read or the name is unknown.
    """
    folder = Path(path_text("results", results))
    protocol = protocol if protocol is None else path_text("protocol", protocol)
    homes, audited = studies_of(folder, protocol), [] if protocol else audits_in(folder)
    studies, faults = readable(read_study, homes)
    audits, more = readable(read_audit, audited)
    read = leaderboard.Boards([], [])
    if has_boards(folder, [*homes, *audited]):
        read = leaderboard.load(folder, protocol)
    boards = [Board(board) for board in read.boards]
    return Boards(boards, [*read.unreadable, *faults, *more], studies, audits)


class Board(Shown):
    """The leaderboard of one protocol, as it was when it was read. A notebook shows its table.

    A cell is named by its label, architecture/loss/seed0, or by the path of its folder.
    """

    def __init__(self, board: leaderboard.Board) -> None:
        self._board = board

    @property
    def slug(self) -> str:
        """The name of the protocol."""
        return self._board.slug

    @property
    def folder(self) -> Path:
        """The folder of the protocol."""
        return self._board.folder

    @property
    def protocol(self) -> Protocol:
        """The data, the schedule and the evaluation that all cells share."""
        return self._board.protocol

    @property
    def answer(self) -> str:
        """Who leads and how sure that is, what ended badly and what is not done: one sentence."""
        return answer(self._board)

    @property
    def cells(self) -> list[str]:
        """The labels of all cells: architecture/loss/seed<k>."""
        return [name_of_cell(folder) for folder in self._board.cells["folder"]]

    def frame(self) -> pd.DataFrame:
        """One row a cell, finished or not; see `gan_bench.results.frame.read_frame`.

        The columns are architecture, loss, seed, status, reason, one for each metric, "METRIC
        error" with its standard error, the best tick, cost, device and others. Entries are no
        cells: they stand in `table()` and `document()`.
        """
        return self._board.cells.copy()

    def curves(self) -> pd.DataFrame:
        """One row a point of a training curve.

        Columns: architecture, loss, seed, step, kimg, loss_d, loss_g, real_score, fake_score,
        grad_d, grad_g. StorageError if a curve cannot be read.
        """
        return read_curves(self.folder)

    def ticks(self) -> pd.DataFrame:
        """One row a tick of a cell: what was scored while it trained.

        Columns: architecture, loss, seed, step, kimg, the metrics of a tick, verdict, reason.
        StorageError if a file of ticks cannot be read.
        """
        return read_ticks(self.folder, [metric.name for metric in self.protocol.evaluation.watched])

    def table(self) -> ShownTable:
        """The leaderboard as `gan-bench report` shows it; prints as text, renders in a notebook."""
        return ShownTable([self._board])

    def samples(self, cell: Named, kimg: float | None = None) -> Image.Image:
        """The sample grid of a cell at its last tick, or at the tick nearest to `kimg`.

        StorageError if there is none or it cannot be read.
        """
        from PIL import Image

        home = self._find(cell)
        grids = sample_grids(home)
        if not grids:
            raise StorageError(f"{home} has no samples: its first tick makes some")
        if kimg is not None:
            wanted = number_of("kimg", kimg)
            grids.sort(key=lambda grid: abs(grid[0] - wanted), reverse=True)
        _, path = grids[-1]
        try:
            with Image.open(path) as grid:
                return grid.convert("RGB")
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise StorageError(f"cannot read {path}: {error}") from error

    def figures(self, out: Named, kind: Literal["pdf", "svg", "png"] = "pdf") -> list[Path]:
        """Draw figures for a paper, in two widths, and write their captions; the files in `out`.

        UsageError if the folder belongs to the results or there is nothing to draw; StorageError
        if a curve cannot be read or not all can be written: then none is.
        """
        from gan_bench.report.paper.files import draw_figures

        return draw_figures(self._board, kind, Path(path_text("out", out)))

    def branches(self, cell: Named) -> list[Branches]:
        """The branches of a cell that `branch` and `autopsy` made, one entry for each tick.

        StorageError if the plan of one cannot be read.
        """
        return [*map(Branches, branches_in_cell(self._find(cell)))]

    def generator(self, cell: Named, **how: Any) -> Any:
        """The trained generator of a cell, as `gan_bench.generator` gives it. Imports torch."""
        import gan_bench

        build: Any = gan_bench.generator
        return build(self._find(cell), **how)

    def measure(
        self,
        *,
        features: str | None = None,
        metrics: str | Iterable[str] = (),
        samples: int | None = None,
        reference: Literal["train", "held-out"] | None = None,
        weights: Named | Mapping[str, Named] | None = None,
        judge: Named | None = None,
        data: Named | None = None,
        device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
        engine: str | None = None,
        jobs: int | None = None,
        cpus_per_cell: float | None = None,
        gpus_per_cell: float | None = None,
        address: str | None = None,
        partition: str | None = None,
        minutes_per_cell: float | None = None,
        timeout: float | None = None,
        plugins: Named | Iterable[Named] = (),
        again: bool = False,
        quiet: bool = False,
    ) -> Board:
        """Score the trained cells in another way, as `gan-bench measure` does; that leaderboard.

        The arguments are the options of the command: `gan-bench measure --help` describes them.
        What has scores is not measured again, unless `again`. Raises GanBenchError.
        """
        asked = dict(locals())
        from gan_bench.api.adding import measure

        return load(self.folder, measure(self.folder, asked))[0]

    def score(
        self,
        entries: Named | Iterable[Named] | Mapping[str, Named],
        *,
        data: Named | None = None,
        z_dim: int | None = None,
        trust: bool = False,
        seed: int = 0,
        replace: bool = False,
        max_bad: float = 0.1,
        weights: Named | Mapping[str, Named] | None = None,
        device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
        plugins: Named | Iterable[Named] = (),
        quiet: bool = False,
    ) -> Board:
        """Score images and generators made elsewhere, as `gan-bench score --like` does.

        `entries` is a path, several of them, or a dictionary from the name of a row to its path.
        Returns the leaderboard of the protocol's own evaluation with the rows added. Raises
        GanBenchError.
        """
        asked = dict(locals())
        from gan_bench.api.adding import score_entries

        score_entries(self.folder, asked)
        return load(self.folder)[0]

    def _find(self, cell: Named) -> Path:
        return find_cell(self.folder, path_text("cell", cell))

    def __repr__(self) -> str:
        return f"<Board {self.slug}: {plural(len(self._board.cells), 'cell')}>"


class Boards(Shown, Sequence[Board]):
    """The leaderboards of a results folder, in the order of their names, and all else in it."""

    def __init__(
        self,
        boards: list[Board],
        unreadable: list[str],
        studies: Sequence[Study] = (),
        audits: Sequence[Audit] = (),
    ) -> None:
        self._boards = boards
        self.unreadable = tuple(unreadable)  # one sentence for each part that is left out
        self.studies = tuple(studies)  # of `gan-bench tune`
        self.audits = tuple(audits)  # of `gan-bench metrics audit`

    @overload
    def __getitem__(self, place: int | str) -> Board: ...
    @overload
    def __getitem__(self, place: slice) -> list[Board]: ...
    def __getitem__(self, place: int | str | slice) -> Board | list[Board]:
        """By place, or by the name of the board or its beginning (UsageError if unknown).

        A protocol's own board goes before those of the evaluations that were added to it.
        """
        if not isinstance(place, str):
            return self._boards[place]
        beginning = [board for board in self if board.slug.startswith(place)]
        exact = [board for board in beginning if board.slug == place]
        own = [board for board in beginning if board.slug == board.folder.name]
        matching = exact or own or beginning
        if len(matching) != 1:
            names = ", ".join(board.slug for board in self)
            raise UsageError(f"{len(matching)} boards begin with {place!r}; there are: {names}")
        return matching[0]

    def __len__(self) -> int:
        return len(self._boards)

    def __iter__(self) -> Iterator[Board]:
        return iter(self._boards)

    def table(self) -> Tables:
        """All leaderboards and studies as `gan-bench report` shows them."""
        boards = ShownTable([board._board for board in self], list(self.unreadable))
        shown = [boards] if self._boards or self.unreadable else []
        return Tables([*shown, *(study.table() for study in self.studies)])

    def __repr__(self) -> str:
        return f"<Boards: {', '.join(each.slug for each in (*self, *self.studies, *self.audits))}>"
