"""What the cache holds: prepared sets, which can be removed, and all else as a total."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import filelock

from gan_bench.base.home import cache_dir
from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.contract.names import nearest
from gan_bench.contract.protocol import Data
from gan_bench.data.cache import MAKING, features_folder, sets_folder
from gan_bench.data.files.ours import META
from gan_bench.data.in_use import is_in_use
from gan_bench.results.locks import is_held

DAY = 86_400  # seconds


@dataclass(frozen=True)
class Stored:
    """A folder of the cache with a prepared set, or with what is left of one."""

    folder: Path
    bytes: int
    used: float  # seconds since 1970, when it was used last
    data: Data | None  # None if it is damaged or not finished
    root: str | None  # where the original is, if it is known

    @property
    def name(self) -> str:
        """The name of the data set; of a damaged one, that of its folder."""
        return self.data.name if self.data else self.folder.name

    @property
    def days(self) -> float:
        """How many days ago it was used last."""
        return max(0.0, time.time() - self.used) / DAY

    @property
    def in_the_making(self) -> bool:
        """Whether it is not finished, and a process is at it."""
        return self.data is None and is_held(self._lock)

    @property
    def in_use(self) -> bool:
        """Whether a run uses it now, or makes it."""
        return is_held(self._lock) or is_in_use(self.folder / META)

    @property
    def _lock(self) -> Path:
        name = self.folder.name.removeprefix(".").removesuffix(MAKING)
        return self.folder.with_name(f"{name}.lock")

    def remove(self) -> bool:
        """Delete it unless it is in use; whether it is gone. StorageError."""
        try:
            with filelock.FileLock(self._lock, timeout=0):
                if is_in_use(self.folder / META):
                    return False
                shutil.rmtree(self.folder)
        except filelock.Timeout:
            return False
        except FileNotFoundError:
            return True
        except OSError as error:
            raise StorageError(f"cannot remove {self.folder}: {error.strerror or error}") from error
        return True


def stored_sets() -> list[Stored]:
    """All prepared sets, those that were used last first. StorageError."""
    try:
        folders = [each for each in sets_folder().iterdir() if each.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise StorageError(f"cannot read {sets_folder()}: {error.strerror or error}") from error
    return sorted(map(_stored, folders), key=lambda each: -each.used)


def remove_features() -> int:
    """Delete the features of real images that no process works with; their bytes. StorageError."""
    removed = 0
    for path in features_folder().glob("*.npz"):
        try:
            with filelock.FileLock(f"{path}.lock", timeout=0):
                size = path.stat().st_size
                path.unlink()
        except (filelock.Timeout, FileNotFoundError):
            continue
        except OSError as error:
            raise StorageError(f"cannot remove {path}: {error.strerror or error}") from error
        removed += size
    return removed


def other_bytes() -> dict[str, int]:
    """The other parts of the cache, such as features, and the bytes of each."""
    try:
        parts = sorted(each for each in cache_dir().iterdir() if each != sets_folder())
    except OSError:
        return {}
    return {part.name: sum(_sizes(part)) for part in parts}


def named(sets: Sequence[Stored], names: Iterable[str]) -> list[Stored]:
    """The sets of these names, or in folders of these names. UsageError for an unknown one."""
    chosen = list[Stored]()
    for name in names:
        matching = [each for each in sets if name in (each.name, each.folder.name)]
        if not matching:
            known = list(dict.fromkeys(each.name for each in sets))
            raise UsageError(f"no prepared set is called {name!r}.{nearest(name, known)}")
        chosen += matching
    return list(dict.fromkeys(chosen))


def beyond(sets: Sequence[Stored], most_bytes: float) -> list[Stored]:
    """Those that must go so that the others fit into so many bytes: the longest unused first."""
    excess, chosen = sum(each.bytes for each in sets) - most_bytes, list[Stored]()
    for each in sorted(sets, key=lambda each: each.used):
        if excess > 0:
            chosen.append(each)
            excess -= each.bytes
    return chosen


def _stored(folder: Path) -> Stored:
    data, root = None, None
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        data, root = Data(**meta["data"]), meta.get("root")
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        pass  # damaged, or not finished
    path = folder / META if data else folder
    return Stored(folder, sum(_sizes(folder)), path.stat().st_mtime, data, root)


def _sizes(path: Path) -> Iterator[int]:
    """The bytes of each file below a folder, or of the file."""
    files = [path] if path.is_file() else path.rglob("*")
    for each in files:
        try:
            if not os.path.islink(each) and each.is_file():
                yield each.stat().st_size
        except OSError:  # removed in the meantime
            continue
