"""What a record says about the machine that a cell was computed on."""

from __future__ import annotations

import socket

import pytest
import torch

from gan_bench.run import hardware
from gan_bench.run.hardware import this_machine

pytestmark = pytest.mark.usefixtures("one_thread")


def test_it_changes_with_what_the_last_bits_depend_on(monkeypatch: pytest.MonkeyPatch) -> None:
    before = this_machine()
    assert this_machine() == before
    torch.set_num_threads(2)
    assert this_machine() == before | {"threads": "2"}
    torch.set_num_threads(1)
    show = torch.__config__.show()
    monkeypatch.setattr("torch.backends.cpu.get_cpu_capability", lambda: "DEFAULT")
    monkeypatch.setattr("torch.__config__.show", lambda: show.replace("usage: ", "usage: NO "))
    assert changed(before) == {"instructions"}
    monkeypatch.setattr("torch.__config__.show", lambda: "another compiler")
    assert changed(before) == {"instructions", "torch"}


def changed(before: dict[str, str]) -> set[str]:
    return {name for name, value in this_machine().items() if value != before[name]}


def test_it_does_not_name_the_host() -> None:
    assert socket.gethostname() not in " ".join(this_machine().values())


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_there_is_a_name_of_the_processor_on_every_system(
    system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware.sys, "platform", system)
    assert hardware.processor()
