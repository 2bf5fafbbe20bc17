"""What a command prints besides its result: lines on stderr, and the command as it was typed."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import rich_click as click
from rich.console import Console
from rich.text import Text

from gan_bench.base.escape import plain


def say(text: str, console: Console | None = None) -> None:
    """Print a line or a few on stderr as they are: no markup, no wrapping."""
    (console or Console(stderr=True)).print(Text(plain(text, keep="\n")), soft_wrap=True)


def complain(text: str) -> None:
    """Print an error on stderr."""
    words = Text.assemble(("error:", "bold red"), " ", plain(text, keep="\n"))
    Console(stderr=True).print(words, soft_wrap=True)


@contextmanager
def stdout_console(width: int | None = None) -> Iterator[Console]:
    """A console for stdout; what it prints goes out in one piece.

    rich would end the program with an error if the reader of a pipe had seen enough.
    """
    console = Console(width=width)
    with console.capture() as captured:
        yield console
    click.echo(captured.get(), nl=False)


def typed(*more: str) -> str:
    """The command as the user typed it, with further words that are not yet in it."""
    words = sys.argv[1:]
    return shlex.join(["gan-bench", *words, *(word for word in more if word not in words)])
