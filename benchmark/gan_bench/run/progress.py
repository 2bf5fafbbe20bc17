"""What people see while a run goes: a live view on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from rich import progress as bars
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from gan_bench.base.escape import plain
from gan_bench.base.text import number
from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import Cell, Protocol
from gan_bench.data.reporting.report import kinds_text
from gan_bench.results.layout import CELL, RECORD, label_of
from gan_bench.results.measurements import read_measurement
from gan_bench.results.reading import read_model
from gan_bench.results.records import Record, Score, read_record
from gan_bench.run.energy import EnergyMeter
from gan_bench.run.states import CellReader, State
from gan_bench.run.time_left import time_left
from gan_bench.run.view import Name, Shown, plain_lines, verdict_text, view

if TYPE_CHECKING:
    from gan_bench.data.cache import Prepared

LINE_SECONDS = 30.0
REFRESHES_PER_SECOND = 2
SLOW_LOOK = 0.1  # seconds; a look at thousands of cells takes longer, and is not repeated at once
REST = 10  # times as long as such a look has taken, until the next one


class Watch:
    """Shows the cells of one run while an engine works on them, `jobs` at once.

    `jobs` None: not known; as many as are at work. `since`: when the run began, in seconds since
    1970; None: now. `name` is what a cell is called.
    """

    def __init__(
        self,
        console: Console,
        protocol: Protocol,
        folders: list[Path],
        jobs: int | None = 1,
        since: float | None = None,
        name: Name = label_of,
    ) -> None:
        self.console = console
        self.name = name
        self.protocol = protocol
        self.folders = folders
        self._jobs = jobs
        self._since = time.time() if since is None else since
        self._readers: dict[Path, CellReader] = {}
        self._reading = threading.Lock()  # the live view reads in a thread of its own
        self._meter: EnergyMeter | None = None
        self._last: tuple[float, Shown] | None = None  # what is shown, and until when it stays

    @property
    def jobs(self) -> int:
        """How many cells are at work at once."""
        return self._jobs or max(1, sum(state.at_work for state in self.states()))

    @property
    def is_live(self) -> bool:
        """Whether there is a terminal that can erase what it shows."""
        return self.console.is_terminal and not self.console.is_dumb_terminal

    def states(self) -> list[State]:
        """The states of all cells, in the order of the plan."""
        with self._reading:
            for folder in self.folders:
                if folder not in self._readers:
                    self._readers[folder] = CellReader(folder, self.protocol, self._since)
            return [self._readers[folder].state() for folder in self.folders]

    @contextmanager
    def showing(self) -> Iterator[None]:
        """Show what happens until the block ends; then nothing of the live view stays."""
        if any(map(_is_on_gpu, self.folders)):
            self._meter = EnergyMeter()
        if self.is_live:
            with Live(
                get_renderable=self.view,
                console=self.console,
                refresh_per_second=REFRESHES_PER_SECOND,
                transient=True,
            ):
                yield
        else:
            with _every(LINE_SECONDS, self.lines):
                yield
        if self._meter and (energy := self._meter.text()):
            self.say(f"energy: {energy}")

    def view(self) -> Group:
        """What the live view shows now."""
        return view(self._shown(), self.console.width, self.console.height)

    def lines(self) -> None:
        """One plain line about the whole run, and one about each cell at work."""
        for line in plain_lines(self._shown()):
            self.say(line)

    def _shown(self) -> Shown:
        """What is shown now. To look at many cells takes a tenth of the time at most."""
        began = time.monotonic()
        if self._last is None or began >= self._last[0]:
            shown = self._look()
            took = time.monotonic() - began
            rest = REST * took if took > SLOW_LOOK else 0.0
            self._last = began + took + rest, shown
        return self._last[1]

    def _look(self) -> Shown:
        states = self.states()
        jobs = self._jobs or max(1, sum(state.at_work for state in states))
        return Shown(
            self.protocol,
            states,
            time_left(states, self.protocol, jobs, self._since),
            self._meter.text() if self._meter else None,
            blocks=self.console.encoding.startswith("utf"),
            name=self.name,
        )

    def ended(self, folder: Path) -> None:
        """Say how a cell ended, and when it got its verdict."""
        if not (folder / RECORD).exists():
            self.say(f"{self.name(folder)}: paused until all trials of its row have come so far")
            return
        try:
            record = read_record(folder)
        except StorageError as error:
            self.say(f"{self.name(folder)}: {error}")
            return
        line = Text(plain(f"{self.name(folder)}: ")).append(_ending(record))
        scores = self._score(record.scores, record.unscored)
        line.append(plain("".join(f", {part}" for part in scores)))
        line.append(plain(f": {record.reason}" if record.reason else ""))
        more = [text for text in (*record.notes, record.diagnosis) if text]
        line.append(plain("".join(f"; {text}" for text in more)))
        self.console.print(line, soft_wrap=True)

    def measured(self, folder: Path) -> None:
        """Say what a cell scores by an evaluation besides its protocol's own."""
        found = read_measurement(folder, self.protocol.evaluation.slug)
        if found is not None:
            self.say(f"{self.name(folder)}: {', '.join(self._score(found.scores, found.unscored))}")

    def _score(self, scores: Mapping[str, Score], unscored: Mapping[str, str]) -> list[str]:
        """The score by the ranking metric, or why there is none."""
        ranking = self.protocol.evaluation.metrics[0].name
        if ranking in scores:
            return [f"{ranking} {number(scores[ranking].value)}"]
        return [f"{ranking}: {unscored[ranking]}"] if ranking in unscored else []

    def say(self, text: str) -> None:
        """Print one line; on a terminal it stands above the live view."""
        _say(self.console, text)


def _is_on_gpu(folder: Path) -> bool:
    try:
        return read_model(folder / CELL, Cell).environment.device.startswith("cuda")
    except StorageError:
        return False


def _ending(record: Record) -> Text:
    """`collapsed at 3.6 kimg`: the status, with the date of its verdict."""
    dates = [verdict.kimg for verdict in record.verdicts if verdict.kind == record.status]
    return verdict_text(record.status, dates[-1] if dates else None)


def _say(console: Console, text: str) -> None:
    """Print one line as it is: no markup, no wrapping where no terminal is."""
    console.print(Text(plain(text)), soft_wrap=True)


@contextmanager
def _every(seconds: float, action: Callable[[], None]) -> Iterator[None]:
    """Repeat the action until the block ends."""
    stop = threading.Event()

    def repeat() -> None:
        while not stop.wait(seconds):
            action()

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def data_notes(prepared: Prepared) -> list[str]:
    """The data set and what was dropped from it, in a line or two."""
    data, report = prepared.data, prepared.report
    images = f"{data.train:,} training, {data.held_out:,} held out"
    lines = [f"data {data.name}: {images}, {data.size} px"]
    if report.dropped:
        reasons = kinds_text(report.reasons)
        lines.append(f"dropped {len(report.dropped):,}: {reasons}; {report.dropped[0]}")
    return [*lines, *report.notes]


@contextmanager
def preparing(console: Console, name: str) -> Iterator[Callable[[str, int, int], None]]:
    """Show how a data set is prepared: a bar that disappears, or a line every 30 seconds."""
    columns = (
        bars.TextColumn("{task.description}", markup=False),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
    )
    on_terminal = console.is_terminal
    line = f"preparing {name}"
    with (
        bars.Progress(*columns, console=console, transient=True, disable=not on_terminal) as bar,
        nullcontext() if on_terminal else _every(LINE_SECONDS, lambda: _say(console, line)),
    ):
        task = bar.add_task(plain(line), total=None)

        def update(what: str, done: int, of: int) -> None:
            nonlocal line
            title = f"preparing {name}, {what.replace('_', ' ')}"
            line = f"{title} {done:,} of {of:,}"
            bar.update(task, description=plain(title), completed=done, total=of)

        yield update
