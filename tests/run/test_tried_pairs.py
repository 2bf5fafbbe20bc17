"""A pair that was tried and trained by the same code is not tried again for its next seeds."""

from __future__ import annotations

from pathlib import Path

import pytest
from planning import SCHEDULE, LayCell

from gan_bench.run import preflight_process
from gan_bench.run.cell import run_cell
from gan_bench.run.preflight_process import hint_of_precision, trained_before
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


@pytest.mark.parametrize(
    ("precision", "computed", "error", "is_said"),
    [
        ("bf16", False, RuntimeError("no such layer"), True),
        ("bf16", True, RuntimeError("no such layer"), False),
        ("fp32", False, RuntimeError("no such layer"), False),
        ("bf16", False, IndexError("1"), False),
    ],
)
def test_fp32_is_proposed_where_bf16_failed_on_a_device_that_does_not_compute_it(
    precision: str,
    computed: bool,
    error: Exception,
    is_said: bool,
    lay: LayCell,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(preflight_process, "computes_bf16", lambda device: computed)
    task = read_task(lay(schedule=SCHEDULE.model_copy(update={"precision": precision})))
    hint = "; this cpu does not compute bf16 itself: try --precision fp32"
    assert hint_of_precision(error, task) == hint * is_said


def test_a_cell_that_failed_says_nothing_of_its_pair(lay: LayCell) -> None:
    first = lay("hangs", loss="nosuch")
    run_cell(first)
    second = lay("tiny", seed=1)
    assert not trained_before(first.parent, read_task(second))
