"""What the cache holds, and what may be removed from it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import filelock
import pytest
from sets import SIZE, blank, dataset, posix

from gan_bench import UsageError
from gan_bench.data.cache import prepare
from gan_bench.data.in_use import is_in_use
from gan_bench.data.source import Source, files_at
from gan_bench.data.stored import beyond, named, other_bytes, stored_sets

OLD = 40 * 86_400  # seconds


def age(folder: Path, seconds: float = OLD) -> None:
    """As if the set had not been used for so long."""
    about = (folder / "data.json").stat()
    os.utime(folder / "data.json", (about.st_atime, about.st_mtime - seconds))


def test_a_prepared_set_is_listed_with_all_that_is_known_of_it(shapes: Path) -> None:
    data = prepare(files_at(shapes), SIZE).data
    (stored,) = stored_sets()
    assert (stored.name, stored.data, stored.root) == ("shapes", data, str(shapes))
    assert stored.bytes == sum(path.stat().st_size for path in stored.folder.iterdir())
    assert stored.days < 1
    assert not stored.in_use
    age(stored.folder)
    assert 39 < stored_sets()[0].days < 41
    prepare(files_at(shapes), SIZE)
    assert stored_sets()[0].days < 1, "a use makes it new"


def test_an_empty_cache_holds_nothing(home: Path) -> None:
    assert stored_sets() == []
    assert other_bytes() == {}


def test_what_is_removed_is_prepared_again(shapes: Path) -> None:
    first = prepare(files_at(shapes), SIZE).data
    (stored,) = stored_sets()
    assert stored.remove()
    assert stored_sets() == []
    assert stored.remove(), "it is gone already"
    assert prepare(files_at(shapes), SIZE).data == first


@posix
def test_a_set_in_use_stays_until_the_last_use_ends(shapes: Path) -> None:
    first, second = prepare(files_at(shapes), SIZE), prepare(files_at(shapes), SIZE)
    (stored,) = stored_sets()
    assert stored.in_use
    assert not stored.remove()
    del first
    assert not stored.remove()
    assert len(second.train) == 36
    del second
    assert stored.remove()


@posix
def test_a_set_that_another_process_uses_or_makes_stays(shapes: Path) -> None:
    prepare(files_at(shapes), SIZE)
    (stored,) = stored_sets()
    meta = stored.folder / "data.json"
    hold = (
        "import sys; from pathlib import Path; from gan_bench.data.in_use import InUse; "
        "held = InUse(Path(sys.argv[1])); print(flush=True); input()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", hold, str(meta)], **pipes) as user:  # type: ignore[call-overload]
        user.stdout.readline()
        assert is_in_use(meta)
        assert not stored.remove()
        user.kill()
    assert not is_in_use(meta)
    with filelock.FileLock(f"{stored.folder}.lock"):
        assert stored.in_use
        assert not stored.remove()


def test_damaged_and_unfinished_sets_are_listed_and_can_be_removed(
    shapes: Path, home: Path
) -> None:
    prepare(files_at(shapes), SIZE)
    (whole,) = stored_sets()
    making = whole.folder.with_name(f".{whole.folder.name}.making")
    shutil.copytree(whole.folder, making)
    (making / "data.json").unlink()
    damaged = home / "images" / "damaged-16px-0123"
    damaged.mkdir()
    (damaged / "data.json").write_text('{"data": 7')
    with filelock.FileLock(f"{whole.folder}.lock"):
        assert {each.folder for each in stored_sets() if each.in_use} == {whole.folder, making}
        assert [each.folder for each in stored_sets() if each.in_the_making] == [making]
    assert not any(each.in_the_making for each in stored_sets())
    broken = [each for each in stored_sets() if each.data is None]
    assert {each.name for each in broken} == {making.name, damaged.name}
    assert all(each.remove() for each in broken)
    assert [each.name for each in stored_sets()] == ["shapes"]


@pytest.fixture
def three() -> list[str]:
    """Sets of 1, 2 and 3 parts, the first one unused for longest."""
    for k, name in enumerate(("first", "second", "third")):
        prepare(Source(dataset(name, blank(40 * (k + 1)), blank(1))), SIZE)
        (newest,) = (each for each in stored_sets() if each.name == name)
        age(newest.folder, OLD * (3 - k))
    return ["first", "second", "third"]


@pytest.mark.usefixtures("three")
def test_the_longest_unused_go_until_the_rest_fits() -> None:
    sets = stored_sets()
    sizes = {each.name: each.bytes for each in sets}

    def gone(most: float) -> list[str]:
        return [each.name for each in beyond(sets, most)]

    total = sum(sizes.values())
    assert gone(total) == []
    assert gone(total - 1) == ["first"]
    assert gone(sizes["third"]) == ["first", "second"]
    assert gone(0) == ["first", "second", "third"]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    "how", [lambda each: each.name, lambda each: each.folder.name], ids=["name", "folder"]
)
def test_a_set_is_named_by_its_name_or_its_folder(how: Callable[..., str]) -> None:
    sets = stored_sets()
    (wanted,) = (each for each in sets if each.name == "second")
    assert named(sets, [how(wanted)]) == [wanted]
    with pytest.raises(UsageError, match=r"no prepared set is called 'secnd'\. Did you mean sec"):
        named(sets, ["secnd"])


def test_the_rest_of_the_cache_is_a_total(home: Path) -> None:
    (home / "features").mkdir(parents=True)
    (home / "features" / "a.npz").write_bytes(bytes(700))
    (home / "features" / "b.npz").write_bytes(bytes(300))
    (home / "names.json").write_bytes(bytes(5))
    assert other_bytes() == {"features": 1000, "names.json": 5}
