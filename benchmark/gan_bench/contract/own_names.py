"""What a protocol's folder has beside the folders of architectures, which cannot be called so."""

from __future__ import annotations

from gan_bench.contract.errors import UsageError
from gan_bench.contract.names import safe_name

# files
PROTOCOL = "protocol.json"
DATA_REPORT = "data-report.json"
CONTACT_SHEET = "contact-sheet.png"  # a sample of the images and the odd ones
SCALE = "scale.json"  # scores of real images and of noise: the scale for all rows
PLANS = "plans.jsonl"  # how many seeds were asked for, and what could be seen by then
FILES = (PROTOCOL, DATA_REPORT, CONTACT_SHEET, SCALE, PLANS)
# folders
FIGURES = "figures"
EVALUATIONS = "evaluations"  # one folder for each evaluation besides the protocol's own
ENTRIES = "entries"  # one folder for each row that was not trained here
ENGINES = "engines"  # one folder for each engine, with its own files
FOLDERS = (FIGURES, EVALUATIONS, ENTRIES, ENGINES)


def check_architecture_name(text: str) -> str:
    """Return `text` if a folder of cells can have the name; raise UsageError if not.

    Else the cells of an architecture `entries` would lie among the entries, and go with one.
    """
    if text.casefold() in (*FILES, *FOLDERS):  # regardless of case: some file systems know no case
        raise UsageError(
            f"no architecture can be called {text!r}: results have a file or folder of that name "
            "where its cells would lie; rename it"
        )
    return safe_name(text)
