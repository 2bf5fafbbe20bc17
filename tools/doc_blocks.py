"""What the cog blocks of README.md and docs/ print.

    cog -r -I tools README.md docs/*.md

Every results table is part of the report on a folder in results/published, made by the command
line itself, so that a table that is out of date is noticed by `tox`.
"""

from __future__ import annotations

import inspect
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from gan_bench.contract import engine, evidence, offers, remedy, step, tracker
from gan_bench.report.section import SHARED

ROOT = Path(__file__).parents[1]
PUBLISHED = ROOT / "results" / "published"
PLAIN = {"NO_COLOR": "1", "TERM": "dumb", "TERMINAL_WIDTH": "100", "COLUMNS": "100"}


def gan_bench(*words: str) -> str:
    """What a command prints where there is no terminal."""
    command = [sys.executable, "-m", "gan_bench.cli", *words]
    env = os.environ | PLAIN
    done = subprocess.run(command, cwd=ROOT, env=env, text=True, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr}")
    return done.stdout


# -- results ------------------------------------------------------------------------------------


@cache
def _blocks(run: str, board: str = "") -> list[str]:
    """The paragraphs of the report on a published run; without curves, so that none are drawn.

    `board`: the beginning of the name of an evaluation that was added; "" for the protocol's own.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, run)
        shutil.copytree(PUBLISHED / run, copy, ignore=shutil.ignore_patterns("*.jsonl", "figures"))
        text = gan_bench("report", str(copy), "--format", "markdown")
        text = text.replace(folder, "results/published")  # in the commands that make it again
    chapters = re.split(r"^(?=## )", text, flags=re.MULTILINE)[1:]
    wanted = [
        each
        for each in chapters
        if re.match(rf"## [^/\n]*{f'/{board}' if board else '$'}", each, re.M)
    ]
    if len(wanted) != 1:
        raise LookupError(f"the report on {run} has {len(wanted)} boards {board!r}")
    return [block.strip("\n") for block in wanted[0].split("\n\n") if block.strip()]


def report(run: str) -> str:
    """The whole report, with the protocol's name in bold and not as a heading of the page."""
    text = "\n\n".join(_blocks(run))
    return _framed(re.sub(r"^## (.*)$", r"**\1**", text, flags=re.MULTILINE))


def table(run: str, titled: str = "", board: str = "", answered: bool = False) -> str:
    """One table of the report: the first, or the one whose title begins so; after the answer."""
    blocks = _blocks(run, board)
    start = 0
    if titled:
        heads = (titled, f"<details><summary>{titled}")
        start = next((k for k, block in enumerate(blocks) if block.startswith(heads)), len(blocks))
    place = next((k for k in range(start, len(blocks)) if blocks[k].startswith("|")), None)
    if place is None:
        raise LookupError(f"the report on {run} has no table titled {titled!r}")
    below = [each for each in blocks[place + 1 : place + 2] if each.startswith(SHARED)]
    answer = blocks[1:2] if answered else []
    return _framed("\n\n".join([*answer, blocks[place], *below]))


def study(run: str) -> str:
    """All that the report says of the one study of a published run, without its name and figure."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(PUBLISHED / run, copy := Path(folder, run))
        text = gan_bench("report", str(copy), "--format", "markdown")
    return _framed(re.sub(r"^(## .*|!\[.*)\n", "", text, flags=re.MULTILINE).strip("\n"))


# -- commands, offers, files --------------------------------------------------------------------


def shown(run: str, cell: str) -> str:
    """The beginning of what `show` says of a published cell, to its second curve."""
    text = gan_bench("show", cell, "--results", str(PUBLISHED / run))
    lines = [f"$ gan-bench show {cell}", *text.partition("\nreal_score")[0].splitlines(), "..."]
    return _framed("```text\n" + "\n".join(lines) + "\n```")


def help_of(*command: str) -> str:
    """The help of a command, as text."""
    lines = gan_bench(*command, "--help").strip("\n").splitlines()
    return _framed("```text\n" + "\n".join(line.rstrip() for line in lines) + "\n```")


def built_in(hook: str) -> list[Any]:
    """What gan-bench itself offers through a hook."""
    points = entry_points(group="gan_bench")
    modules = [point.load() for point in points if point.dist and point.dist.name == "gan-bench"]
    hooks = [getattr(module, hook) for module in modules if hasattr(module, hook)]
    return [offer for hook in hooks for offer in hook()]


def sources(hook: str) -> str:
    """A list of the built-in offers of a kind, each with its source."""
    return _framed("\n".join(f"- `{o.name}`: {o.source}" for o in built_in(hook)))


def choices() -> str:
    """The names that can be compared, and the presets."""
    lines = [
        f"- {kind}: " + ", ".join(f"`{o.name}`" for o in built_in(f"gan_bench_{kind}"))
        for kind in ("architectures", "losses")
    ]
    presets = (
        f"`{o.name}` ({o.size} px, {o.schedule.kimg:,.0f} kimg, {o.samples:,} images measured)"
        for o in built_in("gan_bench_presets")
    )
    return _framed("\n".join([*lines, f"- presets: {'; '.join(presets)}"]))


def contract(*names: str) -> str:
    """The definitions of offers, as they stand in the contract."""
    modules = engine, offers, evidence, step, tracker, remedy
    known = {name: value for module in modules for name, value in vars(module).items()}
    parts = [known[name] for name in names]
    text = "\n\n".join(map(inspect.getsource, parts)).strip()
    block = f"```python\n{text}\n```"
    if "]]]" in text:  # cog takes that for the end of a block, and ruff would restore it
        split = block.replace("]]]", "]]\n    ]")
        block = f"<!-- fmt: off -->\n\n{split}\n\n<!-- fmt: on -->"
    return _framed(block)


def file(path: str) -> str:
    """A file of the repository, as code."""
    language = {".py": "python", ".toml": "toml"}[Path(path).suffix]
    return _framed(f"```{language}\n{(ROOT / path).read_text().strip()}\n```")


def _framed(text: str) -> str:
    """Between empty lines: markdown is read after the comment that cog leaves."""
    return f"\n{text}\n\n"
