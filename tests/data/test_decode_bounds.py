"""How many images are read, decoded and waiting at once."""

from __future__ import annotations

import os
import threading
import time
from itertools import count
from pathlib import Path
from threading import local
from typing import Any, NoReturn

import numpy as np
import pytest
from decoded import pixels_of
from sets import dropped, loaded, random_rgb, with_honest

from gan_bench import DataError
from gan_bench.contract.protocol import Sides
from gan_bench.data.decoding.batches import Budget, in_order
from gan_bench.data.decoding.convert import convert
from hostile import MEBI


def test_an_image_that_takes_long_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    none_is_small(monkeypatch)
    folder = with_honest(tmp_path / "set", 80)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    others, all_done = [], threading.Event()
    first = pixels_of((folder / "honest00.png").read_bytes()).transpose(2, 0, 1)

    def first_waits(*given: Any) -> np.ndarray:
        pixels = convert(*given)
        if np.array_equal(pixels, first):
            assert all_done.wait(60)
        else:
            others.append(1)
            if len(others) == 79:
                all_done.set()
        return pixels

    monkeypatch.setattr("gan_bench.data.decoding.decode.convert", first_waits)
    assert dropped(folder) == {}


def none_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan_bench.data.decoding.batches.SMALL_SECONDS", 0)


@pytest.mark.parametrize("threads", [2, 5])
def test_a_slow_task_among_fast_ones_holds_up_no_other(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    none_is_small(monkeypatch)
    monkeypatch.setattr(os, "cpu_count", lambda: threads)
    others, all_done = [], threading.Event()

    def run(number: int) -> int:
        if number == 200:
            assert all_done.wait(60)
        elif number > 200:
            others.append(number)
            if len(others) == 300:
                all_done.set()
        return number

    assert list(in_order(range(501), run, 512)) == list(range(501))


@pytest.mark.parametrize(
    ("seconds", "threads"),
    [([0.0002] * 400, {1}), ([0.02] * 400, {4}), ([0.0002] * 200 + [0.02] * 200, {1, 4})],
    ids=["small", "large", "small, then large"],
)
def test_threads_do_the_tasks_that_are_not_small(
    seconds: list[float], threads: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    clock = local()  # of each thread: no processor need be kept busy
    monkeypatch.setattr(time, "thread_time", lambda: getattr(clock, "now", 0.0))
    workers = [set[int](), set[int]()]  # of the first half and of the second half

    def run(number: int) -> int:
        clock.now = time.thread_time() + seconds[number]
        time.sleep(0.0005)
        if number % 200 >= 64:  # it takes a few tasks until their size is known
            workers[number // 200].add(threading.get_ident())
        return number

    assert list(in_order(range(400), run, 64)) == list(range(400))
    assert {len(each) for each in workers} == threads


@pytest.mark.parametrize("small", [True, False])
def test_the_error_of_a_task_ends_all(small: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not small:
        none_is_small(monkeypatch)
    begun: list[int] = []

    def run(number: int) -> int:
        begun.append(number)
        return 1 // (5 - number)

    with pytest.raises(ZeroDivisionError):
        list(in_order(range(10_000), run, 64))
    assert len(begun) < 200


def test_no_more_is_read_and_decoded_at_once_than_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    none_is_small(monkeypatch)
    folder = with_honest(tmp_path / "set", 40)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr("gan_bench.data.decoding.decode.MOST_PIXELS", 2 * 24 * 24)
    at_work: list[int] = []
    seeds = count()
    most = 0

    def slow(*_: object) -> np.ndarray:
        nonlocal most
        at_work.append(1)
        most = max(most, len(at_work))
        time.sleep(0.002)
        at_work.pop()
        return random_rgb(next(seeds)).transpose(2, 0, 1)

    monkeypatch.setattr("gan_bench.data.decoding.decode.convert", slow)
    assert dropped(folder) == {}
    assert most == 2


def test_a_budget_lets_wait_and_gives_back_even_after_an_error() -> None:
    budget = Budget(10)
    with pytest.raises(KeyError), budget.take(10):
        raise KeyError
    taken: list[int] = []

    def take(count: int) -> None:
        with budget.take(count):
            taken.append(count)

    thread = threading.Thread(target=take, args=(7,))
    with budget.take(4):
        thread.start()
        thread.join(0.05)
        assert taken == []
    thread.join(60)
    assert taken == [7]
    take(11)  # more than there is: it has all, and nobody waits for ever
    assert budget.left == 10


def test_a_file_too_large_is_refused_unread(tmp_path: Path) -> None:
    folder = with_honest(tmp_path / "set")
    with (folder / "large.bmp").open("wb") as file:
        file.truncate(256 * MEBI + 1)  # sparse
    assert dropped(folder) == {"large.bmp": "larger than 256 MiB: 257 MiB"}


def test_a_file_that_grows_is_read_as_it_was_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = with_honest(tmp_path / "set")
    length = (folder / "honest00.png").stat().st_size
    read: list[int] = []

    def image(content: bytes, sides: Sides) -> NoReturn:
        read.append(len(content))
        raise ValueError("seen")

    monkeypatch.setattr("gan_bench.data.decoding.decode.open_image", image)
    monkeypatch.setattr("gan_bench.data.decoding.decode._checked_bytes", lambda member: length - 5)
    with pytest.raises(DataError, match="12 unreadable"):
        loaded(folder)
    assert max(read) == length - 5
