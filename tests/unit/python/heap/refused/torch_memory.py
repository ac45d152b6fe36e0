# memory shared by a numpy array and a torch tensor
try:
    import torch
    import numpy
except ImportError:
    raise SystemExit("SKIP: torch is not installed")

array = numpy.zeros(5)
tensor = torch.from_numpy(array)


def check():
    assert tensor.sum() == array.sum() == 0
