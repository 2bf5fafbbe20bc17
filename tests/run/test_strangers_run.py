"""Three files of tests/strangers in one run, on folders of classes, beside one that is refused."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from gan_bench.results.records import read_record
from given import Command, Draw

STRANGERS = Path(__file__).parents[1] / "strangers"
FILES = ("class_embedding", "instance_noise", "relativistic_average", "refused/process_wide")
SETTINGS = shlex.split(
    "--data ../shapes --size 8 --kimg 0.04 --batch 8 --samples 16 --features pixels --metric fd "
    "--device cpu --loss relative"
)
BELONGS = "which the whole process shares: a plugin draws from torch's generator"
REASONS = {
    "doubles": f"doubles / relative changed torch's default dtype, {BELONGS}",
    "threads": f"threads / relative changed torch's number of threads, {BELONGS}",
    "draws": f"draws / relative changed random's state, {BELONGS}",
}
TRAINED = ("embedding", "fog")  # one of them by the classes of the folders


@pytest.mark.usefixtures("cells_inside", "one_thread")
def test_strangers_train_in_one_run_and_what_changes_the_process_is_refused(
    tmp_path: Path, draw_shapes: Draw, gan_bench: Command
) -> None:
    for name, side in (("round", 20), ("square", 28)):
        draw_shapes(tmp_path / "shapes" / name, 20, side)
    plugins = [f"--plugin={STRANGERS / name}.py" for name in FILES]
    names = [f"--arch={name}" for name in (*TRAINED, *REASONS)]
    said = gan_bench("run", *SETTINGS, *plugins, *names)
    assert said.code == 3, said.err
    (home,) = Path("results").iterdir()
    records = {
        name: read_record(home / name / "relative" / "seed0") for name in (*TRAINED, *REASONS)
    }
    assert {name: records[name].status for name in TRAINED} == dict.fromkeys(TRAINED, "finished")
    assert all(records[name].scores for name in TRAINED)
    assert {records[name].status for name in REASONS} == {"failed"}
    for name, reason in REASONS.items():
        assert (records[name].reason or "").startswith(reason)
