"""Any folder, zip or named data set -> a checked uint8 memmap in the cache.

The one rule for files: apply the EXIF rotation, lay transparency over white, convert to RGB,
resize the short side to the size asked for with antialiasing (Lanczos), crop the centre. A file
that cannot be read, or whose short side is smaller than the size, is dropped and counted with its
reason. Every tenth usable image, in order of names, is held out.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import platformdirs
from PIL import Image, ImageOps

from gan_bench.contract import DataError, Dataset, Images, Pixels, Shape, StorageError
from gan_bench.protocol import Data
from gan_bench.store import name_of, write_json

RULE = "1"  # to be changed whenever the rule above changes: the cache is keyed on it
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"}
HOLD_OUT = 10  # every tenth
CHUNK = 512  # images held in memory while a memmap is written
LISTED = 10  # dropped images named in the report

Progress = Callable[[str, int, int], None]  # what, done, of


@dataclass(frozen=True)
class Prepared:
    """A data set as training reads it: memmaps (n, C, H, W) uint8, and what was dropped."""

    data: Data
    train: np.ndarray
    held_out: np.ndarray
    report: dict[str, Any]


@dataclass(frozen=True)
class Source:
    """A data set and where its files are."""

    dataset: Dataset
    root: Path | None = None
    download: bool = False
    named: bool = True  # in the catalogue, not a path that the user gave

    def key(self, size: int) -> str:
        """What the pixels depend on, known without reading one."""
        listing = list(_listing(self.root, self._files())) if self.root else []
        text = json.dumps([self.dataset.name, self.dataset.version, size, listing])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _files(self) -> Iterable[Path]:
        if self.root is None:
            return []
        if not self.named:
            return _walk(self.root)
        return [path for pattern in self.dataset.reads for path in self.root.glob(pattern)]


def files_at(path: Path) -> Source:
    """A folder or zip that the user named, as a data set."""

    def load(root: Path | None, size: int, download: bool) -> Images:
        return _files(path, size)

    dataset = Dataset(name=name_of(path), source="the user's own", version=RULE, load=load)
    return Source(dataset, path.absolute(), named=False)


def cache_dir() -> Path:
    """$GAN_BENCH_HOME, or the user's cache folder."""
    home = os.environ.get("GAN_BENCH_HOME")
    return Path(home) if home else Path(platformdirs.user_cache_dir("gan-bench"))


def prepare(source: Source, size: int, progress: Progress = lambda *_: None) -> Prepared:
    """The data set at that size, from the cache if it is there, else made and kept."""
    folder = cache_dir() / "images" / f"{source.dataset.name}-{size}px-{source.key(size)}"
    with _locked(folder):
        if not (folder / "data.json").exists():
            _make(source, size, folder, progress)
        return _open(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Two runs that start at once make a set once."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{folder}.lock"):
            yield
    except OSError as error:
        raise StorageError(
            f"cannot use the cache {folder.parent}: {error.strerror or error}; "
            "set GAN_BENCH_HOME to a folder that can be written"
        ) from error


def _make(source: Source, size: int, folder: Path, progress: Progress) -> None:
    images = _loaded(source, size)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".making-"))
    try:
        digest = hashlib.sha256()
        shape = (0, 0, 0)
        for split in ("train", "held_out"):
            pixels: Pixels = getattr(images, split)
            shape = _write(pixels, made / f"{split}.npy", digest, partial(progress, split))
        report = _report(images, size)
        write_json(
            made / "data.json",
            {
                "data": Data(
                    name=source.dataset.name,
                    fingerprint=digest.hexdigest(),
                    shape=shape,
                    train=len(images.train),
                    held_out=len(images.held_out),
                ).model_dump(mode="json"),
                "report": report,
            },
        )
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _loaded(source: Source, size: int) -> Images:
    """The data set, checked at the door."""
    name = source.dataset.name
    try:
        images = source.dataset.load(source.root, size, source.download)
    except OSError as error:
        raise DataError(f"the data set {name} cannot be read: {error}") from error
    if len(images.train) == 0:
        raise DataError(f"the data set {name} has no training images")
    first = images.train[0:1]
    if first.dtype != np.uint8 or first.ndim != 4:
        raise DataError(
            f"the data set {name} must give (N, C, H, W) uint8, "
            f"it gave {first.ndim} dimensions of {first.dtype}"
        )
    return images


def _write(pixels: Pixels, path: Path, digest: Any, progress: Callable[[int, int], None]) -> Shape:
    """Slice by slice into an .npy file, so that a set larger than memory can be made."""
    _, C, H, W = pixels[0:1].shape
    shape = (C, H, W)
    array = np.lib.format.open_memmap(path, "w+", np.uint8, (len(pixels), *shape))
    digest.update(json.dumps([len(pixels), *shape]).encode())
    for start in range(0, len(pixels), CHUNK):
        rows = np.ascontiguousarray(pixels[start : start + CHUNK])
        array[start : start + len(rows)] = rows
        digest.update(rows)
        progress(start + len(rows), len(pixels))
    array.flush()
    return shape


def _report(images: Images, size: int) -> dict[str, Any]:
    reasons = Counter(why.split(":")[0] for _, why in images.dropped)
    return {
        "size": size,
        "train": len(images.train),
        "held_out": len(images.held_out),
        "dropped": len(images.dropped),
        "reasons": dict(reasons.most_common()),
        "first_dropped": [f"{which}: {why}" for which, why in images.dropped[:LISTED]],
    }


def _open(folder: Path) -> Prepared:
    meta = json.loads((folder / "data.json").read_text(encoding="utf-8"))
    # "c": pages are private, so torch takes the arrays without a copy and cannot alter the file
    arrays = [np.load(folder / f"{split}.npy", mmap_mode="c") for split in ("train", "held_out")]
    return Prepared(Data(**meta["data"]), arrays[0], arrays[1], meta["report"])


# Folders and zips


def _listing(root: Path, files: Iterable[Path]) -> Iterator[tuple[str, int, int]]:
    """Name, bytes and time of every file that is read: a changed one makes another cache."""
    try:
        for path in sorted(files):
            stat = path.stat() if path.exists() else path.lstat()  # a link that leads nowhere
            yield path.relative_to(root.parent).as_posix(), stat.st_size, stat.st_mtime_ns
    except OSError as error:
        raise DataError(f"cannot read {error.filename}: {error.strerror or error}") from error


def _walk(root: Path) -> Iterator[Path]:
    """All files below root, class folders included; links to folders are not followed."""
    if not root.exists():
        raise DataError(f"there is no {root}")
    if root.is_file():
        yield root
        return
    for folder, folders, files in os.walk(root, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder) / name for name in files if not name.startswith("."))


def _unreadable(error: OSError) -> None:
    raise DataError(f"cannot read the folder {error.filename}: {error.strerror or error}")


def _is_image(name: str) -> bool:
    path = Path(name)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return path.suffix.lower() in SUFFIXES and not hidden


class Decoded:
    """Decoded images that are stacked only slice by slice: no second copy of the set."""

    def __init__(self, images: list[np.ndarray]) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: slice) -> np.ndarray:
        return np.stack(self.images[rows])


def _files(root: Path, size: int) -> Images:
    names, read = _members(root)
    if not names:
        kinds = ", ".join(sorted(suffix[1:] for suffix in SUFFIXES))
        raise DataError(f"no images in {root}: looked for {kinds}, in all folders below it")
    used: list[np.ndarray] = []
    dropped: list[tuple[str, str]] = []
    for name, image in _decode_all(names, read, size):
        if isinstance(image, str):
            dropped.append((name, image))
        else:
            used.append(image)
    return _split(root, used, dropped)


def _split(root: Path, used: list[np.ndarray], dropped: list[tuple[str, str]]) -> Images:
    if len(used) < HOLD_OUT:
        why = f"; {len(dropped)} dropped, the first: {': '.join(dropped[0])}" if dropped else ""
        raise DataError(f"{root} has {len(used)} usable images and needs {HOLD_OUT} or more{why}")
    held_out = used[HOLD_OUT - 1 :: HOLD_OUT]
    train = [image for k, image in enumerate(used) if k % HOLD_OUT != HOLD_OUT - 1]
    return Images(train=Decoded(train), held_out=Decoded(held_out), dropped=dropped)


def _members(root: Path) -> tuple[list[str], Callable[[str], bytes]]:
    """Names of the images in a folder or zip, in order, and a way to read one."""
    if root.is_dir():
        paths = {path.relative_to(root).as_posix(): path for path in _walk(root)}
        return sorted(filter(_is_image, paths)), lambda name: paths[name].read_bytes()
    try:
        archive = zipfile.ZipFile(root)
    except zipfile.BadZipFile as error:
        raise DataError(f"{root} is no zip: {error}; give a folder or a zip of images") from error
    except OSError as error:
        raise DataError(f"cannot read {root}: {error.strerror or error}") from error
    return sorted(filter(_is_image, archive.namelist())), archive.read


def _decode_all(
    names: Iterable[str], read: Callable[[str], bytes], size: int
) -> Iterator[tuple[str, np.ndarray | str]]:
    """Every image as (3, size, size) uint8, or the reason why not, decoded on all cores."""
    rest = iter(names)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        while batch := list(islice(rest, CHUNK)):
            yield from zip(
                batch, pool.map(lambda name: _decode(read, name, size), batch), strict=True
            )


def _decode(read: Callable[[str], bytes], name: str, size: int) -> np.ndarray | str:
    try:
        with Image.open(io.BytesIO(read(name)), formats=FORMATS) as image:
            return convert(image, size)
    except TooSmall as error:
        return str(error)
    except Exception as error:  # a decoder may raise anything on rubbish; each is told and counted
        return f"unreadable: {error or type(error).__name__}"


class TooSmall(ValueError):
    """Enlarging an image would teach G blur."""


def convert(image: Image.Image, size: int) -> np.ndarray:
    """One image by the one rule: (3, size, size) uint8."""
    if min(image.size) < size:
        width, height = image.size
        raise TooSmall(f"smaller than {size} px: {width} x {height}")
    upright = ImageOps.exif_transpose(image)
    fitted = ImageOps.fit(_rgb(upright), (size, size), Image.Resampling.LANCZOS)
    return np.asarray(fitted).transpose(2, 0, 1)


def _rgb(image: Image.Image) -> Image.Image:
    """RGB; alpha lies over white, 16-bit greys keep their upper byte."""
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        image = Image.alpha_composite(white, layer)
    return image.convert("RGB")
