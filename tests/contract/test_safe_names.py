"""Names that become folder names, on every system."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_bench import UsageError
from gan_bench.contract.names import NAME, name_of, nearest_name, safe_name
from gan_bench.contract.own_names import FILES, FOLDERS, check_architecture_name
from gan_bench.results import layout


@pytest.mark.parametrize("name", ["dcgan", "DCGAN_2.1-b", "7", "a" * 63])
def test_a_plain_name_is_safe(name: str) -> None:
    assert safe_name(name) == name


OUTSIDE = ["", ".", "..", "../x", "/etc", "a/b", "a\\b", ".hidden", "C:", "-rf"]
ODD = ["a.", "a\0", "a\n", "a b", "é", "a" * 64, "a" * 300, "a\u202eb", "<script>", "[red]"]


DEVICES = ["CON", "nul", "Aux.txt", "COM1", "lpt9.x"]  # names that Windows keeps


@pytest.mark.parametrize("name", [*OUTSIDE, *ODD, *DEVICES])
def test_any_other_name_is_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(
        UsageError, match=r"cannot be used: (a name has 1 to 63 letters|Windows)"
    ) as refusal:
        safe_name(name)
    assert len(str(refusal.value)) < 300


@given(st.text(max_size=80) | st.from_regex(NAME, fullmatch=True))
def test_an_accepted_name_never_leaves_the_folder_it_is_put_in(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    root = tmp_path_factory.getbasetemp()
    try:
        path = root / safe_name(name)
    except UsageError:
        return
    assert path.parent == root
    assert Path(os.path.normpath(path)) == path
    assert len(os.fsencode(path.name)) <= 63


@given(st.text(max_size=60))
def test_any_path_gives_a_data_set_a_safe_name(text: str) -> None:
    name = name_of(Path("/images") / text.replace("\0", ""))
    assert safe_name(name) == name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/data/My Photos", "My-Photos"),
        ("faces.zip", "faces"),
        ("/data/顔", "images"),
        ("/", "images"),
        (f"/{'long ' * 30}", "-".join(["long"] * 8)),
    ],
)
def test_a_data_set_is_called_as_its_folder(path: str, name: str) -> None:
    assert name_of(Path(path)) == name


@pytest.mark.parametrize("name", [*FILES, *FOLDERS])
def test_no_architecture_is_called_as_what_lies_beside_its_cells(name: str) -> None:
    for each in (name, name.upper(), name.title()):
        with pytest.raises(UsageError, match=r"no architecture can be called .*: .*; rename it"):
            check_architecture_name(each)
    assert check_architecture_name(f"{name}-2") == f"{name}-2"


def test_all_that_a_run_writes_beside_architectures_is_kept_from_them() -> None:
    """What `layout` says of a protocol's folder, read from its own first lines."""
    lines = [line for line in (layout.__doc__ or "").splitlines() if line.startswith("<protocol>/")]
    said = {
        name.strip().rstrip("/")
        for line in lines
        for name in line.removeprefix("<protocol>/").partition("  ")[0].split(",")
    }
    beside = {name.split("/")[0] for name in said} - {"<architecture>"}
    assert beside == {*FILES, *FOLDERS}


OFFERS = ["blur", "color-jitter", "crop-jitter", "slower-both", "slower-d", "dcgan", "dcgan-sn"]


@pytest.mark.parametrize(
    ("typed", "known", "meant"),
    [
        ("colour", OFFERS, "color-jitter"),  # which begins so, and blur has three of its letters
        ("slower", OFFERS, "slower-d"),  # the shorter one
        ("dcgn", OFFERS, "dcgan"),
        ("DCGAN", OFFERS, "dcgan"),
        ("blr", OFFERS, "blur"),
        ("xyz", OFFERS, None),
        ("photos/nope", ["photos/home", "photos/faces"], None),
        ("photos/facse", ["photos/home", "photos/faces"], "photos/faces"),
        ("dcgn/hinge/seed0", ["dcgan/hinge/seed0", "dense/hinge/seed0"], "dcgan/hinge/seed0"),
    ],
)
def test_the_nearest_name_is_the_one_that_was_meant(
    typed: str, known: list[str], meant: str | None
) -> None:
    assert nearest_name(typed, known) == meant
