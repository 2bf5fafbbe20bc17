"""--feature-weights: which net reads which file."""

from __future__ import annotations

from pathlib import Path

import pytest
from nets import GAP, Eye, catalogue, gap, metric

from gan_bench import Features, UsageError
from gan_bench.contract.protocol import RunEnvironment
from gan_bench.measure.weights import Weights, check_read, known_weights, weights_of

FILE, OTHER = Path("one.pth"), Path("other.pth")
KNOWN = catalogue(
    Eye().offer,
    Eye("ear", takes_weights=True).offer,
    Eye("nose", takes_weights=True).offer,
    GAP,
    metric("heard", gap, features="ear"),
)


def test_a_net_reads_its_own_file_else_the_one_for_all_and_none_if_it_takes_none() -> None:
    eye, ear, nose = (KNOWN.find(Features, name) for name in ("eye", "ear", "nose"))
    weights = Weights(FILE, {"ear": OTHER})
    assert [weights.of(net) for net in (eye, ear, nose)] == [None, OTHER, FILE]
    assert Weights(by_net={"ear": OTHER}).of(nose) is None


def test_a_name_is_known_in_any_case() -> None:
    assert known_weights(KNOWN, Weights(by_net={"EAR": FILE})) == Weights(by_net={"ear": FILE})


@pytest.mark.parametrize(
    ("by_net", "said"),
    [
        ({"eer": FILE}, "no features net is called 'eer'. Did you mean"),
        ({"eye": FILE}, "eye=one.pth: eye reads no weights from a file; only ear, nose can"),
        ({"ear": FILE, "EAR": OTHER}, "gives ear two files: give it one"),
    ],
)
def test_a_net_that_cannot_read_the_file_is_refused(by_net: dict[str, Path], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        known_weights(KNOWN, Weights(by_net=by_net))


@pytest.mark.parametrize(
    ("weights", "read", "said"),
    [
        (Weights(by_net={"nose": FILE}), ["eye", "ear"], "no metric of this run reads nose, only"),
        (Weights(FILE), ["eye"], "--feature-weights: none of eye takes weights from a file"),
        (Weights(FILE, {"ear": OTHER}), ["ear"], "none of ear takes weights from a file"),
    ],
)
def test_a_file_that_nothing_reads_is_refused(weights: Weights, read: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check_read(KNOWN, weights, dict.fromkeys(read, "aa"))


def test_files_that_are_read_are_accepted() -> None:
    nets = {"eye": "aa", "ear": "bb", "nose": "cc"}
    check_read(KNOWN, Weights(), nets)
    check_read(KNOWN, Weights(FILE, {"ear": OTHER}), nets)


def test_a_cell_of_an_older_version_still_names_its_file() -> None:
    old = RunEnvironment.model_validate_json('{"device":"cpu","named":true,"weights":"/a/w.pth"}')
    assert weights_of(old) == Weights(Path("/a/w.pth"))
    new = old.model_copy(update={"weights_by_net": (("ear", "/a/e.pth"),)})
    assert RunEnvironment.model_validate_json(new.model_dump_json()) == new
    assert hash(new) != hash(old)  # estimates are kept by it
    assert weights_of(new) == Weights(Path("/a/w.pth"), {"ear": Path("/a/e.pth")})
