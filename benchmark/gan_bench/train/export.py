"""A trained generator as a file for other programs, checked to make the same images."""

from __future__ import annotations

import io
import logging
import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, Literal

import torch
from torch import Tensor

from gan_bench.base.text import number
from gan_bench.contract.errors import GanBenchError, NotHere
from gan_bench.train.generator import Generator
from gan_bench.train.generator_file import ENTRY, About, file_of

To = Literal["onnx", "torchscript", "safetensors"]
TOLERANCE = 1e-5  # between the images of the generator and those of the file, in [-1, 1]
TRIED = 5  # images that are compared
TRACED = 2  # images that an exporter sees
Made = Callable[..., Tensor]  # z, and labels if G is conditional -> images


def exported(G: Generator, to: To) -> bytes:
    """The file. Its input is z (N, z_dim), and labels (N,) if G is conditional, for any N.

    Its output is images (N, C, H, W) in [-1, 1]. Raises NotHere if the package that writes it is
    missing, and GanBenchError if it cannot be written or its images differ from those of G.
    """
    if to == "safetensors":
        return file_of(G.network.state_dict(), _about(G))
    _refuse_noise(G)
    try:
        content, made = {"onnx": _onnx, "torchscript": _torchscript}[to](G)
        apart = _apart(G, made)
    except NotHere:
        raise
    except Exception as error:  # torch, onnxscript and onnxruntime each raise their own
        why = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise GanBenchError(
            f"{G.label} cannot be exported to {to} ({why}): export it --to safetensors"
        ) from error
    if not apart <= TOLERANCE:
        raise GanBenchError(
            f"the {to} file of {G.label} makes other images than the generator (up to "
            f"{number(apart, 2)} apart, in a range of 2): nothing is written; export it "
            "--to safetensors"
        )
    return content


def _torchscript(G: Generator) -> tuple[bytes, Made]:
    buffer = io.BytesIO()
    with _quiet(), torch.no_grad():
        traced: Any = torch.jit.trace(G.network, _inputs(G, TRACED), check_trace=False)  # type: ignore[no-untyped-call]
        text = _about(G).model_dump_json(exclude_defaults=True)
        torch.jit.save(traced, buffer, _extra_files={ENTRY: text})
        buffer.seek(0)
        loaded = torch.jit.load(buffer)  # type: ignore[no-untyped-call]
    return buffer.getvalue(), loaded


def _onnx(G: Generator) -> tuple[bytes, Made]:
    try:
        import onnxruntime
        import onnxscript  # noqa: F401 - torch's exporter imports it
    except ImportError as error:
        raise NotHere(
            f"to write ONNX, {error.name} is needed: pip install 'gan-bench[onnx]'"
        ) from error
    names = ["z", "labels"][: len(_inputs(G, TRACED))]
    with _quiet(), torch.no_grad():
        program = torch.onnx.export(
            G.network,
            _inputs(G, TRACED),
            dynamo=True,
            input_names=names,
            output_names=["images"],
            dynamic_shapes=tuple({0: torch.export.Dim("N")} for _ in names),
            verbose=False,
        )
    if program is None:
        raise GanBenchError(f"torch's exporter wrote no ONNX for {G.label}")
    document = program.model_proto
    entry = document.metadata_props.add()
    entry.key, entry.value = ENTRY, _about(G).model_dump_json(exclude_defaults=True)
    content = document.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])

    def made(*inputs: Tensor) -> Tensor:
        given = {name: each.numpy() for name, each in zip(names, inputs, strict=True)}
        return torch.from_numpy(session.run(None, given)[0])

    return content, made


def _refuse_noise(G: Generator) -> None:
    """GanBenchError if G draws random numbers: no file of it could be compared with it."""
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        before = torch.get_rng_state()
        G(*_inputs(G, TRIED))
        if not torch.equal(torch.get_rng_state(), before):
            raise GanBenchError(
                f"{G.label} draws noise of its own, so that nothing can tell whether the file "
                "makes the same images: export it --to safetensors"
            )


def _apart(G: Generator, made: Made) -> float:
    """How far the images of the file are from those of G, at most; infinitely if not as many."""
    inputs = _inputs(G, TRIED)
    with torch.no_grad(), _quiet():
        images, expected = made(*inputs), G(*inputs)
    if images.shape != expected.shape:
        return math.inf
    return float((images - expected).abs().max())


def _inputs(G: Generator, count: int) -> tuple[Tensor, ...]:
    z = G.z(count)
    return (z,) if G.classes is None else (z, torch.arange(count) % G.classes)


def _about(G: Generator) -> About:
    return About(
        architecture=G.architecture,
        z_dim=G.z_dim,
        shape=G.shape,
        classes=G.classes,
        kimg=G.kimg,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what torch says of its exporters: TorchScript is deprecated, but still read."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
