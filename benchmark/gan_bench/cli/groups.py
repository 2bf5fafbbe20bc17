"""A group of commands that answers a misspelt one with the nearest, or with all that there are."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import NoReturn

import rich_click as click


class Group(click.RichGroup):
    """A group in whose answer to an unknown command stands what can be typed instead."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: D102
        known = super().get_command(ctx, cmd_name)
        if known or ctx.resilient_parsing or cmd_name.startswith("-"):
            return known
        refuse_command(cmd_name, self.list_commands(ctx), ctx)


def refuse_command(name: str, known: Sequence[str], ctx: click.Context) -> NoReturn:
    """UsageError for a word that is no command."""
    near = difflib.get_close_matches(name, known, n=1)
    guess = f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."
    raise click.UsageError(f"No such command '{name}'. {guess}", ctx)
