"""Names of offers and data sets: which are allowed, and what to say of an unknown one."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from gan_bench.contract.errors import UsageError

# Windows reserves these
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
MOST_BESIDE = 10_000  # names of a folder, to look for the nearest in
START = 4  # letters of a name that a longer one may begin with
SHORT_LIST = 40  # names, of which a message names all
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


def safe_name(text: str) -> str:
    """Return `text` if it can be a folder name on every system; raise UsageError if not."""
    if DEVICES.fullmatch(text):
        raise UsageError(f"the name {text!r} cannot be used: Windows reserves it")
    if not NAME.fullmatch(text) or text.endswith("."):
        raise UsageError(
            f"the name {text[:80]!r} cannot be used: a name has 1 to 63 letters from a to z, "
            "digits, '-', '_' or '.', and begins with a letter or digit"
        )
    return text


def name_of(path: Path) -> str:
    """The name of a data set that the user gave as a path: the file's name, made safe."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", path.stem).strip("-_.")[:40].rstrip("-_.")
    return f"{name}-images" if DEVICES.fullmatch(name) else name or "images"


def did_you_mean(name: str, known: Sequence[str], paths: Sequence[str] = ()) -> str:
    """The hint after `no such name`: the nearest known name, if one is near, and all of them.

    Beside a near one no list stands that fills a screen. `paths` may be meant as well.
    """
    near = nearest(name, [*known, *paths])
    if near and len(known) > SHORT_LIST:
        return f"{near} `gan-bench plugins` lists all {len(known)}."
    return f"{near} Installed: {', '.join(known)}." if known else near


def nearest(name: str, known: Sequence[str]) -> str:
    """Did you mean ...? with the nearest known name; nothing if none is near."""
    near = nearest_name(name, known)
    return f" Did you mean {near}?" if near else ""


def nearest_name(name: str, known: Sequence[str], like: float = 0.6) -> str | None:
    """The known name that is written most like this one; None if none is `like` it, of 0 to 1.

    A longer name may begin like this one, and a path may lie beside it: of paths in one folder
    their last parts are compared.
    """
    if name in known:
        return name
    folder = name[: name.rfind("/") + 1]
    if not any(each.startswith(folder) for each in known):
        folder = ""
    name = name.removeprefix(folder)
    short = {each.removeprefix(folder).lower(): each for each in known}
    longest_first = sorted(short, key=len, reverse=True) if len(name) >= START else []
    starts = {each[: len(name)]: short[each] for each in longest_first}
    spelled = starts | short
    near = difflib.get_close_matches(name.lower(), spelled, n=9, cutoff=like)
    # difflib counts letters that are in order, and two swapped ones are not
    swapped = [each for each in near if sorted(each) == sorted(name.lower())]
    return spelled[(swapped or near)[0]] if near else None


def beside(path: str) -> list[str]:
    """What stands in the folder of a path that is not there, written as the path is."""
    folder = Path(path).expanduser().parent
    start = path.rstrip("/")[: -len(Path(path).name)] if Path(path).name else path
    try:
        names = islice(os.scandir(folder), MOST_BESIDE)
        return sorted(f"{start}{each.name}" for each in names)
    except (OSError, ValueError):
        return []


def qualified(distribution: str, name: str) -> str:
    """How an offer is called whose own name belongs to another plugin: a folder can have it."""
    return f"{normalised(distribution)}.{name}"


def normalised(name: str) -> str:
    """A distribution's name as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
