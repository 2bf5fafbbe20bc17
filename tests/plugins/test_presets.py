from __future__ import annotations

from typing import NoReturn

import pytest

from gan_bench import Architecture, Dataset, Engine, Features, Loss, Metric, Preset
from gan_bench import catalogue as catalogues
from gan_bench_plugins.presets import gan_bench_presets

PRESETS = {preset.name: preset for preset in gan_bench_presets()}


@pytest.fixture(scope="module")
def loaded() -> catalogues.Catalogue:
    return catalogues.load()


def test_there_are_three_each_more_work_than_the_one_before() -> None:
    assert list(PRESETS) == ["quick", "standard", "full"]
    assert all(preset.source for preset in PRESETS.values())
    sizes = [(p.size, p.schedule.kimg, p.samples) for p in PRESETS.values()]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS.keys())
def test_every_name_of_a_preset_is_offered(preset: Preset, loaded: catalogues.Catalogue) -> None:
    named = {
        Preset: (preset.name,),
        Dataset: (preset.dataset,),
        Engine: (preset.engine,),
        Architecture: preset.architectures,
        Loss: preset.losses,
        Features: preset.features,
    }
    for kind, names in named.items():
        assert set(names) <= set(loaded.names(kind))
    assert preset.tick_metric is not None
    for name in (*preset.metrics, preset.tick_metric):  # as it stands, or completed by features
        full = {name, *(f"{name}-{net}" for net in preset.features)}
        assert full & set(loaded.names(Metric))


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS.keys())
def test_every_judge_has_the_metrics_that_a_preset_wants_of_it(
    preset: Preset, loaded: catalogues.Catalogue
) -> None:
    judges = [net.name for net in loaded.all(Features) if net.modes is not None]
    assert judges
    assert preset.judged
    full = {f"{name}-{judge}" for name in preset.judged for judge in judges}
    assert full <= set(loaded.names(Metric))


def partnered(names: tuple[str, ...], loaded: catalogues.Catalogue) -> set[str]:
    offers = [loaded.find(Metric, name) for name in names if name in loaded.names(Metric)]
    return {offer.partner for offer in offers if offer.partner is not None}


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS.keys())
def test_no_metric_is_without_the_partner_without_which_it_misleads(
    preset: Preset, loaded: catalogues.Catalogue
) -> None:
    assert partnered(preset.metrics, loaded) <= set(preset.metrics)
    assert partnered(preset.judged, loaded) <= set(preset.judged)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS.keys())
def test_the_last_features_of_a_preset_need_no_download(
    preset: Preset, loaded: catalogues.Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def network(*_: object, **__: object) -> NoReturn:
        raise AssertionError("something was downloaded")

    monkeypatch.setattr("urllib.request.urlopen", network)
    assert loaded.find(Features, preset.features[-1]).digest(None)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS.keys())
@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 28, 28)])
def test_at_least_two_architectures_suit_faces_and_digits(
    preset: Preset, shape: tuple[int, int, int], loaded: catalogues.Catalogue
) -> None:
    pairs = [loaded.find(Architecture, name) for name in preset.architectures]
    assert sum(arch.unsuited(shape) is None for arch in pairs) >= 2


@pytest.mark.parametrize(
    ("device", "name"), [("cpu", "quick"), ("cuda", "standard"), ("mps", "standard")]
)
def test_each_device_has_one_preset_unasked(device: str, name: str) -> None:
    assert [preset.name for preset in PRESETS.values() if device in preset.devices] == [name]
