"""The command that trains a leaderboard again: the options of `run`, from what it was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan_bench.base.text import sides
from gan_bench.contract.protocol import RunEnvironment
from gan_bench.contract.schedule import Schedule
from gan_bench.data.files.hub import on_a_site
from gan_bench.results.plans import Asked

if TYPE_CHECKING:
    from gan_bench.contract.offers import Preset
    from gan_bench.run.plan import Planned
    from gan_bench.run.request import Request

Words = list[str]
Pair = tuple[str, str]  # architecture, loss
SOMEWHERE = "path/to"
WEIGHTS = "--feature-weights"
MAX_BAD = 0.1  # percent, where nothing is asked for


def asked_of(planned: Planned) -> Asked | None:
    """What gives the plan's protocol again, with the cells left out; None if that is not known.

    Whatever depends on this machine is written out: the preset, the number format, the features.
    """
    choice, protocol = planned.choice, planned.plan.protocol
    if choice.preset is None or planned.evaluation:  # the protocol is that of earlier cells
        return None
    request, source, schedule = choice.request, choice.source, protocol.schedule
    words = ["--preset", choice.preset.name]
    if not source.files:
        words += ["--data", source.dataset.name, *["--download"] * request.download]
    if request.size:
        words += ["--size", sides(*choice.sides)]
    words += _typed(source.preparation.model_dump(exclude_defaults=True))
    words += _schedule_words(schedule, choice.preset.schedule)
    if _needs_file(schedule, choice.preset.schedule) and request.schedule:
        words += ["--schedule", request.schedule.name]
    words += _measuring(request, choice.preset, protocol.evaluation.features)
    environment = planned.plan.cells[0].environment
    return Asked(options=tuple(words), files=tuple(file_words(environment, short=True)))


def commands(
    seeds: Mapping[Pair, int], asked: Asked, environment: RunEnvironment | None = None
) -> list[Words]:
    """The commands that train so many seeds of each pair; one if the pairs are a full grid.

    Files are where `environment` has them; without it only their names are known, and they are in
    the folder SOMEWHERE.
    """
    losses: dict[str, dict[int, Words]] = {}  # architecture -> seeds -> losses
    for (architecture, loss), count in seeds.items():
        losses.setdefault(architecture, {}).setdefault(count, []).append(loss)
    grids: dict[tuple[int, tuple[str, ...]], Words] = {}
    for architecture, by_seeds in losses.items():
        for count, names in by_seeds.items():
            grids.setdefault((count, tuple(sorted(names))), []).append(architecture)
    files = _somewhere(asked.files) if environment is None else file_words(environment)
    return [
        [
            *("gan-bench", "run", "--arch", ",".join(architectures), "--loss", ",".join(names)),
            *("--seeds", str(count), *files, *asked.options),
        ]
        for (count, names), architectures in grids.items()
    ]


def _somewhere(words: Sequence[str]) -> Words:
    """Options and their files, which everybody has in another folder; anyone wrote them."""
    placed: Words = []
    for option, file in zip(words[::2], words[1::2], strict=False):
        if on_a_site(file):
            placed += [option, file]
            continue
        net = f"{file.partition('=')[0]}=" if option == WEIGHTS and "=" in file else ""
        placed += [option, f"{net}{SOMEWHERE}/{file.removeprefix(net)}"]
    return placed


def file_words(environment: RunEnvironment, short: bool = False) -> Words:
    """The options with paths; `short`: with the names of the files alone."""

    def path(text: str) -> str:
        return Path(text).name if short and not on_a_site(text) else text

    words: Words = []
    if environment.root:
        words += ["--data-root" if environment.named else "--data", path(environment.root)]
    if environment.judge:
        words += ["--judge", path(environment.judge)]
    for plugin in environment.plugins:
        words += ["--plugin", path(plugin)]
    if environment.weights:
        words += [WEIGHTS, path(environment.weights)]
    for net, file in environment.weights_by_net:
        words += [WEIGHTS, f"{net}={path(file)}"]
    return words


def _schedule_words(schedule: Schedule, preset: Schedule) -> Iterator[str]:
    """The fields that differ from the preset's, and the number format, which a machine chooses."""
    given = {
        name: value
        for name, value in schedule
        if name == "precision" or value not in (getattr(preset, name), ())
    }
    given.pop("ema_rampup", None)  # only a file can set it
    if "lr_g" in given and given["lr_g"] == schedule.lr_d:
        given = {"lr": given["lr_g"]} | given
        del given["lr_g"]
        given.pop("lr_d", None)
    return _typed(given)


def _needs_file(schedule: Schedule, preset: Schedule) -> bool:
    """Whether a field has a value that no option can give it."""
    emptied = bool(preset.augment) and not schedule.augment
    return emptied or schedule.ema_rampup != preset.ema_rampup


def _measuring(request: Request, preset: Preset, features: str) -> Iterator[str]:
    if request.features or len(preset.features) > 1:
        yield from ("--features", ",".join(request.features or (features,)))
    if request.metrics:
        yield from ("--metric", ",".join(request.metrics))
    asked = {
        "samples": request.samples,
        "reference": None if request.reference == "train" else request.reference,
        "max_bad": None if request.max_bad == MAX_BAD else request.max_bad,
    }
    yield from _typed({name: value for name, value in asked.items() if value is not None})


def _typed(fields: Mapping[str, Any]) -> Iterator[str]:
    """Fields as options: `--lr-g 0.0002`, `--betas 0.5,0.9`, `--dedupe`."""
    for name, value in fields.items():
        yield f"--{name.replace('_', '-')}"
        if value is not True:
            yield ",".join(map(_exact, value)) if isinstance(value, tuple) else _exact(value)


def _exact(value: object) -> str:
    """The value with all of its digits."""
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
