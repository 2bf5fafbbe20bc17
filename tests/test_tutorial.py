"""The tutorial is true: its commands and its code run as they stand there."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.md"
SMALL = "--size 16 --kimg 0.05 --batch 8 --samples 16 --features pixels --metric fd --json -q"


def test_every_step_of_the_tutorial_works(shapes: Path, tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    commands = re.findall(r"^    (gan-bench .*)$", text, re.MULTILINE)
    (code,) = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)

    def gan_bench(command: str, *more: str) -> str:
        words = [sys.executable, "-m", "gan_bench.cli", *shlex.split(command)[1:], *more]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    new, check, run = commands
    gan_bench(new)
    module = tmp_path / "my-pair" / "my_pair.py"
    before = module.read_text()
    old = r"^def generator.*?(?=^def discriminator)"
    after = re.sub(old, f"{code}\n\n", before, flags=re.MULTILINE | re.DOTALL)
    assert after != before
    module.write_text(after)
    assert "failed" not in gan_bench(check)
    (protocol,) = json.loads(gan_bench(run, "--data", str(shapes), *SMALL.split()))["protocols"]
    assert {row["architecture"] for row in protocol["rows"]} == {"my-pair", "dcgan"}
