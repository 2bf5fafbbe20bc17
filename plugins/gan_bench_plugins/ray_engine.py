"""The engine `ray`: cells as tasks of a Ray cluster, or of one that is started for the run.

Each cell is a process of its own on its node, as with `local`. Its files are written where the
node sees the results folder; else they are sent back while it trains.
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gan_bench import (
    Engine,
    GanBenchError,
    Resources,
    StorageError,
    UsageError,
    cell_files,
    hookimpl,
    images_of,
    write_cell_files,
)
from gan_bench_plugins.ray_address import check_answers
from gan_bench_plugins.ray_node import GRACE_SECONDS, LOST, Answer, Order, Post, run_order

POLL_SECONDS = 0.5
STORE_BYTES = 100 * 2**20  # of a Ray of our own, whose nodes see all files
TAKES = frozenset({"cpus_per_cell", "gpus_per_cell", "address"})


def start(cells: Sequence[Path], resources: Resources) -> Iterator[tuple[Path, int]]:
    """Give the cells to Ray in order; yield each with its exit code."""
    if not cells:
        return
    with _connected(resources.address), _token(cells[0]) as token:
        tasks = _Tasks(cells, token, resources)
        try:
            while tasks.waiting or tasks.running:
                tasks.submit()
                yield from tasks.ended()
        finally:
            tasks.stop()


class _Tasks:
    """The cells of one call of `start`: those that wait, and those that were given to Ray."""

    def __init__(self, cells: Sequence[Path], token: Path, resources: Resources) -> None:
        import ray

        takes = _takes(resources)
        _check_room(takes)
        self.cells = cells
        self.most = resources.jobs or len(cells)
        self.waiting = [
            Order(number=number, folder=cell.absolute(), token=token)
            for number, cell in enumerate(cells)
        ]
        self.running: dict[Any, Order] = {}  # by the reference to the answer
        self.images: tuple[Any, ...] = ()
        # the core starts a lost cell again, at most three times
        self.task = ray.remote(run_order).options(max_retries=0, **takes)
        self.post: Any = ray.remote(Post).options(num_cpus=0, scheduling_strategy=_here()).remote()

    def submit(self) -> None:
        """Give Ray as many as may run; it lets them wait for room in their order."""
        while self.waiting and len(self.running) < self.most:
            order = self.waiting.pop(0)
            self.running[self.task.remote(order, self.post)] = order

    def ended(self) -> Iterator[tuple[Path, int]]:
        """Write what was sent; the cells that have ended since, with their exit codes."""
        import ray

        done, _ = ray.wait(list(self.running), timeout=POLL_SECONDS)
        self.take()
        for reference in done:
            order = self.running.pop(reference)
            answer = _answer(reference)
            if answer.lacks:
                self.waiting.insert(0, self.with_what_it_lacks(order, answer))
            elif answer.code is not None:
                if answer.files:
                    write_cell_files(order.folder, answer.files)
                yield self.cells[order.number], answer.code

    def take(self) -> None:
        """Write the files that tasks have sent."""
        import ray

        for number, files in ray.get(self.post.take.remote()):
            write_cell_files(self.cells[number].absolute(), files)

    def with_what_it_lacks(self, order: Order, answer: Answer) -> Order:
        """The order with the files, or the images, that its node does not have."""
        import ray

        if answer.lacks == "folder":
            return replace(order, files=(ray.put(cell_files(order.folder)),))
        if not self.images:  # one copy is enough for all nodes
            self.images = (ray.put(images_of(order.folder)),)
        return replace(order, images=self.images)

    def stop(self) -> None:
        """Let each cell save its state, and end what has not begun."""
        import ray

        end = time.monotonic() + GRACE_SECONDS
        try:
            if self.running:
                self.post.stop.remote()
            while self.running and time.monotonic() < end:
                for _ in self.ended():
                    pass
        finally:
            for reference in self.running:
                ray.cancel(reference, force=True)
            ray.kill(self.post)


def _answer(reference: Any) -> Answer:
    """What a task left; LOST if its worker or its node was."""
    import ray
    from ray.exceptions import RayError, RayTaskError

    try:
        answer: Answer = ray.get(reference)
    except RayTaskError as error:
        if isinstance(error.cause, GanBenchError):
            raise error.cause from None
        if isinstance(error.cause, OSError):
            raise StorageError(f"a node cannot start a cell: {error.cause}") from None
        raise GanBenchError(f"a node cannot start a cell: {_last_line(error)}") from None
    except RayError:
        return Answer(LOST)
    return answer


def _last_line(error: Exception) -> str:
    return next((line for line in reversed(str(error).splitlines()) if line.strip()), "")


# The cluster


@contextmanager
def _connected(address: str | None) -> Iterator[None]:
    """Within the block there is a Ray: the user's, or one that ends with the block."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    if ray.is_initialized():
        yield
        return
    before = _handlers()
    try:
        join(address)
        _restore(before)  # Ray takes SIGTERM, which is answered elsewhere
        yield
    finally:
        ray.shutdown()
        _restore(before)


def join(address: str | None, **more: Any) -> None:
    """Join the cluster there, or start a Ray on this machine; `more` goes to ray.init.

    UsageError if no cluster is there.
    """
    if address is not None:
        check_answers(address)
    import logging

    import ray

    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        quiet |= {"object_store_memory": STORE_BYTES, "include_dashboard": False}
        _try_twice(lambda: ray.init(address="local", **quiet, **more))
        return
    try:
        ray.init(address=address, **quiet, **more)
    except Exception as error:  # Ray raises ConnectionError, ValueError, RuntimeError and others
        raise UsageError(
            f"--address {address} leads to no Ray cluster ({_first_sentence(error)}): `ray status` "
            "on one of its machines says whether it runs; `ray start --head` starts one"
        ) from error


def _try_twice(begin: Callable[[], Any]) -> None:
    """Ray gives its own processes 30 seconds to begin, which a busy machine may need and more."""
    import ray

    try:
        begin()
    except Exception:  # a bare one, if the time was too short
        ray.shutdown()
        try:
            begin()
        except Exception as error:
            raise GanBenchError(f"Ray does not start here: {_first_sentence(error)}") from error


def _first_sentence(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].partition(". ")[0].rstrip(".")


def _handlers() -> dict[int, Any]:
    if threading.current_thread() is not threading.main_thread():
        return {}
    return {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}


def _restore(handlers: dict[int, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)


def _takes(resources: Resources) -> dict[str, float]:
    """What Ray keeps for each cell."""
    cpus, gpus = resources.cpus_per_cell, resources.gpus_per_cell
    return {"num_cpus": 1 if cpus is None else cpus, "num_gpus": 1 if gpus is None else gpus}


def _check_room(takes: dict[str, float]) -> None:
    """UsageError if no node could ever run a cell: Ray would wait for one for ever."""
    import ray

    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
    has = [(each.get("CPU", 0.0), each.get("GPU", 0.0)) for each in nodes]
    cpus, gpus = takes["num_cpus"], takes["num_gpus"]
    if not any(here[0] >= cpus and here[1] >= gpus for here in has):
        largest = max(has, key=lambda here: here[::-1], default=(0.0, 0.0))
        raise UsageError(
            f"no node of the Ray cluster has {cpus:g} CPUs and {gpus:g} GPUs for a cell; the "
            f"largest has {largest[0]:g} and {largest[1]:g}: lower --cpus-per-cell or "
            "--gpus-per-cell, or start such a node"
        )


def _here() -> Any:
    """The node that this process belongs to: it ends with us, so what it keeps is not lost."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    node = ray.get_runtime_context().get_node_id()
    return NodeAffinitySchedulingStrategy(node_id=node, soft=False)


@contextmanager
def _token(cell: Path) -> Iterator[Path]:
    """A file beside the cells that no other folder has: who sees it sees the results.

    Its name is that of a file which is not complete, so that the next run deletes one that stayed.
    """
    folder = cell.absolute().parent
    with ExitStack() as stack:
        try:
            file = stack.enter_context(_hidden_file(folder))
        except OSError as error:
            raise StorageError(f"cannot write in {folder}: {error.strerror or error}") from error
        yield Path(file.name)


def _hidden_file(folder: Path) -> Any:
    return tempfile.NamedTemporaryFile(dir=folder, prefix=".", suffix=".part")


def _missing() -> str | None:
    return None if find_spec("ray") else "pip install 'gan-bench[ray]'"


@hookimpl
def gan_bench_engines() -> list[Engine]:
    """`ray`."""
    source = "Tasks of Ray core (Moritz et al. 2018, 1712.05889), each a process; --address joins"
    return [
        Engine(
            name="ray",
            source=f"{source} a cluster, else Ray is started on this machine.",
            start=start,
            takes=TAKES,
            at_once=lambda resources: resources.jobs,
            missing=_missing,
        )
    ]
