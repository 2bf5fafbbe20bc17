"""What was measured: kept as JSON for each machine, compared with the last time, put on a page."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
KEPT = HERE / "figures.json"
PAGE = HERE.parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- measured by tox -e speed -->", "<!-- end -->"
SPREADS = 2.0  # a change is more than noise beyond so many spreads of both times,
LEAST_CHANGE = 0.03  # and beyond this share: a spread of few turns may be small by luck


@dataclass(frozen=True)
class Figure:
    """One measured number. `noise` is its spread as a share of it."""

    value: float | None  # None: not measured, as `form` says
    form: str  # its text and that of its bound, with one place for the value
    least: float | None = None
    most: float | None = None
    more_is_better: bool = True
    noise: float = 0.1
    date: str = ""
    beside: str = ""  # words after the figure

    @property
    def text(self) -> str:
        """The figure as people read it."""
        return self.form if self.value is None else self.form.format(self.value) + self.beside

    @property
    def wanted(self) -> str:
        """The bound as people read it; "" if there is none."""
        sign, bound = ("≥", self.least) if self.least is not None else ("≤", self.most)
        return "" if bound is None else f"{sign} {self.form.format(bound)}"

    @property
    def holds(self) -> bool:
        """Whether it is within its bounds."""
        low, high = self.least, self.most
        if self.value is None:
            return True
        return (low is None or self.value >= low) and (high is None or self.value <= high)

    def worse_than(self, last: Figure) -> bool:
        """Whether it is worse than it was, by more than the noise of both."""
        if self.value is None or last.value is None:
            return False
        apart = last.value - self.value if self.more_is_better else self.value - last.value
        noise = math.hypot(self.noise * self.value, last.noise * last.value)
        return apart > max(SPREADS * noise, LEAST_CHANGE * abs(last.value))


Figures = dict[str, Figure]  # by what was measured


def kept(machine: str, path: Path = KEPT) -> Figures:
    """The last figures of this machine."""
    if not path.exists():
        return {}
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8")).get(machine, {})
    return {what: Figure(**each) for what, each in found.items()}


def keep(machine: str, figures: Figures, path: Path = KEPT) -> None:
    """Put new figures in place of the old ones of this machine; the other ones stay."""
    everything = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    new = {what: asdict(figure) for what, figure in figures.items()}
    everything[machine] = everything.get(machine, {}) | new
    path.write_text(json.dumps(everything, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def slower(now: Figures, last: Figures) -> Iterator[str]:
    """A sentence for each figure that is worse than last time by more than noise."""
    for what, figure in now.items():
        before = last.get(what)
        if before and figure.worse_than(before):
            yield f"worse than on {before.date}: {what}: {figure.text}, it was {before.text}"


def table(machine: str, figures: Figures) -> Iterator[str]:
    """Lines of markdown."""
    yield f"{machine}. Medians of alternating turns."
    yield ""
    yield "| what | measured | wanted | on |"
    yield "| --- | --- | --- | --- |"
    for what, figure in figures.items():
        yield f"| {what} | {figure.text} | {figure.wanted} | {figure.date} |"


def write_page(lines: Iterable[str], page: Path = PAGE) -> None:
    """Put the lines between the two marks of the page."""
    head, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    tail = rest.partition(END)[2]
    text = "\n".join([f"{head}{BEGIN}", "", *lines, "", f"{END}{tail}"])
    page.write_text(text, encoding="utf-8")
