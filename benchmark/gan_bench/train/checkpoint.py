"""The whole state of a training on the disk: digest-checked, two kept, newest good one first.

`checkpoint/<step>.pt` holds tensors and plain values, and can be read without trusting it;
`<step>.pt.sha256` beside it is what `sha256sum -c` reads. The digest is written last: without it
a checkpoint is one that was never completed.
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
SCHEMA = "1"  # of the state
LARGEST = 2**40  # bytes: what was written here may be read back


class Foreign(UsageError):
    """A checkpoint of another cell, protocol or plugin."""


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of one cell. Only one with the same identity is ever gone on from."""

    folder: Path
    identity: Mapping[str, str]

    def save(self, step: int, state: Mapping[str, Any]) -> None:
        """Write a state, then delete all but the newest two."""
        buffer = io.BytesIO()
        torch.save({"identity": self._identity(), **state}, buffer)
        path = self.folder / f"{step:09d}.pt"
        digest = write_bytes(path, buffer.getbuffer())
        write_bytes(_digest_file(path), f"{digest}  {path.name}\n".encode())
        for old in self._all()[KEPT:]:
            _remove(old)

    def newest(self, device: str) -> tuple[dict[str, Any] | None, list[str]]:
        """The newest state whose bytes are those that were written, and what was wrong with others.

        A damaged one is set aside as *.corrupt. Foreign if the newest good one belongs to
        another cell, protocol or plugin; StorageError if it would run code when read.
        """
        told: list[str] = []
        for path in self._all():
            why = _damage(path)
            if why is None:
                return self._state(path, device), told
            set_aside(path)
            remove(_digest_file(path))
            told.append(f"checkpoint {path.name} is damaged ({why}); it is kept as *.corrupt")
        # what was set aside at an earlier start that came to nothing is told as well
        if damaged := sorted(path.name for path in self.folder.glob("*.corrupt")):
            told = [f"the training began anew: no good checkpoint beside {', '.join(damaged)}"]
        return None, told

    def check(self) -> None:
        """Raise as `newest` would for what cannot be gone on with; change nothing."""
        for path in self._all():
            if _damage(path) is None:
                self._state(path, "cpu")
                return

    def clear(self) -> None:
        """Delete them: the cell has its outcome. What was damaged stays, as evidence."""
        for path in self._all():
            _remove(path)

    def _identity(self) -> dict[str, str]:
        return {"checkpoint schema": SCHEMA, **self.identity}

    def _all(self) -> list[Path]:
        """Newest first. One without its digest was being written when the process ended."""
        found = []
        for path in sorted(self.folder.glob("*.pt"), reverse=True):
            if _digest_file(path).exists():
                found.append(path)
            else:
                remove(path)
        return found

    def _state(self, path: Path, device: str) -> dict[str, Any]:
        try:
            content = io.BytesIO(read_bytes(path, LARGEST))
            # torch >= 2.10 keeps the promise of weights_only: nothing in the file is executed
            state = torch.load(content, map_location=device, weights_only=True)
            found = dict(state.pop("identity"))
        except StorageError:
            raise
        except Exception as error:  # of pickle, zip or torch: all say that this is none of ours
            raise StorageError(
                f"{path} is refused: it is no checkpoint of gan-bench, or would run code when it "
                f"is read; delete {self.folder} to train this cell anew"
            ) from error
        wanted = self._identity()
        differing = [
            f"{name}: {found.get(name, 'none')} then, {wanted.get(name, 'none')} now"
            for name in {**found, **wanted}
            if found.get(name) != wanted.get(name)
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
    """Why these are not the bytes that were written."""
    try:
        wanted = read_bytes(_digest_file(path)).decode(errors="replace").split(" ")[0]
        found = digest_of(path)
    except (StorageError, OSError) as error:
        return str(error)
    return None if found == wanted else f"SHA-256 is {found[:16]}, was {wanted[:16]!r}"


def _remove(path: Path) -> None:
    remove(_digest_file(path))  # first: what has no digest does not count
    remove(path)
