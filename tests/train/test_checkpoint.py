"""Checkpoints: what is read back is what was written, or it is not used."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from gan_bench import StorageError
from gan_bench.results.reading import digest_of
from gan_bench.train.checkpoint import Checkpoints, Foreign

IDENTITY = {"architecture": "tiny", "seed": "0"}
STATE = {"weights": torch.arange(6.0).reshape(2, 3), "step": 3, "text": "a\nb", "none": None}


@pytest.fixture
def kept(tmp_path: Path) -> Checkpoints:
    (tmp_path / "checkpoint").mkdir()
    return Checkpoints(tmp_path / "checkpoint", IDENTITY)


def names(kept: Checkpoints) -> list[str]:
    return sorted(path.name for path in kept.folder.iterdir())


def newest_step(kept: Checkpoints) -> int | None:
    state, _ = kept.newest("cpu")
    return state and state["step"]


def test_a_state_comes_back_as_it_was(kept: Checkpoints) -> None:
    assert kept.newest("cpu") == (None, [])
    kept.save(3, STATE)
    state, notes = kept.newest("cpu")
    assert state is not None
    assert torch.equal(state.pop("weights"), STATE["weights"])
    assert state == {"step": 3, "text": "a\nb", "none": None}
    assert notes == []


def test_the_newest_two_are_kept_with_digests_that_anyone_can_check(kept: Checkpoints) -> None:
    for step in (9, 10, 100):
        kept.save(step, STATE | {"step": step})
    files = ["000000010.pt", "000000100.pt"]
    assert names(kept) == sorted([*files, *(f"{name}.sha256" for name in files)])
    assert newest_step(kept) == 100
    for name in files:
        digest = hashlib.sha256((kept.folder / name).read_bytes()).hexdigest()
        assert (kept.folder / f"{name}.sha256").read_text() == f"{digest}  {name}\n"


def flipped(content: bytes, byte: int) -> bytes:
    return content[:byte] + bytes([content[byte] ^ 1]) + content[byte + 1 :]


DAMAGES: dict[str, Any] = {
    "one bit of the head": lambda content: flipped(content, 40),
    "one bit in the middle": lambda content: flipped(content, len(content) // 2),
    "one bit of the tail": lambda content: flipped(content, len(content) - 1),
    "truncated": lambda content: content[: len(content) // 2],
    "a byte more": lambda content: content + b"\0",
    "empty": lambda _: b"",
    "garbage": lambda _: b"rubbish" * 100,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_one_is_named_and_set_aside_and_the_one_before_is_used(
    damage: Any, kept: Checkpoints
) -> None:
    for step in (1, 2):
        kept.save(step, STATE | {"step": step})
    path = kept.folder / "000000002.pt"
    content = damage(path.read_bytes())
    path.write_bytes(content)
    before = names(kept)
    kept.check()
    assert names(kept) == before  # to check changes nothing
    state, (note,) = kept.newest("cpu")
    assert state is not None
    assert state["step"] == 1
    assert note.startswith("checkpoint 000000002.pt is damaged (SHA-256 is ")
    assert (kept.folder / "000000002.pt.corrupt").read_bytes() == content
    assert newest_step(kept) == 1  # and from now on without a word


def test_torch_itself_would_not_notice_one_flipped_bit(kept: Checkpoints) -> None:
    """Why there are digests."""
    kept.save(1, STATE)
    path = kept.folder / "000000001.pt"
    content = path.read_bytes()
    place = content.index(STATE["weights"].numpy().tobytes())  # type: ignore[attr-defined]
    path.write_bytes(flipped(content, place + 2))
    assert not torch.equal(torch.load(path, weights_only=True)["weights"], STATE["weights"])
    assert kept.newest("cpu")[0] is None


@pytest.mark.parametrize("text", ["", "nonsense", "\xff", "0" * 64 + "  000000002.pt\n"])
def test_a_damaged_digest_is_a_damaged_checkpoint(text: str, kept: Checkpoints) -> None:
    for step in (1, 2):
        kept.save(step, STATE | {"step": step})
    (kept.folder / "000000002.pt.sha256").write_text(text, encoding="latin-1")
    assert newest_step(kept) == 1


def test_without_a_good_one_it_is_said_loudly_also_at_the_next_start(kept: Checkpoints) -> None:
    for step in (1, 2):
        kept.save(step, STATE)
        (kept.folder / f"00000000{step}.pt").write_bytes(b"")
    for _ in range(2):
        state, (line,) = kept.newest("cpu")
        assert state is None
        assert line == (
            "the training began anew: no good checkpoint beside "
            "000000001.pt.corrupt, 000000002.pt.corrupt"
        )


def test_one_without_a_digest_was_never_completed(kept: Checkpoints) -> None:
    for step in (1, 2):
        kept.save(step, STATE | {"step": step})
    (kept.folder / "000000002.pt.sha256").unlink()
    state, notes = kept.newest("cpu")
    assert (state and state["step"], notes) == (1, [])
    assert names(kept) == ["000000001.pt", "000000001.pt.sha256"]


class Bomb:
    """A pickle that runs a command when it is read."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return subprocess.check_call, (["touch", str(self.target)],)


def put(kept: Checkpoints, value: object) -> None:
    """A file with a digest that is right."""
    path = kept.folder / "000000009.pt"
    torch.save(value, path)
    text = f"{digest_of(path)}  {path.name}\n"
    path.with_name(f"{path.name}.sha256").write_text(text)


@pytest.mark.parametrize("inside", [False, True])
def test_a_pickle_that_would_run_code_is_refused_and_runs_none(
    inside: bool, kept: Checkpoints, tmp_path: Path
) -> None:
    bomb = Bomb(tmp_path / "ran")
    put(kept, {"identity": IDENTITY, "more": bomb} if inside else bomb)
    for look in (kept.check, lambda: kept.newest("cpu")):
        with pytest.raises(StorageError, match="refused: it is no checkpoint of gan-bench"):
            look()
    assert not (tmp_path / "ran").exists()
    torch.load(kept.folder / "000000009.pt", weights_only=False)  # the bomb is real
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize("value", [nn.Linear(2, 2), [1, 2], {"no": "identity"}, {"identity": 5}, 3])
def test_what_is_no_checkpoint_of_ours_is_refused(value: object, kept: Checkpoints) -> None:
    put(kept, value)
    with pytest.raises(StorageError, match="refused"):
        kept.newest("cpu")


def test_one_of_another_training_is_refused_with_what_differs(kept: Checkpoints) -> None:
    Checkpoints(kept.folder, {"architecture": "wide", "seed": "0", "old": "x"}).save(1, STATE)
    for look in (kept.check, lambda: kept.newest("cpu")):
        with pytest.raises(Foreign) as refusal:
            look()
        said = str(refusal.value)
        assert "(architecture: wide then, tiny now; old: x then, none now)" in said
        assert "seed" not in said
        assert refusal.value.exit_code == 2
    assert names(kept) == ["000000001.pt", "000000001.pt.sha256"]  # it is somebody's


def test_when_the_cell_is_done_only_what_was_damaged_stays(kept: Checkpoints) -> None:
    for step in (1, 2):
        kept.save(step, STATE)
    (kept.folder / "000000002.pt").write_bytes(b"")
    kept.newest("cpu")
    kept.clear()
    assert names(kept) == ["000000002.pt.corrupt"]
