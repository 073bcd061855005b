"""AWS's package nki: the instructions of the stand-in, `nki.simulate`, and `nki.jit`, whose kernels launch on 1 core, or
with [2] on 2."""

import os
import sys

sys.path.append(os.path.join(os.path.dirname(__file__), "..", ".."))
from shared import execute, execute_ones, misbehave, record  # noqa: E402
from standin import current  # noqa: E402

MODULES = current.modules()
language, isa = MODULES["nki.language"], MODULES["nki.isa"]
sys.modules.update({name: module for name, module in MODULES.items() if name != "nki"})


class Kernel:
    def __init__(self, function, cores=1):
        self.function, self.cores, self.__name__ = function, cores, function.__name__

    def __getitem__(self, cores):
        return Kernel(self.function, cores)

    def __call__(self, *arguments):
        lnc = os.environ.get("NEURON_LOGICAL_NC_CONFIG", "1")
        if lnc != str(self.cores):
            raise RuntimeError(f"launched on {self.cores} cores, the runtime has {lnc}")
        for argument in arguments:
            assert argument.device in ("neuron", "xla:0"), argument.device
        misbehave(self.function)
        shapes, dtypes = [a.shape for a in arguments], [a.dtype for a in arguments]
        execute_ones(current, "trn2", self.function, shapes, dtypes)
        folder = os.environ.get("NEURON_RT_INSPECT_OUTPUT_DIR")
        if folder and os.environ.get("NEURON_RT_INSPECT_ENABLE") == "1":
            inner = os.path.join(folder, "i-0123_pid_1")
            os.makedirs(inner, exist_ok=True)
            for number, size in ((1, 10), (2, 1000)):
                with open(os.path.join(inner, f"neff_{number}_vnc_0.neff"), "w") as file:
                    file.write("x" * size)


def jit(function):
    return Kernel(function)


def simulate(kernel):
    def call(*arrays, **keywords):
        target = os.environ["NEURON_PLATFORM_TARGET_OVERRIDE"]
        record(
            "nki.simulate",
            kernel=kernel.__name__,
            dtypes=[str(a.dtype) for a in arrays],
            target=target,
            precise=os.environ["NKI_PRECISE_FP"],
        )
        print("a line that is no result")
        return execute(current, target, kernel.function, arrays, keywords)

    return call
