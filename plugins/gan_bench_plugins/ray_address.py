"""Whether a Ray cluster may be at an address."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from gan_bench import UsageError

RAY_FINDS = ("auto", "local")  # addresses that Ray itself makes something of
CONNECT_SECONDS = 10.0


def check_answers(address: str) -> None:
    """UsageError if nothing answers there: Ray would wait for minutes and print what it tries."""
    if address in RAY_FINDS:
        return
    try:
        parts = urlsplit(f"//{address.removeprefix('ray://')}")
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
        raise UsageError(
            f"nothing answers at --address {address} ({error.strerror or error}): `ray status` on "
            "that machine says whether its Ray runs; `ray start --head` starts one"
        ) from error
