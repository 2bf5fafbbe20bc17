"""What is happening: a live table on a terminal, plain lines every 30 seconds elsewhere."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from rich import progress as bars
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gan_bench.base.escape import plain
from gan_bench.base.numbers import number
from gan_bench.base.text import duration
from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import Protocol
from gan_bench.results.reading import last_line
from gan_bench.results.records import VerdictKind, read_record

if TYPE_CHECKING:
    from gan_bench.data.cache import Prepared

LINE_SECONDS = 30.0
COLUMNS = ("cell", "phase", "kimg", "loss D", "loss G", "images/s", "left")


@dataclass(frozen=True)
class State:
    """One cell as its files tell it; None where there is nothing to tell yet."""

    name: str
    phase: str
    kimg: float = 0.0
    loss_d: float | None = None
    loss_g: float | None = None
    images_per_second: float | None = None
    seconds_left: float | None = None

    @property
    def at_work(self) -> bool:
        """Something happens to it right now."""
        return self.phase.partition(",")[0] in ("preparing", "training", "measuring")

    @property
    def style(self) -> str:
        """Red for a fault, yellow for a verdict, dim for what has not begun."""
        last = self.phase.rpartition(" ")[2]
        if last in get_args(VerdictKind):
            return "yellow"
        return {"waiting": "dim", "failed": "red", "unreadable": "red"}.get(last, "")

    def row(self, kimg: float) -> list[str]:
        """The state as text, for the COLUMNS."""
        return [
            self.name,
            self.phase,
            f"{self.kimg:.1f} of {kimg:g}",
            _number(self.loss_d, ".3f"),
            _number(self.loss_g, ".3f"),
            _number(self.images_per_second, ".0f"),
            duration(self.seconds_left) if self.seconds_left is not None else "",
        ]


def _number(value: float | None, style: str) -> str:
    return "" if value is None else format(value, style)


def cell_name(folder: Path) -> str:
    """Architecture / loss / seed, as the folders say."""
    return " / ".join(folder.parts[-3:])


def state_of(folder: Path, protocol: Protocol, started: bool) -> State:
    """Read a cell's state back from its files."""
    name = cell_name(folder)
    curve, speed, look = (
        last_line(folder / f"{part}.jsonl") for part in ("curve", "speed", "vitals")
    )
    kimg = _known(curve, "kimg") or 0.0
    if (folder / "record.json").exists():
        return State(name, _status(folder), kimg)
    if not started:
        return State(name, "waiting")
    if not curve or not speed:
        return State(name, "preparing")
    rate = _known(speed, "images_per_second")
    left = max(0.0, protocol.schedule.kimg - kimg) * 1000 / rate if rate else None
    phase = "measuring" if number(curve, "step") >= protocol.schedule.updates else "training"
    if look.get("verdict") in get_args(VerdictKind):
        phase += f", {look['verdict']}"
    return State(name, phase, kimg, _known(curve, "loss_d"), _known(curve, "loss_g"), rate, left)


def _known(line: dict[str, Any], name: str) -> float | None:
    value = number(line, name)
    return None if math.isnan(value) else value


def _status(folder: Path) -> str:
    try:
        return read_record(folder).status
    except StorageError:
        return "unreadable"


class Watch:
    """Shows the cells of one run while an engine works on them, so many at once, in order."""

    def __init__(
        self, console: Console, protocol: Protocol, folders: list[Path], jobs: int = 1
    ) -> None:
        self.console = console
        self.protocol = protocol
        self.folders = folders
        self.jobs = jobs

    def states(self) -> list[State]:
        """All cells; the first without a record are those at work."""
        pending = [folder for folder in self.folders if not (folder / "record.json").exists()]
        return [
            state_of(folder, self.protocol, started=folder in pending[: self.jobs])
            for folder in self.folders
        ]

    def table(self) -> Table:
        """The live table."""
        table = Table(box=None, pad_edge=False)
        for column in COLUMNS:
            words = column in ("cell", "phase")
            table.add_column(column, justify="left" if words else "right", overflow="fold")
        for state in self.states():
            texts = map(plain, state.row(self.protocol.schedule.kimg))
            table.add_row(*map(Text, texts), style=state.style)
        return table

    @contextmanager
    def showing(self) -> Iterator[None]:
        """Show until the block ends."""
        if self.console.is_terminal:
            with Live(
                get_renderable=self.table,
                console=self.console,
                refresh_per_second=2,
                transient=True,
            ):
                yield
        else:
            with _every(LINE_SECONDS, self.line):
                yield

    def line(self) -> None:
        """One plain line about each cell at work."""
        for state in self.states():
            if state.at_work:
                titles = zip(COLUMNS, state.row(self.protocol.schedule.kimg), strict=True)
                self.say(", ".join(f"{name} {value}" for name, value in titles if value))

    def ended(self, folder: Path) -> None:
        """Say how a cell ended."""
        try:
            record = read_record(folder)
        except StorageError as error:
            self.say(f"{cell_name(folder)}: {error}")
            return
        ranking = self.protocol.evaluation.metrics[0].name
        told: list[str] = [record.status]
        if ranking in record.scores:
            told.append(f"{ranking} {record.scores[ranking].value:.4g}")
        told += [text for text in (record.reason, *record.notes, record.diagnosis) if text]
        self.say(f"{cell_name(folder)}: {', '.join(told)}")

    def say(self, text: str) -> None:
        """One line."""
        _say(self.console, text)


def _say(console: Console, text: str) -> None:
    """One line, printed as it is: no markup, no wrapping where no one looks on."""
    console.print(Text(plain(text)), soft_wrap=True)


@contextmanager
def _every(seconds: float, action: Callable[[], None]) -> Iterator[None]:
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
    """The data report in a line or two."""
    data, report = prepared.data, prepared.report
    side = data.shape[1]
    lines = [f"data {data.name}: {data.train:,} training, {data.held_out:,} held out, {side} px"]
    if report["dropped"]:
        reasons = ", ".join(f"{count:,} {why}" for why, count in report["reasons"].items())
        lines.append(f"dropped {report['dropped']:,}: {reasons}; {report['first_dropped'][0]}")
    return lines


@contextmanager
def preparing(console: Console, name: str) -> Iterator[Callable[[str, int, int], None]]:
    """The making of a data set: a bar that is gone when it is done, or a line now and then."""
    columns = (
        bars.TextColumn("{task.description}", markup=False),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
    )
    seen = console.is_terminal
    told = f"preparing {name}"
    with (
        bars.Progress(*columns, console=console, transient=True, disable=not seen) as bar,
        nullcontext() if seen else _every(LINE_SECONDS, lambda: _say(console, told)),
    ):
        task = bar.add_task(plain(told), total=None)

        def update(what: str, done: int, of: int) -> None:
            nonlocal told
            title = f"preparing {name}, {what.replace('_', ' ')}"
            told = f"{title} {done:,} of {of:,}"
            bar.update(task, description=plain(title), completed=done, total=of)

        yield update
