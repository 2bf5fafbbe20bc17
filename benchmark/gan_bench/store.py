"""The results folder: its layout, atomic writes, records."""

from __future__ import annotations

import io
import json
import math
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from gan_bench.contract import StorageError, UsageError
from gan_bench.protocol import Cell, Protocol

Model = TypeVar("Model", bound=BaseModel)

SCHEMA = 1
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
    return results / protocol.slug


def cell_dir(results: Path, protocol: Protocol, cell: Cell) -> Path:
    """Where one cell lives: <slug>/<architecture>/<loss>/seed<k>."""
    names = safe_name(cell.architecture), safe_name(cell.loss), f"seed{cell.seed}"
    return protocol_dir(results, protocol).joinpath(*names)


def protocol_of(directory: Path) -> Protocol:
    """The protocol that a cell's folder belongs to."""
    return read_model(directory.parents[2] / "protocol.json", Protocol)


# Writing and reading


def write_bytes(path: Path, content: bytes) -> None:
    """Write all of it or nothing: a temporary file beside it, synced, then renamed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o666 & ~_umask())  # mkstemp's own is for no one else to read
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror or error}") from error


def _umask() -> int:
    """There is no way to read it but to set it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":  # elsewhere a folder cannot be opened
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_json(path: Path, value: object) -> None:
    """One JSON document. NaN and infinities are refused: they are no JSON."""
    write_bytes(path, (json.dumps(value, indent=2, allow_nan=False) + "\n").encode())


def write_array(path: Path, array: np.ndarray) -> None:
    """One array as .npy."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    write_bytes(path, buffer.getvalue())


def append_line(path: Path, row: dict[str, Any]) -> None:
    """One more line of JSON; a number that is not finite becomes null."""
    finite = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(finite, allow_nan=False) + "\n")
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror or error}") from error


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The complete lines of a JSON-lines file; an unfinished last one is left out."""
    if not path.exists():
        return []
    try:
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
        return [json.loads(line) for line in lines]
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:  # of UTF-8 or of JSON
        raise StorageError(f"unreadable {path}: {error}") from error


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
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        raise StorageError(f"unreadable {path}: {where}: {first['msg']}") from error


# Records


class Score(BaseModel):
    """A number and all that it takes to read it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    value: float
    error: float | None = None  # standard error over samplings of the same network
    higher_is_better: bool
    features: str
    n: int  # generated images
    reference: str
    reference_n: int


class Cost(BaseModel):
    """What it took."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    train_seconds: float  # without looking and measuring
    images_per_second: float
    evaluate_seconds: float  # with the looks at every tick
    peak_memory_mib: float
    g_parameters: int
    d_parameters: int
    g_macs: int | None = None  # multiply-accumulates of one image, forward
    d_macs: int | None = None


VerdictKind = Literal["collapsed", "degraded", "diverged"]
Status = Literal["finished", "collapsed", "degraded", "diverged", "failed"]


class Verdict(BaseModel):
    """What went wrong with a training, when, and the numbers behind it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: VerdictKind
    kimg: float  # when it was found
    reason: str


class Best(BaseModel):
    """The best and the last tick of a training by the ranking metric, on `tick_samples`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    metric: str
    value: float
    kimg: float
    final: float  # of the last tick, on the same samples: only these two can be compared


class Record(BaseModel):
    """All that a finished cell leaves."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    schema_number: Literal[1] = 1
    architecture: str
    loss: str
    seed: int
    status: Status  # of the network that was measured, at the end
    reason: str | None = None
    scores: dict[str, Score] = {}
    unscored: dict[str, str] = {}  # metrics that refused, and why
    best: Best | None = None
    verdicts: tuple[Verdict, ...] = ()  # all there were on the way
    rollbacks: int = 0
    diagnosis: str | None = None  # one line of plain words
    cost: Cost | None = None
    device: str | None = None
    versions: dict[str, str] = {}
    ended: str  # UTC, ISO 8601


def write_record(directory: Path, record: Record) -> None:
    """The last thing that is written into a cell's folder: it makes the cell done."""
    write_json(directory / "record.json", record.model_dump(mode="json"))


def read_record(directory: Path) -> Record:
    """The record of a done cell."""
    return read_model(directory / "record.json", Record)


def cells_in(protocol_folder: Path) -> Iterator[Path]:
    """The cell folders below a protocol's folder, in order of their names."""
    yield from sorted(path.parent for path in protocol_folder.glob("*/*/seed*/cell.json"))
