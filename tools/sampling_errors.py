"""Check sampling errors, and the test of two networks, against many samplings of toonfaces.

`python tools/sampling_errors.py errors` prints the table of docs/metrics.md,
`python tools/sampling_errors.py similarity` that of docs/statistics.md. Both take minutes of
one core. Needs the package (`pip install -e .`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import click
import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from gan_bench import Architecture, Dataset, Metric, Samples
from gan_bench import catalogue as catalogues
from gan_bench.base import rng
from gan_bench.base.text import number, percent
from gan_bench.catalogue import Catalogue
from gan_bench.measure.evaluator import Evaluator
from gan_bench.report.similarity import Network, z_score
from gan_bench.results.influence import ImageTerms
from gan_bench.run.plan import make_plan
from gan_bench.run.request import Request
from gan_bench_plugins import efficientnet_lite0
from gan_bench_plugins.toonfaces import SEED, render
from markdown_rows import print_head, print_row

NET = "efficientnet-lite0"
SIDE, BATCH = 32, 250
NEW = 1_000_000  # the first face that is in no split
METRICS = (f"fd-{NET}", f"kd-{NET}", "diversity", "precision", "recall", "density", "coverage")
GENERATOR = click.option(
    "--generator",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="generator.safetensors of a cell on 32 px toonfaces: the poor network.",
)
SHARES = (0.0, 0.05, 0.1, 0.2)  # of images from the other network, in one of two samplings
POOL = click.option(
    "--pool",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("pool"),
    help="Folder in which the features of the images are kept.",
)


@click.group()
def tables() -> None:
    """Sampling errors against the truth."""
    torch.set_num_threads(1)


@tables.command()
@GENERATOR
@POOL
@click.option("--samples", "counts", multiple=True, type=int, default=(512, 2048))
@click.option("--draws", default=60, help="Samplings whose standard deviation is the truth.")
@click.option("--stated", default=8, help="Samplings whose errors are computed.")
def errors(generator: Path, pool: Path, counts: tuple[int, ...], draws: int, stated: int) -> None:
    """Compare the errors that metrics state with the spread of scores of new samplings."""
    head = "n", "spread of scores", "stated error", "ratio", "it varies by"
    print_head("images", "metric", *head, words=2)
    for n in counts:
        evaluator = _evaluator(n)
        for name, rows in _pools(generator, pool).items():
            true, said = _errors(evaluator, rows, n, draws, stated)
            for metric in METRICS:
                _print_errors(name, n, metric, true[metric], np.array(said[metric]))


def _errors(
    evaluator: Evaluator, rows: np.ndarray, n: int, draws: int, stated: int
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """The true standard error of each metric, and the stated ones."""
    specs, drawn = evaluator.protocol.evaluation.metrics, _draws(rows, n)
    values = [evaluator.values(specs, {NET: next(drawn)}) for _ in range(draws)]
    measured = [evaluator.measure_features(specs, {NET: next(drawn)}).scores for _ in range(stated)]
    # n of a finite pool vary less than n of all images
    finite = math.sqrt(1 - n / len(rows))
    return (
        {m: float(np.std([each[m] for each in values], ddof=1)) / finite for m in METRICS},
        {m: [scores[m].error or 0.0 for scores in measured] for m in METRICS},
    )


def _draws(rows: np.ndarray, n: int) -> Iterator[np.ndarray]:
    """n of the rows at a time, drawn without replacement."""
    random = np.random.default_rng(0)
    while True:
        order = random.permutation(len(rows))
        yield from (rows[part] for part in np.split(order[: len(rows) // n * n], len(rows) // n))


def _print_errors(name: str, n: int, metric: str, truth: float, stated: np.ndarray) -> None:
    mean = math.sqrt(np.mean(np.square(stated)))
    ratio = f"{mean / truth:.2f}" if truth else "–"
    spread = percent(float(np.std(stated) / mean)) if mean else "–"
    print_row(name, metric, f"{n:,}", number(truth, 3), number(mean, 3), ratio, spread)


@tables.command()
@GENERATOR
@POOL
@click.option("--samples", default=512)
@click.option("--trials", default=200)
def similarity(generator: Path, pool: Path, samples: int, trials: int) -> None:
    """How often the test calls two networks different: equal ones, and slightly different ones."""
    pools = _pools(generator, pool)
    perfect, poor = pools.values()
    metric = catalogues.load().find(Metric, f"kd-{NET}")
    head = "share of the other's", "n", "trials", "mean z", "sd of z", "called different"
    print_head("network", *head)
    for (title, own, other), share in product(
        (("real images", perfect, poor), ("the generator", poor, perfect)), SHARES
    ):
        drawn = np.random.default_rng(0)
        z_scores = np.array(
            [_trial(metric, perfect, own, other, share, samples, drawn) for _ in range(trials)]
        )
        called = float(np.mean(np.abs(z_scores) > 1.96))
        error = math.sqrt(called * (1 - called) / trials)
        shown = f"{100 * called:.1f} ± {100 * error:.1f} %"
        spread = number(float(np.std(z_scores)), 2)
        mean = number(float(z_scores.mean()), 2)
        print_row(title, percent(share), f"{samples:,}", trials, mean, spread, shown)


def _trial(
    metric: Metric,
    real: np.ndarray,
    own: np.ndarray,
    other: np.ndarray,
    share: float,
    n: int,
    drawn: np.random.Generator,
) -> float:
    """z of two samplings of a network, in one of which a share is from the other network."""
    rows = drawn.permutation(len(own))[: 2 * n]
    reference = real[drawn.permutation(len(real))[:n]]
    pure, mixed = own[rows[:n]], own[rows[n:]].copy()
    count = round(share * n)
    mixed[:count] = other[drawn.permutation(len(other))[:count]]
    return z_score(_network(metric, reference, mixed), _network(metric, reference, pure)) or 0.0


def _network(metric: Metric, real: np.ndarray, fake: np.ndarray) -> Network:
    assert metric.influence is not None
    samples = Samples(real=real, fake=fake)
    terms = metric.influence(samples)
    assert terms.real is not None
    kept = ImageTerms(metric=metric.name, real=tuple(terms.real), fake=tuple(terms.fake))
    return Network("", 0, metric.compute(samples), kept)


# -- images and their features ------------------------------------------------------------------


def _evaluator(samples: int) -> Evaluator:
    known = catalogues.load()
    request = Request(
        data="toonfaces", size=SIDE, samples=samples, features=(NET,), metrics=METRICS, device="cpu"
    )
    planned = make_plan(request, known)
    dataset = known.find(Dataset, "toonfaces")
    return Evaluator(known, planned.plan.protocol, dataset, planned.prepared, "cpu")


def _pools(generator: Path, pool: Path) -> dict[str, np.ndarray]:
    """Features of 20,000 faces drawn anew, and of 10,000 images of the generator."""
    pool.mkdir(exist_ok=True)
    return {
        "real images": _kept(pool / "perfect.npy", 20_000, _faces),
        "the generator": _kept(pool / "poor.npy", 10_000, _images_of(generator, catalogues.load())),
    }


def _kept(path: Path, count: int, images: Callable[[int], np.ndarray]) -> np.ndarray:
    if not path.exists():
        net = efficientnet_lite0.load("cpu", None)
        batches = (torch.from_numpy(images(start)) for start in range(0, count, BATCH))
        np.save(path, torch.cat([net(batch) for batch in batches]).numpy())
    return np.asarray(np.load(path))


def _faces(start: int) -> np.ndarray:
    return render(SEED, NEW + np.arange(start, start + BATCH), SIDE)


def _images_of(generator: Path, known: Catalogue) -> Callable[[int], np.ndarray]:
    """The images of z that no training uses, in uint8."""
    with safe_open(generator, "pt") as opened:
        about = json.loads(opened.metadata()["gan_bench"])
    offer = known.find(Architecture, about["architecture"])
    G = offer.generator((3, SIDE, SIDE))
    G.load_state_dict(load_file(generator))
    G.eval()

    @torch.no_grad()
    def images(start: int) -> np.ndarray:
        z = torch.from_numpy(rng.normal(0, "z-pool", BATCH, offer.z_dim, start))
        return ((G(z) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).numpy()

    return images


if __name__ == "__main__":
    tables()
