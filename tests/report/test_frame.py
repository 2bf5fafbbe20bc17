"""One DataFrame for all cells of a protocol."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gan_bench.contract.protocol import MetricSpec
from gan_bench.results.frame import error_column, metric_column, read_frame
from gan_bench.results.layout import RECORD
from gan_bench.results.records import read_record
from records import PLAIN, protocol, write_cell


def test_every_cell_is_a_row_in_order_of_names_and_numbers_of_seeds(tmp_path: Path) -> None:
    for seed in (10, 2, 0):
        write_cell(tmp_path, "b", seed=seed, scores={"fd-eye": float(seed), "diversity": 0.5})
    write_cell(tmp_path, "b", seed=1, status=None)
    (write_cell(tmp_path, "a", seed=3) / RECORD).write_text("{")
    frame = read_frame(tmp_path / PLAIN.slug)
    assert frame["architecture"].tolist() == ["a", *"bbbb"]
    assert frame["seed"].tolist() == [3, 0, 1, 2, 10]
    assert frame["status"].tolist() == ["unreadable", "finished", "unfinished", *["finished"] * 2]
    assert frame["reason"][0].startswith("unreadable ")
    assert frame["fd-eye"].tolist()[3:] == [2.0, 10.0]
    assert np.isnan(frame["fd-eye"][2])
    assert frame["g_parameters"].tolist()[3:] == [1_200_000] * 2  # whole numbers stay whole
    record = read_record(frame["folder"][3])
    assert (frame["device"][3], frame["ended"][3]) == (record.device, record.ended)
    assert frame["reference_n"][3] == (450,)


def test_the_machine_of_a_cell_is_a_column_that_older_records_leave_empty(tmp_path: Path) -> None:
    write_cell(tmp_path, "a", machine={"processor": "Z80", "threads": "2"})
    write_cell(tmp_path, "b")
    write_cell(tmp_path, "c", status=None)
    machines = read_frame(tmp_path / PLAIN.slug)["machine"].tolist()
    assert machines[:2] == [{"processor": "Z80", "threads": "2"}, {}]
    assert machines[2] is None


def test_a_metric_with_the_name_of_another_column_has_a_column_of_its_own(tmp_path: Path) -> None:
    names = ("loss", "seed", "x", "x error")
    metrics = tuple(MetricSpec(name=n, higher_is_better=False, features="eye") for n in names)
    scores = {name: float(k) for k, name in enumerate(names)}
    folder = write_cell(tmp_path, "a", under=protocol(metrics=metrics), seed=7, scores=scores)
    frame = read_frame(folder.parents[2])
    assert (frame["loss"][0], frame["seed"][0]) == ("hinge", 7)
    assert [frame[metric_column(name)][0] for name in names] == [0, 1, 2, 3]
    columns = {column(name) for name in names for column in (metric_column, error_column)}
    assert len(columns) == 2 * len(names)


def test_a_folder_without_cells_is_a_frame_without_rows(tmp_path: Path) -> None:
    frame = read_frame(tmp_path)
    assert frame.empty
    assert "status" in frame
