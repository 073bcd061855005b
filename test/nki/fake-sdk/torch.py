"""A fake of torch: tensors are arrays that kernels of the stand-in take."""

import numpy as np

from recorder import record
from standin import current
from standin.memory import DTYPES

float32, bfloat16, float16 = DTYPES["float32"], DTYPES["bfloat16"], DTYPES["float16"]


class Moved:
    def __init__(self, shape, dtype):
        self.shape, self.dtype = shape, dtype

    def to(self, device):
        record("torch.to", device=device, shape=list(self.shape), dtype=self.dtype.name)
        return current.argument(np.ones(self.shape, np.float32), self.dtype.name)


def randn(shape, dtype):
    return Moved(shape, dtype)
