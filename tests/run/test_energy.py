"""The energy that GPUs take, from a driver that is made up."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from gan_bench.run.energy import EnergyMeter

HOUR = 3_600_000  # mJ of one Wh


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Two GPUs of 200 W and 100 W."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    used: dict[Any, int] = {0: 7 * HOUR, 1: 0, "GPU-ab": 0}
    fake = SimpleNamespace(
        used=used,
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: 2,
        nvmlDeviceGetHandleByIndex=lambda k: k,
        nvmlDeviceGetHandleByUUID=lambda name: name,
        nvmlDeviceGetPowerUsage=lambda gpu: 200_000 if gpu == 0 else 100_000,
        nvmlDeviceGetTotalEnergyConsumption=used.__getitem__,
    )
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    return fake


@pytest.mark.parametrize(
    ("visible", "text"),
    [
        (None, "2 GPUs 300 W, 6 Wh"),
        ("0", "GPU 200 W, 2 Wh"),
        ("GPU-ab", "GPU 100 W, 1.5 Wh"),
        ("", None),
        ("7", None),
    ],
)
def test_the_energy_since_the_beginning_of_the_gpus_that_cuda_may_use(
    visible: str | None, text: str | None, driver: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    meter = EnergyMeter()
    driver.used[0] += 2 * HOUR
    driver.used[1] += 4 * HOUR
    driver.used["GPU-ab"] += 3 * HOUR // 2
    assert meter.text() == text


def test_without_the_package_or_the_counter_of_a_gpu_nothing_is_said(
    driver: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(_: object) -> int:
        raise RuntimeError("Not Supported")

    driver.nvmlDeviceGetTotalEnergyConsumption = unsupported
    assert EnergyMeter().text() is None
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert EnergyMeter().text() is None
