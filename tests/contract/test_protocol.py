"""A protocol names all that its cells share, and its slug changes with each of these facts."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from gan_bench.contract.differing import differences
from gan_bench.contract.protocol import (
    Cell,
    Data,
    Evaluation,
    Gauge,
    MetricSpec,
    Protocol,
    Schedule,
)  # fmt: skip

DATA = {"name": "faces", "fingerprint": "ab" * 32, "shape": (3, 32, 32)}
DATA |= {"train": 900, "held_out": 100}
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


NO_EYE = [{"name": "fd-ear", "higher_is_better": False, "features": "eye"}]
LOW = [{"name": "low", "higher_is_better": True, "features": "eye", "floor": 0.1}]
CHANGES: dict[str, dict[str, Any]] = {
    "data": {
        "name": "cats", "fingerprint": "ef" * 32, "shape": (1, 32, 32), "train": 901,
        "held_out": 99,
    },
    "schedule": {
        "kimg": 101, "batch": 32, "lr_g": 1e-4, "lr_d": 1e-4, "betas": (0.0, 0.99), "d_steps": 2,
        "augment": ("flip",), "precision": "bf16", "ema_kimg": 2, "ema_rampup": 0.1, "ticks": 5,
        "on_collapse": "stop", "optimizer": "other", "lr_decay": "linear", "recipes": "own",
    },
    "evaluation": {
        "samples": 501, "tick_samples": 99, "reference": "held-out", "features": "ear",
        "digests": {"eye": "00" * 32}, "metrics": NO_EYE, "gauges": LOW,
        "tick_metric": NO_EYE[0], "half": "choosing",
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("part", "field"), [(part, field) for part in CHANGES for field in CHANGES[part]]
)
def test_a_protocol_that_differs_in_one_field_has_another_slug(part: str, field: str) -> None:
    changed = protocol(**{part: {field: CHANGES[part][field]}})
    assert changed.slug != protocol().slug


def test_every_field_of_a_protocol_is_in_the_list_above() -> None:
    parts = {"data": Data, "schedule": Schedule, "evaluation": Evaluation}
    assert {part: set(kind.model_fields) for part, kind in parts.items()} == {
        part: set(fields) for part, fields in CHANGES.items()
    }


def test_a_default_means_as_before_the_field_existed_and_never_changes() -> None:
    """A slug leaves them out: another default would give an old name to another protocol."""
    defaults = {
        kind.__name__: {
            name: field.default
            for name, field in kind.model_fields.items()
            if not field.is_required()
        }
        for kind in (Data, Schedule, Evaluation, MetricSpec, Gauge)
    }
    spec = {"partner": None, "alarm": None}
    assert defaults == {
        "Data": {},
        "Schedule": {
            "batch": 64, "lr_g": 2e-4, "lr_d": 2e-4, "betas": (0.5, 0.999), "d_steps": 1,
            "augment": (), "precision": "fp32", "ema_kimg": 0, "ema_rampup": 0, "ticks": 10,
            "on_collapse": "continue", "optimizer": "adam", "lr_decay": "constant",
            "recipes": "same",
        },
        "Evaluation": {
            "tick_samples": 256, "reference": "train", "tick_metric": None, "gauges": (),
            "half": None,
        },
        "MetricSpec": spec,
        "Gauge": spec,
    }  # fmt: skip


def test_a_new_field_gives_no_new_slug_to_a_protocol_that_does_not_use_it() -> None:
    class LaterSchedule(Schedule):
        colour: str = "as before"

    class LaterProtocol(Protocol):
        schedule: LaterSchedule

    def later(**fields: Any) -> Protocol:
        schedule = LaterSchedule.model_validate(SCHEDULE | fields)
        return LaterProtocol.model_validate(dict(protocol()) | {"schedule": schedule})

    assert later().slug == protocol().slug == "faces-32px-100kimg-bbdd1d28"
    assert later(colour="new").slug != protocol().slug


def test_equal_protocols_have_one_slug_however_they_were_written() -> None:
    again = protocol(
        data={"shape": [3, 32, 32]},
        schedule={"kimg": 100.0, "lr_g": 0.0002, "ticks": 10},
        evaluation={"reference": "train"},
    )
    assert again == protocol()
    assert again.slug == protocol().slug
    assert Protocol.model_validate_json(again.model_dump_json()).slug == again.slug
    one = protocol(evaluation={"digests": {"eye": "aa", "ear": "bb"}})
    other = protocol(evaluation={"digests": {"ear": "bb", "eye": "aa"}})
    assert one.slug == other.slug


def test_a_slug_can_be_read() -> None:
    assert protocol().slug.startswith("faces-32px-100kimg-")
    assert protocol(schedule={"kimg": 0.3}).slug.startswith("faces-32px-0.3kimg-")


BAD: dict[type[BaseModel], dict[str, tuple[Any, ...]]] = {
    Schedule: {
        "kimg": (0, -1, float("nan"), float("inf")), "batch": (1, 2.5), "lr_g": (0,),
        "lr_d": (-1e-4,), "betas": ((0.5, 1.0), (-0.1, 0.9), (0.5,)), "d_steps": (0,),
        "precision": ("fp16",), "ema_kimg": (-1,), "ticks": (0,), "kmig": (3,),
    },
    Evaluation: {
        "samples": (0,), "reference": ("test",), "metrics": ([], [{"name": "fid"}]),
        "feature": ("eye",),
    },
    Cell: {"seed": (-1,)},
}  # fmt: skip
GOOD = {
    Schedule: SCHEDULE,
    Evaluation: EVALUATION,
    Cell: {"architecture": "a", "loss": "b", "environment": {"device": "cpu", "named": True}},
}


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (kind, field, value)
        for kind, fields in BAD.items()
        for field, values in fields.items()
        for value in values
    ],
)
def test_a_value_that_cannot_be_is_refused(kind: type[BaseModel], field: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=field):
        kind.model_validate(GOOD[kind] | {field: value})


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


def test_a_metric_of_an_older_protocol_has_no_partner_and_no_alarm() -> None:
    old = MetricSpec.model_validate({"name": "a", "higher_is_better": True, "features": "b"})
    assert (old.partner, old.alarm, old.alarming(1e9), old.alarming(-1e9)) == (
        None, None, False, False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("higher_is_better", "score", "alarming"),
    [(False, 0.06, True), (False, 0.05, False), (True, 0.04, True), (True, 0.05, False)],
)
def test_a_score_worse_than_the_alarm_is_alarming(
    higher_is_better: bool, score: float, alarming: bool
) -> None:
    spec = MetricSpec(name="a", higher_is_better=higher_is_better, features="b", alarm=0.05)
    assert spec.alarming(score) == alarming


def test_protocols_that_differ_in_a_partner_or_an_alarm_say_so() -> None:
    given = {"name": "a", "higher_is_better": True, "features": "eye"}
    plain = protocol(evaluation={"metrics": [given]})
    other = protocol(evaluation={"metrics": [given | {"partner": "b", "alarm": 0.5}]})
    assert differences(plain, other) == {"evaluation.metrics": ("a eye", "a eye b 0.5")}


def test_protocols_that_differ_in_their_augmentations_name_them() -> None:
    flipped = protocol(schedule={"augment": ["flip", "blur"]})
    assert differences(protocol(), flipped) == {"schedule.augment": ("none", "flip, blur")}


@pytest.mark.parametrize(("kimg", "looks"), [(0.05, 1), (100, 10)])
def test_there_is_at_most_one_tick_an_update(kimg: float, looks: int) -> None:
    assert Schedule(kimg=kimg, batch=50).looks == looks


# Other evaluations of the same training


def test_evaluations_have_one_name_if_they_give_the_same_scores() -> None:
    own = protocol().evaluation
    at_ticks = own.model_copy(update={"tick_samples": 9, "gauges": ()})
    assert at_ticks.slug == own.slug
    more = own.model_copy(update={"digests": {**own.digests, "ear": "00" * 32}})
    assert more.slug == own.slug  # no metric reads that net
    for field in ("samples", "reference", "digests", "metrics"):
        assert (
            protocol(evaluation={field: CHANGES["evaluation"][field]}).evaluation.slug != own.slug
        )


def test_the_evaluation_decides_the_training_only_where_a_verdict_ends_it() -> None:
    other = {"samples": 501}
    assert protocol().trains_like(protocol(evaluation=other))
    ends = {"on_collapse": "stop"}
    assert not protocol(schedule=ends).trains_like(protocol(schedule=ends, evaluation=other))
    more = {"metrics": (*EVALUATION["metrics"], *NO_EYE)}  # type: ignore[misc]
    assert protocol(schedule=ends).trains_like(protocol(schedule=ends, evaluation=more))


@pytest.mark.parametrize("part", ["data", "schedule"])
def test_other_images_and_another_schedule_are_another_training(part: str) -> None:
    for field, value in CHANGES[part].items():
        assert not protocol().trains_like(protocol(**{part: {field: value}}))


def test_an_added_evaluation_leaves_the_ticks_to_the_protocols_own() -> None:
    home = protocol(evaluation={"gauges": LOW, "tick_samples": 99}).evaluation
    other = protocol(evaluation={"metrics": NO_EYE, "digests": {"eye": "aa", "ear": "bb"}})
    added = other.evaluation.beside(home)
    assert (added.at_ticks, added.gauges, added.tick_samples) == (
        home.at_ticks, home.gauges, home.tick_samples,
    )  # fmt: skip
    assert (added.metrics, added.digests) == (other.evaluation.metrics, {"eye": "aa"})
    assert added.slug == other.evaluation.slug
