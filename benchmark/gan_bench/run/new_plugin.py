"""`gan-bench plugins new`: a package with one small offer, whose tests pass at once."""

from __future__ import annotations

import keyword
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template

from gan_bench.contract.errors import UsageError
from gan_bench.contract.names import safe_name

END = ".py.tmpl"


def kinds() -> list[str]:
    """The kinds of offer that there is a template for."""
    names = (each.name for each in (files("gan_bench.run") / "templates").iterdir())
    return sorted(name.removesuffix(END) for name in names if name.endswith(END) and name[0] != "t")


def write_package(name: str, kind: str, above: Path) -> list[Path]:
    """Write the package NAME into a new folder; the files. UsageError if the folder is there."""
    offer = safe_name(name)
    module = "".join(c if c.isalnum() else "_" for c in offer.lower())
    if not module.isascii() or module[0].isdigit():
        raise UsageError(f"{name!r} gives no module name: begin with a letter from a to z")
    if keyword.iskeyword(module) or find_spec(module) is not None:
        raise UsageError(f"the name {name!r} gives the module {module}, which Python has already")
    folder = above / name
    if folder.exists():
        raise UsageError(f"{folder} is there already: choose another name or folder")
    values = {"name": offer, "offer": offer, "module": module, "kind": kind.capitalize()}
    written = {
        f"{module}.py": f"{kind}{END}",
        f"test_{module}.py": f"test{END}",
        "pyproject.toml": "pyproject.toml.tmpl",
    }
    folder.mkdir(parents=True)
    for path, template in written.items():
        text = (files("gan_bench.run") / "templates" / template).read_text(encoding="utf-8")
        (folder / path).write_text(Template(text).substitute(values), encoding="utf-8")
    return [folder / path for path in written]
