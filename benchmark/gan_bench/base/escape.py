"""Text by others, made safe to show: on a terminal, in markdown, in LaTeX, in a spreadsheet.

Names, paths, reasons and sources come from plugins, files and exceptions. No program may treat
them as commands or markup, and no character of them may be invisible. In HTML, jinja2 escapes
the `plain` text.
"""

from __future__ import annotations

import html
import json
import re

MARKS = re.compile(r"[\\`*_\[\]|~]|:(?=//)|(?<=www)\.", re.IGNORECASE)  # the last two make links
BLOCK = re.compile(r"^(\d*)([-+#.)])(?!\d)")  # starts a list or a heading, but not a number
ADDRESS = re.compile(r"@(?=\S)")
FORMULA = ("=", "+", "-", "@")
LATEX = str.maketrans(
    {character: f"\\{character}" for character in "#$%&_{}"}
    | {character: f"{{{character}}}" for character in "[]*"}  # or options of the line above
    | {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}
    | {"`": r"\textasciigrave{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}"}
    | {
        "↑": r"$\uparrow$",
        "↓": r"$\downarrow$",
        "±": r"$\pm$",
        "×": r"$\times$",
        "–": r"\textendash{}",
    }
)
# What LaTeX cannot print with its own fonts and no package: it stops at such a character
FOREIGN = re.compile("[^\x00-\xff]|[«»ÐðÞþ]")
LIGATURE = re.compile(r"-(?=-)")  # -- would be printed as a dash


def plain(text: str, keep: str = "") -> str:
    r"""The text with every invisible character written as its escape: \x1b, \n, \u202e, \udcff.

    A terminal finds no control sequence in it, and it has no lone surrogate, so that it can be
    encoded. keep="\n" is for texts of several lines.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else _escape(c) for c in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def markdown(text: str) -> str:
    """Text without markup for a paragraph, list or table of GitHub's markdown."""
    flat = html.escape(plain(text).strip(), quote=False)
    marked = BLOCK.sub(r"\1\\\2", MARKS.sub(r"\\\g<0>", flat))
    return ADDRESS.sub("@<!-- -->", marked)  # a backslash would not prevent a mention


def latex(text: str) -> str:
    """Text without commands for a cell of a LaTeX table; arrows, ± and × as symbols.

    A character that LaTeX cannot print without a package becomes its number, as U+4E2D.
    """
    return FOREIGN.sub(_code_point, LIGATURE.sub("-{}", plain(text).translate(LATEX)))


def _code_point(character: re.Match[str]) -> str:
    return f"U+{ord(character[0]):04X}"


def spreadsheet(text: str) -> str:
    """Text for a cell of a spreadsheet, which would take =1+1 for a formula."""
    return f"'{plain(text)}" if text.startswith(FORMULA) else plain(text)


def as_written(value: object, most: int = 80) -> str:
    """A value of a document as one line of JSON, for a message; at most so many characters."""
    try:
        return plain(json.dumps(value, default=str)[:most])
    except (ValueError, RecursionError):  # TOML has numbers that Python does not print
        return "a value that is too long to be shown"
