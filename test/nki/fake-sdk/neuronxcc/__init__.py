"""A fake of neuronx-cc: the instructions of the stand-in, `simulate_kernel`, `benchmark` and `typing`."""

import os
import sys
from types import ModuleType, SimpleNamespace

import numpy as np

from recorder import execute, record
from standin import legacy

MODULES = legacy.modules()
sys.modules.update({name: module for name, module in MODULES.items() if name != "neuronxcc"})
nki = MODULES["neuronxcc.nki"]


def simulate_kernel(kernel, *arrays, **keywords):
    target = os.environ["NEURON_PLATFORM_TARGET_OVERRIDE"]
    dtypes = [str(a.dtype) for a in arrays]
    record("nki.simulate_kernel", kernel=kernel.__name__, dtypes=dtypes, target=target)
    return execute(legacy, target, kernel, arrays, keywords)


class Placeholder:
    """`nki.typing.tensor[[shape], dtype]`: shapes alone, as nki.benchmark takes them."""

    def __class_getitem__(cls, item):
        made = cls()
        made.shape, made.dtype = tuple(item[0]), item[1]
        return made


class Latency:
    def get_latency_percentile(self, percentile):
        return {0: 10, 1: 11, 10: 12, 25: 13, 50: 15, 90: 20, 99: 30, 100: 31}[percentile]


def benchmark(warmup=10, iters=100, **options):
    def decorate(kernel):
        def call(*tensors):
            record(
                "nki.benchmark",
                kernel=kernel.__name__,
                warmup=warmup,
                iters=iters,
                shapes=[list(t.shape) for t in tensors],
                dtypes=[t.dtype.name for t in tensors],
                options=options,
            )
            arrays = [np.ones(t.shape, np.float32) for t in tensors]
            execute(legacy, "trn1", kernel, arrays, {})
            call.benchmark_result = SimpleNamespace(nc_latency=Latency())

        return call

    return decorate


nki.simulate_kernel, nki.benchmark = simulate_kernel, benchmark
nki.typing = ModuleType("neuronxcc.nki.typing")
nki.typing.tensor = Placeholder
sys.modules["neuronxcc.nki.typing"] = nki.typing
