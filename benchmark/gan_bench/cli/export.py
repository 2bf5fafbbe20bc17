"""`gan-bench export`: a trained generator as a file for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click
from rich.console import Console
from rich.text import Text

from gan_bench.base.escape import plain
from gan_bench.base.text import size
from gan_bench.cli import generator_options as shared
from gan_bench.cli import options
from gan_bench.cli.options import OUTPUT
from gan_bench.cli.output import instead, say
from gan_bench.cli.values import OUT_FILE

if TYPE_CHECKING:
    from gan_bench.train.export import To

FORMATS = ("onnx", "torchscript", "safetensors")


@click.command(
    epilog=options.examples(
        "gan-bench export dcgan/minimax/seed0 --to onnx --out faces.onnx",
        "gan-bench export dcgan/minimax/seed0 --to torchscript --best --out faces.pt",
    )
)
@shared.CELL
@shared.WHERE
@shared.BEST
@shared.PLUGIN
@click.option(
    "--to",
    type=click.Choice(FORMATS),
    required=True,
    panel=OUTPUT,
    help="Format. onnx: for ONNX Runtime, with `pip install 'gan-bench[onnx]'`. torchscript: for "
    "torch.jit.load, without this package. safetensors: the parameters alone.",
)
@click.option(
    "-o", "--out", type=OUT_FILE, metavar="FILE", required=True, panel=OUTPUT, help="File to write."
)
@options.DEBUG
@options.HELP
def export(
    cell: Path, results: Path, best: bool, plugins: tuple[Path, ...], to: To, out: Path
) -> None:
    """Write a trained generator for other programs.

    Its input is z (N, z_dim) float32 from N(0, 1), and labels (N,) int64 if it is conditional. Its
    output is images (N, C, H, W) float32 in [-1, 1]. The file is written only if it makes the same
    images as the generator.
    """
    cell = shared.found(cell, results)
    from gan_bench.contract.errors import UsageError
    from gan_bench.results.atomic import make_folder, write_bytes
    from gan_bench.train.class_names import classes_text
    from gan_bench.train.export import exported
    from gan_bench.train.generator_file import shape_text

    if out.resolve() == cell.resolve():
        raise UsageError(f"{out} is the generator to export: give another --out")
    G = shared.read_generator(cell, best, plugins)
    with Console(stderr=True).status(Text(plain(f"exporting {G.label}"))):
        content = exported(G, to)
    make_folder(out.absolute().parent)
    replaced = instead(out)
    write_bytes(out, content)
    classes = f", labels {classes_text(G)}" if G.classes else ""
    say(
        f"{G.label}: {out} ({size(len(content))}){replaced}; z has {G.z_dim} values{classes}, "
        f"images are {shape_text(G.shape)}"
    )
