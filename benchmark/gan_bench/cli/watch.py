"""`gan-bench watch`: show a run that was started elsewhere."""

from __future__ import annotations

import shlex
from pathlib import Path

import rich_click as click
from rich.console import Console

from gan_bench.cli import options

CONTENT = "What to show"


@click.command(
    epilog=options.examples("gan-bench watch", "gan-bench watch results --protocol faces-64px")
)
@options.folder_of_boards(CONTENT, "Watch the run of this protocol, not the one that began last.")
@options.DEBUG
@options.HELP
def watch(results: Path, protocol: str | None) -> None:
    """Show a run that was started elsewhere: in another terminal, by a service, on a cluster.

    A study of `gan-bench tune` is one run. Reads the files in the results folder and writes none.
    It ends when the run ends; Ctrl-C ends it without any effect on the run.
    """
    from gan_bench.cli.output import say
    from gan_bench.report.chosen import has_boards, protocols_in, studies_of
    from gan_bench.run.elsewhere import running_in, standing, watch_run

    console = Console()
    folders = studies_of(results, protocol)
    if has_boards(results, folders):
        folders = [*protocols_in(results, protocol), *folders]
    try:
        running = running_in(folders)
        if not running:
            where = shlex.quote(str(results))
            far = f"{standing(folders[0])}; " if len(folders) == 1 else ""
            what = f"{far}`gan-bench report {where}` shows what is there"
            say(f"no run is going on in {where}: {what}", console)
            return
        say(f"watching {running[0]}", console)
        if others := [each.name for each in running[1:]]:
            name = shlex.quote(str(running[1]))
            what = f"runs are going on in {', '.join(others)} too: gan-bench watch {name} shows one"
            say(what, console)
        watch_run(running[0], console)
    except KeyboardInterrupt:
        say("no longer watching; the run goes on", console)
