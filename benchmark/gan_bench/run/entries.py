"""Score images and generators from elsewhere by the evaluation of a protocol."""

from __future__ import annotations

import hashlib
import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gan_bench import catalogue as catalogues
from gan_bench.base import text
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import DataError, GanBenchError, UsageError
from gan_bench.contract.protocol import Protocol, RunEnvironment
from gan_bench.data.cache import Prepared
from gan_bench.data.rows import Rows
from gan_bench.data.stream import CHUNK_BYTES, Progress, images_at_once
from gan_bench.measure.evaluator import Evaluator
from gan_bench.measure.weights import weights_of
from gan_bench.results.entries import (
    EntryRecord,
    alone_in_entry,
    check_writable,
    read_entry,
    write_entry,
)
from gan_bench.results.layout import ENTRY, PROTOCOL, entry_dir
from gan_bench.results.reading import Damaged, read_model
from gan_bench.run.asked_entries import Asked, How, check_entries
from gan_bench.run.entry_images import EntryImages, Images
from gan_bench.run.plan import pick_device
from gan_bench.run.task import prepared_for, source_of_cell
from gan_bench.run.whereabouts import GIVE_THEM, environment_in
from gan_bench.train.cost import device_name

Say = Callable[[str], None]


def score_entries(
    home: Path, asked: Sequence[Asked], how: How, progress: Progress, say: Say
) -> list[EntryRecord]:
    """Score each entry by the evaluation of the protocol in the folder `home`, and write it there.

    One that was scored before with the same pixels is not measured again. UsageError if the name
    belongs to other images, unless `how.replace`. If an entry cannot be scored, the others are
    scored before its error is raised.
    """
    check_entries(asked, how.plugins)
    check_writable(home)
    scorer = Scorer(home, how, progress, say)
    scored: list[EntryRecord] = []
    errors: list[GanBenchError] = []
    for each in asked:
        try:
            scored.append(scorer.score(each))
        except (DataError, UsageError) as error:
            errors.append(error)
    if errors and scored:
        verb = "is" if len(scored) == 1 else "are"
        say(f"{', '.join(each.name for each in scored)} {verb} scored and in the table")
    for other in errors[1:]:
        say(str(other))
    if errors:
        raise errors[0]
    return scored


@dataclass
class Scorer:
    """What scores entries under one protocol; its nets are loaded when the first one is scored."""

    home: Path
    how: How
    progress: Progress
    say: Say
    protocol: Protocol = field(init=False)
    environment: RunEnvironment = field(init=False)
    catalogue: Catalogue = field(init=False)
    prepared: Prepared = field(init=False)
    _evaluator: Evaluator | None = None

    def __post_init__(self) -> None:
        how = self.how
        self.device = pick_device(how.device)
        self.protocol = read_model(self.home / PROTOCOL, Protocol)
        self.environment = how.environment or environment_in(
            self.home, how.data, how.plugins, how.weights
        )
        self.catalogue, source = source_of_cell(self.environment, self.protocol)
        self.dataset = source.dataset
        self.prepared = prepared_for(self.protocol, source, self.progress, GIVE_THEM)
        self.images = EntryImages(
            self.protocol, self.catalogue, self.prepared, how, self.device, self.progress
        )

    @property
    def evaluator(self) -> Evaluator:
        """With its nets loaded."""
        if self._evaluator is None:
            self._evaluator = Evaluator(
                self.catalogue,
                self.protocol,
                self.dataset,
                self.prepared,
                self.device,
                weights_of(self.environment),
            )
        return self._evaluator

    def score(self, asked: Asked) -> EntryRecord:
        """The record of one entry, which is written into its folder."""
        folder = entry_dir(self.home, asked.name)
        with alone_in_entry(folder, self.home), tempfile.TemporaryDirectory() as scratch:
            images = self.images.of(asked, Path(scratch))
            fingerprint = _fingerprint(images.pixels)
            before = self._before(folder, asked, fingerprint)
            if before is not None:
                self.say(f"{asked.name} was scored before, with the same images")
                return before
            self.progress(f"measuring {asked.name}", 0, 0)
            entry = self._measured(asked, images, fingerprint)
            write_entry(folder, entry)
            return entry

    def _measured(self, asked: Asked, images: Images, fingerprint: str) -> EntryRecord:
        measured = self.evaluator.measure(images.pixels)
        fault = [measured.fault[1]] if measured.fault else []
        return EntryRecord(
            name=asked.name,
            kind=images.kind,
            origin=images.origin,
            fingerprint=fingerprint,
            images=len(images.pixels),
            evaluation=self.protocol.evaluation,
            scores=measured.scores,
            unscored=measured.unscored,
            details=measured.details,
            notes=(*images.notes, *fault),
            device=device_name(self.device),
            versions=catalogues.versions(),
            ended=text.now(),
        )

    def _before(self, folder: Path, asked: Asked, fingerprint: str) -> EntryRecord | None:
        """The record of the same images if there is one; UsageError if it is of other images."""
        if self.how.replace or not (folder / ENTRY).exists():
            return None
        try:
            before = read_entry(folder)
        except Damaged:  # it will be written again
            return None
        if before.fingerprint != fingerprint:
            raise UsageError(
                f"the entry {asked.name} was scored before with other images, of {before.origin}: "
                f"give another name, as NAME={asked.path}, or --replace"
            )
        return before if before.evaluation == self.protocol.evaluation else None


def _fingerprint(pixels: Rows) -> str:
    digest = hashlib.sha256(str(pixels.shape).encode())
    step = images_at_once(CHUNK_BYTES, math.prod(pixels.shape[1:]))
    for start in range(0, len(pixels), step):
        digest.update(np.ascontiguousarray(pixels[start : start + step]).data)
    return digest.hexdigest()
