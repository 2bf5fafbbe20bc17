"""Plugins as strangers write them: installed distributions made in a folder, and single files."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from pathlib import Path
from textwrap import dedent

import pytest

from gan_bench import Architecture, Dataset, Engine, Features, Loss, Metric, Preset, UsageError
from gan_bench import catalogue as catalogues
from gan_bench.run.plan_evaluation import find_metric
from given import Install

OFFER = 'Loss(name="strange", source="a test", d_loss=max, g_loss=max)'


def hook(body: str, name: str = "losses", arguments: str = "") -> str:
    """The source of a plugin with one hook."""
    function = f"def gan_bench_{name}({arguments}):\n    {body}\n"
    return f"from gan_bench import Loss, hookimpl\n\n@hookimpl\n{function}"


def good(name: str) -> str:
    return hook(f"return [{OFFER.replace('strange', name)}]")


def built_ins_work(loaded: catalogues.Catalogue) -> bool:
    """What comes from gan-bench itself is all there, and the whole of it."""
    mine = [offer for kind in loaded.offers.values() for offer in kind.values()]
    names = {offer.name for offer, plugin in mine if plugin.distribution == "gan-bench"}
    return len(names) >= 15 and not any(
        broken.plugin.distribution == "gan-bench" for broken in loaded.broken
    )


# What is installed


def test_the_built_ins_load_without_a_fault_and_offer_every_kind() -> None:
    loaded = catalogues.load()
    assert built_ins_work(loaded)
    for kind in (Architecture, Loss, Dataset, Features, Metric, Preset, Engine):
        assert loaded.names(kind), kind
        assert loaded.names(kind) == sorted(loaded.names(kind))
        assert [offer.name for offer in loaded.all(kind)] == loaded.names(kind)


def test_every_built_in_says_where_it_comes_from() -> None:
    for offers in catalogues.load().offers.values():
        for name, (offer, plugin) in offers.items():
            assert offer.source, name
            if plugin.distribution == "gan-bench":
                assert str(plugin) == f"gan-bench {version('gan-bench')}"


def test_a_strangers_distribution_is_found_with_its_version(install: Install) -> None:
    install("gan-bench-stranger", good("strange"), "2.3")
    offer, plugin = catalogues.load().offers[Loss]["strange"]
    assert offer.source == "a test"
    assert str(plugin) == "gan-bench-stranger 2.3"


def test_a_strangers_features_net_gets_a_distance_of_its_own(install: Install) -> None:
    eye = "Features(name='eye', source='a test', digest=str, load=print)"
    source = hook(f"return [{eye}]", "features").replace("import Loss", "import Features")
    install("gan-bench-eye", source)
    loaded = catalogues.load()
    metric = loaded.find(Metric, "fd-eye")
    assert (metric.features, metric.higher_is_better) == ("eye", False)
    assert find_metric(loaded, "fd", "eye") is metric


def test_two_loads_share_nothing(install: Install) -> None:
    before = catalogues.load()
    install("gan-bench-late", good("late"))
    assert "late" in catalogues.load().names(Loss)
    assert "late" not in before.names(Loss)


# What is broken

FAULTS = {
    "raises on import": ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
    "lacks a dependency": ("import not_installed_at_all", "ModuleNotFoundError: No module named"),
    "has a syntax error": ("def", "SyntaxError: "),
    "calls sys.exit": ("import sys\nsys.exit('goodbye')", "sys.exit('goodbye')"),
    "misspells a hook": (hook("return []", "loses"), "unknown hook 'gan_bench_loses'"),
    "has a hook with an argument too many": (hook("return []", arguments="colour"), "colour"),
    "has no hooks": ("x = 1", "it has no @hookimpl function named gan_bench_..."),
    "has a hook that raises": (hook("return [1 / 0]"), "ZeroDivisionError: division by zero"),
    "has a hook that exits": (hook("exit(3)"), "sys.exit(3)"),
    "offers the wrong kind": (
        hook(f"return [{OFFER}]", "architectures"),
        "gan_bench_architectures must return Architecture values, not Loss",
    ),
    "offers no list": (hook(f"return {OFFER}"), "gan_bench_losses must return a list"),
    "has a hook that yields and then raises": (
        hook(f"yield {OFFER}\n    raise RuntimeError('half way')"),
        "gan_bench_losses must return a list",
    ),
    "has a bad name": (
        hook(f"return [{OFFER.replace('strange', '../../x')}]"),
        "the name '../../x' cannot be used",
    ),
    "has a name that is no text": (
        hook(f"return [{OFFER.replace(chr(34) + 'strange' + chr(34), '7')}]"),
        "TypeError: ",
    ),
}


@pytest.mark.parametrize(("source", "said"), FAULTS.values(), ids=FAULTS.keys())
def test_a_broken_plugin_is_listed_and_takes_nothing_else_down(
    source: str, said: str, install: Install, tmp_path: Path
) -> None:
    install("gan-bench-broken", source, "0.7")
    install("gan-bench-sound", good("sound"))
    path = tmp_path / "mine.py"
    path.write_text(good("mine"))
    loaded = catalogues.load([path])
    assert built_ins_work(loaded)
    assert {"mine", "sound"} <= set(loaded.names(Loss))
    (broken,) = map(str, loaded.broken)
    assert broken.startswith("plugin mine (gan-bench-broken 0.7): ")
    assert said in broken


def test_one_bad_offer_costs_the_plugin_not_its_good_ones(install: Install) -> None:
    install("gan-bench-mixed", hook(f"return ['rubbish', {OFFER}]"))
    loaded = catalogues.load()
    assert "strange" in loaded.names(Loss)
    assert "not str" in str(loaded.broken[0])


@pytest.mark.filterwarnings("error::DeprecationWarning")
def test_a_distribution_without_metadata_takes_nothing_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an interrupted uninstall leaves."""
    left = tmp_path / "site" / "gone-1.0.dist-info"
    left.mkdir(parents=True)
    (left / "entry_points.txt").write_text("[gan_bench]\ngone = gone\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    loaded = catalogues.load()
    assert built_ins_work(loaded)
    assert "No module named 'gone'" in str(loaded.broken[0])


def test_ctrl_c_while_a_plugin_loads_is_no_fault_of_the_plugin(install: Install) -> None:
    install("gan-bench-slow", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        catalogues.load()


# What is asked for


@pytest.mark.parametrize(
    ("kind", "asked", "said"),
    [
        (Architecture, "dcgn", "no architecture is called 'dcgn'. Did you mean dcgan?"),
        (Loss, "minmax", "no loss is called 'minmax'. Did you mean minimax?"),
        (Dataset, "mnits", "no data set is called 'mnits'. Did you mean mnist?"),
        (Features, "inceptoin", "no features net is called 'inceptoin'. Did you mean inception?"),
        (Preset, "quik", "no preset is called 'quik'. Did you mean quick?"),
        (Engine, "lcoal", "no engine is called 'lcoal'. Did you mean local?"),
        (Loss, "xyzzy", "no loss is called 'xyzzy'."),  # like no other: no guess
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest_and_all_there_are(
    kind: type, asked: str, said: str
) -> None:
    loaded = catalogues.load()
    with pytest.raises(UsageError) as error:
        loaded.find(kind, asked)
    assert str(error.value) == f"{said} Installed: {', '.join(loaded.names(kind))}."


def test_where_there_are_many_names_the_nearest_one_stands_without_the_others() -> None:
    loaded = catalogues.load()
    with pytest.raises(UsageError) as error:
        loaded.find(Metric, "divresity")
    count = len(loaded.names(Metric))
    assert str(error.value) == (
        "no metric is called 'divresity'. Did you mean diversity? "
        f"`gan-bench plugins` lists all {count}."
    )


def test_a_name_of_a_plugin_that_failed_shows_the_plugins_own_error(install: Install) -> None:
    install("gan-bench-broken", "raise RuntimeError('no licence')", "0.7")
    with pytest.raises(UsageError) as error:
        catalogues.load().find(Architecture, "unet")
    failed = "Failed to load: plugin mine (gan-bench-broken 0.7): RuntimeError: no licence"
    assert str(error.value).endswith(failed)


# The allow-list


@pytest.mark.parametrize(
    ("allowed", "loads"),
    [
        ("", False),
        ("gan-bench", False),
        ("gan-bench-other", False),
        ("gan-bench-stranger", True),
        ("gan-bench-other,gan-bench-stranger", True),
        ("gan-bench-other gan-bench-stranger", True),
        ("GAN_bench.stranger", True),  # names of distributions are compared as pip compares them
    ],
)
def test_only_distributions_of_the_allow_list_are_loaded(
    allowed: str, loads: bool, install: Install, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trace = tmp_path / "imported"
    source = f"from pathlib import Path\nPath({str(trace)!r}).touch()\n"
    install("gan-bench-stranger", source + good("strange"))
    monkeypatch.setenv("GAN_BENCH_PLUGINS", allowed)
    loaded = catalogues.load()
    assert built_ins_work(loaded)
    assert trace.exists() == loads
    assert ("strange" in loaded.names(Loss)) == loads


# Single files


def test_a_file_offers_as_an_installed_plugin_does(tmp_path: Path) -> None:
    path = tmp_path / "my loss.py"
    path.write_text(good("mine"))
    offer, plugin = catalogues.load([path]).offers[Loss]["mine"]
    assert offer.source == "a test"
    assert str(plugin).startswith(f"{path} ")
    assert plugin.origin == "my loss.py"  # wherever it lies
    path.write_text(path.read_text() + "# another content, another plugin")
    assert catalogues.load([path]).offers[Loss]["mine"][1].sha256 != plugin.sha256


def test_a_file_may_have_dataclasses_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    text = """
        from __future__ import annotations
        from dataclasses import dataclass

        @dataclass
        class Mine:
            x: int = 1
    """
    path.write_text(dedent(text) + good("mine"))
    assert "mine" in catalogues.load([path]).names(Loss)


def test_two_files_of_one_name_are_two_plugins(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "plugin.py").write_text(good(name))
    loaded = catalogues.load(tmp_path / name / "plugin.py" for name in ("one", "two"))
    assert {"one", "two"} <= set(loaded.names(Loss))


@pytest.mark.parametrize(("source", "said"), FAULTS.values(), ids=FAULTS.keys())
def test_the_fault_of_a_file_is_an_error_that_names_it(
    source: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.py"
    path.write_text(dedent(source))
    with pytest.raises(UsageError) as error:
        catalogues.load([path])
    assert str(error.value).startswith(f"plugin {path}: ")
    assert said in str(error.value)


@pytest.mark.parametrize("name", ["missing.py", ".", "notes.txt"])
def test_what_is_no_python_file_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x = 1")
    with pytest.raises(UsageError, match="no such Python file"):
        catalogues.load([tmp_path / name])


def test_a_file_that_was_edited_is_not_taken_from_bytecode(tmp_path: Path) -> None:
    """Python's own import compares the size and the second of the last change."""
    path = tmp_path / "mine.py"
    for name in ("first", "other"):
        path.write_text(good(name))
        os.utime(path, (1e9, 1e9))
        assert name in catalogues.load([path]).names(Loss)


# The record


def test_versions_name_what_a_score_depends_on() -> None:
    versions = catalogues.versions()
    assert versions["gan-bench"] == version("gan-bench")
    assert versions["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"torch", "numpy", "scipy", "torch-fidelity"} <= versions.keys()
