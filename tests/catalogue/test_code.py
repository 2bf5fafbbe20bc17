"""The code of a plugin: which files it is made of, however and wherever it is installed."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, PathDistribution
from pathlib import Path

import pytest

from gan_bench import Loss
from gan_bench import catalogue as catalogues
from gan_bench.catalogue.code import code_of, digest_of
from given import Install

FILES = {
    "arches/__init__.py": "",
    "arches/plugin.py": "import torch\nfrom gan_bench import hookimpl\nfrom . import nets\n",
    "arches/nets.py": "def build():\n    from arches.deep.widths import WIDTH\n    import sizes\n",
    "arches/deep/__init__.py": "",
    "arches/deep/widths.py": "WIDTH = 64\n",
    "arches/unrelated.py": "x = 1\n",
    "arches/notes.json": "{}",
    "sizes.py": "SIDE = 64\n",
}
USED = [name for name in sorted(FILES) if name not in ("arches/unrelated.py", "arches/notes.json")]
Layout = Callable[[Path], Path]  # writes FILES and the metadata; returns the folder to import from


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())


def metadata(site: Path, files: list[str], **more: str) -> Path:
    info = site / "arches-1.0.dist-info"
    write(
        info,
        {
            "METADATA": "Metadata-Version: 2.1\nName: arches\nVersion: 1.0\n",
            "entry_points.txt": "[gan_bench]\nmine = arches.plugin\n",
            "RECORD": "".join(f"{name},,\n" for name in [*files, f"{info.name}/RECORD"]),
        }
        | more,
    )
    return info


def wheel(root: Path) -> Path:
    write(root / "site", FILES)
    metadata(root / "site", list(FILES))
    return root / "site"


def editable(root: Path) -> Path:
    """The sources lie in a project, which has a virtual environment with other packages in it."""
    project = root / "my project"
    write(project / "src", FILES)
    write(project / "src/arches/__pycache__", {"nets.cpython-311.pyc": "compiled"})
    url = {"url": project.as_uri(), "dir_info": {"editable": True}}
    write(root / "site", {"arches.pth": str(project / "src")})
    metadata(root / "site", ["arches.pth"], **{"direct_url.json": json.dumps(url)})
    return project / "src"


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    """Import from this folder alone; what an earlier one gave is forgotten."""

    def use(folder: Path) -> None:
        monkeypatch.syspath_prepend(str(folder))
        importlib.invalidate_caches()

    yield use
    for name in [name for name in sys.modules if name.split(".")[0] in ("arches", "sizes")]:
        del sys.modules[name]


@pytest.fixture
def code(tmp_path: Path, imported: Callable[[Path], None]) -> Callable[[Layout], dict[str, str]]:
    def read(layout: Layout, edit: Callable[[Path], None] = lambda _: None) -> dict[str, str]:
        root = tmp_path / f"{layout.__name__} {len(list(tmp_path.iterdir()))}"
        folder = layout(root)
        edit(folder)
        imported(folder)
        info = PathDistribution(root / "site" / "arches-1.0.dist-info")
        (point,) = info.entry_points
        return code_of(point)

    return read


def test_a_wheel_and_an_editable_install_of_one_source_have_one_digest(
    code: Callable[..., dict[str, str]],
) -> None:
    installed, edited = code(wheel), code(editable)
    assert list(installed) == USED
    assert edited == installed
    assert digest_of(edited) == digest_of(installed)


def append(name: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        with (folder / name).open("ab") as file:
            file.write(b"\n")

    return edit


@pytest.mark.parametrize("layout", [wheel, editable])
@pytest.mark.parametrize("name", sorted(FILES))
def test_an_edit_counts_if_the_plugin_imports_the_file(
    name: str, layout: Layout, code: Callable[..., dict[str, str]]
) -> None:
    before, after = code(layout), code(layout, append(name))
    assert [file for file in before if before[file] != after[file]] == [name] * (name in USED)


@pytest.mark.parametrize(
    "text",
    [
        "from pathlib import Path\nx = Path(__file__).with_name('notes.json')\n",
        "from importlib.resources import files\n",
        "import importlib\nx = importlib.import_module('.unrelated', __package__)\n",
        "x = __import__('arches.unrelated')\n",
        "exec('import arches.unrelated')\n",
    ],
)
def test_all_files_of_its_package_count_if_it_may_find_them_by_other_means(
    text: str, code: Callable[..., dict[str, str]]
) -> None:
    def edit(folder: Path) -> None:
        (folder / "arches/nets.py").write_text(FILES["arches/nets.py"] + text)
        write(folder / "arches", {".notes.json.swp": "", "__pycache__/x.pyc": "", "old.pyc": ""})

    assert list(code(wheel, edit)) == sorted(FILES)
    assert code(editable, edit) == code(wheel, edit)


def test_to_switch_a_network_to_eval_finds_no_files(code: Callable[..., dict[str, str]]) -> None:
    def edit(folder: Path) -> None:
        (folder / "arches/nets.py").write_text(FILES["arches/nets.py"] + "def f(n): n.eval()\n")

    assert list(code(wheel, edit)) == USED


def test_line_endings_and_a_file_that_is_no_python_are_hashed_as_they_are(
    code: Callable[..., dict[str, str]],
) -> None:
    def edit(folder: Path) -> None:
        (folder / "arches/nets.py").write_bytes(b"def (:\r\n")

    broken = code(wheel, edit)
    assert broken["arches/nets.py"] != code(wheel)["arches/nets.py"]
    assert "arches/deep/widths.py" not in broken


def test_a_module_that_is_in_no_folder_has_no_files() -> None:
    assert code_of(EntryPoint("mine", "not_there_at_all.plugin", "gan_bench")) == {}


# What a catalogue says of it

SOURCE = """
from gan_bench import Loss, hookimpl

@hookimpl
def gan_bench_losses():
    return [Loss(name="strange", source="a test", d_loss=max, g_loss=max)]
"""


def test_the_code_is_that_of_when_it_was_first_asked_for(install: Install, tmp_path: Path) -> None:
    install("gan-bench-stranger", SOURCE)
    (module,) = tmp_path.glob("site/*.py")
    before, later = (catalogues.load().offers[Loss]["strange"][1] for _ in range(2))
    digest = before.sha256
    module.write_text(SOURCE + "# edited\n")
    assert before.sha256 == digest != later.sha256
    assert list(before.files) == [module.name]


def test_built_ins_follow_the_same_rule() -> None:
    plugins = {id(p): p for offers in catalogues.load().offers.values() for _, p in offers.values()}
    for plugin in plugins.values():
        assert plugin.files, plugin
        assert not any(name.startswith("gan_bench/") for name in plugin.files)
        assert not any(os.path.isabs(name) for name in plugin.files)


def test_code_that_is_no_file_is_told_apart_by_its_version() -> None:
    one, same, other = (catalogues.Plugin("a", "pkg", v, dict) for v in ("1", "1", "2"))
    assert one.sha256 == same.sha256 != other.sha256
