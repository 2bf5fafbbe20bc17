"""Checks of this machine: versions, device, memory, disk."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Any, Literal, NoReturn

import psutil

from gan_bench import catalogue as catalogues
from gan_bench.base import text
from gan_bench.base.home import cache_dir
from gan_bench.contract.errors import sentence
from gan_bench.results.atomic import room
from gan_bench.run.plan import pick_device

Status = Literal["ok", "failed", "not here", "not tested"]
LEAST = 2**30  # bytes of memory and of disk; with less, a run may end early
PAIRED = (
    "install both with one command and from one place: "
    "pip install --force-reinstall torch torchvision"
)


@dataclass(frozen=True, kw_only=True)
class Check:
    """The result of one check."""

    name: str
    status: Status
    detail: str
    values: dict[str, Any] = field(default_factory=dict)
    todo: str = ""  # what to do if it failed, where the detail does not say it
    cut_short: bool = False  # whether further checks of the same offer could not be made


def outcome(name: str, passed: bool, detail: str, todo: str, **values: Any) -> Check:
    """A check that passed or failed; what to do is kept only if it failed."""
    status: Status = "ok" if passed else "failed"
    return Check(
        name=name, status=status, detail=detail, values=values, todo="" if passed else todo
    )


def guarded(name: str, check: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    """The checks; an exception becomes a failed check, so that the others still run."""
    try:
        yield from check()
    except (Exception, SystemExit) as error:  # a plugin may call sys.exit
        yield Check(name=name, status="failed", detail=sentence(error))


@contextmanager
def no_network() -> Iterator[None]:
    """Within the block no host name resolves, which shows what works without a network."""

    def nowhere(*_: object, **__: object) -> NoReturn:
        raise OSError("nothing was tried: gan-bench doctor downloads nothing")

    original, socket.getaddrinfo = socket.getaddrinfo, nowhere
    try:
        yield
    finally:
        socket.getaddrinfo = original


def versions() -> Iterator[Check]:
    """The versions of all packages that a score depends on."""
    try:
        installed = catalogues.versions()
    except PackageNotFoundError as missing:
        yield Check(
            name="versions",
            status="failed",
            detail=f"the package {missing.name} is not installed",
            todo="install gan-bench again, with its dependencies",
        )
    else:
        detail = ", ".join(f"{name} {version}" for name, version in installed.items())
        yield Check(name="versions", status="ok", detail=detail, values=dict(installed))


def torchvision() -> Iterator[Check]:
    """Whether torchvision fits torch. If not, importing it fails, so it is imported in here."""
    versions = catalogues.versions()
    pair = f"torch {versions['torch']} and torchvision {versions['torchvision']}"
    asks = [each for each in requires("torchvision") or () if each.split()[0] == "torch"]
    values = {name: versions[name] for name in ("torch", "torchvision")} | {"asks for": asks}
    try:
        kept = _suppress()
    except Exception as error:  # a missing operator, library or symbol: each has its own type
        detail = f"{pair} do not fit together: {sentence(error)}"
        yield outcome("torchvision", False, detail, PAIRED, **values)
        return
    right = kept == [0, 2]
    detail = f"{pair} work together" if right else f"{pair}: nms keeps {kept}, not [0, 2]"
    yield outcome("torchvision", right, detail, PAIRED, **values)


def _suppress() -> list[int]:
    """Which of three boxes torchvision's compiled operator keeps; the first covers the second."""
    import torch
    from torchvision.ops import nms

    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30]])
    kept: list[int] = nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.5).tolist()
    return kept


def device() -> Iterator[Check]:
    """The device that `--device auto` takes, and how fast it is in bf16."""
    import torch

    device, threads = pick_device("auto"), torch.get_num_threads()
    name = torch.cuda.get_device_name() if device == "cuda" else f"threads: {threads}"
    speed = _bf16_speed(device)
    bf16 = "no bf16" if speed is None else f"bf16 {text.number(speed, 2)} times as fast as fp32"
    yield Check(
        name="device",
        status="ok",
        detail=f"auto takes {device}, {name}, {bf16}",
        values={"device": device, "name": name, "threads": threads, "bf16_speed": speed},
    )


def _bf16_speed(device: str) -> float | None:
    """How many times faster a matrix product is than in fp32; None where there is no bf16."""
    import torch

    def seconds(dtype: torch.dtype) -> float:
        a = torch.ones(768, 768, device=device, dtype=dtype)
        times = []
        for _ in range(5):
            started = time.perf_counter()
            (a @ a)[0, 0].item()  # which waits for a GPU
            times.append(time.perf_counter() - started)
        return min(times)

    try:
        return round(seconds(torch.float32) / seconds(torch.bfloat16), 2)
    except (RuntimeError, TypeError):
        return None


def memory() -> Iterator[Check]:
    """The free memory."""
    free = psutil.virtual_memory().available
    yield _enough("memory", free, f"{text.size(free)} free", "end other programs")


def disks(results: Path) -> Iterator[Check]:
    """The free disk space for results and cache."""
    for name, folder, option in (
        ("disk, results", results, "choose another folder with --results"),
        ("disk, cache", cache_dir(), "set GAN_BENCH_HOME to another folder"),
    ):
        path = folder.absolute()
        existing = next(each for each in (path, *path.parents) if each.exists())
        if not os.access(existing, os.W_OK):
            yield outcome(name, False, f"{existing} cannot be written", option)
        else:
            free = room(folder)
            detail = f"{text.size(free)} free for {folder}"
            yield _enough(name, free, detail, f"make room, or {option}")


def _enough(name: str, free: int, detail: str, todo: str) -> Check:
    passed = free >= LEAST
    if not passed:
        detail += f", less than the {text.size(LEAST)} that a run may take"
    return outcome(name, passed, detail, todo, free_mib=free // 2**20)
