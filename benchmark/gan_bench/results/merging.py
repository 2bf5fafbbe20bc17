"""Several results folders as one: what is taken from where, and what contradicts itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gan_bench.contract.errors import StorageError
from gan_bench.contract.protocol import Protocol
from gan_bench.results.finding import (
    has_protocols,
    name_of_cell,
    protocol_folders,
)
from gan_bench.results.inventory import CellState, lasting_files, state_of
from gan_bench.results.layout import (
    AUDITS,
    CONTACT_SHEET,
    DATA_REPORT,
    ENGINES,
    ENTRIES,
    ENTRY,
    EVALUATION,
    EVALUATIONS,
    FIGURES,
    PLANS,
    PROTOCOL,
    SCALE,
    cells_in,
    entries_in,
    studies_in,
)
from gan_bench.results.locks import InUse, alone_in, check_unused
from gan_bench.results.measurements import Measurement, asked_in, read_measurement, slugs_in
from gan_bench.results.merging_studies import merged_studies
from gan_bench.results.plans import merged_plans, plan_lines, read_plans
from gan_bench.results.reading import digest_of, read_bytes, read_model
from gan_bench.results.records import Record, training_code
from gan_bench.results.scale import Scale, read_scale

# Two trainings with equal results may differ in these: they say when, where and how fast.
CIRCUMSTANCES = (
    *("cost", "device", "computed", "machine", "versions", "starts", "notes", "log", "ended"),
    "code",  # compared by its digest
)
OF_AN_ENTRY = ("origin", "device", "versions", "ended")  # the same, of an entry


@dataclass
class Merge:
    """What a new results folder is made of. Nothing may be written if there is a conflict."""

    files: dict[Path, Path] = field(default_factory=dict)  # path in the new folder -> its source
    texts: dict[Path, bytes] = field(default_factory=dict)  # files that are made of several
    protocols: int = 0
    cells: int = 0
    entries: int = 0
    evaluations: int = 0  # that were added
    studies: int = 0
    notes: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)  # one sentence each


@dataclass(frozen=True)
class _Copy:
    """One of the folders of a cell."""

    folder: Path
    status: CellState
    record: Record | None

    @property
    def result(self) -> object:
        """What a second training of the cell should give again."""
        if self.record is None:
            return self.folder  # unreadable: equal to no other
        code = training_code(self.record.code)
        return self.record.model_dump(exclude=set(CIRCUMSTANCES)), code


def plan_merge(folders: Sequence[Path]) -> Merge:
    """Decide what to copy. Where it makes no difference, the folder that is named first wins.

    Call it in `held`. StorageError if a protocol or its plans are unreadable.
    """
    merge = Merge()
    tables, merge.conflicts = _tables(folders)
    merge.protocols = len(tables)
    for slug, homes in tables.items():
        _add_beside_the_cells(merge, slug, homes)
        copies: dict[str, list[Path]] = {}
        for cell in (cell for home in homes for cell in cells_in(home)):
            copies.setdefault(name_of_cell(cell), []).append(cell)
        for name, each in copies.items():
            _add_cell(merge, Path(slug, name), [_Copy(cell, *state_of(cell)[:2]) for cell in each])
        merge.cells += len(copies)
        merge.entries += len({path.name for home in homes for path in entries_in(home)})
        merge.evaluations += len({added for home in homes for added in slugs_in(home)})
    for report in (path for folder in folders for path in folder.glob(f"*-{DATA_REPORT}")):
        if report.is_file() and not report.is_symlink():  # of a set that was refused
            merge.files.setdefault(Path(report.name), report)
    merge.notes += [
        f"{folder / AUDITS} is not merged: copy it where it is to be"
        for folder in folders
        if (folder / AUDITS).is_dir()
    ]
    studies = merged_studies(folders)
    merge.studies = studies.count
    merge.files |= studies.files
    merge.notes += studies.notes
    merge.conflicts += studies.conflicts
    return merge


@contextmanager
def held(folders: Sequence[Path]) -> Iterator[None]:
    """Lock the protocols in these folders for the block. InUse if a process works in one of them.

    One that may not be written is not locked: nobody else will write it, either.
    """
    homes = [home for folder in folders for home in (*_homes(folder), *studies_in(folder))]
    with ExitStack() as locks:
        for home in {home.resolve(): home for home in homes}.values():
            try:
                locks.enter_context(alone_in(home, "merging"))
            except InUse:
                raise
            except StorageError:
                check_unused(home)
            else:
                check_unused(home, itself=False)
        yield


def _homes(folder: Path) -> list[Path]:
    """The folders of its protocols. UsageError if it has neither these nor studies."""
    only_studies = studies_in(folder) and not has_protocols(folder)
    return [] if only_studies else [*protocol_folders(folder).values()]


def _tables(folders: Sequence[Path]) -> tuple[dict[str, list[Path]], list[str]]:
    """Slug -> the folders of this protocol; and a sentence for each slug with two protocols."""
    tables: dict[str, list[Path]] = {}
    known: dict[str, Protocol] = {}
    conflicts = []
    for home in (home for folder in folders for home in _homes(folder)):
        protocol = read_model(home / PROTOCOL, Protocol)
        slug = next((name for name, other in known.items() if other == protocol), _slug(home))
        if known.setdefault(slug, protocol) == protocol:
            tables.setdefault(slug, []).append(home)
        else:
            conflicts.append(f"{tables[slug][0]} and {home} have one name, but two protocols")
    return tables, conflicts


def _slug(home: Path) -> str:
    return home.absolute().name


def _add_beside_the_cells(merge: Merge, slug: str, homes: Sequence[Path]) -> None:
    """The files of the protocol itself. Pictures are left out: they are drawn again."""
    for home in homes:
        cells = [cell.relative_to(home) for cell in cells_in(home)]
        for path in lasting_files(home):
            if path.parts[0] in (PLANS, SCALE) or any(map(path.is_relative_to, cells)):
                continue
            if FIGURES in (path.parts[0], path.parent.name):  # of the protocol, of an evaluation
                continue
            if path.parts[0] in (ENGINES, ENTRIES, EVALUATIONS):
                continue
            alike = path.name in (PROTOCOL, DATA_REPORT, CONTACT_SHEET)  # as far as it matters
            _add_file(merge, Path(slug, path), home / path, says_differences=not alike)
        for path in entries_in(home):
            _add_result(merge, Path(slug), home, path.relative_to(home) / ENTRY)
        for added in slugs_in(home):
            folder = Path(EVALUATIONS, added)
            _add_result(merge, Path(slug), home, folder / EVALUATION)
            if (home / folder / SCALE).is_file():
                _add_result(merge, Path(slug), home, folder / SCALE)
    if plans := merged_plans([read_plans(home) for home in homes]):
        merge.texts[Path(slug, PLANS)] = plan_lines(plans)
    _add_scale(merge, slug, homes)


def _add_result(merge: Merge, where: Path, home: Path, path: Path) -> None:
    """One file with results: a conflict if a folder that was named before has other ones.

    When and where they were computed may differ.
    """
    source = home / path
    if source.is_symlink() or not source.is_file():
        return
    taken = merge.files.setdefault(where / path, source)
    if taken != source and _what_it_says(taken) != _what_it_says(source):
        merge.conflicts.append(f"{where / path} is in {taken} and {source}: they differ")


def _what_it_says(path: Path) -> object:
    """The document without its circumstances; its digest if it cannot be read."""
    try:
        document = json.loads(read_bytes(path))
    except (StorageError, ValueError, RecursionError):
        return digest_of(path)
    if not isinstance(document, dict):
        return document
    return {name: each for name, each in document.items() if name not in OF_AN_ENTRY}


def _add_scale(merge: Merge, slug: str, homes: Sequence[Path]) -> None:
    """The scale with the most scores: an interrupted run leaves one with fewer."""
    scales: dict[Path, Scale] = {}
    for home in homes:
        try:
            scale = read_scale(home)
        except StorageError as error:
            merge.notes.append(f"{error}; it is left out")
            continue
        if scale:
            scales[home] = scale
    if not scales:
        return
    best = max(scales, key=lambda home: _scores(scales[home]))
    merge.files[Path(slug, SCALE)] = best / SCALE
    if any(scale != scales[best] for scale in scales.values()):
        merge.notes.append(f"the scales of {slug} are not equal: that of {best} is kept")


def _scores(scale: Scale) -> int:
    sets = [*scale.bad.values(), *([scale.real] if scale.real else [])]
    return sum(len(each.scores) for each in sets)


def _add_cell(merge: Merge, where: Path, copies: Sequence[_Copy]) -> None:
    """One cell, of which there are one or more copies: a done one goes before one that is not."""
    done = [copy for copy in copies if copy.record or copy.status == "unreadable"]
    begun = [copy for copy in copies if copy.status == "stopped"]
    taken = done or begun or list(copies)
    if any(copy.result != taken[0].result for copy in done[1:]):
        merge.conflicts.append(_differ(where, taken, "their results differ"))
    elif not done and len({_digest(copy.folder) for copy in begun}) > 1:
        merge.conflicts.append(_differ(where, taken, "neither is finished, and they differ"))
    elif any(copy.record != taken[0].record for copy in done[1:]):
        merge.notes.append(
            f"{where} was trained more than once with equal results: {taken[0].folder} is kept"
        )
    left = [copy for copy in copies if copy not in taken]
    merge.notes += [f"{copy.folder} is left out: {taken[0].folder} is further" for copy in left]
    measured = _add_measurements(merge, where, [copy.folder for copy in taken])
    for copy in taken:
        same_training = copy.record == taken[0].record
        for path in lasting_files(copy.folder):
            if not any(map(path.is_relative_to, measured)):
                _add_file(merge, where / path, copy.folder / path, says_differences=same_training)


def _add_measurements(merge: Merge, where: Path, cells: Sequence[Path]) -> list[Path]:
    """The scores of equal cells by each evaluation besides the protocol's; the folders of these.

    All files of an evaluation are of one copy: of the first with scores, else of the first.
    """
    copies: dict[Path, list[Path]] = {}
    for cell in cells:
        for slug in asked_in(cell):
            copies.setdefault(Path(EVALUATIONS, slug), []).append(cell)
    for folder, each in copies.items():
        found = {cell: _measurement(cell, folder.name) for cell in each}
        scored = [cell for cell in each if (one := found[cell]) and one.seconds is not None]
        kept = (scored or each)[0]
        for cell in scored[1:]:
            if _scores_of(found[cell]) != _scores_of(found[kept]):
                merge.notes.append(
                    f"{where} has other scores by {folder.name} in {cell} than in {kept}: "
                    f"those of {kept} are kept"
                )
        for path in lasting_files(kept / folder):
            merge.files[where / folder / path] = kept / folder / path
    return list(copies)


def _measurement(cell: Path, slug: str) -> Measurement | None:
    """None if it is not measured yet, or cannot be read."""
    try:
        return read_measurement(cell, slug)
    except StorageError:
        return None


def _scores_of(measurement: Measurement | None) -> object:
    return measurement and (measurement.scores, measurement.unscored)


def _add_file(merge: Merge, path: Path, source: Path, says_differences: bool) -> None:
    """Take the file unless a folder that was named before has one of this name."""
    taken = merge.files.setdefault(path, source)
    if says_differences and taken != source and digest_of(taken) != digest_of(source):
        merge.notes.append(f"{taken} and {source} differ: the first one is kept")


def _differ(where: Path, copies: Sequence[_Copy], why: str) -> str:
    folders = " and ".join(str(copy.folder) for copy in copies)
    return f"{where} is in {folders}: {why}"


def _digest(folder: Path) -> tuple[tuple[Path, str], ...]:
    return tuple((path, digest_of(folder / path)) for path in lasting_files(folder))
