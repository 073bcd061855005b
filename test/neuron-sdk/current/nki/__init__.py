"""What `neuronmm bench --on device` calls of nki: nki.jit, whose kernels launch on 1 core, or with [2] on 2."""

import os
import sys

sys.path.append(os.path.join(os.path.dirname(__file__), "..", ".."))
from behaviour import misbehave  # noqa: E402


class Kernel:
    def __init__(self, function, cores=1):
        self.function, self.cores = function, cores

    def __getitem__(self, cores):
        return Kernel(self.function, cores)

    def __call__(self, *arguments):
        lnc = os.environ.get("NEURON_LOGICAL_NC_CONFIG")
        if lnc != str(self.cores):
            raise RuntimeError(f"launched on {self.cores} cores, the runtime has {lnc}")
        for argument in arguments:
            assert argument.device in ("neuron", "xla:0"), argument.device
        misbehave(self.function)
        folder = os.environ.get("NEURON_RT_INSPECT_OUTPUT_DIR")
        if folder and os.environ.get("NEURON_RT_INSPECT_ENABLE") == "1":
            inner = os.path.join(folder, "i-0123_pid_1")
            os.makedirs(inner, exist_ok=True)
            for number, size in ((1, 10), (2, 1000)):
                with open(os.path.join(inner, f"neff_{number}_vnc_0.neff"), "w") as file:
                    file.write("x" * size)


def jit(function):
    return Kernel(function)
