"""Precision, recall, density and coverage against `prdc`, and against what is known of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from prdc import compute_prdc  # type: ignore[import-untyped]

from gan_bench import Metric, Samples, Unscorable
from gan_bench.measure.errors import influence_error, influence_of
from gan_bench.measure.selftest import faults_seen
from gan_bench_plugins import neighbours, prdc
from gan_bench_plugins.prdc import coverage, density, precision, recall

FOUR = {"precision": precision, "recall": recall, "density": density, "coverage": coverage}


def draw(rng: np.random.Generator, n: int, F: int = 16, scale: float = 1.0) -> np.ndarray:
    return rng.normal(scale=scale, size=(n, F)).astype(np.float32)


@pytest.mark.parametrize("scale", [0.7, 1.0, 1.3])
@pytest.mark.parametrize("far", [0, 1_000])
def test_all_four_agree_with_prdc(scale: float, far: int) -> None:
    """The scale tells precision from recall; far from the origin, products lose their digits."""
    rng = np.random.default_rng(0)
    real, fake = draw(rng, 300) + far, draw(rng, 300, scale=scale) + far
    for k, names in ((3, ("precision", "recall")), (5, ("density", "coverage"))):
        expected = compute_prdc(real.astype(float), fake.astype(float), k)
        for name in names:
            found = FOUR[name](Samples(real=real, fake=fake))
            assert found == pytest.approx(expected[name], abs=1e-5), name


def test_large_sets_are_scored_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    samples = Samples(real=draw(rng, 150), fake=draw(rng, 150, scale=0.9))
    whole = [compute(samples) for compute in FOUR.values()]
    monkeypatch.setattr(neighbours, "ROWS", 40)
    assert [compute(samples) for compute in FOUR.values()] == whole


def test_scores_of_equal_distributions_are_known() -> None:
    """E density = 1, E coverage = 1 - prod_{j=1..k} (N - j) / (2 N - j), 0.969 as N grows.

    Precision and recall are equal on average.
    """
    rng, N = np.random.default_rng(3), 200
    pairs = [Samples(real=draw(rng, N), fake=draw(rng, N)) for _ in range(60)]
    known = 1 - math.prod((N - j) / (2 * N - j) for j in range(1, 6))
    assert known == pytest.approx(0.969, abs=2e-3)
    differences = [precision(samples) - recall(samples) for samples in pairs]
    scores = [differences, [*map(density, pairs)], [*map(coverage, pairs)]]
    for values, expected in zip(scores, (0, 1, known), strict=True):
        error = np.std(values) / math.sqrt(len(values))
        assert np.mean(values) == pytest.approx(expected, abs=4 * error)
        assert error < 0.03


@pytest.mark.parametrize("name", FOUR)
def test_unequal_numbers_are_refused_with_the_one_to_choose(name: str) -> None:
    rng = np.random.default_rng(5)
    samples = Samples(real=draw(rng, 1_500), fake=draw(rng, 2_048))
    with pytest.raises(Unscorable, match=r"2,048 generated and 1,500 real .*--samples 1500"):
        FOUR[name](samples)


@pytest.mark.parametrize(("name", "least"), [("recall", 4), ("density", 6)])
def test_fewer_images_than_neighbours_are_refused(name: str, least: int) -> None:
    rng = np.random.default_rng(6)
    x, y = draw(rng, least), draw(rng, least)
    assert FOUR[name](Samples(real=x, fake=y)) >= 0
    with pytest.raises(Unscorable, match=f"needs {least} images"):
        FOUR[name](Samples(real=x[1:], fake=y[1:]))


def test_each_is_offered_on_every_net_beside_its_partner_on_that_net() -> None:
    offers = {m.name: m for m in prdc.gan_bench_metrics(["eye", "ear"])}
    assert set(offers) == {f"{name}{end}" for name in FOUR for end in ("", "-eye", "-ear")}
    assert {offers[f"{name}-ear"].features for name in FOUR} == {"ear"}
    partners = {name: offer.partner for name, offer in offers.items() if offer.partner}
    assert partners["precision-eye"] == "recall-eye"
    assert partners["density"] == "coverage"
    assert set(partners.values()) <= set(offers)
    assert not any("repeats" in faults_seen(offers[name], "inception") for name in partners)


OFFERS = {offer.name: offer for offer in prdc.gan_bench_metrics([])}


@pytest.mark.parametrize("name", ["precision", "density"])
def test_a_term_is_what_the_score_lacks_without_the_image(name: str) -> None:
    rng = np.random.default_rng(7)
    real, fake = draw(rng, 40, 3), draw(rng, 40, 3, scale=1.5)
    terms = influence_of(OFFERS[name], Samples(real=real, fake=fake))
    assert terms is not None
    reach = np.sort(np.linalg.norm(real[:, None] - real[None], axis=2))[:, [3, 5]]
    apart = np.linalg.norm(fake[:, None] - real[None], axis=2)

    def score(rows: np.ndarray) -> float:
        in_ball = apart[rows] < reach[:, 1]
        if name == "precision":
            return float((apart[rows] <= reach[:, 0]).any(1).mean())
        return float(in_ball.sum(1).mean() / 5)

    everyone = np.arange(40)
    without = np.array([score(np.delete(everyone, k)) for k in everyone])
    assert terms.fake == pytest.approx(39 * (without.mean() - without), abs=1e-9)


def stated_and_true(offer: Metric, share: float) -> tuple[float, float]:
    """The stated error and that of drawing again, of a network with this share of good images."""
    rng = np.random.default_rng(8)
    real = draw(rng, 256, 4)
    stated, scores = [], []
    for _ in range(60):
        fake = draw(rng, 256, 4)
        fake[rng.random(256) >= share] += 100
        samples = Samples(real=real, fake=fake)
        whole = influence_of(offer, samples)
        assert whole is not None
        stated.append(influence_error(offer, samples, whole))
        scores.append(offer.compute(samples))
    return float(np.sqrt(np.mean(np.square(stated)))), float(np.std(scores, ddof=1))


@pytest.mark.parametrize("share", [0.02, 0.5, 1.0])
@pytest.mark.parametrize("name", ["precision", "density", "coverage"])
def test_the_stated_error_is_that_of_drawing_again(name: str, share: float) -> None:
    stated, true = stated_and_true(OFFERS[name], share)
    assert stated == pytest.approx(true, rel=0.25)  # the truth of 60 draws is known to 9 %


@pytest.mark.parametrize("name", ["precision", "density", "coverage"])
def test_the_error_of_a_share_of_0_is_0(name: str) -> None:
    rng = np.random.default_rng(8)
    samples = Samples(real=draw(rng, 256, 4), fake=draw(rng, 256, 4) + 100)
    whole = influence_of(OFFERS[name], samples)
    assert whole is not None
    assert influence_error(OFFERS[name], samples, whole) == 0


def test_the_chance_to_be_alone_in_a_ball_is_that_of_its_model() -> None:
    rng = np.random.default_rng(9)
    means = rng.gamma(5, 1, 20_000)  # as in balls that hold five real images
    held = rng.poisson(means).astype(float)
    for others in (0, 2, 6):
        chance = prdc.chance_alone(held)[held == others + 1]
        assert chance == pytest.approx(np.exp(-means[held == others]).mean(), rel=0.1)
