"""Offers are listed without the libraries that compute: a misspelt name is answered at once."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("torch", "torchvision", "torch_fidelity", "scipy", "PIL")
LIST = f"""
import sys
from gan_bench import catalogue
known = catalogue.load()
assert known.broken == [], known.broken
# an entry is what others made: gan-bench has none to offer
assert [kind.__name__ for kind in catalogue.KINDS if not known.names(kind)] == ["Entry"]
print([name for name in {HEAVY} if name in sys.modules])
"""


def test_the_built_in_offers_are_listed_without_torch(outside: dict[str, str]) -> None:
    env = outside | {"GAN_BENCH_PLUGINS": "gan-bench"}
    done = subprocess.run([sys.executable, "-c", LIST], env=env, capture_output=True, text=True)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
