"""DCGAN with labels, and DCGAN with noise that fades."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from gan_bench import Architecture, Shape
from gan_bench.train.pair import build_pair
from gan_bench_plugins import cdcgan, dcgan, dcgan_noise

PAIRS = {arch.name: arch for arch in cdcgan.gan_bench_architectures()}
(NOISY,) = dcgan_noise.gan_bench_architectures()
PLAIN = next(arch for arch in dcgan.gan_bench_architectures() if arch.name == "dcgan")
SHAPE = (3, 16, 16)
K = 5


def built(arch: Architecture, shape: Shape = SHAPE) -> tuple[nn.Module, nn.Module]:
    """G and D in eval mode, after the checks that every pair has to pass."""
    pair = build_pair(arch, shape, classes=K if arch.conditional else None)
    return pair.G.eval(), pair.D.eval()


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 28, 28), (3, 32, 48)])
@pytest.mark.parametrize("name", PAIRS)
def test_a_conditional_pair_makes_images_and_logits_of_each_class(name: str, shape: Shape) -> None:
    assert PAIRS[name].conditional
    assert PAIRS[name].unsuited(shape) is None
    G, D = built(PAIRS[name], shape)
    y = torch.arange(K)
    images = G(torch.randn(K, 128), y)
    output = D(images, y)
    assert images.shape == (K, *shape)
    assert output.logits.shape == (K,)
    assert output.features is not None
    assert (None if output.classes is None else output.classes.shape) == (
        (K, K) if name == "acgan" else None
    )
    total = output.logits.sum() + (0 if output.classes is None else output.classes.sum())
    total.backward()
    for parameter in (*G.parameters(), *D.parameters()):
        assert parameter.grad is not None
        assert parameter.grad.isfinite().all()


@pytest.mark.parametrize("name", PAIRS)
def test_the_class_changes_the_image_and_the_logit_of_a_d_that_reads_it(name: str) -> None:
    G, D = built(PAIRS[name])
    with torch.no_grad():
        images = G(torch.randn(1, 128).expand(K, -1), torch.arange(K))
        logits = D(images[:1].expand(K, -1, -1, -1), torch.arange(K)).logits
    assert len(images.flatten(1).unique(dim=0)) == K
    assert len(logits.unique()) == (1 if name == "acgan" else K)


def test_projection_adds_the_inner_product_with_the_embedding_of_the_class() -> None:
    _, D = built(PAIRS["cdcgan-projection"])
    x, y = torch.randn(K, *SHAPE), torch.arange(K)
    with torch.no_grad():
        with_class, without = D(x, y), D.D(x)
    summed = without.features.sum((2, 3))
    added = torch.stack([D.e.weight[k] @ summed[k] for k in range(K)])
    assert torch.allclose(with_class.logits - without.logits, added, atol=1e-5)
    assert added.abs().min() > 0


def test_all_conditional_pairs_begin_with_the_same_g_and_cost_little_more_than_dcgan() -> None:
    sizes: dict[str, Any] = {}
    for name, arch in PAIRS.items():
        G, D = built(arch)
        sizes[name] = sum(each.numel() for each in D.parameters())
        assert torch.equal(G.e.weight, built(PAIRS["cdcgan"])[0].e.weight)
    plain = sum(each.numel() for each in built(PLAIN)[1].parameters())
    assert all(plain < size < 1.1 * plain for size in sizes.values())


def test_a_size_that_they_do_not_make_is_answered_with_sizes_that_they_do() -> None:
    reason = PAIRS["acgan"].unsuited((3, 100, 100))
    assert reason is not None
    assert reason.startswith("acgan makes no images of 100 px")
    assert reason.endswith("try --size 96 or --size 112")


@pytest.mark.parametrize("arch", [*PAIRS.values(), NOISY], ids=lambda arch: arch.name)
def test_each_says_where_it_is_from_and_how_it_departs(arch: Architecture) -> None:
    for part in ("arXiv", "Departures: ", "1511.06434"):
        assert part in arch.source


# Noise


def test_noise_begins_at_a_tenth_and_ends_at_zero() -> None:
    assert NOISY.anneal is not None
    G, D = built(NOISY)
    sigmas = [float(D.get_buffer("sigma"))]
    for progress in (0.0, 0.5, 1.0):
        NOISY.anneal(G, D, torch.tensor(progress))
        sigmas.append(float(D.get_buffer("sigma")))
    assert sigmas == pytest.approx([0.1, 0.1, 0.05, 0])


def test_d_sees_the_image_with_noise_of_that_deviation_and_dcgan_is_what_is_left() -> None:
    _, D = built(NOISY)
    seen: list[torch.Tensor] = []
    D.D.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    x = torch.zeros(8, *SHAPE)
    with torch.no_grad():
        noisy = D(x).logits
        D.get_buffer("sigma").zero_()
        clear = D(x).logits
    assert seen[0].std().item() == pytest.approx(0.1, rel=0.05)
    assert not seen[1].any()
    assert len(noisy.unique()) == 8
    assert torch.equal(clear, built(PLAIN)[1](x).logits)
