from __future__ import annotations

import pytest
import torch
from torch import nn

from gan_bench.train.cost import device_name, macs, parameters

LINEAR = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3))


def test_macs_and_parameters_are_those_counted_by_hand() -> None:
    assert macs(LINEAR, (1, 5)) == 5 * 7 + 7 * 3
    assert parameters(LINEAR) == 5 * 7 + 7 + 7 * 3 + 3
    convolution = nn.Conv2d(3, 8, 4, stride=2, padding=1)
    assert macs(convolution, (1, 3, 16, 16)) == 8 * 8 * 8 * 3 * 16
    assert convolution.training


@pytest.mark.usefixtures("one_thread")
def test_a_cpu_is_named_with_its_threads() -> None:
    assert device_name("cpu") == "cpu (1 thread)"
    torch.set_num_threads(2)
    assert device_name("cpu") == "cpu (2 threads)"
