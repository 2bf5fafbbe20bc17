"""Offers with a field that no run could use, or with the name of an offer that nobody makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_bench import UsageError
from gan_bench import catalogue as catalogues
from given import Install

FIELDS = {
    "Metric": {"higher_is_better": "False", "compute": "max"},
    "Dataset": {"version": "'1'", "load": "max"},
    "Preset": {
        "devices": "('cpu',)",
        "dataset": "'mnist'",
        "architectures": "('dense',)",
        "losses": "('minimax',)",
        "size": "28",
        "schedule": "Schedule(kimg=1)",
        "features": "('pixels',)",
        "metrics": "('fd',)",
        "samples": "10",
        "engine": "'local'",
    },
}
WORDS = {"Metric": "metric", "Dataset": "data set", "Preset": "preset"}


def source(kind: str, *offers: dict[str, str]) -> str:
    """The source of a plugin that offers these; each is called `odd` unless it has a name."""
    given = {"name": "'odd'", "source": "'a test'", **FIELDS[kind]}
    made = [
        f"{kind}({', '.join(f'{key}={value}' for key, value in (given | each).items())})"
        for each in offers
    ]
    return (
        f"from gan_bench import {kind}, Schedule, hookimpl\n"
        f"@hookimpl\ndef gan_bench_{kind.lower()}s():\n    return [{', '.join(made)}]\n"
    )


WRONG = [
    ("Metric", "alarm", "float('nan')"),
    ("Metric", "alarm", "float('-inf')"),
    ("Metric", "alarm", "'0.1'"),
    ("Metric", "floor", "float('nan')"),
    ("Metric", "floor", "float('inf')"),
    ("Metric", "floor", "10**400"),
    ("Metric", "floor", "True"),
    ("Metric", "real", "(1.0, 0.0)"),
    ("Metric", "real", "(0.0, float('nan'))"),
    ("Metric", "real", "0.5"),
    ("Metric", "sees", "('blurr',)"),
    ("Metric", "sees", "'blur'"),
    ("Metric", "partner", "7"),
    ("Metric", "features", "('pixels',)"),
    ("Metric", "higher_is_better", "'yes'"),
    ("Dataset", "size", "0"),
    ("Dataset", "modes", "-1"),
    ("Dataset", "judge", "7"),
    ("Dataset", "reads", "'*.png'"),
    ("Preset", "metrics", "('fd')"),
    ("Preset", "architectures", "('dense', 7)"),
    ("Preset", "devices", "'cpu'"),
    ("Preset", "tick_metric", "('fd',)"),
    ("Preset", "schedule", "{'kimg': 1}"),
    ("Preset", "samples", "0"),
    ("Preset", "size", "28.5"),
    ("Preset", "dataset", "None"),
]


@pytest.mark.parametrize(("kind", "field", "value"), WRONG)
def test_a_field_that_no_run_could_use_is_named_with_what_it_must_be(
    kind: str, field: str, value: str, install: Install
) -> None:
    install("gan-bench-odd", source(kind, {field: value}, {"name": "'sound'"}), "0.7")
    loaded = catalogues.load()
    (broken,) = map(str, loaded.broken)
    start = "plugin mine (gan-bench-odd 0.7): "
    assert broken.startswith(f"{start}the {WORDS[kind]} 'odd' has {field}=")
    assert ": it must be " in broken
    offered = {name for offers in loaded.offers.values() for name in offers}
    assert "sound" in offered
    assert "odd" not in offered


NOWHERE = [  # kind, field, value, the name that is unknown
    ("Metric", "partner", "'recal'", "recal"),
    ("Metric", "features", "'pixel'", "pixel"),
    ("Dataset", "features", "'pixel'", "pixel"),
    ("Dataset", "judge", "'jury'", "jury"),
    ("Preset", "dataset", "'faces'", "faces"),
    ("Preset", "architectures", "('dense', 'unet')", "unet"),
    ("Preset", "losses", "('minmax',)", "minmax"),
    ("Preset", "engine", "'cluster'", "cluster"),
    ("Preset", "features", "('pixels', 'clip')", "clip"),
    ("Preset", "metrics", "('fd', 'fad')", "fad"),
    ("Preset", "judged", "('sharpness',)", "sharpness"),
    ("Preset", "gauges", "('spread', 'sprad')", "sprad"),
    ("Preset", "tick_metric", "'fd-infinty'", "fd-infinty"),
]


@pytest.mark.parametrize(("kind", "field", "value", "unknown"), NOWHERE)
def test_a_name_that_nothing_has_is_said_when_the_plugin_is_loaded(
    kind: str, field: str, value: str, unknown: str, install: Install
) -> None:
    install("gan-bench-odd", source(kind, {field: value}), "0.7")
    loaded = catalogues.load()
    (broken,) = map(str, loaded.broken)
    assert broken == (
        f"plugin mine (gan-bench-odd 0.7): the {WORDS[kind]} 'odd' has {unknown!r} in its {field}, "
        "and nothing is called so: correct it, or install what offers it"
    )
    assert not any("odd" in offers for offers in loaded.offers.values())


@pytest.mark.parametrize("name", ["diversity", "DIVERSITY", "fd", "gan-bench:fd-pixels"])
def test_a_partner_is_a_metric_or_a_family_of_them(name: str, install: Install) -> None:
    install("gan-bench-odd", source("Metric", {"partner": repr(name)}))
    assert catalogues.load().broken == []


def test_an_offer_falls_with_the_one_that_it_names(install: Install) -> None:
    chain = [{"name": f"'m{k}'", "partner": f"'m{k + 1}'"} for k in range(3)]
    install("gan-bench-odd", source("Metric", *chain))
    loaded = catalogues.load()
    assert len(loaded.broken) == 3
    assert "'m0' has 'm1' in its partner" in str(loaded.broken[2])


def test_two_metrics_may_be_partners(install: Install) -> None:
    pair = [{"name": "'a1'", "partner": "'b1'"}, {"name": "'b1'", "partner": "'a1'"}]
    install("gan-bench-odd", source("Metric", *pair))
    assert catalogues.load().broken == []


def test_a_gauge_needs_a_floor(install: Install) -> None:
    install("gan-bench-odd", source("Preset", {"gauges": "('spread', 'fwd')"}))
    (broken,) = map(str, catalogues.load().broken)
    assert "the preset 'odd' has 'fwd' in its gauges, and this metric has no floor" in broken


@pytest.mark.parametrize("field", ["alarm=float('nan')", "partner='recal'"])
def test_a_file_with_such_an_offer_is_an_error_that_names_it(field: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(source("Metric", dict([field.split("=")])))
    with pytest.raises(UsageError, match=r"^plugin .*mine\.py: the metric 'odd' has "):
        catalogues.load([path])
