"""There is one path on which anything gets onto a disk: gan_bench.store."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gan_bench
import gan_bench_plugins

FOLDERS = [Path(package.__path__[0]) for package in (gan_bench, gan_bench_plugins)]
FILES = sorted(path for folder in FOLDERS for path in folder.rglob("*.py"))
FAULTS = Path(__file__).parents[1] / "faults"

# Whatever writes to a file that it is given by name, or to a buffer in memory.
WRITERS = {"save", "savefig", "savez", "save_file", "tofile", "to_csv", "to_json", "to_pickle"}
WRITERS |= {"write_text", "write_bytes", "dump", "copyfile", "copy2", "open_memmap", "memmap"}
OURS = ("store.", "reports.", "doctors.")  # functions of the house with such names
BUFFERS = {"BytesIO", "StringIO"}
# A log that a process writes, one that PyTorch reads, and the copy of packed digits that it reads.
ALLOWED = {
    "local.py: cell.log": "(cell / 'cell.log').open('ab')",
    "rehearsal.py: cell.log": "(Path(cells[0]) / LOG).open('ab')",
    "rehearsal.py: cell.log again": "os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, ",
    "course.py: checkpoints": "self.checkpoints.save(",
    "cell.py: a word to Linux, on no disk": "score.write_text(",
    "cli.py: nothing": "open(os.devnull,",
    "cli.py: nothing, too": "os.open(os.devnull,",
    "mnist.py: a temporary folder": "(raw / path.stem).write_bytes",
}


def called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def writes(tree: ast.AST) -> Iterator[str]:
    """Every call that puts something onto a disk by itself."""
    buffers = {
        target.id
        for each in ast.walk(tree)
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.Call)
        for target in each.targets
        if isinstance(target, ast.Name) and called(each.value) in BUFFERS
    }
    for call in (each for each in ast.walk(tree) if isinstance(each, ast.Call)):
        name, text = called(call), ast.unparse(call)
        words = [a.value for a in ast.walk(call) if isinstance(a, ast.Constant)]
        if name == "open":
            raw = text.startswith("os.open(") and "O_RDONLY" not in text and "O_" in text
            modes = [w for w in words if isinstance(w, str) and len(w) < 4 and set(w) & set("wxa+")]
            if raw or modes:
                yield text
        elif name in WRITERS and call.args and not text.startswith(OURS):
            in_memory = any(isinstance(a, ast.Name) and a.id in buffers for a in call.args)
            yield from () if in_memory else (text,)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_else_writes(path: Path) -> None:
    if path.name == "store.py":
        return
    found = list(writes(ast.parse(path.read_text())))
    allowed = [text for where, text in ALLOWED.items() if where.startswith(f"{path.name}:")]
    assert [text for text in found if not text.startswith(tuple(allowed) or ("-",))] == []


@pytest.mark.parametrize(
    "source",
    [
        "open(path, 'w').write(text)",
        "path.open('wb')",
        "path.write_text(text)",
        "torch.save(state, path)",
        "np.save(path, array)",
        "os.open(path, os.O_WRONLY | os.O_CREAT)",
        "figure.savefig(path)",
        "frame.to_csv(path)",
    ],
)
def test_the_search_finds_what_it_looks_for(source: str) -> None:
    assert list(writes(ast.parse(source))) != []


AUDIT = """
import sys, os, traceback
sys.path[:0] = [{faults!r}, {tests!r}]
from pathlib import Path
import tiny
folder, seen = Path({folder!r}), set()

def watch(event, given):
    if event != "open" or not isinstance(given[0], str) or not given[0].startswith(str(folder)):
        return
    flags = given[2]
    if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        callers = [frame.filename for frame in traceback.extract_stack()[:-1]]
        seen.add(next((Path(c).name for c in reversed(callers) if "gan_bench" in c), callers[-1]))

sys.dont_write_bytecode = True  # Python's own cache of a plugin file is not ours
plugin = tiny.write_plugin(folder)
sys.addaudithook(watch)
assert tiny.run(plugin, folder / "shapes", folder / "results") == 0
sys.stdout.write(" ".join(sorted(seen)))
"""


def test_a_whole_run_opens_files_to_write_in_the_store_alone(shapes: Path, tmp_path: Path) -> None:
    """As the interpreter sees it: what filelock opens is a lock, asked for by store and images."""
    code = AUDIT.format(faults=str(FAULTS), tests=str(FAULTS.parent), folder=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) <= {"store.py", "images.py"}
    assert "store.py" in done.stdout
