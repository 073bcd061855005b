/**
 * benchmark_current.py of an emitted package: the current dialect has no `nki.benchmark`, so kernels run under
 * torch-neuronx and are timed on the host, with the time that a launch takes in it.
 */
import { WRITTEN_BY } from '../dialect.ts'

export const benchmarkCurrent = (): string => `"""Latency of every kernel and baseline under torch-neuronx.

python benchmark_current.py --M 4096

For nki 0.3 to 0.6. The clock is that of the host, so that each latency has the launch in it (60 to
90 us); for the time on the NeuronCore alone, capture a profile with neuron-explorer.

${WRITTEN_BY}
"""

import time

import torch
import torch_neuronx  # noqa: F401  (it registers the device)

import current
from benchmarking import PERCENTILES, main, percentile


def torch_device():
    """The device, and a function that waits for it: of torch itself, or of PyTorch/XLA."""
    if hasattr(torch, "neuron"):
        return torch.device("neuron"), torch.neuron.synchronize
    import torch_xla.core.xla_model as xm

    def synchronize():
        xm.mark_step()
        xm.wait_device_ops()

    return xm.xla_device(), synchronize


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
