"""The prepared images of a cell on a machine that may have neither them nor their source."""

from __future__ import annotations

from pathlib import Path

from gan_bench.contract.errors import DataError
from gan_bench.contract.protocol import Cell, Protocol
from gan_bench.data.cache import prepare
from gan_bench.data.copies import Copy, alike, copy_of, is_gone, keep_copy
from gan_bench.data.source import Source
from gan_bench.results.layout import CELL, protocol_of
from gan_bench.results.reading import read_model
from gan_bench.run.task import source_of_cell


def lacks_images(cell: Path) -> bool:
    """Whether this machine has neither the cell's images in its cache nor a source of them.

    What has a source is prepared now, once for all cells of the machine. Images that differ from
    those of the protocol are not lacking: the cell itself refuses them.
    """
    protocol, source = _parts(cell)
    if alike(protocol.data) is not None:
        return False
    if is_gone(source):
        return True
    try:
        prepare(source, protocol.data.shape[1:])
    except DataError:
        return not source.files  # a data set that has to be downloaded, and is not
    return False


def images_of(cell: Path) -> Copy:
    """A copy of the prepared images of this cell, to be sent. DataError if there are none."""
    data = protocol_of(cell).data
    if (found := alike(data)) is None:
        raise DataError(f"the cache has lost the images of {data.name}: run the command again")
    return copy_of(found[0])


def keep_images(cell: Path, copy: Copy) -> None:
    """Keep the copy in this machine's cache, unless it has the images by now."""
    protocol, source = _parts(cell)
    keep_copy(protocol.data, source, copy)


def _parts(cell: Path) -> tuple[Protocol, Source]:
    protocol = protocol_of(cell)
    return protocol, source_of_cell(read_model(cell / CELL, Cell).environment, protocol)[1]
