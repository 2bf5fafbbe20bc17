"""The options that say which images of a folder or zip are used, and how; of several commands."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import rich_click as click

from gan_bench.base.text import LEAST_SIDE, MOST_SIDE
from gan_bench.cli.options import Decorator
from gan_bench.cli.values import PATH, Name, Number, Whole, Word

if TYPE_CHECKING:
    from gan_bench.run.request import Request

DATA, PREPARING = "Data", "Your own images"


class Size(click.ParamType[tuple[int, int]]):
    """64 for a square, or 128x96 for 128 pixels of width and 96 of height; gives (H, W)."""

    name = "size"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: D102
        sides = re.fullmatch(r"(\d{1,6})(?:[xX×](\d{1,6}))?", str(value).strip())
        if not sides:
            self.fail(f"{value!r} is no size: give 64, or 128x96 (width x height)", param, ctx)
        width, height = int(sides[1]), int(sides[2] or sides[1])
        if not all(LEAST_SIDE <= side <= MOST_SIDE for side in (width, height)):
            self.fail(f"{value} is not in the range from {LEAST_SIDE} to {MOST_SIDE}", param, ctx)
        return height, width


DATA_ROOT = click.option(
    "--data-root",
    metavar="DIR",
    type=PATH,
    panel=DATA,
    help="Folder with the files of a named data set.",
)
SIZE = click.option(
    "--size",
    type=Size(),
    metavar="PX|WxH",
    panel=DATA,
    help=f"Side of the images in pixels, {LEAST_SIDE} to {MOST_SIDE}, or width x height. "
    "Default: the data set's, else the preset's.",
)
MAX_BAD = click.option(
    "--max-bad",
    type=Number(0, 100),
    default=0.1,
    metavar="PERCENT",
    panel=DATA,
    help="Abort if more than this share of images is unusable.",
)


def data(purpose: str) -> Decorator:
    """--data: images for this purpose."""
    return click.option(
        "--data",
        type=Name("dataset", or_path=True),
        metavar="NAME|FOLDER|ZIP",
        panel=DATA,
        help=f"{purpose}: a named data set, or your own in a folder, a zip, a .npy or "
        ".npz file; hf:user/name and kaggle:user/name are downloaded. Default: the preset's.",
    )


WHICH = (
    data("Images to train on"),
    DATA_ROOT,
    click.option(
        "--download",
        is_flag=True,
        panel=DATA,
        help="Download the files of a named data set to --data-root.",
    ),
)
HOW = (
    SIZE,
    click.option(
        "--folder",
        type=Word(),
        metavar="NAME",
        panel=PREPARING,
        help="Use only the images below folders of this name, such as train.",
    ),
    click.option(
        "--min-size",
        type=Whole(1),
        metavar="PX",
        panel=PREPARING,
        help="Leave out images whose short side has fewer pixels.",
    ),
    click.option(
        "--blurry",
        type=Number(0),
        metavar="VARIANCE",
        panel=PREPARING,
        help="Leave out images whose Laplacian varies less than this: blurred ones.",
    ),
    click.option(
        "--dedupe",
        is_flag=True,
        panel=PREPARING,
        help="Of equal and nearly equal images, use only the first.",
    ),
    click.option(
        "--group-by",
        type=click.Choice(["folder", "name-prefix"]),
        panel=PREPARING,
        help="Hold out whole folders, or whole groups of names with the same beginning, such as "
        "the images of a person or the frames of a clip.",
    ),
    click.option(
        "--frames",
        type=click.Choice(["first", "all"]),
        default="first",
        panel=PREPARING,
        help="Of animations and of files with several pages, use the first image or all.",
    ),
    click.option(
        "--grey",
        is_flag=True,
        panel=PREPARING,
        help="Turn the images grey: one channel. Without it, only if all of them are grey.",
    ),
    click.option(
        "--alpha",
        is_flag=True,
        panel=PREPARING,
        help="Keep transparency as a fourth channel. Without it, it is laid over white.",
    ),
    MAX_BAD,
)


def request_of(asked: dict[str, Any]) -> Request:
    """A request with what was asked for: these options, and others that it has.

    What is misspelt or not there is refused before anything imports torch.
    """
    from gan_bench.contract.engine import Resources
    from gan_bench.contract.protocol import Preparation
    from gan_bench.run.at_the_door import check_request
    from gan_bench.run.request import Request

    named = [field.name for field in fields(Resources) if field.name in asked]
    resources = Resources(**{name: asked.pop(name) for name in named})
    preparation = Preparation(**{name: asked.pop(name) for name in Preparation.model_fields})
    request = Request(preparation=preparation, resources=resources, **asked)
    check_request(request)
    return request
