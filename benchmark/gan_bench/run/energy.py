"""The energy that the GPUs of this machine take, where NVIDIA's driver says it.

It needs the package nvidia-ml-py, which `pip install gan-bench[energy]` brings.
"""

from __future__ import annotations

import os
from contextlib import suppress
from importlib import import_module
from typing import Any

from gan_bench.base.text import number, plural

WATT_HOUR = 3600 * 1000  # mJ


class EnergyMeter:
    """What the GPUs that CUDA may use take from now on, whichever program uses them."""

    def __init__(self) -> None:
        self._nvml: Any = None
        self._gpus: list[Any] = []
        with suppress(Exception):  # no such package, no NVIDIA driver, no GPU: nothing is shown
            self._nvml = import_module("pynvml")
            self._nvml.nvmlInit()
            self._gpus = self._usable()
        self._before = self._sum("nvmlDeviceGetTotalEnergyConsumption")

    def text(self) -> str | None:
        """`GPU 214 W, 12.3 Wh`: the power now, the energy so far; None where it is not known."""
        power = self._sum("nvmlDeviceGetPowerUsage")  # mW
        energy = self._sum("nvmlDeviceGetTotalEnergyConsumption")  # mJ since the driver was loaded
        if power is None or energy is None or self._before is None:
            return None
        gpus = "GPU" if len(self._gpus) == 1 else plural(len(self._gpus), "GPU")
        used = (energy - self._before) / WATT_HOUR
        return f"{gpus} {number(power / 1000, 3)} W, {number(used, 3)} Wh"

    def _usable(self) -> list[Any]:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        if visible is None:
            names = [str(k) for k in range(self._nvml.nvmlDeviceGetCount())]
        else:
            names = [name.strip() for name in visible.split(",") if name.strip()]
        by_index, by_uuid = (
            self._nvml.nvmlDeviceGetHandleByIndex,
            self._nvml.nvmlDeviceGetHandleByUUID,
        )
        return [by_index(int(name)) if name.isdecimal() else by_uuid(name) for name in names]

    def _sum(self, question: str) -> int | None:
        """The answers of all GPUs; None if one cannot answer, as those before 2017 cannot."""
        with suppress(Exception):
            answers = [int(getattr(self._nvml, question)(gpu)) for gpu in self._gpus]
            return sum(answers) if answers else None
        return None
