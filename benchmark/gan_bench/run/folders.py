"""The folders of a plan: made, and kept from being mixed up."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gan_bench.contract.errors import DataError, StorageError, UsageError
from gan_bench.contract.protocol import Protocol, differences
from gan_bench.results.atomic import make_folder, remove, remove_parts, write_json
from gan_bench.results.layout import cell_dir, protocol_dir
from gan_bench.results.reading import read_model
from gan_bench.results.records import read_record

if TYPE_CHECKING:
    from gan_bench.run.plan import Planned


# Running
def check_writable(results: Path) -> None:
    """StorageError, before anything is spent, if the results could not be kept."""
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
    """Write the plan's folders; what has an outcome stays as it is.

    Raises UsageError if the folder holds another protocol, DataError if the data set has changed
    since cells of this plan were begun.
    """
    protocol = planned.plan.protocol
    root = protocol_dir(results, protocol)
    cells = list(zip(planned.plan.cells, folders_of(planned, results), strict=True))
    _same_protocol(root / "protocol.json", protocol)
    _same_data(planned, results)
    make_folder(root)
    remove_parts(root)
    write_json(root / "protocol.json", protocol.model_dump(mode="json"))
    write_json(root / "data-report.json", planned.prepared.report)
    for cell, folder in cells:
        if retry_failed and failed(folder):
            remove(folder / "record.json")
        if not done(folder):
            make_folder(folder)
            write_json(folder / "cell.json", cell.model_dump(mode="json"))


def _same_protocol(path: Path, protocol: Protocol) -> None:
    """The name of the folder has the digest of what must be in it."""
    if not path.exists():
        return
    try:
        found = read_model(path, Protocol)
    except StorageError:  # damaged, and about to be written again
        return
    if found != protocol:
        raise UsageError(
            f"{path} is not the protocol that its folder is named after "
            f"({_differing(found, protocol)}): it was edited by hand; move the folder away, "
            "or choose another --results"
        )


def _differing(then: Protocol, now: Protocol) -> str:
    told = differences(then, now).items()
    return "; ".join(f"{name}: {str(a)[:20]} then, {str(b)[:20]} now" for name, (a, b) in told)


def _same_data(planned: Planned, results: Path) -> None:
    """DataError if only the images differ from those that cells of this plan were begun with."""
    protocol = planned.plan.protocol
    begun = [
        folder.relative_to(protocol_dir(results, protocol))
        for folder in folders_of(planned, results)
        if not done(folder)
    ]
    for path in sorted(results.glob("*/protocol.json")):
        try:
            other = read_model(path, Protocol)
        except StorageError:  # told by the report
            continue
        changed = other.data != protocol.data and other == protocol.model_copy(
            update={"data": other.data}
        )
        if changed and other.data.name == protocol.data.name:
            for folder in (path.parent / cell for cell in begun):
                if any(folder.glob("checkpoint/*.pt")) and not done(folder):
                    raise DataError(
                        f"the data set {protocol.data.name} has changed since {folder} was begun "
                        f"({_differing(other, protocol)}): put the images back to go on with it, "
                        "or begin anew with another --results"
                    )


def done(folder: Path) -> bool:
    """The cell has a record; a record that cannot be read is still not to be written over."""
    return (folder / "record.json").exists()


def standing(folders: Sequence[Path]) -> str:
    """`6 cells, 2 done, 1 begun`: what there is to do."""
    finished = sum(map(done, folders))
    begun = sum(any(f.glob("checkpoint/*.pt")) for f in folders if not done(f))
    told = [f"{count} {word}" for count, word in ((finished, "done"), (begun, "begun")) if count]
    return ", ".join([f"{len(folders)} cell{'' if len(folders) == 1 else 's'}", *told])


def failed(folder: Path) -> bool:
    """The cell has no outcome, or none that can be read."""
    try:
        return read_record(folder).status == "failed"
    except StorageError:
        return True
