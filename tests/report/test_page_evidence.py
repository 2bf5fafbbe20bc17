"""What scores are made of, the data, and the stories of verdicts, on the page."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from shown_cells import sheet, square, webp, write_pictures
from test_hostile_text import HOSTILE

from faults import damage
from gan_bench.contract.errors import UsageError
from gan_bench.report import leaderboard
from gan_bench.report.page import verdicts
from gan_bench.report.page.document import to_html
from gan_bench.report.page.evidence import FEW
from gan_bench.report.page.modes import LISTED, mode_map
from gan_bench.results import layout
from gan_bench.results.atomic import append_line
from gan_bench.results.shown import Modes
from parsed import Page
from records import write_cell, write_training


def page(results: Path) -> str:
    return to_html(leaderboard.load(results))


def modes(real: tuple[int, ...], fake: tuple[int, ...]) -> Modes:
    return Modes(metric="modes", says="The judge sees no mode in 3.", real=real, fake=fake)


def test_a_map_marks_each_mode_by_how_often_it_is_made() -> None:
    drawn = mode_map("good", modes((10, 10, 10, 10, 0), (0, 1, 10, 25, 4)))
    assert drawn.counts == {"lost": 1, "rare": 1, "fair": 1, "frequent": 2}
    assert dict(drawn.marks)["fair"] == "M20 4h0"
    assert drawn.about.startswith("good: 4 of 5 modes found; 1 lost")
    assert drawn.lost == ["mode 0: 10 real images"]


def test_a_map_names_the_lost_modes_with_the_most_real_images_first() -> None:
    drawn = mode_map("good", modes(tuple(range(100)), (0,) * 99 + (5,)))
    assert drawn.found == "1 of 100 modes found"
    assert drawn.lost[0] == "mode 98: 98 real images"
    assert len(drawn.lost) == LISTED + 1
    assert drawn.lost[-1] == f"and {99 - LISTED} more"


@pytest.mark.parametrize(("real", "fake"), [((), ()), ((1, 2), (1,)), ((1, -1), (1, 1))])
def test_counts_that_are_none_are_refused(real: tuple[int, ...], fake: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="no counts of the same modes"):
        mode_map("good", modes(real, fake))


def test_counts_without_any_image_are_drawn() -> None:
    assert mode_map("good", modes((0, 0), (0, 0))).counts == {"lost": 2}
    assert mode_map("good", modes((0, 0), (1, 0))).counts == {"lost": 1, "frequent": 1}


def test_the_page_shows_modes_and_images_with_their_headings(two: Path) -> None:
    folder = write_cell(two, "good", scores={"fd-eye": 1.0})
    write_pictures(folder, None, (sheet("ndb", headings=()), sheet()), (modes((5, 5), (5, 0)),))
    text = page(two)
    assert "good / hinge / seed0: 1 of 2 modes found" in text
    assert text.index("modes: modes found and lost") < text.index("copies: images behind")
    assert "<span>generated</span>\n<span>nearest</span>" in text
    assert 'alt="2 rows of images, from left to right: generated, nearest. 3 are copies."' in text


def test_many_rows_are_folded_and_one_seed_of_each_is_shown(tmp_path: Path) -> None:
    for k in range(FEW + 1):
        for seed in range(1 + (k == 0)):
            folder = write_cell(tmp_path, f"row{k}", seed=seed, scores={"fd-eye": 1.0 + k})
            write_pictures(folder, None, (sheet(),))
        text = page(tmp_path) if k >= FEW - 1 else ""
        assert text.count("3 are copies.</figcaption>") == (k + 1) * bool(text)
        folded = "<details>\n<summary>copies" in text
        assert folded == (k == FEW)


@pytest.mark.parametrize("metric", ["../../../../secret", "nothing", "con"])
def test_a_sheet_that_cannot_be_read_costs_a_note(metric: str, two: Path) -> None:
    folder = write_cell(two, "good", scores={"fd-eye": 1.0})
    write_pictures(folder, webp(square()), (sheet(metric), sheet()), (modes((1,), ()),))
    (folder / layout.SHOWN / "nothing.webp").unlink(missing_ok=True)
    (two / "secret.webp").write_bytes(webp(square()))
    text = page(two)
    assert text.count('<li class="fault">good / hinge / seed0: ') == 2
    assert text.count("3 are copies.</figcaption>") == 1
    assert "walk through latent space" in text


def structure(results: Path, texts: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The elements of a page on which each of the texts stands wherever a picture has one."""
    for seed, text in enumerate(texts):
        folder = write_cell(results, f"row{seed:02}", scores={"fd-eye": 1.0 + seed})
        pointed = sheet(says=text, headings=(text, text))
        counts = Modes(metric=f"m {text}", says=text, real=(1,), fake=(1,))
        write_pictures(folder, None, (pointed,), (counts,))
    made = page(results)
    assert made.replace("\n", "").isprintable()
    return [(tag, sorted(attributes)) for tag, attributes in Page(made).elements]


def test_texts_of_shown_pictures_stay_text(tmp_path: Path) -> None:
    plain = [f"text {k}" for k in range(len(HOSTILE))]
    assert structure(tmp_path / "a", HOSTILE) == structure(tmp_path / "b", plain)


def test_the_contact_sheet_is_shown_folded_and_reduced(two: Path) -> None:
    assert "what was trained on" not in page(two)
    folder = write_cell(two, "good", scores={"fd-eye": 1.0}).parents[2]
    Image.new("RGB", (1400, 700), "white").save(folder / layout.CONTACT_SHEET)
    text = page(two)
    source, about = re.findall(
        r'<details>\n<summary>what was trained on</summary>\n<img class="contact-sheet" '
        r'src="data:image/webp;base64,(\S*)" .*?alt="(.*?)"',
        text,
        re.DOTALL,
    )[0]
    assert Image.open(BytesIO(b64decode(source))).size == (1000, 500)
    assert about.startswith("contact sheet of faces: a sample of its 900 training images")


@pytest.mark.parametrize("fault", ["half of it", "nothing", "a pipe", "a device", "a terabyte"])
def test_a_page_leaves_out_a_contact_sheet_that_cannot_be_read(two: Path, fault: str) -> None:
    folder = write_cell(two, "good", scores={"fd-eye": 1.0}).parents[2]
    Image.effect_noise((64, 64), 50).save(folder / layout.CONTACT_SHEET)
    damage(folder / layout.CONTACT_SHEET, fault)
    assert "what was trained on" not in page(two)


def collapsed(results: Path, kimg: float, **more: object) -> Path:
    verdict = {"kind": "collapsed", "kimg": kimg, "reason": "all images are alike"}
    folder = write_cell(results, "good", verdicts=[verdict], **more)
    write_training(folder, ticks=4)
    for k in range(1, 5):
        append_line(folder / layout.TICKS, {"kimg": k / 10, "scores": {"fd-eye": 100.0 * k}})
    return folder


@pytest.mark.parametrize(
    ("kimg", "scenes"),
    [
        (0.1, ["then: 0.1 kimg<br>score 100", "at the end: 0.4 kimg<br>score 400"]),
        (
            0.3,
            [
                "before: 0.2 kimg<br>score 200",
                "then: 0.3 kimg<br>score 300",
                "at the end: 0.4 kimg<br>score 400",
            ],
        ),
        (0.4, ["before: 0.3 kimg<br>score 300", "then: 0.4 kimg<br>score 400"]),
    ],
)
def test_a_verdict_is_told_with_the_samples_around_it(
    kimg: float, scenes: list[str], tmp_path: Path
) -> None:
    collapsed(tmp_path, kimg)
    text = page(tmp_path)
    story = text[text.index("what went wrong, and when") :]
    assert re.findall("<span>(.*score.*)</span>", story) == scenes
    assert f"collapsed at {kimg} kimg" in story
    assert "<figcaption>all images are alike</figcaption>" in story


def test_a_verdict_without_samples_or_ticks_is_told_in_words(tmp_path: Path) -> None:
    folder = collapsed(tmp_path, 0.3)
    (folder / layout.TICKS).write_text("no JSON\n")
    for _, path in layout.sample_grids(folder):
        path.write_bytes(b"no picture")
    text = page(tmp_path)
    story = text[text.index("what went wrong, and when") :]
    assert "<figcaption>all images are alike</figcaption>" in story
    assert "<span>" not in story[: story.index("</figure>")]


def test_further_verdicts_are_folded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(3):
        collapsed(tmp_path, 0.3, seed=seed)
    monkeypatch.setattr(verdicts, "UNFOLDED", 2)
    text = page(tmp_path)
    assert "<summary>1 more</summary>" in text
    assert text.count("<figcaption>all images are alike</figcaption>") == 3
