"""TIFF: what Pillow reads of it, read as it is meant, and the rest refused by name."""

from __future__ import annotations

from typing import Any

from PIL import TiffImagePlugin as T
from PIL.TiffImagePlugin import TiffImageFile

from gan_bench.data.reasons import MOST_PIXELS, Reason, Refused

WHITE_IS_ZERO, PALETTE = 0, 3
UNSIGNED, SIGNED = 1, 2
SAMPLES = {1: "unsigned", 2: "signed", 3: "float", 4: "undefined", 5: "complex", 6: "complex"}
SEPARATE = 2  # all values of a colour, then all of the next
REDUCED, MASK = 1, 4  # bits of NewSubfileType
SUBFILE, DNG_VERSION = 254, 50706
CFA, LINEAR_RAW = 32803, 34892  # of cameras


class Tiff(TiffImageFile):
    """A TIFF of which tags are read otherwise than Pillow reads them.

    `inverted`: 0 is white in the values that Pillow gives. `unsigned`: negative numbers in the
    mode I stand for numbers from 2^31 on.
    """

    inverted = False
    unsigned = False
    bits = 8
    signed_bytes = False
    planes: tuple[Any, ...] = ()  # tiles of each colour, for 16 bits plane by plane

    def _setup(self) -> None:
        tags = self.tag_v2
        bits = tags.get(T.BITSPERSAMPLE, (1,))
        sample = tags.get(T.SAMPLEFORMAT, (UNSIGNED,))[0]
        photometric = tags.get(T.PHOTOMETRIC_INTERPRETATION)
        self.bits = max(bits)
        if photometric in (CFA, LINEAR_RAW) or DNG_VERSION in tags:
            raise Refused(Reason.RAW)
        self.inverted = photometric == WHITE_IS_ZERO and self.bits > 8
        if self.inverted:
            tags[T.PHOTOMETRIC_INTERPRETATION] = 1
        self.unsigned = bits == (32,) and sample == UNSIGNED
        if self.unsigned:
            tags[T.SAMPLEFORMAT] = (SIGNED,)
        self.signed_bytes = self.bits == 8 and sample == SIGNED
        self._check_tile()
        try:
            super()._setup()
        except (SyntaxError, KeyError) as error:  # no mode of Pillow, or no compression
            raise Refused(Reason.DEPTH, self._described()) from error
        if self.bits == 16 and tags.get(T.PLANAR_CONFIGURATION) == SEPARATE:
            self._split_planes()

    def _check_tile(self) -> None:
        """A tile may be larger than its image, and is allocated whole."""
        width, height = self.tag_v2.get(T.TILEWIDTH, 1), self.tag_v2.get(T.TILELENGTH, 1)
        if not isinstance(width, int) or not isinstance(height, int):
            raise Refused(Reason.UNREADABLE, "a tile without a size")
        if width * height > MOST_PIXELS:
            raise Refused(Reason.TOO_MANY_PIXELS, f"{width} x {height}")

    def _split_planes(self) -> None:
        """Pillow reads 16-bit planes as bytes, which is wrong; each is read as a grey here."""
        if self.use_load_libtiff or self.mode != "RGB":
            raise Refused(Reason.DEPTH, self._described())
        rawmode = "I;16" if self.tag_v2.prefix == b"II" else "I;16B"
        self.planes = tuple(
            [
                tile._replace(args=(rawmode, *tile.args[1:]))
                for tile in self.tile
                if isinstance(tile.args, tuple) and tile.args[0] == band
            ]
            for band in "RGB"
        )

    def only_plane(self, index: int) -> None:
        """Let the next load() read one of the planes, as a grey of 16 bits."""
        self.tile, self._mode = self.planes[index], "I;16"

    def _described(self) -> str:
        """Such as: 3 x 32 bits, float."""
        tags = self.tag_v2
        bits = tags.get(T.BITSPERSAMPLE, (1,))
        count = tags.get(T.SAMPLESPERPIXEL, len(bits))
        sample = SAMPLES.get(tags.get(T.SAMPLEFORMAT, (UNSIGNED,))[0], "unknown")
        planes = ", plane by plane" if tags.get(T.PLANAR_CONFIGURATION) == SEPARATE else ""
        compression = tags.get(T.COMPRESSION, 1)
        packed = "" if compression in T.COMPRESSION_INFO else f", compression {compression}"
        return f"a TIFF of {count} x {max(bits)} bits, {sample}{planes}{packed}"

    @property
    def reduced(self) -> bool:
        """Whether this page is a smaller copy of another, or a mask."""
        return bool(self.tag_v2.get(SUBFILE, 0) & (REDUCED | MASK))
