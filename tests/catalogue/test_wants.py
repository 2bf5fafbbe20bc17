"""What an architecture or a loss may want of the schedule, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from gan_bench import Loss, UsageError
from gan_bench import catalogue as catalogues
from gan_bench.contract.usable import check_fields
from given import Install


def loss(wants: Any) -> Loss:
    return Loss(name="critic", source="a test", d_loss=max, g_loss=max, wants=wants)


@pytest.mark.parametrize(
    "wants", [{}, {"d_steps": 5, "betas": (0, 0.9)}, {"lr_decay": "linear", "ema_kimg": 0}]
)
def test_fields_of_a_recipe_are_taken(wants: dict[str, Any]) -> None:
    check_fields("loss", loss(wants))


@pytest.mark.parametrize(
    "wants",
    [
        *({field: value} for field, value in (("kimg", 3), ("batch", 8), ("ticks", 3))),
        *({field: value} for field, value in (("precision", "fp32"), ("augment", ()))),
        *({"d_steps": value} for value in (0, 2.5, "5", True, object())),
        {"betas": (0.5, 1)},
        {"d_step": 5},
        "d_steps",
        None,
    ],
)
def test_all_else_is_refused(wants: Any) -> None:
    with pytest.raises(UsageError, match="must be a mapping of some of lr_g, lr_d, betas, d_step"):
        check_fields("loss", loss(wants))


def test_an_optimizer_that_nobody_offers_is_refused(install: Install) -> None:
    install(
        "gan-bench-critic",
        "from gan_bench import Loss, hookimpl\n"
        "@hookimpl\ndef gan_bench_losses():\n"
        "    return [Loss(name='critic', source='', d_loss=max, g_loss=max, wants=WANTS)]\n"
        "WANTS = {'optimizer': 'lion'}\n",
    )
    known = catalogues.load()
    assert "critic" not in known.names(Loss)
    said = "the loss 'critic' has 'lion' in its wants, and nothing is called so"
    assert any(said in str(each) for each in known.broken)
