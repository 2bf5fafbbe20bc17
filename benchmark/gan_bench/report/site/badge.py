"""The badge of a leaderboard: a small picture that says who leads, for a README elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from unicodedata import east_asian_width

from gan_bench.base.escape import markdown, plain
from gan_bench.report.findings import Findings

NAME = "gan-bench"
LONGEST = 44  # characters of the text; the title has all of it
PADDING = 6  # pixels on both sides of a text
CHARACTER = 6.6  # pixels of a letter of 11 px; a wide one takes nearly twice as many
NO_LEAD = "no proven lead"


@dataclass(frozen=True)
class Badge:
    """What the picture says. It claims no more than the sentence of the leaderboard."""

    text: str
    proven: bool

    @property
    def shown(self) -> str:
        """The text as far as there is room."""
        text = plain(self.text)
        return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"

    @property
    def title(self) -> str:
        """All of it, for those who cannot see the picture."""
        return f"{NAME}: {self.text}"

    @property
    def left(self) -> int:
        """Pixels of the part with the name."""
        return _pixels(NAME)

    @property
    def right(self) -> int:
        """Pixels of the part with the text."""
        return _pixels(self.shown)

    def code(self, folder: str) -> str:
        """Markdown that shows the badge; ADDRESS stands for where the site is."""
        page = f"ADDRESS/{folder}/"
        return f"[![{markdown(self.title)}]({page}badge.svg)]({page})"


def badge(found: Findings) -> Badge:
    """Who leads, if it is proven by the ranking metric; else what is missing for that."""
    if not found.cells:
        return Badge("nothing trained yet", False)
    if found.floor or found.none_good:
        return Badge("no winner", False)
    if not found.rulings:
        return Badge("no scores yet", False)
    first = found.rulings[0]
    if not first.proven:
        return Badge(NO_LEAD, False)
    if found.unfinished:
        return Badge(f"{first.first} leads so far", False)
    by = f" by {found.metric}" if found.opposed or found.ahead else ""
    return Badge(f"{first.first} leads{by}, proven", True)


def _pixels(text: str) -> int:
    wide = sum(east_asian_width(character) in "WF" for character in text)
    return round(CHARACTER * (len(text) + 0.8 * wide)) + 2 * PADDING
