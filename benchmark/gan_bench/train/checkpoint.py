"""The full states of a training on the disk: checked by digest, the newest good one used.

`checkpoint/<step>.pt` holds tensors and plain values, and is safe to read even if somebody else
wrote it. `<step>.pt.sha256` beside it is in the format of `sha256sum -c`. The digest is written
last: a checkpoint without one was never completed. The newest two are kept, or all of `ticks/`.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.results.atomic import remove, set_aside, write_bytes
from gan_bench.results.reading import digest_of, read_bytes

KEPT = 2
SCHEMA = "1"  # of the state; goes up when an older state can no longer be resumed
LARGEST_FILE = 2**40  # bytes: a checkpoint may be as large as a disk can hold


class Foreign(UsageError):
    """A checkpoint of another cell, protocol or plugin."""


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of one cell. Only those with the same identity are resumed."""

    folder: Path
    identity: Mapping[str, str]
    kept: int | None = KEPT  # so many, the newest ones; None: all

    def save(self, step: int, state: Mapping[str, Any]) -> None:
        """Write a state, then delete all but the newest ones."""
        buffer = io.BytesIO()
        torch.save({"identity": self._identity(), **state}, buffer)
        path = self._path(step)
        digest = write_bytes(path, buffer.getbuffer())
        write_bytes(_digest_file(path), f"{digest}  {path.name}\n".encode())
        for old in self._all()[self.kept :] if self.kept else ():
            _remove(old)

    def newest(self, device: str) -> tuple[dict[str, Any] | None, list[str]]:
        """The newest state that is undamaged, and a note for each that is damaged.

        A damaged checkpoint is renamed to *.corrupt. Raises Foreign if the newest good one
        belongs to another cell, protocol or plugin, and StorageError if reading it would run code.
        """
        notes: list[str] = []
        for path in self._all():
            damage = _damage(path)
            if damage is None:
                return self._load(path, device), notes
            set_aside(path)
            remove(_digest_file(path))
            notes.append(f"checkpoint {path.name} is damaged ({damage}); it is kept as *.corrupt")
        # an earlier start may have renamed some and then ended before it wrote its note
        if damaged := sorted(path.name for path in self.folder.glob("*.corrupt")):
            notes = [f"the training began anew: no good checkpoint beside {', '.join(damaged)}"]
        return None, notes

    def steps(self) -> list[int]:
        """The steps of the completed states, the first one first. Nothing is read."""
        return sorted(int(path.stem) for path in self._completed() if path.stem.isdigit())

    def damage(self, step: int) -> str | None:
        """Why the state of this step cannot be used; None if its bytes are those written."""
        return _damage(self._path(step))

    def at(self, step: int, device: str) -> dict[str, Any]:
        """The state of this step. StorageError if it is damaged; Foreign as `newest` raises it."""
        if damage := self.damage(step):
            raise StorageError(f"{self._path(step)} is damaged ({damage})")
        return self._load(self._path(step), device)

    def check(self) -> None:
        """Raise what `newest` would raise; rename nothing."""
        for path in self._all():
            if _damage(path) is None:
                self._load(path, "cpu")
                return

    def clear(self) -> None:
        """Delete the good checkpoints of a cell that is done. Damaged ones stay, as evidence."""
        for path in self._all():
            _remove(path)

    def _identity(self) -> dict[str, str]:
        return {"checkpoint schema": SCHEMA, **self.identity}

    def _path(self, step: int) -> Path:
        return self.folder / f"{step:09d}.pt"

    def _completed(self) -> list[Path]:
        """The completed checkpoints, newest first."""
        found = sorted(self.folder.glob("*.pt"), reverse=True)
        return [path for path in found if _digest_file(path).exists()]

    def _all(self) -> list[Path]:
        """The same; those that were never completed are deleted."""
        completed = self._completed()
        for path in set(self.folder.glob("*.pt")) - set(completed):
            remove(path)
        return completed

    def _load(self, path: Path, device: str) -> dict[str, Any]:
        try:
            content = io.BytesIO(read_bytes(path, LARGEST_FILE))
            # from torch 2.10 on, weights_only cannot be bypassed: no code in the file is run
            state = torch.load(content, map_location=device, weights_only=True)
            written = dict(state.pop("identity"))
        except StorageError:
            raise
        except Exception as error:  # pickle, zip and torch each raise their own
            raise StorageError(
                f"{path} is refused: it is no checkpoint of gan-bench, or would run code when it "
                f"is read; delete {self.folder} to train this cell anew"
            ) from error
        expected = self._identity()
        differing = [
            f"{name}: {written.get(name, 'none')} then, {expected.get(name, 'none')} now"
            for name in {**written, **expected}
            if written.get(name) != expected.get(name)
        ]
        if differing:
            raise Foreign(
                f"{path} is of another training ({'; '.join(differing)}): go on with what it was "
                f"begun with, or delete {self.folder} to train this cell anew"
            )
        return dict(state)


def _digest_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _damage(path: Path) -> str | None:
    """Why these are not the bytes that were written; None if they are."""
    try:
        expected = read_bytes(_digest_file(path)).decode(errors="replace").split(" ")[0]
        digest = digest_of(path)
    except (StorageError, OSError) as error:
        return str(error)
    return None if digest == expected else f"SHA-256 is {digest[:16]}, was {expected[:16]!r}"


def _remove(path: Path) -> None:
    remove(_digest_file(path))  # first: a checkpoint without its digest does not count
    remove(path)
