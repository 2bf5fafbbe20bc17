"""The halves of a reference: one chooses, the other reports, and they share nothing."""

from __future__ import annotations

import numpy as np
import pytest
from nets import GAP, Eye, catalogue, evaluator, plan

from gan_bench.base import rng
from gan_bench.contract.protocol import Evaluation
from gan_bench.data.cache import Prepared
from gan_bench.measure.evaluator import reference_images, reference_rows
from gan_bench.measure.scale import other_real
from gan_bench.results.studies import HALVES

KNOWN = catalogue(Eye().offer, GAP)
WHOLE = plan(KNOWN, "gap", samples=15)


def halves(prepared: Prepared) -> list[Evaluation]:
    return [WHOLE.on_half(half, prepared.data) for half in HALVES]


@pytest.mark.parametrize("images", [10, 11, 1000])
@pytest.mark.parametrize("samples", [5, 400, 1000])
def test_no_image_is_in_both_halves(images: int, samples: int) -> None:
    asked = WHOLE.model_copy(update={"samples": samples})
    first, second = (
        reference_rows(asked.model_copy(update={"half": half}), images) for half in HALVES
    )
    assert not set(first) & set(second)
    assert len(set(first)) == min(samples, images // 2)
    assert len(set(second)) == min(samples, images - images // 2)
    assert np.union1d(first, second).max() < images


def test_halves_are_drawn_from_all_images_and_not_by_their_order() -> None:
    rows = reference_rows(WHOLE.model_copy(update={"samples": 500, "half": "choosing"}), 1000)
    assert (rows[1:] >= rows[:-1]).all()
    assert 0.4 < (rows < 500).mean() < 0.6
    assert 0.4 < (rows % 2).mean() < 0.6


def test_a_half_is_measured_on_its_own_images_by_the_ranking_metric(prepared: Prepared) -> None:
    fakes = reference_images(prepared, WHOLE)
    for asked in halves(prepared):
        assert [spec.name for spec in asked.metrics] == [WHOLE.metrics[0].name]
        measured = evaluator(KNOWN, asked, prepared).measure(fakes, with_errors=False)
        score = measured.scores[WHOLE.metrics[0].name]
        real = reference_images(prepared, asked)
        assert score.reference == f"train {asked.half}"
        assert score.reference_n == len(real) == asked.reference_images(prepared.data) == 15
        # the features of an image of one colour are two equal numbers
        gap = 2 * abs(float(fakes.mean()) - float(real.mean()))
        assert score.value == pytest.approx(gap, abs=1e-4)


def test_other_real_images_of_a_half_are_not_in_it(prepared: Prepared) -> None:
    for asked in halves(prepared):
        other = other_real(prepared, asked)
        assert other is not None
        values = set(other.images[:, 0, 0, 0].tolist())
        assert not values & set(reference_images(prepared, asked)[:, 0, 0, 0].tolist())


def test_both_halves_and_the_whole_have_names_and_streams_of_their_own(
    prepared: Prepared,
) -> None:
    every = [WHOLE, *halves(prepared)]
    assert len({each.slug for each in every}) == 3
    assert [each.draw for each in every] == ["eval", "choosing", "reporting"]
    first, second = (rng.normal(0, f"z-{each.draw}", 50, 8) for each in every[1:])
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.2


def test_an_evaluation_of_the_whole_reference_has_the_name_that_it_always_had() -> None:
    document = WHOLE.model_dump(mode="json") | {"half": None}
    assert Evaluation.model_validate(document).slug == WHOLE.slug
    del document["half"]
    assert Evaluation.model_validate(document).slug == WHOLE.slug
