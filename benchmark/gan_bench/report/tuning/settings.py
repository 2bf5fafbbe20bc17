"""The chosen settings of each row as a schedule file for `run --schedule`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from gan_bench.base.text import plural
from gan_bench.contract.protocol import Protocol
from gan_bench.contract.schedule import Schedule
from gan_bench.report.tuning.care import Care, cares
from gan_bench.report.tuning.trials import Tuned
from gan_bench.results.atomic import make_folder, write_bytes
from gan_bench.results.layout import PROTOCOL, settings_path
from gan_bench.results.reading import read_model


def write_settings(tuned: Tuned) -> list[Path]:
    """Write a file for each row that has a score; their paths, the best row first."""
    scored = [care for care in cares(tuned) if care.tuned is not None]
    return [_write(tuned, care) for care in scored]


def _write(tuned: Tuned, care: Care) -> Path:
    path = settings_path(tuned.folder, *care.row.names)
    slug = tuned.study.trials[care.chosen].protocol
    protocol = read_model(tuned.folder / slug / PROTOCOL, Protocol)
    about = (
        f"{care.row.label}: trial {care.chosen}, the best of {plural(tuned.common, 'trial')} of "
        f"{tuned.study.slug}"
    )
    make_folder(path.parent)
    write_bytes(
        path, "".join(f"{line}\n" for line in schedule_file(protocol.schedule, about)).encode()
    )
    return path


def schedule_file(schedule: Schedule, about: str) -> Iterator[str]:
    """The lines of a TOML file with every field of the schedule; JSON's values are TOML's too."""
    yield f"# {about}"
    for name, value in schedule.model_dump(mode="json").items():
        yield f"{name} = {json.dumps(value)}"
