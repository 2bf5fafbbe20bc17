"""Which leaderboards and studies of a results folder are meant, by a name or its beginning."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

from gan_bench.contract.errors import UsageError
from gan_bench.results.finding import SHOWN, has_protocols, is_cell, protocol_folders
from gan_bench.results.layout import PROTOCOL, is_study, protocol_folder_of, studies_in
from gan_bench.results.measurements import slugs_in

Chosen = tuple[Path, str | None]  # the folder of a protocol, and an evaluation that was added


def studies_of(results: Path, protocol: str | None) -> list[Path]:
    """The folders of the studies that are meant: that of the folder itself, or all in it.

    None if one protocol was asked for: it may be a trial.
    """
    if protocol is not None:
        return []
    return [results] if is_study(results) else studies_in(results)


def has_boards(results: Path, others: Sequence[Path]) -> bool:
    """Whether leaderboards are to be shown; `others` is what is shown beside them.

    The protocols of a study are shown as its one table.
    """
    return not others or (not is_study(results) and has_protocols(results))


def protocols_in(results: Path, protocol: str | None = None) -> list[Path]:
    """The folders of the protocols in a results folder, or of those with a board of this slug."""
    chosen = chosen_of(boards_in(results), results, protocol)
    return list(dict.fromkeys(folder for folder, _ in chosen))


def folder_of(results: Path, like: str) -> Path:
    """The folder of the one protocol that --like means: a path, or a name or its beginning.

    The name is that of `report --protocol`. UsageError if there is none, or several, or if it is
    the name of an added evaluation: entries are scored by the protocol's own.
    """
    given = Path(os.path.expanduser(like))
    if os.path.lexists(given / PROTOCOL):
        return given
    if is_cell(given):
        home = protocol_folder_of(Path(os.path.abspath(given)))
        raise UsageError(f"--like {like} is a cell: give its protocol, --like {home}")
    chosen = chosen_of(boards_in(results), results, like.rstrip("/") or like, "--like")
    folder, evaluation = chosen[0]
    if evaluation is not None:
        raise UsageError(
            f"--like {like} is an evaluation that was added: entries are scored by the protocol's "
            f"own, so give --like {folder.name}"
        )
    return folder


def boards_in(results: Path) -> dict[str, Chosen]:
    """Slug -> protocol folder and added evaluation, of all boards: a protocol's own comes first."""
    boards: dict[str, Chosen] = {}
    for slug, folder in protocol_folders(results).items():
        boards[slug] = folder, None
        boards |= {f"{slug}/{each}": (folder, each) for each in slugs_in(folder)}
    return boards


def chosen_of(
    boards: dict[str, Chosen], results: Path, protocol: str | None, option: str = "--protocol"
) -> list[Chosen]:
    """The boards that are meant by a slug or its beginning; that of a protocol means all of its.

    UsageError if there is none, or the slugs of several protocols begin so.
    """
    if protocol is None:
        return list(boards.values())
    matching = {slug: chosen for slug, chosen in boards.items() if slug.startswith(protocol)}
    folders = {folder for folder, _ in matching.values()}
    if protocol in boards:
        exact = boards[protocol]
        return [each for each in matching.values() if each == exact or exact == (each[0], None)]
    if len(matching) == 1 or ("/" not in protocol and len(folders) == 1):
        return list(matching.values())
    if matching:
        raise UsageError(
            f"{option} {protocol} is the beginning of {_few(matching)}: write more of one"
        )
    guess = _nearest(protocol, boards)
    raise UsageError(f"no protocol {protocol} in {results}; it has {_few(boards)}{guess}")


def _nearest(word: str, slugs: Iterable[str]) -> str:
    """. Did you mean ...? with the slug that is most like the word, or begins most like it."""
    spelled: dict[str, str] = {}
    for slug in slugs:
        spelled.setdefault(slug[: len(word)].lower(), slug)
        spelled.setdefault(slug.lower(), slug)
    near = get_close_matches(word.lower(), spelled, 1)
    return f". Did you mean {spelled[near[0]]}?" if near else ""


def _few(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    every = list(names)
    more = f" and {len(every) - SHOWN} more" if len(every) > SHOWN else ""
    return f"{', '.join(every[:SHOWN])}{more}"
