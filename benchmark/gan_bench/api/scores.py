"""`gan_bench.score(real, generated)`: what `gan-bench score` prints, as data and to look at."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan_bench.api.asking import checked_by
from gan_bench.api.shown import Shown
from gan_bench.contract.texts import path_text
from gan_bench.report.score_sheet import score_notes
from gan_bench.report.shown_scores import ShownScores
from gan_bench.results.records import Score

if TYPE_CHECKING:
    import pandas as pd

    from gan_bench.contract.protocol import Evaluation
    from gan_bench.run.compare import Comparison

Text = str | os.PathLike[str]
Names = str | Iterable[str]


class Scores(Shown, Mapping[str, Score]):
    """The scores of generated images against real ones: metric -> Score, in order of the table.

    A metric that could not be computed is missing here, and in `unscored` with its reason. A
    notebook shows the table.
    """

    def __init__(self, compared: Comparison) -> None:
        self._compared = compared

    def __getitem__(self, metric: str) -> Score:
        return self._compared.scores[metric]

    def __iter__(self) -> Iterator[str]:
        return (spec.name for spec in self._compared.metrics if spec.name in self._compared.scores)

    def __len__(self) -> int:
        return len(self._compared.scores)

    @property
    def unscored(self) -> dict[str, str]:
        """Metric -> why it has no score."""
        return dict(self._compared.unscored)

    @property
    def notes(self) -> tuple[str, ...]:
        """What else to know, as the command prints it below the table."""
        return tuple(score_notes(self._compared))

    @property
    def evaluation(self) -> Evaluation:
        """What was measured, with the digests of the features networks."""
        return self._compared.evaluation

    def document(self) -> dict[str, Any]:
        """What `gan-bench score --json` prints."""
        return self._compared.document()

    def frame(self) -> pd.DataFrame:
        """One row a metric, scored or not.

        Columns: metric, features, higher_is_better, score, error, generated, real, reason.
        `generated` and `real` are numbers of images; `reason` says why there is no score.
        """
        import pandas as pd

        rows = []
        for spec in self._compared.metrics:
            score = self._compared.scores.get(spec.name)
            rows.append(
                {
                    "metric": spec.name,
                    "features": spec.features,
                    "higher_is_better": spec.higher_is_better,
                    "score": score.value if score else float("nan"),
                    "error": float("nan") if score is None or score.error is None else score.error,
                    "generated": score.n if score else 0,
                    "real": score.reference_n if score else 0,
                    "reason": self._compared.unscored.get(spec.name),
                }
            )
        return pd.DataFrame(rows)

    def table(self) -> ShownScores:
        """The table; prints as text, renders in a notebook."""
        return ShownScores(self._compared)

    def __repr__(self) -> str:
        return f"<Scores: {', '.join(self)}>"


def score(
    real: Text,
    generated: Text,
    *,
    size: int | tuple[int, int] | None = None,
    max_bad: float = 0.1,
    features: Names = (),
    metrics: Names = (),
    samples: int | None = None,
    preset: str | None = None,
    weights: Text | Mapping[str, Text] | None = None,
    device: str = "auto",
    plugins: Text | Iterable[Text] = (),
) -> Scores:
    """Score generated images against real ones, as `gan-bench score REAL GENERATED` does.

    Each of the two is a folder, a zip, a .npy or a .npz file. The other arguments are the options
    of the command: `gan-bench score --help` describes them. To score images or a generator as a
    row of an existing table, see `Board.score`. Raises GanBenchError, with the sentence of the
    command line, for what cannot be compared.
    """
    asked = dict(locals())
    from gan_bench.cli.score import score as command

    given = [path_text(name, asked.pop(name)) for name in ("real", "generated")]
    checked = checked_by(command, asked | {"paths": given})
    from gan_bench.run.compare import compare
    from gan_bench.run.names import catalogue_for
    from gan_bench.run.request import Request

    request = Request(**{name: checked[name] for name in asked})
    first, second = map(Path, given)
    return Scores(compare(first, second, request, catalogue_for(request), lambda *_: None))
