"""doctor: the faults of nets and of the machine that it finds, and what it prints."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NoReturn

import pytest
from rich.console import Console
from stripes import catalogue, examined, failed, net, rough
from torch import Tensor

from few_faces import take_few
from gan_bench import DataError, Metric, NotHere
from gan_bench import catalogue as catalogues
from gan_bench.catalogue import Broken, Plugin
from gan_bench.measure.weights import Weights
from gan_bench.run import doctor
from gan_bench.run.machine import Check, no_network
from given import Command

pytestmark = pytest.mark.usefixtures("no_gpu")


# The nets


def absent(error: Exception) -> Callable[[Path | None], str]:
    def digest(_: Path | None) -> NoReturn:
        raise error

    return digest


@pytest.mark.parametrize(
    ("name", "error", "failures"),
    [
        ("ear", DataError("ear.bin has another SHA-256"), ["features ear"]),
        ("ear", NotHere("ear.bin must be fetched"), []),
        ("eye", DataError("eye.bin has another SHA-256"), ["features eye", "evaluator"]),
    ],
)
def test_altered_weights_are_a_failure_and_absent_ones_are_not(
    name: str, error: Exception, failures: list[str]
) -> None:
    checks = examined(catalogue(net(name, digest=absent(error))))
    assert failed(checks) == failures
    assert checks[f"features {name}"].detail == str(error)
    if not failures:
        assert checks[f"features {name}"].status == "not here"
        assert "passed, 1 is not here" in doctor.verdict(list(checks.values()))


def test_a_net_that_sees_an_image_by_its_neighbours_is_found() -> None:
    def relative(device: str, weights: Path | None) -> Callable[[Tensor], Tensor]:
        see = rough(device, weights)
        return lambda images: see(images) - see(images).mean(0)

    checks = examined(catalogue(net("ear", load=relative)))
    assert failed(checks) == ["features ear"]
    assert "the same image has other features in another batch" in checks["features ear"].detail


def test_weights_are_given_to_the_nets_that_take_them(tmp_path: Path) -> None:
    given: list[Path | None] = []

    def digest(weights: Path | None) -> str:
        given.append(weights)
        return "cd" * 32

    file = tmp_path / "weights.pth"
    known = catalogue(net("ear", digest=digest, takes_weights=True))
    assert failed(examined(known, weights=Weights(file))) == []
    assert given == [file]


# The machine


MINE = Plugin("mine", "mine-pkg", "0.7", dict)


@pytest.mark.parametrize("status", ["failed", "refused"])
def test_a_plugin_that_failed_is_a_failure_and_a_name_that_another_has_is_none(
    status: Literal["failed", "refused"],
) -> None:
    known = catalogue()
    known.broken.append(Broken(MINE, "RuntimeError: [red]no", status))
    checks = examined(known)
    name = "plugin mine" if status == "failed" else "plugins"
    assert failed(checks) == ["plugin mine"] * (status == "failed")
    assert "plugin mine (mine-pkg 0.7): RuntimeError: [red]no" in checks[name].detail
    todo = "repair or uninstall mine-pkg 0.7" in doctor.verdict(list(checks.values()))
    assert todo == (status == "failed")


def test_too_little_memory_or_disk_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan_bench.run.machine.LEAST", 2**60)
    checks = examined(catalogue())
    assert failed(checks) == ["memory", "disk, results", "disk, cache"]
    assert "less than the" in checks["memory"].detail
    assert "--results" in checks["disk, results"].todo
    assert "GAN_BENCH_HOME" in checks["disk, cache"].todo


def test_nothing_is_fetched_and_the_network_is_given_back() -> None:
    before = socket.getaddrinfo
    with no_network(), pytest.raises(OSError, match="doctor downloads nothing"):
        socket.create_connection(("example.org", 80))
    assert socket.getaddrinfo is before


# What is printed


def test_images_that_no_run_would_take_are_refused_before_any_check(
    gan_bench: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "versions", no_check)
    (tmp_path / "given").mkdir()
    said = gan_bench("doctor", "--data", tmp_path / "given")
    assert (said.code, said.out) == (4, "")
    assert "it is empty" in said.err


def no_check() -> NoReturn:
    raise AssertionError


def test_the_verdict_is_one_line_that_no_terminal_obeys() -> None:
    check = Check(name="plugin \x1b[2J\nx", status="failed", detail="none", todo="ask \u202e")
    line = r"1 of 1 check failed: plugin \x1b[2J\nx (ask \u202e)."
    assert doctor.verdict([check]) == line


def test_json_is_one_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    document = json.loads(doctor.to_json(list(examined(catalogue()).values())))
    assert not Path("results").exists()  # which are looked for and not made
    assert document["schema"] == 1
    keys = {"name", "status", "detail", "values", "cut_short"}
    assert all(set(c) == keys for c in document["checks"])
    assert {c["status"] for c in document["checks"]} == {"ok"}


@pytest.mark.parametrize("width", [60, 80, 160])
def test_the_table_fits_and_shows_names_as_they_are(width: int) -> None:
    checks = [
        Check(name="metric [red]fd-a-very-long-name-of-a-net", status="ok", detail="a " * 99),
        Check(name="plugin", status="failed", detail="no \x1b[31m[bold]licence", todo="pay"),
        Check(name="net", status="not here", detail="x" * 300),
    ]
    console = Console(width=width, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    doctor.to_terminal(checks, console)
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= width
    assert "\x1b" not in text
    assert r"no \x1b[31m[bold]licence" in text
    assert "[red]" in text
    assert "1 of 2 checks failed: plugin (pay)." in text


# The command


MY_METRIC = Path(__file__).parents[2] / "examples" / "my_metric.py"


def test_the_exit_code_is_4_and_the_sentence_is_last(
    gan_bench: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = [Check(name="device", status="failed", detail="none", todo="buy one")]
    monkeypatch.setattr("gan_bench.run.doctor.examine", lambda *_: iter(wrong))
    said = gan_bench("doctor")
    assert said.code == 4
    assert said.out.splitlines()[-1] == "1 of 1 check failed: device (buy one)."
    said = gan_bench("doctor", "--json")
    assert said.code == 4
    assert json.loads(said.out)["checks"][0]["status"] == "failed"
    assert said.err.splitlines()[-1] == "1 of 1 check failed: device (buy one)."


def test_a_plugin_file_that_is_not_there_is_a_usage_error(gan_bench: Command) -> None:
    said = gan_bench("doctor", "--plugin", "missing.py")
    assert (said.code, said.out) == (2, "")
    assert "no such Python file" in said.err


@pytest.fixture(scope="module")
def env(faces_home: Path, outside: dict[str, str]) -> dict[str, str]:
    """Processes that share a cache, and have no GPU."""
    return outside | {"GAN_BENCH_HOME": str(faces_home), "CUDA_VISIBLE_DEVICES": ""}


def process(*words: object, env: dict[str, str]) -> tuple[int, dict[str, Any], str]:
    """`gan-bench doctor --json ...` as a user starts it: exit code, checks by name, stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "gan_bench.cli", "doctor", "--json", *map(str, words)],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, {c["name"]: c for c in json.loads(done.stdout)["checks"]}, done.stderr


ON_CHEAP_NETS = ("fwd", "fwd-fine", "ndb", "copies", "spread", "shades")
FAULTS = {"lost modes", "repeats", "blur", "noise", "copies"}


def test_this_machine_is_fit_to_measure_and_metrics_on_cheap_nets_see_every_fault(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_few(monkeypatch, home)
    known = catalogues.load([MY_METRIC])
    for metric in known.all(Metric):
        if metric.name not in ON_CHEAP_NETS:
            del known.offers[Metric][metric.name]
    checks = {each.name: each for each in doctor.examine(known, tmp_path)}
    assert failed(checks) == []
    assert checks["known answer"].status == checks["torchvision"].status == "ok"
    assert checks["metric shades"].values["features"] == "histogram"
    assert {fault for each in checks.values() for fault in each.values.get("sees", ())} == FAULTS


@pytest.mark.long
def test_this_machine_is_fit_to_measure_and_its_metrics_see_every_fault(
    env: dict[str, str],
) -> None:
    code, checks, err = process("--plugin", MY_METRIC, env=env)
    assert {name: c["detail"] for name, c in checks.items() if c["status"] == "failed"} == {}
    assert code == 0
    assert "checks passed" in err
    assert checks["known answer"]["status"] == checks["torchvision"]["status"] == "ok"
    assert sum(name.startswith("metric ") for name in checks) >= 4
    assert checks["metric shades"]["values"]["features"] == "histogram"
    assert checks["metric shades"]["values"]["sees"] == ["noise"]
    (inception,) = (c for c in checks.values() if c["name"] == "metrics of inception")
    assert inception["status"] == "not here"
    assert {"fid", "kid"} <= set(inception["values"]["metrics"])
    assert any(name.startswith("judge ") for name in checks)
    seen = {fault for check in checks.values() for fault in check["values"].get("sees", ())}
    assert seen == FAULTS


ALTERED = """
from pathlib import Path
from gan_bench import hookimpl
from gan_bench_plugins import efficientnet_lite0, judges

@hookimpl
def gan_bench_losses():
    return []

here = Path(__file__).parent
efficientnet_lite0.weights_file = lambda: here / {name!r}
judges.WEIGHTS = here
"""


def test_weights_altered_by_one_byte_are_a_loud_failure(
    tmp_path: Path, env: dict[str, str]
) -> None:
    from gan_bench_plugins import efficientnet_lite0, judges

    file = efficientnet_lite0.weights_file()
    (judge,) = (judge.path for judge in judges.JUDGES if judge.name == "toonfaces-judge")
    for original in (file, judge):
        content = bytearray(original.read_bytes())
        content[len(content) // 2] ^= 1
        (tmp_path / original.name).write_bytes(content)
    (tmp_path / "altered.py").write_text(ALTERED.format(name=file.name))
    code, checks, err = process("--plugin", tmp_path / "altered.py", env=env)
    assert code == 4
    check = checks["features efficientnet-lite0"]
    assert check["status"] == checks["evaluator"]["status"] == "failed"
    assert efficientnet_lite0.DIGEST in check["detail"]
    assert "pip install --force-reinstall" in check["detail"]
    assert "features efficientnet-lite0 (" in err
    assert checks["features toonfaces-judge"]["status"] == "failed"
    assert "are not the bytes that were shipped" in checks["features toonfaces-judge"]["detail"]


def test_torch_and_torchvision_that_do_not_fit_are_explained(
    tmp_path: Path, env: dict[str, str]
) -> None:
    """Where they do not, the import of torchvision fails, and with it all that imports it."""
    (tmp_path / "torchvision.py").write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')"
    )
    path = os.pathsep.join([str(tmp_path), env.get("PYTHONPATH", "")])
    code, checks, err = process(env=env | {"PYTHONPATH": path})
    assert code == 4
    check = checks["torchvision"]
    assert check["status"] == "failed"
    assert "do not fit together" in check["detail"]
    assert "operator torchvision::nms does not exist" in check["detail"]
    assert "pip install --force-reinstall torch torchvision" in err
    assert checks["evaluator"]["detail"] == "not tested, because torchvision has to work first"
    assert checks["versions"]["status"] == "ok"
