"""`gan-bench plugins new` and `check`: a new package passes at once, and a fault is named."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gan_bench import Architecture
from gan_bench.catalogue import load
from gan_bench.run import check_offers
from gan_bench.run.new_plugin import kinds, write_package
from gan_bench.testing import check_plugin
from tiny_plugin import discriminator, generator


def gan_bench(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gan_bench.cli", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("kind", kinds())
def test_a_new_package_passes_its_own_test(kind: str, tmp_path: Path) -> None:
    module, test, _ = write_package(f"my-{kind}", kind, tmp_path)
    check_plugin(module)
    assert "def test_every_offer_keeps_the_contract" in test.read_text()


def test_new_says_what_to_do_next(tmp_path: Path) -> None:
    done = gan_bench("plugins", "new", "my-pair", "--kind", "architecture", "--into", tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "my-pair" / "my_pair.py").exists()
    assert "next: pip install -e" in done.stderr
    again = gan_bench("plugins", "new", "my-pair", "--kind", "architecture", "--into", tmp_path)
    assert (again.returncode, "is there already" in again.stderr) == (2, True)


def test_a_kind_that_is_not_there_is_refused_with_the_nearest(tmp_path: Path) -> None:
    done = gan_bench("plugins", "new", "mine", "--kind", "architectur", "--into", tmp_path)
    assert done.returncode == 2
    assert "Did you mean architecture?" in done.stderr


@pytest.mark.parametrize("name", ["2nd", "größe", "a/b", "", "torch", "class", "gan-bench"])
def test_a_name_that_gives_no_module_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="name"):
        write_package(name, "loss", tmp_path)
    assert not list(tmp_path.iterdir())


def test_check_names_what_a_file_offers_and_its_exit_code_says_whether_it_passed(
    tmp_path: Path,
) -> None:
    module, *_ = write_package("good", "loss", tmp_path)
    done = gan_bench("plugins", "check", module, "--json")
    assert done.returncode == 0, done.stderr
    names = [check["name"] for check in json.loads(done.stdout)["checks"]]
    assert names[0] == "loss good: logits"

    module.write_text(module.read_text().replace("softplus(-fake_logits).mean()", "fake_logits"))
    done = gan_bench("plugins", "check", module)
    assert done.returncode == 4
    assert "g_loss of good must give one number ()" in " ".join(done.stdout.split())


def test_a_name_that_nothing_has_is_refused() -> None:
    done = gan_bench("plugins", "check", "dcgna")
    assert done.returncode == 2
    assert "nothing is called 'dcgna'. Did you mean dcgan?" in done.stderr


def test_idle_parameters_are_named() -> None:
    def idle(shape: tuple[int, ...]) -> object:
        D = discriminator(shape)
        D.unused = D[1].__class__(3, 3)
        D.forward = lambda x: D[2](D[1](D[0](x)))
        return D

    arch = Architecture(
        name="idle", source="a test", z_dim=6, generator=generator, discriminator=idle
    )
    checks = list(check_offers.check_offer(Architecture, arch, load()))
    (failed,) = [each for each in checks if each.status == "failed"]
    assert failed.name == "architecture idle: gradients of D"
    assert "2 of 4 parameters of D get a gradient; none: unused.weight" in failed.detail
