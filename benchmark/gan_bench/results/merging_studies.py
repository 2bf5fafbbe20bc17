"""Studies of `gan-bench tune` in a merge: each is copied as a whole, with its trainings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gan_bench.results.inventory import lasting_files
from gan_bench.results.layout import ENGINES, STUDIES, is_study, studies_in
from gan_bench.results.reading import digest_of


@dataclass(frozen=True)
class MergedStudies:
    """The files of the studies in all folders, and what contradicts itself."""

    count: int
    files: dict[Path, Path]  # path in the new folder -> its source
    notes: list[str]
    conflicts: list[str]


def merged_studies(folders: Sequence[Path]) -> MergedStudies:
    """Each study once. Two of one name with other files are a conflict."""
    copies: dict[Path, list[Path]] = {}
    for study in (study for folder in folders for study in studies_in(folder)):
        copies.setdefault(Path(STUDIES, study.name), []).append(study)
    first = {where: each[0] for where, each in copies.items()}
    files = {where / path: one / path for where, one in first.items() for path in _files(one)}
    conflicts = [
        f"{where} is in {each[0]} and {other}, and their files differ: a study is merged as a "
        "whole, so move one of the two elsewhere"
        for where, each in copies.items()
        for other in each[1:]
        if _content(other) != _content(each[0])
    ]
    notes = [_taken_apart(folder) for folder in folders if is_study(folder)]
    return MergedStudies(len(copies), files, notes, conflicts)


def _taken_apart(study: Path) -> str:
    beside, whole = study.absolute().parent, study.absolute().parents[1]
    advice = f"; name {whole} to copy it as a study" if beside.name == STUDIES else ""
    return (
        f"{study} is a study: its trainings become tables of their own, and what it compares, its "
        f"trials and best settings, is not merged{advice}"
    )


def _files(study: Path) -> list[Path]:
    """All but what the engine of another machine left."""
    return [path for path in lasting_files(study) if ENGINES not in path.parts[:2]]


def _content(study: Path) -> dict[Path, str]:
    return {path: digest_of(study / path) for path in _files(study)}
