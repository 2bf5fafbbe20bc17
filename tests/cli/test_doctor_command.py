"""`gan-bench doctor`: what it prints can be copied."""

from __future__ import annotations

import pytest

from gan_bench.run import doctor
from gan_bench.run.doctor import Check
from given import Command

URL = "https://example.org/" + "long-name/" * 20 + "weights.pth"


def test_a_url_stays_in_one_line_where_the_output_is_piped(
    gan_bench: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = Check(name="weights", status="ok", detail=f"not there: download {URL} and give it")
    monkeypatch.setattr(doctor, "examine", lambda *_: iter([check]))
    monkeypatch.setenv("COLUMNS", "80")
    said = gan_bench("doctor")
    assert said.code == 0, said.err
    assert URL in said.out
