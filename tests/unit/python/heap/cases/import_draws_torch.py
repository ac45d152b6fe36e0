# Libraries that have drawn from torch's own generator when they were imported draw the same on a
# resume: with the state in which the script, or the library before, has left it.
import os
import sys

try:
    import torch
except ImportError:
    raise SystemExit("SKIP: torch is not installed")
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support", "site-packages"))

torch.manual_seed(7)
import torch_drawer  # noqa: E402
table = list(torch_drawer.table)
torch.set_default_dtype(torch.float64)
with torch.inference_mode():
    import torch_second_drawer  # noqa: E402
second = list(torch_second_drawer.table)
torch.set_default_dtype(torch.float32)
following = torch.Generator()
following.set_state(torch.get_rng_state())


def check():
    assert torch_drawer.table == table and torch_second_drawer.table == second
    assert torch.equal(torch.get_rng_state(), following.get_state())
