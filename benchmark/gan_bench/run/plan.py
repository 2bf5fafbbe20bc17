"""A request -> a plan. Whatever cannot be run is refused here, before anything is trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gan_bench.base.text import plural
from gan_bench.catalogue import Catalogue
from gan_bench.contract.engine import Engine, Resources
from gan_bench.contract.errors import DataError, UsageError
from gan_bench.contract.offers import (
    Architecture,
    Loss,
    Preset,
)
from gan_bench.contract.protocol import (
    Cell,
    Data,
    Evaluation,
    Plan,
    RunEnvironment,
    Sides,
)
from gan_bench.contract.tracker import Tracker
from gan_bench.data.cache import Prepared, check_bad, prepare
from gan_bench.data.source import Source, Unusable
from gan_bench.data.stream import Progress
from gan_bench.measure.weights import NO_WEIGHTS, known_weights
from gan_bench.results.plans import Budget, Sequential
from gan_bench.run.choice import Choice
from gan_bench.run.choose_schedule import choose_schedule
from gan_bench.run.given_data import sides_for, source_of, with_report
from gan_bench.run.plan_evaluation import (
    IMAGES_OF,
    choose_evaluation,
    judge_unused,
    reference_notes,
)
from gan_bench.run.recipes import recipe_notes, recipes_of
from gan_bench.run.request import Request
from gan_bench.run.resources import check_engine, threads_of
from gan_bench.run.schedule_text import length_note
from gan_bench.run.suited import possible_losses, suited

Say = Callable[[str], None]


@dataclass(frozen=True)
class Planned:
    """A plan, what it runs with, and a note on each decision that the user did not make."""

    plan: Plan
    prepared: Prepared
    choice: Choice
    notes: tuple[str, ...] = ()
    evaluation: Evaluation | None = None  # asked for besides the protocol's own
    sequential: Sequential | None = None  # the test that adds seeds
    budget: Budget | None = None  # what was fitted to a time

    @property
    def board(self) -> str:
        """The slug of the leaderboard that shows what was asked for."""
        slug = self.plan.protocol.slug
        return f"{slug}/{self.evaluation.slug}" if self.evaluation else slug

    @property
    def engine(self) -> Engine:
        """What starts the cells."""
        return self.choice.engine

    @property
    def resources(self) -> Resources:
        """What the engine is given for the cells."""
        return self.choice.resources(len(self.plan.cells))


def make_plan(
    request: Request,
    catalogue: Catalogue,
    progress: Progress = lambda *_: None,
    results: Path | None = None,
    plans: int = 1,
) -> Planned:
    """Names -> a plan, with the images prepared. Raises a GanBenchError for what cannot run.

    If the images are refused, their data report is written into the results folder, if given.
    `plans`: how many like this one are trained together.
    """
    choice = choose(request, catalogue, plans)
    try:
        prepared = prepare(choice.source, choice.sides, progress)
        check_bad(prepared, request.max_bad)
    except Unusable as error:
        raise with_report(error, results) from error
    plan, notes = plan_on(choice, prepared.data, catalogue, prepared.classes is not None)
    return Planned(plan, prepared, choice, (*choice.notes, *notes))


def choose(request: Request, catalogue: Catalogue, plans: int = 1) -> Choice:
    """Look up every name that the request or its preset asks for.

    UsageError for unknown ones, and for more cells in all plans than can be written down.
    """
    away = request.engine is not None and catalogue.find(Engine, request.engine).elsewhere
    device = pick_device(request.device, away)
    preset, preset_notes = pick_preset(request, catalogue, device)
    names = request.architectures or preset.architectures
    architectures = {name: catalogue.find(Architecture, name) for name in names}
    losses = [catalogue.find(Loss, name).name for name in request.losses or preset.losses]
    engine = catalogue.find(Engine, request.engine or preset.engine)
    check_engine(engine, request.resources, catalogue)
    schedule, precision_note = choose_schedule(request, preset, catalogue, device)
    source, data_notes = source_of(request, catalogue, preset.dataset)
    evaluation, evaluation_notes = choose_evaluation(request, catalogue, preset, source.dataset)
    choice = Choice(
        request=request,
        source=source,
        sides=sides_for(request, source, preset.size),
        schedule=schedule,
        evaluation=evaluation,
        architectures=tuple(architectures.values()),
        losses=tuple(dict.fromkeys(losses)),
        engine=engine,
        device=device,
        track=_trackers(request, catalogue),
        preset=preset,
        notes=(*preset_notes, *_away_notes(device), precision_note, *data_notes, *evaluation_notes),
        plans=plans,
    )
    choice.check_count()
    return choice


def plan_on(
    choice: Choice, data: Data, catalogue: Catalogue, labelled: bool
) -> tuple[Plan, list[str]]:
    """The plan on these images, and notes; a GanBenchError if they do not suit the choice.

    `labelled`: whether the images have labels.
    """
    if data.train < choice.schedule.batch:
        raise DataError(
            f"{data.name} has {plural(data.train, 'training image')}, fewer than one batch of "
            f"{choice.schedule.batch}: add images or lower --batch"
        )
    architectures, notes = suited(choice, data, labelled)
    losses, left_out = possible_losses(choice, catalogue, data, labelled)
    notes += left_out
    protocol, request = choice.protocol(data), choice.request
    samples, planned = protocol.evaluation.samples, choice.evaluation.samples
    if samples < planned:
        why = f"there are no more {IMAGES_OF[protocol.evaluation.reference]}s"
        notes.append(f"{samples:,} samples instead of {planned:,}: {why}")
    notes += reference_notes(protocol.evaluation, data, catalogue)
    judge = choice.source.dataset.judge
    if request.judge and judge not in protocol.evaluation.digests:
        notes.append(judge_unused(catalogue))
    if request.epochs is not None:
        passes = f"--epochs {request.epochs:g} over {plural(data.train, 'training image')}"
        notes.append(f"{passes} is --kimg {protocol.schedule.kimg:g}")
    if note := length_note(protocol.schedule):
        notes.append(note)
    weights = known_weights(catalogue, request.weights or NO_WEIGHTS).absolute()
    recipes = recipes_of(architectures, losses, protocol.schedule, catalogue)
    notes += recipe_notes(recipes, protocol.schedule, catalogue)
    resources = choice.resources(len(recipes) * request.first_seeds)
    environment = RunEnvironment(
        device=choice.device,
        named=not choice.source.files,
        root=str(choice.source.root) if choice.source.root else None,
        preparation=choice.source.preparation,
        plugins=tuple(str(path.absolute()) for path in request.plugins),
        weights=str(weights.every) if weights.every else None,
        weights_by_net=tuple((net, str(path)) for net, path in weights.by_net.items()),
        judge=str(request.judge.absolute()) if request.judge else None,
        threads=threads_of(choice.engine, resources),
        timeout=request.timeout,
        engine=choice.engine.name,
        keep=request.keep,
        keep_ticks=request.keep_ticks,
        usual_rates=_usual_rates(choice.preset),
        track=choice.track,
        track_from=tuple(_plugin_key(catalogue, name) for name in choice.track),
    )
    cells = tuple(
        Cell(
            architecture=architecture, loss=loss, seed=seed, environment=environment, recipe=recipe
        )
        # all rows have their first seeds early: a table with intervals exists long before the end
        for seed in range(request.first_seeds)
        for (architecture, loss), recipe in recipes.items()
    )
    return Plan(protocol=protocol, cells=cells), notes


def _usual_rates(preset: Preset | None) -> tuple[float, float] | None:
    """The learning rates of G and D that a preset has."""
    return (preset.schedule.lr_g, preset.schedule.lr_d) if preset else None


def _trackers(request: Request, catalogue: Catalogue) -> tuple[str, ...]:
    """The names of the trackers asked for; UsageError for one that cannot work here."""
    trackers = [catalogue.find(Tracker, name) for name in request.track]
    for tracker in trackers:
        if what := tracker.missing():
            raise UsageError(f"--track {tracker.name} cannot work here yet: {what}")
    return tuple(dict.fromkeys(tracker.name for tracker in trackers))


def _plugin_key(catalogue: Catalogue, tracker: str) -> tuple[str, str]:
    """What finds the plugin of a tracker again, from any folder."""
    distribution, name = catalogue.offers[Tracker][tracker][1].key
    return distribution, name if distribution else str(Path(name).absolute())


def pick_device(asked: str, away: bool = False) -> str:
    """The device that `auto` means here, or the one asked for if it is here.

    `away`: cells run on other machines, which may have a GPU where this one has none.
    """
    from gan_bench.run.hardware import is_here  # it imports torch

    if asked == "auto":
        return next(device for device in ("cuda", "mps", "cpu") if is_here(device))
    if not is_here(asked) and not (away and asked == "cuda"):
        present = " and ".join(device for device in ("cpu", "cuda", "mps") if is_here(device))
        raise UsageError(f"there is no {asked} device here, only {present}: leave --device out")
    return asked


def _away_notes(device: str) -> list[str]:
    from gan_bench.run.hardware import is_here  # it imports torch

    if is_here(device):
        return []
    return [
        f"there is no {device} device here: one step of every pair is tried, and real images are "
        "measured, on the CPU of this machine"
    ]


def pick_preset(
    request: Request, catalogue: Catalogue, device: str
) -> tuple[Preset, tuple[str, ...]]:
    """The preset asked for, or the one for this device: the built-in one if there is one."""
    if request.preset is not None:
        preset = catalogue.find(Preset, request.preset)
        return preset, (f"preset {preset.name}, as asked",)
    presets = [catalogue.offers[Preset][name] for name in catalogue.names(Preset)]
    fitting = [(each, plugin) for each, plugin in presets if device in each.devices]
    built_in = [each for each, plugin in fitting if plugin.built_in]
    candidates = built_in or [each for each, _ in fitting]
    if len(candidates) != 1:
        names = ", ".join(catalogue.names(Preset)) or "none"
        raise UsageError(
            f"{len(candidates)} presets are meant for {device}: choose one with --preset ({names})"
        )
    preset = candidates[0]
    others = [
        f"preset {other.name} of {plugin} is meant for {device} too: --preset {other.name} takes it"
        for other, plugin in fitting
        if other is not preset
    ]
    return preset, (f"preset {preset.name}, because the device is {device}", *others)


def data_of(request: Request, catalogue: Catalogue) -> tuple[Source, Sides, list[str]]:
    """The images that `run` would train on and their sides, without the rest of its plan; notes."""
    preset, _ = pick_preset(request, catalogue, pick_device(request.device))
    source, notes = source_of(request, catalogue, preset.dataset)
    return source, sides_for(request, source, preset.size), notes
