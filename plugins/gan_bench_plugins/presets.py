"""Presets: what `run` takes by default, on a laptop and on a GPU."""

from __future__ import annotations

from gan_bench import Preset, Schedule, hookimpl

ARCHITECTURES = ("dcgan", "dcgan-mnist", "dense")  # those that suit the images are used
LOSSES = ("non-saturating",)
METRICS = (  # the first that fits ranks: fid and kid read inception, fd and kd other nets
    "fid",
    "fd",
    "kid",
    "kd",
    "fwd",
    "diversity",
    "ndb",
    "modes",
    "mode-kl",
    "copies",
)
NEIGHBOURS = ("precision", "recall", "density", "coverage")  # all 0 after a short training
JUDGED = ("density", "coverage", "diversity")  # not 0 on the features of a judge
TICKS = "fd-infinity"  # has hardly any bias on the few images of a tick
GAUGES = ("diversity", "spread")
RAMPUP = 0.05  # as in EDM: the average of a short training is not the network it began with
OFFLINE = "efficientnet-lite0"  # its weights come with a package


@hookimpl
def gan_bench_presets() -> list[Preset]:
    """`quick`, `standard` and `full`."""
    return [
        Preset(
            name="quick",
            source="Minutes on two CPU cores. In so few kimg G learns more from small "
            "batches at twice the usual rate.",
            devices=("cpu",),
            dataset="toonfaces",
            architectures=ARCHITECTURES,
            losses=LOSSES,
            size=32,
            schedule=Schedule(
                kimg=48, batch=16, lr_g=4e-4, lr_d=4e-4, ema_kimg=2, ema_rampup=RAMPUP
            ),
            features=(OFFLINE,),
            metrics=METRICS,
            judged=JUDGED,
            samples=2048,
            tick_samples=256,
            tick_metric=TICKS,
            gauges=GAUGES,
            engine="local",
        ),
        Preset(
            name="standard",
            source="What one GPU does in an hour; the field's FID on 10,000 samples.",
            devices=("cuda", "mps"),
            dataset="toonfaces",
            architectures=ARCHITECTURES,
            losses=LOSSES,
            size=64,
            schedule=Schedule(kimg=2000, batch=64, ema_kimg=10, ema_rampup=RAMPUP),
            features=("inception", OFFLINE),
            metrics=(*METRICS, *NEIGHBOURS),
            judged=JUDGED,
            samples=10_000,
            tick_samples=1000,
            tick_metric=TICKS,
            gauges=GAUGES,
            engine="local",
            for_score=True,
        ),
        Preset(
            name="full",
            source="What a paper reports: 128 px, FID on 50,000 samples.",
            devices=(),
            dataset="toonfaces",
            architectures=ARCHITECTURES,
            losses=LOSSES,
            size=128,
            schedule=Schedule(kimg=10_000, batch=64, ema_kimg=10, ema_rampup=RAMPUP),
            features=("inception", OFFLINE),
            metrics=(*METRICS, *NEIGHBOURS),
            judged=JUDGED,
            samples=50_000,
            tick_samples=2000,
            tick_metric=TICKS,
            gauges=GAUGES,
            engine="local",
        ),
    ]
