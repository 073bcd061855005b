"""The package of SDK 2.20 to 2.29: the instructions of the stand-in, and nki.benchmark, nki.simulate_kernel and nki.typing,
as documented."""

import os
import sys
from types import ModuleType, SimpleNamespace

sys.path.append(os.path.join(os.path.dirname(__file__), "..", ".."))
from shared import execute, execute_ones, misbehave, record  # noqa: E402
from standin import legacy  # noqa: E402

PRINTED = """
 B  NC  NC_USED  WEIGHTS  MODE  INF/S    IRES/S   L(1)  L(50)  L(99)  NCL(1)  NCL(50)  NCL(99)  %USER
 1   1        1  dynamic  HPFC  9950.25  9950.25    99    100    130      94       95      120   0.00
"""

MODULES = legacy.modules()
sys.modules.update({name: module for name, module in MODULES.items() if name != "neuronxcc"})
nki = MODULES["neuronxcc.nki"]


class Placeholder:
    """`nki.typing.tensor[[M, K], nl.bfloat16]`: a shape and a dtype without values."""

    def __class_getitem__(cls, item):
        made = cls()
        made.shape, made.dtype = tuple(item[0]), item[1].name
        return made


class Latency:
    def __init__(self, what):
        self.what = what

    def get_latency_percentile(self, percentile):
        if percentile not in (0, 1, 10, 25, 50, 90, 99, 100):
            raise KeyError(percentile)
        if self.what == "nan":
            return float("nan")
        if self.what == "text":
            return "95 us"
        return 900 - percentile if self.what == "falling" else 900 + percentile


def benchmark(
    kernel=None, *, warmup=10, iters=100, save_neff_name=None, save_trace_name=None, additional_compile_opt=""
):
    def decorate(function):
        def run(*arguments):
            for argument in arguments:
                assert isinstance(argument, Placeholder), "not a placeholder of nki.typing"
            shapes, dtypes = [list(a.shape) for a in arguments], [a.dtype for a in arguments]
            record(
                "nki.benchmark",
                kernel=function.__name__,
                warmup=warmup,
                iters=iters,
                shapes=shapes,
                dtypes=dtypes,
                options={"additional_compile_opt": additional_compile_opt},
            )
            what = misbehave(function)
            execute_ones(legacy, "trn1", function, shapes, dtypes)
            print(PRINTED)
            for name in filter(None, (save_neff_name, save_trace_name)):
                with open(name, "w") as file:
                    file.write(f"{function.__name__} {warmup} {iters}")
            run.benchmark_result = SimpleNamespace(nc_latency=Latency(what))

        return run

    return decorate if kernel is None else decorate(kernel)


def simulate_kernel(kernel, *arrays, **keywords):
    target = os.environ["NEURON_PLATFORM_TARGET_OVERRIDE"]
    dtypes = [str(a.dtype) for a in arrays]
    record("nki.simulate_kernel", kernel=kernel.__name__, dtypes=dtypes, target=target)
    return execute(legacy, target, kernel, arrays, keywords)


nki.benchmark, nki.simulate_kernel = benchmark, simulate_kernel
nki.typing = ModuleType("neuronxcc.nki.typing")
nki.typing.tensor = Placeholder
sys.modules["neuronxcc.nki.typing"] = nki.typing
