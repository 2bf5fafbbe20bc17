"""What a command prints: its result on stdout, everything else on stderr."""

from __future__ import annotations

import io
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import rich_click as click
from rich.console import Console
from rich.text import Text

from gan_bench.base.escape import plain
from gan_bench.contract.errors import StorageError

PIPE_WIDTH = 100  # columns, where no terminal says how many there are


def emit(text: str) -> None:
    """Print a result on stdout. StorageError if it cannot be written, as on a disk that is full.

    The reader of a pipe may have seen enough, as in `gan-bench report | head`: that is no fault.
    """
    try:
        click.echo(text, nl=False)
    except BrokenPipeError:
        _discard_stdout()
    except OSError as error:
        raise unwritable(error) from error


def unwritable(error: OSError) -> StorageError:
    """What to say of a stdout that takes nothing; nothing is written to it any more."""
    _discard_stdout()
    return StorageError(f"cannot write to stdout: {error.strerror or error}")


def _discard_stdout() -> None:
    """Write nothing to stdout any more, not even when the interpreter flushes it at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(text: str, console: Console | None = None) -> None:
    """Print a line or a few on stderr as they are: no markup, no wrapping."""
    (console or Console(stderr=True)).print(Text(plain(text, keep="\n")), soft_wrap=True)


def instead(path: Path) -> str:
    """What to add to the line that names a file to be written: whether it replaces one.

    To be asked before it is written.
    """
    return ", in place of the one that was there" if os.path.lexists(path) else ""


def complain(text: str) -> None:
    """Print an error on stderr."""
    words = Text.assemble(("error:", "bold red"), " ", plain(text, keep="\n"))
    Console(stderr=True).print(words, soft_wrap=True)


@contextmanager
def stdout_console(width: int | None = None) -> Iterator[Console]:
    """A console as wide and colourful as stdout, for what is then printed in one piece."""
    text = io.StringIO()
    yield Console(file=text, force_terminal=sys.stdout.isatty(), width=width or Console().width)
    lines = text.getvalue().split("\n")
    emit("\n".join(lines if sys.stdout.isatty() else map(str.rstrip, lines)))


@contextmanager
def page() -> Iterator[Console]:
    """A console as wide as the terminal; where there is none, 100 columns wide."""
    with stdout_console(None if sys.stdout.isatty() else PIPE_WIDTH) as console:
        yield console


def print_titled(lines: Sequence[tuple[str, str]], console: Console) -> None:
    """Titles, and beside each its text, which is wrapped; below it where there is no room."""
    titles = [plain(title) for title, _ in lines]
    indent = max(map(len, titles), default=0) + 2
    beside = indent <= console.width // 2
    for title, (_, words) in zip(titles, lines, strict=True):
        start = f"{title:<{indent}}" if beside else "  "
        if not beside:
            console.print(Text(title), soft_wrap=True)
        wrapped = Text(plain(words)).wrap(console, max(12, console.width - len(start)))
        for k, line in enumerate(wrapped):
            left = start if k == 0 else " " * len(start)
            console.print(Text(f"{left}{line.plain}".rstrip()), soft_wrap=True)


def typed(*more: str) -> str:
    """The command as the user typed it, with further words that are not yet in it."""
    words = sys.argv[1:]
    return shlex.join(["gan-bench", *words, *(word for word in more if word not in words)])
