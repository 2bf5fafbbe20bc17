"""Checks of this machine: versions, device, memory, disk."""

from __future__ import annotations

import os
import shutil
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
from gan_bench.base.home import cache_dir
from gan_bench.contract.errors import GanBenchError
from gan_bench.run.plan import pick_device

Status = Literal["ok", "failed", "not here"]
LEAST = 2**30  # bytes of memory and of disk, below which a run may end early
PAIRED = (
    "install both with one command and from one place: "
    "pip install --force-reinstall torch torchvision"
)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    name: str
    status: Status
    detail: str
    values: dict[str, Any] = field(default_factory=dict)
    todo: str = ""  # what to do if it failed, where the detail does not say it


def guarded(name: str, check: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    """Whatever breaks is a failed check and ends no other."""
    try:
        yield from check()
    except Exception as error:
        yield Check(name=name, status="failed", detail=_sentence(error))


def _sentence(error: BaseException) -> str:
    return str(error) if isinstance(error, GanBenchError) else f"{type(error).__name__}: {error}"


@contextmanager
def no_network() -> Iterator[None]:
    """No name is found on the network: only so is it known what works without one."""

    def nowhere(*_: object, **__: object) -> NoReturn:
        raise OSError("gan-bench doctor fetches nothing")

    found, socket.getaddrinfo = socket.getaddrinfo, nowhere
    try:
        yield
    finally:
        socket.getaddrinfo = found


# The machine
def versions() -> Iterator[Check]:
    """The versions of all that a score depends on."""
    try:
        found = catalogues.versions()
    except PackageNotFoundError as missing:
        yield Check(
            name="versions",
            status="failed",
            detail=f"the package {missing.name} is not installed",
            todo="install gan-bench again, with its dependencies",
        )
    else:
        text = ", ".join(f"{name} {version}" for name, version in found.items())
        yield Check(name="versions", status="ok", detail=text, values=dict(found))


def torchvision() -> Iterator[Check]:
    """It is imported here and not above: where it does not fit torch, its import fails."""
    versions = catalogues.versions()
    pair = f"torch {versions['torch']} and torchvision {versions['torchvision']}"
    asks = [each for each in requires("torchvision") or () if each.split()[0] == "torch"]
    values = {name: versions[name] for name in ("torch", "torchvision")} | {"asks for": asks}
    try:
        kept = _suppress()
    except Exception as error:  # a missing operator, library or symbol: each has its own type
        yield Check(
            name="torchvision",
            status="failed",
            detail=f"{pair} do not fit together: {_sentence(error)}",
            values=values,
            todo=PAIRED,
        )
        return
    right = kept == [0, 2]
    yield Check(
        name="torchvision",
        status="ok" if right else "failed",
        detail=f"{pair} work together" if right else f"{pair}: nms keeps {kept}, not [0, 2]",
        values=values,
        todo="" if right else PAIRED,
    )


def _suppress() -> list[int]:
    """Which of three boxes torchvision's compiled operator keeps; the second hides the first."""
    import torch
    from torchvision.ops import nms

    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30]])
    kept: list[int] = nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.5).tolist()
    return kept


def device() -> Iterator[Check]:
    """The device that auto takes."""
    import torch

    device, threads = pick_device("auto"), torch.get_num_threads()
    name = torch.cuda.get_device_name() if device == "cuda" else f"threads: {threads}"
    speed = _bf16_speed(device)
    bf16 = "no bf16" if speed is None else f"bf16 {speed:.1f} times as fast as fp32"
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
    yield _room("memory", free, f"{_size(free)} free", "end what else is running")


def disks(results: Path) -> Iterator[Check]:
    """The free room for results and cache."""
    for name, folder, option in (
        ("disk, results", results, "choose another folder with --results"),
        ("disk, cache", cache_dir(), "set GAN_BENCH_HOME to another folder"),
    ):
        place = _existing(folder.absolute())
        if not os.access(place, os.W_OK):
            detail = f"{place} cannot be written"
            yield Check(name=name, status="failed", detail=detail, todo=option)
        else:
            free = shutil.disk_usage(place).free
            yield _room(name, free, f"{_size(free)} free for {folder}", f"make room, or {option}")


def _room(name: str, free: int, detail: str, todo: str) -> Check:
    enough = free >= LEAST
    return Check(
        name=name,
        status="ok" if enough else "failed",
        detail=detail if enough else f"{detail}, less than the {_size(LEAST)} that a run may take",
        values={"free_mib": free // 2**20},
        todo="" if enough else todo,
    )


def _existing(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())


def _size(count: float) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"
