"""What is refused before anything imports torch: misspelt names, and files that are not there."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gan_bench.base.escape import plain
from gan_bench.contract.errors import UsageError
from gan_bench.contract.names import beside, did_you_mean, nearest
from gan_bench.data.files.hub import is_hub
from gan_bench.results.asked_plugins import has_asked
from gan_bench.run.names import check_spelling, is_offered, sure_names
from gan_bench.run.request import Request

IMAGES = ": give a folder, a zip, a .npy or a .npz file with images"
LONGEST = 200  # characters of a path in a message
CHECKED = ("engine", "plugins", "judge")  # options of `measure`
OFFERED = (
    "features",
    "metrics",
)  # likewise; a plugin that the cells were trained with may know them


def check_request(request: Request) -> None:
    """UsageError for a name that no plugin offers, and for a file that is not there."""
    for path in request.plugins:
        _check_plugin(path)
    check_spelling(request)
    for option, file in {"--schedule": request.schedule, "--judge": request.judge}.items():
        if file and not os.path.exists(file):
            raise UsageError(f"{option}: there is no {_with_nearest(str(file))}")


def check_asked(asked: Mapping[str, Any]) -> None:
    """The same for the options of a command that makes no request."""
    names = CHECKED if has_asked() else (*CHECKED, *OFFERED)
    check_request(Request(**{name: asked[name] for name in names if name in asked}))


def check_entries_there(texts: Sequence[str], request: Request) -> None:
    """UsageError for NAME=PATH where nothing is at the path, and no plugin's entry is called so."""
    known = None if request.plugins else sure_names("entry")
    for text in () if known is None else texts:
        path = text if _there(text) else text.partition("=")[2] or text
        if not _there(path) and not is_offered(path, "entry", known or []):
            raise UsageError(no_entry(path, did_you_mean(path, known or [], beside(path))))


def no_entry(path: str, hint: str) -> str:
    """What to say of a path where nothing is, and that is no plugin's entry."""
    return plain(
        f"there is no {path[:LONGEST]}: give images, the file of a generator, the folder of a "
        f"cell, or the name of an entry that a plugin offers.{hint}"
    )


def check_images(path: Path) -> None:
    """UsageError if there is nothing at the path."""
    if not is_hub(path) and not os.path.exists(path):  # it may be too long to be a path
        raise UsageError(f"there is no {_with_nearest(str(path), IMAGES)}")


def _with_nearest(path: str, give: str = "") -> str:
    """The path, what to give in its place, and what is called nearly so in its folder."""
    hint = nearest(path, beside(path))
    return plain(f"{path[:LONGEST]}{give}{'.' if hint else ''}{hint}")


def _there(path: str) -> bool:
    return os.path.exists(os.path.expanduser(path))


def _check_plugin(path: Path) -> None:
    if not path.is_file():
        from gan_bench.catalogue import Broken
        from gan_bench.catalogue.plugin import NO_FILE, from_file

        raise UsageError(str(Broken(from_file(path), NO_FILE)))
