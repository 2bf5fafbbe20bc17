"""The tutorial is true: its commands and its code run as they stand there."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from gan_bench.run.new_plugin import write_package
from given import Command

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.md"
SMALL = "--size 16 --kimg 0.05 --batch 8 --samples 16 --ticks 1 --features pixels --metric fd"


@pytest.mark.usefixtures("cells_inside", "one_thread")
def test_every_step_of_the_tutorial_works(shapes: Path, gan_bench: Command) -> None:
    text = PAGE.read_text(encoding="utf-8")
    commands = re.findall(r"^    (gan-bench .*)$", text, re.MULTILINE)
    (code,) = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)

    def out(command: str, *more: str) -> str:
        said = gan_bench(*shlex.split(command)[1:], *more)
        assert said.code == 0, said.err
        return said.out

    new, check, run = commands
    out(new)
    module = Path("my-pair", "my_pair.py")
    before = module.read_text()
    old = r"^def generator.*?(?=^def discriminator)"
    after = re.sub(old, f"{code}\n\n", before, flags=re.MULTILINE | re.DOTALL)
    assert after != before
    module.write_text(after)
    assert "failed" not in out(check)
    document = json.loads(out(run, "--data", str(shapes), *SMALL.split(), "--json", "-q"))
    (protocol,) = document["protocols"]
    assert {row["architecture"] for row in protocol["rows"]} == {"my-pair", "dcgan"}


@pytest.mark.long
def test_what_is_installed_is_found_without_its_file(
    shapes: Path, tmp_path: Path, outside: dict[str, str]
) -> None:
    pytest.importorskip("hatchling", reason="pip builds the package with it, without a network")
    write_package("my-pair", "architecture", tmp_path)
    (install,) = re.findall(r"^    (pip install .*)$", PAGE.read_text("utf-8"), re.MULTILINE)
    target, elsewhere = tmp_path / "installed", tmp_path / "elsewhere"
    elsewhere.mkdir()
    env = outside | {"PYTHONPATH": f"{target}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}

    def out(command: str, folder: Path) -> str:
        words = [sys.executable, "-m", *shlex.split(command)]
        done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    offline = f"--no-deps --no-build-isolation --quiet --target {shlex.quote(str(target))}"
    out(f"{install} {offline}", tmp_path)
    assert "failed" not in out("gan_bench.cli plugins check my-pair", elsewhere)
    run = f"gan_bench.cli run --arch my-pair --data {shlex.quote(str(shapes))} {SMALL} -q"
    out(run, elsewhere)
    (record,) = elsewhere.rglob("record.json")
    assert "my-pair" in {each["distribution"] for each in json.loads(record.read_text())["code"]}
