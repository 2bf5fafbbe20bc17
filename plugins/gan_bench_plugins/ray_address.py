"""Whether a Ray cluster may be at an address."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from gan_bench import UsageError

CONNECT_SECONDS = 10.0


def check_answers(address: str) -> None:
    """UsageError if nothing answers there: Ray would wait for minutes and print what it tries."""
    found = _left_by_ray() if address == "auto" else address
    if not found or found == "local":
        return
    try:
        parts = urlsplit(f"//{found.removeprefix('ray://')}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port:
        raise UsageError(
            f"--address {address} is no address of a Ray cluster: give auto, or HOST:PORT as "
            "`ray start --head` has printed it"
        )
    try:
        socket.create_connection((host, port), CONNECT_SECONDS).close()
    except OSError as error:
        where = f"--address {address}" if found == address else f"{found}, where auto leads"
        raise UsageError(
            f"nothing answers at {where} ({error.strerror or error}): `ray status` on that machine "
            "says whether its Ray runs; `ray start --head` starts one"
        ) from error


def _left_by_ray() -> str | None:
    """Where `auto` leads: what the user has set, or what a Ray of this machine left.

    None: there is neither, which Ray says at once.
    """
    if given := os.environ.get("RAY_ADDRESS"):
        return given
    folder = os.environ.get("RAY_TMPDIR") or tempfile.gettempdir()
    try:
        return Path(folder, "ray", "ray_current_cluster").read_text().strip()
    except OSError:
        return None
