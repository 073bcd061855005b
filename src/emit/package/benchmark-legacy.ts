/** benchmark_legacy.py of an emitted package: `nki.benchmark`, whose latencies are those of the NeuronCore alone. */
import { WRITTEN_BY } from '../dialect.ts'

export const benchmarkLegacy =
  (): string => `"""Latency of every kernel and baseline on one NeuronCore, by nki.benchmark.

python benchmark_legacy.py --M 4096

For neuronxcc.nki of SDK 2.23 to 2.29. Inputs are placeholders: nki.benchmark does not use values.
Kernels run on one physical core, which on Trn2 takes --compile-opt=--logical-nc-config=1.

${WRITTEN_BY}
"""

import neuronxcc.nki as nki
import neuronxcc.nki.language as nl
from neuronxcc.nki.typing import tensor

import legacy
from benchmarking import PERCENTILES, main


def measure(kernel, shapes, args):
    dtype = getattr(nl, args.dtype)
    options = {"warmup": args.warmup, "iters": args.iters}
    if args.compile_opt:
        options["additional_compile_opt"] = args.compile_opt
    benchmarked = nki.benchmark(**options)(getattr(legacy, kernel.name))
    benchmarked(*(tensor[list(shape), dtype] for shape in shapes))
    latency = benchmarked.benchmark_result.nc_latency
    return {p: latency.get_latency_percentile(p) for p in PERCENTILES}


if __name__ == "__main__":
    main("Latency percentiles on one NeuronCore, as nki.benchmark gives them.", measure)
`
