"""The features nets: the weights they demand, what they make of images, and in which batches."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from socket import gaierror
from typing import Any
from urllib.error import URLError

import pytest
import torch
from torch import Tensor, hub
from torch_fidelity import feature_extractor_inceptionv3 as fidelity

from gan_bench import DataError, NotHere
from gan_bench_plugins import efficientnet_lite0, inception


def _images(n: int, channels: int = 3, size: int = 32) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (n, channels, size, size), dtype=torch.uint8, generator=generator)


# -- efficientnet-lite0 -------------------------------------------------------------------------


def test_efficientnet_has_the_weights_that_tables_were_made_with_and_refuses_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert efficientnet_lite0.digest(None) == efficientnet_lite0.DIGEST
    (tmp_path / "other.pth").write_bytes(b"other")
    monkeypatch.setattr(efficientnet_lite0, "weights_file", lambda: tmp_path / "other.pth")
    with pytest.raises(DataError, match=r"has the SHA-256 d9298a10d1b07358.* needs 579344248a93"):
        efficientnet_lite0.digest(None)
    monkeypatch.setattr(efficientnet_lite0, "weights_file", lambda: tmp_path / "none.pth")
    with pytest.raises(DataError, match=r"missing.* Install them again"):
        efficientnet_lite0.load("cpu")


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [28, 32, 64, 130])
def test_efficientnet_features_have_one_shape(channels: int, size: int) -> None:
    net, images = efficientnet_lite0.load("cpu"), _images(3, channels, size)
    features = net(images)
    assert (features.shape, features.dtype) == ((3, 1280), torch.float32)
    assert features.isfinite().all()
    assert features.std(0).max() > 0
    assert channels == 3 or torch.equal(features, net(images.repeat(1, 3, 1, 1)))


def test_efficientnet_repeats_itself_and_does_not_care_for_batches() -> None:
    net, images = efficientnet_lite0.load("cpu"), _images(37)
    whole = net(images)
    assert torch.equal(whole, net(images))
    pieces = torch.cat([net(part) for part in torch.split(images, 5)])
    torch.testing.assert_close(pieces, whole, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("packed", [True, False])
def test_efficientnet_with_its_layers_fused_sees_what_the_packages_own_network_sees(
    packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not packed:  # as where torch lacks the operators
        monkeypatch.setattr("gan_bench_plugins.fuse.packs", lambda: False)
    images, side = _images(16), efficientnet_lite0.SIDE
    plain: Any = efficientnet_lite0.network()
    with torch.no_grad():
        expected = plain.extract_features(efficientnet_lite0.prepared(images, side)).mean((2, 3))
    found = efficientnet_lite0.load("cpu")(images)
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()


def test_efficientnet_pads_rightly_for_the_side_that_is_used() -> None:
    """The package fixes its padding for 224 px; a network built for our side must agree."""
    from efficientnet_lite_pytorch import EfficientNet

    side = efficientnet_lite0.SIDE
    ours: Any = efficientnet_lite0.network()
    built = EfficientNet.from_name("efficientnet-lite0", image_size=side).eval()
    built.load_state_dict(ours.state_dict())
    pixels = efficientnet_lite0.prepared(_images(2), side)
    torch.testing.assert_close(ours.extract_features(pixels), built.extract_features(pixels))


# -- inception ----------------------------------------------------------------------------------


@pytest.fixture
def random_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An Inception-v3 that has learnt nothing, passed off as the original."""
    monkeypatch.setattr(fidelity, "load_state_dict_from_url", lambda *_, **__: {})
    with monkeypatch.context() as lenient:
        lenient.setattr(torch.nn.Module, "load_state_dict", lambda *_: None)
        net = fidelity.FeatureExtractorInceptionV3("inception-v3-compat", ["2048"])
    file = tmp_path / "random.pth"
    torch.save(net.state_dict(), file)
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    monkeypatch.setattr(inception, "DIGEST_STARTS", found[:8])
    return file


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(hub, "_hub_dir", str(tmp_path / "hub"))
    return tmp_path / "hub" / "checkpoints"


def _raising(error: Exception) -> Callable[..., None]:
    def download(*_: object, **__: object) -> None:
        raise error

    return download


def test_inception_wants_the_file_that_torch_fidelity_wants() -> None:
    assert fidelity.URL_INCEPTION_V3 == inception.URL
    assert inception.DIGEST_STARTS in inception.URL


def test_inception_features_are_2048_for_colour_and_grey(random_weights: Path) -> None:
    net, grey = inception.load("cpu", random_weights), _images(2, 1)
    features = net(grey)
    assert (features.shape, features.dtype) == ((2, 2048), torch.float32)
    torch.testing.assert_close(features, net(grey.repeat(1, 3, 1, 1)))
    assert features.isfinite().all()


def test_inception_with_its_layers_fused_sees_what_torch_fidelitys_own_network_sees(
    random_weights: Path,
) -> None:
    images = _images(5)
    plain = fidelity.FeatureExtractorInceptionV3(
        "inception-v3-compat", ["2048"], str(random_weights)
    )
    with torch.no_grad():
        (expected,) = plain(images)
    found = inception.load("cpu", random_weights)(images)
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()


def test_inception_without_weights_or_network_says_what_to_do(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        hub, "download_url_to_file", _raising(URLError(gaierror(-2, "Name or service")))
    )
    with pytest.raises(NotHere) as error:
        inception.digest(None)
    for part in (
        "downloaded (Name or service): fetch",
        inception.URL,
        str(empty_cache),
        "--feature-weights FILE",
    ):
        assert part in str(error.value)


def test_inception_does_not_take_another_file_for_a_missing_one(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights that came but are wrong are a fault; weights that did not come are not."""
    wrong = RuntimeError("invalid hash value")
    monkeypatch.setattr(hub, "download_url_to_file", _raising(wrong))
    with pytest.raises(DataError, match=r"is not the original .* invalid hash value") as error:
        inception.digest(None)
    assert not isinstance(error.value, NotHere)


def test_inception_weights_altered_by_one_byte_are_refused(
    random_weights: Path, empty_cache: Path
) -> None:
    content = bytearray(random_weights.read_bytes())
    content[len(content) // 2] ^= 1
    file = inception.cached_file()
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    with pytest.raises(DataError, match="is not FID") as error:
        inception.digest(None)
    assert not isinstance(error.value, NotHere)


def test_inception_weights_are_downloaded_once(
    random_weights: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def download(url: str, dst: str, *_: object, **__: object) -> None:
        asked.append(url)
        Path(dst).write_bytes(random_weights.read_bytes())

    monkeypatch.setattr(hub, "download_url_to_file", download)
    assert inception.digest(None) == inception.digest(None) == inception.digest(random_weights)
    assert asked == [inception.URL]


def test_inception_refuses_other_weights_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    other = tmp_path / "other.pth"
    other.write_bytes(b"other")
    for use in (inception.digest, partial(inception.load, "cpu")):
        with pytest.raises(DataError, match=r"d9298a10d1b07358.* is not FID"):
            use(other)
    with pytest.raises(DataError, match=r"--feature-weights .*none.pth: there is no such file"):
        inception.digest(tmp_path / "none.pth")
