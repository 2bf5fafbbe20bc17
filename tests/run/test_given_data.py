"""--data names a set once: however it is written, the plan and its cells read the same images."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from planning import Plan, blank, offer

from gan_bench import UsageError
from gan_bench.catalogue import Catalogue
from gan_bench.contract.protocol import Preparation
from gan_bench.run.folders import folders_of, lay_out
from gan_bench.run.task import read_task
from given import Draw


@pytest.fixture
def there(shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user stands in the folder of shapes; a link beside it leads there, as ~/link does."""
    (shapes / "in").mkdir()
    (tmp_path / "link").symlink_to(shapes)
    monkeypatch.chdir(shapes)
    monkeypatch.setenv("HOME", str(tmp_path))
    return shapes


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize(
    ("written", "name"),
    [
        (".", "shapes"),
        ("./", "shapes"),
        ("./.", "shapes"),
        ("in/..", "shapes"),
        ("../shapes", "shapes"),
        ("../shapes//", "shapes"),
        ("~/shapes", "shapes"),
        ("../link", "link"),
        ("~/link/", "link"),
        ("../link/in/..", "shapes"),
    ],
)
def test_a_cell_reads_the_set_of_its_plan_wherever_it_runs(
    written: str, name: str, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = plan(data=written)
    assert planned.plan.protocol.data.name == name
    assert planned.plan.cells[0].environment.root == str(tmp_path / "shapes")
    lay_out(planned, tmp_path / "results")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for folder in folders_of(planned, tmp_path / "results"):
        assert read_task(folder).prepared.data == planned.plan.protocol.data
    assert len(list((tmp_path / "home" / "images").glob("*/data.json"))) == 1


def test_the_folder_above_can_be_given(
    plan: Plan, draw_shapes: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_shapes(tmp_path / "faces" / "in")
    monkeypatch.chdir(tmp_path / "faces" / "in")
    data = plan(data="..").plan.protocol.data
    assert (data.name, data.train + data.held_out) == ("faces", 40)


@pytest.mark.parametrize("nothing", ["", " "])
def test_an_unset_variable_of_the_shell_is_no_data_set(nothing: str, plan: Plan) -> None:
    with pytest.raises(UsageError, match="--data is empty, as an unset variable of the shell is"):
        plan(data=nothing)


def test_a_folder_beside_a_named_set_of_that_name_is_told(
    plan: Plan, known: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(known, blank("faces"))
    monkeypatch.chdir(tmp_path)
    note = "data faces is the data set of this name, not the folder here: --data ./faces means that"
    assert note not in plan(data="faces").notes
    (tmp_path / "faces").mkdir()
    assert note in plan(data="faces").notes


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"folder": "train"}, "--folder is for a folder or zip of your own; the images of faces "),
        ({"dedupe": True, "min_size": 9}, "--dedupe, --min-size are for folders and zips of your"),
        ({"group_by": "folder", "frames": "all"}, "--frames, --group-by are for folders and zips"),
    ],
)
def test_options_for_own_images_are_refused_with_a_named_set(
    given: dict[str, Any], said: str, plan: Plan, known: Catalogue
) -> None:
    offer(known, blank("faces"))
    with pytest.raises(UsageError, match=f"^{said}"):
        plan(data="faces", preparation=Preparation(**given))
    assert plan(data="faces", preparation=Preparation()).plan.protocol.data.name == "faces"


def test_grey_and_alpha_exclude_each_other(plan: Plan, shapes: Path) -> None:
    with pytest.raises(UsageError, match="--grey makes one channel and --alpha four: give one"):
        plan(data=str(shapes), preparation=Preparation(grey=True, alpha=True))


def test_a_data_set_of_kaggle_is_written_down_as_the_folder_it_is_in(
    plan: Plan, shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("kagglehub")
    module.dataset_download = lambda handle: str(shapes)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "kagglehub", module)
    planned = plan(data="kaggle:user/faces")
    assert planned.plan.protocol.data.name == "faces"
    assert planned.plan.cells[0].environment.root == str(shapes)
