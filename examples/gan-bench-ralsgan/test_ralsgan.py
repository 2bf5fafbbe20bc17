import torch
from gan_bench_ralsgan import apart, g_loss


def test_logits_that_are_1_apart_cost_nothing() -> None:
    real, fake = torch.tensor([3.0, 3.0]), torch.tensor([2.0, 2.0])
    assert apart(real, fake) == 0
    assert g_loss(real, fake) == 8


def test_equal_logits_cost_both_the_same() -> None:
    logits = torch.tensor([0.5, 0.5])
    assert apart(logits, logits) == g_loss(logits, logits) == 2
