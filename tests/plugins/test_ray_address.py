"""The addresses of clusters that the engine `ray` refuses, before Ray itself waits for them."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from gan_bench import UsageError
from gan_bench_plugins.ray_engine import join


@pytest.mark.parametrize(
    "address", ["here", "no such place", "host:port", "host:", ":6379", "host:99999999", "[bold]"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="is no address of a Ray cluster: give auto, or HO"):
        join(address)


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_an_address_at_which_nothing_answers_is_refused_at_once(scheme: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # nobody listens
        address = f"{scheme}127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(UsageError, match=f"nothing answers at --address {address} .*refused"):
            join(address)


def test_auto_does_not_wait_for_a_ray_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    (tmp_path / "ray").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        there = f"127.0.0.1:{free.getsockname()[1]}"
        (tmp_path / "ray" / "ray_current_cluster").write_text(there)
        with pytest.raises(UsageError, match=f"nothing answers at {there}, where auto leads"):
            join("auto")
