"""Where everything in a results folder is. File names of the folder stand here only.

<protocol>/protocol.json, data-report.json, contact-sheet.png, scale.json, plans.jsonl, figures/
<protocol>/<architecture>/<loss>/seed<k>/   one cell, with the files below
<protocol>/evaluations/<name>/              an evaluation besides the protocol's: evaluation.json,
                                            scale.json, figures/
<cell>/evaluations/<name>/                  the cell measured by it: environment.json, scores.json,
                                            influence.json
<cell>/ticks/                               the state at every tick, with --keep-ticks
<cell>/branches/<name>/                     branches that change the same from one tick:
                                            protocol.json, and <cell>/<change>/branch<k>/, each
                                            with the files of a cell
<cell>/trackers/<name>/                     what a tracker of --track keeps: tracked.json
<protocol>/entries/<name>/entry.json        one row that was not trained here
<protocol>/engines/<name>/                  what an engine keeps of jobs in a queue, until they end;
                                            also in studies/<study>/ and <cell>/branches/
studies/<study>/study.json, figures/        a study of `gan-bench tune`: a results folder of its
                                            own, with the protocol of each trial
studies/<study>/best/<architecture>/<loss>.toml
                                            the best settings of a row, for `run --schedule`
<data set>-data-report.json                 of a set that was refused
audits/<name>/audit.json                    how metrics were audited, and on which images
audits/<name>/blocks/<metric>/              the scores of an audit, one file for each part of it
.removed/                                   what `gan-bench remove` is deleting
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

from gan_bench.contract import own_names
from gan_bench.contract.names import safe_name
from gan_bench.contract.protocol import Cell, Protocol
from gan_bench.results.reading import read_model

REMOVED = ".removed"  # a folder of the results: what is being deleted
HOUSEKEEPING = (".lock", ".holder.json")  # of a folder in which a process works

# of a protocol; they stand in the contract, because no architecture can be called so
PROTOCOL = own_names.PROTOCOL
DATA_REPORT = own_names.DATA_REPORT
CONTACT_SHEET = own_names.CONTACT_SHEET
FIGURES = own_names.FIGURES
SCALE = own_names.SCALE
PLANS = own_names.PLANS

# of a cell
CELL = "cell.json"  # what is to be trained
CURVE = "curve.jsonl"  # one Point a line: the same bytes in every run
TICKS = "vitals.jsonl"  # scores and verdict at every tick: the same bytes in every run
SPEED = "speed.jsonl"  # wall-clock times
STARTS = "starts.jsonl"  # when and where each process of the cell began
SAMPLES = "samples"  # a folder: one sample grid a tick
SHOWN = "shown"  # a folder: pictures of a walk through z, and of what scores are made of
SHOWN_INDEX = "shown.json"  # in that folder: which pictures there are
CHECKPOINTS = "checkpoint"  # a folder: the newest two states, while the cell trains
KEPT_TICKS = "ticks"  # a folder: the state at every tick, with --keep-ticks
BRANCHES = "branches"  # a folder: one folder for each change and tick, with branches of the cell
AUTOPSY = "autopsy.png"  # in that folder: the cell at its verdict beside its branches
GENERATOR = "generator.safetensors"  # the G that was measured
BEST_GENERATOR = "generator-best.safetensors"  # the G of the best tick, with --keep best
CODE = "code.json"  # the code that the newest process runs, until the record has it
INFLUENCE = "influence.json"  # how far each image moves the kernel distance
LOG = "cell.log"  # all that the processes of the cell printed
OUTCOME = "outcome.json"  # how a process ended that left no record
TRACKERS = "trackers"  # a folder: one folder for each tracker, with its own files
TRACKED = "tracked.json"  # in the folder of a tracker: how far it has read the files above
RECORD = "record.json"  # written last: the cell is done

# of an evaluation besides the protocol's own, in a protocol's folder and in a cell's
EVALUATIONS = own_names.EVALUATIONS
EVALUATION = "evaluation.json"  # how it measures
ENVIRONMENT = "environment.json"  # where a cell is to be measured: it was asked for
SCORES = "scores.json"  # written last: the cell is measured
# of a row that was not trained here
ENTRIES = own_names.ENTRIES
ENTRY = "entry.json"  # where its images came from, and what they score

ENGINES = own_names.ENGINES  # of a protocol

# of an audit of metrics
AUDITS = "audits"  # a folder of the results: one folder an audit
AUDIT = "audit.json"  # how it measures, and which metrics were asked for
BLOCKS = "blocks"  # a folder: one folder a metric, with a file for each number of images and fault

# of a study
STUDIES = "studies"  # a folder of the results: one folder for each study
STUDY = "study.json"  # what is tuned, and the protocol of each trial
BEST_SETTINGS = "best"  # a folder: a schedule file for each row
EXPECTED_BEST = "expected-best"  # the figure of a study

# of a sample grid: 8 x 8 images with two white pixels around each
GRID_SIDE = 8
GRID_NAME = re.compile(r"\d{1,12}(\.\d{1,12})?", re.ASCII)  # its kimg
GRID_PADDING = 2


def protocol_dir(results: Path, protocol: Protocol) -> Path:
    """The folder of a protocol."""
    safe_name(protocol.data.name)  # the rest of the slug is made by us
    return results / protocol.slug


def refused_report_path(results: Path, data_name: str) -> Path:
    """Where the data report of a set is that was refused, and so has no protocol."""
    return results / f"{safe_name(data_name)}-{DATA_REPORT}"


def study_dir(results: Path, slug: str) -> Path:
    """The folder of a study, which is a results folder of its own."""
    return results / STUDIES / safe_name(slug)


def studies_in(results: Path) -> list[Path]:
    """The folders of the studies in a results folder, in the order of their names."""
    parent = results / STUDIES
    return [parent / name for name in _names_in(parent) if is_study(parent / name)]


def is_study(folder: Path) -> bool:
    """Whether this is the folder of a study."""
    return os.path.lexists(folder / STUDY)


def settings_path(study: Path, architecture: str, loss: str) -> Path:
    """Where the best settings of a row are."""
    return study / BEST_SETTINGS / safe_name(architecture) / f"{safe_name(loss)}.toml"


def cell_dir(results: Path, protocol: Protocol, cell: Cell) -> Path:
    """The folder of a cell: <protocol>/<architecture>/<loss>/seed<k>."""
    names = safe_name(cell.architecture), safe_name(cell.loss), f"seed{cell.seed}"
    return protocol_dir(results, protocol).joinpath(*names)


def protocol_folder_of(cell: Path) -> Path:
    """The folder of the protocol that a cell's folder belongs to."""
    return cell.parents[2]


def evaluation_dir(folder: Path, slug: str) -> Path:
    """The folder of an evaluation that was added, in the folder of a protocol or of a cell."""
    return folder / EVALUATIONS / safe_name(slug)


def engine_dir(cell: Path, engine: str) -> Path:
    """The folder for what an engine must keep of jobs that outlive its process.

    It is in the folder that a command locks while it trains the cell, so that the same command
    finds the jobs of all its cells there: that of the protocol, of the study, or of a cell's
    branches. The engine makes it, and deletes it when no job is left; `merge` leaves it out.
    """
    home = protocol_folder_of(cell)
    shares = is_study(home.parent) or is_branch(cell)
    return (home.parent if shares else home) / ENGINES / safe_name(engine)


def protocol_of(cell: Path) -> Protocol:
    """The protocol that a cell's folder belongs to."""
    return read_model(protocol_folder_of(cell) / PROTOCOL, Protocol)


def tracker_dir(cell: Path, tracker: str) -> Path:
    """The folder of a tracker in a cell's folder."""
    return cell / TRACKERS / safe_name(tracker)


def branch_dir(parent: Path, slug: str, change: str, index: int) -> Path:
    """The folder of a branch; as deep below its protocol as that of a cell."""
    label = "-".join(parent.parts[-3:])[-63:].lstrip("-_.")  # a long one is cut anywhere
    names = map(safe_name, (slug, label, change))
    return parent.joinpath(BRANCHES, *names, f"branch{index}")


def autopsy_path(cell: Path) -> Path:
    """Where the picture of a cell's autopsy is."""
    return cell / BRANCHES / AUTOPSY


def parent_of(branch: Path) -> Path:
    """The folder of the cell that the branch in this folder was forked from."""
    return branch.parents[4]


def holds_branches(folder: Path) -> bool:
    """Whether this is the folder of a cell's branches, or that of one change among them."""
    path = Path(os.path.abspath(folder))
    above = path.parent if path.name == BRANCHES else path.parent.parent
    named = BRANCHES in (path.name, path.parent.name)
    return named and any(os.path.lexists(above / name) for name in (CELL, RECORD))


def is_branch(cell: Path) -> bool:
    """Whether the cell in this folder is a branch."""
    return holds_branches(protocol_folder_of(Path(os.path.abspath(cell))))


def branches_in(cell: Path) -> Iterator[Path]:
    """The folders of the branches of a cell, in order, damaged ones too."""
    for slug in _names_in(cell / BRANCHES):
        home = cell / BRANCHES / slug
        yield from sorted(path.parent for path in home.glob(f"*/*/branch*/{CELL}"))


def label_of(cell: Path) -> str:
    """The label of the cell in this folder: architecture / loss / seed<k>."""
    return " / ".join(cell.parts[-3:])


def seed_of(cell: Path) -> int | None:
    """The seed of the cell in this folder; None if the folder's name has no number."""
    number = re.fullmatch(r"seed(\d{1,18})", cell.name, re.ASCII)
    return int(number[1]) if number else None


def figure_path(protocol_folder: Path, name: str) -> Path:
    """Where a figure of a protocol is, whether it is drawn yet or not."""
    return protocol_folder / FIGURES / f"{name}.png"


def sample_grid_path(cell: Path, kimg: float) -> Path:
    """Where the sample grid of a tick is; the names sort by kimg."""
    return cell / SAMPLES / f"{kimg:010.3f}.png"


def sample_grids(cell: Path) -> list[tuple[float, Path]]:
    """(kimg, path) of each sample grid of a cell, the first tick first."""
    paths = sorted(path for path in (cell / SAMPLES).glob("*.png") if path.is_file())
    return [(float(path.stem), path) for path in paths if GRID_NAME.fullmatch(path.stem)]


def grid_pixels(images: int, side: int) -> int:
    """Width, or height, in pixels of a sample grid with so many images of that side in a row."""
    return images * (side + GRID_PADDING) + GRID_PADDING


def cells_in(protocol_folder: Path) -> Iterator[Path]:
    """The cell folders of a protocol in the order of their names, damaged ones too."""
    for architecture in _names_in(protocol_folder):
        for loss in _names_in(protocol_folder / architecture):
            parent = protocol_folder / architecture / loss
            for seed in _names_in(parent):
                present = (os.path.lexists(f"{parent}/{seed}/{name}") for name in (RECORD, CELL))
                if seed.startswith("seed") and any(present):
                    yield parent / seed


def entry_dir(protocol_folder: Path, name: str) -> Path:
    """The folder of an entry: <protocol>/entries/<name>."""
    return protocol_folder / ENTRIES / safe_name(name)


def entries_in(protocol_folder: Path) -> Iterator[Path]:
    """The folders of the entries of a protocol in the order of their names, damaged ones too."""
    parent = protocol_folder / ENTRIES
    for name in _names_in(parent):
        if os.path.lexists(parent / name / ENTRY):
            yield parent / name


def audit_dir(results: Path, slug: str) -> Path:
    """The folder of an audit of metrics."""
    return results / AUDITS / safe_name(slug)


def audits_in(results: Path) -> list[Path]:
    """The folders of the audits in a results folder, in the order of their names."""
    parent = results / AUDITS
    return [parent / name for name in _names_in(parent) if is_audit(parent / name)]


def is_audit(folder: Path) -> bool:
    """Whether this is the folder of an audit."""
    return os.path.lexists(folder / AUDIT)


def block_path(audit: Path, metric: str, images: int, part: str) -> Path:
    """Where an audit keeps the scores of a metric on sets of so many images with one fault."""
    return audit / BLOCKS / safe_name(metric) / f"{images}-{safe_name(part)}.json"


def _names_in(folder: Path) -> list[str]:
    """The names in a folder, in order; none if it is no folder that can be read."""
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []
    except OSError as error:
        if error.errno == errno.ELOOP:
            return []
        raise
