"""The prepared images of a cell on a machine that may have neither them nor their source.

Pillow and torch are imported only where they are needed: engines import this, and it runs beside
the process of the cell.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gan_bench.contract.errors import DataError, StorageError
from gan_bench.contract.protocol import Cell, RunEnvironment
from gan_bench.results.layout import CELL, protocol_of
from gan_bench.results.reading import read_model

if TYPE_CHECKING:
    from gan_bench.data.copies import Copy


def lacks_images(cell: Path) -> bool:
    """Whether this machine has neither the cell's images in its cache nor a source of them.

    What has a source is prepared now, once for all cells of the machine. Images that differ from
    those of the protocol are not lacking, nor is a folder that cannot be read: the cell says so.
    """
    from gan_bench.data.copies import alike

    try:
        protocol, environment = protocol_of(cell), _environment(cell)
    except StorageError:
        return False
    if alike(protocol.data) is not None:
        return False
    if _is_gone(environment):
        return True
    from gan_bench.data.cache import prepare
    from gan_bench.run.task import source_of_cell

    _, source = source_of_cell(environment, protocol)
    try:
        prepare(source, protocol.data.shape[1:])
    except DataError:
        return not source.files  # a data set that has to be downloaded, and is not
    return False


def images_of(cell: Path) -> Copy:
    """A copy of the prepared images of this cell, to be sent. DataError if there are none."""
    from gan_bench.data.copies import alike, copy_of

    data = protocol_of(cell).data
    if (found := alike(data)) is None:
        raise DataError(f"the cache has lost the images of {data.name}: run the command again")
    return copy_of(found[0])


def keep_images(cell: Path, copy: Copy) -> None:
    """Keep the copy in this machine's cache, unless it has the images by now.

    It stands where the set made from the source would, if that can be told without the source.
    """
    from gan_bench.data.copies import keep_copy

    protocol, environment = protocol_of(cell), _environment(cell)
    if _is_gone(environment):
        keep_copy(protocol.data, copy)
        return
    from gan_bench.run.task import source_of_cell

    keep_copy(protocol.data, copy, source_of_cell(environment, protocol)[1])


def _environment(cell: Path) -> RunEnvironment:
    return read_model(cell / CELL, Cell).environment


def _is_gone(environment: RunEnvironment) -> bool:
    """Whether the folder or file that the images come from is not on this machine."""
    return environment.root is not None and not Path(environment.root).exists()
