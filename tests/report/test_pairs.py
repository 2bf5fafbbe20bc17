"""The leader against each other row: by hand, and against scipy."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from laid_rows import sections
from scales import lay_scale

from gan_bench.report import leaderboard
from gan_bench.report.pairs import Paired, against_leader, clopper_pearson, share_better
from gan_bench.report.section import Section
from gan_bench.results.layout import RECORD
from records import DIVERSITY, FD, protocol, write_cell

WORST = math.inf


def pairs_in(results: Path) -> list[Paired]:
    (board,) = leaderboard.load(results).boards
    return against_leader(board.rows, board.ranking)


def write_row(results: Path, name: str, values: list[float | None], metric: str = "fd-eye") -> None:
    """One cell for each value; None diverged."""
    under = protocol(metrics=(DIVERSITY, FD) if metric == "diversity" else (FD, DIVERSITY))
    for seed, value in enumerate(values):
        scores = {} if value is None else {metric: value}
        status = "diverged" if value is None else "finished"
        write_cell(results, name, seed=seed, under=under, status=status, scores=scores)


# P(leader better)


@pytest.mark.parametrize("n", [4, 6, 12])
def test_the_interval_of_a_share_is_that_of_clopper_and_pearson(n: int) -> None:
    for k in range(n + 1):
        expected = scipy.stats.binomtest(k, n).proportion_ci(method="exact")
        assert clopper_pearson(k, n) == pytest.approx((expected.low, expected.high))


def test_a_share_by_hand() -> None:
    # 6 of 6: the low end is where such a row of wins has a probability of 2.5 %, 0.025^(1/6)
    all_won = share_better([(1, 2)] * 6)
    assert (all_won.value, all_won.high) == (1, 1)
    assert all_won.low == pytest.approx(0.025 ** (1 / 6))


def test_half_of_the_ties_is_won_and_the_interval_holds_whoever_wins_them() -> None:
    tied = share_better([(1, 2), (1, 2), (3, 3), (3, 3), (2, 1)])
    assert tied.value == pytest.approx(3 / 5)
    assert (tied.low, tied.high) == (clopper_pearson(2, 5)[0], clopper_pearson(4, 5)[1])


def test_a_seed_without_a_score_loses_and_two_of_them_tie() -> None:
    costs = [(WORST, 5), (5, WORST), (WORST, WORST), (1, 2)]
    assert share_better(costs).value == pytest.approx(2.5 / 4)


def test_the_interval_of_a_share_holds_it_in_95_of_100_trials() -> None:
    rng, p, n = np.random.default_rng(0), 0.8, 6
    held = 0
    for wins in rng.binomial(n, p, 2_000):
        low, high = clopper_pearson(int(wins), n)
        held += low <= p <= high
    assert held >= 0.95 * 2_000


# Rows


def test_a_pair_by_hand(tmp_path: Path) -> None:
    write_row(tmp_path, "leader", [10.0, 12.0, 11.0, 13.0])
    write_row(tmp_path, "other", [15.0, 17.0, 16.0, 20.0])
    (pair,) = pairs_in(tmp_path)
    assert (pair.leader.architecture, pair.other.architecture, pair.seeds) == (
        "leader", "other", 4,
    )  # fmt: skip
    # differences 5 5 5 7: mean 5.5, s = 1, t(3) = 3.1824
    assert pair.difference is not None
    assert pair.difference.value == pytest.approx(5.5)
    assert pair.difference.high - 5.5 == pytest.approx(3.182446 / 2, rel=1e-6)
    assert pair.correlation == pytest.approx(np.corrcoef([10, 12, 11, 13], [15, 17, 16, 20])[0, 1])
    assert pair.leader_better.value == 1


def test_the_difference_has_the_metric_s_own_direction(tmp_path: Path) -> None:
    write_row(tmp_path, "leader", [0.5, 0.6, 0.7, 0.8], "diversity")
    write_row(tmp_path, "other", [0.4, 0.5, 0.5, 0.6], "diversity")
    (pair,) = pairs_in(tmp_path)
    assert pair.difference is not None
    assert pair.difference.value == pytest.approx(-0.15)
    assert pair.leader_better.value == 1


def test_rows_meet_where_both_have_ended(tmp_path: Path) -> None:
    write_row(tmp_path, "leader", [10.0, 12.0, 11.0, 13.0, 12.0, 11.0])
    write_row(tmp_path, "other", [15.0, 9.0, None, 20.0, 15.0])
    (pair,) = pairs_in(tmp_path)
    assert pair.seeds == 5
    assert pair.leader_better.value == pytest.approx(4 / 5)  # 9 wins against 12
    assert pair.difference is not None
    assert pair.difference.value == pytest.approx((5 - 3 + 7 + 3) / 4)


def test_what_cannot_be_said_is_none(tmp_path: Path) -> None:
    write_row(tmp_path, "leader", [10.0] * 4)
    write_row(tmp_path, "other", [15.0, 16.0, 17.0, None])
    write_row(tmp_path, "few", [15.0, 16.0, 17.0])
    (pair,) = pairs_in(tmp_path)  # `few` has three seeds
    assert pair.other.architecture == "other"
    assert (pair.correlation, pair.difference, pair.seeds) == (None, None, 4)


def test_seeds_of_damaged_records_are_common_seeds_that_lose(tmp_path: Path) -> None:
    write_row(tmp_path, "leader", [10.0, 12.0, 11.0, 13.0])
    write_row(tmp_path, "other", [15.0, 16.0, 17.0])
    (write_cell(tmp_path, "other", seed=3, scores={"fd-eye": 1.0}) / RECORD).write_text("{")
    (pair,) = pairs_in(tmp_path)
    assert (pair.seeds, pair.leader_better.value) == (4, 1)


# The table


def shown(results: Path) -> list[Section]:
    (board,) = leaderboard.load(results).boards
    return [section for section in sections(board) if "seed by seed" in section.title]


def test_the_table_names_the_leader_and_says_that_the_letters_are_what_was_chosen(
    tmp_path: Path,
) -> None:
    write_row(tmp_path, "leader", [10.0, 12.0, 11.0, 13.0])
    write_row(tmp_path, "other", [15.0, 17.0, 16.0, 20.0])
    (section,) = shown(tmp_path)
    assert section.title.startswith("leader / hinge, first by fd-eye, against")
    assert "only the letters were chosen before looking" in section.title
    assert section.rows == [
        ["other", "hinge", "4", "0.96", "5.5 ± 1.6", "1.00 (0.40 to 1.00)"],
    ]


def test_where_there_is_no_pair_there_is_no_table(tmp_path: Path) -> None:
    write_row(tmp_path, "leader", [10.0, 12.0, 11.0])
    write_row(tmp_path, "other", [15.0, 17.0, 16.0])
    assert shown(tmp_path) == []


def test_where_the_order_of_the_rows_means_nothing_none_is_called_the_leader(
    tmp_path: Path,
) -> None:
    write_row(tmp_path, "one", [10.0, 12.0, 11.0, 13.0])
    write_row(tmp_path, "other", [15.0, 17.0, 16.0, 20.0])
    lay_scale(
        tmp_path, under=protocol(metrics=(FD, DIVERSITY)),
        real={"fd-eye": 1.0}, noise={"fd-eye": 9.0},
    )  # fmt: skip
    assert shown(tmp_path) == []


def test_where_no_row_has_a_score_there_is_no_leader_and_no_letter(tmp_path: Path) -> None:
    for architecture in ("one", "other"):
        for seed in range(6):
            write_cell(tmp_path, architecture, seed=seed, under=protocol(), status="diverged")
    (board,) = leaderboard.load(tmp_path).boards
    assert board.ties == ["", ""]
    assert against_leader(board.rows, board.ranking) == []
