"""What to type in place of an option that a command does not have."""

from __future__ import annotations

import difflib
import shlex
import sys

import rich_click as click

RESULTS = "results"
OUT = ("--out", "-o")
RESUME = ("--resume", "--continue", "--restart")
# commands that go on by themselves
RESUMED = "run", "tune", "measure", "branch", "autopsy", "audit", "reproduce"


def instead_of(error: click.NoSuchOption) -> str:
    """A sentence with what is meant, or with the nearest option; "" if there is neither."""
    return _argument(error) or _resumed(error) or _printed(error) or _nearest(error)


def _argument(error: click.NoSuchOption) -> str:
    """Of --results, where the results folder is an argument of the command."""
    if error.ctx is None or error.option_name != f"--{RESULTS}":
        return ""
    given = [each for each in error.ctx.command.params if isinstance(each, click.Argument)]
    if not any(each.name == RESULTS for each in given):
        return ""
    command = f"{error.ctx.command_path} {_value_of(error, RESULTS)}"
    return f" The results folder is an argument of this command: write `{command}`."


def _value_of(error: click.NoSuchOption, default: str = "FILE") -> str:
    """What was typed behind the option, for a shell."""
    option = error.option_name
    for k, word in enumerate(sys.argv):
        if word.startswith(f"{option}="):
            return shlex.quote(word.partition("=")[2])
        if word == option:
            return shlex.quote(next(iter(sys.argv[k + 1 :]), default))
    return default


def _resumed(error: click.NoSuchOption) -> str:
    """Of --resume, where no option is needed to go on."""
    if error.ctx is None or error.ctx.command.name not in RESUMED:
        return ""
    if error.option_name not in RESUME:
        return ""
    return (
        f" It is not needed: the same command without {error.option_name} goes on where it stopped."
    )


def _printed(error: click.NoSuchOption) -> str:
    """Of --out, where the answer is what the command prints."""
    if error.ctx is None or error.option_name not in OUT:
        return ""
    names = {name for each in error.ctx.command.params for name in each.opts}
    if names & {*OUT} or "--json" not in names:
        return ""
    return f" This command prints: write `{error.ctx.command_path} … > {_value_of(error)}`."


def _nearest(error: click.NoSuchOption) -> str:
    """Dashes are no likeness: click takes --help for near --lr."""
    spelt = {each.lstrip("-"): each for each in error.possibilities or () if each[:2] == "--"}
    near = difflib.get_close_matches(error.option_name.lstrip("-"), spelt, n=1)
    return f" Did you mean '{spelt[near[0]]}'?" if near else ""
