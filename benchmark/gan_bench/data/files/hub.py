"""hf:user/name and kaggle:user/name: data sets of two sites, read by the libraries of these."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from gan_bench.contract.errors import DataError

HUGGING_FACE, KAGGLE = "hf:", "kaggle:"
SITES = {HUGGING_FACE: "Hugging Face", KAGGLE: "Kaggle"}


def on_a_site(name: str) -> bool:
    """Whether it is the whole name of a data set on one of the SITES: hf:user/name."""
    site = next(filter(name.startswith, SITES), None)
    return site is not None and bool(re.fullmatch(r"[^/\s]+/[^/\s]+", name.removeprefix(site)))


def is_hub(root: Path) -> bool:
    """Whether the path is in truth the name of a data set of Hugging Face."""
    return root.as_posix().startswith(HUGGING_FACE)


@dataclass(frozen=True, slots=True)
class RowMember:
    """An image in a row of a Hugging Face data set."""

    name: str
    rows: Any  # datasets.Dataset, whose images are not decoded
    row: int
    column: str

    def size(self) -> int:
        """Bytes to read."""
        return len(self._content())

    def open(self) -> IO[bytes]:
        """The content, to be read once."""
        return io.BytesIO(self._content())

    def _content(self) -> bytes:
        image = self.rows[self.row][self.column]
        content: bytes | None = image["bytes"]
        return Path(image["path"]).read_bytes() if content is None else content


def members_of_hub(root: Path) -> tuple[list[RowMember], list[str]]:
    """The images of a Hugging Face data set, each split a folder; and what identifies the files."""
    handle = root.as_posix().removeprefix(HUGGING_FACE)
    datasets = _library("datasets", "huggingface", handle)
    try:
        splits = datasets.load_dataset(handle)
    except Exception as error:  # of the network, of the site, of the format
        raise DataError(f"cannot get {handle} from Hugging Face: {error}") from error
    members, files = list[RowMember](), list[str]()
    for split, rows in splits.items():
        columns = [name for name, kind in rows.features.items() if isinstance(kind, datasets.Image)]
        if not columns:
            raise DataError(f"{handle} has no images: its columns are {', '.join(rows.features)}")
        members += _rows(rows.cast_column(columns[0], datasets.Image(decode=False)), split, columns)
        files += [each["filename"] for each in rows.cache_files]
    return members, files


def _rows(rows: Any, split: str, columns: list[str]) -> Iterator[RowMember]:
    digits = len(str(len(rows)))
    for k in range(len(rows)):
        yield RowMember(f"{split}/{k:0{digits}d}", rows, k, columns[0])


def downloaded_from_kaggle(name: str) -> Path:
    """The folder of a Kaggle data set, `kaggle:user/name`, downloaded if it is not here."""
    handle = name.removeprefix(KAGGLE)
    kagglehub = _library("kagglehub", "kaggle", handle)
    try:
        return Path(kagglehub.dataset_download(handle))
    except Exception as error:  # of the network, of the site, of a missing login
        raise DataError(f"cannot get {handle} from Kaggle: {error}") from error


def _library(module: str, extra: str, handle: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise DataError(
            f"{handle} needs the package {module}: pip install 'gan-bench[{extra}]'"
        ) from error
