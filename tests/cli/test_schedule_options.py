"""The options of `gan-bench run` that set the schedule: what they take and refuse."""

from __future__ import annotations

import shlex

import pytest

from gan_bench.cli.run import run
from given import Command, refused

pytestmark = pytest.mark.usefixtures("no_cell_is_started", "no_gpu", "shapes")
SMALL = shlex.split("run --data ../shapes --size 16 --batch 8 --samples 20 --arch dense")
NUMBERS = ("--lr", "--lr-g", "--lr-d", "--ema-kimg", "--epochs")
COUNTS = ("--d-steps", "--ticks")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *((option, value) for option in NUMBERS for value in ("nan", "inf", "-1", "many", "")),
        *((option, value) for option in COUNTS for value in ("0", "-1", "1.5", "nan", "")),
        *((option, "0") for option in NUMBERS if option != "--ema-kimg"),
        *((option, "1.01") for option in ("--lr", "--lr-g", "--lr-d")),
        *(
            ("--betas", value)
            for value in ("0.5", "0.5,1", "1.0,0.9", "-0.1,0.9", "nan,0.9", "0,0,0", "a,b", "")
        ),
    ],
)
def test_a_value_that_no_schedule_can_have_is_refused_with_its_option(
    option: str, value: str, gan_bench: Command
) -> None:
    refused(gan_bench(*SMALL, f"{option}={value}"), 2, f"'{option}'")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "--lr 1e-3 --lr-g 2e-3",
            "--lr 0.001 sets both learning rates, --lr-g 0.002 sets another one: leave one of",
        ),
        ("--lr 1e-3 --lr-d 2e-3", "--lr-d 0.002 sets another one"),
        ("--epochs 3 --kimg 2", "--epochs and --kimg both set the length of the training: leave"),
        ("--optimizer adma", "no optimizer is called 'adma'. Did you mean adam?"),
        ("--lr-decay cubic", "Invalid value for '--lr-decay': 'cubic' is not one of"),
        ("--schedule none.toml", "--schedule: there is no none.toml"),
        ("--betas 0.5,1", "'0.5,1' is not two numbers from 0 to below 1, such as 0.5,0.999"),
    ],
)
def test_what_contradicts_itself_is_refused_in_a_sentence(
    words: str, said: str, gan_bench: Command
) -> None:
    refused(gan_bench(*SMALL, *words.split()), 2, said)


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        ("--lr 1e-3", "lr", 1e-3),
        ("--lr-g 1", "lr_g", 1.0),
        ("--lr-d 5e-5", "lr_d", 5e-5),
        ("--betas 0,0.9", "betas", (0.0, 0.9)),
        ("--betas '0.5, 0.999'", "betas", (0.5, 0.999)),
        ("--d-steps 3", "d_steps", 3),
        ("--ema-kimg 0", "ema_kimg", 0.0),
        ("--ticks 4", "ticks", 4),
        ("--epochs 0.5", "epochs", 0.5),
        ("--optimizer sgd", "optimizer", "sgd"),
        ("--lr-decay cosine", "lr_decay", "cosine"),
        ("--recipes own", "recipes", "own"),
    ],
)
def test_what_is_typed_is_what_is_asked_for(words: str, name: str, value: object) -> None:
    assert run.make_context("run", shlex.split(words)).params[name] == value
    assert run.make_context("run", []).params[name] is None
