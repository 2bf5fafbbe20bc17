"""Any text in a report is shown and never obeyed: control characters, markup, formulas, LaTeX."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gan_bench.base.escape import latex, markdown, plain, spreadsheet
from parsed import rendered

# All of unicode, and what matters oftener than by chance.
MARKS = "\\`*_[]()<>|~#+-.!:/&@=1a \n\r\t\x1b\x9b\x7f\0\u200b\u200e\u202e\u2066\ufeff\u2028\ud800"
STRANGE = ["https://x.de", "www.x.de", "a@b.de", "<b>", "](javascript:x)", "---", "```", "&lt;"]
texts = (
    st.text() | st.text(st.sampled_from(MARKS)) | st.lists(st.sampled_from(STRANGE)).map("".join)
)


def test_what_cannot_be_seen_is_shown_by_its_escape() -> None:
    for character in "\0\x1b\x7f\x9b\n\r\t\u200b\u2028\u202e\u2069\ufeff\udcff\U000e0041":
        escaped = character.encode("unicode_escape").decode()
        assert plain(f"a{character}b") == f"a{escaped}b"


@pytest.mark.parametrize("text", ["", "dcgan", "C:\\new [red]:x:", "é 顔 ± – ↓ 😀", "a  b"])
def test_what_can_be_seen_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


def test_a_text_of_several_lines_may_keep_them() -> None:
    assert plain("one\r\n\x1b[2Jtwo", keep="\n") == "one\\r\n\\x1b[2Jtwo"


@given(texts)
def test_a_plain_text_has_no_control_no_mark_of_direction_and_no_lone_half(text: str) -> None:
    shown = plain(text)
    assert {unicodedata.category(c) for c in shown}.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})
    assert shown.encode().decode() == shown


@given(texts)
def test_a_plain_text_is_its_own_plain_text(text: str) -> None:
    assert plain(plain(text)) == plain(text)
    assert plain(text, keep="\n").replace("\n", r"\n") == plain(text)


@given(texts.filter(lambda text: "\\" not in text))
def test_nothing_is_lost_by_being_shown(text: str) -> None:
    """Two names that differ look different, as long as neither spells out an escape itself."""
    back = re.compile(r"\\(?:x(..)|u(....)|U(........)|([ntr]))")
    named = {"n": "\n", "t": "\t", "r": "\r"}
    original = back.sub(
        lambda m: named.get(m[4]) or chr(int(m[1] or m[2] or m[3], 16)), plain(text)
    )
    assert original == text


# Markdown

PLACES = {
    "a heading": "## {}\n",
    "a list": "- {}\n- next\n",
    "a line": "{}:\n\nnext\n",
    "a cell": "| a | b |\n| --- | ---: |\n| {} | last |\n",
    "the first cell": "| {} | b |\n| --- | ---: |\n| a | last |\n",
    "a picture": "![samples of {}](x.png)\n",
}
OURS = {"h2", "ul", "li", "p", "table", "thead", "tbody", "tr", "th", "td", "img"}


@pytest.mark.parametrize("place", PLACES)
@given(texts)
@example("1. a")
@example("# a")
@example("- - a")
@example("~~~\n")
@example("a\\")
@example("\\|")
@example("    a")
def test_no_text_is_markup_wherever_it_stands(place: str, text: str) -> None:
    page = rendered(PLACES[place].format(markdown(text)))
    assert page.tags <= OURS
    assert page.attributes("href") == []
    if page.tables:
        assert [len(row) for row in page.tables[0]] == [2, 2]
    if place in ("a list", "a cell"):
        seen = " ".join(plain(text).split())
        assert seen in " ".join(page.text.split())
        assert len([tag for tag, _ in page.elements if tag in ("ul", "li")]) in (0, 3)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("https://x.de", r"https\://x.de"),
        ("see www.x.de", r"see www\.x.de"),
        ("<https://x.de>", r"&lt;https\://x.de&gt;"),
        ("by a@b.de", "by a@<!-- -->b.de"),
        ("@octocat", "@<!-- -->octocat"),
    ],
)
def test_github_makes_no_link_and_mentions_no_one(text: str, written: str) -> None:
    """As GitHub's own renderer was seen to take it: a backslash does not stop an address."""
    assert markdown(text) == written


@pytest.mark.parametrize("text", ["12.35", "-0.33", "1e-05", "27 @ 40", "11.0 ± 1.0", "2.1", "–"])
def test_a_number_stays_as_it_is(text: str) -> None:
    assert markdown(text) == text


# Spreadsheets


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")'])
def test_no_cell_of_a_spreadsheet_is_a_formula(text: str) -> None:
    assert spreadsheet(text) == f"'{text}"


@given(texts)
def test_a_cell_of_a_spreadsheet_is_one_plain_line(text: str) -> None:
    cell = spreadsheet(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert cell.removeprefix("'").endswith(plain(text).removeprefix("'"))


# LaTeX


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a_b & 50 % of $x$ #1 {y}", r"a\_b \& 50 \% of \$x\$ \#1 \{y\}"),
        (r"\input{/etc/passwd}", r"\textbackslash{}input\{/etc/passwd\}"),
        ("^~`", r"\textasciicircum{}\textasciitilde{}\textasciigrave{}"),
        ("<>|", r"\textless{}\textgreater{}\textbar{}"),
        ("[2ex]*", "{[}2ex{]}{*}"),
        ("café 猫 «", "café U+732B U+00AB"),  # LaTeX stops at what its fonts lack
        ("fd-eye ↓ 1 ± 2, --- –", r"fd-eye $\downarrow$ 1 $\pm$ 2, -{}-{}- \textendash{}"),
    ],
)  # fmt: skip
def test_latex_shows_a_text_and_obeys_no_command_in_it(text: str, written: str) -> None:
    assert latex(text) == written


@given(texts)
def test_no_text_opens_a_group_a_cell_or_a_comment_in_latex(text: str) -> None:
    bare = re.sub(r"\\[#$%&_{}]|\\text\w+\{\}|\$\\\w+\$|\{[\[\]*]\}|-\{\}", "", latex(text))
    assert not set(bare) & set("\\#$%&_{}^~[]*`<>|\n")
