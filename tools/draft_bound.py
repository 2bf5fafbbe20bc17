"""Print how far reduced JPEGs are from JPEGs decoded in full, and how much faster they are.

    python tools/draft_bound.py [FILE.jpg ...]

Without files, images are drawn: one with the spectrum of photographs, hard edges, a fine
checkerboard, and noise. For each factor of 2, 4 and 8 the set's side is the largest for which the
reduced JPEG still has SPARE times that side. Levels are of 0 to 255.
"""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from gan_bench.data.decoding import jpeg
from gan_bench.data.decoding.colour import Colours
from gan_bench.data.decoding.convert import Look, convert
from gan_bench.data.decoding.opening import open_image

SIZE = (6000, 4000)  # 24 megapixels


def drawn() -> dict[str, bytes]:
    """Images that are easy and hard to reduce, as JPEGs."""
    rng = np.random.default_rng(0)
    width, height = SIZE
    parts = np.full((height, width, 3), 128, np.float32)
    for octave in range(1, 10):  # finer detail has less contrast, as in photographs
        small = 128 + rng.normal(size=(2**octave, 3 * 2**octave // 2, 3)) * 60 * 0.75**octave
        layer = Image.fromarray(small.clip(0, 255).astype(np.uint8))
        parts += np.asarray(layer.resize(SIZE, Image.Resampling.BICUBIC), np.float32) - 128
    edges = np.kron(rng.integers(0, 2, (height // 20, width // 20)), np.ones((20, 20))) * 255
    board = (np.indices((height, width)).sum(0) % 2) * 255
    noise = rng.integers(0, 256, (height, width, 3))
    arrays = {"photograph": parts, "edges": edges, "checkerboard": board, "noise": noise}
    return {name: packed(array.clip(0, 255).astype(np.uint8)) for name, array in arrays.items()}


def packed(pixels: np.ndarray) -> bytes:
    """A JPEG as cameras write them."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def shown(content: bytes, side: int, spare: int) -> tuple[np.ndarray, float]:
    """The pixels, and the CPU seconds they took; without a spare the JPEG is read in full."""
    jpeg.SPARE = spare or 10**6
    start = time.process_time()
    opened = open_image(content, (side, side))
    layer = opened.decode()
    assert isinstance(layer, Image.Image)
    pixels = convert(layer, Look((side, side), alpha=False, area=opened.area), Colours())
    return pixels.astype(int), time.process_time() - start


def main() -> None:
    """Print one line for each image, spare and factor, and the times at a side of 64."""
    files = {Path(name).name: Path(name).read_bytes() for name in sys.argv[1:]} or drawn()
    print(f"{'image':<14} spare  factor  side  mean  largest")
    for name, content in files.items():
        with Image.open(io.BytesIO(content)) as image:
            short = min(image.size)
        for spare in (1, 2, 3, 4):
            for factor in (2, 4, 8):
                side = short // (factor * spare)
                whole, reduced = (shown(content, side, each)[0] for each in (0, spare))
                far = np.abs(reduced - whole)
                about = f"{spare:>5}  {factor:>6}  {side:>4}  {far.mean():4.2f}  {far.max():>7}"
                print(f"{name:<14} {about}", flush=True)
    print(f"{'image':<14} MB    full (s)  reduced (s)  times as fast")
    for name, content in files.items():
        whole_s, reduced_s = (min(shown(content, 64, s)[1] for _ in range(3)) for s in (0, 3))
        size = f"{len(content) / 1e6:<4.1f}"
        print(f"{name:<14} {size}  {whole_s:8.2f}  {reduced_s:11.3f}  {whole_s / reduced_s:.1f}")


if __name__ == "__main__":
    main()
