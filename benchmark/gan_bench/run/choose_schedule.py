"""Preset, --schedule FILE and options -> the schedule that all cells share."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError

from gan_bench.base.escape import as_written, plain
from gan_bench.catalogue import Catalogue
from gan_bench.contract.errors import StorageError, UsageError
from gan_bench.contract.names import nearest
from gan_bench.contract.offers import Augmentation, Optimizer, Preset
from gan_bench.contract.schedule import MOST_KIMG, Schedule, strictly
from gan_bench.results.reading import read_bytes
from gan_bench.run.request import Request

LARGEST_FILE = 2**20  # bytes


def _allowed(**fields: str) -> dict[str, str]:
    """What each field of a schedule may be. A name in quotes would look like that of a metric."""
    return fields


def _choices() -> dict[str, str]:
    """The same for the fields that are one of a few words."""
    kinds = {name: field.annotation for name, field in Schedule.model_fields.items()}
    return {
        name: f"one of {', '.join(map(json.dumps, get_args(kind)))}"
        for name, kind in kinds.items()
        if get_origin(kind) is Literal
    }


ABOVE_0 = "a finite number above 0"
ALLOWED = _choices() | _allowed(
    kimg=f"a number above 0, at most {MOST_KIMG:g}",
    batch="a whole number from 2",
    lr_g=ABOVE_0,
    lr_d=ABOVE_0,
    betas="two numbers from 0 to below 1, such as [0.5, 0.999]",
    d_steps="a whole number from 1",
    augment='a list of names, such as ["flip"]',
    ema_kimg="a finite number from 0",
    ema_rampup="a finite number from 0",
    ticks="a whole number from 1",
    optimizer="a name in quotes",
)


def choose_schedule(
    request: Request, preset: Preset, catalogue: Catalogue, device: str
) -> tuple[Schedule, str]:
    """The preset's schedule, with what the file and then the options say instead; and a note.

    Raises UsageError for what contradicts itself, and for a file that holds no schedule.
    """
    _check_options(request)
    written = read_schedule(request.schedule, preset) if request.schedule else {}
    asked = request.precision if request.precision != "auto" else _precision(**written)
    if asked == "auto":
        _check_here(device)
    precision, note = pick_precision(asked, device)
    lr_g, lr_d = request.lr or request.lr_g, request.lr or request.lr_d
    settled = replace(request, precision=precision, lr_g=lr_g, lr_d=lr_d)
    typed = {name: getattr(settled, name, None) for name in Schedule.model_fields}
    given = {name: value for name, value in typed.items() if value not in (None, ())}
    fields = preset.schedule.model_dump() | written | given
    fields["augment"] = augmentations_in_order(fields["augment"], catalogue)
    fields["optimizer"] = catalogue.find(Optimizer, fields["optimizer"]).name
    return Schedule(**fields), note


def read_schedule(path: Path, preset: Preset) -> dict[str, Any]:
    """The fields that a TOML file gives; UsageError if it gives what no schedule has."""
    name = f"--schedule {plain(str(path))}"
    try:
        text = read_bytes(path, LARGEST_FILE).decode()
        document = tomllib.loads(text)
    except StorageError as error:
        raise UsageError(f"--schedule: {error}") from error
    except (ValueError, RecursionError) as error:  # not UTF-8, or not TOML
        raise UsageError(f"{name} is no TOML file: {error}") from error
    known = Schedule.model_fields
    for field in document:
        if field not in known:
            hint = nearest(field, list(known))
            raise UsageError(
                f"{name}: a schedule has no field {plain(field)!r}.{hint} "
                f"Its fields: {', '.join(known)}."
            )
    try:
        schedule = strictly(Schedule, preset.schedule.model_dump(mode="json") | document)
    except ValidationError as error:
        field = str(error.errors(include_url=False)[0]["loc"][0])
        value = as_written(document[field])
        where = _line_of(field, text)
        raise UsageError(
            f"{name}{where}: {field} = {value}: it must be {ALLOWED[field]}"
        ) from error
    return {field: getattr(schedule, field) for field in document}


def _line_of(field: str, text: str) -> str:
    """, line N: where the field is set; nothing if that cannot be seen."""
    setting = re.compile(rf"""\s*["']?{re.escape(field)}["']?\s*=""")
    lines = [k for k, line in enumerate(text.splitlines(), 1) if setting.match(line)]
    return f", line {lines[0]}" if len(lines) == 1 else ""


def pick_precision(asked: str, device: str) -> tuple[str, str]:
    """The precision asked for, or the one that `auto` means on this device; and a note."""
    if asked != "auto":
        return asked, f"precision {asked}, as asked"
    from gan_bench.base.precision import computes_bf16

    if computes_bf16(device):
        return "bf16", f"precision bf16, which this {device} computes itself; or --precision fp32"
    return "fp32", f"precision fp32: bf16 is no faster on this {device}"


def _check_here(device: str) -> None:
    """UsageError if only other machines have the device: it cannot be asked for its precision."""
    from gan_bench.run.hardware import is_here  # it imports torch

    if not is_here(device):
        raise UsageError(
            f"there is no {device} device here that could say whether it computes bf16 itself: "
            "give --precision bf16 or fp32"
        )


def _precision(precision: str = "auto", **_: Any) -> str:
    """That field of a schedule. In quotes it would look like the name of a metric."""
    return precision


def _check_options(request: Request) -> None:
    """UsageError for options that contradict each other."""
    if request.epochs is not None and request.kimg is not None:
        raise UsageError(
            "--epochs and --kimg both set the length of the training: leave one of them out"
        )
    for option, rate in (("--lr-g", request.lr_g), ("--lr-d", request.lr_d)):
        if request.lr is not None and rate is not None and rate != request.lr:
            raise UsageError(
                f"--lr {request.lr:g} sets both learning rates, {option} {rate:g} sets another "
                "one: leave one of them out"
            )


def augmentations_in_order(names: tuple[str, ...], catalogue: Catalogue) -> tuple[str, ...]:
    """Names of the augmentations, each once, in the order in which they are applied.

    Those of real images come first: they change the data set. After a cutout, a blur would show D
    which images are real.
    """
    offers = {name: catalogue.find(Augmentation, name) for name in names}
    in_order = sorted(offers.values(), key=lambda offer: offer.changes != "real")
    return tuple(dict.fromkeys(offer.name for offer in in_order))
