"""Where images come from: a named data set, a folder or a zip."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gan_bench.base import text
from gan_bench.base.escape import plain
from gan_bench.contract.errors import DataError
from gan_bench.contract.names import name_of
from gan_bench.contract.offers import Dataset, Images
from gan_bench.data.archive import SUFFIXES, listing_of, members_of, walk
from gan_bench.data.decode import decode_all
from gan_bench.data.reasons import Dropped, Reason, count_reasons, reasons_text
from gan_bench.data.split import (
    CHUNK_BYTES,
    HOLD_OUT,
    SPLITS,
    Chunk,
    ImageStream,
    Progress,
    images_at_once,
    split_chunks,
)

RULE = "1"  # change it with decode.convert or the split: the cache is keyed on it


@dataclass(frozen=True)
class Source:
    """A data set and where its files are."""

    dataset: Dataset
    root: Path | None = None
    download: bool = False
    given: Path | None = None  # the folder or zip, as the user wrote it

    @property
    def named(self) -> bool:
        """Whether the data set is one of the catalogue, not a path that the user gave."""
        return self.given is None

    def key(self, size: int) -> str:
        """A digest of all that the pixels depend on, found without opening an image."""
        listing = list(listing_of(self.root.absolute(), self._files())) if self.root else []
        document = json.dumps([self.dataset.name, self.dataset.version, size, listing])
        return hashlib.sha256(document.encode()).hexdigest()[:16]

    @contextmanager
    def open(self, size: int, progress: Progress) -> Iterator[ImageStream]:
        """The images at that size; files stay open within the block. DataError."""
        if self.given is None:
            yield _stream_of_plugin(_loaded(self, size), self.dataset.name, size, progress)
        else:
            with _stream_of_files(self.given, size, progress) as stream:
                yield stream

    def _files(self) -> Iterable[str]:
        if self.root is None:
            return []
        if not self.named:
            return walk(self.root.absolute())
        patterns, root = self.dataset.reads, self.root.absolute()
        return (str(path) for pattern in patterns for path in root.glob(pattern))


def files_at(path: Path) -> Source:
    """A folder or zip that the user named, as a data set."""

    def load(root: Path | None, size: int, download: bool) -> Images:
        return _in_memory(path, size)

    dataset = Dataset(name=name_of(path), source="the user's own", version=RULE, load=load)
    return Source(dataset, path.absolute(), given=path)


# Data sets of plugins
def _loaded(source: Source, size: int) -> Images:
    """What the plugin loads; DataError unless it is (N, C, H, W) uint8 with images in it."""
    name = source.dataset.name
    with _reading(name):
        images = source.dataset.load(source.root, size, source.download)
        if len(images.train) == 0:
            raise DataError(f"the data set {name} has no training images")
        first = images.train[0:1]
    if first.dtype != np.uint8 or first.ndim != 4:
        raise DataError(
            f"the data set {name} must give (N, C, H, W) uint8, "
            f"it gave {first.ndim} dimensions of {first.dtype}"
        )
    return images


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """An OSError in here is a DataError: otherwise the cache would be blamed for it."""
    try:
        yield
    except OSError as error:
        raise DataError(f"the data set {name} cannot be read: {error}") from error


def _stream_of_plugin(images: Images, name: str, size: int, progress: Progress) -> ImageStream:
    """Slices of both splits: a data set may be larger than memory."""
    with _reading(name):
        _, C, H, W = images.train[0:1].shape
        counts = {split: len(getattr(images, split)) for split in SPLITS}

    def chunks() -> Iterator[Chunk]:
        rows = images_at_once(CHUNK_BYTES, C * H * W)
        for split, n in counts.items():
            for start in range(0, n, rows):
                with _reading(name):
                    some = np.ascontiguousarray(getattr(images, split)[start : start + rows])
                _check_slice(some, (min(rows, n - start), C, H, W), name)
                yield split, some
                progress(split, start + len(some), n)

    dropped = [Dropped(which, size, Reason.OTHER, why) for which, why in images.dropped]
    return ImageStream((C, H, W), sum(counts.values()), chunks(), dropped)


def _check_slice(rows: np.ndarray, shape: tuple[int, ...], name: str) -> None:
    if rows.shape != shape or rows.dtype != np.uint8:
        raise DataError(
            f"the data set {name} must give {shape} uint8 when it is sliced, "
            f"it gave {rows.shape} {rows.dtype}"
        )


# Folders and zips
@contextmanager
def _stream_of_files(root: Path, size: int, progress: Progress) -> Iterator[ImageStream]:
    """The images in a folder or zip, in order of their names."""
    with (
        members_of(root) as members,
        warnings.catch_warnings(action="ignore"),  # of decoders, in place of the reasons
        closing(decode_all(members, size)) as results,
    ):
        if not members:
            kinds = ", ".join(sorted(suffix[1:] for suffix in SUFFIXES))
            raise DataError(f"no images in {root}: looked for {kinds}, in all folders below it")
        shape, dropped = (3, size, size), list[Dropped]()

        def usable() -> Iterator[np.ndarray]:
            for done, result in enumerate(results, 1):
                if isinstance(result, Dropped):
                    dropped.append(result)
                else:
                    yield result
                progress("files", done, len(members))

        def chunks() -> Iterator[Chunk]:
            count = yield from split_chunks(usable(), shape)
            if count < HOLD_OUT:
                raise DataError(_too_few(root, count, dropped))

        yield ImageStream(shape, len(members), chunks(), dropped)


def _in_memory(root: Path, size: int) -> Images:
    """All images at once, for callers of Dataset.load; `prepare` reads the stream instead."""
    parts: dict[str, list[np.ndarray]] = {split: [] for split in SPLITS}
    with _stream_of_files(root, size, lambda *_: None) as stream:
        for split, rows in stream.chunks:
            parts[split].append(rows.copy())
    train, held_out = (np.concatenate(parts[split]) for split in SPLITS)
    dropped = [(image.name, image.why) for image in stream.dropped]
    return Images(train=train, held_out=held_out, dropped=dropped)


def _too_few(root: Path, used: int, dropped: list[Dropped]) -> str:
    total = used + len(dropped)
    has = f"{root} has {'one image' if total == 1 else text.plural(total, 'image')}"
    need = f"{HOLD_OUT} or more are needed"
    if not dropped:
        return f"{has}, and {need}: add images"
    use = "none can be used" if not used else f"only {used} can be used, and {need}"
    reasons, first = reasons_text(count_reasons(dropped)), plain(str(dropped[0]))
    return f"{has}, {use}: {reasons}; the first: {first}"
