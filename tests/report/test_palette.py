"""The colours of the figures: who sees colours otherwise, or none, tells them apart."""

from __future__ import annotations

import re
from importlib.resources import files
from itertools import combinations

import numpy as np
import pytest
from colour_vision import VISION, contrast, difference, seen

from gan_bench.report.palette import COLOURS
from gan_bench.report.paper.style import line_of

CSS = files("gan_bench.report.page").joinpath("page.css").read_text("utf-8")
LIGHT, DARK = re.findall(r"(--c0: .*)\n", CSS)
PAPERS = re.findall(r"--paper: (#\w+);", CSS)
PALETTES = {"light": re.findall("#[0-9a-f]{6}", LIGHT), "dark": re.findall("#[0-9a-f]{6}", DARK)}
GROUNDS = {"light": "#ffffff", "dark": PAPERS[1]}
APART = 12  # CIEDE2000 between any two colours; 1 can just be seen when they lie side by side
GREY = 6  # L* between any two in a print without colours


@pytest.mark.parametrize(
    ("first", "second", "known"),
    [  # Sharma, Wu and Dalal 2005, table 1
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, -1, 2), (50, 0, 0), 2.3669),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((50, 2.5, 0), (61, -5, 29), 22.8977),
        ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_distance_of_colours_is_that_of_the_published_pairs(
    first: tuple[float, ...], second: tuple[float, ...], known: float
) -> None:
    assert difference(np.array(first), np.array(second)) == pytest.approx(known, abs=5e-5)


def test_the_simulation_confuses_what_the_colour_blind_confuse() -> None:
    red, green = "#c00000", "#5c5c00"
    assert difference(seen(red), seen(green)) > 30
    assert difference(seen(red, "deuteranopia"), seen(green, "deuteranopia")) < 12


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("scheme", PALETTES)
def test_any_two_colours_are_far_apart(scheme: str, vision: str) -> None:
    colours = [seen(colour, vision) for colour in PALETTES[scheme]]
    assert len(colours) == 6
    assert min(difference(a, b) for a, b in combinations(colours, 2)) > APART


@pytest.mark.parametrize("scheme", PALETTES)
def test_any_two_colours_differ_in_grey_and_stand_out_from_the_ground(scheme: str) -> None:
    lightness = sorted(float(seen(colour)[0]) for colour in PALETTES[scheme])
    assert min(np.diff(lightness)) > GREY
    assert min(contrast(colour, GROUNDS[scheme]) for colour in PALETTES[scheme]) >= 3


def test_a_page_and_all_figures_have_the_same_colours() -> None:
    assert tuple(PALETTES["light"]) == COLOURS


def test_no_two_of_twelve_lines_look_alike_without_colours() -> None:
    looks = [line_of(k) for k in range(12)]
    shapes = {(look["marker"], str(look["linestyle"])) for look in looks}
    assert len(shapes) == 12
