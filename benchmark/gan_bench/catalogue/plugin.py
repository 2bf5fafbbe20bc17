"""Where offers come from: entry points of installed distributions, and single files."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from importlib.metadata import EntryPoint, entry_points, version
from pathlib import Path

from gan_bench.catalogue.code import code_of, digest_of
from gan_bench.contract.errors import UsageError
from gan_bench.contract.names import normalised

GROUP = "gan_bench"
NO_FILE = "no such Python file"
BUILT_IN = "gan-bench"  # the distribution whose offers win where two have the same name


@dataclass(frozen=True)
class Plugin:
    """An entry point of an installed distribution, or a file."""

    name: str
    distribution: str  # "" for a file
    version: str
    load: Callable[[], object]
    read: Callable[[], Mapping[str, str]] = dict  # see `files`

    def __str__(self) -> str:
        return f"{self.distribution or self.name} {self.version}".strip()

    @property
    def key(self) -> tuple[str, str]:
        """Distribution and name, by which another process of this machine finds it again."""
        return self.distribution, self.name

    @property
    def origin(self) -> str:
        """The distribution, or the name of the file: the same on every machine."""
        return self.distribution or Path(self.name).name

    @cached_property
    def files(self) -> dict[str, str]:
        """File name -> SHA-256: its code, as it was when this was first asked for."""
        return dict(self.read())

    @property
    def sha256(self) -> str:
        """One digest of all its code; of the version, if there is no file to be read."""
        return digest_of(self.files or {self.origin: self.version})

    @property
    def built_in(self) -> bool:
        """Whether it is part of gan-bench."""
        return self.distribution == BUILT_IN


def installed() -> Iterator[Plugin]:
    """The entry points of all distributions, or of those that GAN_BENCH_PLUGINS allows."""
    allowed = os.environ.get("GAN_BENCH_PLUGINS")
    listed = re.split(r"[,\s]+", allowed or "")
    names = None if allowed is None else {BUILT_IN, *map(normalised, listed)}
    points = [(_metadata(each, "Name") or "unknown", each) for each in entry_points(group=GROUP)]
    for distribution, point in sorted(points):
        if names is None or normalised(distribution) in names:
            read = partial(code_of, point)
            yield Plugin(point.name, distribution, _metadata(point, "Version"), point.load, read)


def _metadata(point: EntryPoint, field: str) -> str:
    """A field of its distribution; an interrupted uninstall leaves entry points without any."""
    if point.dist is None or field not in (fields := point.dist.metadata):
        return ""
    return fields[field]


def from_file(path: Path) -> Plugin:
    """A plugin in one file. The bytes that give its digest are the bytes that run."""
    try:
        code = path.read_bytes()
    except OSError as error:
        reason = str(error) if path.is_file() else NO_FILE

        def fail() -> object:
            raise UsageError(reason)

        return Plugin(str(path), "", "", fail)
    # the digest is its version: another content is another plugin
    digest = hashlib.sha256(code).hexdigest()
    run = partial(_run_file, path, code)
    return Plugin(str(path), "", digest[:12], run, lambda: {path.name: digest})


def _run_file(path: Path, code: bytes) -> object:
    """The module. Python's own import may take the bytecode of an older file of the same size."""
    spec = importlib.util.spec_from_file_location(f"gan_bench_file_{path.stem}", path)
    if spec is None:
        raise UsageError(f"{NO_FILE}: its name ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and pickling look a module up by its name
    exec(compile(code, str(path), "exec"), module.__dict__)
    return module


def versions() -> dict[str, str]:
    """Versions of what a score depends on, for the record."""
    names = ("gan-bench", "torch", "torchvision", "torch-fidelity", "numpy", "scipy")
    return {name: version(name) for name in names} | {"python": sys.version.split()[0]}
