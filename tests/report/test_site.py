"""The static site: its pages, what links where, and what it leaves alone."""

from __future__ import annotations

import errno
import json
import os
import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from test_entry_rows import write as write_one
from test_hostile_text import HOSTILE, write_hostile

from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.report.leaderboard import load
from gan_bench.report.site.folder import MARKER
from gan_bench.report.site.making import make_site
from gan_bench.report.site.pages import Pages
from gan_bench.results.atomic import append_line
from gan_bench.results.inventory import files_in
from gan_bench.results.layout import PROTOCOL, RECORD, STUDY, TICKS, studies_in
from given import Command
from laid_study import Outcome, write_trials
from parsed import Page
from records import protocol, write_cell, write_training


def content(folder: Path) -> dict[str, bytes]:
    """Path -> bytes of every file."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path, _ in files_in(folder)}


def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text()) for path in site.rglob("*.html")}


def targets(path: Path, page: Page) -> list[Path]:
    """The files that a page links to; an address elsewhere, or none at all, fails."""
    links = [link or "" for link in page.attributes("href")]
    assert all(not urlsplit(link).scheme and not link.startswith("/") for link in links)
    return [Path(os.path.normpath(path.parent / unquote(link))) for link in links if link[0] != "#"]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "public"


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """Two protocols; one has two seeds, a collapse, curves and samples. A study beside them."""
    folder = tmp_path / "lab"
    wrong = [{"kind": "collapsed", "kimg": 0.2, "reason": "all images are alike"}]
    for seed in (0, 1):
        scores = {"fd-eye": 12.0 + seed, "diversity": 0.5}
        cell = write_cell(folder, "dcgan", seed=seed, scores=scores, verdicts=wrong * seed)
        write_training(cell, ticks=2)
        for k in (1, 2):
            append_line(cell / TICKS, {"kimg": k / 10, "scores": {"fd-eye": 20.0 / k}})
    write_cell(folder, "dense", scores={"fd-eye": 99.0})
    write_cell(folder, "dcgan", under=protocol(kimg=200), scores={"fd-eye": 7.0})
    write_trials(folder, {"dcgan": [Outcome(9, 9), Outcome(8, 7)], "dense": [Outcome(6, 6)] * 2})
    return folder


def test_every_page_is_reached_from_the_index_by_relative_links(lab: Path, out: Path) -> None:
    before = content(lab)
    made = make_site([lab], out, "Our lab")
    assert (made.protocols, made.rows, made.studies, made.notes) == (2, 3, 1, [])
    known, seen, todo = pages(out), set[Path](), [made.index]
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            assert path.is_file()
            todo += targets(path, known[path]) if path in known else []
    files = {path for path, _ in files_in(out)}
    assert files - seen == {out / MARKER}
    assert content(lab) == before


def test_the_index_says_of_each_protocol_what_its_page_says(lab: Path, out: Path) -> None:
    text = Page(make_site([lab], out, "Our <lab>").index.read_text()).text
    assert "Our <lab>" in text
    for board in load(lab).boards:
        answer = json.loads((out / board.slug / "leaderboard.json").read_text())
        assert answer["protocols"][0]["answer"]["sentence"] in text
    assert "faces, 16 px, 100 kimg" in text
    assert "3 cells: 3 finished" in text
    assert "12 to 13 (fd-eye ↓) by dcgan / hinge" in text
    assert "2026-01-01" in text


def test_the_index_names_the_first_row_trained_here_and_says_what_is_before_it(
    lab: Path, out: Path
) -> None:
    """The sentence is about trained rows: a copy of the real images would be named beside it."""
    write_one(lab, "copy", 1.0)
    text = Page(make_site([lab], out).index.read_text()).text
    best = text.index("12 to 13 (fd-eye ↓) by dcgan / hinge")
    assert text.rindex("best score", 0, best) > 0
    before = text.index("before it, not trained here or with a warning")
    assert best < before < text.index("1 (fd-eye ↓) by copy / not trained here")


def test_every_page_allows_its_own_style_and_script_alone(lab: Path, out: Path) -> None:
    make_site([lab], out)
    styles = set()
    for path in out.rglob("*.html"):
        text = path.read_text()
        (policy,) = re.findall(r'Content-Security-Policy" content="(.*?)"', text, re.DOTALL)
        for tag in ("style", "script"):
            (own,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
            digest = b64encode(sha256(own.encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{digest}'" in policy
            styles |= {own} if tag == "style" else set()
        assert policy.startswith("default-src 'none'; img-src data:;")
        assert not re.search(r"https?:|<link|url\(|style=|@import| on\w+=", text)
    assert len(styles) == 1


def test_the_page_of_a_row_has_its_seeds_ticks_samples_and_files(lab: Path, out: Path) -> None:
    make_site([lab], out)
    slug = protocol().slug
    text = (out / slug / "dcgan-hinge" / "index.html").read_text()
    page = Page(text)
    seeds = page.tables[0][1:]
    assert [row[0] for row in seeds] == ["seed0", "seed1"]
    assert seeds[1][1:3] == ["finished", "13"]
    assert "collapsed at 0.2 kimg" in seeds[1]
    assert page.text.count("all images are alike") == 1
    assert "<title>dcgan / hinge: 10 at 0.2 kimg</title>" in text
    assert text.count("data:image/webp;base64") == 2
    place = "Number 1 of 2 rows by the median of its seeds: 12 to 13 (fd-eye, lower"
    for part in (place, "record.json", "images/s", "cpu"):
        assert part in page.text
    assert str(lab) not in text
    assert f"in {slug}/dcgan/hinge/seed1" in page.text


def test_the_page_of_a_row_that_failed_says_why_and_explains_no_error_that_it_has_not(
    tmp_path: Path, out: Path
) -> None:
    write_cell(tmp_path, "lost", status="failed", reason="RuntimeError: no such layer")
    make_site([tmp_path], out)
    page = Page((out / protocol().slug / "lost-hinge" / "index.html").read_text())
    assert page.tables[0][0][:5] == ["seed", "status", "what went wrong", "training", "ended"]
    assert page.tables[0][1][1:3] == ["failed", "RuntimeError: no such layer"]
    assert "±" not in page.text
    assert "neither diverged" not in page.text
    assert "it was not trained" in page.text


def test_downloads_are_the_reports_and_link_no_picture_of_the_results(
    lab: Path, out: Path, gan_bench: Command
) -> None:
    slug = protocol().slug
    gan_bench("report", lab)  # draws pictures into the results
    make_site([lab], out)
    for style, ending in (("json", "json"), ("csv", "csv")):
        said = gan_bench("report", lab, "--protocol", slug, "--format", style)
        assert (out / slug / f"leaderboard.{ending}").read_text() == said.out
    markdown = (out / slug / "leaderboard.md").read_text()
    assert "| 1 | dcgan |" in markdown
    assert "](" not in markdown


@pytest.mark.parametrize("text", HOSTILE[::3])
def test_hostile_names_stay_text_and_name_no_other_folder(
    text: str, tmp_path: Path, out: Path
) -> None:
    write_hostile(tmp_path / "lab", text)
    around = set(tmp_path.iterdir())
    make_site([tmp_path / "lab"], out, text)
    assert set(tmp_path.iterdir()) == {*around, out}
    for path, page in pages(out).items():
        assert all(target.is_file() for target in targets(path, page))
        assert len([tag for tag, _ in page.elements if tag == "script"]) == 1
        assert not {name for _, given in page.elements for name in given if name[:2] == "on"}
        assert path.read_text().replace("\n", "").isprintable()
    parts = {part for name in content(out) for part in name.split("/")}
    assert all(re.fullmatch(r"[\w.-]+", part, re.ASCII) for part in parts)


def test_rows_that_differ_in_case_alone_have_pages_of_their_own(tmp_path: Path, out: Path) -> None:
    for name in ("dcgan", "DCGAN", "DcGan"):
        write_cell(tmp_path / "lab", name, scores={"fd-eye": 1.0})
    make_site([tmp_path / "lab"], out)
    folders = [path.parent.name for path in (out / protocol().slug).glob("*/index.html")]
    assert len({name.casefold() for name in folders}) == 3


def test_a_record_or_protocol_that_cannot_be_read_costs_itself(lab: Path, out: Path) -> None:
    other = protocol(kimg=200).slug
    (lab / protocol().slug / "dense" / "hinge" / "seed0" / RECORD).write_text("{")
    (lab / other / PROTOCOL).write_text("{")
    made = make_site([lab], out)
    assert (made.protocols, made.rows) == (1, 2)
    assert other in made.notes[0]
    assert made.notes[0] in Page(made.index.read_text()).text
    row = Page((out / protocol().slug / "dense-hinge" / "index.html").read_text()).text
    assert "unreadable" in row
    (lab / protocol().slug / PROTOCOL).write_text("{")
    (studies_in(lab)[0] / STUDY).write_text("{")
    with pytest.raises(StorageError, match="unreadable"):
        make_site([lab], out)
    assert made.index.is_file()


def test_several_results_folders_and_one_that_holds_some(tmp_path: Path, out: Path) -> None:
    homes = [tmp_path / "labs" / name for name in ("one", "two")]
    for k, home in enumerate(homes, start=1):
        write_cell(home, "dcgan", under=protocol(kimg=k), scores={"fd-eye": 1.0})
    (tmp_path / "labs" / "README.md").write_text("ours")
    one = make_site([*homes, homes[0] / protocol(kimg=1).slug], out)
    assert make_site([tmp_path / "labs"], out) == one
    assert one.protocols == 2


def test_one_protocol_in_two_folders_has_to_be_merged_first(tmp_path: Path, out: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        write_cell(folder, folder.name, scores={"fd-eye": 1.0})
    with pytest.raises(UsageError, match=f"gan-bench merge {first} {second} -o NEW"):
        make_site([first, second], out)
    home = second / protocol().slug
    home.rename(renamed := home.with_name("renamed"))
    with pytest.raises(UsageError, match="gan-bench merge"):
        make_site([first, second], out)
    document = json.loads((renamed / PROTOCOL).read_text())
    document["data"]["train"] = 7
    (renamed / PROTOCOL).write_text(json.dumps(document))
    make_site([first, second], out)
    renamed.rename(home)
    with pytest.raises(UsageError, match="one name, but two protocols"):
        make_site([first, second], out)


def test_a_site_is_replaced_by_a_new_one(lab: Path, out: Path) -> None:
    out.mkdir()
    make_site([lab], out)
    first = content(out)
    (lab / protocol(kimg=200).slug).rename(lab.with_name("elsewhere"))
    make_site([lab], out)
    assert content(out).keys() < first.keys()
    assert not [path for path in out.parent.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")]
)
@pytest.mark.parametrize("where", ["page", "swap"])
def test_the_old_site_stays_if_the_new_one_cannot_be_written(
    where: str, error: BaseException, lab: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_site([lab], out)
    before = content(out)

    def fail(*_: object) -> str:
        raise error

    rename = os.rename

    def swap(source: Path, target: Path) -> None:
        if source.name == "new":
            raise error
        rename(source, target)

    if where == "page":
        monkeypatch.setattr(Pages, "row", fail)
    else:
        monkeypatch.setattr(os, "rename", swap)
    with pytest.raises((StorageError, KeyboardInterrupt)):
        make_site([lab], out)
    assert content(out) == before
    assert not [path for path in out.parent.iterdir() if path.name.startswith(".")]


def test_a_site_that_a_killed_process_put_aside_is_not_lost(lab: Path, out: Path) -> None:
    make_site([lab], out)
    before = content(out)
    aside = out.with_name(f".{out.name}.part") / "before"
    aside.parent.mkdir()
    out.rename(aside)
    (lab / protocol().slug / PROTOCOL).write_text("{")
    (lab / protocol(kimg=200).slug / PROTOCOL).write_text("{")
    (studies_in(lab)[0] / STUDY).write_text("{")
    with pytest.raises(StorageError):
        make_site([lab], out)
    assert content(out) == before


@pytest.mark.parametrize("what", ["notes", "added", "file", "inside", "around", "record"])
def test_no_site_is_written_over_what_is_not_one(what: str, lab: Path, out: Path) -> None:
    home = lab / protocol().slug
    place = {"inside": home / "site", "around": lab.parent}.get(what, out)
    if what == "record":
        place = home / "dense" / "hinge" / "seed0" / RECORD
    elif what == "file":
        out.write_text("mine")
    elif what in ("notes", "added"):
        out.mkdir()
        if what == "added":
            make_site([lab], out)
        (out / "CNAME").write_text("gans.example.org")
    before = content(lab.parent)
    with pytest.raises(UsageError):
        make_site([lab], place)
    assert content(lab.parent) == before


def test_the_command_says_where_the_index_is_and_how_large_the_site_is(
    lab: Path, gan_bench: Command
) -> None:
    said = gan_bench("site", lab, "-o", "public", "--title", "Our lab")
    assert (said.code, said.err) == (0, "")
    assert re.fullmatch(r"public/index\.html: 2 protocols, 3 rows, 1 study, \S+ kB\n", said.out)
    assert "<title>Our lab</title>" in Path("public/index.html").read_text()


def test_a_folder_without_results_is_refused_in_one_sentence(
    tmp_path: Path, gan_bench: Command
) -> None:
    said = gan_bench("site", tmp_path / "here", "-o", "public")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: no results in")
    assert not Path("public").exists()
