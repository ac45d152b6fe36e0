# torch: tensors that share storages with each other and with numpy, parameters with gradients, what
# optimizers keep, generators, modes, and tensors whose graph backward() has been through.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
try:
    import numpy
    import torch
except ImportError:
    raise SystemExit("SKIP: torch is not installed")

from held import Held  # noqa: E402


def shared_storages():
    whole = torch.zeros(3, 4)
    row, column, array, storage = whole[1], whole.t()[2], whole.numpy(), whole.storage()
    part = array[2, 1:3]

    def behave():
        whole[1, 2] = 5
        part[0] = 6
        return whole.tolist(), row[2], column[1], array[1, 2], storage[6], row._base is whole

    return behave


def kinds():
    from_array = torch.from_numpy(numpy.arange(300))
    empty = torch.empty(0, 3)
    mixed = [torch.tensor(True), torch.tensor(7, dtype=torch.int8), torch.ones(2, dtype=torch.complex64)]
    return lambda: (from_array.sum(), empty.shape, mixed, from_array.resize_(2), torch.ones(1) is empty)


def training():
    own = torch.Generator().manual_seed(5)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 1))
    for parameter in net.parameters():
        parameter.data = torch.rand(parameter.shape, generator=own)
    net[0].weight.register_hook(lambda gradient: gradient * 2)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    data = torch.randn(16, 3, generator=own)
    loader = iter(torch.utils.data.DataLoader(torch.arange(10), 2, shuffle=True, generator=own))
    next(loader)

    def step():
        optimizer.zero_grad()
        loss = (net(data) ** 2).mean().sqrt()
        loss.backward()
        return loss

    step()
    optimizer.step()
    loss = step()  # its gradients are not used yet

    def behave():
        seen = [str(loss), loss.is_leaf, net[0].weight.grad.tolist()]
        for use in (loss.backward, lambda: loss.grad_fn._saved_result):
            try:
                use()
            except RuntimeError as error:
                seen.append("second time" in str(error))
        optimizer.step()
        return seen, step(), [p.tolist() for p in net.parameters()], list(loader), own.get_state().sum()

    return behave


def profiled_block():
    block = torch.autograd.profiler.record_function("block")
    block.__enter__()
    return lambda: block.__exit__(None, None, None)


held = Held(globals())
torch.manual_seed(1)
state = torch.get_rng_state().tolist()
torch.set_default_dtype(torch.float64)
no_grad = torch.no_grad()
no_grad.__enter__()


def check():
    assert torch.get_rng_state().tolist() == state
    assert torch.get_default_dtype() is torch.float64 and not torch.is_grad_enabled()
    torch.set_default_dtype(torch.float32)
    with torch.enable_grad():
        held.check()
    torch.set_default_dtype(torch.float64)
