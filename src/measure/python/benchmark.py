"""Measures one emitted kernel on a NeuronCore: `benchmark.py CASE.json`, in a folder of its own.

CASE.json names the kernel's file and function, its inputs, and how often it is to be run. What was
measured, or what went wrong, goes to result.json; what the Neuron tools print is nobody's result.
"""

import importlib.util
import json
import math
import os
import sys
import time

PERCENTILES = (0, 1, 10, 25, 50, 90, 99, 100)
NEFF, TRACE = "kernel.neff", "kernel.ntff"


def load(path, name):
    """The function that a file defines."""
    spec = importlib.util.spec_from_file_location(path.removesuffix(".py"), path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # nki.jit looks for the source of the function
    spec.loader.exec_module(module)
    return getattr(module, name)


def percentiles(of):
    """By percent; None for what is not a number, which JSON cannot say otherwise."""
    times = {p: float(of(p)) for p in PERCENTILES}
    return {p: t if math.isfinite(t) else None for p, t in times.items()}


def measure_legacy(kernel, case):
    """nki.benchmark: latencies on the NeuronCore, in µs. Inputs are placeholders without values."""
    import neuronxcc.nki as nki
    import neuronxcc.nki.language as nl
    from neuronxcc.nki.typing import tensor

    options = {"warmup": case["warmup"], "iters": case["iterations"]}
    if case["target"] != "trn1":
        options["additional_compile_opt"] = "--logical-nc-config=1"
    bench = nki.benchmark(save_neff_name=NEFF, save_trace_name=TRACE, **options)(kernel)
    bench(*[tensor[list(t["shape"]), getattr(nl, t["dtype"])] for t in case["inputs"]])
    latency = bench.benchmark_result.nc_latency
    return {"clock": "nc_latency", "percentiles": percentiles(latency.get_latency_percentile)}


def measure_current(kernel, case):
    """Calls from torch-neuronx, each until the device is done, in µs on the clock of the host."""
    import torch

    device, synchronize = load("torch_device.py", "torch_device")()
    # made on the host: operations on the device would be compiled to programs of their own
    inputs = [
        torch.randn(*t["shape"]).to(getattr(torch, t["dtype"])).to(device) for t in case["inputs"]
    ]
    launch = kernel[case["cores"]] if case["cores"] > 1 else kernel
    synchronize()
    times = []
    for i in range(case["warmup"] + case["iterations"]):
        start = time.perf_counter_ns()
        launch(*inputs)
        synchronize()
        if i >= case["warmup"]:
            times.append((time.perf_counter_ns() - start) / 1000)
    times.sort()

    def nearest(p):
        return times[min(len(times) - 1, len(times) * p // 100)]

    return {"clock": "host", "percentiles": percentiles(nearest)}


def main(path):
    with open(path, encoding="utf-8") as file:
        case = json.load(file)
    measure = {"legacy": measure_legacy, "current": measure_current}[case["dialect"]]
    try:
        result = measure(load(case["file"], case["function"]), case)
    except (Exception, SystemExit) as error:
        result = {"error": f"{type(error).__name__}: {error}"}
    with open("result.json.part", "w", encoding="utf-8") as file:
        json.dump(result, file)
    os.replace("result.json.part", "result.json")


if __name__ == "__main__":
    main(sys.argv[1])
