"""What all rows of a table share: data, schedule, evaluation, and what ± and letters mean."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, isfinite
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from gan_bench.base.escape import plain
from gan_bench.base.text import number, percent, plural
from gan_bench.contract.protocol import Protocol
from gan_bench.report.decided import claims_of
from gan_bench.report.leaderboard import Board
from gan_bench.report.letters import least_seeds
from gan_bench.report.looks import NINE_LOOKS, Looks
from gan_bench.report.rows import devices_of, with_record
from gan_bench.report.sequential import Decision
from gan_bench.report.statistics import MIN_SEEDS
from gan_bench.results.data_summary import read_data_summary
from gan_bench.run.schedule_text import schedule_text

if TYPE_CHECKING:
    import pandas as pd

MOST_MEDIANS = 6  # rows whose medians are said where the order is not that of the means


def protocol_lines(board: Board) -> list[tuple[str, str]]:
    """Name and text of each fact about a protocol and its cells."""
    protocol, done = board.protocol, with_record(board.cells)
    data, schedule, evaluation = protocol.data, protocol.schedule, protocol.evaluation
    channels, height, width = data.shape
    nets = [f"{name} (sha256 {digest[:12]})" for name, digest in evaluation.digests.items()]
    lines = [
        (
            "data",
            f"{data.name}, {width} x {height} x {channels}, {data.train:,} training and "
            f"{plural(data.held_out, 'held-out image')}, fingerprint {data.fingerprint[:12]}",
        ),
        ("schedule", schedule_text(schedule)),
        (
            "evaluation",
            f"{evaluation.samples:,} generated images against {_reference(protocol, done)} "
            f"{evaluation.reference} images; {_ticks(board)}; features {', '.join(nets)}",
        ),
        ("device", ", ".join(devices_of(done["status"], done["device"])) or "none yet"),
        ("seeds", ", ".join(_distinct(done, "seed")) or "none yet"),
    ]
    return lines


def with_images(lines: list[tuple[str, str]], folder: Path) -> list[tuple[str, str]]:
    """The lines, and after the one on the data what was used and left out of the images."""
    summary = read_data_summary(folder)
    return [lines[0], ("images", plain(summary)), *lines[1:]] if summary else lines


def _ticks(board: Board) -> str:
    """How the ticks were scored: only the training does that, by the protocol's own evaluation."""
    if board.evaluation:
        return "the ticks were scored in the training, by the evaluation of the run"
    evaluation, looks = board.protocol.evaluation, board.protocol.schedule.looks
    return (
        f"at {plural(looks, 'tick')} of the training, {evaluation.at_ticks.name} scored the first "
        f"{evaluation.tick_samples:,} generated images"
    )


def _distinct(cells: pd.DataFrame, column: str) -> list[str]:
    return list(map(str, sorted(set(cells[column].dropna()))))


def _reference(protocol: Protocol, cells: pd.DataFrame) -> str:
    """How many real images the cells were compared with."""
    counts = sorted(set().union(*cells["reference_n"]))
    return "/".join(f"{n:,}" for n in counts) or f"up to {protocol.evaluation.samples:,}"


def claims(board: Board) -> str:
    """What ± and the letters claim, which depends on the seeds that have ended in each row."""
    seeds = [row.counted(board.ranking.name) for row in board.trained]
    if not any(seeds):
        return ""
    if max(seeds) < 2:
        effect = "score otherwise" if len(seeds) == 1 else "rank the rows differently"
        return (
            f"no interval with one seed: another seed may {effect}; "
            "--seeds 6 gives intervals and ties"
        )
    if max(seeds) < MIN_SEEDS and not (board.decision or board.other_test):
        fewer = (
            f"no interval and no letters with fewer than {MIN_SEEDS} seeds: "
            "the range of the seeds does not show which row is better"
        )
        return "; ".join(filter(None, (fewer, _order(board))))
    interval = (
        "95 % interval of the mean over training seeds (Student's t)"
        if max(seeds) >= MIN_SEEDS
        else f"no interval with fewer than {MIN_SEEDS} seeds"
    )
    parts = [
        interval,
        _order(board),
        *(_decided(board.decision, board) if board.decision else _letters(seeds, board)),
        _survivors(board),
        _plan(board.looks) if board.looks and not (board.decision or board.other_test) else "",
    ]
    return "; ".join(filter(None, parts))


def _order(board: Board) -> str:
    """Says by what the rows are ordered where their means are out of order."""
    means = (row.mean(board.ranking.name) for row in board.rows)
    costs = [board.ranking.cost(mean) for mean in means if mean is not None]
    if costs == sorted(costs):
        return ""
    if board.equal_time:
        return "rows are in the order of their scores at equal time"
    medians = "" if len(board.rows) > MOST_MEDIANS else f" ({', '.join(_medians(board))})"
    return f"rows are in the order of the median seed{medians}"


def _medians(board: Board) -> Iterator[str]:
    """Each row with the score of its median seed, as far as half of its seeds have one."""
    for row in board.rows:
        middle = median(costs) if (costs := row.costs(board.ranking)) else inf
        score = number(board.ranking.cost(middle)) if isfinite(middle) else "no score"
        yield f"{row.name}: {score}"


def _letters(seeds: list[int], board: Board) -> Iterator[str]:
    """What the letters mean, and why rows have none; `seeds` are the ended ones of each row."""
    tested = sum(count >= MIN_SEEDS for count in seeds)
    fewer = f"fewer than {MIN_SEEDS} seeds that have ended"
    if board.other_test:
        yield (
            "no letters: the scores of some rows decided how many seeds they got "
            "(--until-decided), and that test compares other rows than these"
        )
    elif len(seeds) == 1:
        yield "no letters: there is no other row to compare with"
    elif not any(row.values(board.ranking.name) for row in board.rows):
        yield f"no letters: no seed has a score of {board.ranking.name}"
    elif tested == 1:
        yield f"no letters: all rows but one have {fewer}"
    else:
        yield (
            "rows that share a letter cannot be told apart (a permutation test and Welch's t test "
            "of each pair, Holm's correction, 5 %)"
        )
        if untested := len(seeds) - tested:
            have = "row has" if untested == 1 else "rows have"
            yield f"{untested:,} {have} no letter, because of {fewer}"
        yield _limit(tested, max(seeds))


def _decided(decision: Decision, board: Board) -> list[str]:
    """What the letters mean where a sequential test has added seeds."""
    if board.ranking.name != board.decides:
        other = "evaluation" if board.evaluation else "metric"
        return [f"no letters: how many seeds there are depends on scores by another {other}"]
    if not all(decision.used.values()):
        return [f"no letters: a row has fewer than {decision.test.per_look} seeds that have ended"]
    return claims_of(decision, board.trained, board.ranking.name)


def _limit(rows: int, seeds: int) -> str:
    needed = least_seeds(rows)
    if needed is None:
        return f"these tests cannot tell any two of {rows:,} rows apart"
    if seeds < needed:
        return f"with fewer than {needed} seeds, no two of {rows} rows can be told apart"
    return ""


def _survivors(board: Board) -> str:
    """How seeds without a score count, if there are some beside others with one."""
    metric = board.ranking.name
    scored = any(row.values(metric) for row in board.rows)
    if not scored or not any(row.missing(metric) for row in board.rows):
        return ""
    return (
        "a seed that ended without a score counts as the worst of all in the order and the "
        "letters, while a mean is that of the other seeds"
    )


def _plan(looks: Looks) -> str:
    """How many seeds were planned, and what the letters are worth if more were added later."""
    planned = "" if looks.planned is None else f"planned for {plural(looks.planned, 'seed')}"
    if looks.looks == 1:
        return planned
    return (
        f"{planned or 'planned for fewer seeds'}, but extended to {looks.seeds} after letters "
        f"could be seen: with {looks.looks} looks, a false letter appears in up to "
        f"{percent(looks.false_letters)} of tables "
        f"(simulated: {percent(NINE_LOOKS, 3)} with nine looks, after each seed from 4 to 12)"
    )
