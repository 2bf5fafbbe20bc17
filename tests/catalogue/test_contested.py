"""One name offered by several plugins, for every kind of offer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gan_bench import Architecture, Dataset, Engine, Features, Loss, Metric, Preset, UsageError
from gan_bench import catalogue as catalogues
from gan_bench.contract.names import safe_name
from gan_bench.run.choice import Choice
from gan_bench.run.plan import choose
from gan_bench.run.request import Request
from given import Install

OFFERS: dict[type[Any], tuple[str, str]] = {  # kind -> the name of a built-in, and fields
    Architecture: ("dense", "z_dim=1, generator=max, discriminator=max"),
    Loss: ("minimax", "d_loss=max, g_loss=max"),
    Dataset: ("toonfaces", "version='1', load=max"),
    Features: ("pixels", "digest=str, load=max"),
    Metric: ("diversity", "higher_is_better=False, compute=max"),
    Preset: (
        "quick",
        "devices=('cpu', 'cuda', 'mps'), dataset='mnist', architectures=('dcgan-mnist',), "
        "losses=('minimax',), size=28, schedule=Schedule(kimg=1), features=('pixels',), "
        "metrics=('fd',), samples=10, engine='local'",
    ),
    Engine: ("local", "start=max"),
}
KINDS = pytest.mark.parametrize("kind", OFFERS, ids=lambda kind: kind.__name__)


def source(kind: type[Any], name: str) -> str:
    offer = f"{kind.__name__}(name={name!r}, source='a test', {OFFERS[kind][1]})"
    return (
        f"from gan_bench import {kind.__name__}, Schedule, hookimpl\n"
        f"@hookimpl\ndef {catalogues.KINDS[kind][1]}():\n    return [{offer}]\n"
    )


def bare(known: catalogues.Catalogue) -> tuple[Any, ...]:
    """What a bare run would do."""
    chosen: Choice = choose(Request(device="cpu"), known)
    names = [each.name for each in (*chosen.architectures, chosen.engine, chosen.source.dataset)]
    return names, chosen.losses, chosen.evaluation, chosen.schedule, chosen.sides


@KINDS
@pytest.mark.parametrize("strangers", [1, 2])
def test_a_built_in_keeps_its_name_and_a_stranger_is_asked_for_by_distribution(
    kind: type[Any], strangers: int, install: Install
) -> None:
    name, before = OFFERS[kind][0], bare(catalogues.load())
    makers = ["gan-bench-alpha", "zzz_Beta"][:strangers]
    for maker in makers:
        install(maker, source(kind, name.upper() if maker == "zzz_Beta" else name))
    known = catalogues.load()
    assert bare(known) == before
    for asked in (name, name.upper(), f"gan-bench:{name}"):
        assert known.find(kind, asked).source != "a test"
    for maker, broken in zip(makers, known.broken, strict=True):
        assert broken.status == "refused"
        assert f"{name!r} is offered by " in broken.error
        assert all(each in broken.error for each in ("gan-bench 0.", *makers))
        assert broken.error.endswith(f": ask for {maker}:{name}")
        offer = known.find(kind, f"{maker}:{name}")
        assert offer.source == "a test"
        assert safe_name(offer.name).lower() == f"{maker.lower().replace('_', '-')}.{name}"
        assert known.offers[kind][offer.name][0] is offer
        assert known.find(kind, offer.name) is offer  # as it stands in a cell's file


@KINDS
def test_of_two_strangers_neither_has_the_name_and_nothing_else_stops(
    kind: type[Any], install: Install
) -> None:
    before = bare(catalogues.load())
    install("gan-bench-alpha", source(kind, "twin"), "1.1")
    install("gan-bench-beta", source(kind, "Twin"), "2.2")
    known = catalogues.load()
    assert bare(known) == before
    both = "'twin' is offered by gan-bench-alpha 1.1 and gan-bench-beta 2.2: "
    asks = "ask for gan-bench-alpha:twin or gan-bench-beta:twin"
    with pytest.raises(UsageError, match=f"{both}{asks}"):
        known.find(kind, "TWIN")
    assert known.find(kind, "gan-bench-alpha:twin").name == "gan-bench-alpha.twin"
    assert known.find(kind, "gan-bench-beta:twin").name == "gan-bench-beta.Twin"
    assert [each.status for each in known.broken] == ["refused"] * 2


@KINDS
def test_a_name_that_nobody_contests_is_found_in_any_case_and_by_distribution(
    kind: type[Any], install: Install
) -> None:
    install("gan-bench-alpha", source(kind, "Own"))
    known = catalogues.load()
    for asked in ("Own", "own", "gan-bench-alpha:OWN", "GAN_bench.alpha:own"):
        assert known.find(kind, asked).name == "Own"
    for asked in ("gan-bench:own", "nobody:own", ":own", "own:", "a:b:own"):
        with pytest.raises(UsageError, match="is called"):
            known.find(kind, asked)
    assert known.broken == []


@KINDS
def test_a_file_that_takes_a_name_is_refused(
    kind: type[Any], tmp_path: Path, install: Install
) -> None:
    install("gan-bench-alpha", source(kind, "strange"))
    path = tmp_path / "mine.py"
    for name, maker in ((OFFERS[kind][0], r"gan-bench \S+"), ("strange", "gan-bench-alpha 1.0")):
        path.write_text(source(kind, name))
        with pytest.raises(UsageError, match=rf"'{name}' is offered by {maker} and {path}.*rename"):
            catalogues.load([path])


def test_a_name_that_one_distribution_offers_twice_is_a_fault_of_the_second(
    install: Install,
) -> None:
    text = source(Loss, "twin").replace("[Loss", "[Loss(name='Twin', source='', d_loss=max,"
                                                 " g_loss=max), Loss")  # fmt: skip
    install("gan-bench-alpha", text)
    known = catalogues.load()
    assert known.find(Loss, "twin").name == "Twin"
    assert [str(each.error) for each in known.broken] == [
        "it offers the loss 'twin' twice: rename one"
    ]


def test_a_qualified_name_that_no_folder_can_have_is_a_fault_of_its_maker(install: Install) -> None:
    install("gan-bench-alpha", source(Loss, "gan-bench-beta.minimax"))
    install("gan-bench-beta", source(Loss, "minimax"))
    install("x" * 60, source(Loss, "minimax"))
    known = catalogues.load()
    assert known.find(Loss, "minimax").source != "a test"
    failed = [each.error for each in known.broken if each.status == "failed"]
    assert failed[0] == "the loss 'gan-bench-beta.minimax' is offered by another plugin"
    assert "cannot be used: a name has 1 to 63 letters" in failed[1]


def test_a_preset_for_this_device_from_elsewhere_is_noted_and_not_taken(install: Install) -> None:
    install("gan-bench-alpha", source(Preset, "other"))
    known = catalogues.load()
    chosen = choose(Request(device="cpu"), known)
    assert chosen.notes[:2] == (
        "preset quick, because the device is cpu",
        "preset other of gan-bench-alpha 1.0 is meant for cpu too: --preset other takes it",
    )


def test_an_architecture_that_is_called_as_a_folder_of_ours_is_refused_and_the_others_load(
    install: Install,
) -> None:
    source_of_two = source(Architecture, "Entries").replace("[", "[*other(), ") + (
        f"def other():\n    return [Architecture(name='own', source='a test', "
        f"{OFFERS[Architecture][1]})]\n"
    )
    install("gan-bench-alpha", source_of_two)
    known = catalogues.load()
    assert known.find(Architecture, "own").source == "a test"
    (broken,) = [each for each in known.broken if each.status == "failed"]
    assert "no architecture can be called 'Entries'" in broken.error
    with pytest.raises(UsageError, match="no architecture can be called 'Entries'"):
        known.find(Architecture, "entries")


def test_a_name_with_its_distribution_before_it_is_no_file_of_ours_either(install: Install) -> None:
    install("protocol", source(Architecture, "json"))
    install("gan-bench-alpha", source(Architecture, "json"))
    known = catalogues.load()
    assert "protocol.json" not in known.names(Architecture)
    assert "gan-bench-alpha.json" in known.names(Architecture)
    assert any("can be called 'protocol.json'" in each.error for each in known.broken)


def test_the_name_of_a_family_of_metrics_is_no_name_for_another(
    tmp_path: Path, install: Install
) -> None:
    """`--metric fd` means fd-pixels with these features, whatever a plugin offers."""
    path = tmp_path / "mine.py"
    path.write_text(source(Metric, "fd"))
    with pytest.raises(UsageError, match=r"metric 'fd' is offered by .* and gan-bench .*rename"):
        catalogues.load([path])
    install("gan-bench-alpha", source(Metric, "FD"))
    known = catalogues.load()
    assert known.canonical(Metric, "fd") is None
    assert known.find(Metric, "gan-bench-alpha:FD").source == "a test"
    assert known.find(Metric, "fd-pixels").source != "a test"
