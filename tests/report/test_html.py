"""The page: one file with its style and pictures, which asks for nothing from elsewhere."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from markupsafe import escape

import crowd
from gan_bench.report import figures, leaderboard
from gan_bench.report.markdown import to_markdown
from gan_bench.report.page import to_html
from gan_bench.report.tables import chapters
from parsed import Page, rendered
from records import protocol, write_cell, write_training


def page(results: Path) -> str:
    return to_html(leaderboard.load(results))


def test_the_page_has_the_tables_facts_and_notes_of_the_other_formats(two: Path) -> None:
    write_cell(two, "good", under=protocol(kimg=200), scores={"fd-eye": 1.0})
    write_cell(two, "bad", seed=1, status="failed", reason="no memory", cost=None)
    text, boards = page(two), leaderboard.load(two)
    assert Page(text).tables == rendered(to_markdown(boards, two)).tables
    for chapter in chapters(boards):
        for name, fact in chapter.facts:
            assert f"<dt>{name}</dt><dd>{escape(fact)}</dd>" in text
        for note in chapter.notes:
            assert f">{escape(note.text)}</li>" in text
        assert f'<p class="answer">{escape(chapter.answer)}</p>' in text
    assert '<li class="fault">bad / hinge / seed1: no memory</li>' in text


def test_a_number_stands_on_the_right_and_a_word_on_the_left(two: Path) -> None:
    text = page(two)
    assert '<th scope="col" class="number">fd-eye ↓ <small>(n = 500)</small></th>' in text
    assert '<td class="number">12.35</td>' in text
    assert "<td>good</td>" in text


def test_several_protocols_have_a_table_of_contents_and_one_has_none(two: Path) -> None:
    assert "<nav" not in page(two)
    write_cell(two, "a", under=protocol(kimg=200))
    text = page(two)
    links = re.findall(r'<a href="#(.*?)">(.*?)</a>', text)
    assert [slug for _, slug in links] == [board.slug for board in leaderboard.load(two).boards]
    for place, slug in links:
        assert f'<h2 id="{place}">{slug}</h2>' in text


def test_the_page_allows_one_style_one_script_its_own_pictures_and_nothing_else(two: Path) -> None:
    write_training(write_cell(two, "good", scores={"fd-eye": 1.0}))
    paths = figures.draw(leaderboard.load(two).boards[0])
    text = page(two)
    (policy,) = re.findall(r'Content-Security-Policy" content="(.*?)"', text, re.DOTALL)
    digests = []
    for tag in ("style", "script"):
        (own,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digests.append(f"{tag}-src 'sha256-{b64encode(sha256(own.encode()).digest()).decode()}'")
        assert own
    assert " ".join(policy.split()) == (
        f"default-src 'none'; img-src data:; {'; '.join(digests)}; "
        "base-uri 'none'; form-action 'none'"
    )
    sources = re.findall(r'<img src="data:image/png;base64,(.*?)" alt="\w+ of ', text)
    assert [b64decode(source) for source in sources] == [path.read_bytes() for path in paths]
    assert not re.search(r"https?:|<link|url\(|style=|@import| on\w+=", text)


def test_a_page_has_no_more_pictures_than_a_mail_takes_and_says_where_the_others_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for lr in (1e-4, 2e-4, 3e-4):
        crowd.lay_grid(tmp_path, crowd.protocol(lr=lr), ["a"], ["hinge"], range(1))
    boards = leaderboard.load(tmp_path)
    sizes = [sum(path.stat().st_size for path in figures.draw(each)) for each in boards.boards]
    monkeypatch.setattr("gan_bench.report.page.PAGE", sizes[0] + sizes[1])
    text = to_html(boards)
    assert text.count("data:image/png") == 8
    (folder,) = re.findall("would make this page too large: they are in (.*?)<", text)
    assert Path(folder) == boards.boards[2].folder / "figures"
