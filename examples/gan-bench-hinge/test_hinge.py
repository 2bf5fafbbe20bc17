import torch
from gan_bench_hinge import d_loss, g_loss


def test_logits_beyond_the_margin_cost_d_nothing() -> None:
    assert d_loss(torch.tensor([1.0, 5.0]), torch.tensor([-1.0, -5.0])) == 0
    assert d_loss(torch.tensor([0.0]), torch.tensor([0.0])) == 2


def test_g_wants_higher_logits() -> None:
    assert g_loss(None, torch.tensor([1.0, 3.0])) == -2
