"""Properties that hold for all inputs: grids, statistics, lines of JSON, names."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gan_bench import Architecture, Loss, StorageError, UsageError
from gan_bench import catalogue as catalogues
from gan_bench.base.numbers import column, number
from gan_bench.catalogue import Catalogue, Plugin
from gan_bench.contract.protocol import Cell, RunEnvironment
from gan_bench.report import leaderboard
from gan_bench.report.letters import letters
from gan_bench.report.statistics import MIN_SEEDS, Spread, agreement, interval, sources
from gan_bench.report.tables import tables
from gan_bench.results.atomic import append_line
from gan_bench.results.layout import cell_dir
from gan_bench.results.reading import last_line, read_lines
from gan_bench.run.plan import make_plan
from gan_bench.run.request import Request
from given import Draw
from records import PLAIN, write_cell

# The grid


@pytest.fixture(scope="module")
def known() -> Catalogue:
    """Five architectures and five losses, a to e, that differ by name alone."""
    found = catalogues.load()
    architecture, loss = found.find(Architecture, "dense"), found.find(Loss, "minimax")
    for name in "abcde":
        for offer in (architecture, loss):
            named = replace(offer, name=name), Plugin("test", "test", "1", dict)
            found.offers[type(offer)][name] = named
    return found


@pytest.fixture(scope="module")
def expand(
    known: Catalogue, draw_shapes: Draw, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., list[tuple[str, str, int]]]:
    folder = draw_shapes(tmp_path_factory.mktemp("data") / "shapes", 20, 16)

    def cells(**asked: Any) -> list[tuple[str, str, int]]:
        given_ = {"data": str(folder), "size": 16, "batch": 4, "samples": 10, "device": "cpu"}
        planned = make_plan(Request(features=("pixels",), **given_, **asked), known)
        return [(cell.architecture, cell.loss, cell.seed) for cell in planned.plan.cells]

    return cells


names = st.lists(st.sampled_from("abcde"), min_size=1, max_size=7).map(tuple)


@settings(max_examples=50)
@given(architectures=names, losses=names, seeds=st.integers(1, 5))
def test_every_combination_is_one_cell_in_the_order_asked_for(
    architectures: tuple[str, ...],
    losses: tuple[str, ...],
    seeds: int,
    expand: Callable[..., list[tuple[str, str, int]]],
) -> None:
    cells = expand(architectures=architectures, losses=losses, seeds=seeds)
    assert len(cells) == len(set(cells)) == len(set(architectures)) * len(set(losses)) * seeds
    assert set(cells) == set(product(architectures, losses, range(seeds)))

    def place(cell: tuple[str, str, int]) -> tuple[int, int, int]:
        return cell[2], architectures.index(cell[0]), losses.index(cell[1])

    assert cells == sorted(cells, key=place)  # so that all rows have intervals early


# Statistics: another unit and another zero are the same experiment

whole = st.integers(-1000, 1000)
row = st.lists(whole, min_size=MIN_SEEDS, max_size=6)
table = st.lists(row, min_size=1, max_size=4)
units = st.sampled_from([0.25, 0.5, 2.0, 8.0])  # of which no product is rounded


def moved(values: Sequence[float], unit: float, zero: int) -> list[float]:
    return [unit * value + zero for value in values]


@given(row, units, st.sampled_from([1, -1]), whole)
def test_an_interval_moves_with_its_unit_and_zero_and_is_mirrored_with_its_values(
    values: list[int], unit: float, sign: int, zero: int
) -> None:
    ends = moved(interval(values) or pytest.fail("no interval"), sign * unit, zero)
    other = interval(moved(values, sign * unit, zero))
    assert other == pytest.approx(tuple(sorted(ends)), rel=1e-9, abs=1e-6)


@given(row, st.randoms())
def test_the_order_of_seeds_is_nothing_to_an_interval_and_a_spread(
    values: list[int], random: Random
) -> None:
    mixed = random.sample(values, len(values))
    assert interval(mixed) == pytest.approx(interval(values), rel=1e-12, abs=1e-9)
    errors = [1.0] * len(values)
    assert parts(sources(mixed, errors)) == pytest.approx(parts(sources(values, errors)), rel=1e-9)


def parts(spread: Spread) -> list[float | None]:
    return [spread.seeds, spread.training, spread.sampling]


@settings(max_examples=50)
@given(table, units, st.sampled_from([1, -1]), whole, st.randoms())
def test_letters_know_no_unit_no_zero_no_direction_and_no_order_of_seeds(
    rows: list[list[int]], unit: float, sign: int, zero: int, random: Random
) -> None:
    assert letters([moved(values, sign * unit, zero) for values in rows]) == letters(rows)
    assert letters([random.sample(values, len(values)) for values in rows]) == letters(rows)


@given(row, units, st.floats(0, 10))
def test_a_spread_has_the_unit_of_its_values(values: list[int], unit: float, error: float) -> None:
    spread = sources(values, [error] * len(values))
    other = sources(moved(values, unit, 7), [unit * error] * len(values))
    for part, scaled in zip(parts(spread), parts(other), strict=True):
        assert scaled == (None if part is None else pytest.approx(unit * part, rel=1e-6, abs=1e-6))


@given(st.lists(st.tuples(whole, whole), min_size=3, max_size=7), units, whole)
def test_the_agreement_of_two_rankings_knows_no_unit_and_turns_with_its_direction(
    pairs: list[tuple[int, int]], unit: float, zero: int
) -> None:
    one, other = [a for a, _ in pairs], [b for _, b in pairs]
    tau = agreement(one, other)
    assert agreement(one, moved(other, unit, zero)) == pytest.approx(tau)
    turned = agreement(one, moved(other, -unit, zero))
    assert turned == (None if tau is None else pytest.approx(-tau))


@settings(max_examples=20)
@given(values=st.lists(whole, min_size=4, max_size=4), unit=units, random=st.randoms())
def test_a_leaderboard_is_the_same_in_any_order_of_cells_and_any_unit(
    values: list[int], unit: float, random: Random, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def ranks(unit: float, cells: list[tuple[int, int]]) -> list[list[str]]:
        results = tmp_path_factory.mktemp("ranks")
        for k, value in cells:
            write_cell(results, f"row{k}", seed=k, scores={"fd-eye": unit * value})
        (board,) = leaderboard.load(results).boards
        table = tables(board)[0]
        return [row[: table.names] for row in table.rows]

    cells = list(enumerate(values))
    assert ranks(unit, random.sample(cells, 4)) == ranks(1.0, cells)


# Lines of JSON

lines = st.lists(
    st.dictionaries(
        st.text(st.characters(codec="utf-8"), max_size=5),
        st.none() | st.booleans() | whole | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(codec="utf-8"), max_size=5),
        max_size=3,
    ),
    max_size=5,
)  # fmt: skip


@given(rows=lines, spelled=st.booleans(), data=st.data())
def test_of_lines_cut_at_any_byte_even_within_a_character_the_whole_ones_are_read(
    rows: list[dict[str, Any]],
    spelled: bool,
    data: st.DataObject,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("cut") / "curve.jsonl"
    content = "".join(json.dumps(row, ensure_ascii=spelled) + "\n" for row in rows).encode()
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut])
    assert read_lines(path) == rows[: content[:cut].count(b"\n")]


@given(lines)
def test_what_is_appended_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    path = tmp_path_factory.mktemp("append") / "curve.jsonl"
    for row in rows:
        append_line(path, row)
    assert read_lines(path) == rows
    assert last_line(path) == (rows[-1] if rows else {})


@given(st.binary(max_size=60))
def test_of_any_bytes_the_lines_are_objects_or_it_is_a_storage_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "curve.jsonl"
    path.write_bytes(content)
    assert isinstance(last_line(path), dict)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.integers(9, 12).map(lambda n: 10**n) | st.sampled_from([10**99, 10**101, 10**400, 2**64]),
    lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(st.text(), deeper, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(st.lists(st.dictionaries(st.sampled_from("ab"), values)))
@example([{"a": 1.0}, {"a": "2"}])
@example([{"a": 1}, {"a": True}])
@example([{"a": [1]}, {"a": [2]}])
@example([{"a": 2**63}, {"a": -1.0}])
@example([{"a": math.inf}, {"a": 1.0}, {}])
def test_a_column_is_the_number_of_every_line(found: list[dict[str, Any]]) -> None:
    expected = [number(line, "a") for line in found]
    np.testing.assert_array_equal(column(found, "a"), np.array(expected, float))


odd = st.sampled_from(
    ['"\\ud800"', "NaN", "-Infinity", "1e999", "9" * 400, "9" * 5000, "-0", "01", "1.", "[" * 300,
     "[" * 300 + "]" * 300, '"\t"', "'a'", "{}", " 1 ", "\ufeff1", "1 2", "1,2", '{"a": 1, "a": 2}']
)  # fmt: skip


@given(st.lists(values.map(json.dumps) | odd, max_size=4))
def test_lines_are_read_as_the_standard_library_reads_json_or_refused(
    tmp_path_factory: pytest.TempPathFactory, words: list[str]
) -> None:
    path = tmp_path_factory.mktemp("lines") / "curve.jsonl"
    path.write_text("".join(f'{{"a": {word}}}\n' for word in words), "utf-8")
    well, text = outcome(lambda: read_lines(path))
    if well:
        assert text == repr([json.loads(f'{{"a": {word}}}') for word in words])
    else:
        assert text.startswith(f"unreadable {path}: ")


def outcome(read: Callable[[], object]) -> tuple[bool, str]:
    """Whether it was read, and what, or why not."""
    try:
        return True, repr(read())
    except (ValueError, RecursionError, StorageError) as error:
        return False, str(error)


# Names

PARTS = st.sampled_from(["..", "/", "\\", ".", "a", "CON", "\0", "~", "C:", " ", "é", "x" * 90])
odd_names = st.just("a") | st.text(max_size=20) | st.lists(PARTS, max_size=5).map("".join)


@given(odd_names, odd_names, odd_names, st.integers(0, 10**9))
@example("../x", "a", "b", 0)
@example("/etc/x", "a", "b", 0)
@example("a", "..", "b", 0)
def test_no_name_puts_a_cell_anywhere_but_three_folders_below_the_results(
    data: str, architecture: str, loss: str, seed: int
) -> None:
    place = RunEnvironment(device="cpu", named=True)
    under = PLAIN.model_copy(update={"data": PLAIN.data.model_copy(update={"name": data})})
    cell = Cell(architecture=architecture, loss=loss, seed=seed, environment=place)
    try:
        folder = cell_dir(Path("/results"), under, cell)
    except UsageError:
        return
    assert folder.parents[3] == Path("/results")
    assert ".." not in folder.parts
    assert "\0" not in str(folder)
    assert all(len(part) < 255 for part in folder.parts)
