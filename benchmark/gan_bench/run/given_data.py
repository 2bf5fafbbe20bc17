"""--data and the options of its preparation -> the data set, or why it cannot be meant."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from gan_bench.base import text
from gan_bench.base.escape import plain
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import DataError, UsageError
from gan_bench.contract.names import name_of
from gan_bench.contract.offers import Dataset
from gan_bench.contract.protocol import AS_IT_IS, Preparation, Sides
from gan_bench.data.cache import sides_of
from gan_bench.data.files.hub import KAGGLE, downloaded_from_kaggle, on_a_site
from gan_bench.data.source import Source, Unusable, files_at
from gan_bench.measure.judging.judge_file import judge_warnings, judged_by
from gan_bench.results.atomic import write_json
from gan_bench.results.layout import refused_report_path
from gan_bench.run.names import unknown_data
from gan_bench.run.request import Request


def source_of(request: Request, catalogue: Catalogue, default: str) -> tuple[Source, list[str]]:
    """The data set that is asked for, else the one of this name, with its judge; and notes."""
    source, notes = _source(request, catalogue, default)
    if request.judge is None:
        return source, notes
    source = replace(source, dataset=judged_by(source.dataset, request.judge))
    return source, [*notes, *judge_warnings(request.judge)]


def _source(request: Request, catalogue: Catalogue, default: str) -> tuple[Source, list[str]]:
    """--data is a name of the catalogue, else a path, else a name in another case."""
    if request.data is None:
        return _named(default, request, catalogue), []
    name, path = request.data, Path(os.path.expanduser(request.data))  # leaves ~nobody as it is
    if not name.strip():
        raise UsageError("--data is empty, as an unset variable of the shell is")
    known = name in catalogue.names(Dataset)
    if not known and (on_a_site(name) or _exists(path)):
        return _of_the_user(path, request), []
    return _named(name, request, catalogue), _beside(name, path) if known else []


def sides_for(request: Request, source: Source, default: int) -> Sides:
    """(H, W) of its images: as asked for, else its own, else the default.

    UsageError for rectangles of a named data set, whose `load` takes one number.
    """
    height, width = sides_of(request.size or source.dataset.size or default)
    if height != width and not source.files:
        raise UsageError(
            f"--size {text.sides(height, width)}: the images of {source.dataset.name} are square: "
            "give one number, or a folder or zip of your own with --data"
        )
    return height, width


def _of_the_user(path: Path, request: Request) -> Source:
    if request.data_root or request.download:
        raise UsageError(f"--data {request.data} is a path: leave --data-root and --download out")
    preparation, name = request.preparation or AS_IT_IS, None
    if preparation.grey and preparation.alpha:
        raise UsageError("--grey makes one channel and --alpha four: give one of them")
    if path.as_posix().startswith(KAGGLE):
        name, path = name_of(path), downloaded_from_kaggle(path.as_posix())
    return files_at(path, preparation, name)


def _named(name: str, request: Request, catalogue: Catalogue) -> Source:
    unknown = not catalogue.canonical(Dataset, name)
    if request.data and unknown and (Dataset, name.lower()) not in catalogue.contested:
        raise UsageError(unknown_data(name, catalogue.instead(Dataset, name)))
    dataset = catalogue.find(Dataset, name)
    options = _options(request.preparation or AS_IT_IS)
    if options:
        are = "is for a folder or zip" if len(options) == 1 else "are for folders and zips"
        raise UsageError(
            f"{', '.join(options)} {are} of your own; the images of {dataset.name} are prepared "
            "already"
        )
    root = Path(os.path.realpath(request.data_root)) if request.data_root else None
    return Source(dataset, root, request.download)


def _options(preparation: Preparation) -> list[str]:
    """The options that were given, as they are typed."""
    given = preparation.model_dump(exclude_defaults=True)
    return [f"--{name.replace('_', '-')}" for name in given]


def _beside(name: str, path: Path) -> list[str]:
    """A note if a folder or file here has the name of the data set."""
    if not _exists(path):
        return []
    return [
        f"data {name} is the data set of this name, not the {'folder' if path.is_dir() else 'file'}"
        f" here: --data ./{plain(name)} means that"
    ]


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {str(path)!r}: {error}") from error


def with_report(error: Unusable, results: Path | None) -> DataError:
    """The error, with the path of the data report that is written for it.

    The report names every image and file that is left out, which no message can.
    """
    if results is None or not (error.report.dropped or error.report.not_used):
        return error
    path = refused_report_path(results, error.report.name)
    write_json(path, error.report.document())
    return DataError(f"{error}\nall that is left out: {path}")
