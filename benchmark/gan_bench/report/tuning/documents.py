"""A study for programs: one line a trial, and the whole document."""

from __future__ import annotations

from dataclasses import asdict, astuple
from typing import TYPE_CHECKING, Any

from gan_bench.report.tuning.answer import answer
from gan_bench.report.tuning.care import (
    Care,
    cares,
    early,
    expected_scores,
    flattery,
    noise,
    tuned_lead,
    untuned_lead,
)
from gan_bench.report.tuning.trials import RowTrials, Tuned
from gan_bench.results.studies import HALVES

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 1  # of the JSON document


def study_document(tuned: Tuned) -> dict[str, Any]:
    """The whole study; `schema` is the version of its layout."""
    rows, study = cares(tuned), tuned.study
    leads = untuned_lead(tuned, rows), tuned_lead(tuned, rows)
    scored = [] if tuned.halved else [care for care in rows if care.scored]
    return {
        "schema": SCHEMA,
        "slug": study.slug,
        "answer": answer(tuned, rows),
        "untuned": leads[0] and asdict(leads[0]),
        "tuned": leads[1] and asdict(leads[1]),
        "metric": tuned.metric.model_dump(mode="json"),
        "protocol": study.protocol.model_dump(mode="json"),
        "space": study.space.model_dump(mode="json", exclude_none=True),
        "evaluations": {half: study.evaluation(half).model_dump(mode="json") for half in HALVES},
        "trials_compared": tuned.common,
        "trials": [trial.model_dump(mode="json") for trial in study.trials],
        "counts_without_score": tuned.metric.cost(tuned.worst),
        "rows": [_row(tuned, care) for care in rows] or [_undone(row) for row in tuned.rows],
        "choosing_flatters_by": dict(zip(("score", "share"), flattery(scored), strict=True))
        if scored
        else None,
        "halves_apart": noise(scored) if scored else None,
        "early": [asdict(each) for each in early(tuned, rows)],
        "faults": list(tuned.faults),
    }


def _row(tuned: Tuned, care: Care) -> dict[str, Any]:
    known = _undone(care.row) | {
        "untuned": care.untuned,
        "tuned": care.tuned,
        "chosen_trial": care.chosen,
        "settings": dict(tuned.study.trials[care.chosen].settings),
    }
    if tuned.halved:
        return known
    bests = expected_scores(tuned, care)
    return known | {
        "expected_best": [best.score for best in bests],
        "ranges": [[best.low, best.high] for best in bests],
        "choosing_flatters_by": care.flattery,
    }


def _undone(row: RowTrials) -> dict[str, Any]:
    architecture, loss = row.names
    trials = [
        {
            "statuses": each.statuses,
            "stopped_early": each.stopped,
            "choosing": each.choosing,
            "reporting": each.reporting,
            "whole": each.whole,
        }
        for each in row.trials
    ]
    ends = dict(sorted(row.ends().items()))
    names = {"architecture": architecture, "loss": loss}
    return names | {"trained": row.cells, "ended_badly": ends, "trials": trials}


def trials_frame(tuned: Tuned) -> pd.DataFrame:
    """One row a row of the table and trial: how it ended, what it scored, its settings."""
    import pandas as pd

    lines = []
    for row in tuned.rows:
        for k, (tried, trial) in enumerate(zip(row.trials, tuned.study.trials, strict=True)):
            scores = {
                f"{tuned.metric.name} {part}": getattr(tried, part) for part in (*HALVES, "whole")
            }
            names = dict(zip(("architecture", "loss"), row.names, strict=True))
            status = " ".join(tried.statuses)
            line = {"study": tuned.study.slug, **names, "trial": k, "status": status}
            lines.append(line | scores | trial.settings | {"protocol": trial.protocol})
    return pd.DataFrame(lines)


def rows_frame(tuned: Tuned) -> pd.DataFrame:
    """One row a row of the table, the best tuned one first."""
    import pandas as pd

    columns = "architecture", "loss", "untuned", "tuned", "chosen_trial", "trained", "ended_badly"
    lines = [
        (
            *care.row.names,
            care.untuned,
            care.tuned,
            care.chosen,
            care.row.cells,
            care.row.ends().total(),
        )
        for care in cares(tuned)
    ]
    return pd.DataFrame(lines, columns=list(columns))


def expected_frame(tuned: Tuned) -> pd.DataFrame:
    """One row a row of the table and k: the expected best of k trials, and its range."""
    import pandas as pd

    columns = "architecture", "loss", "k", "expected", "low", "high"
    lines = [
        (*care.row.names, *astuple(best))
        for care in cares(tuned)
        for best in expected_scores(tuned, care)
    ]
    return pd.DataFrame(lines, columns=list(columns))
