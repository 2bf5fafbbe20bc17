"""A cell or a protocol is found by its path or its name; anything else is answered with a hint."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_bench import UsageError
from gan_bench.results.finding import find_cell, find_folder, protocol_folders
from records import PLAIN, protocol, write_cell

LONG = protocol(kimg=500)


@pytest.fixture
def two_tables(tmp_path: Path) -> Path:
    """dcgan in two protocols, dense in one."""
    write_cell(tmp_path, "dcgan")
    write_cell(tmp_path, "dense")
    write_cell(tmp_path, "dcgan", under=LONG)
    return tmp_path


@pytest.mark.parametrize("word", ["dense/hinge/seed0", "dense / hinge / seed0"])
def test_a_label_names_a_cell(word: str, two_tables: Path) -> None:
    assert find_cell(two_tables, word) == two_tables / PLAIN.slug / "dense/hinge/seed0"


def test_a_path_names_a_cell_wherever_it_is(two_tables: Path) -> None:
    path = two_tables / LONG.slug / "dcgan/hinge/seed0"
    assert find_cell(Path("elsewhere"), str(path)) == path
    assert find_folder(Path("elsewhere"), str(path.parents[2])) == path.parents[2]


def test_the_beginning_of_a_protocol_chooses_between_two_cells(two_tables: Path) -> None:
    begin = LONG.slug[:17]
    path = two_tables / LONG.slug / "dcgan/hinge/seed0"
    assert find_cell(two_tables, f"{begin}/dcgan/hinge/seed0") == path
    assert find_folder(two_tables, begin) == two_tables / LONG.slug


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("dcgan/hinge/seed0", f"2 cells in .* {PLAIN.slug}/dcgan/hinge/seed0"),
        ("dens/hinge/seed0", "Did you mean dense/hinge/seed0?"),
        ("dense/hinge/seed1", "no cell dense/hinge/seed1 in"),
        ("faces-16px", f"is the beginning of {PLAIN.slug}, {LONG.slug}"),
        (
            f"{LONG.slug}/dense/hinge/seed0",
            f"There are: {LONG.slug}/dcgan/hinge/seed0, {PLAIN.slug}/dcgan/hinge/seed0, "
            f"{PLAIN.slug}/dense/hinge/seed0$",
        ),
        ("", "no protocol  in"),
        ("dcgan", f"no protocol dcgan in .* There are: {PLAIN.slug}, {LONG.slug}"),
    ],
)
def test_what_names_no_single_folder_is_a_usage_error(
    word: str, said: str, two_tables: Path
) -> None:
    with pytest.raises(UsageError, match=said):
        find_folder(two_tables, word)


def test_a_folder_with_the_protocol_file_of_another_program_is_no_protocol(
    two_tables: Path,
) -> None:
    other = two_tables.parent / "other"
    other.mkdir()
    (other / "protocol.json").write_text('{"protocol": "https"}')
    with pytest.raises(UsageError, match="no cell"):
        find_folder(two_tables, str(other))


def test_an_empty_folder_has_no_protocols(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no results in .*: `gan-bench run` makes some"):
        protocol_folders(tmp_path)
