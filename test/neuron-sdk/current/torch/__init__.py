"""The few functions of torch that make an input. FAKE_TORCH=xla: the older torch-neuronx, on PyTorch/XLA."""

import os

float32, float16, bfloat16 = "float32", "float16", "bfloat16"


class Tensor:
    def __init__(self, shape, dtype="float32", device="cpu"):
        self.shape, self.dtype, self.device = shape, dtype, device

    def to(self, what):
        if what in (float32, float16, bfloat16):
            return Tensor(self.shape, what, self.device)
        return Tensor(self.shape, self.dtype, what)


def randn(*shape):
    return Tensor(shape)


def device(name):
    return name


if os.environ.get("FAKE_TORCH") != "xla":

    class neuron:
        @staticmethod
        def synchronize():
            pass
