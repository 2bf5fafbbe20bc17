"""`metrics audit` measures what is known by hand, and nothing twice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import audited_greys
import numpy as np
import pytest
from audited_greys import BOARD, BRIGHT, LIGHT, SOFT, audited, greys, metric, planned

from gan_bench import DataError, Images, Samples, Unscorable, UsageError
from gan_bench.base import rng
from gan_bench.contract.protocol import Data
from gan_bench.measure import corruptions
from gan_bench.report.audit.findings import Audited, Findings, findings
from gan_bench.results.audits import (
    ALARM_SETS,
    BANK_SETS,
    REAL_SETS,
    SIZES,
    Block,
    read_block,
)
from gan_bench.results.layout import AUDIT
from gan_bench.results.reading import Damaged
from gan_bench.run.audit_images import AuditRequest, sizes_left_out
from gan_bench.run.auditing import audit

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    """No cost is measured: that takes longer than all scores of a test."""
    monkeypatch.setattr("gan_bench.run.auditing.cost", lambda *_: (None, None))
    monkeypatch.setattr("gan_bench.run.auditing.unit_seconds", lambda: 1.0)


def of(found: Findings, name: str) -> Audited:
    return next(each for each in found.metrics if each.metric.spec.name == name)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_BENCH_HOME", str(tmp_path_factory.mktemp("home")))
        return findings(audited(tmp_path_factory.mktemp("results"), LIGHT, SOFT))


def test_a_metric_sees_what_it_must_and_not_what_it_cannot(found: Findings) -> None:
    """Sets of 32 have a deviation of 10 / sqrt(32) = 1.8 levels; blur keeps the brightness."""
    bright, soft = of(found, "bright").at(32), of(found, "soft").at(32)
    brighter = bright.answer("brighter")
    assert brighter is not None
    assert [each.strength for each in brighter.strengths] == [4, 16, 64]
    assert [each.power.value for each in brighter.strengths[1:]] == [1, 1]
    assert (brighter.seen_from or 64) <= 16
    blur, own = bright.answer("blur"), soft.answer("blur")
    assert blur is not None
    assert own is not None
    assert bright.false_alarms is not None
    powers = [each.power.value for each in blur.strengths]
    assert powers == pytest.approx([bright.false_alarms.value] * 3, abs=0.11)
    assert blur.seen_from is None
    assert [each.power.value for each in own.strengths] == [1, 1, 1]


def test_a_fault_that_makes_a_score_better_is_no_alarm_but_is_named(found: Findings) -> None:
    brighter = of(found, "light").at(32).answer("brighter")
    assert brighter is not None
    strongest = brighter.strengths[-1]
    assert (strongest.power.value, strongest.better.value) == (0, 1)
    assert brighter.order is not None
    assert brighter.order.value < 0.05


def test_the_order_of_a_metric_that_follows_a_fault_is_right(found: Findings) -> None:
    brighter = of(found, "bright").at(32).answer("brighter")
    soft = of(found, "soft").at(32).answer("blur")
    assert brighter is not None
    assert soft is not None
    assert brighter.order is not None
    assert soft.order is not None
    assert (brighter.order.value, soft.order.value) == (1, 1)


def test_the_bias_is_that_of_the_formula(found: Findings) -> None:
    soft = of(found, "soft")
    real = {at.n: at.real for at in soft.followed}
    assert real == pytest.approx({16: 10 / 16, 64: 10 / 64}, abs=1e-4)
    image = (128 + BOARD)[None, None].astype(np.uint8)
    lost = image.std() - corruptions.blur(image, 1).std()
    corrupted = {at.n: at.corrupted for at in soft.followed}
    assert corrupted == pytest.approx({16: 10 / 16 + lost, 64: 10 / 64 + lost}, abs=1e-4)
    assert soft.bias == pytest.approx((10 / 16 - 10 / 64) / lost, abs=1e-4)


def test_every_metric_has_its_cost(found: Findings) -> None:
    for at in of(found, "bright").followed:
        assert at.seconds is not None
        assert at.units is not None
        assert 0 < at.seconds < 1
        assert at.units > 0
        assert at.reads == 2 * at.n * 2 * 4


@pytest.mark.usefixtures("free")
def test_the_scores_are_those_of_the_pixels_of_the_drawn_sets(tmp_path: Path) -> None:
    plan = planned(sizes=(32,), repeats=5)
    folder = audit(plan, tmp_path)
    pool, sets = plan.pool, plan.audit.sets
    compared = pool.reference[np.linspace(0, sets.reference - 1, 32).round().astype(int)].mean()
    clean = pool.first(pool.clean)
    block = read_block(folder, plan.audit, plan.audit.metrics[0], 32, REAL_SETS)
    assert block is not None
    assert block.strengths == (ALARM_SETS, BANK_SETS)
    for k, score in enumerate(block.scores[0]):
        rows = rng.rows(sets.seed, "audit-real", 32, pool.bank, 32, k)
        assert len(set(rows)) == 32
        assert score == pytest.approx(clean[rows].mean() - compared, abs=1e-4)
    brighter = read_block(folder, plan.audit, plan.audit.metrics[0], 32, "brighter")
    assert brighter is not None
    for strength, scores in zip(brighter.strengths, brighter.scores, strict=True):
        for k, score in enumerate(scores):
            rows = rng.rows(sets.seed, "audit-set", 32, pool.bank, 32, k)
            images = corruptions.brighten(clean[rows], int(strength))
            assert score == pytest.approx(images.mean() - compared, abs=1e-4)


def test_no_image_is_in_two_parts() -> None:
    """Brightness is drawn anew for every image, so equal ones are found by their rows alone."""
    plan = planned()
    sets = plan.audit.sets
    total = sets.reference + sets.held_out + plan.pool.count
    assert total == sets.data.train + sets.data.held_out
    order = rng.rows(sets.seed, "audit-split", total, total)
    assert sorted(order) == list(range(total))
    assert sets.bank <= sets.clean <= plan.pool.count


@pytest.mark.usefixtures("free")
def test_the_rate_of_false_alarms_is_near_one_percent(tmp_path: Path) -> None:
    """Over forty divisions of the images, 800 sets without a fault: 8 alarms are expected.

    Sets of one division share their threshold, so that alarms come together: 20 are too many.
    """
    alarms = 0.0
    for seed in range(40):
        folder = audited(tmp_path, seed=seed, faults=("blur",), bias_sizes=(16,), sizes=(16,))
        rate = of(findings(folder), "bright").at(16).false_alarms
        assert rate is not None
        alarms += rate.value * rate.of
    assert 0 < alarms < 20


class Stopped(Exception):
    """What a test raises in the middle of an audit."""


@pytest.mark.usefixtures("free")
def test_an_interrupted_audit_goes_on_to_the_same_scores(tmp_path: Path) -> None:
    whole = findings(audited(tmp_path / "whole", SOFT))

    def stop(_what: str, done: int, _of: int) -> None:
        if done == 3:
            raise Stopped

    with pytest.raises(Stopped):
        audit(planned(SOFT), tmp_path / "parts", stop)
    (folder,) = (tmp_path / "parts" / "audits").iterdir()
    written = {path: path.stat().st_mtime_ns for path in folder.glob("blocks/*/*.json")}
    assert len(written) == 4  # two metrics: real sets, and the first corruption
    audited(tmp_path / "parts", SOFT)
    assert {path: path.stat().st_mtime_ns for path in written} == written
    again = findings(folder)
    assert [each.sizes for each in again.metrics] == [each.sizes for each in whole.metrics]


@pytest.mark.usefixtures("free")
def test_a_metric_is_measured_again_only_if_its_code_changed(tmp_path: Path) -> None:
    folder = audited(tmp_path, SOFT)
    before = {path: path.stat().st_mtime_ns for path in folder.glob("blocks/*/*.json")}
    audited(tmp_path, SOFT)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    audited(tmp_path, SOFT, code="2")
    changed = {path.parent.name for path in before if path.stat().st_mtime_ns != before[path]}
    assert changed == {"soft"}


@pytest.mark.usefixtures("free")
@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("blur", "strengths", []),
        ("blur", "scores", [[0.0], [0.0], [0.0]]),
        ("blur", "scores", []),
        (REAL_SETS, "scores", [[], []]),
        (REAL_SETS, "strengths", [0, 1]),
        (SIZES, "unit", 0),
        (SIZES, "unit", "0.1\x1b"),
    ],
)
def test_a_damaged_part_is_not_read_but_measured_again(
    part: str, field: str, value: object, tmp_path: Path
) -> None:
    folder = audited(tmp_path)
    path = min(folder.glob(f"blocks/bright/*-{part}.json"))
    good = path.read_bytes()
    path.write_text(json.dumps(json.loads(good) | {field: value}))
    assert findings(folder).metrics
    audited(tmp_path)
    assert path.read_bytes() == good


@pytest.mark.usefixtures("free")
@pytest.mark.parametrize("field", ["sizes", "bias_sizes"])
@pytest.mark.parametrize("sizes", [[], [0]])
def test_an_audit_without_a_size_is_damaged(field: str, sizes: list[int], tmp_path: Path) -> None:
    path = audited(tmp_path) / AUDIT
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: sizes}))
    with pytest.raises(Damaged, match=rf"unreadable .*: {field}"):
        findings(path.parent)


@pytest.mark.usefixtures("free")
def test_more_corruptions_and_sizes_add_to_the_same_audit(tmp_path: Path) -> None:
    folder = audited(tmp_path, sizes=(32,))
    before = set(folder.glob("blocks/*/*.json"))
    more = audited(tmp_path, sizes=(16, 32), faults=("blur", "brighter", "noise"))
    assert more == folder
    assert before < set(folder.glob("blocks/*/*.json"))
    assert findings(folder).audit.sizes == (16, 32)


def failing(samples: Samples) -> float:
    if samples.fake[:, 0].mean() > 150:
        raise ValueError("too bright for me")
    return 0.0


def refusing(samples: Samples) -> float:
    if samples.fake[:, 0].mean() > 150:
        raise Unscorable("It is too bright to say anything.")
    return float(samples.fake[:, 0].mean())


@pytest.mark.usefixtures("free")
def test_a_metric_that_fails_or_refuses_takes_no_other_with_it(tmp_path: Path) -> None:
    breaks, refuses = metric("breaks", failing), metric("refuses", refusing)
    found = findings(audited(tmp_path, breaks, refuses))
    bright = of(found, "bright").at(32).answer("brighter")
    assert bright is not None
    assert bright.strengths[-1].power.value == 1
    for name, why in (("breaks", "too bright for me"), ("refuses", "too bright to say")):
        answer = of(found, name).at(32).answer("brighter")
        assert answer is not None
        assert answer.strengths[-1].refused == 20
        assert answer.strengths[-1].mean is None
        assert why in (answer.why_not or "")
        assert answer.strengths[-1].power.value == 1  # its reader is warned


def test_a_metric_that_refuses_real_images_has_no_power(tmp_path: Path) -> None:
    def never(_: Samples) -> float:
        raise Unscorable("Never here.")

    found = findings(audited(tmp_path, metric("never", never)))
    at = of(found, "never").at(32)
    assert (at.why_none, at.answers, at.counted) == ("Never here.", (), (0, 0))
    assert of(found, "never").followed[0].seconds is None


@pytest.mark.usefixtures("free")
def test_what_cannot_be_audited_here_is_named_with_its_reason(tmp_path: Path) -> None:
    plan = planned(
        metric("far", lambda _: 0.0, features="far-away"),
        metric("unfit", lambda _: 0.0, unsuited=lambda _: "it wants colours"),
        faults=("lost-modes", "hue", "blur"),
    )
    assert plan.audit.absent == {
        "far": "the weights of far-away are not here: give them",
        "unfit": "it wants colours",
    }
    reasons = {each.name: each.why_not for each in plan.audit.faults}
    assert reasons == {
        "lost-modes": {32: "the images have no labels"},
        "hue": {32: "the images are grey"},
        "blur": {},
    }
    found = findings(audit(plan, tmp_path))
    assert {part.name for part in (tmp_path / "audits").glob("*/blocks/bright/*")} == {
        "32-real.json",
        "32-blur.json",
        f"16-{SIZES}.json",
        f"64-{SIZES}.json",
    }
    assert of(found, "bright").at(32).answer("hue") is not None


@pytest.mark.parametrize(
    ("asked", "error", "part"),
    [
        ({"sizes": (700,)}, UsageError, "--n 700: greys has 4,000 images"),
        ({"bias_sizes": (900,)}, UsageError, "the most is 666"),
        ({"faults": ("blurr",)}, UsageError, "Did you mean blur?"),
        ({"only": True}, UsageError, "--only needs --metric"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_words(
    asked: dict[str, object], error: type[Exception], part: str
) -> None:
    with pytest.raises(error, match=part):
        planned(**asked)


def test_usual_sizes_that_are_left_out_are_named() -> None:
    few = Data(name="few", fingerprint="ab", shape=(1, 8, 8), train=600, held_out=25)
    (note,) = sizes_left_out(AuditRequest(), few)
    assert note.startswith("no sets of 128 images: ")
    assert "has 625 images, and sets of n images need 6 times as many" in note
    assert sizes_left_out(AuditRequest(sizes=(64,)), few) == []
    enough = few.model_copy(update={"train": 5000})
    assert sizes_left_out(AuditRequest(), enough) == []


def test_too_few_images_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    few = Images(train=greys(60, 1), held_out=greys(9, 2))
    dataset = replace(audited_greys.DATASET, load=lambda *_: few)
    monkeypatch.setattr(audited_greys, "DATASET", dataset)
    with pytest.raises(DataError, match="greys has 69 images, and an audit needs 96"):
        planned(sizes=())


@pytest.mark.usefixtures("free")
def test_blocks_say_what_they_are_of(tmp_path: Path) -> None:
    plan = planned()
    folder = audit(plan, tmp_path)
    assert BRIGHT.name == plan.audit.metrics[0].spec.name
    block = read_block(folder, plan.audit, plan.audit.metrics[0], 32, "blur")
    assert isinstance(block, Block)
    assert block.key == plan.audit.metrics[0].key
    assert [len(row) for row in block.scores] == [20, 20, 20]
