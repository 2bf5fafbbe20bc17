"""Markdown: tables that GitHub renders, names and reasons escaped, links to the pictures."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

from laid_rows import sections

from gan_bench.report import figures, leaderboard
from gan_bench.report.markdown import to_markdown
from gan_bench.report.tables import chapters
from gan_bench.results.layout import PROTOCOL
from parsed import rendered
from records import protocol, write_cell, write_training


def markdown(results: Path) -> str:
    return to_markdown(leaderboard.load(results), results)


def test_markdown_has_the_tables_and_notes_of_every_protocol_and_no_picture(two: Path) -> None:
    write_cell(two, "a", under=protocol(kimg=200))
    write_cell(two, "b", status="failed", reason="loss_g not finite", cost=None)
    (two / "damaged").mkdir()
    (two / "damaged" / PROTOCOL).write_text("{")
    boards, text = leaderboard.load(two), markdown(two)
    tables = [table for board in boards.boards for table in sections(board)]
    assert rendered(text).tables == [
        [[column.text for column in table.columns], *table.rows] for table in tables
    ]
    shown = rendered(text).text
    assert all(note.text in shown for chapter in chapters(boards) for note in chapter.notes)
    assert len(re.findall("^## ", text, re.MULTILINE)) >= 2
    assert "- b / hinge / seed0: loss\\_g not finite" in text
    assert re.search(rf"^- unreadable .*damaged/{re.escape(PROTOCOL)}", text, re.MULTILINE)
    assert "![" not in text


def test_markdown_escapes_names_of_folders(two: Path) -> None:
    """Written by hand, or by another program: not every name was checked by us."""
    folder = write_cell(two, "good").parents[1]
    folder.rename(folder.with_name("x|y<b>`z`"))
    assert "| x\\|y&lt;b&gt;\\`z\\` |" in markdown(two)


def test_the_pictures_are_linked_from_where_the_text_will_be(tmp_path: Path) -> None:
    results = tmp_path / "my 50% [of] results)"
    write_training(write_cell(results, "a", scores={"fd-eye": 1.0}))
    boards = leaderboard.load(results)
    paths = figures.draw(boards.boards[0])
    for base in (tmp_path, tmp_path / "docs", results):
        base.mkdir(exist_ok=True)
        links = rendered(to_markdown(boards, base)).attributes("src")
        assert [(base / unquote(link or "")).resolve() for link in links] == paths
