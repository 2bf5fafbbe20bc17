"""The badge of a leaderboard, which claims no more than its sentence; names of folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laid_rows import BAD, GOOD
from test_hostile_text import HOSTILE

from gan_bench.contract.names import safe_name
from gan_bench.report.findings import findings
from gan_bench.report.leaderboard import load
from gan_bench.report.site.badge import badge
from gan_bench.report.site.names import folder_names
from gan_bench.report.site.pages import Pages, Shelf
from records import write_cell

SEVERAL: dict[str, tuple[dict[str, list[float | None]], str]] = {
    "one row": ({"a": [10.0]}, "no proven lead"),
    "one training each": ({"a": [10.0], "b": [217.0]}, "no proven lead"),
    "told apart": ({"a": [*GOOD], "b": [*BAD]}, "a leads, proven"),
    "a tie": ({"a": [*GOOD], "b": [*GOOD], "c": [*BAD]}, "no proven lead"),
    "no scores": ({"a": [None], "b": [None]}, "no winner"),
}


def shelf(results: Path, rows: dict[str, list[float | None]], **more: Any) -> Shelf:
    for name, scores in rows.items():
        for seed, score in enumerate(scores):
            status = "diverged" if score is None else "finished"
            known = None if score is None else {"fd-eye": score}
            write_cell(results, name, seed=seed, status=status, scores=known, **more)
    return Shelf("folder", load(results))


@pytest.mark.parametrize("case", SEVERAL)
def test_the_badge_names_a_leader_only_if_it_is_proven(case: str, tmp_path: Path) -> None:
    rows, text = SEVERAL[case]
    found = findings(shelf(tmp_path, rows).board)
    made = badge(found)
    assert made.text == text
    assert made.proven == (bool(found.rulings) and found.rulings[0].proven)


def test_a_lead_is_not_final_while_cells_train(tmp_path: Path) -> None:
    write_cell(tmp_path, "c", status=None)
    made = badge(findings(shelf(tmp_path, {"a": [*GOOD], "b": [*BAD]}).board))
    assert (made.text, made.proven) == ("a leads so far", False)


@pytest.mark.parametrize("text", [*HOSTILE[::4], "x" * 200, "顔" * 60])
def test_the_picture_is_xml_whatever_the_name_is(text: str, tmp_path: Path) -> None:
    given_name = text.replace("/", "∕")[:80]
    rows: dict[str, list[float | None]] = {"a": [*GOOD], "b": [*BAD]}
    home = shelf(tmp_path, rows).board.folder
    (home / "a").rename(home / given_name)
    made = Shelf("folder", load(tmp_path))
    svg = Pages("ours").picture(made)
    root = ElementTree.fromstring(svg)
    assert {each.tag.rpartition("}")[2] for each in root.iter()} == {
        *("svg", "title", "path", "g", "text"),
    }
    assert root[0].text == root.get("aria-label")
    assert "leads, proven" in (root[0].text or "")
    texts = [each.text or "" for each in root.iter() if each.tag.endswith("}text")]
    assert max(map(len, texts)) <= 44
    assert float(root.get("width", "0")) < 700


@settings(max_examples=40)
@given(st.lists(st.text(max_size=90), max_size=8), st.lists(st.sampled_from(["index.html", "a"])))
def test_names_of_folders_are_safe_and_differ_on_every_file_system(
    texts: list[str], taken: list[str]
) -> None:
    names = folder_names(texts, taken)
    assert len({name.casefold() for name in [*names, *set(taken)]}) == len(texts) + len(set(taken))
    assert [safe_name(name) for name in names] == names


def test_an_ordinary_name_stays_as_it_is_and_no_other_takes_it() -> None:
    usual, digested = folder_names(["dcgan / minimax", "../x"])
    assert usual == "dcgan-minimax"
    assert folder_names(["../x", digested, "dcgan / minimax"])[1:] == [digested, usual]
    assert folder_names(["../x", digested])[0] != digested
