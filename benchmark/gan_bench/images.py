"""Any folder, zip or named data set -> a checked uint8 memmap in the cache.

The one rule for files: apply the EXIF rotation, lay transparency over white, convert to RGB,
resize the short side to the size asked for with antialiasing (Lanczos), crop the centre. A file
that cannot be read, or whose short side is smaller than the size, is dropped and counted with its
reason. Every tenth usable image, in order of names, is held out.

Files are strangers'. What a file claims is checked before any of it is read, and what is in memory
at the same time has a bound, whatever the number of cores and of images: at worst about 0.5 GB of
files, 0.8 GB of pixels, and 0.3 GB of what is decoded and waits for its turn to be written. Only
the names are all there at once. Members of a zip are read in place, never extracted.
"""

from __future__ import annotations

import glob
import hashlib
import io
import json
import math
import os
import re
import shutil
import stat
import threading
import warnings
import zipfile
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PureWindowsPath
from typing import IO, Any

import filelock
import numpy as np
import platformdirs
from PIL import Image, ImageOps
from PIL.TiffImagePlugin import TILELENGTH, TILEWIDTH

from gan_bench.contract import DataError, Dataset, Images, Shape, StorageError
from gan_bench.escape import plain
from gan_bench.protocol import Data
from gan_bench.store import (
    PART,
    human_size,
    name_of,
    room,
    sync_folder,
    write_json,
    writing,
)

RULE = "1"  # to be changed whenever the rule above changes: the cache is keyed on it
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"}
HOLD_OUT = 10  # every tenth
SPLITS = ("train", "held_out")
PIECE = 16 * 2**20  # bytes of a set that are written at once
WAITING = 256 * 2**20  # bytes of decoded images that wait for those before them
MOST_AT_ONCE = 512  # images of either kind, if they are small
LISTED = 10  # dropped images named in the report

MOST_PIXELS = 50_000_000  # of an image, and of all decoded at once: 200 MB a layer
MOST_BYTES = 256 * 2**20  # of a file, and of all read at once: 50 megapixels of BMP have 200 MB
MOST_PACKED = 200  # times: a picture packs less, flat colour up to 1,000 times
FLAT = 16 * 2**20  # bytes that even flat colour may have: they are unpacked in no time
TOO_LARGE = f"larger than {MOST_PIXELS // 10**6} megapixels"
HIDDEN = re.compile(r"(?!\.\.(\\|$))(\.|__MACOSX)")  # ".." hides nothing: it is refused
ENCRYPTED = 0x1  # flag bit of a member

Progress = Callable[[str, int, int], None]  # what, done, of
Piece = tuple[str, np.ndarray]  # a split and some of its images, (N, C, H, W) uint8
Result = tuple[str, np.ndarray | str]  # the name of a file; its image, or why there is none
Begun = tuple[str, Future[np.ndarray | str]]


@dataclass(frozen=True)
class Prepared:
    """A data set as training reads it: memmaps (n, C, H, W) uint8, and what was dropped."""

    data: Data
    train: np.ndarray
    held_out: np.ndarray
    report: dict[str, Any]


@dataclass(frozen=True)
class Coming:
    """A data set on its way in: a piece is given once, and its memory is that of the next."""

    shape: Shape
    most: int  # images: some may be dropped
    pieces: Iterator[Piece]
    dropped: Sequence[tuple[str, str]]  # all of them when all pieces have come


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
        listing = list(_listing(self.root.absolute(), self._files())) if self.root else []
        text = json.dumps([self.dataset.name, self.dataset.version, size, listing])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @contextmanager
    def coming(self, size: int, progress: Progress) -> Iterator[Coming]:
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
            return _walk(self.root.absolute())
        patterns, root = self.dataset.reads, self.root.absolute()
        return (str(path) for pattern in patterns for path in root.glob(pattern))


def files_at(path: Path) -> Source:
    """A folder or zip that the user named, as a data set."""

    def load(root: Path | None, size: int, download: bool) -> Images:
        return _in_memory(path, size)

    dataset = Dataset(name=name_of(path), source="the user's own", version=RULE, load=load)
    return Source(dataset, path.absolute(), given=path)


def cache_dir() -> Path:
    """$GAN_BENCH_HOME, or the user's cache folder."""
    if home := os.environ.get("GAN_BENCH_HOME"):
        return Path(home)
    if os.path.expanduser("~") == "~" and not os.environ.get("XDG_CACHE_HOME"):
        return Path(".cache", "gan-bench").absolute()  # a user without a home, as in a container
    return Path(platformdirs.user_cache_dir("gan-bench"))


def prepare(source: Source, size: int, progress: Progress = lambda *_: None) -> Prepared:
    """The data set at that size, from the cache if it is there, else made and kept."""
    folder = cache_dir() / "images" / f"{source.dataset.name}-{size}px-{source.key(size)}"
    with locked(folder):
        try:
            return _open(folder)
        except (OSError, ValueError, LookupError, TypeError):  # not there, or damaged
            _make(source, size, folder, progress)
        return _open(folder)


def check_bad(prepared: Prepared, most_percent: float) -> None:
    """DataError if more than so many percent of the images that were found had to be dropped."""
    report = prepared.report
    dropped = report["dropped"]
    found = report["train"] + report["held_out"] + dropped
    percent = 100 * dropped / found
    if percent > most_percent:
        listed = "".join(f"\n  {plain(line)}" for line in report["first_dropped"])
        more = dropped - len(report["first_dropped"])
        rest = f"\n  and {more:,} more" if more else ""
        raise DataError(
            f"{dropped:,} of the {found:,} images of {prepared.data.name} cannot be used, more "
            f"than {most_percent:g} %: {_told(report['reasons'])}{listed}{rest}\n"
            f"Mend or remove them, or allow them with --max-bad {math.ceil(10 * percent) / 10:g}"
        )


def _told(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {plain(why)}" for why, count in reasons.items())


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Two runs that start at once make a part of the cache once."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{path}.lock"):
            for part in path.parent.glob(f".{glob.escape(path.name)}.*{PART}"):  # of a killed one
                part.unlink()
            yield
    except OSError as error:
        raise StorageError(
            f"cannot use the cache {path.parent}: {error.strerror or error}; "
            "set GAN_BENCH_HOME to a folder that can be written"
        ) from error


def _make(source: Source, size: int, folder: Path, progress: Progress) -> None:
    made = folder.with_name(f".{folder.name}.making")  # its name is known, to whoever is next
    with source.coming(size, progress) as coming:
        _check_room(coming, source.dataset.name, folder.parent)
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
        try:
            counts = _write(coming, made)
            data = _data(source.dataset.name, made, coming.shape, counts)
            report = _report(coming, counts, size)
            write_json(made / "data.json", {"data": data.model_dump(mode="json"), "report": report})
            shutil.rmtree(folder, ignore_errors=True)
            made.rename(folder)
            sync_folder(folder.parent)
        finally:
            shutil.rmtree(made, ignore_errors=True)


def _check_room(coming: Coming, name: str, cache: Path) -> None:
    needed = coming.most * math.prod(coming.shape)
    if (free := room(cache)) < needed:
        raise StorageError(
            f"no room for the data set {name}: needs {human_size(needed)}, {human_size(free)} free "
            f"on {cache}; make room, or set GAN_BENCH_HOME to a folder on another disk"
        )


def _write(coming: Coming, folder: Path) -> dict[str, int]:
    """Every image where it belongs, as it comes; how many there are in which split.

    How many, which stands at the beginning of a file, is only known at its end.
    """
    counts = dict.fromkeys(SPLITS, 0)
    head, most = _npy_header((0, *coming.shape)), coming.most * math.prod(coming.shape)
    with ExitStack() as stack:
        drafts = {
            split: stack.enter_context(writing(folder / f"{split}.npy", most, len(head)))
            for split in SPLITS
        }
        for split, rows in coming.pieces:
            drafts[split].add(rows.data)
            counts[split] += len(rows)
        for split, draft in drafts.items():
            draft.add_head(_npy_header((counts[split], *coming.shape)))
    return counts


def _npy_header(shape: tuple[int, ...]) -> bytes:
    """As numpy.save has it: the same length for every count, so that an array can grow."""
    buffer = io.BytesIO()
    about = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, about)
    return buffer.getvalue()


def _data(name: str, folder: Path, shape: Shape, counts: Mapping[str, int]) -> Data:
    """What is kept there; its fingerprint is of shapes and pixels, not of how they are kept."""
    digest = hashlib.sha256()
    for split in SPLITS:
        whole = (counts[split], *shape)
        digest.update(json.dumps(whole).encode())
        with (folder / f"{split}.npy").open("rb") as file:
            file.seek(len(_npy_header(whole)))
            hashlib.file_digest(file, lambda: digest)
    return Data(name=name, fingerprint=digest.hexdigest(), shape=shape, **counts)


def _report(coming: Coming, counts: Mapping[str, int], size: int) -> dict[str, Any]:
    return {
        "size": size,
        **counts,
        "dropped": len(coming.dropped),
        "reasons": _reasons(coming.dropped),
        "first_dropped": [f"{which}: {why}" for which, why in coming.dropped[:LISTED]],
    }


def _reasons(dropped: Iterable[tuple[str, str]]) -> dict[str, int]:
    """How many for each reason, the most frequent first."""
    return dict(Counter(why.split(":")[0] for _, why in dropped).most_common())


def _open(folder: Path) -> Prepared:
    meta = json.loads((folder / "data.json").read_text(encoding="utf-8"))
    # "c": pages are private, so torch takes the arrays without a copy and cannot alter the file
    arrays = [np.load(folder / f"{split}.npy", mmap_mode="c") for split in SPLITS]
    return Prepared(Data(**meta["data"]), arrays[0], arrays[1], meta["report"])


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


def _sliced(images: Images, name: str, progress: Progress) -> Coming:
    """What can be sliced, slice by slice: a set may be larger than memory."""
    with _reading(name):
        _, C, H, W = images.train[0:1].shape
        counts = {split: len(getattr(images, split)) for split in SPLITS}

    def pieces() -> Iterator[Piece]:
        rows = _at_once(PIECE, C * H * W)
        for split, n in counts.items():
            for start in range(0, n, rows):
                with _reading(name):
                    some = np.ascontiguousarray(getattr(images, split)[start : start + rows])
                _check_slice(some, (min(rows, n - start), C, H, W), name)
                yield split, some
                progress(split, start + len(some), n)

    return Coming((C, H, W), sum(counts.values()), pieces(), images.dropped)


def _at_once(most: int, image: int) -> int:
    """How many images of so many bytes there may be in `most` bytes: at least one."""
    return max(1, min(MOST_AT_ONCE, most // image))


def _check_slice(rows: np.ndarray, shape: tuple[int, ...], name: str) -> None:
    if rows.shape != shape or rows.dtype != np.uint8:
        raise DataError(
            f"the data set {name} must give {shape} uint8 when it is sliced, "
            f"it gave {rows.shape} {rows.dtype}"
        )


# Folders and zips


def _listing(root: Path, files: Iterable[str]) -> Iterator[tuple[str, int, int]]:
    """Name, bytes and time of every file that is read: a changed one makes another cache."""
    paths = _named(root.parent, files)
    try:
        for name in sorted(paths, key=lambda name: name.split("/")):
            about = _about(paths[name])
            yield name, about.st_size, about.st_mtime_ns
    except OSError as error:
        raise DataError(f"cannot read {error.filename}: {error.strerror or error}") from error


def _named(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """Paths by their names below root. Text, for a Path takes longer than what is asked of it."""
    start = len(os.path.join(root, ""))
    return {path[start:].replace(os.sep, "/"): path for path in paths}


def _about(path: str) -> os.stat_result:
    try:
        return os.stat(path)
    except OSError:  # a link that leads nowhere
        return os.lstat(path)


def _walk(root: Path) -> Iterator[str]:
    """All files below root, class folders included; links to folders are not followed."""
    if not root.exists():
        raise DataError(f"there is no {root}")
    if root.is_file():
        yield str(root)
        return
    if not root.is_dir():
        raise DataError(f"{root} is neither a folder nor a file: give a folder or a zip of images")
    for folder, folders, files in os.walk(root, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (os.path.join(folder, name) for name in files if not name.startswith("."))


def _unreadable(error: OSError) -> None:
    raise DataError(f"cannot read the folder {error.filename}: {error.strerror or error}")


def _is_image(name: str) -> bool:
    path = Path(name)
    return path.suffix.lower() in SUFFIXES and not any(map(HIDDEN.match, path.parts))


@contextmanager
def _decoded(root: Path, size: int, progress: Progress) -> Iterator[Coming]:
    """The images in a folder or zip, in order of their names."""
    with (
        _members(root) as members,
        warnings.catch_warnings(action="ignore"),
        closing(_decode_all(members, size)) as results,
    ):
        if not members:
            kinds = ", ".join(sorted(suffix[1:] for suffix in SUFFIXES))
            raise DataError(f"no images in {root}: looked for {kinds}, in all folders below it")
        shape, dropped = (3, size, size), list[tuple[str, str]]()
        images = _usable(results, dropped, lambda done: progress("files", done, len(members)))

        def pieces() -> Iterator[Piece]:
            count = yield from _split(images, shape)
            if count < HOLD_OUT:
                raise DataError(_too_few(root, count, dropped))

        yield Coming(shape, len(members), pieces(), dropped)


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


def _split(images: Iterable[np.ndarray], shape: Shape) -> Generator[Piece, None, int]:
    """Every tenth is held out; returns how many there were."""
    rows = _at_once(PIECE, math.prod(shape))
    waiting = {split: np.empty((rows, *shape), np.uint8) for split in SPLITS}
    filled, count = dict.fromkeys(SPLITS, 0), 0
    for count, image in enumerate(images, 1):
        split = "train" if count % HOLD_OUT else "held_out"
        waiting[split][filled[split]] = image
        filled[split] += 1
        if filled[split] == rows:
            yield split, waiting[split]
            filled[split] = 0
    yield from ((split, waiting[split][:n]) for split, n in filled.items() if n)
    return count


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
    return f"{has}, {use}: {_told(_reasons(dropped))}; the first: {plain(': '.join(dropped[0]))}"


# One file: how much of it is read, and what is not


class Refused(ValueError):
    """Why an image is not used; what comes before a colon is counted as one reason."""


@dataclass(frozen=True, slots=True)
class Loose:
    """An image file in a folder."""

    name: str
    path: str

    def size(self) -> int:
        """Bytes to read; Refused where reading would not end, or begin."""
        about = os.stat(self.path)
        if not stat.S_ISREG(about.st_mode):
            raise Refused("no regular file")
        return about.st_size

    def open(self) -> IO[bytes]:
        """To be read once, from its beginning."""
        return Path(self.path).open("rb")


@dataclass(frozen=True, slots=True)
class Packed:
    """An image file in a zip, read where it lies."""

    name: str
    archive: zipfile.ZipFile
    info: zipfile.ZipInfo

    def size(self) -> int:
        """Bytes to read; Refused for what no honest set has, or what has no bound."""
        info = self.info
        path = PureWindowsPath(info.filename)  # it knows both separators, and drives
        times = info.file_size / max(info.compress_size, 1)
        for so, why in (
            (path.anchor, "absolute name"),
            (".." in path.parts, "name that leads out of the zip"),
            (stat.S_ISLNK(info.external_attr >> 16), "link in a zip"),
            (info.flag_bits & ENCRYPTED, "encrypted"),
            (  # zipfile unpacks others without a bound: 4 kB of bzip2 may hold 4 GB
                info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED),
                f"packed otherwise than by deflate: method {info.compress_type}",
            ),
            (
                info.file_size > FLAT and times > MOST_PACKED,
                f"packed more than {MOST_PACKED} times: {times:,.0f} times",
            ),
        ):
            if so:
                raise Refused(why)
        return info.file_size

    def open(self) -> IO[bytes]:
        """To be read once, from its beginning."""
        return self.archive.open(self.info)


Member = Loose | Packed


class Archive(io.FileIO):
    """A zip file whose directory, which zipfile reads in one piece, has a bound as well."""

    def read(self, size: int | None = -1) -> bytes:
        """At most MOST_BYTES: about five million entries."""
        if size is not None and size > MOST_BYTES:
            raise zipfile.BadZipFile(f"its directory has {human_size(size)}")
        return super().read(size) or b""


@contextmanager
def _members(root: Path) -> Iterator[list[Member]]:
    """The images in a folder or zip, in order of their names."""
    with ExitStack() as stack:
        if root.is_dir():
            paths = _named(root, _walk(root))
            yield [Loose(name, paths[name]) for name in sorted(filter(_is_image, paths))]
        else:
            archive = _archive(stack.enter_context(_opened(root)), root)
            # of two members with one name the last counts, as if they had been unpacked
            infos = {each.filename: each for each in archive.infolist() if not each.is_dir()}
            yield [Packed(name, archive, infos[name]) for name in sorted(filter(_is_image, infos))]


def _opened(root: Path) -> Archive:
    try:
        return Archive(root)
    except OSError as error:
        raise DataError(f"cannot read {root}: {error.strerror or error}") from error


def _archive(file: Archive, root: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except Exception as error:  # on rubbish zipfile raises whatever comes
        raise DataError(f"{root} is no zip: {error}; give a folder or a zip of images") from error


class Budget:
    """So much at once: who would need more than what is left waits until others are done."""

    def __init__(self, most: int) -> None:
        self.most = self.left = most
        self.changed = threading.Condition()

    @contextmanager
    def take(self, count: int) -> Iterator[None]:
        """Who needs more than all of it gets all, and so is alone."""
        count = min(count, self.most)
        with self.changed:
            self.changed.wait_for(lambda: self.left >= count)
            self.left -= count
        try:
            yield
        finally:
            with self.changed:
                self.left += count
                self.changed.notify_all()


def _decode_all(members: Sequence[Member], size: int) -> Generator[Result, None, None]:
    """Every image as (3, size, size) uint8, or the reason why not, decoded on all cores.

    More are begun before the first is done, up to a bound: one that takes long holds up none.
    """
    Image.init()  # fills Image.OPEN
    decode = partial(_decode, size=size, content=Budget(MOST_BYTES), pixels=Budget(MOST_PIXELS))
    most = _at_once(WAITING, 3 * size * size)
    few = max(1, most // 32)
    begun: deque[Begun] = deque()
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        for start in range(0, len(members), few):
            if len(begun) > most - few:
                yield from _first(begun, few)
            begun.extend((m.name, pool.submit(decode, m)) for m in members[start : start + few])
        while begun:
            yield from _first(begun, few)
    finally:
        pool.shutdown(cancel_futures=True)


def _first(begun: deque[Begun], few: int) -> Iterator[Result]:
    """Wait for a few at once: to be woken for every image would cost others the interpreter."""
    first = [begun.popleft() for _ in range(min(few, len(begun)))]
    wait([future for _, future in first])
    yield from ((name, future.result()) for name, future in first)


def _decode(member: Member, size: int, content: Budget, pixels: Budget) -> np.ndarray | str:
    try:
        count = _checked_bytes(member)
        with (
            content.take(count),
            _image(_content(member, count)) as image,
            pixels.take(_checked_pixels(image)),
        ):
            return convert(image, size)
    except Refused as error:
        return str(error)
    except Image.DecompressionBombError as error:  # some decoders make room as they open
        return f"{TOO_LARGE}: {error}"
    except Exception as error:  # a decoder may raise anything on rubbish; each is told and counted
        return f"unreadable: {error or type(error).__name__}"


def _checked_bytes(member: Member) -> int:
    count = member.size()
    if count == 0:
        raise Refused("empty")
    if count > MOST_BYTES:
        raise Refused(f"larger than {_mebibytes(MOST_BYTES)}: {_mebibytes(count)}")
    return count


def _mebibytes(count: int) -> str:
    return f"{math.ceil(count / 2**20):,} MiB"


def _content(member: Member, count: int) -> bytes:
    """What was checked is what is read, even if there is more by now."""
    with member.open() as file:
        return file.read(count)


def _image(content: bytes) -> Image.Image:
    """An image of which only the header has been read.

    As Image.open does it, but for its limit of pixels: ours is lower, and tells width and height.
    """
    for kind in FORMATS:
        factory, fits = Image.OPEN[kind]
        if fits and fits(content[:16]) is True:
            return factory(io.BytesIO(content), "")
    raise Refused(f"unreadable: no {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")


def _checked_pixels(image: Image.Image) -> int:
    """How many the decoder makes room for: a tile of a TIFF may be larger than its image."""
    for width, height in (image.size, _tile(image)):
        if width * height > MOST_PIXELS:
            raise Refused(f"{TOO_LARGE}: {width} x {height}")
    return image.width * image.height


def _tile(image: Image.Image) -> tuple[int, int]:
    tags = getattr(image, "tag_v2", {})
    width, height = tags.get(TILEWIDTH, 1), tags.get(TILELENGTH, 1)
    if not isinstance(width, int) or not isinstance(height, int):
        raise Refused("unreadable: a tile without a size")
    return width, height


class TooSmall(Refused):
    """Enlarging an image would teach G blur."""


def convert(image: Image.Image, size: int) -> np.ndarray:
    """One image, which is used up, by the one rule: (3, size, size) uint8."""
    if min(image.size) < size:
        width, height = image.size
        raise TooSmall(f"smaller than {size} px: {width} x {height}")
    ImageOps.exif_transpose(image, in_place=True)  # else it copies what is upright
    fitted = ImageOps.fit(_rgb(image), (size, size), Image.Resampling.LANCZOS)
    return np.ascontiguousarray(np.asarray(fitted).transpose(2, 0, 1))


def _rgb(image: Image.Image) -> Image.Image:
    """RGB; alpha lies over white, 16-bit greys keep their upper byte."""
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        return _over_white(image if image.mode == "RGBA" else image.convert("RGBA"))
    return image.convert("RGB")


def _over_white(layer: Image.Image) -> Image.Image:
    """As alpha_composite over white has it, to the byte, but in place and without Python's lock."""
    white = Image.new("RGB", layer.size, "white")
    white.paste(layer, mask=layer)
    return white
