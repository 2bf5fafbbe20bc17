"""Faults that are put in place of one file of a results folder, for tests of what a report says."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from given import Command
from parsed import Page, rendered
from records import PLAIN

Fault = Callable[[Path], None]


def put(content: bytes) -> Fault:
    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**40)  # of which the disk holds nothing


def half(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


FAULTS: dict[str, Fault] = {
    "half of it": half,
    "nothing": put(b""),
    "zeros": put(bytes(512) + b"\n"),
    "no UTF-8": put(b'{"loss": "\xff\xfe"}\n'),
    "UTF-16": put('{"seed": 0}\n'.encode("utf-16")),
    "a list": put(b"[1, 2]\n"),
    "a number": put(b"7\n"),
    "null": put(b"null\n"),
    "a pickle": put(b"cos\nsystem\n(S'touch executed'\ntR.\n"),
    "deep nesting": put(b"[" * 10_000_000 + b"\n"),
    "deep objects": put(b'{"a":' * 2_000_000 + b"\n"),
    "a terabyte": huge,
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a loop": lambda path: path.symlink_to(path.name),
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
}


def damage(path: Path, fault: str) -> None:
    if fault != "half of it":
        path.unlink(missing_ok=True)
    FAULTS[fault](path)


DIGITS = "7" * 5000


def odd(results: Path) -> Path:
    return results / PLAIN.slug / "odd" / "hinge" / "seed0"


def shown(results: Path, style: str, gan_bench: Command, *more: str, code: int = 0) -> str:
    """What a reader of a report sees, without spaces: a terminal folds long words."""
    result = gan_bench("report", results, "--format", style, *more)
    assert (result.code, "Traceback" in result.err) == (code, False), result.err
    assert not Path("executed").exists()
    if style == "json":
        assert json.loads(result.out, parse_constant=pytest.fail)
    if style in ("html", "markdown"):
        page = Page(result.out) if style == "html" else rendered(result.out)
        return "".join(page.text.split())
    return "".join(result.out.replace(r"\textbackslash{}", "\\").split())
