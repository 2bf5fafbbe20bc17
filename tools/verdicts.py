"""Print the tables of docs/verdicts.md: `python tools/verdicts.py curves FILE.csv`.

FILE.csv has the columns run, step, fid: published training runs. Needs the package
(`pip install -e .`). `curves` takes a minute; `forced --out DIR` and `late --out DIR` train, for an
hour of one core.
"""

from __future__ import annotations

import click

from forced_collapses import forced
from late_faults import late
from published_curves import curves


@click.group()
def tables() -> None:
    """The tables of docs/verdicts.md."""


tables.add_command(curves)
tables.add_command(forced)
tables.add_command(late)

if __name__ == "__main__":
    tables()
