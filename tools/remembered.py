"""Features of a net that are kept on the disk, image by image: none is ever computed twice."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_bench.base.home import cache_dir
from gan_bench.measure.evaluator import Evaluator


def remember(evaluator: Evaluator) -> None:
    """Let an evaluator keep the features of its slowest net, which is that of the evaluation."""
    name = evaluator.protocol.evaluation.features
    if name in evaluator.nets:
        digest = evaluator.protocol.evaluation.digests[name][:16]
        net = evaluator.nets[name]
        extract = Remembered(cache_dir() / "audit" / f"{name}-{digest}", net.extract)
        evaluator.nets[name] = replace(net, extract=extract)


class Remembered:
    """f: (N, C, H, W) uint8 -> (N, F) float32, as `extract` computes it.

    An image is known by its bytes, so that sets which share images share their features, and
    another version of a corruption cannot get the features of the former one.
    """

    def __init__(self, folder: Path, extract: Callable[[Tensor], Tensor]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.extract = extract
        self.files: set[Path] = set()  # that were read
        self.rows: dict[bytes, np.ndarray] = {}  # digest of an image -> (F,), a row of a file

    def __call__(self, images: Tensor) -> Tensor:
        """The features of these images; those that are new are computed together."""
        keys = [hashlib.blake2b(image.numpy(), digest_size=16).digest() for image in images]
        if not set(keys) <= self.rows.keys():
            self._read()  # another process may have written them
        new = {key: k for k, key in enumerate(keys) if key not in self.rows}
        if new:
            self._write([*new], self.extract(images[list(new.values())]).numpy())
        return torch.from_numpy(np.stack([self.rows[key] for key in keys]))

    def _write(self, keys: list[bytes], features: np.ndarray) -> None:
        """Two files, the keys first; a name of its own, since two processes may write at once."""
        name = hashlib.blake2b(b"".join(keys), digest_size=8).hexdigest()
        np.save(self.folder / f"{name}.keys.npy", np.frombuffer(b"".join(keys), np.uint8))
        unfinished = self.folder / f"{name}.{os.getpid()}.npy"
        np.save(unfinished, features)
        unfinished.rename(self.folder / f"{name}.features.npy")
        self._read()

    def _read(self) -> None:
        """The files that are new."""
        for file in set(self.folder.glob("*.features.npy")) - self.files:
            keys = np.load(file.with_name(file.name.replace("features", "keys"))).reshape(-1, 16)
            for key, row in zip(keys, np.load(file, mmap_mode="r"), strict=True):
                self.rows[key.tobytes()] = row
            self.files.add(file)
