"""An exported generator makes the same images in the program that it is for."""

from __future__ import annotations

import io
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch

import tiny_plugin
from gan_bench import GanBenchError, NotHere, generator
from gan_bench.train.export import exported
from gan_bench.train.generator import Generator
from trained import CONDITIONAL, NOISY, write_trained

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def G(tmp_path: Path) -> Generator:
    return generator(write_trained(tmp_path, "embedding", CONDITIONAL, 3))


def inputs(G: Generator, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    return G.z(count, seed=9), torch.arange(count) % 3


def test_torchscript_needs_no_plugin_and_says_its_z(G: Generator) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # torch's own warnings are not shown to the user
        content = exported(G, "torchscript")
    extra: dict[str, Any] = {"gan_bench": ""}
    loaded = torch.jit.load(io.BytesIO(content), _extra_files=extra)  # type: ignore[no-untyped-call]
    for count in (1, 11):
        assert torch.allclose(loaded(*inputs(G, count)), G(*inputs(G, count)), atol=1e-5)
    about = json.loads(extra["gan_bench"])
    assert (about["z_dim"], about["classes"], about["shape"]) == (8, 3, "3x8x8")


def test_onnx_makes_the_same_images_for_any_number_of_them(
    G: Generator, capfd: pytest.CaptureFixture[str]
) -> None:
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        content = exported(G, "onnx")
    assert capfd.readouterr() == ("", "")
    session = runtime.InferenceSession(content)
    assert [each.name for each in session.get_inputs()] == ["z", "labels"]
    assert json.loads(session.get_modelmeta().custom_metadata_map["gan_bench"])["z_dim"] == 8
    for count in (1, 11):
        z, labels = inputs(G, count)
        (made,) = session.run(["images"], {"z": z.numpy(), "labels": labels.numpy()})
        assert torch.allclose(torch.from_numpy(made), G(z, labels), atol=1e-5)


def test_safetensors_is_read_back_by_generator(tmp_path: Path) -> None:
    G = generator(write_trained(tmp_path, best=True), best=True)
    path = tmp_path / "best.safetensors"
    path.write_bytes(exported(G, "safetensors"))
    again = generator(path, plugins=[tiny_plugin.PATH])
    assert again.kimg == 0.5
    assert torch.equal(again(G.z(3)), G(G.z(3)))


def test_a_generator_that_draws_noise_is_refused_where_nothing_can_be_compared(
    tmp_path: Path,
) -> None:
    G = generator(write_trained(tmp_path, "noisy", NOISY))
    with pytest.raises(GanBenchError, match="draws noise of its own"):
        exported(G, "torchscript")
    assert exported(G, "safetensors")


def test_a_file_with_other_images_is_refused(tmp_path: Path) -> None:
    """Tracing keeps one side of an `if`, here that for positive z."""

    class Forked(torch.nn.Module):
        def forward(self, z: torch.Tensor) -> torch.Tensor:
            return z[:, :3, None, None].tanh() * (1 if len(z) == 2 else -1)

    G = generator(write_trained(tmp_path))
    G.network = Forked()
    with pytest.raises(GanBenchError, match="makes other images than the generator"):
        exported(G, "torchscript")


def test_a_generator_that_torch_cannot_trace_is_refused_in_one_sentence(tmp_path: Path) -> None:
    class Untraceable(torch.nn.Module):
        def forward(self, z: torch.Tensor) -> torch.Tensor:
            made = z[:, :3, None, None].tanh()
            return made if len(z) != 2 else made.view(2, 3, 1).view(-1)[:3].expand(4, 3)

    G = generator(write_trained(tmp_path))
    G.network = Untraceable()
    with pytest.raises(GanBenchError, match=r"^tiny / hinge / seed0 cannot be exported to torchs"):
        exported(G, "torchscript")


def test_without_the_packages_one_sentence_says_what_to_install(
    G: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(NotHere, match=r"onnxruntime is needed: pip install 'gan-bench\[onnx\]'"):
        exported(G, "onnx")
