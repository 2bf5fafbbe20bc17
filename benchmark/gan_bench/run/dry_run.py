"""What a run would do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_bench.catalogue import Catalogue
from gan_bench.contract.protocol import Plan
from gan_bench.run.plan import make_plan
from gan_bench.run.request import Request


@dataclass(frozen=True)
class DryRun:
    """A plan that is not carried out."""

    plan: Plan

    def lines(self) -> list[tuple[str, str]]:
        """A name and a text for each line."""
        cells = [("cell", f"{c.architecture} / {c.loss} / seed{c.seed}") for c in self.plan.cells]
        return [("protocol", self.plan.protocol.slug), *cells]

    def document(self) -> dict[str, Any]:
        """The same as JSON."""
        return self.plan.model_dump(mode="json")


def dry_run(request: Request, catalogue: Catalogue, results: Path) -> DryRun:
    """Plan a run. GanBenchError for whatever could not run."""
    return DryRun(make_plan(request, catalogue).plan)
