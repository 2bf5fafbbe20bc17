"""Print how far reduced JPEGs are from JPEGs decoded in full, and how much faster they are.

    python tools/draft_bound.py [FILE.jpg ...]

Without files, images are drawn: a smooth one with the spectrum of photographs, noise, text-like
edges, and a fine checkerboard. Levels are of 0 to 255, after the resize to --size 64.
"""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from gan_bench.data import jpeg
from gan_bench.data.colour import Colours
from gan_bench.data.convert import convert
from gan_bench.data.opening import open_image

SIDE = 64
SIZE = (6000, 4000)  # 24 megapixels


def drawn() -> dict[str, Image.Image]:
    """Images that are easy and hard to reduce."""
    rng = np.random.default_rng(0)
    width, height = SIZE
    parts = np.zeros((height, width, 3), np.float32)
    for octave in range(2, 12):  # equal energy in each octave, as photographs have
        small = rng.normal(size=(2**octave * 2 // 3 + 1, 2**octave, 3)) * 22
        layer = Image.fromarray((small + 128).clip(0, 255).astype(np.uint8))
        parts += np.asarray(layer.resize(SIZE, Image.Resampling.BICUBIC), np.float32) - 128
    edges = np.kron(rng.integers(0, 2, (height // 20, width // 20)), np.ones((20, 20))) * 255
    board = (np.indices((height, width)).sum(0) % 2) * 255
    noise = rng.integers(0, 256, (height, width, 3))
    arrays = {"photograph": parts + 128, "edges": edges, "checkerboard": board, "noise": noise}
    return {name: Image.fromarray(a.clip(0, 255).astype(np.uint8)) for name, a in arrays.items()}


def shown(content: bytes, spare: int) -> tuple[np.ndarray, float]:
    """The pixels, and the CPU seconds they took; a spare of 0 reads the JPEG in full."""
    jpeg.SPARE = spare or 10**6
    start = time.process_time()
    opened = open_image(content, (SIDE, SIDE))
    layer = opened.decode()
    assert isinstance(layer, Image.Image)
    pixels = convert(layer, (SIDE, SIDE), Colours(), None, False)
    return pixels.astype(int), time.process_time() - start


def main() -> None:
    """Print one line for each image and spare."""
    files = {Path(name).name: Path(name).read_bytes() for name in sys.argv[1:]}
    if not files:
        for name, image in drawn().items():
            buffer = io.BytesIO()
            image.save(buffer, "JPEG", quality=90)
            files[name] = buffer.getvalue()
    print(f"{'image':<14} spare  mean  largest  times as fast")
    for name, content in files.items():
        whole, seconds = shown(content, 0)
        for spare in (1, 2, 3, 4):
            reduced, taken = shown(content, spare)
            far = np.abs(reduced - whole)
            print(
                f"{name:<14} {spare:>5}  {far.mean():4.2f}  {far.max():>7}  {seconds / taken:.1f}"
            )


if __name__ == "__main__":
    main()
