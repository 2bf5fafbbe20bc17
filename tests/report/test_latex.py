"""The LaTeX of a report compiles with booktabs alone, and bold claims no more than the letters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from scales import lay_scale

from gan_bench.contract.protocol import MetricSpec, Protocol
from gan_bench.report import leaderboard
from gan_bench.report.formats import render
from gan_bench.report.letters import share_one
from records import FD, PLAIN, protocol, write_cell

APART = {"good": range(100, 106), "poor": range(300, 306)}
TIED = {"good": range(100, 106), "poor": range(101, 107)}
HOSTILE = (
    "50% a_b & c $x$ #1 {y} ~^`",
    r"\input{/etc/passwd} \end{table}",
    "}} {{ $\\frac{$",
    "[2ex]* \\\\ | <a> --",
    "猫 → “q” «g»",
    "one\n\n% two",
)


def text_of(
    results: Path, rows: dict[str, Iterable[int]], under: Protocol = PLAIN, by_time: bool = False
) -> str:
    for name, values in rows.items():
        for seed, value in enumerate(values):
            scores = {metric.name: float(value) for metric in under.evaluation.metrics}
            write_cell(results, name, seed=seed, under=under, scores=scores)
    return render(leaderboard.load(results, by_time=by_time), "latex", results)


def printed(text: str) -> list[str]:
    """The lines that are no comments."""
    return [line.strip() for line in text.splitlines() if not line.startswith("%")]


def rows_of(text: str) -> list[str]:
    return [line for line in printed(text) if line.endswith(r"\\")]


def test_the_caption_has_data_size_kimg_n_and_seeds(tmp_path: Path) -> None:
    caption = next(each for each in printed(text_of(tmp_path, APART)) if "caption" in each)
    assert caption.startswith(r"\caption{faces, 16 px, 100 kimg, n = 500, 6 seeds. Every row has ")


def test_rows_with_other_numbers_of_seeds_are_counted(tmp_path: Path) -> None:
    assert "n = 500, 1 to 2 seeds." in text_of(tmp_path, {"good": [1, 2], "poor": [3]})


def test_a_score_has_its_interval_from_four_seeds_on(tmp_path: Path) -> None:
    assert r"102.5 $\pm$ 2.0" in text_of(tmp_path, APART)
    few = text_of(tmp_path / "few", {"good": [1, 2]})
    assert r"$\pm$" not in "".join(printed(few))
    assert "1 to 2" in few


@pytest.mark.parametrize(("seeds", "said"), [(1, False), (3, True), (4, False)])
def test_the_caption_says_what_a_range_is(tmp_path: Path, seeds: int, said: bool) -> None:
    text = text_of(tmp_path, {"good": range(100, 100 + seeds)})
    assert ("Of fewer than four scores: the lowest and the highest." in text) == said


@pytest.mark.parametrize(("reference", "said"), [("train", False), ("held-out", True)])
def test_the_caption_says_when_held_out_images_are_the_reference(
    tmp_path: Path, reference: str, said: bool
) -> None:
    evaluation = PLAIN.evaluation.model_copy(update={"reference": reference})
    under = PLAIN.model_copy(update={"evaluation": evaluation})
    text = text_of(tmp_path, APART, under)
    assert ("Measured against held-out images." in text) == said


@pytest.mark.parametrize(
    ("rows", "bold"),
    [
        (APART, True),
        (TIED, False),
        (APART | {"third": range(101, 107)}, False),
        (APART | {"third": [900]}, False),  # one seed has no letter
        # told apart by the letters, and the mean of the first one is the worse
        ({"good": [*[10.9] * 7, *[13.1] * 5], "poor": [11.0 + k / 100 for k in range(12)]}, False),
        ({"good": range(100, 106)}, False),  # alone
        ({"good": [1], "poor": [300]}, False),
    ],
)
def test_only_a_best_row_that_is_told_apart_from_all_others_is_bold(
    tmp_path: Path, rows: dict[str, Iterable[int]], bold: bool
) -> None:
    text = text_of(tmp_path, rows)
    lines = [line for line in rows_of(text) if r"\textbf{" in line]
    assert [line.split(" & ")[1] for line in lines] == [r"\textbf{good}"] * bold
    assert ("Bold: told apart from every other row." in text) == bold
    columns = next(line for line in rows_of(text) if "architecture &" in line).split(" & ")
    assert ("Rows that share a letter cannot be told apart." in text) == ("tie" in columns)


def test_a_table_of_rows_that_noise_would_beat_says_so_and_has_no_bold_row(tmp_path: Path) -> None:
    text_of(tmp_path, APART)
    lay_scale(tmp_path, real={"fd-eye": 1}, noise={"fd-eye": 50})
    text = text_of(tmp_path, APART)
    assert r"\textbf" not in text
    said = "fd-eye: no row is better than noise (50) on the mean of its seeds."
    assert said in " ".join(text.split())


def test_no_row_is_bold_at_equal_time(tmp_path: Path) -> None:
    assert r"\textbf" not in text_of(tmp_path, APART, by_time=True)


@pytest.mark.parametrize(
    ("tie", "other", "shared"),
    [("a", "b", False), ("ab", "b", True), (".a", "a", False), ("a.a", "b.a", True)],
)
def test_letters_with_dots_are_letters_of_their_own(tie: str, other: str, shared: bool) -> None:
    assert share_one(tie, other) is shared


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_a_name_holds_the_table_keeps_its_structure(tmp_path: Path, name: str) -> None:
    under = protocol(metrics=(FD, MetricSpec(name=name, higher_is_better=True, features="eye")))
    text_of(tmp_path, APART, under)
    lay_scale(tmp_path, {"fd-eye": 3.0}, under=under)
    text = render(leaderboard.load(tmp_path), "latex", tmp_path)
    bare = re.sub(r"\\\\$", "", text, flags=re.MULTILINE)
    lines = [re.sub(r"\\[#$%&_{}]|\$\\\w+\$|\{[\[\]*]\}", "", line) for line in printed(bare)]
    joined = "\n".join(lines)
    assert joined.count("{") == joined.count("}")
    assert not set(joined) & set("#$%_^~`|<>*")
    assert joined.isascii()
    commands = set(re.findall(r"\\([a-zA-Z]+)", joined))
    assert {each for each in commands if not each.startswith("text")} == {
        *("begin", "centering", "caption", "toprule", "midrule", "bottomrule", "end")
    }
    (columns,) = re.findall(r"\\begin\{tabular\}\{([lr]+)\}", joined)
    counts = {line.count("&") for line in lines if "&" in line}
    assert counts == {len(columns) - 1}
    assert len(rows_of(text)) == 4  # the head, other real images and two rows
