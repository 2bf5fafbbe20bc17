"""For images without a top: gan-bench run --plugin examples/my_augmentation.py --augment upend"""

import torch
from torch import Tensor

from gan_bench import Augmentation, hookimpl


def upend(images: Tensor, numbers: Tensor) -> Tensor:
    """Turn half of the images upside down. `numbers` (N, 1) are uniform in [0, 1)."""
    return torch.where(numbers[:, :, None, None] < 0.5, images.flip(2), images)


@hookimpl
def gan_bench_augmentations() -> list[Augmentation]:
    source = "A mirrored image is as good: for pictures from above, from microscopes, of textures."
    return [Augmentation(name="upend", source=source, draws=1, apply=upend, changes="real")]
