"""The documents are complete and true: commands, links, hooks, published records."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gan_bench.contract.hooks import Hooks
from gan_bench.contract.protocol import Protocol
from gan_bench.results.layout import PROTOCOL, RECORD, cells_in
from gan_bench.results.reading import read_model
from gan_bench.results.records import Record

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("results/**/*.md")])
PUBLISHED = ROOT / "results" / "published"


def anchors(text: str) -> set[str]:
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", heading).lower() for heading in headings)
    return {heading.replace(" ", "-") for heading in kept}


def test_the_readme_is_short_and_begins_with_the_two_commands() -> None:
    lines = README.splitlines()
    assert len(lines) <= 170
    commands = [line.split("#")[0].strip() for line in lines[:20] if line.startswith("    ")]
    assert commands == [
        "pip install . && gan-bench run --arch dcgan --arch dense",
        "pip install tox && tox",
    ]


def test_the_readme_explains_every_column_of_its_table() -> None:
    header = next(line for line in README.splitlines() if line.startswith("| \\# | architecture"))
    columns = {re.split(r" [↑↓(]", name.strip())[0] for name in header.strip("|").split("|")}
    explained = set(re.findall(r"^\| `([^`]*)`", README, re.MULTILINE))
    assert columns - {"\\#", "architecture"} == explained


def test_every_hook_has_a_heading() -> None:
    headings = re.findall(r"^## (gan_bench_\w+)$", (ROOT / "docs/plugins.md").read_text(), re.M)
    assert headings == [name for name in vars(Hooks) if name.startswith("gan_bench_")]


def test_every_page_is_reached_from_the_readme() -> None:
    for page in (ROOT / "docs").glob("*.md"):
        assert f"(docs/{page.name})" in README


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert "://" in link or target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_protocol_that_a_page_names_is_published(page: Path) -> None:
    slugs = re.findall(r"\b[\w-]+-\d+px-[\d.]+kimg-[0-9a-f]{8}\b", page.read_text("utf-8"))
    assert set(slugs) <= {path.parent.name for path in PUBLISHED.glob(f"*/*/{PROTOCOL}")}


def test_published_records_belong_to_their_protocol() -> None:
    for path in PUBLISHED.glob(f"*/*/{PROTOCOL}"):
        protocol = read_model(path, Protocol)
        assert protocol.slug == path.parent.name
        cells = list(cells_in(path.parent))
        assert cells
        for cell in cells:
            record = read_model(cell / RECORD, Record)
            assert cell.parts[-3:] == (record.architecture, record.loss, f"seed{record.seed}")


def test_what_is_published_is_small_and_names_no_folder_of_a_machine() -> None:
    files = [path for path in PUBLISHED.rglob("*") if path.is_file() and path.suffix != ".png"]
    for page in [path for path in files if path.suffix == ".html"]:
        files.remove(page)
        assert page.stat().st_size < 5_000_000
        assert not re.search(r"[\s\"'>]/(home|root|tmp|Users|mnt)/", page.read_text("utf-8")), page
    for path in files:
        assert path.suffix in {".json", ".jsonl", ".md"}
        assert path.stat().st_size < 100_000
        assert not re.search(r'"(/|[A-Z]:\\)', path.read_text(encoding="utf-8")), path


def test_the_citation_file_has_the_fields_that_the_format_requires() -> None:
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    fields = dict(re.findall(r"^([a-z-]+): *(.*)$", text, re.MULTILINE))
    assert fields["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= set(fields)
