"""The tutorial is true: its commands and its code run as they stand there."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

from given import Command

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.md"
SMALL = "--size 16 --kimg 0.05 --batch 8 --samples 16 --ticks 1 --features pixels --metric fd"


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
