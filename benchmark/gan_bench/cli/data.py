"""`gan-bench data`: look at a set of images without training on it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from rich.console import Console

from gan_bench.cli import options
from gan_bench.cli.data_options import DATA, HOW, WHICH, request_of
from gan_bench.cli.options import OUTPUT
from gan_bench.cli.output import complain, emit, instead, page, print_titled, say
from gan_bench.cli.values import OUT_FILE, Name
from gan_bench.run.names import catalogue_for

if TYPE_CHECKING:
    from gan_bench.data.cache import Prepared
    from gan_bench.data.reporting.report import DataReport

SCHEMA = 1  # of the JSON document
PNG = ".png"


def _data_options(command: Any) -> Any:
    for option in reversed((*WHICH[1:], *HOW)):
        command = option(command)
    return command


@click.command(
    epilog=options.examples(
        "gan-bench data faces.zip",
        "gan-bench data faces/ --size 96x128 --blurry 100 --out sheet.png",
    )
)
@click.argument(
    "data",
    type=Name("dataset", or_path=True),
    metavar="NAME|FOLDER|ZIP",
    panel=DATA,
    help="The images: a named data set, or your own in a folder or a zip file.",
)
@_data_options
@options.plugin(DATA)
@click.option(
    "-o",
    "--out",
    type=OUT_FILE,
    metavar="FILE.png",
    panel=OUTPUT,
    help="Write the contact sheet to this file. Default: NAME-contact-sheet.png in the current "
    "folder, or next to the images if the current folder is one of theirs; none with --json.",
)
@options.as_json("Print one JSON document: the whole report, with all names.")
@options.DEBUG
@options.HELP
def data(max_bad: float, out: Path | None, as_json: bool, **asked: Any) -> None:
    """Look at a set of images without training on it.

    Prints what is used, what is not used and why, and writes a contact sheet: a sample of the
    images as they are trained on, and the odd ones below it. `run` prepares the images in the same
    way, so the same options show what it would train on.
    """
    if out is not None and out.suffix.lower() != PNG:
        raise click.BadParameter(f"{out}: the contact sheet is a PNG file: name it *{PNG}")
    request = request_of(asked)
    from gan_bench.data.cache import check_bad, prepare
    from gan_bench.data.source import Unusable
    from gan_bench.run.plan import data_of
    from gan_bench.run.progress import preparing

    source, sides, notes = data_of(request, catalogue_for(request))
    if out is not None and source.files:
        _check_no_image(out, source.root)
    for note in notes:
        say(note)
    prepared, refusal = None, None
    try:
        with preparing(Console(stderr=True), str(request.data)) as update:
            prepared = prepare(source, sides, update)
        report = prepared.report
        check_bad(prepared, max_bad)
    except Unusable as error:
        report, refusal = error.report, error
    where = out or (None if as_json else _default_path(report.name, source.root))
    replaced = instead(where) if where else ""
    sheet = _write_sheet(prepared, where) if prepared and where else None
    if as_json:
        _emit_document(prepared, report, refusal, sheet)
    elif not report.saw_nothing:
        _print(report, prepared, sheet, replaced)
    if refusal:
        complain(f"`gan-bench run` refuses these images: {refusal}")
        sys.exit(refusal.exit_code)


def _check_no_image(out: Path, root: Path | None) -> None:
    """BadParameter if the sheet would replace an image of the set, or be one the next time."""
    from gan_bench.data.files.ours import is_sheet
    from gan_bench.results.layout import CONTACT_SHEET

    if _lies_below(out.resolve().parent, root) and not is_sheet(out.name):
        raise click.BadParameter(
            f"{out} would be one of the images: name it *{CONTACT_SHEET}, or write it elsewhere",
            param_hint="'--out'",
        )


def _default_path(name: str, root: Path | None) -> Path:
    """A file in the current folder, but not among the images of the user."""
    from gan_bench.results.layout import CONTACT_SHEET

    file = f"{name}-{CONTACT_SHEET}"
    return root.parent / file if root and _lies_below(Path.cwd(), root) else Path(file)


def _lies_below(folder: Path, root: Path | None) -> bool:
    """Whether this is the folder of the images, or one in it."""
    return bool(root and root.is_dir() and folder.resolve().is_relative_to(root.resolve()))


def _write_sheet(prepared: Prepared, path: Path) -> Path:
    from gan_bench.data.reporting.contact_sheet import contact_sheet
    from gan_bench.results.atomic import make_folder, write_bytes

    make_folder(path.absolute().parent)
    write_bytes(path, contact_sheet(prepared))
    return path


def _emit_document(
    prepared: Prepared | None, report: DataReport, refusal: Exception | None, sheet: Path | None
) -> None:
    document = {
        "schema": SCHEMA,
        "fingerprint": prepared.data.fingerprint if prepared else None,
        **report.document(),
        "refused": str(refusal) if refusal else None,
        "contact_sheet": str(sheet) if sheet else None,
    }
    emit(json.dumps(document, indent=2, allow_nan=False) + "\n")


def _print(
    report: DataReport, prepared: Prepared | None, sheet: Path | None, replaced: str
) -> None:
    """A page of titles and texts, as wide as the terminal."""
    from gan_bench.data.reporting.lines import report_lines

    lines = report_lines(report)
    if prepared:
        lines.append(("fingerprint", prepared.data.fingerprint[:16]))
    if sheet:
        lines.append(("contact sheet", f"{sheet}{replaced}"))
    with page() as console:
        print_titled(lines, console)
