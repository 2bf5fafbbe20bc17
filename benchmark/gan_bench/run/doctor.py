"""Is this machine fit to measure? Every check has a status, and the numbers behind it.

It tests what a `run` would use here, with the user's images if they are given. It fetches nothing,
trains nothing and writes nothing into the results; it keeps images and features in the cache, as
`run` does.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gan_bench.base.escape import plain
from gan_bench.base.text import plural
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import DataError, NotHere, UsageError, sentence
from gan_bench.contract.offers import Features
from gan_bench.data.cache import prepare
from gan_bench.data.stream import Progress
from gan_bench.measure.corruptions import only_noise
from gan_bench.measure.weights import NO_WEIGHTS, Weights, known_weights
from gan_bench.run.check_evaluator import check_evaluator
from gan_bench.run.check_measuring import batch_check
from gan_bench.run.machine import (
    Check,
    Status,
    device,
    disks,
    guarded,
    memory,
    no_network,
    torchvision,
    versions,
)
from gan_bench.run.plan import data_of, pick_device
from gan_bench.run.request import Request

STYLES: dict[Status, str] = {
    "ok": "green",
    "failed": "bold red",
    "not here": "yellow",
    "not tested": "yellow",
}
SCHEMA = 1  # of the JSON document
BARE = Request()  # no option given


def examine(
    catalogue: Catalogue,
    results: Path,
    request: Request = BARE,
    progress: Progress = lambda *_: None,
) -> Iterator[Check]:
    """All checks, in the order in which one fault explains the next.

    The request gives the images, their size and the weights; of the rest, a run decides.

    UsageError if weights are given to a net that takes none, or for images that are not there;
    DataError for images of which none can be used.
    """
    weights = known_weights(catalogue, request.weights or NO_WEIGHTS)
    failed = set[str]()
    with no_network():
        if request.data is not None:
            source, sides, _ = data_of(request, catalogue)
            if os.path.exists(request.data):  # what no run would take
                prepare(source, sides)
        for name, check in (
            ("versions", versions),
            ("torchvision", torchvision),
            ("device", device),
            ("memory", memory),
            ("disk", lambda: disks(results)),
            ("plugins", lambda: _plugins(catalogue)),
            ("features", lambda: _nets(catalogue, weights)),
            ("evaluator", lambda: _evaluator(catalogue, request, failed, progress)),
        ):
            progress(name, 0, 0)
            for each in guarded(name, check):
                if each.status == "failed":
                    failed.add(each.name)
                yield each


def _plugins(catalogue: Catalogue) -> Iterator[Check]:
    """What failed to load; a name that another plugin has is no fault."""
    for broken in catalogue.broken:
        if broken.status == "failed":
            yield Check(
                name=f"plugin {broken.plugin.name}",
                status="failed",
                detail=str(broken),
                todo=f"repair or uninstall {broken.plugin}",
            )
    refused = [str(each) for each in catalogue.broken if each.status == "refused"]
    makers = {str(plugin) for offers in catalogue.offers.values() for _, plugin in offers.values()}
    count = plural(sum(map(len, catalogue.offers.values())), "offer")
    detail = "; ".join([f"{count} by {', '.join(sorted(makers)) or 'nobody'}", *refused])
    values = {"from": sorted(makers), "refused": refused}
    yield Check(name="plugins", status="ok", detail=detail, values=values)


def _nets(catalogue: Catalogue, weights: Weights) -> Iterator[Check]:
    device = pick_device("auto")
    for net in catalogue.all(Features):
        name = f"features {net.name}"
        try:
            yield _net(name, net, device, weights.of(net))
        except NotHere as reason:
            yield Check(name=name, status="not here", detail=str(reason))
        except Exception as error:
            yield Check(name=name, status="failed", detail=sentence(error))


def _net(name: str, net: Features, device: str, weights: Path | None) -> Check:
    """Whether it loads, and gives an image the same features whatever else is in the batch."""
    digest, extract = net.digest(weights), net.load(device, weights)
    return batch_check(name, net, extract, only_noise((8, 3, 32, 32)), device, digest)


def _evaluator(
    catalogue: Catalogue, request: Request, failed: set[str], progress: Progress
) -> Iterator[Check]:
    if "torchvision" in failed:  # whatever imports it would fail for that reason alone
        raise UsageError("not tested, because torchvision has to work first")
    yield from check_evaluator(catalogue, request, progress)


# What is printed
def verdict(checks: Sequence[Check]) -> str:
    """One sentence: what failed and what to do, or that nothing failed."""
    failed = [check for check in checks if check.status == "failed"]
    if not failed:
        counts = Counter(check.status for check in checks)
        good = f"{plural(counts.pop('ok', 0), 'check')} passed"
        rest = [f"{n} {'is' if n == 1 else 'are'} {status}" for status, n in counts.items()]
        return f"{', '.join([good, *rest])}."
    todos = "; ".join(f"{check.name} ({check.todo or 'see there'})" for check in failed)
    passed = sum(check.status == "ok" for check in checks)
    if any(check.cut_short for check in failed):
        text = f"{plural(len(failed), 'check')} failed, {passed} passed, others could not be made"
        return plain(f"{text}: {todos}.")
    made = plural(len(failed) + passed, "check")  # not those of what is not here
    return plain(f"{len(failed)} of {made} failed: {todos}.")


def exit_code(checks: Sequence[Check]) -> int:
    """0, or that of a DataError if a check failed. What is not here or not tested is no fault."""
    failed = any(check.status == "failed" for check in checks)
    return DataError.exit_code if failed else 0


def to_json(checks: Sequence[Check]) -> str:
    """One document; its layout is numbered by `schema`."""
    rows = [
        {
            "name": check.name,
            "status": check.status,
            "cut_short": check.cut_short,
            "detail": check.detail,
            "values": check.values,
        }
        for check in checks
    ]
    return json.dumps({"schema": SCHEMA, "checks": rows}, indent=2, allow_nan=False) + "\n"


def to_terminal(checks: Sequence[Check], console: Console) -> None:
    """A table that fits 60 columns. Names and reasons are shown as they are, without markup."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    longest = max((len(word) for check in checks for word in check.name.split()), default=0)
    narrow = max(24, min(longest, console.width // 2))  # names are broken between words
    table.add_column("check", overflow="fold", max_width=narrow if console.width < 100 else None)
    table.add_column("status", no_wrap=True)
    table.add_column("result", overflow="fold")
    for check in checks:
        status = Text(check.status, style=STYLES[check.status])
        table.add_row(Text(plain(check.name)), status, Text(plain(check.detail, keep="\n")))
    console.print(table)
    console.print()
    console.print(Text(verdict(checks)))
