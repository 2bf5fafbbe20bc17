"""`gan-bench plugins`: what is installed, from whom, and what failed."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from textwrap import dedent

import pytest

from given import Command, Install

MINE = """
    from gan_bench import Loss, hookimpl

    @hookimpl
    def gan_bench_losses():
        return [Loss(name="mine", source="a [red]test", d_loss=max, g_loss=max)]
"""


SOME = {("architecture", "dcgan"), ("loss", "minimax"), ("engine", "local")}


def test_plugins_lists_every_offer_with_its_distribution_and_version(gan_bench: Command) -> None:
    said = gan_bench("plugins")
    assert said.code == 0
    lines = said.out.splitlines()
    starts = {tuple(line.split()[:4]) for line in lines}
    assert {(*each, "gan-bench", version("gan-bench")) for each in SOME} <= starts
    assert max(map(len, lines)) <= 100
    assert said.out == gan_bench("plugins", "list").out


def test_plugins_as_json_name_the_same(gan_bench: Command) -> None:
    said = gan_bench("plugins", "--json")
    document = json.loads(said.out)
    assert (document["schema"], document["failed"]) == (1, [])
    assert {(offer["kind"], offer["name"]) for offer in document["offers"]} > SOME
    assert all(offer["from"] and offer["source"] for offer in document["offers"])
    assert said.out == gan_bench("plugins", "list", "--json").out


def test_plugins_says_what_failed_and_why(gan_bench: Command, install: Install) -> None:
    install("gan-bench-ruined", "raise RuntimeError('[red]no')", "0.7")
    said = gan_bench("plugins")
    assert said.code == 0
    assert "failed: plugin mine (gan-bench-ruined 0.7): RuntimeError: [red]no" in said.out
    assert "dcgan" in said.out
    (failed,) = json.loads(gan_bench("plugins", "--json").out)["failed"]
    expected = {"plugin": "gan-bench-ruined 0.7", "error": "RuntimeError: [red]no"}
    assert failed == expected | {"status": "failed"}


@pytest.mark.parametrize(
    "words", [["--plugin=mine.py"], ["list", "--plugin=mine.py"], ["--plugin=mine.py", "list"]]
)
def test_plugins_lists_what_a_file_offers(words: list[str], gan_bench: Command) -> None:
    Path("mine.py").write_text(dedent(MINE))
    said = gan_bench("plugins", *words)
    lines = said.out.splitlines()
    (k,) = (k for k, line in enumerate(lines) if "mine.py" in line)
    kind, name, path, digest = lines[k].split()
    assert [kind, name, path, lines[k + 1]] == ["loss", "mine", "mine.py", "    a [red]test"]
    assert len(digest) == 12
