"""--schedule FILE.toml: what it sets, what wins over it, and what it may not hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from planning import Plan, offer

from gan_bench import Optimizer, UsageError
from gan_bench.catalogue import Catalogue
from gan_bench.contract.protocol import Schedule
from gan_bench.run.choose_schedule import ALLOWED

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "my.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


WHOLE = """
kimg = 1
batch = 9
lr_g = 1e-3
lr_d = 0.5
betas = [0, 0.9]
d_steps = 2
augment = ["diffaugment", "flip"]
precision = "bf16"
ema_kimg = 0
ema_rampup = 0.1
ticks = 3
on_collapse = "stop"
optimizer = "RMSprop"
lr_decay = "cosine"
recipes = "own"
"""


def schedule(plan: Plan, **asked: Any) -> Schedule:
    return plan(**asked).plan.protocol.schedule


def test_a_file_may_set_every_field(plan: Plan, write: Write) -> None:
    assert schedule(plan, schedule=write(WHOLE), batch=None) == Schedule(
        kimg=1, batch=9, lr_g=1e-3, lr_d=0.5, betas=(0, 0.9), d_steps=2,
        augment=("flip", "diffaugment"), precision="bf16", ema_kimg=0, ema_rampup=0.1, ticks=3,
        on_collapse="stop", optimizer="rmsprop", lr_decay="cosine", recipes="own",
    )  # fmt: skip
    assert all(f"\n{field} = " in WHOLE for field in Schedule.model_fields)


def test_options_win_over_the_file_and_the_preset_gives_the_rest(plan: Plan, write: Write) -> None:
    preset, asked = schedule(plan), {"lr_g": 3e-4, "optimizer": "sgd", "precision": "fp32"}
    mixed = schedule(plan, schedule=write(WHOLE), **asked)
    assert (mixed.lr_g, mixed.optimizer, mixed.precision) == tuple(asked.values())
    assert (mixed.lr_d, mixed.batch) == (0.5, 8)
    few = schedule(plan, schedule=write("ticks = 3"))
    assert few == preset.model_copy(update={"ticks": 3})
    assert schedule(plan, schedule=write("kimg = 7"), epochs=5).kimg == 0.18


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("lr-g = 1", r"a schedule has no field 'lr-g'\. Did you mean lr_g\? Its fields: kimg, ba"),
        ("[schedule]\nkimg = 3", r"a schedule has no field 'schedule'\. Its fields: "),
        ('kimg = "3"', r'my.toml, line 1: kimg = "3": it must be a number above 0, at most 1e\+09'),
        ("kimg = nan", "kimg = NaN: it must be a number above 0"),
        ("kimg = 0", "kimg = 0: it must be a number above 0"),
        ("batch = 2.5", "batch = 2.5: it must be a whole number from 2"),
        ("kimg = 1\n\n batch = true", "line 3: batch = true: it must be a whole number from 2"),
        ("betas = [0.5]", r"betas = \[0.5\]: it must be two numbers from 0 to below 1"),
        ("betas = 1979-05-27", 'betas = "1979-05-27": it must be two numbers '),
        ('augment = "flip"', r'augment = "flip": it must be a list of names, such as \["flip"\]'),
        (
            'lr_decay = "cubic"',
            'lr_decay = .cubic.: it must be one of "constant", "linear", "cosine"',
        ),
        ('optimizer = "adma"', r"no optimizer is called 'adma'\. Did you mean adam\?"),
        ("kimg = ", r"my.toml is no TOML file: Invalid value \(at "),
        (b"kimg = 3 # \xff", "my.toml is no TOML file: 'utf-8'"),
        ("kimg = " + "[" * 200 + "]" * 200, r"line 1: kimg = .*: it must be a number above 0"),
        ("batch = 3\nbetas = " + "[" * 99 + "]" * 99, "betas = .*: it must be two numbers "),
        ("a = " + "[" * 9999, "my.toml is no TOML file: "),
    ],
)
def test_a_file_that_holds_no_schedule_is_refused_in_a_sentence(
    content: str | bytes, said: str, plan: Plan, write: Write
) -> None:
    with pytest.raises(UsageError, match=said):
        plan(schedule=write(content))


def test_what_each_field_may_be_is_known() -> None:
    assert ALLOWED.keys() == Schedule.model_fields.keys()


@pytest.mark.parametrize(
    ("name", "said"), [("none.toml", "No such file"), ("", "it is no regular file")]
)
def test_a_file_that_cannot_be_read_is_named(
    name: str, said: str, plan: Plan, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=rf"--schedule: .*{said}"):
        plan(schedule=tmp_path / name)


def test_an_optimizer_of_a_plugin_is_taken_by_its_name(plan: Plan, known: Catalogue) -> None:
    offer(known, Optimizer(name="Mine", source="a test", make=lambda *_: None))
    assert schedule(plan, optimizer="mine").optimizer == "Mine"


def test_a_number_that_python_does_not_print_is_refused_too(plan: Plan, write: Write) -> None:
    with pytest.raises(UsageError, match=r"--schedule .*, line 1: kimg = a value that is too long"):
        schedule(plan, schedule=write(f"kimg = 0x{'f' * 5000}\n"))
