"""Names of offers and data sets: which are allowed, and what to say of an unknown one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import Path

from gan_bench.contract.errors import UsageError

# Windows reserves these
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
SHORT_LIST = 40  # names, of which a message names all
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


def safe_name(text: str) -> str:
    """Return `text` if it can be a folder name on every system; raise UsageError if not."""
    if DEVICES.fullmatch(text):
        raise UsageError(f"the name {text!r} cannot be used: Windows reserves it")
    if not NAME.fullmatch(text) or text.endswith("."):
        raise UsageError(
            f"the name {text[:80]!r} cannot be used: a name has 1 to 63 letters, digits, '-', "
            "'_' or '.', and begins with a letter or digit"
        )
    return text


def name_of(path: Path) -> str:
    """The name of a data set that the user gave as a path: the file's name, made safe."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", path.stem).strip("-_.")[:40].rstrip("-_.")
    return f"{name}-images" if DEVICES.fullmatch(name) else name or "images"


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """The hint after `no such name`: the nearest known name, if one is near, and all of them.

    Beside a near one no list stands that fills a screen.
    """
    near = nearest(name, known)
    if near and len(known) > SHORT_LIST:
        return f"{near} `gan-bench plugins` lists all {len(known)}."
    return f"{near} Installed: {', '.join(known) or 'none'}."


def nearest(name: str, known: Sequence[str]) -> str:
    """Did you mean ...? with the nearest known name; nothing if none is near."""
    spelled = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), spelled, n=1)
    return f" Did you mean {spelled[near[0]]}?" if near else ""


def qualified(distribution: str, name: str) -> str:
    """How an offer is called whose own name belongs to another plugin: a folder can have it."""
    return f"{normalised(distribution)}.{name}"


def normalised(name: str) -> str:
    """A distribution's name as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
