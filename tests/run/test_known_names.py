"""Names of offers, remembered without the plugins that offer them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from gan_bench import UsageError
from gan_bench import catalogue as catalogues
from gan_bench.run import names
from gan_bench.run.names import check_spelling, known_names, remember
from gan_bench.run.request import Request
from given import Install

LOSS = """
    from gan_bench import Loss, hookimpl

    @hookimpl
    def gan_bench_losses():
        return [Loss(name={name!r}, source="a test", d_loss=max, g_loss=max)]
"""
KINDS = {
    "architecture": {"architectures": ("dcgn",)},
    "loss": {"losses": ("minimx",)},
    "optimizer": {"optimizer": "adma"},
    "augmentation": {"augment": ("difaugment",)},
    "dataset": {"data": "mnits"},
    "features": {"features": ("inceptoin",)},
    "metric": {"metrics": ("divresity",)},
    "preset": {"preset": "quik"},
    "engine": {"engine": "lcoal"},
}


def refuses(**asked: Any) -> str:
    with pytest.raises(UsageError) as error:
        check_spelling(Request(**asked))
    return str(error.value)


def test_names_are_known_when_a_catalogue_was_remembered_and_not_before() -> None:
    assert [known_names(kind) for kind in KINDS] == [[]] * len(KINDS)
    remember(known := catalogues.load())
    for kind, word in zip(catalogues.KINDS, names.WORDS, strict=True):
        assert known_names(word) == known.names(kind)
        assert names.WORDS[word] == catalogues.KINDS[kind][0]
    assert known_names("flavour") == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_misspelt_name_is_answered_as_the_catalogue_would(kind: str) -> None:
    asked = KINDS[kind]
    check_spelling(Request(**asked))  # nothing is remembered yet
    remember(known := catalogues.load())
    text = refuses(**asked)
    assert "Did you mean " in text
    if kind != "dataset":
        (offered,) = (each for each in catalogues.KINDS if each.__name__.lower() == kind)
        (name,) = (
            next(iter(asked.values()))
            if isinstance(next(iter(asked.values())), tuple)
            else asked.values()
        )
        with pytest.raises(UsageError) as error:
            known.find(offered, name)
        assert text == str(error.value)


def test_names_that_may_be_right_are_left_to_the_catalogue(tmp_path: Path) -> None:
    remember(catalogues.load())
    check_spelling(Request(architectures=("DCGAN", "other:dense"), metrics=("fd", "FID")))
    for data in (None, "Mnist", str(tmp_path), "~", "other:faces", "hf:a/faces", "kaggle:a/faces"):
        check_spelling(Request(data=data))
    check_spelling(Request(losses=("mine",), plugins=(Path("mine.py"),)))


def test_an_index_is_not_believed_when_something_else_is_installed(
    install: Install, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install("gan-bench-alpha", LOSS.format(name="early"))
    remember(catalogues.load())
    assert "no loss is called 'late'" in refuses(losses=("late",))
    (tmp_path / "site" / "gan_bench_alpha.py").write_text("# edited")
    sys.modules.pop("gan_bench_alpha")
    check_spelling(Request(losses=("late",)))
    remember(catalogues.load())
    check_spelling(Request(losses=("late",)))  # a plugin failed, and may be the one
    monkeypatch.setenv("GAN_BENCH_PLUGINS", "")
    remember(catalogues.load())
    assert refuses(losses=("late",))
    install("gan-bench-beta", LOSS.format(name="late"))
    check_spelling(Request(losses=("late",)))


def test_a_plugin_whose_file_cannot_be_found_may_offer_any_name(
    install: Install, tmp_path: Path
) -> None:
    install("gan-bench-alpha", LOSS.format(name="early"))
    known = catalogues.load()
    (tmp_path / "site" / "gan_bench_alpha.py").unlink()  # as where an import hook knows where it is
    remember(known)
    check_spelling(Request(losses=("late",)))


def test_two_plugins_with_one_name_leave_it_to_the_catalogue(install: Install) -> None:
    for maker in ("gan-bench-alpha", "gan-bench-beta"):
        install(maker, LOSS.format(name="twin"))
    remember(catalogues.load())
    check_spelling(Request(losses=("twin",)))


@pytest.mark.parametrize("content", ["", "[]", "{", '{"names": 3}', '{"names": {"loss": 3}}', "\0"])
def test_a_damaged_index_is_none(content: str, home: Path) -> None:
    home.mkdir()
    (home / names.INDEX).write_text(content)
    assert known_names("architecture") == []
    check_spelling(Request(losses=("minimx",)))
    remember(catalogues.load())
    assert refuses(losses=("minimx",))


def test_a_cache_that_cannot_be_written_fails_no_run(home: Path) -> None:
    home.write_text("a file where the folder would be")
    remember(catalogues.load())
    assert known_names("loss") == []


def test_files_given_by_name_are_not_remembered(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(dedent(LOSS.format(name="mine")))
    remember(catalogues.load([path]))
    assert "mine" not in known_names("loss")


def test_to_check_a_spelling_imports_no_plugin_and_nothing_heavy() -> None:
    remember(catalogues.load())
    code = """if True:
        import sys
        from gan_bench.run.names import check_spelling, known_names
        from gan_bench.run.request import Request
        assert known_names("loss")
        try:
            check_spelling(Request(losses=("minimx",)))
        except Exception as error:
            print(error, *sorted(sys.modules), sep="\\n")
    """
    # pytest adds folders of tests to the path, and a plugin may lie in one
    path = {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=os.environ | path, capture_output=True, text=True, check=True
    )
    text, *loaded = done.stdout.splitlines()
    assert "Did you mean minimax?" in text
    heavy = {"torch", "numpy", "pydantic", "pluggy", "gan_bench_plugins", "gan_bench.catalogue"}
    assert not heavy & set(loaded)
