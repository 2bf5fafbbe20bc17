"""The core knows no loss, architecture, data set, metric or other offer by its name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

import gan_bench
from gan_bench import catalogue as catalogues
from gan_bench.contract.offers import Fault

FILES = sorted(Path(gan_bench.__file__).parent.rglob("*.py"))
# Names that are also plain English, and so may be said in a sentence of a docstring.
PLAIN = {"dense", "diversity", "full", "local", "modes", "quick", "standard", "inception"}
PLAIN |= {"blur", "copies", "flip", "pixels", "precision", "spread", "spectrum"}
# Fields of the data report, and an attribute of Pillow's images: no metrics.
OF_IMAGES = {"modes", "pixels", "precision"}
# A schedule of before the field existed means this optimizer, so the format itself has to say it;
# the command that makes a run again names a field of the schedule, which is no metric.
AS_BEFORE = {"schedule.py": {"adam"}, "again.py": {"precision"}}
FAULTS = set(get_args(Fault))  # the core names these, and a metric may be called as its fault


@cache
def built_in_names() -> set[str]:
    offers = catalogues.load().offers.values()
    return {
        name
        for kind in offers
        for name, (_, plugin) in kind.items()
        if plugin.distribution == "gan-bench"
    }


def literals(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def said(name: str, text: str) -> bool:
    return bool(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text))


def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    path = tmp_path / "core.py"
    path.write_text('if name == "dcgan":\n    x = f"{y}minimax"\n')
    assert {"dcgan", "minimax"} <= set(literals(path))
    assert said("dcgan", "else: dcgan.")
    assert not said("dcgan", "dcgan-mnist")
    assert len(FILES) > 50
    assert {"dcgan", "dense", "minimax", "mnist", "toonfaces", "fid", "quick"} <= built_in_names()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_name_of_a_built_in_is_a_string_or_said_in_the_core(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    names = built_in_names() - AS_BEFORE.get(path.name, set())
    text = re.sub(r'"gan-bench [^"]*"', "", source)  # the examples of a help are real commands
    others = FAULTS | OF_IMAGES if "data" in path.parts else FAULTS
    assert not (names - others) & set(literals(path))
    assert not {name for name in names - PLAIN if said(name, text)}
