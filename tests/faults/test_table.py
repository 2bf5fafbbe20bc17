"""The table of faults in the docs: every row is a test."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
TABLE = (TESTS.parent / "docs" / "faults.md").read_text(encoding="utf-8")
FAULTS = TABLE.partition("## The faults")[2]
ROWS = dict(re.findall(r"^\| (\d+) \| (.*) \|$", FAULTS, re.MULTILINE))


def functions(name: str) -> set[str]:
    (path,) = TESTS.rglob(name)
    return {each.name for each in ast.walk(ast.parse(path.read_text())) if hasattr(each, "name")}


def test_all_27_faults_are_there() -> None:
    assert [int(number) for number in ROWS] == list(range(1, 28))


@pytest.mark.parametrize("number", [str(k) for k in range(1, 28)])
def test_every_row_names_tests_that_are_there(number: str) -> None:
    tests = re.findall(r"`(test_\w+\.py)::(test_\w+)`", ROWS[number])
    assert tests
    for file, name in tests:
        assert name in functions(file), f"{file} has no {name}"
