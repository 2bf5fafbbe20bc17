"""Every command that writes, one row each: what is typed, in a folder that has all it needs.

`Stage` is that folder: images in two class folders, plugins, results of a cell that kept its ticks
and collapsed, results of another seed, a judge's images, a space. Commands run in processes that
are forked from one which has everything imported, and train their cells in the same process.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))  # where the tests keep what they share

import tiny
from gan_bench import Resources
from gan_bench.results.atomic import write_json
from gan_bench.results.layout import RECORD
from gan_bench.results.records import Verdict, write_code
from gan_bench.run import cell, preflight, preflight_process
from gan_bench.run.preflight import PairReport
from gan_bench.run.task import read_task
from outcomes import outcome

Act = Callable[[], object]
NAME = "tiny/minimax/seed0"
SCHEDULE = "--size 8 --batch 8 --kimg 0.032 --samples 16 --device cpu --precision fp32 -q "
EYE = "--plugin tiny.py --features eye --metric brightness "
TRAIN = f"--data images --arch tiny --loss minimax {SCHEDULE}{EYE}"
PIXELS = "--features pixels --metric diversity "


@dataclass(frozen=True)
class Row:
    """A command that writes. `done` are exit codes of a run that had nothing to do any more."""

    name: str
    words: str
    done: tuple[int, ...] = (0,)
    varying: tuple[str, ...] = ()  # files that never have the same bytes twice
    codes: tuple[int, ...] = ()  # with which it may end besides, if an operation fails
    cleans: bool = False  # what a killed process left half-written anywhere in the results
    keeps: bool = True  # finished cells as they are


ROWS = (
    Row("run", f"run {TRAIN}--seeds 2", cleans=True),
    Row(
        "run with labels, augmentation and own recipes",
        f"run --data images --arch embedding,own --loss hinge,own --augment flip,shift "
        f"--recipes own {SCHEDULE}{PIXELS}--plugin labels.py --plugin own.py --keep best",
    ),
    Row("run until decided", f"run {TRAIN}--arch wide --seeds 4 --until-decided 0.1 "
        "--most-seeds 8"),
    Row("measure", "measure results --metric brightness --samples 12 "
        "--device cpu -q", cleans=True),
    Row("draw", "draw results --again --device cpu -q", codes=(3,), cleans=True),
    Row("score", "score mine=images theirs=G.safetensors --like images "
        "--device cpu"),
    Row("tune", f"tune {TRAIN}--data many --samples 32 --space space.toml --trials 2"),
    Row("branch", f"branch {NAME} --at 0.016 --set lr_d=0.01 --device cpu"),
    Row("autopsy", f"autopsy {NAME} --device cpu --seeds 1 --remedy slower-d"),
    Row("metrics audit", "metrics audit --data many --size 8 --metric diversity --only "
        "--features pixels --n 16 --bias-n 16 --corruption brighter --device cpu --out audit.html",
        varying=("audit.html",)),
    Row("reproduce", f"reproduce {NAME} --device cpu -q", done=(0, 3, 6, 7)),
    Row("merge", "merge results server -o all", done=(0, 2)),
    Row("site", "site results -o public --title Faces"),
    Row("report", "report results --out board.html"),
    Row("report --figures", "report results --figures svg --out figures"),
    Row("export", "export CELL --to safetensors --out G2.safetensors"),
    Row("export to TorchScript", "export CELL --to torchscript --out G2.pt",
        varying=("G2.pt",)),
    Row("sample", "sample CELL --each --n 4 --out samples", done=(0, 2)),
    Row("interpolate", "interpolate CELL --steps 4 --points 2 --out walk.gif"),
    Row("timelapse", "timelapse CELL --out training.gif"),
    Row("data", "data images --size 8"),
    Row("judge", "judge stripes --size 16 --steps 20 --out stripes.judge"),
    Row("remove", f"remove {NAME} --yes", done=(0, 2), keeps=False),
)  # fmt: skip
BY_NAME = {row.name: row for row in ROWS}


def of_the_day(names: list[str], share: float, day: int) -> list[str]:
    """That share of the names, every day others."""
    days = round(1 / share)
    return names[day % days :: days]


OWN = """
import importlib.util
from gan_bench import Architecture, Augmentation, Loss, hookimpl

spec = importlib.util.spec_from_file_location("tiny_parts", TINY)
parts = importlib.util.module_from_spec(spec)
spec.loader.exec_module(parts)


@hookimpl
def gan_bench_architectures():
    given = {"generator": parts.generator, "discriminator": parts.discriminator}
    wants = {"betas": (0.0, 0.9), "d_steps": 2}
    return [Architecture(name="own", source="a test", z_dim=parts.Z_DIM, wants=wants, **given)]


@hookimpl
def gan_bench_losses():
    given = {"d_loss": parts.d_loss, "g_loss": parts.g_loss}
    return [Loss(name="own", source="a test", wants={"lr_g": 1e-3}, **given)]


@hookimpl
def gan_bench_augmentations():
    def shift(images, draws):
        return images.roll(1, 3)

    return [Augmentation(name="shift", source="a test", draws=0, apply=shift)]
"""


# The folder that commands begin in


def lay_stage(root: Path) -> Path:
    """Make the folder, with commands of our own; its path."""
    stage = root / "stage"
    stage.mkdir(parents=True)
    tiny.write_plugin(stage)
    shutil.copy(Path(__file__).parents[1] / "strangers/class_embedding.py", stage / "labels.py")
    (stage / "own.py").write_text(OWN.replace("TINY", repr(str(stage / "tiny.py"))))
    (stage / "space.toml").write_text("lr_g = { log = [1e-4, 1e-2] }\n")
    _draw_images(stage)
    for words in (
        f"run {TRAIN}--keep-ticks",
        f"run {TRAIN}--loss non-saturating --results server".replace("--loss minimax ", ""),
    ):
        _succeed(stage, words)
    (trained,) = (stage / "results").glob(f"*/{NAME}")
    _collapse(trained)
    _succeed(stage, "export CELL --to safetensors --out G.safetensors")
    _succeed(stage, "site results -o public")
    (stage / "said.txt").unlink()
    return stage


def said(folder: Path, most: int = 2000) -> str:
    """The end of what the commands in this folder printed."""
    path = folder / "said.txt"
    return path.read_text()[-most:] if path.exists() else ""


def _draw_images(stage: Path) -> None:
    """Two classes of 20 images, 140 images of noise, and stripes for a judge."""
    random = np.random.default_rng(0)

    def save(path: str, pixels: np.ndarray) -> None:
        (stage / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(stage / path)

    for k in range(40):
        shade = np.array((200, 40, 90) if k % 2 else (40, 90, 200))
        save(f"images/{'ab'[k % 2]}/{k:02d}.png", random.normal(shade, 25, (10, 10, 3)))
    for k in range(140):
        save(f"many/{k:03d}.png", random.normal(120, 60, (8, 8, 3)))
    for k in range(200):
        pixels = random.normal(20, 8, (16, 16))
        (pixels if k % 2 else pixels.T)[6:10] = 220
        save(f"stripes/{'across' if k % 2 else 'down'}/{k}.png", pixels)


def _collapse(cell_folder: Path) -> None:
    """As if the training had collapsed at its last tick."""
    verdict = Verdict(kind="collapsed", kimg=0.03, reason="stuck").model_dump(mode="json")
    document = json.loads((cell_folder / RECORD).read_text())
    write_json(cell_folder / RECORD, document | {"status": "collapsed", "verdicts": [verdict]})


def _succeed(stage: Path, words: str) -> None:
    code = typed(stage, words)
    assert code == 0, f"{words}: {code}\n{said(stage)}"


# A command in a process of its own


def typed(folder: Path, words: str, before: Act = lambda: None, after: Act = lambda: None) -> int:
    """`gan-bench WORDS` in this folder; its exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(started(folder, words, before, after), 0)[1])


def started(folder: Path, words: str, before: Act = lambda: None, after: Act = lambda: None) -> int:
    """The same, which goes on; its process. `before` and `after` are called in it."""
    pid = os.fork()
    if pid:
        return pid
    code = 99
    try:
        os.setsid()
        code = _run(folder, shlex.split(words.replace("CELL", cell_in(folder))), before)
        after()
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def cell_in(folder: Path) -> str:
    """The path of the trained cell, as it is typed in this folder."""
    return next((str(path.relative_to(folder)) for path in folder.glob(f"results/*/{NAME}")), "")


def _run(folder: Path, words: Sequence[str], before: Act) -> int:
    """Called in a process that ends afterwards."""
    from gan_bench.cli.main import main

    log = os.open(folder / "said.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in (1, 2):
        os.dup2(log, number)
    os.chdir(folder)
    os.environ["GAN_BENCH_HOME"] = str(folder / "home")
    torch.set_num_threads(1)
    train_here()
    sys.argv = ["gan-bench", *words]
    before()
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)


def train_here() -> None:
    """Cells are trained, and pairs are taken as tried, in this process."""
    import gan_bench_plugins.local as local

    local.start = _start  # type: ignore[assignment]
    preflight.check_pairs = _check_pairs  # type: ignore[assignment]


def _start(cells: Iterable[Path], _: Resources) -> Iterator[tuple[Path, int]]:
    for folder in cells:
        yield folder, cell.main([str(folder)])


def _check_pairs(folders: Sequence[Path], *_: object) -> Iterator[PairReport]:
    """Without a step; the scale is measured as it is after the pairs."""
    if not folders:
        return
    for folder in folders:
        write_code(folder, read_task(folder).code())
        yield PairReport(str(folder))
    task = read_task(folders[-1])
    preflight_process._measure_scale(folders[-1], task.evaluator(), task, lambda _: None)


def run_once(
    stage: Path, folder: Path, row: Row, before: Act = lambda: None, after: Act = lambda: None
) -> dict[str, str]:
    """What the command ends in if nothing happens. Imports here what it imports, once and for all.

    AssertionError if it fails.
    """
    shutil.copytree(stage, folder)
    code = typed(folder, row.words, before, lambda: (after(), _note()))
    assert code in row.done, f"{row.words}: {code}\n{said(folder)}"
    for name in (folder / "modules.txt").read_text().split():
        if name not in sys.modules:
            with suppress(Exception):  # some are made by a plugin's file
                import_module(name)
    return outcome(folder, stage, row)


def _note() -> None:
    Path("modules.txt").write_text(" ".join(sys.modules))


if __name__ == "__main__":  # a stage, in which these commands were typed: FOLDER COMMAND...
    made = lay_stage(Path(sys.argv[1]))
    for given in sys.argv[2:]:
        _succeed(made, BY_NAME[given].words)
