from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gan_bench.contract.protocol import (
    Cell,
    Data,
    Evaluation,
    MetricSpec,
    Protocol,
    RunEnvironment,
    Schedule,
)

DATA = {
    "name": "faces",
    "fingerprint": "ab" * 32,
    "shape": (3, 32, 32),
    "train": 900,
    "held_out": 100,
}
SCHEDULE = {"kimg": 100, "batch": 64}
EVALUATION = {
    "samples": 500,
    "features": "eye",
    "digests": {"eye": "cd" * 32},
    "metrics": ({"name": "fd-eye", "higher_is_better": False, "features": "eye"},),
}


def protocol(**changed: dict[str, Any]) -> Protocol:
    return Protocol.model_validate(
        {
            "data": DATA | changed.get("data", {}),
            "schedule": SCHEDULE | changed.get("schedule", {}),
            "evaluation": EVALUATION | changed.get("evaluation", {}),
        }
    )


CHANGES: list[tuple[str, str, Any]] = [
    ("data", "name", "cats"),
    ("data", "fingerprint", "ef" * 32),
    ("data", "shape", (1, 32, 32)),
    ("data", "train", 901),
    ("data", "held_out", 99),
    ("schedule", "kimg", 101),
    ("schedule", "batch", 32),
    ("schedule", "lr_g", 1e-4),
    ("schedule", "lr_d", 1e-4),
    ("schedule", "betas", (0.0, 0.99)),
    ("schedule", "d_steps", 2),
    ("schedule", "precision", "bf16"),
    ("schedule", "ema_kimg", 2),
    ("schedule", "ticks", 5),
    ("schedule", "on_collapse", "stop"),
    ("evaluation", "samples", 501),
    ("evaluation", "tick_samples", 99),
    ("evaluation", "reference", "held-out"),
    ("evaluation", "features", "ear"),
    ("evaluation", "digests", {"eye": "00" * 32}),
    ("evaluation", "metrics", [{"name": "fd-ear", "higher_is_better": False, "features": "eye"}]),
    (
        "evaluation",
        "gauges",
        [{"name": "low", "higher_is_better": True, "features": "eye", "floor": 0.1}],
    ),
]


@pytest.mark.parametrize(("part", "field", "value"), CHANGES)
def test_a_protocol_that_differs_in_one_field_has_another_slug(
    part: str, field: str, value: Any
) -> None:
    assert protocol(**{part: {field: value}}).slug != protocol().slug


def test_every_field_of_a_protocol_is_in_the_list_above() -> None:
    fields = {
        (part, field)
        for part, kind in (("data", Data), ("schedule", Schedule), ("evaluation", Evaluation))
        for field in kind.model_fields
    }
    assert {(part, field) for part, field, _ in CHANGES} == fields


def test_equal_protocols_have_one_slug_however_they_were_written() -> None:
    again = protocol(
        data={"shape": [3, 32, 32]},
        schedule={"kimg": 100.0, "lr_g": 0.0002, "ticks": 10},
        evaluation={"reference": "train"},
    )
    assert again == protocol()
    assert again.slug == protocol().slug


def test_the_order_in_which_digests_are_written_does_not_matter() -> None:
    one = protocol(evaluation={"digests": {"eye": "aa", "ear": "bb"}})
    other = protocol(evaluation={"digests": {"ear": "bb", "eye": "aa"}})
    assert one.slug == other.slug


def test_a_slug_survives_a_trip_through_json() -> None:
    assert Protocol.model_validate_json(protocol().model_dump_json()).slug == protocol().slug


def test_a_slug_can_be_read() -> None:
    assert protocol().slug.startswith("faces-32px-100kimg-")
    assert protocol(schedule={"kimg": 0.3}).slug.startswith("faces-32px-0.3kimg-")


@pytest.mark.parametrize(
    "bad",
    [
        {"kimg": 0},
        {"kimg": -1},
        {"kimg": float("nan")},
        {"kimg": float("inf")},
        {"batch": 1},
        {"batch": 2.5},
        {"lr_g": 0},
        {"lr_d": -1e-4},
        {"betas": (0.5, 1.0)},
        {"betas": (-0.1, 0.9)},
        {"betas": (0.5,)},
        {"d_steps": 0},
        {"precision": "fp16"},
        {"ema_kimg": -1},
        {"ticks": 0},
        {"kmig": 3},
    ],
)
def test_a_schedule_that_cannot_be_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(bad))):
        Schedule.model_validate(SCHEDULE | bad)


@pytest.mark.parametrize(
    "bad",
    [
        {"samples": 0},
        {"reference": "test"},
        {"metrics": []},
        {"metrics": [{"name": "fid"}]},
        {"feature": "eye"},
    ],
)
def test_an_evaluation_that_cannot_be_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(bad))):
        Evaluation.model_validate(EVALUATION | bad)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValidationError, match="seed"):
        Cell(
            architecture="a",
            loss="b",
            seed=-1,
            environment=RunEnvironment(device="cpu", named=True),
        )


def test_values_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        MetricSpec(name="a", higher_is_better=True, features="b").name = "c"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("schedule", "updates"),
    [
        ({"kimg": 100, "batch": 64}, 1562),  # 1562.5 rounds to even
        ({"kimg": 0.3, "batch": 16}, 19),
        ({"kimg": 1, "batch": 10, "d_steps": 5}, 20),
        ({"kimg": 0.001, "batch": 64}, 1),
    ],
)
def test_updates_of_g_follow_from_the_images_shown_to_d(
    schedule: dict[str, Any], updates: int
) -> None:
    assert Schedule.model_validate(schedule).updates == updates
