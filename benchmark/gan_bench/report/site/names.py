"""Names of folders on a site: safe on every system, and no two of them the same."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from gan_bench.contract.errors import UsageError
from gan_bench.contract.names import safe_name

LONGEST = 48  # characters before the digest of a name that cannot be used as it is
DIGITS = 8  # of the digest


def folder_names(texts: Sequence[str], taken: Iterable[str] = ()) -> list[str]:
    """A folder name for each text, such as `net / hinged`: net-hinged.

    A text that cannot be a name, or is too like another one, gets a digest. No two names are the
    same where a file system takes upper and lower case for equal, and none is one of `taken`.
    """
    used = {name.casefold() for name in taken}
    wished = [text.replace(" / ", "-") for text in texts]
    alike = Counter(name.casefold() for name in wished)
    fit = [alike[name.casefold()] == 1 and _is_safe(name, used) for name in wished]
    used |= {name.casefold() for name, fits in zip(wished, fit, strict=True) if fits}
    names = []
    for text, name, fits in zip(texts, wished, fit, strict=True):
        chosen = name if fits else _with_digest(text)
        while not fits and chosen.casefold() in used:
            chosen = _with_digest(chosen)
        used.add(chosen.casefold())
        names.append(chosen)
    return names


def _is_safe(name: str, used: set[str]) -> bool:
    try:
        safe_name(name)
    except UsageError:
        return False
    return name.casefold() not in used


def _with_digest(text: str) -> str:
    """What of the text can be in a name, and a digest of all of it."""
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:DIGITS]
    kept = re.sub(r"[^A-Za-z0-9]+", "-", text)[:LONGEST].strip("-")
    return f"{kept or 'row'}-{digest}"
