"""The folder of a site: written beside its place, and put there as a whole."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from gan_bench.base.text import plural
from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.results.atomic import make_folder, writing
from gan_bench.results.inventory import files_in
from gan_bench.results.own_files import check_not_own
from gan_bench.results.reading import read_bytes

MARKER = ".gan-bench-site.json"  # in the folder of a site: which files are of this command
LARGEST = 2**26  # bytes of the marker


class Marker(BaseModel):
    """Says that a folder is a site, and which files were written there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    made_by: str
    files: tuple[str, ...]  # paths in the folder, with / between names


@dataclass
class Draft:
    """A site that is being written, in a folder beside its place."""

    folder: Path
    files: list[str] = field(default_factory=list)
    size: int = 0  # bytes

    def write(self, path: str, text: str) -> None:
        """Write one file; the path is relative to the site, with / between names."""
        target = self.folder / path
        make_folder(target.parent)
        content = text.encode()
        with writing(target, len(content), verified=False) as file:
            file.add(content)
        self.files.append(path)
        self.size += len(content)

    def finish(self, made_by: str) -> None:
        """Write the marker, which belongs to the site too."""
        marker = Marker(made_by=made_by, files=(*self.files, MARKER))
        self.write(MARKER, marker.model_dump_json(indent=1) + "\n")


def check_place(out: Path, homes: Iterable[Path]) -> None:
    """UsageError if a site may not be written here: what is there is not a site, or is results.

    `homes` are the folders of the protocols that it shows.
    """
    check_not_own(out)
    place = Path(os.path.realpath(out))
    for home in map(Path, map(os.path.realpath, homes)):
        if place.is_relative_to(home) or home.is_relative_to(place):
            raise UsageError(f"{out} and the results in {home} are one folder: give another --out")
    if not os.path.lexists(place):
        return
    if not place.is_dir():
        raise UsageError(f"{out} is no folder: give another --out")
    try:
        if not os.listdir(place):
            return
    except OSError as error:
        raise StorageError(f"cannot read {out}: {error.strerror or error}") from error
    if not os.path.lexists(place / MARKER):
        raise UsageError(f"{out} is not empty, and no site of this command: name a new folder")
    present = {path.relative_to(place).as_posix() for path, _ in files_in(place)}
    if foreign := sorted(present - set(_own_files(place))):
        raise UsageError(
            f"{out} has {plural(len(foreign), 'file')} that this command did not write, such as "
            f"{foreign[0]}: take them away, or name a new folder"
        )


def _own_files(place: Path) -> tuple[str, ...]:
    """The files that were written by this command; none if the marker cannot be read."""
    try:
        return Marker.model_validate_json(read_bytes(place / MARKER, LARGEST)).files
    except (StorageError, ValidationError):
        return ()


def put_in_place(draft: Path, out: Path, aside: Path) -> None:
    """Give the draft the name of the site; the old site goes aside, and back if that fails."""
    had_one = os.path.lexists(out)
    try:
        if had_one:
            os.rename(out, aside)
        os.rename(draft, out)
    except BaseException as error:
        if had_one and not os.path.lexists(out):
            os.rename(aside, out)
        if isinstance(error, OSError):
            raise StorageError(f"cannot make {out}: {error.strerror or error}") from error
        raise


def bring_back(out: Path, aside: Path) -> None:
    """The old site, if a killed process has put it aside and no new one in its place."""
    if os.path.lexists(aside) and not os.path.lexists(out):
        os.rename(aside, out)
