# a torch tensor whose graph backward() may still go through
try:
    import torch
except ImportError:
    raise SystemExit("SKIP: torch is not installed")

weight = torch.ones(3, requires_grad=True)
loss = (weight * weight).sum()


def check():
    assert loss.item() == 3
