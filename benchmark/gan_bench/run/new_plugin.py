"""`gan-bench plugins new`: a package with one small offer, whose tests pass at once."""

from __future__ import annotations

import keyword
import os
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template

from gan_bench.catalogue import KINDS, Catalogue
from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.contract.names import did_you_mean, safe_name
from gan_bench.contract.offers import Architecture
from gan_bench.contract.own_names import check_architecture_name

END = ".py.tmpl"
TEST = f"test{END}"  # the tests of a package of any kind


def kinds() -> list[str]:
    """The kinds of offer that there is a template for."""
    names = (each.name for each in (files("gan_bench.run") / "templates").iterdir())
    return sorted(name.removesuffix(END) for name in names if name.endswith(END) and name != TEST)


def check_kind(kind: str) -> None:
    """UsageError if there is no template for this kind."""
    if kind not in kinds():
        raise UsageError(f"no kind is called {kind!r}.{did_you_mean(kind, kinds())}")


def check_free(name: str, kind: str, catalogue: Catalogue) -> None:
    """UsageError if a run could not ask for an offer of this name, or if another one has it."""
    type_ = next(each for each in KINDS if each.__name__.lower() == kind)
    if type_ is Architecture:
        check_architecture_name(name)
    for each in catalogue.meant(type_, name):
        maker = catalogue.offers[type_][each.name][1]
        raise UsageError(
            f"the {KINDS[type_][0]} {each.name!r} of {maker} has this name already: choose "
            f"another, such as my-{name}"
        )


def write_package(name: str, kind: str, above: Path) -> list[Path]:
    """Write the package NAME into a new folder; the files.

    UsageError if the folder is there or the name cannot be used, StorageError if it cannot be
    written.
    """
    offer = safe_name(name)
    module = "".join(c if c.isalnum() else "_" for c in offer.lower())
    if not module.isascii() or module[0].isdigit():
        raise UsageError(f"{name!r} gives no module name: begin with a letter from a to z")
    if keyword.iskeyword(module) or find_spec(module) is not None:
        raise UsageError(f"the name {name!r} gives the module {module}, which Python has already")
    folder = above / name
    if os.path.lexists(folder):
        raise UsageError(f"{folder} is there already: choose another name or folder")
    values = {"name": offer, "offer": offer, "module": module, "kind": kind.capitalize()}
    written = {
        f"{module}.py": f"{kind}{END}",
        f"test_{module}.py": TEST,
        "pyproject.toml": "pyproject.toml.tmpl",
    }
    try:
        folder.mkdir(parents=True)
        for path, template in written.items():
            text = (files("gan_bench.run") / "templates" / template).read_text(encoding="utf-8")
            (folder / path).write_text(Template(text).substitute(values), encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"cannot write {folder}: {error.strerror or error}; choose another folder with --into"
        ) from error
    return [folder / path for path in written]
