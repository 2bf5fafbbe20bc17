"""The group of all commands, and every way in which the program ends."""

from __future__ import annotations

import io
import os
import sys
from importlib import import_module
from traceback import walk_tb
from typing import NoReturn

import rich_click as click

from gan_bench.cli.absent_options import instead_of
from gan_bench.cli.groups import refuse_command
from gan_bench.cli.interrupts import Terminated, exit_code
from gan_bench.cli.options import Debug, paragraphs
from gan_bench.cli.output import complain, emit, say, unwritable
from gan_bench.contract.errors import GanBenchError, sentence

COMMANDS = (
    "run",
    "tune",
    "watch",
    "measure",
    "draw",
    "report",
    "site",
    "list",
    "show",
    "reproduce",
    "branch",
    "autopsy",
    "remove",
    "merge",
    "score",
    "data",
    "judge",
    "sample",
    "interpolate",
    "timelapse",
    "export",
    "plugins",
    "metrics",
    "doctor",
    "cache",
)  # modules of this package
UNFORESEEN = "not foreseen: `gan-bench doctor` examines this machine, --debug shows where it was"

COMPLETION = paragraphs(
    "To complete commands, options and names with the TAB key, add this line to ~/.bashrc:",
    'eval "$(_GAN_BENCH_COMPLETE=bash_source gan-bench)"',
    "For zsh, write zsh_source in ~/.zshrc instead; for fish, fish_source in its own syntax.",
)


class Commands(click.RichGroup):
    """Imports the module of a command when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: D102
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: D102
        if cmd_name in COMMANDS:
            command: click.Command = getattr(import_module(f"gan_bench.cli.{cmd_name}"), cmd_name)
            return command
        if ctx.resilient_parsing or cmd_name.startswith("-"):
            return None
        refuse_command(cmd_name, COMMANDS, ctx)


@click.group(cls=Commands, context_settings={"show_default": True}, epilog=COMPLETION)
@click.rich_config(
    {
        "theme": "slim",
        "max_width": 100,
        "default_string": "Default: {}.",
        "options_table_help_sections": ["help", "default"],
        "padding_helptext_first_line": (0, 0, 1, 0),
        "text_paragraph_linebreaks": "\n\n",
    }
)
@click.version_option(None, "-V", "--version", package_name="gan-bench", help="Show the version.")
@click.help_option("-h", "--help", help="Show this help.")
def cli() -> None:
    """Which GAN is better, on my images, for the same work?

    Trains architectures with losses on one schedule, measures all of them in the same way and
    prints a leaderboard.
    """


def main() -> NoReturn:
    """Run the command line; every way to end has its exit code."""
    _open_streams()
    debug = Debug()
    try:
        code = cli.main(prog_name="gan-bench", standalone_mode=False, obj=debug) or 0
        emit("")  # help is printed by rich, which may have left it in a buffer
        sys.exit(code)
    except click.ClickException as error:
        sys.exit(_refused(error))
    except (KeyboardInterrupt, click.Abort, Terminated) as interrupt:
        say("interrupted")
        sys.exit(exit_code(interrupt))
    except Exception as error:
        if debug.wanted:
            raise
        sys.exit(_failed(error))


def _refused(error: click.ClickException) -> int:
    """What was typed cannot be meant."""
    where = getattr(error, "ctx", None)
    hint = f"\nsee {where.command_path} --help" if where else ""
    complain(f"{_words_of(error)}{hint}")
    return error.exit_code


def _words_of(error: click.ClickException) -> str:
    """What click says, in one line; of an option that is not there, with what to type."""
    if isinstance(error, click.NoSuchOption):
        return f"{error.message}{instead_of(error)}"
    return error.format_message().replace("\n\t", " ")  # it lists choices below each other


def _failed(error: Exception) -> int:
    if isinstance(error, OSError) and _while_printing(error):
        error = unwritable(error)
    if isinstance(error, GanBenchError):
        complain(str(error))
        return error.exit_code
    complain(f"{sentence(error)}\n{UNFORESEEN}")
    return 1


def _while_printing(error: OSError) -> bool:
    """Whether click or rich raised it while they printed the version or help."""
    *_, (frame, _) = walk_tb(error.__traceback__)
    package, _, _ = str(frame.f_globals.get("__name__")).partition(".")
    return package in ("click", "rich_click", "rich")


def _open_streams() -> None:
    """Somewhere to write to, and in UTF-8 where no terminal says otherwise."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the shell: `gan-bench run >&-`
            setattr(sys, name, open(os.devnull, "a", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            # Windows would take its code page, and LANG=C would refuse an arrow
            encoding = None if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")
