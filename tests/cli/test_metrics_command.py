"""`gan-bench metrics audit`: a plugin's metric joins, and the command says what it found."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from gan_bench.report.audit.findings import findings
from given import Command, Draw, Install, Place, refused, wait_for

MINE = '''
    """A metric that sees brightness, and nothing else."""
    import torch
    from gan_bench import Features, Metric, hookimpl


    def load(device, weights):
        return lambda images: images.flatten(1).float().mean(1, keepdim=True)


    def brighter(samples):
        return float(samples.fake.mean() - samples.real.mean())


    @hookimpl
    def gan_bench_features():
        return [Features(name="mean-level", source="t", digest=lambda _: "a" * 64, load=load)]


    @hookimpl
    def gan_bench_metrics():
        metric = Metric(name="lit", source="t", higher_is_better=False, compute=brighter,
                        features="mean-level")
        return [metric]
'''
QUICK = ("--n", "16", "--bias-n", "16,20", "--corruption", "brighter,blur", "--size", "16")


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(dedent(MINE))
    return path


@pytest.fixture
def faces(tmp_path: Path, draw_shapes: Draw) -> Path:
    return draw_shapes(tmp_path / "faces", count=140, side=16)


def asked(mine: Path, faces: Path) -> tuple[object, ...]:
    return (
        "metrics",
        "audit",
        "--plugin",
        mine,
        "--metric",
        "lit",
        "--only",
        "--data",
        faces,
        *QUICK,
    )


@pytest.mark.usefixtures("no_gpu", "one_thread")
def test_a_metric_of_a_plugin_is_audited_in_every_format(
    gan_bench: Command, mine: Path, faces: Path
) -> None:
    said = gan_bench(*asked(mine, faces))
    assert said.code == 0, said.err
    assert "lit sees most" in said.out
    assert "| lit ↓ |" in said.out
    document = json.loads(gan_bench(*asked(mine, faces), "--format", "json").out)
    assert [each["name"] for each in document["metrics"]] == ["lit"]
    faults = {each["name"]: each for each in document["metrics"][0]["sizes"][0]["corruptions"]}
    assert faults["brighter"]["strengths"][-1]["power"]["value"] == 1
    lines = gan_bench(*asked(mine, faces), "--format", "csv").out.splitlines()
    assert len(lines) == 1 + 2 * 3
    out = Path("page.html")
    assert gan_bench(*asked(mine, faces), "--out", out).code == 0
    page = out.read_text()
    assert "lit" in page
    assert "http" not in page.replace("http-equiv", "")
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page


@pytest.mark.usefixtures("no_gpu", "one_thread")
def test_a_metric_joins_those_of_the_preset_by_being_installed(
    gan_bench: Command, install: Install, faces: Path
) -> None:
    install("my-rulers", MINE)
    words = ("--data", faces, *QUICK[:4], "--size", "16", "--corruption", "brighter")
    said = gan_bench("metrics", "audit", *words, "--repeats", "5", "--format", "json")
    assert said.code == 0, said.err
    document = json.loads(said.out)
    names = [each["name"] for each in document["metrics"]]
    assert "lit" in names
    assert len(names) > 5
    assert "copies" in names + list(document["not_here"])


@pytest.mark.usefixtures("no_gpu", "one_thread")
@pytest.mark.parametrize("width", [50, 80])
def test_the_tables_fit_the_terminal(
    gan_bench: Command, mine: Path, faces: Path, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    said = gan_bench(*asked(mine, faces), "--format", "terminal")
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert max(map(len, lines)) <= width
    head = next(line.split() for line in lines if "alarms" in line and line.startswith("metric"))
    titles = [word for word in head if word.isalpha() and word not in ("metric", "of")]
    explained = {line.split()[0] for line in lines if line.strip()}
    assert titles, "the first table has columns"
    assert explained >= {*titles, "brighter"}, "each column has a line, and each corruption"


@pytest.mark.usefixtures("no_gpu", "one_thread")
@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--metric", "lti"), "Did you mean lit?"),
        (("--corruption", "blurr"), "Did you mean blur?"),
        (("--corruption", "blur,"), "a name is empty"),
        (("--n", "400"), "the most is"),
        (("--n", "8"), "16 images are the least"),
        (("--n", "a,b"), "no list of whole numbers"),
        (("--real-sets", "50"), "50 is not in the range"),
        (("--all",), "--only and --all exclude each other"),
        (("--out", "a.tex"), "an audit has the formats"),
        (("--data", "nowhere"), "no such folder or zip"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    gan_bench: Command, mine: Path, faces: Path, words: tuple[str, ...], part: str
) -> None:
    refused(gan_bench(*asked(mine, faces), *words), 2, part)
    assert not Path("results").exists()


def test_a_killed_audit_is_finished_by_the_same_command(
    tmp_path: Path, mine: Path, faces: Path, outside: dict[str, str]
) -> None:
    place = Place(tmp_path, outside | {"GAN_BENCH_HOME": str(tmp_path / "home")})
    words = [*map(str, asked(mine, faces)), "--device", "cpu", "--repeats", "400"]
    command = [sys.executable, "-m", "gan_bench.cli", *words]
    running = subprocess.Popen(command, cwd=place.folder, env=place.env, stderr=subprocess.PIPE)
    blocks = "results/audits/*/blocks/lit/*.json"
    wait_for(lambda: list(tmp_path.glob(blocks)), running)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob(blocks)}
    done = subprocess.run(command, cwd=place.folder, env=place.env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {path: path.stat().st_mtime_ns for path in before} == before
    (folder,) = tmp_path.glob("results/audits/*")
    (found,) = findings(folder).metrics
    assert found.at(16).counted[1] == 6
    assert len(found.followed) == 2
