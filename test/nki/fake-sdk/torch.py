"""A fake of torch: tensors are arrays that kernels of the stand-in take. FAKE_TORCH=xla: without a device of its own."""

import os
from types import SimpleNamespace

import numpy as np

from recorder import record
from standin import current
from standin.memory import DTYPES, Dtype

float32, bfloat16, float16 = DTYPES["float32"], DTYPES["bfloat16"], DTYPES["float16"]


class Tensor:
    def __init__(self, shape, dtype):
        self.shape, self.dtype = shape, dtype

    def to(self, what):
        if isinstance(what, Dtype):
            return Tensor(self.shape, what)
        record("torch.to", device=what, shape=list(self.shape), dtype=self.dtype.name)
        return current.argument(np.ones(self.shape, np.float32), self.dtype.name)


def randn(shape):
    return Tensor(shape, float32)


def device(name):
    return name


if os.environ.get("FAKE_TORCH") != "xla":
    neuron = SimpleNamespace(synchronize=lambda: record("synchronize"))
