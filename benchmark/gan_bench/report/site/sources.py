"""What a site shows: protocols and studies of all given results folders, each of them once."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.contract.protocol import Protocol
from gan_bench.report.chosen import has_boards, studies_of
from gan_bench.results.finding import protocol_folders, results_in
from gan_bench.results.layout import PROTOCOL, audits_in
from gan_bench.results.reading import read_model


def protocols_of(folders: Sequence[Path]) -> dict[str, Path]:
    """Slug -> folder of every protocol, in order of the slugs; not of the trials of a study.

    A folder may also hold several results folders. UsageError if there is nothing to show, or two
    folders have the same protocol or the same slug: their cells would be one table, or two pages
    of one name.
    """
    homes: dict[str, Path] = {}
    known: dict[Path, str] = {}
    for slug, home in (each for folder in folders for each in _found(folder)):
        real = Path(os.path.realpath(home))
        if real in known:
            continue  # it was given twice
        known[real] = slug
        if slug in homes:
            raise UsageError(_together(homes[slug], home))
        homes[slug] = home
    _check_different(homes)
    return dict(sorted(homes.items()))


def tuned_in(folders: Sequence[Path]) -> list[Path]:
    """The folders of the studies, each once, in order of their names."""
    found = [study for results in _results_of(folders) for study in _tuned(results)]
    once = {Path(os.path.realpath(study)): study for study in found}
    return sorted(once.values(), key=lambda study: study.name)


def audited_in(folders: Sequence[Path]) -> list[Path]:
    """The folders of audits, which a site does not show."""
    return [audit for results in _results_of(folders) for audit in audits_in(results)]


def _results_of(folders: Sequence[Path]) -> list[Path]:
    return [results for folder in folders for results in results_in(folder)]


def _found(folder: Path) -> Iterator[tuple[str, Path]]:
    """The protocols of a results folder, or of the results folders in this one."""
    for results in results_in(folder):
        if has_boards(results, _tuned(results)):
            yield from protocol_folders(results).items()


def _tuned(results: Path) -> list[Path]:
    return studies_of(results, None)


def _together(one: Path, other: Path) -> str:
    """What to do about two protocols of one name."""
    if _protocol(one) != _protocol(other):
        return (
            f"{one} and {other} have one name, but two protocols: rename one of the folders, or "
            "make a site of each"
        )
    return _merging(one, other)


def _merging(one: Path, other: Path) -> str:
    folders = shlex.join([str(one.parent), str(other.parent)])
    return (
        f"{one} and {other} are the same protocol, and its cells belong in one table: "
        f"`gan-bench merge {folders} -o NEW` joins them, then make the site of NEW"
    )


def _check_different(homes: dict[str, Path]) -> None:
    """UsageError if a protocol has two names."""
    known: dict[str, Path] = {}
    for home in homes.values():
        protocol = _protocol(home)
        if protocol is None:
            continue
        other = known.setdefault(protocol.model_dump_json(), home)
        if other != home:
            raise UsageError(_merging(other, home))


def _protocol(home: Path) -> Protocol | None:
    """None if it cannot be read: the site will say so."""
    with suppress(StorageError):
        return read_model(home / PROTOCOL, Protocol)
    return None
