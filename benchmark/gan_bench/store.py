"""The results folder: its layout, atomic writes, records."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import math
import os
import re
import shutil
import socket
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import filelock
import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json

from gan_bench.contract import StorageError, UsageError
from gan_bench.protocol import Cell, Count, Number, Protocol

Model = TypeVar("Model", bound=BaseModel)

if TYPE_CHECKING:
    from typing_extensions import Buffer

SCHEMA = 1
UNITS = ("bytes", "kB", "MB", "GB", "TB")
PART = ".part"  # what a file is called until it is complete
LARGEST = 16 * 2**20  # bytes of a document that is read: a record has 10,000, a long curve 100,000
LOG_TAIL = 20_000  # bytes of a log that are looked through for a reason
BINARY = getattr(os, "O_BINARY", 0)  # Windows would change line ends
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # of Windows
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


def safe_name(text: str) -> str:
    """`text` itself if it can be a folder name anywhere, else a UsageError."""
    if not NAME.fullmatch(text) or text.endswith(".") or DEVICES.fullmatch(text):
        raise UsageError(
            f"the name {text[:80]!r} cannot be used: a name has 1 to 63 letters, digits, '-', "
            "'_' or '.', and begins with a letter or digit"
        )
    return text


def name_of(path: Path) -> str:
    """A name for a data set that the user gave as a path."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", path.stem).strip("-_.")[:40].rstrip("-_.")
    return f"{name}-images" if DEVICES.fullmatch(name) else name or "images"


# Layout


def protocol_dir(results: Path, protocol: Protocol) -> Path:
    """Where a protocol's cells live."""
    safe_name(protocol.data.name)  # all else in it is of our making
    return results / protocol.slug


def cell_dir(results: Path, protocol: Protocol, cell: Cell) -> Path:
    """Where one cell lives: <slug>/<architecture>/<loss>/seed<k>."""
    names = safe_name(cell.architecture), safe_name(cell.loss), f"seed{cell.seed}"
    return protocol_dir(results, protocol).joinpath(*names)


def protocol_of(directory: Path) -> Protocol:
    """The protocol that a cell's folder belongs to."""
    return read_model(directory.parents[2] / "protocol.json", Protocol)


# Writing: the one path on which anything gets onto a disk


@contextmanager
def writing(path: Path, size: int | None = None, head: int = 0) -> Iterator[Draft]:
    """Keep all that the block adds to the file, or nothing.

    A temporary file beside it is written, synced and read back, and only then takes its name: a
    process that is killed, a full disk or a disk that returns other bytes leaves what was there
    before. Raises StorageError; `size` in bytes, where it is known, is told if there is no room.
    So many bytes at the beginning as `head` says are written last.
    """
    draft = Draft(path, size, head)
    with draft.told():
        try:
            with draft.opened():
                yield draft
            draft.keep()
        except BaseException:
            draft.temporary.unlink(missing_ok=True)
            raise


class Draft:
    """A file on its way onto the disk; the digest is of its bytes in the order they were added."""

    def __init__(self, path: Path, size: int | None, head: int) -> None:
        self.path = path
        self.temporary = path.with_name(f".{path.name[-200:]}.{os.getpid()}{PART}")
        self.size, self.head = size, head
        self.handle, self.written = -1, 0
        self.digest = hashlib.sha256()

    def add(self, part: Buffer) -> None:
        """Write what comes next."""
        with self.told():  # of several drafts this is the one that failed
            _write(self.handle, part)
        self.digest.update(part)
        self.written += memoryview(part).nbytes

    def add_head(self, part: Buffer) -> None:
        """Write what was left out at the beginning."""
        os.lseek(self.handle, 0, os.SEEK_SET)
        self.add(part)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """It can be added to, and is on the disk when the block has ended well."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | BINARY
        self.handle = os.open(self.temporary, flags, 0o666)
        try:
            os.lseek(self.handle, self.head, os.SEEK_SET)
            yield
            os.fsync(self.handle)
        finally:
            os.close(self.handle)

    def keep(self) -> None:
        """Give it its name, if it reads back as it was written."""
        if digest_of(self.temporary, self.head) != self.digest.hexdigest():
            raise OSError(errno.EIO, "it reads back otherwise than it was written")
        os.replace(self.temporary, self.path)
        sync_folder(self.path.parent)

    @contextmanager
    def told(self) -> Iterator[None]:
        """What the system says becomes a sentence about this file."""
        try:
            yield
        except OSError as error:
            why = _why(error, self.path, self.size or self.written)
            raise StorageError(f"cannot write {self.path}: {why}") from error


def _write(handle: int, part: Buffer) -> None:
    rest = memoryview(part).cast("B")
    while rest:
        rest = rest[os.write(handle, rest) :]


def _why(error: OSError, path: Path, size: int) -> str:
    """The system's own words, and the numbers if there was no room."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return error.strerror or str(error)
    free = f"{human_size(room(path.parent))} free on {path.parent}"
    return f"no space left: needs {human_size(size)}, {free}; make room first"


def room(folder: Path) -> int:
    """Bytes that can still be written to the disk of this folder, or of the one it would be in."""
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    return shutil.disk_usage(there).free


def human_size(count: float) -> str:
    """Bytes as people say them: 84 MB, 1.5 GB; powers of ten, as disks are sold."""
    power = min(int(math.log10(max(count, 1)) // 3), len(UNITS) - 1)
    amount = count / 1000**power
    return f"{amount:.0f} {UNITS[power]}" if amount >= 100 else f"{amount:.3g} {UNITS[power]}"


def write_bytes(path: Path, content: Buffer) -> str:
    """One file, all of it or nothing; its SHA-256."""
    with writing(path, memoryview(content).nbytes) as draft:
        draft.add(content)
    return draft.digest.hexdigest()


def write_json(path: Path, value: object) -> None:
    """One JSON document. NaN and infinities are refused: they are no JSON."""
    write_bytes(path, (json.dumps(value, indent=2, allow_nan=False) + "\n").encode())


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Arrays by name, as .npz; each has a checksum in it."""
    if any(array.dtype.hasobject for array in arrays.values()):
        raise ValueError("an array of objects would be pickled, and pickles are never read")
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    write_bytes(path, buffer.getbuffer())


def append_line(path: Path, row: dict[str, Any]) -> None:
    """One more line of JSON; a number that is not finite becomes null.

    Not synced: what must not be lost of these lines is in the checkpoints as well.
    """
    finite = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }
    line = (json.dumps(finite, allow_nan=False) + "\n").encode()
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | BINARY, 0o666)
        try:
            _write(handle, line)
        finally:
            os.close(handle)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {_why(error, path, len(line))}") from error


def make_folder(folder: Path) -> None:
    """The folder, and all above it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot make {folder}: {_why(error, folder, 0)}") from error


def sync_folder(folder: Path) -> None:
    """Until its folder is synced, a new name can be lost with the power."""
    if os.name == "posix":  # elsewhere a folder cannot be opened
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove(path: Path) -> None:
    """Delete a file, if it is there."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"cannot delete {path}: {error.strerror or error}") from error


def set_aside(path: Path) -> None:
    """Keep a damaged file out of the way, under its name and .corrupt."""
    try:
        os.replace(path, path.with_name(f"{path.name}.corrupt"))
    except OSError as error:
        raise StorageError(f"cannot rename {path}: {error.strerror or error}") from error


def remove_parts(folder: Path) -> None:
    """Delete what killed writers left half written below a folder that no one else writes to."""
    for path in folder.rglob(f".*{PART}"):
        remove(path)


@contextmanager
def alone_in(folder: Path, wait: float = 0) -> Iterator[None]:
    """Keep all others out of a folder; StorageError with the holder's name after `wait` seconds.

    The lock is the system's, so that a killed process leaves none behind.
    """
    make_folder(folder)
    lock, holder = filelock.FileLock(folder / ".lock", timeout=wait), folder / ".holder.json"
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise StorageError(
            f"{folder} is being used by another run{_told(holder)}: wait for its end, "
            "or choose another --results"
        ) from error
    except OSError as error:
        raise StorageError(f"cannot lock {folder}: {error.strerror or error}") from error
    try:
        write_json(holder, {"pid": os.getpid(), "host": socket.gethostname()})
        yield
        remove(holder)
    finally:
        lock.release()


def _told(holder: Path) -> str:
    try:
        who = json.loads(read_bytes(holder))
        return f" (process {int(who['pid'])} on {who['host']})"
    except (StorageError, ValueError, LookupError, TypeError):
        return ""  # between the lock and the name lies a moment


# Reading


def read_bytes(path: Path, most: int = LARGEST) -> bytes:
    """A regular file of at most so many bytes; StorageError for anything else."""
    try:
        about = os.stat(path)
        if not stat.S_ISREG(about.st_mode):
            raise StorageError(f"unreadable {path}: it is no regular file")
        if about.st_size > most:
            raise StorageError(f"unreadable {path}: {human_size(about.st_size)} are too many")
        handle = os.open(path, os.O_RDONLY | BINARY)
        try:
            return b"".join(iter(partial(os.read, handle, about.st_size + 1), b""))
        finally:
            os.close(handle)
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error


def digest_of(path: Path, head: int = 0) -> str:
    """SHA-256 of a file's bytes; the first `head` of them come last, as they are written."""
    digest = hashlib.sha256()
    handle = os.open(path, os.O_RDONLY | BINARY)
    try:
        os.lseek(handle, head, os.SEEK_SET)
        while chunk := os.read(handle, 2**20):
            digest.update(chunk)
        os.lseek(handle, 0, os.SEEK_SET)
        digest.update(os.read(handle, head))
    finally:
        os.close(handle)
    return digest.hexdigest()


def tail(path: Path, most: int = LOG_TAIL) -> str:
    """The end of a log, "" if there is none."""
    try:
        with path.open("rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - most))
            return log.read().decode(errors="replace")
    except OSError:
        return ""


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The complete lines of a JSON-lines file; an unfinished last one is left out."""
    try:
        lines = read_bytes(path).split(b"\n")[:-1]
    except StorageError:
        if os.path.lexists(path):
            raise
        return []
    try:
        rows = _parsed(lines)
    except (ValueError, RecursionError) as error:  # of UTF-8 or of JSON
        raise StorageError(f"unreadable {path}: {error}") from error
    if any(kind is not dict for kind in set(map(type, rows))):
        raise StorageError(f"unreadable {path}: a line is no JSON object")
    return rows


def _parsed(lines: list[bytes]) -> list[Any]:
    """JSON, five times as fast as the standard library reads it, where nothing is odd about it."""
    try:
        return list(map(from_json, lines))
    except ValueError:  # json reads a little more, half a surrogate, and its words are known
        return [json.loads(line.decode()) for line in lines]


def last_line(path: Path) -> dict[str, Any]:
    """The last complete line, {} if there is none that can be read."""
    try:
        lines = read_lines(path)
    except StorageError:
        return {}
    return lines[-1] if lines else {}


def read_model(path: Path, kind: type[Model]) -> Model:
    """A JSON document as a checked value."""
    try:
        return kind.model_validate_json(read_bytes(path))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        raise StorageError(f"unreadable {path}: {where}: {first['msg']}") from error


# Records


class Score(BaseModel):
    """A number and all that it takes to read it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    value: Number
    error: Number | None = None  # standard error over samplings of the same network
    higher_is_better: bool
    features: str
    n: Count  # generated images
    reference: str
    reference_n: Count


class Cost(BaseModel):
    """What it took."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    train_seconds: Number  # without looking and measuring
    images_per_second: Number
    evaluate_seconds: Number  # with the looks at every tick
    peak_memory_mib: Number
    g_parameters: Count
    d_parameters: Count
    g_macs: Count | None = None  # multiply-accumulates of one image, forward
    d_macs: Count | None = None


VerdictKind = Literal["collapsed", "degraded", "diverged"]
Status = Literal["finished", "collapsed", "degraded", "diverged", "failed"]


class Verdict(BaseModel):
    """What went wrong with a training, when, and the numbers behind it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: VerdictKind
    kimg: Number  # when it was found
    reason: str


class Best(BaseModel):
    """The best and the last tick of a training by the ranking metric, on `tick_samples`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    metric: str
    value: Number
    kimg: Number
    final: Number  # of the last tick, on the same samples: only these two can be compared


class Record(BaseModel):
    """All that a finished cell leaves."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    schema_number: Literal[1] = 1
    architecture: str
    loss: str
    seed: Count
    status: Status  # of the network that was measured, at the end
    reason: str | None = None
    scores: dict[str, Score] = {}
    unscored: dict[str, str] = {}  # metrics that refused, and why
    best: Best | None = None
    verdicts: tuple[Verdict, ...] = ()  # all there were on the way
    rollbacks: Count = 0
    diagnosis: str | None = None  # one line of plain words
    notes: tuple[str, ...] = ()  # what else a reader should know: checkpoints that were damaged
    starts: Count = 1  # processes it took: more than one if it was interrupted
    log: str | None = None  # the end of cell.log, of a process that left no record itself
    cost: Cost | None = None
    device: str | None = None
    computed: dict[str, str] = {}  # what changes speed and last bits, not what was asked for
    versions: dict[str, str] = {}
    ended: str  # UTC, ISO 8601


def write_record(directory: Path, record: Record) -> None:
    """The last thing that is written into a cell's folder: it makes the cell done."""
    write_json(directory / "record.json", record.model_dump(mode="json"))


def read_record(directory: Path) -> Record:
    """The record of a done cell."""
    return read_model(directory / "record.json", Record)


def cells_in(protocol_folder: Path) -> Iterator[Path]:
    """The cell folders below a protocol's folder, in order of their names, damaged ones too."""
    for architecture in _names_in(protocol_folder):
        for loss in _names_in(protocol_folder / architecture):
            above = protocol_folder / architecture / loss
            for seed in _names_in(above):
                if seed.startswith("seed") and any(
                    os.path.lexists(f"{above}/{seed}/{name}")
                    for name in ("record.json", "cell.json")
                ):
                    yield above / seed


def _names_in(folder: Path) -> list[str]:
    """The names in a folder, in order; none where there is no folder that can be read."""
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []
    except OSError as error:
        if error.errno == errno.ELOOP:
            return []
        raise
