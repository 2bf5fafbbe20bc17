"""Which format a file name asks for, and LaTeX, which no other test reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gan_bench import UsageError
from gan_bench.report import leaderboard
from gan_bench.report.formats import ENDINGS, FORMATS, format_of, render
from records import protocol, write_cell


@pytest.mark.parametrize("ending", [*ENDINGS, ".HTML"])
def test_a_format_is_known_by_the_ending(ending: str) -> None:
    style = format_of(Path(f"a.b/board{ending}"))
    assert style == ENDINGS[ending.lower()]
    assert set(ENDINGS.values()) == set(FORMATS)


@pytest.mark.parametrize("name", ["board.pdf", "board", ".md"])
def test_an_unknown_ending_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(UsageError, match=r"\.md, .*\.html, .*\.csv, \.json, \.tex, \.txt"):
        format_of(Path(name))


def test_latex_has_a_booktabs_table_for_each_protocol(tmp_path: Path) -> None:
    scores = {"fd-eye": 1234.5, "diversity": 0.5}
    root = write_cell(tmp_path, "good", loss="a_b", scores=scores).parents[2]
    write_cell(tmp_path, "odd", status="failed", reason="50 %\n\\end{table}", cost=None)
    write_cell(tmp_path, "good", under=protocol(kimg=200), scores=scores)
    text = render(leaderboard.load(tmp_path, root.name), "latex", tmp_path)
    lines = [line.strip() for line in text.splitlines() if not line.startswith("%")]
    assert lines[lines.index(r"\begin{tabular}{rllrrrl}") + 1] == r"\toprule"
    assert r"1 & good & a\_b & 1,234 & 0.5 & 1.5 & 1 finished \\" in lines
    assert r"\textendash{} & odd & hinge & " + r"\textendash{} & " * 3 + r"1 failed \\" in lines
    assert any(
        r"loss & fd-eye $\downarrow$ (n = 500) & diversity $\uparrow$ & minutes" in x for x in lines
    )
    assert lines.count(r"\end{table}") == 1
    assert re.search(r"^% odd / hinge / seed0: 50 %\\n\\end\{table\}$", text, re.MULTILINE)
    everything = render(leaderboard.load(tmp_path), "latex", tmp_path)
    assert everything.count(r"\begin{tabular}") == 2
