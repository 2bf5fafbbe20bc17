"""Where images come from: a named data set, a folder or a zip."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gan_bench.base.escape import plain
from gan_bench.contract.errors import DataError
from gan_bench.contract.names import name_of
from gan_bench.contract.offers import Dataset, Images
from gan_bench.data.archive import SUFFIXES, listing_of, members_of, walk
from gan_bench.data.decode import Result, decode_all
from gan_bench.data.split import (
    HOLD_OUT,
    PIECE,
    SPLITS,
    Incoming,
    Piece,
    Progress,
    images_at_once,
    split_pieces,
)

RULE = "1"  # to be changed whenever the rule above changes: the cache is keyed on it


@dataclass(frozen=True)
class Source:
    """A data set and where its files are."""

    dataset: Dataset
    root: Path | None = None
    download: bool = False
    given: Path | None = None  # the folder or zip, as the user wrote it

    @property
    def named(self) -> bool:
        """In the catalogue, not a path that the user gave."""
        return self.given is None

    def key(self, size: int) -> str:
        """What the pixels depend on, known without reading one."""
        listing = list(listing_of(self.root.absolute(), self._files())) if self.root else []
        text = json.dumps([self.dataset.name, self.dataset.version, size, listing])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @contextmanager
    def coming(self, size: int, progress: Progress) -> Iterator[Incoming]:
        """The data set at that size; what it is read from is open within the block."""
        if self.given is None:
            yield _sliced(_loaded(self, size), self.dataset.name, progress)
        else:
            with _decoded(self.given, size, progress) as coming:
                yield coming

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
    """The data set, checked at the door."""
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
    """What fails here is the data set's fault, not the cache's."""
    try:
        yield
    except OSError as error:
        raise DataError(f"the data set {name} cannot be read: {error}") from error


def _sliced(images: Images, name: str, progress: Progress) -> Incoming:
    """What can be sliced, slice by slice: a set may be larger than memory."""
    with _reading(name):
        _, C, H, W = images.train[0:1].shape
        counts = {split: len(getattr(images, split)) for split in SPLITS}

    def pieces() -> Iterator[Piece]:
        rows = images_at_once(PIECE, C * H * W)
        for split, n in counts.items():
            for start in range(0, n, rows):
                with _reading(name):
                    some = np.ascontiguousarray(getattr(images, split)[start : start + rows])
                _check_slice(some, (min(rows, n - start), C, H, W), name)
                yield split, some
                progress(split, start + len(some), n)

    return Incoming((C, H, W), sum(counts.values()), pieces(), images.dropped)


def _check_slice(rows: np.ndarray, shape: tuple[int, ...], name: str) -> None:
    if rows.shape != shape or rows.dtype != np.uint8:
        raise DataError(
            f"the data set {name} must give {shape} uint8 when it is sliced, "
            f"it gave {rows.shape} {rows.dtype}"
        )


@contextmanager
def _decoded(root: Path, size: int, progress: Progress) -> Iterator[Incoming]:
    """The images in a folder or zip, in order of their names."""
    with (
        members_of(root) as members,
        warnings.catch_warnings(action="ignore"),
        closing(decode_all(members, size)) as results,
    ):
        if not members:
            kinds = ", ".join(sorted(suffix[1:] for suffix in SUFFIXES))
            raise DataError(f"no images in {root}: looked for {kinds}, in all folders below it")
        shape, dropped = (3, size, size), list[tuple[str, str]]()
        images = _usable(results, dropped, lambda done: progress("files", done, len(members)))

        def pieces() -> Iterator[Piece]:
            count = yield from split_pieces(images, shape)
            if count < HOLD_OUT:
                raise DataError(_too_few(root, count, dropped))

        yield Incoming(shape, len(members), pieces(), dropped)


def _usable(
    results: Iterable[Result], dropped: list[tuple[str, str]], told: Callable[[int], None]
) -> Iterator[np.ndarray]:
    """The images; what is none is added to `dropped`."""
    for done, (name, image) in enumerate(results, 1):
        if isinstance(image, str):
            dropped.append((name, image))
        else:
            yield image
        told(done)


def _in_memory(root: Path, size: int) -> Images:
    """All images at once, for whoever asks the data set itself: `prepare` never does."""
    parts: dict[str, list[np.ndarray]] = {split: [] for split in SPLITS}
    with _decoded(root, size, lambda *_: None) as coming:
        for split, rows in coming.pieces:
            parts[split].append(rows.copy())
    train, held_out = (np.concatenate(parts[split]) for split in SPLITS)
    return Images(train=train, held_out=held_out, dropped=coming.dropped)


def _too_few(root: Path, used: int, dropped: list[tuple[str, str]]) -> str:
    found = used + len(dropped)
    has = f"{root} has one image" if found == 1 else f"{root} has {found:,} images"
    need = f"{HOLD_OUT} or more are needed"
    if not dropped:
        return f"{has}, and {need}: add images"
    use = "none can be used" if not used else f"only {used} can be used, and {need}"
    reasons, first = reasons_text(count_reasons(dropped)), plain(": ".join(dropped[0]))
    return f"{has}, {use}: {reasons}; the first: {first}"


def count_reasons(dropped: Iterable[tuple[str, str]]) -> dict[str, int]:
    """How many for each reason, the most frequent first."""
    return dict(Counter(why.split(":")[0] for _, why in dropped).most_common())


def reasons_text(reasons: Mapping[str, int]) -> str:
    """The reasons as one line: 3 unreadable, 1 empty."""
    return ", ".join(f"{count:,} {plain(why)}" for why, count in reasons.items())
