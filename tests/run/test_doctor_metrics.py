"""doctor: metrics and judges that do not see what they claim are found, and no others."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from PIL import Image
from stripes import catalogue, examined, failed, gap, kinds, load, metric, net, rough, stripes
from torch import Tensor

from gan_bench import DataError, Dataset, Images, NotHere, Samples, Unscorable, UsageError
from gan_bench.measure.features import features_by_net
from gan_bench.run import doctor

pytestmark = pytest.mark.usefixtures("no_gpu")


def test_metrics_that_see_what_they_claim_pass() -> None:
    several = metric("several", kinds, higher_is_better=True, sees=("repeats",))
    checks = examined(catalogue(several, metric("claims nothing", lambda _: 3.0)))
    assert failed(checks) == []
    assert doctor.exit_code(list(checks.values())) == 0
    scores = checks["metric gap"].values["scores"]
    assert scores["other real images"] < scores["blur 1"] < scores["blur 2"]
    assert scores["other real images"] < scores["noise 8"] < scores["only noise"]
    assert checks["metric several"].detail.endswith("; repeats 0.0195, 0.00195")


def test_a_metric_with_the_wrong_order_is_named_with_the_numbers() -> None:
    flattering = metric("flattering", higher_is_better=True, sees=("noise",))
    checks = examined(catalogue(flattering))
    assert failed(checks) == ["metric flattering"]
    said = r"noise 8 \(\S+\) is no worse than other real images \(.*only noise \("
    assert re.search(said, checks["metric flattering"].detail)
    todo = "do not compare by flattering here, and tell the authors of test 1"
    assert doctor.verdict(list(checks.values())) == (
        f"1 of {len(checks)} checks failed: metric flattering ({todo})."
    )


def test_a_metric_is_tested_only_for_what_it_claims_to_see_on_that_net() -> None:
    def by_net(net: str) -> tuple[str, ...]:
        return () if net == "eye" else ("noise",)

    blind = metric("blind", kinds, higher_is_better=True, sees=("noise",))
    assert failed(examined(catalogue(blind))) == ["metric blind"]
    elsewhere = replace(blind, sees=by_net)
    check = examined(catalogue(elsewhere))["metric blind"]
    assert (check.status, check.values["sees"]) == ("ok", [])


def test_a_metric_that_orders_only_some_rungs_is_found() -> None:
    """It takes all of a set's noise for none as soon as there is very much."""
    blinded = metric("blinded", lambda s: gap(s) if gap(s) < 50 else 1.0, sees=("noise",))
    checks = examined(catalogue(blinded))
    assert failed(checks) == ["metric blinded"]
    assert "is better than noise" in checks["metric blinded"].detail


def test_a_metric_that_scores_real_images_outside_its_range_is_found() -> None:
    checks = examined(catalogue(metric("tight", real=(0.0, 1e-9)), metric("wide", real=(0.0, 9.0))))
    assert failed(checks) == ["metric tight"]
    assert "other real images score " in checks["metric tight"].detail


def refusing(which: Callable[[np.ndarray], bool]) -> Callable[[Samples], float]:
    def compute(samples: Samples) -> float:
        if which(samples.fake):
            raise Unscorable("not these")
        return kinds(samples)

    return compute


@pytest.mark.parametrize(
    ("which", "said"),
    [
        (lambda fake: not np.ptp(fake, axis=0).any(), None),  # one image, repeated
        (lambda fake: len(np.unique(fake, axis=0)) < 100, "it refuses 10 repeated: not these"),
        (lambda _: True, "it refuses other real images: not these"),
    ],
)
def test_a_metric_may_refuse_one_repeated_image_and_nothing_else(
    which: Callable[[np.ndarray], bool], said: str | None
) -> None:
    refuser = metric("k", refusing(which), higher_is_better=True, sees=("repeats",))
    check = examined(catalogue(refuser))["metric k"]
    assert (check.status == "ok") == (said is None)
    assert (said or "refused") in check.detail
    assert check.values["scores"]["1 repeated"] is None


@pytest.mark.parametrize(
    ("floor", "said"),
    [(0.5, None), (2.0, "would pass for a collapse"), (-1.0, "would not be called a collapse")],
)
def test_a_gauge_must_see_a_collapse_and_only_that(floor: float, said: str | None) -> None:
    gauge = metric("gauge", kinds, higher_is_better=True, floor=floor)
    detail = examined(catalogue(gauge, gauges=("gauge",)))["metric gauge"].detail
    assert said is None or said in detail
    assert (said is None) == detail.startswith("real ")


def test_modes_are_lost_by_the_labels_of_the_data_set() -> None:
    wide = metric("wide", lambda s: -float(s.fake.std(0).sum()), sees=("lost modes",))
    check = examined(catalogue(wide))["metric wide"]
    assert check.status == "ok", check.detail
    assert "1 mode" in check.values["scores"]


@pytest.mark.parametrize(("step", "status"), [(10, "ok"), (5, "failed")])
def test_a_judge_must_name_what_the_data_set_knows(step: int, status: str) -> None:
    stripe = Dataset(name="stripes", source="", version="1", load=load, judge="judge")
    judge = net(
        "judge",
        load=lambda *_: lambda images: images[:, :, 0, 0].float(),
        modes=lambda features: features[:, 0].astype(int) // step,
    )
    check = examined(catalogue(stripe, judge, metric("counts", reads_modes=True)))["judge judge"]
    share = {"ok": "100", "failed": "4.88"}[status]
    assert check.status == status
    assert check.detail == f"names the mode of {share} % of 512 held-out images as stripes does"


def test_a_metric_that_raises_ends_no_other_check() -> None:
    checks = examined(catalogue(metric("broken", lambda _: [][1])))
    assert failed(checks) == ["metric broken"]
    said = "the metric broken failed: IndexError: list index out of range"
    assert checks["metric broken"].detail == f"the reference itself: {said}"
    assert checks["metric gap"].values["scores"]["blur 1"] is not None


def test_the_known_answer_is_known_from_the_pixels_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def crooked(*given: Any) -> dict[str, np.ndarray]:
        return {name: features * 1.01 for name, features in features_by_net(*given).items()}

    assert examined(catalogue())["known answer"].status == "ok"

    monkeypatch.setattr("gan_bench.measure.evaluator.features_by_net", crooked)
    check = examined(catalogue())["known answer"]
    assert check.status == "failed"
    assert check.values["measured"] != pytest.approx(check.values["known"], abs=0.05)


def test_too_few_held_out_images_are_said() -> None:
    few = Images(train=stripes(100, 0), held_out=stripes(30, 1))
    small = Dataset(name="stripes", source="", version="2", load=lambda *_: few)
    check = examined(catalogue(small))["evaluator"]
    assert check.status == "not tested"
    assert check.detail == (
        "stripes has 30 held-out images, and the test of the evaluator needs 64; leave --data out "
        "to test it on others"
    )


def test_one_image_is_a_collapse_though_batches_of_other_sizes_round_otherwise() -> None:
    def rounding(device: str, weights: Path | None) -> Callable[[Tensor], Tensor]:
        see = rough(device, weights)
        return lambda images: see(images) * (1 + 1e-7 * len(images))

    odd = Images(train=stripes(700, 0), held_out=stripes(500, 1))
    checks = examined(
        catalogue(
            Dataset(name="stripes", source="", version="3", load=lambda *_: odd),
            net("eye", load=rounding),
        )
    )
    assert checks["evaluator"].values["n"] == 500
    assert checks["evaluator"].status == "ok", checks["evaluator"].detail


# Metrics with a net of their own


def raising(error: Exception) -> Callable[..., NoReturn]:
    def fail(*_: object) -> NoReturn:
        raise error

    return fail


def dark(device: str, weights: Path | None) -> Callable[[Tensor], Tensor]:
    return lambda images: images.flatten(1).float()[:, :1] * 0


@pytest.mark.parametrize(("load", "status"), [(rough, "ok"), (dark, "failed")])
def test_a_metric_is_tested_on_a_net_of_its_own(load: Any, status: str) -> None:
    ears = net("ear", load=load)
    checks = examined(catalogue(ears, metric("loudness", features="ear", sees=("noise",))))
    assert checks["metric loudness"].status == status
    assert checks["metric loudness"].values["features"] == "ear"
    assert checks["metric gap"].status == "ok"


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"digest": raising(NotHere("ear.bin must be fetched"))}, "not here"),
        ({"digest": raising(DataError("ear.bin was altered"))}, "failed"),
        ({"load": raising(RuntimeError("no such operator"))}, "failed"),
        ({"load": lambda *_: raising(RuntimeError("cannot see this"))}, "failed"),
    ],
)
def test_a_net_that_does_not_work_takes_only_its_own_metrics_with_it(
    more: dict[str, Any], status: str
) -> None:
    ears = [metric(name, features="ear") for name in ("loudness", "pitch")]
    checks = examined(catalogue(net("ear", **more), *ears))
    check = checks["metrics of ear"]
    assert check.status == checks["features ear"].status == status
    assert check.values["metrics"] == ["loudness", "pitch"]
    reason = "see features ear" if status == "not here" else checks["features ear"].detail
    assert check.detail == f"loudness, pitch are not tested: {reason}"
    assert set(failed(checks)) <= {"features ear", "metrics of ear"}
    assert checks["metric gap"].status == "ok"


def test_judges_of_other_data_sets_are_not_tested_and_it_says_so() -> None:
    other = Dataset(name="dots", source="", version="1", load=load, judge="dot-judge")
    reader = metric("of dots", features="dot-judge", sees=("noise",))
    checks = examined(catalogue(other, net("dot-judge", load=dark), reader))
    assert failed(checks) == []
    assert "metric of dots" not in checks
    said = "1 metric of judges of other data sets are not tested: dot-judge"
    assert said in checks["evaluator"].detail


# Images of the user's


def pictures(folder: Path, count: int, labelled: bool) -> Path:
    for k, image in enumerate(stripes(count, 2)):
        path = folder / (f"mode{k % 20}" if labelled else "all") / f"{k}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[0]).save(path)
    return folder


@pytest.mark.parametrize("labelled", [True, False])
def test_metrics_are_tested_on_images_of_the_user(tmp_path: Path, labelled: bool) -> None:
    folder = pictures(tmp_path / "mine", 800, labelled)
    checks = examined(catalogue(), data=str(folder), size=16)
    evaluator = checks["evaluator"]
    assert failed(checks) == []
    assert evaluator.detail.startswith("mine, 16 px, n = ")
    assert ("1 mode" in checks["metric gap"].values["scores"]) == labelled
    said = "lost modes are not tested, because the images have no labels"
    assert (said in evaluator.detail) == (not labelled)


def test_too_few_images_of_the_user_are_one_sentence(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "mine", 100, labelled=False)
    checks = examined(catalogue(), data=str(folder), size=16)
    assert failed(checks) == []
    assert checks["evaluator"].status == "not tested"
    assert doctor.exit_code([*checks.values()]) == 0
    assert doctor.verdict([*checks.values()]).endswith("passed, 1 is not tested.")
    assert re.fullmatch(
        r"mine has \d+ held-out images, and the test of the evaluator needs 64: "
        r"of about 640 images that many are held out; leave --data out to test it on others",
        checks["evaluator"].detail,
    )


def test_data_that_is_not_there_is_refused_before_anything_is_tested() -> None:
    with pytest.raises(UsageError, match="nowhere"):
        examined(catalogue(), data="nowhere")
