"""Records -> leaderboards, from records written by hand: nothing is trained here."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
from markupsafe import escape
from PIL import Image
from rich.console import Console

from gan_bench import StorageError, UsageError
from gan_bench.base.escape import plain
from gan_bench.contract.protocol import Data
from gan_bench.report import figures, leaderboard
from gan_bench.report.documents import to_csv, to_json
from gan_bench.report.markdown import to_markdown
from gan_bench.report.page import to_html
from gan_bench.report.tables import chapters
from gan_bench.report.terminal import to_terminal
from gan_bench.results.atomic import append_line, make_folder
from gan_bench.results.layout import RECORD, SPEED, cells_in, figure_path
from parsed import Page, rendered
from records import DIVERSITY, FD, PLAIN, lay, protocol


def markdown(results: Path) -> str:
    return to_markdown(leaderboard.load(results), results)


def tables(text: str) -> list[list[list[str]]]:
    """The tables of a markdown text: rows of cells, without the line of dashes."""
    found: list[list[list[str]]] = []
    inside = False
    for line in text.splitlines():
        if line.startswith("|"):
            if not inside:
                found.append([])
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if not all(set(cell) <= set("-:") for cell in cells):
                found[-1].append(cells)
        inside = line.startswith("|")
    return found


def terminal(results: Path, width: int = 200) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    to_terminal(leaderboard.load(results), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture
def two(tmp_path: Path) -> Path:
    lay(tmp_path, "good", scores={"fd-eye": 12.345678, "diversity": 0.5})
    lay(tmp_path, "bad", scores={"fd-eye": 99.0, "diversity": 0.9})
    return tmp_path


# Ranks and numbers


def test_the_best_by_the_first_metric_comes_first(two: Path) -> None:
    table = tables(markdown(two))[0]
    assert [row[0] for row in table] == ["architecture", "good", "bad"]


@pytest.mark.parametrize(
    ("sort", "first"), [("fd-eye", "good"), ("diversity", "bad"), (None, "good")]
)
def test_a_table_is_sorted_by_the_metric_asked_for_in_its_own_direction(
    sort: str | None, first: str, two: Path
) -> None:
    (board,) = leaderboard.load(two, sort=sort).boards
    assert board.rows[0].architecture == first


def test_the_first_metric_may_be_one_where_more_is_better(tmp_path: Path) -> None:
    under = protocol(metrics=(DIVERSITY, FD))
    lay(tmp_path, "a", under=under, scores={"fd-eye": 1.0, "diversity": 0.1})
    lay(tmp_path, "b", under=under, scores={"fd-eye": 2.0, "diversity": 0.2})
    table = tables(markdown(tmp_path))[0]
    assert [row[0] for row in table[1:]] == ["b", "a"]


def test_a_metric_to_sort_by_that_the_table_has_not_is_a_usage_error(two: Path) -> None:
    with pytest.raises(UsageError, match="--sort fid: the metrics of this table are fd-eye, diver"):
        leaderboard.load(two, sort="fid")
    with pytest.raises(UsageError, match=r"Did you mean fd-eye\?"):
        leaderboard.load(two, sort="fd-eyes")


def test_a_title_says_where_better_lies_and_a_number_has_four_digits(two: Path) -> None:
    table = tables(markdown(two))[0]
    assert table[0][2:4] == ["fd-eye ↓", "diversity ↑"]
    assert table[1][2:4] == ["12.35", "0.5"]


def test_a_large_number_is_written_out_and_a_tiny_one_keeps_its_digits(tmp_path: Path) -> None:
    lay(tmp_path, "a", scores={"fd-eye": 123456.7, "diversity": 0.000123})
    table = tables(markdown(tmp_path))[0]
    assert table[1][2:4] == ["123,457", "0.000123"]


def test_every_row_shows_what_it_cost(two: Path) -> None:
    table = tables(markdown(two))[-1]
    assert dict(zip(table[0][2:], table[1][2:], strict=True)) == {
        "images/s": "1,111",
        "s/kimg": "0.9",
        "training": "1 min 30 s",
        "measuring": "5 s",
        "memory": "839 MB",
        "G + D parameters": "1.2 + 0.3 M",
        "G + D MACs": "2.5 + 1 M",
    }


def test_a_few_seeds_are_one_row_with_their_range_and_every_value(tmp_path: Path) -> None:
    for seed, value in enumerate([30.0, 10.0, 20.0]):
        lay(tmp_path, "a", seed=seed, scores={"fd-eye": value, "diversity": 0.5})
    text = markdown(tmp_path)
    table, every, _ = tables(text)
    assert len(table) == 2
    assert table[1][2] == "10 to 30"
    assert table[1][-1] == "3 finished"
    assert every[1][:4] == ["a", "hinge", "30, 10, 20", "10"]
    assert "- seeds: 0, 1, 2" in text


def test_seeds_of_a_row_rank_by_their_mean(tmp_path: Path) -> None:
    for seed, (one, other) in enumerate([(1.0, 5.0), (20.0, 6.0)]):
        lay(tmp_path, "unsteady", seed=seed, scores={"fd-eye": one})
        lay(tmp_path, "steady", seed=seed, scores={"fd-eye": other})
    table = tables(markdown(tmp_path))[0]
    assert [row[0] for row in table[1:]] == ["steady", "unsteady"]


# Rows without a number


@pytest.mark.parametrize("status", ["diverged", "failed"])
def test_a_cell_without_scores_is_a_row_at_the_end_with_its_reason_and_no_number(
    status: str, two: Path
) -> None:
    lay(two, "aaa", status=status, reason="loss_g not finite at 3.0 kimg, step 47", cost=None)
    text = markdown(two)
    table = tables(text)[0]
    assert [row[0] for row in table[1:]] == ["good", "bad", "aaa"]
    assert table[-1][2:6] == ["–"] * 4
    assert table[-1][6] == f"1 {status}"
    assert tables(text)[-1][-1][2:] == ["–"] * 7
    assert "- aaa / hinge / seed0: loss\\_g not finite at 3.0 kimg, step 47" in text
    assert "aaa / hinge / seed0: loss_g not finite at 3.0 kimg, step 47" in terminal(two)


def test_a_seed_that_diverged_does_not_enter_the_mean(tmp_path: Path) -> None:
    lay(tmp_path, "a", seed=0, scores={"fd-eye": 10.0})
    lay(tmp_path, "a", seed=1, status="diverged", reason="loss_d not finite")
    table = tables(markdown(tmp_path))[0]
    assert table[1][2] == "10"
    assert table[1][-1] == "1 finished, 1 diverged"


def test_a_cell_that_is_not_done_is_counted(two: Path) -> None:
    lay(two, "good", seed=1, status=None)
    lay(two, "waiting", status=None)
    table = tables(markdown(two))[0]
    assert [row[-1] for row in table[1:]] == [
        "1 finished, 1 unfinished",
        "1 finished",
        "1 unfinished",
    ]


@pytest.mark.parametrize("content", ["", "{", '{"status": "finished"}', "[NaN]"])
def test_a_record_that_cannot_be_read_is_a_visible_row_and_the_rest_is_shown(
    content: str, two: Path
) -> None:
    folder = lay(two, "odd")
    (folder / "record.json").write_text(content)
    text = markdown(two)
    table = tables(text)[0]
    assert [row[0] for row in table[1:]] == ["good", "bad", "odd"]
    assert table[-1][-1] == "1 unreadable"
    assert "- odd / hinge: unreadable " in text
    assert "odd / hinge: unreadable " in terminal(two)
    document = json.loads(to_json(leaderboard.load(two)))
    assert document["protocols"][0]["rows"][2]["status"] == {"unreadable": 1}
    assert "record.json" in document["protocols"][0]["rows"][2]["remarks"][0]


# Protocols


def test_two_protocols_never_share_a_table(tmp_path: Path) -> None:
    lay(tmp_path, "a", scores={"fd-eye": 1.0})
    lay(tmp_path, "a", under=protocol(kimg=200), scores={"fd-eye": 2.0})
    text = markdown(tmp_path)
    assert [table[1][:3] for table in tables(text)[::2]] == [
        ["a", "hinge", "1"],
        ["a", "hinge", "2"],
    ]
    assert f"- not in one table with {PLAIN.slug}: schedule.kimg is 200.0 here, 100.0 there" in text
    assert text.count("\n## ") + text.startswith("## ") == 2
    printed = terminal(tmp_path)
    assert printed.count("architecture") == 4  # of scores and of costs
    assert protocol().slug in printed
    assert protocol(kimg=200).slug in printed
    assert len(json.loads(to_json(leaderboard.load(tmp_path)))["protocols"]) == 2


def test_one_protocol_can_be_asked_for(tmp_path: Path) -> None:
    lay(tmp_path, "a")
    lay(tmp_path, "a", under=protocol(kimg=200))
    boards = leaderboard.load(tmp_path, protocol(kimg=200).slug).boards
    assert [board.protocol.schedule.kimg for board in boards] == [200]


def test_the_protocol_block_names_all_that_the_rows_share(two: Path) -> None:
    lines = [line for line in markdown(two).splitlines() if line.startswith("- ")]
    assert lines == [
        f"- data: faces, 16 x 16 x 3, 900 training and 100 held-out images, fingerprint {'ab' * 6}",
        "- schedule: 100 kimg = 2,000 updates of G, batch 50, 1 D per G, Adam 0.0002/0.0002 betas "
        "0.5 0.999, fp32, EMA of G with half-life 2 kimg; on collapse: continue",
        "- evaluation: 500 generated against 450 train images, the first 256 of them at 10 ticks; "
        f"features eye (sha256 {'cd' * 6})",
        "- device: cpu (2 threads)",
        "- seeds: 0",
        "- ±: no interval with one seed: another seed may rank the rows differently; "
        "--seeds 6 gives intervals and ties",
    ]
    printed = " ".join(terminal(two, 300).split())
    for line in lines:
        assert line.partition(": ")[2].replace("\\", "") in printed


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir], ids=["missing", "empty"])
def test_nothing_to_report_is_a_usage_error(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "results")
    with pytest.raises(UsageError, match=r"no results in .*: `gan-bench run` makes some"):
        leaderboard.load(tmp_path / "results")


def test_a_protocol_is_found_by_the_beginning_of_its_slug_or_by_its_folder(tmp_path: Path) -> None:
    slugs = [lay(tmp_path, "a", under=protocol(kimg=kimg)).parents[2].name for kimg in (100, 200)]
    for kimg, slug in zip((100, 200), slugs, strict=True):
        for found in (
            leaderboard.load(tmp_path, f"faces-16px-{kimg}"),
            leaderboard.load(tmp_path / slug),
            leaderboard.load(tmp_path / slug, slug),
        ):
            assert [board.slug for board in found.boards] == [slug]
    for unclear, message in (("elsewhere", "no protocol elsewhere in "), ("faces", "beginning of")):
        with pytest.raises(UsageError, match=f"{message}.*{slugs[0]}, {slugs[1]}"):
            leaderboard.load(tmp_path, unclear)


def test_the_folder_of_a_protocol_may_be_the_one_we_are_in(
    two: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(two / PLAIN.slug)
    assert leaderboard.load(Path()).boards[0].slug == PLAIN.slug


def test_a_protocol_that_cannot_be_read_is_told_and_the_others_are_shown(two: Path) -> None:
    (two / "damaged").mkdir()
    (two / "damaged" / "protocol.json").write_text("{")
    text = markdown(two)
    assert len(tables(text)) == 2
    assert re.search(r"^- unreadable .*damaged/protocol\.json", text, re.MULTILINE)
    assert "damaged/protocol.json" in terminal(two, 400)
    assert len(json.loads(to_json(leaderboard.load(two)))["unreadable"]) == 1


# Formats


EVIL = "a|b `c` <script>alert(1)</script> *d* _e_ [f](javascript:g) \\ \n# h\r\n| i | j |"


def test_markdown_escapes_whatever_a_reason_contains(two: Path) -> None:
    lay(two, "evil", status="failed", reason=EVIL, cost=None)
    text = markdown(two)
    assert len(tables(text)) == 2
    (line,) = [line for line in text.splitlines() if line.startswith("- evil")]
    assert line.endswith(r"\\n# h\\r\\n\| i \| j \|")
    assert "<script" not in text
    for mark in "|`*_[]":
        assert re.search(rf"(?<!\\){re.escape(mark)}", line) is None, mark


def test_markdown_escapes_names_of_folders(two: Path) -> None:
    """Written by hand, or by another program: not every name was checked by us."""
    folder = lay(two, "good")
    odd = folder.parents[1].with_name("x|y<b>`z`")
    folder.parents[1].rename(odd)
    text = markdown(two)
    table = tables(text)[0]
    assert "x\\|y&lt;b&gt;\\`z\\`" in [row[0] for row in table]


def test_a_terminal_shows_names_and_reasons_as_they_are(two: Path) -> None:
    lay(two, "evil", status="failed", reason="[red]boo[/red] :smile: [/]", cost=None)
    assert "evil / hinge / seed0: [red]boo[/red] :smile: [/]" in terminal(two)


def test_no_escape_sequence_of_a_reason_reaches_a_terminal(two: Path) -> None:
    lay(two, "evil", status="failed", reason="\x1b]0;title\x07\x1b[2J gone \x9b31m", cost=None)
    assert not set(terminal(two)) & {"\x1b", "\x07", "\x9b"}


@pytest.mark.parametrize("width", [20, 40, 60, 80, 300])
def test_a_terminal_of_any_width_shows_every_row(width: int, two: Path) -> None:
    lay(two, "odd", status="failed", reason="words " * 50, cost=None)
    text = "".join(terminal(two, width).split())
    assert "good" in text or width < 60
    assert "words" * 50 in text


def test_csv_has_a_line_for_each_cell_and_parses_back(two: Path) -> None:
    lay(two, "good", seed=1, scores={"fd-eye": 1 / 3, "diversity": 0.1})
    lay(two, "evil", status="failed", reason=EVIL, cost=None)
    table = pd.read_csv(io.StringIO(to_csv(leaderboard.load(two))))
    assert len(table) == 4
    assert list(table.columns[:6]) == [
        "protocol",
        "architecture",
        "loss",
        "seed",
        "status",
        "reason",
    ]
    row = table[(table.architecture == "good") & (table.seed == 1)].iloc[0]
    assert row["fd-eye"] == 1 / 3  # every digit
    assert row["images_per_second"] == 1111.1
    evil = table[table.architecture == "evil"].iloc[0]
    assert evil.reason == plain(EVIL)
    assert np.isnan(evil["fd-eye"])


def test_csv_has_a_line_for_what_cannot_be_read_and_whole_numbers_stay_whole(two: Path) -> None:
    (lay(two, "odd") / "record.json").write_text("{")
    lines = to_csv(leaderboard.load(two)).splitlines()
    assert lines[1].startswith(f"{PLAIN.slug},good,hinge,0,finished,")
    assert ",1200000,300000,2500000,1000000," in lines[1]
    assert lines[3].startswith(f"{PLAIN.slug},odd,hinge,0,unreadable,unreadable {two}/")


def test_csv_has_a_line_for_an_unfinished_cell(tmp_path: Path) -> None:
    lay(tmp_path, "a", seed=7, status=None)
    (line,) = to_csv(leaderboard.load(tmp_path)).splitlines()[1:]
    assert line.startswith(f"{PLAIN.slug},a,hinge,7,unfinished,,")


def test_json_is_one_document_with_a_schema(two: Path) -> None:
    lay(two, "good", seed=1, scores={"fd-eye": 10.0, "diversity": 0.1})
    lay(two, "odd", status="diverged", reason="why")
    document = json.loads(to_json(leaderboard.load(two)), parse_constant=pytest.fail)
    assert document["schema"] == 1
    (found,) = document["protocols"]
    assert found["slug"] == PLAIN.slug
    assert found["schedule"]["kimg"] == 100
    assert found["dataset"]["name"] == "faces"
    assert found["evaluation"]["samples"] == 500
    good, bad, odd = found["rows"]
    assert (good["architecture"], good["loss"], good["seeds"]) == ("good", "hinge", [0, 1])
    assert good["status"] == {"finished": 2}
    assert good["metrics"]["fd-eye"]["values"] == [12.345678, 10.0]
    assert good["metrics"]["fd-eye"]["mean"] == pytest.approx(11.172839)
    assert good["metrics"]["fd-eye"]["higher_is_better"] is False
    assert good["metrics"]["fd-eye"]["n"] == 500
    assert good["cost"]["images_per_second"] == pytest.approx(1111.1)
    assert bad["architecture"] == "bad"
    assert odd["metrics"] == {}
    assert odd["remarks"] == ["odd / hinge / seed0: why"]


# Where it goes

Printed = tuple[int, bytes, bytes]


def printed(results: Path, words: str, env: dict[str, str]) -> Printed:
    """`gan-bench report RESULTS`, and what a shell does with it."""
    command = [sys.executable, "-m", "gan_bench.cli", "report", str(results)]
    line = f"set -o pipefail; {shlex.join(command)} {words}"
    done = subprocess.run(["bash", "-c", line], env=env, capture_output=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("style", ["markdown", "html", "csv", "json"])
def test_a_reader_of_one_line_is_no_fault(style: str, two: Path, outside: dict[str, str]) -> None:
    lay(two, "long", status="failed", reason="a long reason " * 20_000, cost=None)
    code, out, err = printed(two, f"--format {style} | head -1", outside)
    assert (code, err) == (0, b"")
    assert out.count(b"\n") == 1


def test_nobody_who_reads_is_no_fault(two: Path, outside: dict[str, str]) -> None:
    assert printed(two, ">&-", outside) == (0, b"", b"")
    assert printed(two, "2>&-", outside)[0] == 0
    assert printed(two, ">&- 2>&- <&-", outside) == (0, b"", b"")


@pytest.mark.parametrize(
    "env",
    [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}],
    ids=str,
)
def test_where_there_is_no_unicode_nothing_is_lost(
    env: dict[str, str], two: Path, outside: dict[str, str]
) -> None:
    work(lay(two, "good", scores={"fd-eye": 1.0}, reason="é 顔 \U0001f600"))
    for style in ("terminal", "markdown", "html"):
        code, out, err = printed(two, f"--format {style}", outside | env)
        assert (code, err) == (0, b"")
        assert "é 顔 \U0001f600" in out.decode()


def test_a_report_needs_no_home(two: Path, outside: dict[str, str]) -> None:
    work(lay(two, "good", scores={"fd-eye": 1.0}))
    homeless = {name: value for name, value in outside.items() if name not in ("HOME", "USER")}
    code, out, err = printed(two, "", homeless)
    assert (code, err) == (0, b"")
    assert b"losses.png" in out


# The page


def page(results: Path, by_time: bool = False) -> str:
    return to_html(leaderboard.load(results, by_time=by_time))


def test_the_page_has_the_tables_facts_and_notes_of_the_other_formats(two: Path) -> None:
    lay(two, "good", under=protocol(kimg=200), scores={"fd-eye": 1.0})
    lay(two, "bad", seed=1, status="failed", reason="no memory", cost=None)
    assert Page(page(two)).tables == rendered(markdown(two)).tables
    text = page(two)
    for chapter in chapters(leaderboard.load(two)):
        for name, fact in chapter.facts:
            assert f"<dt>{name}</dt><dd>{escape(fact)}</dd>" in text
        for note in chapter.notes:
            assert f">{escape(note.text)}</li>" in text
    assert '<li class="fault">bad / hinge / seed1: no memory</li>' in text


def test_a_number_stands_on_the_right_and_a_word_on_the_left(two: Path) -> None:
    text = page(two)
    assert '<th class="number">fd-eye ↓</th>' in text
    assert '<td class="number">12.35</td>' in text
    assert "<td>good</td>" in text


def test_several_protocols_have_a_table_of_contents_and_one_has_none(two: Path) -> None:
    assert "<nav" not in page(two)
    lay(two, "a", under=protocol(kimg=200))
    text = page(two)
    links = re.findall(r'<a href="#(.*?)">(.*?)</a>', text)
    assert [slug for _, slug in links] == [board.slug for board in leaderboard.load(two).boards]
    for place, slug in links:
        assert f'<h2 id="{place}">{slug}</h2>' in text


def test_the_page_allows_one_style_its_own_pictures_and_nothing_else(two: Path) -> None:
    work(lay(two, "good", scores={"fd-eye": 1.0}))
    paths = figures.draw(leaderboard.load(two).boards[0])
    text = page(two)
    (policy,) = re.findall(r'Content-Security-Policy" content="(.*?)"', text, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert " ".join(policy.split()) == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    sources = re.findall(r'<img src="data:image/png;base64,(.*?)" alt="\w+ of ', text)
    assert [b64decode(source) for source in sources] == [path.read_bytes() for path in paths]
    assert not re.search(r"https?:|<script|<link|url\(|style=|@import", text)


def test_a_picture_that_cannot_be_read_leaves_its_name(two: Path) -> None:
    (board,) = leaderboard.load(two).boards
    path = figure_path(board.folder, "quality")
    make_folder(path.parent)
    with path.open("wb") as file:
        file.truncate(2**40)  # of which the disk holds nothing
    assert f'<img src="data:," alt="quality of {board.slug}">' in page(two)


def test_the_page_can_be_read_at_equal_time(two: Path) -> None:
    for cell in cells_in(two / PLAIN.slug):
        append_line(cell / SPEED, {"kimg": 100.0, "seconds": 90.0})
    assert "after 1 min 30 s of training each" in page(two, by_time=True)


# Pictures


def draw(results: Path) -> dict[str, Image.Image]:
    """The pictures of the one protocol."""
    (board,) = leaderboard.load(results).boards
    pictures = {}
    for path in figures.draw(board):
        with Image.open(path) as opened:
            pictures[path.stem] = opened.convert("RGB")
    return pictures


def work(folder: Path, ticks: int = 4, side: int = 16, colour: int = 0, points: int = 20) -> None:
    """A curve, and grids whose images are all of one colour."""
    for k in range(1, points + 1):
        row = {"step": k, "kimg": k / 10, "loss_d": 1.0 / k, "loss_g": 0.5 * k}
        append_line(folder / "curve.jsonl", row | {"real_score": 0.9 - k / 100, "fake_score": 0.1})
    for k in range(1, ticks + 1):
        sheet = np.full((8 * (side + 2) + 2, 8 * (side + 2) + 2, 3), 255, np.uint8)
        for top in range(2, len(sheet) - side, side + 2):
            for left in range(2, len(sheet) - side, side + 2):
                sheet[top : top + side, left : left + side] = (colour, 10 * k, 0)
        path = folder / "samples" / f"{k / 10:010.3f}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(sheet).save(path)


def test_the_sheet_has_a_strip_for_each_cell_and_a_tile_for_each_tick(tmp_path: Path) -> None:
    for name, colour in (("a", 50), ("b", 200)):
        work(lay(tmp_path, name, scores={"fd-eye": colour}), ticks=4, colour=colour)
    sheet = draw(tmp_path)["samples"]
    tile = (2 * 16 + 2) * 4, (3 * 16 + 4) * 4  # 2 x 3 images of 16 px, four times as large
    assert sheet.size == (4 * (tile[0] + 12) + 24, 2 * (tile[1] + 62) + 24)
    for strip, colour in enumerate((50, 200)):  # the best first
        for tick in range(4):
            left = 12 + tick * (tile[0] + 12)
            top = 12 + strip * (tile[1] + 62) + 46
            assert sheet.getpixel((left + 5, top + 5)) == (colour, 10 * (tick + 1), 0)
            assert sheet.getpixel((left + 16 * 4 + 3, top + 5)) == (255, 255, 255)
            assert sheet.getpixel((left + tile[0] - 1, top + tile[1] - 1))[0] == colour


def test_large_images_are_not_enlarged(tmp_path: Path) -> None:
    large = protocol().model_copy(
        update={
            "data": Data(name="big", fingerprint="ab", shape=(3, 128, 128), train=9, held_out=1)
        }
    )
    work(lay(tmp_path, "a", under=large), ticks=1, side=128)
    assert draw(tmp_path)["samples"].size == (2 * 128 + 2 + 12 + 24, 3 * 128 + 4 + 62 + 24)


def test_curves_of_all_rows_are_panels_of_one_picture(tmp_path: Path) -> None:
    sizes = []
    for k, name in enumerate("abcd"):
        work(lay(tmp_path, name, seed=0), ticks=1)
        pictures = draw(tmp_path) if k in (0, 2, 3) else {}
        sizes += [pictures[what].size for what in ("losses", "scores") if pictures]
    one, three, four = (585, 450), (1575, 450), (1575, 795)  # 150 dots an inch
    assert sizes == [one, one, three, three, four, four]
    for picture in (draw(tmp_path)["losses"], draw(tmp_path)["scores"]):
        colours = {colour for _, colour in picture.getcolors(2**24) or []}
        assert {(33, 102, 172), (214, 96, 77)} <= colours  # D in blue, G in red


def test_a_picture_is_drawn_once_and_again_when_a_record_is_newer(tmp_path: Path) -> None:
    folder = lay(tmp_path, "a", scores={"fd-eye": 1.0})
    work(folder)
    (board,) = leaderboard.load(tmp_path).boards
    first = figures.draw(board)
    assert len(first) == 3
    for path in (folder / RECORD, *first):  # in the past, so that a coarse clock does not matter
        os.utime(path, (1000, 1000))
    assert [path.stat().st_mtime for path in figures.draw(board)] == [1000] * 3
    os.utime(folder / RECORD, (2000, 2000))
    assert all(path.stat().st_mtime > 2000 for path in figures.draw(board))


def test_the_pictures_are_linked_from_where_the_text_will_be(tmp_path: Path) -> None:
    results = tmp_path / "my 50% [of] results)"
    work(lay(results, "a", scores={"fd-eye": 1.0}))
    boards = leaderboard.load(results)
    paths = figures.draw(boards.boards[0])
    for base in (tmp_path, tmp_path / "docs", results):
        base.mkdir(exist_ok=True)
        links = rendered(to_markdown(boards, base)).attributes("src")
        assert [(base / unquote(link or "")).resolve() for link in links] == paths


def test_without_pictures_no_picture_is_linked(two: Path) -> None:
    assert "![" not in markdown(two)


def test_a_cell_without_a_curve_costs_no_picture(tmp_path: Path) -> None:
    lay(tmp_path, "a", status="failed", reason="at once", cost=None)
    assert draw(tmp_path) == {}
    work(lay(tmp_path, "b", scores={"fd-eye": 1.0}))
    assert set(draw(tmp_path)) == {"samples", "losses", "scores"}


def test_a_gap_in_a_curve_is_drawn_as_a_gap(tmp_path: Path) -> None:
    folder = lay(tmp_path, "a", scores={"fd-eye": 1.0})
    work(folder)
    row = {"step": 21, "kimg": 2.1, "loss_d": None, "loss_g": None}
    append_line(folder / "curve.jsonl", row | {"real_score": None, "fake_score": None})
    assert set(draw(tmp_path)) == {"samples", "losses", "scores"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("curve.jsonl", b"\0\0\0\0\n"),
        ("samples/0000.100.png", b"rubbish"),
        ("samples/notes.png", b"rubbish"),
    ],
)
def test_a_damaged_file_of_a_cell_is_a_storage_error_for_whoever_draws(
    name: str, content: bytes, tmp_path: Path
) -> None:
    """The command line says so and shows the tables; anything else would end it."""
    folder = lay(tmp_path, "a", scores={"fd-eye": 1.0})
    work(folder)
    (folder / name).write_bytes(content)
    (board,) = leaderboard.load(tmp_path).boards
    with pytest.raises(StorageError):
        figures.draw(board)


@pytest.mark.parametrize("value", ['"1"', "[1]", "{}", "null", "NaN", "-Infinity", "1e400"])
def test_whatever_is_no_number_is_a_gap_in_a_curve(value: str, tmp_path: Path) -> None:
    folder = lay(tmp_path, "a", scores={"fd-eye": 1.0})
    for name in ("loss_d", "kimg"):
        work(folder)
        with (folder / "curve.jsonl").open("a") as curve:
            curve.write(f'{{"step": 21, "kimg": 2.1, "loss_g": 1, "{name}": {value}}}\n')
    assert set(draw(tmp_path)) == {"samples", "losses", "scores"}


def test_a_curve_without_a_number_is_no_picture(tmp_path: Path) -> None:
    folder = lay(tmp_path, "a", scores={"fd-eye": 1.0})
    for name in ("curve", "vitals"):
        (folder / f"{name}.jsonl").write_text('{"step": 1}\n{"scores": 3, "kimg": true}\n{}\n')
    assert draw(tmp_path) == {}


def test_what_one_damaged_file_costs_is_told_once_and_the_rest_is_drawn(tmp_path: Path) -> None:
    folder = lay(tmp_path, "a", scores={"fd-eye": 1.0})
    work(folder)
    (folder / "curve.jsonl").write_text("{]\n")
    (board,) = leaderboard.load(tmp_path).boards
    with pytest.raises(StorageError, match=r"cannot draw .*: losses, scores: unreadable ") as told:
        figures.draw(board)
    assert str(told.value).count("curve.jsonl") == 1
    assert [path.name for path in (board.folder / "figures").iterdir()] == ["samples.png"]


def test_an_image_that_is_no_sample_grid_is_not_decoded(tmp_path: Path) -> None:
    folder = lay(tmp_path, "a", scores={"fd-eye": 1.0})
    (folder / "samples").mkdir()
    Image.new("1", (9000, 9000)).save(folder / "samples" / "1.png")
    (board,) = leaderboard.load(tmp_path).boards
    with pytest.raises(
        StorageError, match=r"samples: .* is 9000 x 9000 pixels, which is no sample grid"
    ):
        figures.draw(board)


def test_a_grid_of_few_images_has_a_tile_of_those(tmp_path: Path) -> None:
    folder = lay(tmp_path, "a", scores={"fd-eye": 1.0})
    work(folder, ticks=1, colour=90)
    path = next((folder / "samples").iterdir())
    with Image.open(path) as opened:
        opened.crop((0, 0, 8 * 18 + 2, 2 * 18 + 2)).save(path)  # ten images are two rows
    sheet = draw(tmp_path)["samples"]
    assert (0, 0, 0) not in {
        sheet.getpixel((x, y)) for x in range(12, 140, 8) for y in range(12 + 46, 220, 8)
    }
