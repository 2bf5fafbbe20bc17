"""Three files of tests/strangers in one run, on folders of classes, beside one that is refused."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from gan_bench.results.records import Record, read_record
from given import Draw, Place

STRANGERS = Path(__file__).parents[1] / "strangers"
FILES = ("class_embedding", "instance_noise", "relativistic_average", "refused/process_wide")
SETTINGS = shlex.split(
    "--data ../shapes --size 8 --kimg 0.04 --batch 8 --samples 16 --features pixels --metric fd "
    "--device cpu --loss relative"
)
BELONGS = "which belong to the whole process: a plugin draws from torch's generator"
REASONS = {
    "doubles": f"doubles / relative changed torch's default dtype, {BELONGS}",
    "threads": f"threads / relative changed torch's number of threads, {BELONGS}",
    "draws": f"draws / relative changed random's state, {BELONGS}",
}
TRAINED = ("embedding", "fog")


@pytest.fixture(scope="module")
def records(
    tmp_path_factory: pytest.TempPathFactory, draw_shapes: Draw, outside: dict[str, str]
) -> dict[str, Record]:
    root = tmp_path_factory.mktemp("strangers")
    for name, side in (("round", 20), ("square", 28)):
        draw_shapes(root / "shapes" / name, 20, side)
    (root / "here").mkdir()
    place = Place(root / "here", outside | {"GAN_BENCH_HOME": str(root / "home")})
    plugins = [f"--plugin={STRANGERS / name}.py" for name in FILES]
    names = [f"--arch={name}" for name in (*TRAINED, *REASONS)]
    done = place.run(*SETTINGS, *plugins, *names)
    assert done.returncode == 3, done.stderr
    return {
        name: read_record(place.protocol / name / "relative" / "seed0")
        for name in (*TRAINED, *REASONS)
    }


def test_strangers_train_in_a_real_run_one_of_them_by_the_classes_of_the_folders(
    records: dict[str, Record],
) -> None:
    assert {name: records[name].status for name in TRAINED} == dict.fromkeys(TRAINED, "finished")
    assert all(records[name].scores for name in TRAINED)


@pytest.mark.parametrize("name", REASONS)
def test_what_belongs_to_the_process_must_not_be_changed(
    records: dict[str, Record], name: str
) -> None:
    assert records[name].status == "failed"
    assert (records[name].reason or "").startswith(REASONS[name])
