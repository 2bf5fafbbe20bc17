"""The tracker `mlflow`: a run of MLflow for each cell, in an experiment for each protocol."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gan_bench import TrackedCell, Tracker, hookimpl

TAG = "gan_bench.cell"  # holds the id by which a later process finds the run again
BATCH = 1000  # metrics in a request: as many as MLflow takes
FORBIDDEN = re.compile(r"[^\w\-. /]", re.ASCII)  # in a name


class Run:
    """One process of a run. MLFLOW_TRACKING_URI says where it goes, as for every use of MLflow."""

    def __init__(self, cell: TrackedCell) -> None:
        from mlflow import MlflowClient

        self.client = MlflowClient()
        experiment = _experiment(self.client, cell.protocol)
        before = self.client.search_runs([experiment], f"tags.`{TAG}` = '{cell.id}'")
        if before:
            self.run = before[0].info.run_id
            self.client.update_run(self.run, status="RUNNING")
            return
        tags = {TAG: cell.id}
        self.run = self.client.create_run(experiment, tags=tags, run_name=cell.label).info.run_id
        for name, value in cell.settings.items():
            self.client.log_param(self.run, _name(name), value)

    def scalars(self, points: Mapping[int, Mapping[str, float]]) -> None:
        """The points of all metrics, in as few requests as MLflow takes."""
        from mlflow.entities import Metric

        now = round(1000 * time.time())
        metrics = [
            Metric(_name(name), value, now, images)
            for images, values in points.items()
            for name, value in values.items()
        ]
        for first in range(0, len(metrics), BATCH):
            self.client.log_batch(self.run, metrics[first : first + BATCH])

    def sheet(self, images: int, path: Path) -> None:
        """The PNG, among the artifacts."""
        self.client.log_artifact(self.run, str(path), "samples")

    def table(self, text: str, scores: Mapping[str, float]) -> None:
        """The table among the artifacts, and the scores as metrics, by which MLflow sorts runs."""
        self.client.log_text(self.run, text, "scores.md")
        for name, value in scores.items():
            self.client.log_metric(self.run, _name(f"final/{name}"), value)

    def close(self) -> None:
        """All is sent already; a run that goes on later is running again then."""
        self.client.set_terminated(self.run)


def _experiment(client: Any, name: str) -> str:
    """The id of the experiment; another cell may make it at the same time."""
    from mlflow.exceptions import MlflowException

    if known := client.get_experiment_by_name(name):
        return str(known.experiment_id)
    try:
        return str(client.create_experiment(name))
    except MlflowException:
        return str(client.get_experiment_by_name(name).experiment_id)


def _name(text: str) -> str:
    return FORBIDDEN.sub("_", text)


def missing() -> str | None:
    """The library is no dependency of gan-bench."""
    return None if find_spec("mlflow") else "pip install 'gan-bench[mlflow]'"


@hookimpl
def gan_bench_trackers() -> list[Tracker]:
    """One tracker."""
    source = "MlflowClient; a step is an image that D has seen"
    return [Tracker(name="mlflow", source=source, open=Run, missing=missing)]
