"""What the packages share: how they behave, what they were called with, and kernels executed on the numpy stand-ins.

FAKE_NEURON is WHAT, or WHAT:KERNEL for that kernel only. Calls are lines of JSON in the file that FAKE_SDK_CALLS names.
FAKE_SDK_ERROR is added to what a simulator gives.
"""

import json
import os
import signal
import sys
import time

import numpy as np

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "nki"))
from standin.chip import CHIP  # noqa: E402


def misbehave(kernel):
    """Does what a compiler or a runtime may do; returns the behaviour, if it is about the results."""
    what, _, only = os.environ.get("FAKE_NEURON", "").partition(":")
    if only and only != kernel.__name__:
        return ""
    if what == "raise":
        raise RuntimeError("[F134] neuronx-cc terminated abnormally\nsecond line")
    if what == "exit":
        sys.exit(70)
    if what == "crash":
        print("NRT: nrt_init failed, no devices", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "hang":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    if what == "vanish":
        os._exit(0)
    return what


def record(call, **facts):
    path = os.environ.get("FAKE_SDK_CALLS")
    if path:
        with open(path, "a", encoding="utf-8") as calls:
            calls.write(json.dumps({"call": call, **facts}) + "\n")


def execute(standin, target, kernel, arrays, keywords):
    """Of numpy arrays, as the simulators take them."""
    CHIP.reset(target)
    tensors = [standin.argument(a.astype(np.float32), str(a.dtype)) for a in arrays]
    output = kernel(*tensors, **keywords)
    wrong = np.float32(os.environ.get("FAKE_SDK_ERROR", 0))
    return (output.data + wrong).astype(arrays[0].dtype)


def execute_ones(standin, target, kernel, shapes, dtypes):
    """Where nobody looks at values: that the kernel runs at all."""
    CHIP.reset(target)
    ones = [np.ones(shape, np.float32) for shape in shapes]
    kernel(*[standin.argument(values, dtype) for values, dtype in zip(ones, dtypes)])
