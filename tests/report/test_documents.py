"""CSV and JSON: every cell, every digit, one schema."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gan_bench.base.escape import plain
from gan_bench.report import leaderboard
from gan_bench.report.documents import to_csv, to_json
from gan_bench.results.layout import PROTOCOL, RECORD
from records import PLAIN, write_cell

MARKUP = "a|b `c` <script>alert(1)</script> , \"d\" 'e' \\ \n# f\r\n| g |"


def test_csv_has_a_line_for_each_cell_and_parses_back(two: Path) -> None:
    write_cell(two, "good", seed=1, scores={"fd-eye": 1 / 3, "diversity": 0.1})
    write_cell(two, "evil", status="failed", reason=MARKUP, cost=None)
    table = pd.read_csv(io.StringIO(to_csv(leaderboard.load(two))))
    assert len(table) == 4
    columns = ["protocol", "architecture", "loss", "seed", "status", "reason"]
    assert list(table.columns[:6]) == columns
    row = table[(table.architecture == "good") & (table.seed == 1)].iloc[0]
    assert row["fd-eye"] == 1 / 3  # every digit
    assert row["images_per_second"] == 1111.1
    evil = table[table.architecture == "evil"].iloc[0]
    assert evil.reason == plain(MARKUP)
    assert np.isnan(evil["fd-eye"])


def test_csv_has_a_line_for_cells_without_a_record_and_whole_numbers_stay_whole(two: Path) -> None:
    (write_cell(two, "odd") / RECORD).write_text("{")
    write_cell(two, "waiting", seed=7, status=None)
    lines = to_csv(leaderboard.load(two)).splitlines()
    assert lines[1].startswith(f"{PLAIN.slug},good,hinge,0,finished,")
    assert ",1200000,300000,2500000,1000000," in lines[1]
    assert any(line.startswith(f"{PLAIN.slug},waiting,hinge,7,unfinished,,") for line in lines)
    assert any(line.startswith(f"{PLAIN.slug},odd,hinge,0,unreadable,unre") for line in lines)


def test_documents_say_which_machine_a_cell_was_computed_on(tmp_path: Path) -> None:
    write_cell(tmp_path, "a", machine={"processor": "Z80", "threads": "2"})
    write_cell(tmp_path, "b", status=None)
    boards = leaderboard.load(tmp_path)
    table = pd.read_csv(io.StringIO(to_csv(boards)), index_col="architecture")
    assert table["machine"]["a"] == "processor Z80; threads 2"
    assert np.isnan(table["machine"]["b"])
    rows = json.loads(to_json(boards))["protocols"][0]["rows"]
    assert rows[0]["machines"] == [{"processor": "Z80", "threads": "2"}]


def test_json_is_one_document_with_a_schema(two: Path) -> None:
    write_cell(two, "good", seed=1, scores={"fd-eye": 10.0, "diversity": 0.1})
    write_cell(two, "odd", status="diverged", reason="why")
    (two / "damaged").mkdir()
    (two / "damaged" / PROTOCOL).write_text("{")
    document = json.loads(to_json(leaderboard.load(two)), parse_constant=pytest.fail)
    assert (document["schema"], len(document["unreadable"])) == (1, 1)
    (board,) = document["protocols"]
    assert board["slug"] == PLAIN.slug
    assert board["schedule"]["kimg"] == 100
    assert board["dataset"]["name"] == "faces"
    assert board["evaluation"]["samples"] == 500
    good, bad, odd = board["rows"]
    assert (good["architecture"], good["loss"], good["seeds"]) == ("good", "hinge", [0, 1])
    assert good["status"] == {"finished": 2}
    metric = good["metrics"]["fd-eye"]
    assert metric["values"] == [12.345678, 10.0]
    assert metric["mean"] == pytest.approx(11.172839)
    assert (metric["higher_is_better"], metric["n"]) == (False, 500)
    assert good["cost"]["images_per_second"] == pytest.approx(1111.1)
    assert bad["architecture"] == "bad"
    assert odd["metrics"] == {}
    assert odd["remarks"] == ["odd / hinge / seed0: why"]
