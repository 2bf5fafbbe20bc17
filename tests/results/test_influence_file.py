"""The terms of each image that a cell keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gan_bench import Influence, StorageError
from gan_bench.results.influence import read_influence, write_influence
from gan_bench.results.layout import INFLUENCE

FAKE, REAL = np.random.default_rng(0).normal(0, 1e4, (2, 300))


def test_the_first_terms_that_have_real_images_are_kept(tmp_path: Path) -> None:
    biased, unbiased = Influence(fake=FAKE), Influence(fake=FAKE, real=REAL)
    later = Influence(fake=REAL, real=FAKE)
    write_influence(tmp_path, [("fd", biased), ("kd", unbiased), ("kd-ear", later)])
    kept = read_influence(tmp_path)
    assert kept is not None
    assert kept.metric == "kd"
    assert kept.real == pytest.approx(REAL, rel=1e-5)
    assert kept.fake == pytest.approx(FAKE, rel=1e-5)


def test_2048_images_take_less_than_a_published_file_may(tmp_path: Path) -> None:
    terms = np.random.default_rng(1).normal(0, 1e4, 2_048)
    write_influence(tmp_path, [("kd", Influence(fake=terms, real=terms))])
    assert (tmp_path / INFLUENCE).stat().st_size < 50_000


def test_without_such_terms_there_is_no_file(tmp_path: Path) -> None:
    write_influence(tmp_path, [("fd", Influence(fake=FAKE))])
    assert list(tmp_path.iterdir()) == []
    assert read_influence(tmp_path) is None


@pytest.mark.parametrize("content", ["", "[]", '{"metric": "kd", "real": [1, "x"], "fake": []}'])
def test_a_damaged_file_is_named(content: str, tmp_path: Path) -> None:
    (tmp_path / INFLUENCE).write_text(content)
    with pytest.raises(StorageError, match=f"unreadable .*{INFLUENCE}"):
        read_influence(tmp_path)
