"""What people see while a run goes: a live view on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from rich import progress as bars
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from gan_bench.base.escape import plain
from gan_bench.base.text import number
from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import Protocol
from gan_bench.data.reporting.report import kinds_text
from gan_bench.results.layout import label_of
from gan_bench.results.measurements import read_measurement
from gan_bench.results.records import Score, read_record
from gan_bench.run.states import CellReader, State
from gan_bench.run.time_left import time_left

if TYPE_CHECKING:
    from gan_bench.data.cache import Prepared

LINE_SECONDS = 30.0
REFRESHES_PER_SECOND = 2
CELL_LINES = 2  # of the view, for each cell at work
# Columns left free behind the cursor: a terminal echoes ^C there, and a new line that it began
# would make the view erase itself one line too low.
ECHOES = 6


class Watch:
    """Shows the cells of one run while an engine works on them, `jobs` at once."""

    def __init__(
        self, console: Console, protocol: Protocol, folders: list[Path], jobs: int = 1
    ) -> None:
        self.console = console
        self.protocol = protocol
        self.folders = folders
        self.jobs = jobs
        self._began = time.time()
        self._readers = [CellReader(folder, protocol) for folder in folders]

    def states(self) -> list[State]:
        """The states of all cells, in the order of the plan."""
        return [reader.state() for reader in self._readers]

    @contextmanager
    def showing(self) -> Iterator[None]:
        """Show what happens until the block ends; then nothing of the live view stays."""
        if self.console.is_terminal:
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

    def view(self) -> Group:
        """The cells at work, as many as fit on the screen, and one line about the whole run."""
        states = self.states()
        working = [state for state in states if state.at_work]
        room = max(1, (self.console.height - 3) // CELL_LINES)
        lines = [line for state in working[:room] for line in self._cell_lines(state)]
        if len(working) > room:
            lines.append(Text(f"and {len(working) - room} more at work"))
        if not working:
            lines.append(Text("waiting for a cell to start", style="dim"))
        return Group(*lines, self._bar(states))

    def _cell_lines(self, state: State) -> tuple[Text, Text]:
        head = f"{state.phase:<9} {label_of(state.folder)}, {self._kimg(state)}"
        details = _join_fitting(self._details(state), self.console.width - 2)
        style = "yellow" if state.verdict else ""
        first, second = (
            Text(plain(line), style=style, no_wrap=True, overflow="ellipsis")
            for line in (head, f"  {details}")
        )
        return first, second

    def _bar(self, states: Sequence[State]) -> Table:
        whole = Table.grid(padding=(0, 1))
        whole.width = max(1, self.console.width - ECHOES)
        whole.add_column(ratio=1)
        whole.add_column(no_wrap=True)
        kimg = self.protocol.schedule.kimg
        finished = sum(1.0 if _is_done(state) else min(1.0, state.kimg / kimg) for state in states)
        bar = ProgressBar(total=max(1, len(states)), completed=finished, complete_style="green")
        whole.add_row(bar, Text(self._summary(states)))
        return whole

    def lines(self) -> None:
        """One plain line about the whole run, and one about each cell at work."""
        states = self.states()
        self.say(self._summary(states))
        for state in states:
            if state.at_work:
                details = ", ".join([self._kimg(state), *self._details(state)])
                self.say(f"{label_of(state.folder)}: {state.phase}, {details}")

    def _summary(self, states: Sequence[State]) -> str:
        """`12 of 30 done, 1 failed, about 14 min 20 s left`."""
        parts = [f"{sum(map(_is_done, states))} of {len(states)} done"]
        if failed := sum(map(_has_failed, states)):
            parts.append(f"{failed} failed")
        left = time_left(states, self.protocol.schedule, self.jobs, self._began)
        return ", ".join([*parts, str(left)])

    def _kimg(self, state: State) -> str:
        return f"{state.kimg:.1f} of {self.protocol.schedule.kimg:g} kimg"

    def _details(self, state: State) -> list[str]:
        """What is known of a cell at work, the most important first."""
        details: list[str] = [state.verdict] if state.verdict else []
        losses = {"D": state.loss_d, "G": state.loss_g}
        known = [f"{name} {number(loss, 3)}" for name, loss in losses.items() if loss is not None]
        if known:
            details.append(f"loss {', '.join(known)}")
        if state.score is not None:
            details.append(f"{self.protocol.evaluation.at_ticks.name} {number(state.score)}")
        if state.images_per_second is not None:
            details.append(f"{number(state.images_per_second, 3)} images/s")
        return details

    def ended(self, folder: Path) -> None:
        """Say how a cell ended."""
        try:
            record = read_record(folder)
        except StorageError as error:
            self.say(f"{label_of(folder)}: {error}")
            return
        parts: list[str] = [record.status, *self._score(record.scores, record.unscored)]
        parts += [text for text in (record.reason, *record.notes, record.diagnosis) if text]
        self.say(f"{label_of(folder)}: {', '.join(parts)}")

    def measured(self, folder: Path) -> None:
        """Say what a cell scores by an evaluation besides its protocol's own."""
        found = read_measurement(folder, self.protocol.evaluation.slug)
        if found is not None:
            self.say(f"{label_of(folder)}: {', '.join(self._score(found.scores, found.unscored))}")

    def _score(self, scores: Mapping[str, Score], unscored: Mapping[str, str]) -> list[str]:
        """The score by the ranking metric, or why there is none."""
        ranking = self.protocol.evaluation.metrics[0].name
        if ranking in scores:
            return [f"{ranking} {number(scores[ranking].value)}"]
        return [f"{ranking}: {unscored[ranking]}"] if ranking in unscored else []

    def say(self, text: str) -> None:
        """Print one line; on a terminal it stands above the live view."""
        _say(self.console, text)


def _is_done(state: State) -> bool:
    return state.phase in ("ended", "unreadable")


def _has_failed(state: State) -> bool:
    return state.phase == "unreadable" or bool(
        state.ended and state.ended.record.status == "failed"
    )


def _join_fitting(parts: Sequence[str], width: int) -> str:
    """As many of the parts as fit, beginning with the first."""
    fitting = [n for n in range(len(parts) + 1) if len(", ".join(parts[:n])) <= width]
    return ", ".join(parts[: max(fitting)])


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
