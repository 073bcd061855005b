/**
 * benchmark_current.py of an emitted package: the current dialect has no `nki.benchmark`, so kernels run under
 * torch-neuronx and are timed on the host, with the time that a launch takes in it.
 */
import { WRITTEN_BY } from '../dialect.ts'
import { TORCH_DEVICE } from './torch-device.ts'

export const benchmarkCurrent = (): string => `"""Latency of every kernel and baseline under torch-neuronx.

python benchmark_current.py --M 4096

For nki 0.3 to 0.6. The clock is that of the host, so that each latency has the launch in it (60 to
90 us); for the time on the NeuronCore alone, capture a profile with neuron-explorer.

${WRITTEN_BY}
"""

import time

import torch

import current
from benchmarking import PERCENTILES, main, percentile


${TORCH_DEVICE}

def measure(kernel, shapes, args):
    device, synchronize = torch_device()
    dtype = getattr(torch, args.dtype)
    tensors = [torch.randn(shape).to(dtype).to(device) for shape in shapes]
    function = getattr(current, kernel.name)
    synchronize()

    latencies = []
    for _ in range(args.warmup + args.iters):
        start = time.perf_counter()
        function(*tensors)
        synchronize()
        latencies.append((time.perf_counter() - start) * 1e6)
    timed = latencies[args.warmup :]
    return {p: percentile(timed, p) for p in PERCENTILES}


if __name__ == "__main__":
    main("Latency percentiles under torch-neuronx, launches included.", measure)
`
