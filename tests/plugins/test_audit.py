"""What the built-in metrics declare to see is what tools/audit.py measured."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import fmean

import audited
import pytest
from audited import CHANCE, FEW, SAMPLES, SEEN, Audit
from corrupted_faces import AUDITED, MILDEST

from gan_bench import Dataset, Fault, Metric
from gan_bench import catalogue as catalogues
from gan_bench.catalogue import Catalogue
from gan_bench.measure.selftest import faults_seen


@pytest.fixture(scope="module")
def known() -> Catalogue:
    return catalogues.load()


@pytest.fixture(scope="module")
def measured() -> audited.Audits:
    return audited.read()


def declared_by(metric: Metric) -> tuple[Fault, ...]:
    """What it declares to see on the net that it was measured on."""
    own = "toonfaces-judge" if metric.reads_modes else "efficientnet-lite0"
    return faults_seen(metric, metric.features or own)


def test_every_metric_declares_the_faults_that_it_was_measured_to_see(
    known: Catalogue, measured: audited.Audits
) -> None:
    names = measured[str(SAMPLES)]
    declared = {name: set(declared_by(known.find(Metric, name))) for name in names}
    assert declared == {name: audited.seen(measured, name) for name in names}


def test_every_metric_whose_net_comes_with_the_package_was_measured(
    known: Catalogue, measured: audited.Audits
) -> None:
    faces = known.find(Dataset, "toonfaces")
    counting = {each.name for each in known.all(Metric) if audited.counts(each, known, faces)}
    for metrics in measured.values():
        assert counting - {"fid", "kid"} == set(metrics)


def test_metrics_on_nets_that_were_not_measured_declare_what_their_family_was_measured_to_see(
    known: Catalogue,
) -> None:
    for name, family in (("fid", "fd"), ("kid", "kd")):
        on_lite0 = known.find(Metric, f"{family}-efficientnet-lite0")
        assert declared_by(known.find(Metric, name)) == declared_by(on_lite0)


@pytest.mark.parametrize(
    ("name", "on_mnist"),  # measured by `gan-bench doctor --data mnist`
    [
        ("diversity", {"lost modes", "repeats", "blur"}),
        ("coverage", {"lost modes", "repeats", "blur"}),
        ("modes", {"lost modes", "repeats"}),
        ("mode-kl", {"lost modes", "repeats", "blur"}),
    ],
)
def test_on_the_judge_of_digits_a_metric_does_not_claim_what_that_does_not_see(
    name: str, on_mnist: set[str], known: Catalogue
) -> None:
    assert set(faults_seen(known.find(Metric, name), "mnist-judge")) == on_mnist


def test_all_corruptions_were_measured_against_sixteen_real_sets(
    measured: audited.Audits,
) -> None:
    for metrics in measured.values():
        for name, audit in metrics.items():
            assert len(audit.real) == 16, name
            assert set(audit.scores) == {each.name for each in AUDITED}, name


def an_audit(*, higher_is_better: bool = False, **scores: float | None) -> Audit:
    """Real sets score 10 ± 1."""
    given = {each.name: 20.0 for each in AUDITED} | scores
    real = (9.0, 10.0, 11.0)
    return Audit(features="f", higher_is_better=higher_is_better, real=real, scores=given)


def test_z_counts_deviations_of_real_sets_and_is_positive_for_worse() -> None:
    assert an_audit(a=14.0).z("a") == pytest.approx(4)
    assert an_audit(a=14.0, higher_is_better=True).z("a") == pytest.approx(-4)
    assert an_audit(a=None).z("a") == math.inf


def test_where_real_sets_all_score_the_same_any_difference_stands_out() -> None:
    audit = Audit(features="f", higher_is_better=True, real=(1.0, 1.0), scores={"a": 1.0, "b": 0.9})
    assert (audit.z("a"), audit.z("b")) == (0, math.inf)


def test_a_fault_is_seen_from_its_mildest_strength_that_counts_on() -> None:
    few = an_audit(**{"noise 8": 9.0 + CHANCE})
    for unseen, faults in (("blur 0.5", set()), ("blur 1", {"blur"}), ("blur 2", {"blur"})):
        many = an_audit(**{unseen: 9.0 + SEEN})
        audits = {str(SAMPLES): {"m": many}, str(FEW): {"m": few}}
        assert audited.seen(audits, "m") == set(MILDEST) - {"noise"} - faults


def test_the_mildest_strengths_that_count_were_audited() -> None:
    faults = {each.name: each.fault for each in AUDITED}
    assert {fault: faults[name] for fault, name in MILDEST.items()} == {f: f for f in MILDEST}


def test_scores_survive_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(audited, "FILE", tmp_path / "audit.json")
    audits = {"64": {"m": an_audit(a=None, b=1 / 3)}}
    audited.write(audits)
    again = audited.read()["64"]["m"]
    assert again.real == audits["64"]["m"].real
    assert again.scores["a"] is None
    assert again.scores["b"] == pytest.approx(1 / 3, rel=1e-5)
    assert fmean(again.real) == 10
