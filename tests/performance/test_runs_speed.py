"""Whole runs: what measuring costs, what --jobs gains, what a large set takes of memory."""

from __future__ import annotations

import resource
from pathlib import Path
from textwrap import dedent

import pytest

from race import Note, noise, race, times_faster
from runs import anew, records, run

pytestmark = pytest.mark.speed

LARGE = dedent(
    """
    import numpy as np
    from gan_bench import Dataset, Images, hookimpl

    class Noise:
        def __init__(self, count, seed):
            self.count, self.seed = count, seed
        def __len__(self):
            return self.count
        def __getitem__(self, rows):
            start, stop, _ = rows.indices(self.count)
            rng = np.random.default_rng(self.seed + start)
            return rng.integers(0, 256, (stop - start, 3, 64, 64), dtype=np.uint8)

    @hookimpl
    def gan_bench_datasets():
        return [
            Dataset(
                name="large", source="a test", version="1",
                load=lambda *_: Images(train=Noise(60_000, 1), held_out=Noise(1_000, 2)),
            )
        ]
    """
)


def test_measuring_is_a_small_part_of_a_quick_cell(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, note: Note
) -> None:
    home = tmp_path_factory.mktemp("home")
    run(
        "--preset quick --device cpu --arch dense --kimg 0.1", tmp_path, home
    )  # the data, the cache
    anew("--preset quick --device cpu --arch dcgan --arch dense", tmp_path, home)
    for name, record in sorted(records(tmp_path).items()):
        assert record.cost is not None
        measuring, training = record.cost.evaluate_seconds, record.cost.train_seconds
        note(
            f"quick, {name}: share of a cell's time that is looking and measuring",
            measuring / (measuring + training), "{:.0%}",
            most=0.15 if name == "dcgan" else None, more_is_better=False,
        )  # fmt: skip


def test_two_jobs_on_two_cores_do_no_less_than_one_with_both(tmp_path: Path, note: Note) -> None:
    home = tmp_path / "home"
    common = "--device cpu --arch dcgan --kimg 4 --samples 256 --metric fd --seeds 2"
    run(f"{common} --kimg 0.1", tmp_path, home)
    times = race(
        {
            "one": lambda: anew(f"{common} --jobs 1", tmp_path, home),
            "two": lambda: anew(f"{common} --jobs 2", tmp_path, home),
        }
    )
    gain = times_faster(times, "two", "one")
    what = "two cells of dcgan, 32 px: a whole run with --jobs 2 against --jobs 1"
    note(what, gain, "{:.2f} x", least=1.0, noise=noise(times, "two", "one"))


def test_a_run_over_60_000_images_of_64_px_stays_within_its_memory(
    tmp_path: Path, note: Note
) -> None:
    (tmp_path / "large.py").write_text(LARGE)
    words = "--plugin large.py --data large --size 64 --device cpu --preset standard"
    words += " --features efficientnet-lite0 --kimg 1.28 --samples 512 --arch dcgan"
    run(words, tmp_path, tmp_path / "home")
    (record,) = records(tmp_path).values()
    assert record.cost is not None
    cell = record.cost.peak_memory_mib * 2**20
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024  # of every process
    most = max(cell, largest) / 1e9
    what = "60,000 images of 64 px, dcgan, batch 64: largest process"
    note(what, most, "{:.2f} GB", most=2.5, more_is_better=False)
