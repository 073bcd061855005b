"""The few functions of torch that make an input. FAKE_TORCH=xla: the older torch-neuronx, on PyTorch/XLA."""

import os
import sys

sys.path.append(os.path.join(os.path.dirname(__file__), "..", ".."))
from shared import record  # noqa: E402

float32, float16, bfloat16 = "float32", "float16", "bfloat16"


class Tensor:
    def __init__(self, shape, dtype="float32", device="cpu"):
        self.shape, self.dtype, self.device = shape, dtype, device

    def to(self, what):
        if what in (float32, float16, bfloat16):
            return Tensor(self.shape, what, self.device)
        record("torch.to", device=what, shape=list(self.shape), dtype=self.dtype)
        return Tensor(self.shape, self.dtype, what)


def randn(*shape):
    """Of a shape, or of its numbers."""
    return Tensor(tuple(shape[0]) if isinstance(shape[0], (tuple, list)) else shape)


def device(name):
    return name


if os.environ.get("FAKE_TORCH") != "xla":

    class neuron:
        @staticmethod
        def synchronize():
            record("synchronize")
