"""--space FILE: what it may say, and one sentence for what it may not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gan_bench import UsageError
from gan_bench.catalogue import Catalogue
from gan_bench.contract.schedule import Schedule
from gan_bench.contract.space import DEFAULT, Axis
from gan_bench.run.choose_space import choose_space

SCHEDULE = Schedule(kimg=4)
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "space.toml"
        path.write_text(text)
        return path

    return write


def test_without_a_file_it_is_the_default_space(known: Catalogue) -> None:
    assert choose_space(None, SCHEDULE, known) == DEFAULT


def test_ranges_and_choices_are_read(known: Catalogue, write: Write) -> None:
    path = write(
        "d_steps = { choices = [1, 2] }\nlr_g = { log = [1e-5, 1e-3] }\n"
        "beta1 = { linear = [0, 0.9] }\noptimizer = { choices = ['adam', 'RMSprop'] }\n"
    )
    axes = choose_space(path, SCHEDULE, known).axes
    assert list(axes) == ["lr_g", "beta1", "d_steps", "optimizer"]
    assert axes["lr_g"] == Axis(log=(1e-5, 1e-3))
    assert axes["d_steps"] == Axis(choices=(1, 2))
    assert axes["optimizer"].choices == ("adam", "rmsprop")  # as the catalogue spells it


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ["declares nothing to tune"]),
        ("lr_g = [", ["is no TOML file"]),
        ("lrg = { log = [1e-5, 1e-3] }", ["'lrg' cannot be tuned", "Did you mean lr_g"]),
        ("gamma = { log = [1, 10] }", ["'gamma' cannot be tuned", "a --loss of its own"]),
        ("kimg = { log = [1, 10] }", ["kimg must be equal for all trials"]),
        ("lr_g = 0.1", ["lr_g = 0.1: it must be { log"]),
        ("lr_g = { log = [1e-3, 1e-5] }", ["lr_g", "below the second"]),
        ("lr_g = { log = [1e-3] }", ["lr_g = ", "it must be { log"]),
        ("lr_g = { log = [0, 1] }", ["must begin above 0"]),
        ("lr_g = { logg = [1e-5, 1e-3] }", ['lr_g = {"logg"', "it must be { log"]),
        ("lr_g = { log = [nan, 1] }", ["LOW and HIGH are finite numbers"]),
        ("lr_g = { log = [1e-5, 1e-4, 1e-3] }", ["LOW and HIGH are finite numbers"]),
        ("batch = { choices = [true, 16] }", ["a VALUE is a finite number"]),
        ("lr_g = { linear = [-1, 1] }", ["lr_g -1: it must be a finite number above 0"]),
        ("beta1 = { linear = [0, 1] }", ["beta1 1: it must be a number from 0 to below 1"]),
        ("batch = { choices = [1, 2] }", ["batch 1: it must be a whole number from 2"]),
        ("batch = { choices = [16.5] }", ["batch 16.5: it must be a whole number from 2"]),
        ("d_steps = { linear = [0, 2] }", ["d_steps 0: it must be a whole number from 1"]),
        ("optimizer = { choices = ['adm'] }", ["Did you mean adam"]),
        ("lr_decay = { choices = ['slow'] }", ["lr_decay", "cosine"]),
        (
            "betas = { choices = [[0, 0.9]] }\nbeta1 = { linear = [0, 0.5] }",
            ["betas and its parts beta1, beta2 exclude each other"],
        ),
    ],
)
def test_a_bad_space_is_refused_in_one_sentence(
    text: str, parts: list[str], known: Catalogue, write: Write
) -> None:
    with pytest.raises(UsageError) as refusal:
        choose_space(write(text), SCHEDULE, known)
    for part in parts:
        assert part in str(refusal.value)
    for word in ("Input", "Tuple", "Extra"):  # pydantic speaks of Python
        assert word not in str(refusal.value)


def test_a_file_that_is_not_there_is_named(known: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--space: .*none\.toml"):
        choose_space(tmp_path / "none.toml", SCHEDULE, known)


@pytest.mark.parametrize(
    "text",
    [f"lr_g = 0x{'f' * 5000}\n", f"lr_g = {{ choices = [0x{'f' * 5000}] }}\n", "lr_g = [1, 0xe]\n"],
)
def test_a_number_that_python_does_not_print_is_refused_too(
    text: str, known: Catalogue, write: Write
) -> None:
    with pytest.raises(UsageError, match=r"--space .*: lr_g"):
        choose_space(write(text), SCHEDULE, known)
