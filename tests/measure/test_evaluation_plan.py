"""The names that a user gives -> the evaluation that is planned."""

from __future__ import annotations

from pathlib import Path

import pytest
from nets import DATASET, GAP, Eye, catalogue, gap, metric, plan

from gan_bench import DataError, Dataset, Features, UsageError
from gan_bench.measure.weights import Weights
from gan_bench.run.plan_evaluation import find_metric


def test_a_metrics_family_is_completed_by_the_features_unless_one_has_just_that_name() -> None:
    names = ("fd-eye", "fd-ear", "gap", "gap-eye")
    known = catalogue(*(metric(name, gap) for name in names))
    assert find_metric(known, "fd", "eye").name == "fd-eye"
    assert find_metric(known, "fd", "ear").name == "fd-ear"
    assert find_metric(known, "fd-ear", "eye").name == "fd-ear"
    assert find_metric(known, "gap", "eye").name == "gap"
    with pytest.raises(UsageError, match="no metric is called 'fd'"):
        find_metric(known, "fd", "nose")


def test_the_plan_says_what_every_metric_reads_and_where_better_lies() -> None:
    known = catalogue(
        Eye().offer, Eye("ear", "bb").offer, GAP, metric("heard", gap, features="ear")
    )
    evaluation = plan(known, "gap", "heard")
    assert [(m.name, m.higher_is_better, m.features) for m in evaluation.metrics] == [
        ("gap", False, "eye"),
        ("heard", True, "ear"),
    ]
    assert evaluation.digests == {"eye": "aa", "ear": "bb"}
    assert evaluation.features == "eye"
    assert evaluation.samples == 10


def test_only_nets_that_are_read_are_asked_for_their_weights() -> None:
    def missing(weights: Path | None) -> str:
        raise DataError("no weights")

    broken = Features(name="ear", source="a test", digest=missing, load=lambda *_: abs)
    known = catalogue(Eye().offer, broken, GAP, metric("heard", gap, features="ear"))
    assert plan(known, "gap").digests == {"eye": "aa"}
    with pytest.raises(DataError, match="no weights"):
        plan(known, "heard")


def test_the_judge_of_a_data_set_is_read_only_if_a_metric_needs_modes() -> None:
    judged = Dataset(name="j", source="a test", version="1", load=DATASET.load, judge="judge")
    counting = metric("count", gap, reads_modes=True)
    known = catalogue(Eye().offer, Eye("judge", "cc").offer, GAP, counting)
    assert plan(known, "gap", dataset=judged).digests == {"eye": "aa"}
    assert plan(known, "gap", "count", dataset=judged).digests == {"eye": "aa", "judge": "cc"}


def test_weights_are_given_to_the_nets_that_take_them_and_to_no_other(tmp_path: Path) -> None:
    (tmp_path / "weights").write_text("dd")
    known = catalogue(
        Eye().offer, Eye("ear", takes_weights=True).offer, GAP, metric("heard", gap, features="ear")
    )
    evaluation = plan(known, "gap", "heard", weights=Weights(tmp_path / "weights"))
    assert evaluation.digests == {"eye": "aa", "ear": "dd"}


@pytest.mark.parametrize(
    ("features", "name", "said"),
    [
        ("eey", "gap", "no features net is called 'eey'. Did you mean eye"),
        ("eye", "gpa", "no metric is called 'gpa'. Did you mean gap"),
    ],
)
def test_an_unknown_name_is_a_usage_error(features: str, name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        plan(catalogue(Eye().offer, GAP), name, features=features)


def test_a_metric_asked_for_twice_is_measured_once() -> None:
    known = catalogue(Eye().offer, metric("fd-eye", gap, features="eye"))
    assert [each.name for each in plan(known, "fd", "fd-eye", "fd").metrics] == ["fd-eye"]
