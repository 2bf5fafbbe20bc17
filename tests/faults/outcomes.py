"""What a command ends in: the digest of each of its files, without circumstances."""

from __future__ import annotations

import hashlib
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from gan_bench.results.atomic import PART
from gan_bench.results.layout import HOUSEKEEPING, KEPT_TICKS, LOG, OUTCOME, SPEED, STARTS

if TYPE_CHECKING:
    from commands import Row

# what a command may say otherwise each time: when, where, how fast, and after how many starts
CIRCUMSTANCES = re.compile(
    r'"(cost|ended|device|computed|machine|versions|starts|notes|log|when|records|pid|host|'
    r"seconds|looking|unit|memory|began|made_by|code)"
    r'": ?("(?:[^"\\]|\\.)*"|\{[^{}]*\}|\[[^][]*\]|[^,\n}]*)'
)
LEFT_OUT = {*HOUSEKEEPING, LOG, SPEED, STARTS, "said.txt", "modules.txt", "operations.txt", OUTCOME}

# the user's own folder; bytecode, which Python writes when it first imports a plugin's file
NOT_OURS = {"home", "__pycache__"}


def difference(folder: Path, stage: Path, row: Row, reference: dict[str, str]) -> list[str]:
    """The first names of files that are not what they are if nothing happens."""
    found = outcome(folder, stage, row)
    names = sorted(found.keys() | reference.keys())
    if not row.cleans:  # who is killed may leave the hidden file that was being written
        names = [name for name in names if not name.endswith(PART)]
    return [name for name in names if found.get(name) != reference.get(name)][:5]


def outcome(folder: Path, stage: Path, row: Row) -> dict[str, str]:
    """The digest of each file that the stage does not have, or has otherwise."""
    found = {}
    ours = {*LEFT_OUT, *row.varying}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if not path.is_file() or path.name in ours or NOT_OURS & {*name.parts}:
            continue
        content = path.read_bytes()
        if (stage / name).is_file() and (stage / name).read_bytes() == content:
            found[str(name)] = "as it was"
        else:
            found[str(name)] = hashlib.sha256(_told(path, content, folder)).hexdigest()
    return found


def _told(path: Path, content: bytes, folder: Path) -> bytes:
    """Without circumstances, and with this folder under a name that all of them have."""
    if path.parent.name == KEPT_TICKS:
        return _state_told(content) if path.suffix == ".pt" else b"digest of the whole state"
    if path.suffix not in (".json", ".jsonl", ".html", ".md", ".tex", ".csv", ".svg"):
        return content
    text = content.decode().replace(str(folder), "HERE")
    return CIRCUMSTANCES.sub(r'"\1": ...', text).encode()


def _state_told(content: bytes) -> bytes:
    """A state of a training, without how long it took."""
    state = torch.load(io.BytesIO(content), weights_only=True)
    state["lines"].pop("speed")
    state["course"] = CIRCUMSTANCES.sub(r'"\1": ...', state["course"])
    return repr(_values(state)).encode()


def _values(state: object) -> object:
    """The state with the digests of its tensors: equal states may be pickled differently."""
    if isinstance(state, dict):
        return {name: _values(value) for name, value in state.items()}
    if isinstance(state, list | tuple):
        return [_values(value) for value in state]
    if isinstance(state, torch.Tensor):
        content = state.contiguous().view(-1).view(torch.uint8).numpy().tobytes()
        return state.dtype, state.shape, state.stride(), hashlib.sha256(content).hexdigest()
    return state
