"""A pair that was tried and trained by the same code is not tried again for its next seeds."""

from __future__ import annotations

from pathlib import Path

import pytest
from planning import LayCell

from gan_bench.run.cell import run_cell
from gan_bench.run.preflight_process import trained_before
from gan_bench.run.task import read_task

pytestmark = pytest.mark.usefixtures("one_thread")


def test_more_seeds_are_not_tried_again_unless_the_code_was_edited(
    lay: LayCell, tmp_path: Path
) -> None:
    first = lay()
    second = lay(seed=1)
    assert not trained_before(second.parent, read_task(second))
    run_cell(first)
    assert trained_before(second.parent, read_task(second))
    with (tmp_path / "plugin.py").open("a") as plugin:
        plugin.write("# edited\n")
    assert not trained_before(second.parent, read_task(second))


def test_a_cell_that_failed_says_nothing_of_its_pair(lay: LayCell) -> None:
    first = lay("hangs", loss="nosuch")
    run_cell(first)
    second = lay("tiny", seed=1)
    assert not trained_before(first.parent, read_task(second))
