"""Plan -> cells through an engine. Everything that can be refused is refused before training."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from gan_bench import store
from gan_bench.catalogue import Catalogue
from gan_bench.contract import (
    Architecture,
    DataError,
    Dataset,
    Engine,
    Features,
    GanBenchError,
    Loss,
    Metric,
    NotHere,
    Preset,
    StorageError,
    UsageError,
)
from gan_bench.escape import plain
from gan_bench.images import Prepared, Progress, Source, check_bad, files_at, prepare
from gan_bench.leaderboard import differences
from gan_bench.protocol import Cell, Evaluation, Place, Plan, Protocol, Schedule

if TYPE_CHECKING:
    from gan_bench.rehearsal import Rehearsed

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user typed; None and () where nothing was said and the preset decides."""

    architectures: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    data: str | None = None
    data_root: Path | None = None
    download: bool = False
    size: int | None = None
    preset: str | None = None
    kimg: float | None = None
    batch: int | None = None
    seeds: int = 1
    features: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    samples: int | None = None
    device: str = "auto"
    precision: str = "auto"
    on_collapse: str | None = None
    engine: str | None = None
    plugins: tuple[Path, ...] = ()
    weights: Path | None = None
    max_bad: float = 0.1  # percent
    timeout: float | None = None  # seconds


@dataclass(frozen=True)
class Planned:
    """A plan, what it runs with, and what was decided on the way, in words."""

    plan: Plan
    prepared: Prepared
    engine: Engine
    notes: list[str] = field(default_factory=list)


def make_plan(
    request: Request, catalogue: Catalogue, progress: Progress = lambda *_: None
) -> Planned:
    """Names -> a plan. Raises a GanBenchError for whatever could not run."""
    device = pick_device(request.device)
    preset, why = _pick_preset(request, catalogue, device)
    notes = [why]
    losses = [catalogue.find(Loss, name).name for name in request.losses or preset.losses]
    asked = [catalogue.find(Architecture, name) for name in request.architectures]
    engine = catalogue.find(Engine, request.engine or preset.engine)
    precision, why = pick_precision(request.precision, device)
    notes.append(why)
    schedule = _schedule(replace(request, precision=precision), preset)
    source = _source(request, catalogue, preset)
    evaluation = _evaluation(request, catalogue, preset, source.dataset, notes)
    size = request.size or source.dataset.size or preset.size
    prepared = prepare(source, size, progress)
    check_bad(prepared, request.max_bad)
    _enough(prepared, schedule)
    defaults = [catalogue.find(Architecture, name) for name in preset.architectures]
    architectures = _suited(asked, defaults, prepared, notes)
    place = Place(
        device=device,
        named=source.named,
        root=str(source.root) if source.root else None,
        plugins=tuple(str(path.absolute()) for path in request.plugins),
        weights=str(request.weights.absolute()) if request.weights else None,
        timeout=request.timeout,
    )
    cells = tuple(
        Cell(architecture=architecture, loss=loss, seed=seed, place=place)
        for architecture in dict.fromkeys(architectures)
        for loss in dict.fromkeys(losses)
        for seed in range(request.seeds)
    )
    evaluation = _as_many(evaluation, request, prepared, notes)
    protocol = Protocol(data=prepared.data, schedule=schedule, evaluation=evaluation)
    return Planned(Plan(protocol=protocol, cells=cells), prepared, engine, notes)


def pick_device(asked: str) -> str:
    """The device that `auto` means here, or the one asked for if it is here."""
    import torch

    here = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.mps.is_available()}
    if asked == "auto":
        return next(device for device in ("cuda", "mps", "cpu") if here[device])
    if not here[asked]:
        present = " and ".join(device for device, is_here in here.items() if is_here)
        raise UsageError(f"there is no {asked} device here, only {present}: leave --device out")
    return asked


def pick_precision(asked: str, device: str) -> tuple[str, str]:
    """What `auto` means on this device, or what was asked for, and the reason in words."""
    if asked != "auto":
        return asked, f"precision {asked}, as asked"
    from gan_bench.arithmetic import computes_bf16

    if computes_bf16(device):
        return "bf16", f"precision bf16, which this {device} computes itself; or --precision fp32"
    return "fp32", f"precision fp32: this {device} does not compute bf16 itself"


def _pick_preset(request: Request, catalogue: Catalogue, device: str) -> tuple[Preset, str]:
    if request.preset is not None:
        return catalogue.find(Preset, request.preset), f"preset {request.preset}, as asked"
    fitting = [preset.name for preset in catalogue.all(Preset) if device in preset.devices]
    if len(fitting) != 1:
        names = ", ".join(catalogue.names(Preset)) or "none"
        raise UsageError(
            f"{len(fitting)} presets are meant for {device}: choose one with --preset ({names})"
        )
    preset = catalogue.find(Preset, fitting[0])
    return preset, f"preset {preset.name}, because the device is {device}"


def _schedule(request: Request, preset: Preset) -> Schedule:
    asked = {name: getattr(request, name, None) for name in Schedule.model_fields}
    given = {name: value for name, value in asked.items() if value is not None}
    return Schedule(**preset.schedule.model_dump() | given)


def _source(request: Request, catalogue: Catalogue, preset: Preset) -> Source:
    """--data is a name of the catalogue, else a path."""
    name = request.data or preset.dataset
    if name in catalogue.names(Dataset) or request.data is None:
        root = request.data_root.absolute() if request.data_root else None
        return Source(catalogue.find(Dataset, name), root, request.download)
    path = Path(os.path.expanduser(name))  # which leaves ~nobody as it is
    if _exists(path):
        if request.data_root or request.download:
            raise UsageError(f"--data {name} is a path: leave --data-root and --download out")
        return files_at(path)
    raise UsageError(
        f"--data {plain(name)}: no such folder or zip, and no data set is called so."
        f"{catalogue.instead(Dataset, name)}"
    )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {str(path)!r}: {error}") from error


def _evaluation(
    request: Request, catalogue: Catalogue, preset: Preset, dataset: Dataset, notes: list[str]
) -> Evaluation:
    from gan_bench.evaluate import find_metric, plan_evaluation

    own = request.features[:1] or ((dataset.features,) if dataset.features else ())
    features = own[0] if own else _first_that_works(preset.features, request, catalogue, notes)
    for name in request.metrics:
        reason = find_metric(catalogue, name, features).unsuited(dataset)
        if reason:
            raise UsageError(f"--metric {name}: {reason}")
    metrics = request.metrics or _fitting(preset.metrics, features, catalogue, dataset)
    if not metrics:
        raise UsageError(f"no metric of the preset reads {features}: choose one with --metric")
    for other in request.features[1:]:
        metrics += _of_family(request.metrics or preset.metrics, other, catalogue)
    evaluation = plan_evaluation(
        catalogue,
        dataset,
        features=features,
        metrics=metrics,
        samples=request.samples or preset.samples,
        weights=request.weights,
        tick_samples=preset.tick_samples,
        gauges=_fitting(preset.gauges, features, catalogue, dataset),
    )
    if request.weights and not any(
        catalogue.find(Features, net).takes_weights for net in evaluation.digests
    ):
        nets = ", ".join(evaluation.digests)
        raise UsageError(f"--feature-weights: none of {nets} takes weights from a file")
    return evaluation


def _first_that_works(
    names: tuple[str, ...], request: Request, catalogue: Catalogue, notes: list[str]
) -> str:
    """The preset's first choice whose weights are here or can be had; what is passed is told."""
    from gan_bench.evaluate import digest_of

    for name in names[:-1]:
        try:
            digest_of(catalogue, name, request.weights)
        except NotHere as error:  # weights that are here and altered are another matter
            notes.append(f"features {name} left out: {error}")
        else:
            return name
    return names[-1]


def _fitting(
    names: tuple[str, ...], features: str, catalogue: Catalogue, dataset: Dataset
) -> tuple[str, ...]:
    """The preset's metrics that read these features, or any, and suit the data set."""
    from gan_bench.evaluate import metric_name

    full = [metric_name(catalogue, name, features) for name in names]
    metrics = [catalogue.find(Metric, name) for name in full if name in catalogue.names(Metric)]
    return tuple(
        metric.name
        for metric in metrics
        if _readable(metric, features, catalogue) and not metric.unsuited(dataset)
    )


def _readable(metric: Metric, features: str, catalogue: Catalogue) -> bool:
    """It reads the chosen features, or a net of its own for which no weights are needed."""
    if metric.features in (None, features):
        return True
    return not catalogue.find(Features, metric.features or features).takes_weights


def _of_family(names: tuple[str, ...], other: str, catalogue: Catalogue) -> tuple[str, ...]:
    """Those of the metrics that exist for another net as well: a second opinion."""
    from gan_bench.evaluate import metric_name

    catalogue.find(Features, other)
    full = [metric_name(catalogue, name, other) for name in names]
    found = tuple(
        name
        for name in full
        if name in catalogue.names(Metric) and catalogue.find(Metric, name).features == other
    )
    if not found:
        raise UsageError(f"--features {other}: none of the metrics {', '.join(names)} reads it")
    return found


def _as_many(
    evaluation: Evaluation, request: Request, prepared: Prepared, notes: list[str]
) -> Evaluation:
    """Not more samples than there are real images, unless asked: most metrics need N = M."""
    there = prepared.data.train
    if request.samples is not None or there >= evaluation.samples:
        return evaluation
    notes.append(f"{there:,} samples for {evaluation.samples:,}: there are no more training images")
    ticks = min(there, evaluation.tick_samples)
    return evaluation.model_copy(update={"samples": there, "tick_samples": ticks})


def _enough(prepared: Prepared, schedule: Schedule) -> None:
    data = prepared.data
    if data.train < schedule.batch:
        raise DataError(
            f"{data.name} has {data.train} training images, fewer than one batch of "
            f"{schedule.batch}: add images or lower --batch"
        )


def _suited(
    asked: list[Architecture], defaults: list[Architecture], prepared: Prepared, notes: list[str]
) -> list[str]:
    """The names asked for, all of which must suit the images, or the preset's that do."""
    shape, name = prepared.data.shape, prepared.data.name
    for architecture in asked:
        reason = architecture.unsuited(shape)
        if reason:
            raise UsageError(f"--arch {architecture.name} does not suit {name}: {reason}")
    if asked:
        return [architecture.name for architecture in asked]
    suited = []
    for architecture in defaults:
        reason = architecture.unsuited(shape)
        if reason:
            notes.append(f"{architecture.name} left out: {reason}")
        else:
            suited.append(architecture.name)
    if not suited:
        raise UsageError(f"no architecture of the preset suits {name}: choose one with --arch")
    return suited


# Running


def check_writable(results: Path) -> None:
    """StorageError, before anything is spent, if the results could not be kept."""
    try:
        results.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=results):
            pass
    except OSError as error:
        raise StorageError(
            f"cannot write the results folder {results}: {error.strerror or error}; "
            "choose another with --results"
        ) from error


def folders(planned: Planned, results: Path) -> list[Path]:
    """The folders of all cells, in the plan's order."""
    protocol = planned.plan.protocol
    return [store.cell_dir(results, protocol, cell) for cell in planned.plan.cells]


def lay_out(planned: Planned, results: Path, retry_failed: bool = False) -> None:
    """Write the plan's folders; what has an outcome stays as it is.

    Raises UsageError if the folder holds another protocol, DataError if the data set has changed
    since cells of this plan were begun.
    """
    protocol = planned.plan.protocol
    root = store.protocol_dir(results, protocol)
    cells = list(zip(planned.plan.cells, folders(planned, results), strict=True))
    _same_protocol(root / "protocol.json", protocol)
    _same_data(planned, results)
    store.make_folder(root)
    store.remove_parts(root)
    store.write_json(root / "protocol.json", protocol.model_dump(mode="json"))
    store.write_json(root / "data-report.json", planned.prepared.report)
    for cell, folder in cells:
        if retry_failed and failed(folder):
            store.remove(folder / "record.json")
        if not done(folder):
            store.make_folder(folder)
            store.write_json(folder / "cell.json", cell.model_dump(mode="json"))


def _same_protocol(path: Path, protocol: Protocol) -> None:
    """The name of the folder has the digest of what must be in it."""
    if not path.exists():
        return
    try:
        found = store.read_model(path, Protocol)
    except StorageError:  # damaged, and about to be written again
        return
    if found != protocol:
        raise UsageError(
            f"{path} is not the protocol that its folder is named after "
            f"({_differing(found, protocol)}): it was edited by hand; move the folder away, "
            "or choose another --results"
        )


def _differing(then: Protocol, now: Protocol) -> str:
    told = differences(then, now).items()
    return "; ".join(f"{name}: {str(a)[:20]} then, {str(b)[:20]} now" for name, (a, b) in told)


def _same_data(planned: Planned, results: Path) -> None:
    """DataError if only the images differ from those that cells of this plan were begun with."""
    protocol = planned.plan.protocol
    begun = [
        folder.relative_to(store.protocol_dir(results, protocol))
        for folder in folders(planned, results)
        if not done(folder)
    ]
    for path in sorted(results.glob("*/protocol.json")):
        try:
            other = store.read_model(path, Protocol)
        except StorageError:  # told by the report
            continue
        changed = other.data != protocol.data and other == protocol.model_copy(
            update={"data": other.data}
        )
        if changed and other.data.name == protocol.data.name:
            for folder in (path.parent / cell for cell in begun):
                if any(folder.glob("checkpoint/*.pt")) and not done(folder):
                    raise DataError(
                        f"the data set {protocol.data.name} has changed since {folder} was begun "
                        f"({_differing(other, protocol)}): put the images back to go on with it, "
                        "or begin anew with another --results"
                    )


def done(folder: Path) -> bool:
    """The cell has a record; a record that cannot be read is still not to be written over."""
    return (folder / "record.json").exists()


def standing(folders: Sequence[Path]) -> str:
    """`6 cells, 2 done, 1 begun`: what there is to do."""
    finished = sum(map(done, folders))
    begun = sum(any(f.glob("checkpoint/*.pt")) for f in folders if not done(f))
    told = [f"{count} {word}" for count, word in ((finished, "done"), (begun, "begun")) if count]
    return ", ".join([f"{len(folders)} cell{'' if len(folders) == 1 else 's'}", *told])


def failed(folder: Path) -> bool:
    """The cell has no outcome, or none that can be read."""
    try:
        return store.read_record(folder).status == "failed"
    except StorageError:
        return True


def rehearse(folders: Iterable[Path], home: Path, say: Say = lambda _: None, jobs: int = 1) -> None:
    """One step of every pair that waits; what cannot be trained has a failed record at once.

    Raises what would stop all cells: data, features, checkpoints of another training, and memory
    or a disk without room for what so many cells at once take and write.
    """
    from gan_bench.rehearsal import rehearse as rehearsed

    waiting = [folder for folder in folders if not done(folder)]
    found: list[Rehearsed] = []
    for each in rehearsed(waiting):
        error = each.error or _too_large(each)
        if each.stops is not None:
            raise _error_of(each.stops, error or "")
        if error:
            _fail(Path(each.cell), error)
            say(f"{' / '.join(Path(each.cell).parts[-3:])}: failed, {error}")
        else:
            found.append(each)
    _together(found, jobs)
    _room_for(found, home, jobs)


def _too_large(rehearsed: Rehearsed) -> str | None:
    free = _free(rehearsed)
    if rehearsed.memory_bytes <= free:
        return None
    needs, there = map(store.human_size, (rehearsed.memory_bytes, free))
    return f"out of memory: it needs {needs} and {there} are free; lower --batch or --size"


def _free(rehearsed: Rehearsed) -> int:
    """Bytes, where the cell is trained."""
    if rehearsed.free_bytes is not None:
        return rehearsed.free_bytes
    return int(psutil.virtual_memory().available)


def _together(cells: Sequence[Rehearsed], jobs: int) -> None:
    """UsageError if cells that fit alone will not fit at once."""
    free = min(map(_free, cells), default=0)
    needs = list(accumulate(_largest((cell.memory_bytes for cell in cells), jobs)))
    fitting = max(1, sum(need <= free for need in needs))
    if fitting < len(needs):
        need, there = map(store.human_size, (needs[-1], free))
        raise UsageError(
            f"out of memory: {len(needs)} cells at once need {need} and {there} are free; "
            f"lower --jobs to {fitting}"
        )


def _largest(sizes: Iterable[int], count: int) -> list[int]:
    """Whichever cells are at work at once, they need no more than these."""
    return sorted(sizes, reverse=True)[:count]


def _room_for(cells: Sequence[Rehearsed], home: Path, jobs: int) -> None:
    """StorageError if the disk will be full before the last cell is done."""
    # of each cell at work: two checkpoints, and the third while it is written
    at_work = 3 * sum(_largest((cell.state_bytes for cell in cells), jobs))
    needs = at_work + sum(cell.left_bytes for cell in cells)
    if needs > (free := store.room(home)):
        raise StorageError(
            f"not enough room for results: {store.human_size(needs)} needed, "
            f"{store.human_size(free)} free on {home}: make room, or choose another --results"
        )


def _error_of(code: int, text: str) -> GanBenchError:
    kinds = {kind.exit_code: kind for kind in (UsageError, DataError, StorageError)}
    return kinds.get(code, GanBenchError)(text)


def run_cells(
    engine: Engine, folders: Sequence[Path], slots: int = 1, say: Say = lambda _: None
) -> Iterator[Path]:
    """Start what has no record; yield each folder as its cell ends, with a record in any case.

    A cell whose process was lost goes on from its checkpoint when the others are done, at most
    three times. Raises StorageError if a cell could not write, for the next could not either.
    """
    from gan_bench.cell import LOST, RETRIES

    slots = min(slots, len(folders))  # done or not: who goes on divides the machine as before
    losses = Counter[Path]()
    waiting = [folder for folder in folders if not done(folder)]
    while waiting:
        again = []
        with closing(_started(engine, waiting, slots)) as ended:
            for folder, code in ended:
                if not done(folder):
                    losses[folder] += 1
                    if code in (StorageError.exit_code, UsageError.exit_code):
                        raise _error_of(code, _last_error(folder))
                    if code in LOST and losses[folder] <= RETRIES:
                        name = " / ".join(folder.parts[-3:])
                        say(f"{name}: its process was ended by something else; it will go on")
                        again.append(folder)
                        continue
                    _ended_without_record(folder, code)
                yield folder
        waiting = again


def _started(engine: Engine, cells: list[Path], slots: int) -> Generator[tuple[Path, int]]:
    """Closing this closes what the engine gave, if that can be closed."""
    yield from engine.start(cells, slots)


def _last_error(folder: Path) -> str:
    if not folder.exists():
        return f"{folder} is gone: put it back to go on with it"
    lines = store.tail(folder / "cell.log").splitlines()
    said = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    if said:
        return said[-1]
    free = store.human_size(store.room(folder))
    return f"{folder} cannot be written, not even its log: {free} free on its disk; make room first"


def _ended_without_record(folder: Path, code: int) -> None:
    from gan_bench.cell import LOG, how_it_ended, last_words

    log = folder / LOG
    why = f"the process left no record: it {how_it_ended(code, log)}"
    _fail(folder, why, "\n".join(last_words(log)) or None)


def _fail(folder: Path, reason: str, log: str | None = None) -> None:
    from gan_bench.cell import failure

    cell = store.read_model(folder / "cell.json", Cell)
    store.write_record(folder, failure(folder, cell, reason, log))
