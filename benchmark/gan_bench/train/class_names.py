"""Which class of a conditional generator is meant, by its number or its name; how they are said."""

from __future__ import annotations

from collections.abc import Iterable

from gan_bench.base.escape import plain
from gan_bench.contract.errors import UsageError
from gan_bench.contract.names import nearest
from gan_bench.train.generator import Generator

SHOWN = 12  # classes in one sentence
LONGEST = 20  # characters of a number
HOW_NUMBERED = (
    "the classes of a folder of images have the numbers of their folders' names in order, capital "
    "letters first"
)


def class_number(G: Generator, word: str | None) -> int | None:
    """The number of the class that was typed; None stays None. UsageError if G has no such class.

    Digits are a number, also where folders are called by digits.
    """
    if word is None:
        return None
    if word in G.class_names and not word.isdecimal():
        return G.class_names.index(word)
    if word.removeprefix("-").isdecimal() and len(word) <= LONGEST:
        check_class(G, int(word))
        return int(word)
    raise _no_class(G, word)


def check_class(G: Generator, chosen: int | None) -> None:
    """UsageError if G has no such class."""
    if chosen is not None and not 0 <= chosen < (G.classes or 0):
        raise _no_class(G, str(chosen))


def class_text(G: Generator, number: int) -> str:
    """`0 dark`; the number alone where no names are known."""
    return f"{number} {plain(G.class_names[number])}" if G.class_names else str(number)


def made_text(G: Generator, labels: Iterable[int]) -> str:
    """`classes 0 dark, 1 light`: those of these labels, of how many if they are not all."""
    numbers = sorted({*labels})
    if len(numbers) == G.classes:
        return f"classes {classes_text(G)}"
    listed = ", ".join(class_text(G, number) for number in numbers[:SHOWN])
    more = f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
    classes = "class" if len(numbers) == 1 else "classes"
    return f"{classes} {listed}{more} of {G.classes}"


def classes_text(G: Generator) -> str:
    """`0 dark, 1 light`; `0 to 9` where no names are known."""
    count = G.classes or 0
    if not G.class_names:
        return f"0 to {count - 1}"
    listed = ", ".join(class_text(G, k) for k in range(min(count, SHOWN)))
    return f"{listed} and so on to {class_text(G, count - 1)}" if count > SHOWN else listed


def _no_class(G: Generator, word: str) -> UsageError:
    if G.classes is None:
        return UsageError(f"{G.label} is not conditional: it takes no class")
    unnamed = "" if G.class_names or word.removeprefix("-").isdecimal() else f"; {HOW_NUMBERED}"
    return UsageError(
        f"{G.label} has no class {plain(word[:80])}.{nearest(word, G.class_names)} "
        f"There are {classes_text(G)}{unnamed}"
    )
