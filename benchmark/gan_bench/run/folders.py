"""The folders of a plan: made, counted, and kept from being mixed up."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gan_bench import catalogue as catalogues
from gan_bench.base.text import plural
from gan_bench.contract.differing import THEN_AND_NOW, in_words
from gan_bench.contract.errors import DataError, StorageError, UsageError
from gan_bench.contract.protocol import Cell, Data, Protocol
from gan_bench.data.reporting.contact_sheet import contact_sheet
from gan_bench.results.asked_plugins import note_asked
from gan_bench.results.atomic import make_folder, remove, write_bytes, write_json
from gan_bench.results.layout import (
    BEST_GENERATOR,
    CELL,
    CHECKPOINTS,
    CONTACT_SHEET,
    DATA_REPORT,
    PROTOCOL,
    RECORD,
    TICKS,
    TRACKERS,
    cell_dir,
    label_of,
    protocol_dir,
)
from gan_bench.results.locks import remove_parts
from gan_bench.results.measurements import ask_for, take_all_back
from gan_bench.results.plans import note_plan
from gan_bench.results.reading import Damaged, read_lines, read_model
from gan_bench.results.records import WITHOUT_SCORES, Record, read_record
from gan_bench.run.again import asked_of

if TYPE_CHECKING:
    from gan_bench.run.plan import Planned


def check_writable(results: Path) -> None:
    """StorageError if the results could not be kept, before any work is done."""
    try:
        results.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=results):
            pass
    except OSError as error:
        raise StorageError(
            f"cannot write the results folder {results}: {error.strerror or error}; "
            "choose another with --results"
        ) from error


def folders_of(planned: Planned, results: Path) -> list[Path]:
    """The folders of all cells, in the plan's order."""
    protocol = planned.plan.protocol
    return [cell_dir(results, protocol, cell) for cell in planned.plan.cells]


def lay_out(planned: Planned, results: Path, retry_failed: bool = False) -> None:
    """Write the plan's folders; cells that are done stay as they are.

    With `retry_failed` those that failed are taken back, and begin anew if their plugins have been
    edited since. Raises UsageError if the folder holds another protocol, DataError if the data set
    has changed since cells of this plan were begun.
    """
    protocol = planned.plan.protocol
    root = protocol_dir(results, protocol)
    _check_protocol(root / PROTOCOL, protocol)
    _check_data(planned, results)
    make_folder(root)
    remove_parts(root)
    note_asked(path for cell in planned.plan.cells for path in cell.environment.plugins)
    note_plan(root, planned.plan.cells, asked_of(planned), planned.sequential, planned.budget)
    write_json(root / PROTOCOL, protocol.model_dump(mode="json"))
    write_json(root / DATA_REPORT, planned.prepared.report.document())
    if not (root / CONTACT_SHEET).exists():
        write_bytes(root / CONTACT_SHEET, contact_sheet(planned.prepared))
    for cell, folder in zip(planned.plan.cells, folders_of(planned, results), strict=True):
        retried = retry_failed and failed(folder)
        if retried:
            remove(folder / RECORD)
        if done(folder):
            clear_left(folder)
        else:
            make_folder(folder)
            write_json(folder / CELL, _as_begun(cell, folder).model_dump(mode="json"))
        if retried:
            _drop_foreign_checkpoints(folder, cell, protocol)
            take_all_back(folder)
        if planned.evaluation:
            ask_for(folder, planned.evaluation, cell.environment)


def clear_left(folder: Path) -> None:
    """Delete the checkpoints of a cell whose process ended between its record and their deletion.

    Those of a cell that failed or diverged stay.
    """
    with suppress(StorageError):  # the report shows a record that is damaged
        left = any((folder / CHECKPOINTS).glob("*.pt"))
        if left and read_record(folder).status not in WITHOUT_SCORES:
            from gan_bench.train.checkpoint import Checkpoints  # it imports torch

            Checkpoints(folder / CHECKPOINTS, {}).clear()


def _drop_foreign_checkpoints(folder: Path, cell: Cell, protocol: Protocol) -> None:
    """Delete the checkpoints of a failed cell if its plugins have been edited since.

    Otherwise it goes on from them: what failed may have been the machine.
    """
    if not begun(folder):
        return
    from gan_bench.run.parts import identity  # these import torch
    from gan_bench.train.checkpoint import Checkpoints, Foreign

    catalogue = catalogues.load(map(Path, cell.environment.plugins))
    checkpoints = Checkpoints(folder / CHECKPOINTS, identity(cell, protocol, catalogue))
    try:
        checkpoints.check()
    except Foreign:
        checkpoints.clear()
        shutil.rmtree(folder / TRACKERS, ignore_errors=True)  # it is another training now


def _check_protocol(path: Path, protocol: Protocol) -> None:
    """UsageError if the folder, whose name has the protocol's digest, holds another protocol."""
    if not path.exists():
        return
    try:
        written = read_model(path, Protocol)
    except Damaged:  # it will be written again
        return
    if written != protocol:
        raise UsageError(
            f"{path} is not the protocol that its folder is named after "
            f"({in_words(written, protocol, THEN_AND_NOW)}): it was edited by hand; move "
            "the folder away, or choose another --results"
        )


def _check_data(planned: Planned, results: Path) -> None:
    """DataError if cells of this plan were begun on other images of the same data set.

    The two plans are compared by what the user asked for. What follows from the images themselves,
    such as fewer samples where there are few images, may differ.
    """
    protocol = planned.plan.protocol
    home = protocol_dir(results, protocol)
    waiting = [folder for folder in folders_of(planned, results) if not done(folder)]
    for path in sorted(results.glob(f"*/{PROTOCOL}")):
        try:
            other = read_model(path, Protocol)
        except Damaged:  # which the report shows
            continue
        if not _other_images(other.data, protocol.data):
            continue
        if other != planned.choice.protocol(other.data):
            continue
        for folder in (path.parent / each.relative_to(home) for each in waiting):
            if begun(folder):
                raise DataError(
                    f"the data set {protocol.data.name} has changed since {folder} was begun "
                    f"({in_words(other, protocol, THEN_AND_NOW)}): put the images back to go "
                    "on with it, or begin anew with another --results"
                )


def _other_images(one: Data, other: Data) -> bool:
    """Whether this is one data set at one size, of which some images differ."""
    same_set = one.name == other.name and one.shape[1:] == other.shape[1:]
    return same_set and one != other


def done(folder: Path) -> bool:
    """Whether the cell has a record; one that cannot be read must not be overwritten either."""
    return (folder / RECORD).exists()


def begun(folder: Path) -> bool:
    """Whether the cell has a checkpoint but no record."""
    return not done(folder) and any((folder / CHECKPOINTS).glob("*.pt"))


def has_paused(folder: Path) -> bool:
    """Whether the cell has come to the tick at which it is to pause by now."""
    pause = read_model(folder / CELL, Cell).environment.pause
    return pause is not None and len(read_lines(folder / TICKS)) >= pause


def _as_begun(cell: Cell, folder: Path) -> Cell:
    """The cell with as many threads as it began with, if it goes on from a checkpoint.

    On a CPU it ends in the same bytes only with as many as before.
    """
    if not begun(folder):
        return cell
    try:
        then = read_model(folder / CELL, Cell).environment.threads
    except Damaged:  # it will be written again
        return cell
    environment = cell.environment.model_copy(update={"threads": then})
    return cell.model_copy(update={"environment": environment})


def standing(folders: Sequence[Path]) -> str:
    """How far the cells are: `6 cells, 2 done, 1 begun`."""
    counts = [(sum(map(done, folders)), "done"), (sum(map(begun, folders)), "begun")]
    parts = [f"{count} {word}" for count, word in counts if count]
    return ", ".join([plural(len(folders), "cell"), *parts])


def without_best(folders: Sequence[Path]) -> str | None:
    """A warning if done cells kept no generator of their best tick; None if all did."""
    lacking = [each for each in folders if done(each) and not (each / BEST_GENERATOR).exists()]
    if not lacking:
        return None
    more = f" and {plural(len(lacking) - 1, 'more cell')}" if len(lacking) > 1 else ""
    return (
        f"{label_of(lacking[0])}{more} ended without --keep best, and a done cell is not trained "
        "again: give another folder with --results to train with --keep best"
    )


def failed(folder: Path) -> bool:
    """Whether the cell's record says failed, is damaged or is not there.

    StorageError if the disk does not give it: what may be a finished cell is not trained again.
    """
    record = _record(folder)
    return record is None or record.status == "failed"


def retriable(folder: Path) -> bool:
    """Whether training the cell again may help: it failed, and its parts fit together."""
    record = _record(folder)
    return record is None or (record.status == "failed" and not record.impossible)


def _record(folder: Path) -> Record | None:
    """The record; None if it is damaged or not there."""
    try:
        return read_record(folder)
    except Damaged:
        return None
    except StorageError:
        if done(folder):
            raise
        return None
