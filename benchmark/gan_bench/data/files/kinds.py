"""What a file is, by its first bytes: an image that the decoder gets, or which other kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum

from gan_bench.base.text import plural
from gan_bench.data.files.formats import image_format

HEAD = 512  # bytes that `kind_of` wants to see; the mark of a tar archive is at 257


def _suffixes(words: str) -> frozenset[str]:
    return frozenset(f".{word}" for word in words.split())


# Files with these endings are given to the decoder unread: it judges by content as well.
IMAGE_SUFFIXES = _suffixes(
    "png apng jpg jpeg jpe jfif webp bmp dib gif tif tiff ppm pgm pbm pnm pfm pam tga avif avifs "
    "heic heif jp2 j2k jpx jpf ico"
)
# Programs write to such files while they run, so that they must not identify a data set.
TEXT_SUFFIXES = _suffixes(
    "txt csv tsv json jsonl log md rst xml yaml yml toml ini html htm py ipynb sh out err tex"
)
# Cameras write TIFF files whose first picture is only a small preview.
RAW_SUFFIXES = _suffixes("cr2 cr3 crw nef nrw dng arw srf sr2 orf rw2 raf pef srw 3fr iiq erf x3f")


class Kind(Enum):
    """A kind of file: its name for people, and what can be done with such files, if anything."""

    IMAGE = "image", "give a folder of images"
    TEXT = "text file", ""
    VIDEO = "video", "save the frames as images first"
    AUDIO = "audio file", ""
    ARCHIVE = "archive", "unpack first"
    RAW = "RAW photograph", "export as JPEG or TIFF first"
    PHOTOSHOP = "Photoshop file", "export as PNG first"
    DRAWING = "SVG drawing", "export as PNG first"
    DICOM = "DICOM file", "export as PNG first"
    PDF = "PDF document", "export the pictures first"
    ARRAY = "numpy file", "give one .npy or .npz file by itself"
    HDF5 = "HDF5 file", "save the images as files, or as .npz"
    IDX = (
        "IDX file",
        "name its data set with --data, if it has one, and its folder with --data-root",
    )
    PARQUET = "parquet file", "save the images as files, or as .npz"
    PICKLE = "pickle", "a pickle can run any program: save the images as files, or as .npz"
    MATLAB = "MATLAB file", "save the images as files, or as .npz"
    EXR = "OpenEXR file", "export as PNG first"
    DDS = "DDS texture", "export as PNG first"
    LINK = "broken link", ""
    SPECIAL = "special file", ""
    EMPTY = "empty file", ""
    OTHER = "unrecognised file", ""

    def __init__(self, noun: str, todo: str) -> None:
        self.noun = noun
        self.todo = todo

    @property
    def one(self) -> str:
        """One such file: a video, an archive."""
        return f"{'an' if self.noun.startswith(tuple('aeiouHSO')) else 'a'} {self.noun}"


ARCHIVES = {  # name -> its first bytes
    "zip": rb"PK(\x03\x04|\x05\x06|\x07\x08)",
    "7z": rb"7z\xbc\xaf\x27\x1c",
    "rar": rb"Rar!\x1a\x07",
    "gzip": rb"\x1f\x8b\x08",
    "bzip2": rb"BZh[1-9]1AY&SY",
    "xz": rb"\xfd7zXZ\0",
    "zstd": rb"\x28\xb5\x2f\xfd",
    "tar": rb".{257}ustar",
}
MAGIC = {
    Kind.ARCHIVE: b"|".join(b"(?:%s)" % magic for magic in ARCHIVES.values()),
    Kind.VIDEO: rb".{4}ftyp(?!avi|hei|hev|mif1|msf1|crx|M4A)|\x1aE\xdf\xa3|RIFF.{4}AVI |FLV\x01|"
    rb"\0\0\x01[\xba\xb3]|\x30\x26\xb2\x75|G.{187}G|.{4}moov|.{4}mdat",
    Kind.AUDIO: rb"ID3|RIFF.{4}WAVE|fLaC|OggS|.{4}ftypM4A|\xff[\xfb\xf3\xf2]",
    Kind.RAW: rb"II\*\0.{4}CR|.{4}ftypcrx|FUJIFILMCCD-RAW|II(RO|RS|U\0)|MMOR|FOVb|"
    rb"II\x1a\0\0\0HEAPCCDR",
    Kind.PHOTOSHOP: rb"8BPS",
    Kind.DRAWING: rb"(\xef\xbb\xbf)?\s*(<\?xml.*|<!--.*|<!DOCTYPE\s+)?<?svg[\s>]",
    Kind.DICOM: rb".{128}DICM",
    Kind.PDF: rb"%PDF-",
    Kind.ARRAY: rb"\x93NUMPY",
    Kind.HDF5: rb"\x89HDF\r\n\x1a\n",
    Kind.IDX: rb"\0\0[\x08\x09\x0b-\x0e][\x01-\x04]",  # two zeros, type of a value, dimensions
    Kind.PARQUET: rb"PAR1",
    Kind.PICKLE: rb"\x80[\x02-\x05].*",
    Kind.MATLAB: rb"MATLAB 5\.0",
    Kind.EXR: rb"\x76\x2f\x31\x01",
    Kind.DDS: rb"DDS ",
}
PATTERNS = {kind: re.compile(magic, re.DOTALL) for kind, magic in MAGIC.items()}
NOUNS = frozenset(kind.noun for kind in Kind)
CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")  # bytes that no text has


def counted(count: int, kind: str) -> str:
    """3 text files, 3 unreadable: kinds of files have a plural, reasons have none."""
    return plural(count, kind) if kind in NOUNS else f"{count:,} {kind}"


def suffix_of(name: str) -> str:
    """The ending of the last part of a name, in lower case and with its dot; "" for none."""
    _, dot, ending = name[name.rfind("/") + 1 :].rpartition(".")
    return f".{ending.lower()}" if dot else ""


def kind_of(head: bytes, suffix: str = "") -> Kind:
    """The kind of a file that begins with these bytes.

    The ending tells RAW photographs from TIFF files, and .npz files from other zips.
    """
    if not head:
        return Kind.EMPTY
    image = image_format(head)
    if image and image != "TGA":  # which has no mark of its own
        return Kind.RAW if suffix in RAW_SUFFIXES else Kind.IMAGE
    for kind, pattern in PATTERNS.items():
        if pattern.match(head):
            return Kind.ARRAY if suffix == ".npz" else kind
    if image:
        return Kind.IMAGE
    return Kind.TEXT if _is_text(head) else Kind.OTHER


def archive_format(head: bytes) -> str | None:
    """The name of the archive format: zip, tar, 7z, ..."""
    for name, magic in ARCHIVES.items():
        if re.match(magic, head, re.DOTALL):
            return name
    return None


def kind_by_name(name: str, read: Callable[[], bytes]) -> Kind:
    """The kind of a file; its first bytes are read unless the ending says that it is an image."""
    suffix = suffix_of(name)
    return Kind.IMAGE if suffix in IMAGE_SUFFIXES else kind_of(read()[:HEAD], suffix)


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16
        return True
    return CONTROL.search(head) is None
