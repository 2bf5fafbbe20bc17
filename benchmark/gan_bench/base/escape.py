"""Text by others, made safe to show: on a terminal, in markdown, in a spreadsheet.

Names, paths, reasons and sources come from plugins, files and exceptions. No program may obey
them, and they may not hide or pass for ours. In HTML, jinja2 escapes the `plain` text.
"""

from __future__ import annotations

import html
import re

MARKS = re.compile(r"[\\`*_\[\]|~]|:(?=//)|(?<=www)\.", re.IGNORECASE)  # and what starts a link
BLOCK = re.compile(r"^(\d*)([-+#.)])(?!\d)")  # starts a list or a heading, and is no number
ADDRESS = re.compile(r"@(?=\S)")
# What nearly all cells of a table are, names and numbers: there is nothing in them to escape.
INERT = re.compile(
    r"(?!\d*[-+.)](?!\d))[^\W_](?:[^\W_]|[ ,%±–↑↓/()+-]|(?<=\d)\.(?=\d)|@(?= ))*(?<! )"
)
FORMULA = ("=", "+", "-", "@")


def plain(text: str, keep: str = "") -> str:
    r"""The text with all that cannot be seen shown by its escape: \x1b, \n, \u202e, \udcff.

    No terminal obeys it, it has no lone surrogates and so can be encoded, and a file is found by
    the name that is shown. keep="\n" is for texts of several lines.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else _escape(c) for c in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def markdown(text: str) -> str:
    """Text that is nothing but text in a paragraph, list or table of GitHub's markdown."""
    if INERT.fullmatch(text):
        return text
    flat = html.escape(plain(text).strip(), quote=False)
    marked = BLOCK.sub(r"\1\\\2", MARKS.sub(r"\\\g<0>", flat))
    return ADDRESS.sub("@<!-- -->", marked)  # a backslash keeps no one from being mentioned


def spreadsheet(text: str) -> str:
    """A cell of a table that no program takes for a formula."""
    return f"'{plain(text)}" if text.startswith(FORMULA) else plain(text)
