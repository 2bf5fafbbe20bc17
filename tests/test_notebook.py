"""examples/compare.ipynb runs from top to bottom, and is stored with its table and pictures."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

PATH = Path(__file__).parents[1] / "examples" / "compare.ipynb"
CELLS: list[dict[str, Any]] = json.loads(PATH.read_text(encoding="utf-8"))["cells"]
CODE = [cell for cell in CELLS if cell["cell_type"] == "code"]
TINY = """
asked = {
    "data": "shapes", "size": 16, "archs": ["dense", "dcgan"], "losses": "minimax", "jobs": 2,
    "kimg": 0.05, "batch": 8, "ticks": 2, "samples": 20, "features": "pixels", "metrics": "fd",
}
"""


def outputs(cells: list[dict[str, Any]], kind: str) -> list[str]:
    shown = (output for cell in cells for output in cell["outputs"])
    texts = (output.get("data", {}).get(kind) for output in shown)
    return ["".join(text) for text in texts if text]


def test_the_notebook_is_stored_with_its_table_and_pictures() -> None:
    table, frame = outputs(CODE, "text/html")
    assert all(f'<td style="text-align:left">{name}<' in table for name in ("dcgan", "dense"))
    assert "finished" in frame
    pictures = outputs(CODE, "image/png")
    assert len(pictures) == 3
    for picture in pictures:
        with Image.open(io.BytesIO(base64.b64decode(picture))) as image:
            assert image.width > 200
    assert [cell["execution_count"] for cell in CODE] == list(range(1, len(CODE) + 1))
    assert PATH.stat().st_size < 1_000_000


def test_the_notebook_names_no_folder_of_a_machine_and_shows_no_error() -> None:
    text = "".join(json.dumps(cell) for cell in CELLS)
    assert not re.search(r"[\"' ](/(home|root|tmp|work|Users)/|[A-Z]:\\\\)", text)
    kinds = {output["output_type"] for cell in CODE for output in cell["outputs"]}
    assert kinds == {"execute_result", "display_data"}


@pytest.mark.long
def test_the_notebook_runs(
    shapes: Path, tmp_path: Path, outside: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a few shapes, so that it takes the time of starting Python four times."""
    import nbformat
    from nbclient import NotebookClient

    for name, value in outside.items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(PATH, 4)
    (asked,) = (cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ()))
    asked["source"] = TINY
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, resources=resources).execute()
    code = [cell for cell in notebook.cells if cell["cell_type"] == "code"]
    assert len(outputs(code, "image/png")) == 3
    assert "dense" in outputs(code, "text/html")[0]
