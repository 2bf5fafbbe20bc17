"""Whether two networks of one seed differ beyond sampling, and when the report says so."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gan_bench import Influence
from gan_bench.contract.protocol import MetricSpec
from gan_bench.report import leaderboard
from gan_bench.report.notes import notes
from gan_bench.report.similarity import Network, z_score
from gan_bench.results.influence import ImageTerms, write_influence
from gan_bench.results.layout import INFLUENCE
from records import FD, protocol, write_cell

KD = MetricSpec(name="kd-eye", higher_is_better=False, features="eye")
UNDER = protocol(metrics=(FD, KD))
N = 200


def network(score: float, real: np.ndarray, fake: np.ndarray) -> Network:
    terms = ImageTerms(metric="kd-eye", real=tuple(real), fake=tuple(fake))
    return Network("a", 0, score, terms)


def drawn(rng: np.random.Generator, mean: float = 0.0) -> tuple[Network, Network]:
    """Two networks scored by a mean over images, with the part of the real images in common."""
    real, both = rng.normal(0, 9, N), rng.normal(0, 1, (2, N)) + rng.normal(0, 5, N)
    both[1] += mean
    scores = [fake.mean() + real.mean() for fake in both]
    made = [
        network(score, real - real.mean(), fake - fake.mean())
        for score, fake in zip(scores, both, strict=True)
    ]
    return made[0], made[1]


def test_equal_networks_are_called_different_in_5_of_100_draws() -> None:
    rng = np.random.default_rng(0)
    found = [z_score(*drawn(rng)) or 0.0 for _ in range(1_000)]
    assert np.mean(np.abs(found) > 1.96) == pytest.approx(0.05, abs=0.02)


def test_what_both_networks_share_hides_no_difference() -> None:
    rng = np.random.default_rng(1)
    assert np.mean([z_score(*drawn(rng, mean=0.4)) or 0.0 for _ in range(100)]) < -3


@pytest.mark.parametrize("cut", [N, N - 1])
def test_terms_that_do_not_match_or_do_not_vary_are_not_compared(cut: int) -> None:
    one = network(1.0, np.zeros(N), np.zeros(N))
    assert z_score(one, network(2.0, np.zeros(N), np.zeros(cut))) is None


def lay(results: Path, name: str, kd: float, seeds: int = 1, **more: Any) -> Path:
    """Cells whose scores have a standard error of about 1 each; the folder of the last one."""
    for seed in range(seeds):
        scores = {"fd-eye": kd, "kd-eye": kd}
        folder = write_cell(results, name, seed=seed, under=UNDER, scores=scores, **more)
        rng = np.random.default_rng([seed, *name.encode()])
        real, fake = rng.normal(0, math.sqrt(N / 2), (2, N))
        write_influence(folder, [("kd-eye", Influence(fake=fake, real=real))])
    return folder


def said(results: Path) -> list[str]:
    (board,) = leaderboard.load(results).boards
    return [note.text for note in notes(board) if "network" in note.text]


def test_the_first_row_is_compared_with_every_other_one(tmp_path: Path) -> None:
    for name, kd in (("a", 10.0), ("b", 11.0), ("c", 30.0)):
        lay(tmp_path, name, kd)
    near, far = said(tmp_path)
    assert near.startswith("a / hinge and b / hinge, seed 0: these two networks do not differ")
    assert "a / hinge and c / hinge, seed 0: these two networks differ beyond the sampling" in far
    assert "kd-eye 10 and 30, z = 1" in far
    assert far.endswith("p < 0.0001); that says nothing about other seeds")


def test_of_several_seeds_the_first_in_common_is_compared(tmp_path: Path) -> None:
    lay(tmp_path, "a", 10.0, seeds=3)
    (lay(tmp_path, "b", 30.0, seeds=2).parent / "seed0" / INFLUENCE).unlink()
    (note,) = said(tmp_path)
    assert "a / hinge and b / hinge, seed 1:" in note


@pytest.mark.parametrize("why", ["four seeds", "no file", "diverged", "another metric"])
def test_nothing_is_said_where_letters_speak_or_terms_are_missing(why: str, tmp_path: Path) -> None:
    lay(tmp_path, "a", 10.0, seeds=4 if why == "four seeds" else 1)
    other = lay(tmp_path, "b", 30.0)
    if why == "no file":
        (other / INFLUENCE).unlink()
    elif why == "diverged":
        write_cell(tmp_path, "b", under=UNDER, status="diverged")
    elif why == "another metric":
        terms = np.random.default_rng(0).normal(size=N)
        write_influence(other, [("kd-ear", Influence(fake=terms, real=terms))])
    assert said(tmp_path) == []


@pytest.mark.parametrize("damaged", ["a", "b"])
def test_a_damaged_file_is_named_and_the_other_seeds_and_rows_are_compared(
    damaged: str, tmp_path: Path
) -> None:
    last = {name: lay(tmp_path, name, kd, 2) for name, kd in (("a", 9.0), ("b", 30.0), ("c", 31.0))}
    (last[damaged].parent / "seed0" / INFLUENCE).write_text("{")
    (fault,) = [note for note in said(tmp_path) if "unreadable" in note]
    start = f"{damaged} / hinge / seed0: this network cannot be compared: unreadable"
    assert fault.startswith(start)
    compared = {note.split(":")[0] for note in said(tmp_path) if note != fault}
    seed_of_c = 1 if damaged == "a" else 0
    assert compared == {
        "a / hinge and b / hinge, seed 1",
        f"a / hinge and c / hinge, seed {seed_of_c}",
    }


@pytest.mark.parametrize("seeds", [1, 2])
def test_terms_of_other_images_are_passed_over_and_named_if_there_are_no_others(
    seeds: int, tmp_path: Path
) -> None:
    lay(tmp_path, "a", 10.0, seeds)
    first = lay(tmp_path, "b", 30.0, seeds).parent / "seed0"
    (first / INFLUENCE).unlink()
    terms = np.random.default_rng(0).normal(size=N)
    write_influence(first, [("kd-eye", Influence(fake=terms, real=terms[1:]))])
    (note,) = said(tmp_path)
    if seeds == 1:
        assert "cannot be compared, because influence.json has terms of other images" in note
        assert "200 real and 200 generated ones of a / hinge and 199 real and 200" in note
    else:
        assert note.startswith("a / hinge and b / hinge, seed 1: these two networks differ")
