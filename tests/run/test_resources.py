"""What cells may use: refused where the engine does not act on it, and settled for the plan."""

from __future__ import annotations

import os
from typing import Any

import pytest
import torch
from planning import Scripted, offer, record

from gan_bench import Engine, Resources, UsageError
from gan_bench import catalogue as catalogues
from gan_bench.catalogue import Catalogue
from gan_bench.run.resources import check_engine, settled, threads_of

Patch = pytest.MonkeyPatch
HERE = Scripted(record).offer


def engine(name: str, *takes: str, **more: Any) -> Engine:
    return Engine(
        name=name, source="a test", start=lambda *_: iter(()), takes=frozenset(takes), **more
    )


CLUSTER = engine("cluster", "cpus_per_cell", "gpus_per_cell", "address", at_once=lambda r: r.jobs)
QUEUE = engine("queue", "partition", at_once=lambda r: r.jobs)


@pytest.fixture
def known() -> Catalogue:
    catalogue = catalogues.load()
    catalogue.offers[Engine].clear()
    offer(catalogue, HERE, CLUSTER, QUEUE)
    return catalogue


def test_what_an_engine_does_not_take_is_refused_with_the_engines_that_do(known: Catalogue) -> None:
    check_engine(HERE, Resources(jobs=3), known)
    check_engine(CLUSTER, Resources(jobs=3, address="auto", gpus_per_cell=0.5), known)
    with pytest.raises(UsageError) as refusal:
        check_engine(HERE, Resources(partition="short"), known)
    assert str(refusal.value) == (
        "--partition says nothing to the engine scripted: leave it out, or give --engine queue"
    )
    with pytest.raises(UsageError, match=r"--minutes-per-cell says .* queue: leave it out$"):
        check_engine(QUEUE, Resources(minutes_per_cell=10), known)


def test_an_engine_that_lacks_a_package_is_refused_with_what_to_install(known: Catalogue) -> None:
    lame = engine("lame", missing=lambda: "pip install legs")
    with pytest.raises(UsageError, match=r"^--engine lame cannot work here yet: pip install legs$"):
        check_engine(lame, Resources(), known)


@pytest.mark.parametrize(
    ("engine", "jobs", "cells", "at_once"),
    [
        (HERE, None, 5, 1), (HERE, 3, 5, 3), (HERE, 9, 5, 5), (HERE, 2, 0, 1),
        (CLUSTER, None, 5, None), (CLUSTER, 9, 5, 5),
    ],
)  # fmt: skip
def test_no_more_cells_run_at_once_than_the_plan_has(
    engine: Engine, jobs: int | None, cells: int, at_once: int | None
) -> None:
    assert settled(engine, Resources(jobs=jobs), "cpu", cells).jobs == at_once


def test_cells_that_compute_on_a_cpu_take_no_gpu() -> None:
    asked = Resources(gpus_per_cell=0.5)
    assert settled(CLUSTER, asked, "cpu", 1).gpus_per_cell == 0
    assert settled(CLUSTER, asked, "cuda", 1).gpus_per_cell == 0.5
    assert settled(CLUSTER, Resources(), "cuda", 1).gpus_per_cell is None


@pytest.mark.parametrize(
    ("engine", "jobs", "own", "cpus", "threads"),
    [
        (HERE, 2, "", None, 3),
        (HERE, 9, "", None, 1),
        (HERE, 2, "5", None, 5),
        (HERE, 2, "5,2", None, 5),
        (HERE, 2, "many", None, 3),
        (HERE, 1, "", None, 7),  # torch's own number
        (CLUSTER, None, "", None, 1),
        (CLUSTER, 2, "", 4.5, 4),
        (CLUSTER, 2, "5", 0.5, 1),
        (CLUSTER, 2, "5", None, 5),
    ],
)
def test_a_cell_has_the_threads_that_it_was_given_or_its_share_of_the_cores(
    engine: Engine, jobs: int | None, own: str, cpus: float | None, threads: int, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(7)), raising=False)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 7)
    monkeypatch.setenv("OMP_NUM_THREADS", own)
    assert threads_of(engine, Resources(jobs=jobs, cpus_per_cell=cpus)) == threads
