"""Every reader of a file that somebody else may have made: a real file, and what reads it."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import mutations
import numpy as np
import torch
from rich.console import Console

import tiny_plugin
from gan_bench import catalogue as catalogues
from gan_bench.base.escape import plain
from gan_bench.catalogue import Catalogue
from gan_bench.contract.offers import Architecture, Preset
from gan_bench.contract.protocol import Preparation
from gan_bench.contract.schedule import Schedule
from gan_bench.data.source import files_at
from gan_bench.data.unsplit import read_images
from gan_bench.measure.judging.judge_file import KEY, judge_offer
from gan_bench.report import leaderboard
from gan_bench.report.audit.findings import findings
from gan_bench.report.audit.formats import render as render_audit
from gan_bench.report.cell_facts import read_cell
from gan_bench.report.cell_page import cell_page
from gan_bench.report.formats import FORMATS, render
from gan_bench.report.site.making import make_site
from gan_bench.report.tuning.formats import render_study
from gan_bench.report.tuning.trials import read_tuned
from gan_bench.results.inventory import inventory
from gan_bench.results.layout import branches_in, cells_in, studies_in
from gan_bench.results.merging import plan_merge
from gan_bench.run.choose_schedule import read_schedule
from gan_bench.run.choose_space import choose_space
from gan_bench.run.generators import draw_pixels, load_generator
from gan_bench.train.checkpoint import Checkpoints
from gan_bench.train.generator import rebuilt
from gan_bench.train.generator_file import ENTRY, About, file_of
from hostile import image_bytes
from trained import CONDITIONAL

TERMINAL = Console(width=100)


@dataclass(frozen=True)
class Reader:
    """What reads a file of this name. `share` of the inputs are its; texts that it shows are
    yielded with their format."""

    name: str
    file: str  # the path in its folder
    real: Callable[[Path], bytes]  # stage -> the content of a real file
    mutate: Callable[..., bytes]
    read: Callable[[Path], Iterator[tuple[str, str]] | None]
    share: float = 1.0


@cache
def known() -> Catalogue:
    """What is installed, and a conditional pair."""
    return catalogues.load([CONDITIONAL, tiny_plugin.PATH])


# What reads


def _generator(path: Path) -> None:
    G = rebuilt(path, known(), "it")
    G(G.z(2))


def _scored_generator(path: Path) -> None:
    G = load_generator(path, known(), 2, None, "cpu")
    list(draw_pixels(G, 3, 0, np.array([0, 1])))


def _judge(path: Path) -> None:
    judge = judge_offer(path)
    net = judge.load("cpu", None)
    assert judge.modes is not None
    judge.modes(net(torch.zeros(2, 3, 16, 16, dtype=torch.uint8)).numpy())


def _images(path: Path) -> None:
    scratch = path.parent / "scratch"
    scratch.mkdir()
    read_images(files_at(path, Preparation()), (8, 8), scratch, 100.0, lambda *_: None)


def _folder(path: Path) -> None:
    _images(path.parent)


def _schedule(path: Path) -> None:
    preset = known().find(Preset, "quick")
    Schedule(**preset.schedule.model_dump() | read_schedule(path, preset))


def _space(path: Path) -> None:
    space = choose_space(path, known().find(Preset, "quick").schedule, known())
    for place in (0.0, 0.5, 0.999):
        for axis in space.axes.values():
            axis.at(place)


IDENTITY = {"architecture": "tiny"}


def _checkpoint(path: Path) -> None:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_name(f"{path.name}.sha256").write_text(f"{digest}  {path.name}\n")
    Checkpoints(path.parent, IDENTITY).newest("cpu")


# What is read and shown


def _results(path: Path) -> Iterator[tuple[str, str]]:
    """All that is shown of a results folder."""
    top = next(each for each in path.parents if each.name == "results")
    boards = leaderboard.load(top)
    for style in FORMATS:
        yield style, render(boards, style, top, TERMINAL)
    for cell in (cell for board in boards.boards for cell in cells_in(top / board.slug)):
        for each in (cell, *branches_in(cell)):
            for title, lines in cell_page(read_cell(each)):
                yield "terminal", plain(f"{title} {lines}", keep="\n")
    for listed in inventory(top).cells:
        yield "terminal", plain(str(listed))
    plan_merge([top])
    made = make_site([top], top.with_name("public"))
    for page in made.index.parent.rglob("*.html"):
        yield "html", page.read_text()


def _study(path: Path) -> Iterator[tuple[str, str]]:
    top = next(each for each in path.parents if each.name == "results")
    for study in studies_in(top):
        tuned = read_tuned(study)
        for style in FORMATS:
            yield style, render_study(tuned, style, top, TERMINAL)


def _audit(path: Path) -> Iterator[tuple[str, str]]:
    folder = next(each for each in path.parents if each.parent.name == "audits")
    found = findings(folder)
    for style in ("terminal", "markdown", "csv", "json"):
        yield style, render_audit(found, style, TERMINAL)


# Real files


def _array(_: Path) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.random.default_rng(0).integers(0, 256, (5, 9, 9, 3), dtype=np.uint8))
    return buffer.getvalue()


def _npz(stage: Path) -> bytes:
    return _zip({"a.npy": _array(stage), "b.npy": _array(stage)})


def _zip_of_images(_: Path) -> bytes:
    return _zip({f"a/{k}.png": image_bytes(seed=k) for k in range(4)})


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _state(_: Path) -> bytes:
    buffer = io.BytesIO()
    identity = {"checkpoint schema": "1", **IDENTITY}
    torch.save({"identity": identity, "training": {"w": torch.ones(9), "step": 3}}, buffer)
    return buffer.getvalue()


def _conditional(_: Path) -> bytes:
    G = known().find(Architecture, "embedding").generator((3, 8, 8), 2)
    return file_of(
        G.state_dict(), About(architecture="embedding", z_dim=8, shape=(3, 8, 8), classes=2)
    )


def _of(pattern: str) -> Callable[[Path], bytes]:
    return lambda stage: first(stage, pattern).read_bytes()


def first(stage: Path, pattern: str) -> Path:
    """The first file of this pattern."""
    return sorted(stage.glob(pattern))[0]


def _header(key: str) -> Callable[..., bytes]:
    return lambda data, content: mutations.reframed(data, content, key)


def _fields(names: list[str]) -> Callable[..., bytes]:
    return lambda data, _: mutations.toml(data, names)


ALONE = (
    Reader("generator", "G.safetensors", _of("G.safetensors"), _header(ENTRY), _generator),
    Reader("generator to score", "E.safetensors", _conditional, _header(ENTRY),
           _scored_generator),
    Reader("judge", "stripes.judge", _of("stripes.judge"), _header(KEY), _judge),
    Reader("npy", "a.npy", _array, mutations.npy, _images),
    Reader("npz", "a.npz", _npz, mutations.spoilt, _images),
    Reader("zip", "a.zip", _zip_of_images, mutations.spoilt, _images),
    *(Reader(kind, f"images/a.{kind}", lambda _, kind=kind: image_bytes(kind.upper()),
             mutations.spoilt, _folder, 0.5) for kind in ("png", "jpeg", "webp", "gif", "tiff")),
    Reader("schedule", "s.toml", lambda _: b"", _fields(list(Schedule.model_fields)), _schedule),
    Reader("space", "s.toml", lambda _: b"", _fields(
        ["lr_g", "lr_d", "batch", "betas", "beta1", "d_steps", "optimizer", "lr_decay"]), _space),
    Reader("checkpoint", "checkpoint/000000003.pt", _state, mutations.spoilt, _checkpoint),
)  # fmt: skip
SHOWN = tuple(
    Reader(name, pattern, _of(pattern), mutations.spoilt_document, read, 0.03)
    for name, pattern, read in (
        ("record", "results/*/*/*/*/record.json", _results),
        ("cell", "results/*/*/*/*/cell.json", _results),
        ("curve", "results/*/*/*/*/curve.jsonl", _results),
        ("ticks", "results/*/*/*/*/vitals.jsonl", _results),
        ("protocol", "results/*/protocol.json", _results),
        ("plans", "results/*/plans.jsonl", _results),
        ("scale", "results/*/scale.json", _results),
        ("data report", "results/*/data-report.json", _results),
        ("entry", "results/*/entries/*/entry.json", _results),
        ("evaluation", "results/*/evaluations/*/evaluation.json", _results),
        ("added scores", "results/*/*/*/*/evaluations/*/scores.json", _results),
        ("pictures", "results/*/*/*/*/shown/shown.json", _results),
        ("branch", "results/*/*/*/*/branches/*/*/*/*/record.json", _results),
        ("branch's cell", "results/*/*/*/*/branches/*/*/*/*/cell.json", _results),
        ("site", "public/.gan-bench-site.json", None),
        ("study", "results/studies/*/study.json", _study),
        ("trial", "results/studies/*/*/*/*/*/record.json", _study),
        ("trial's scores", "results/studies/*/*/*/*/*/evaluations/*/scores.json", _study),
        ("audit", "results/audits/*/audit.json", _audit),
        ("audited set", "results/audits/*/blocks/*/*.json", _audit),
    )
    if read is not None
)
