"""What the fake packages share: calls are lines of JSON in the file that FAKE_SDK_CALLS names."""

import json
import os

import numpy as np

from standin.chip import CHIP


def record(call, **facts):
    with open(os.environ["FAKE_SDK_CALLS"], "a", encoding="utf-8") as calls:
        calls.write(json.dumps({"call": call, **facts}) + "\n")


def execute(standin, target, kernel, arrays, keywords):
    """The kernel on a stand-in; FAKE_SDK_ERROR is added to its result."""
    CHIP.reset(target)
    tensors = [standin.argument(a.astype(np.float32), str(a.dtype)) for a in arrays]
    output = kernel(*tensors, **keywords)
    wrong = np.float32(os.environ.get("FAKE_SDK_ERROR", 0))
    return (output.data + wrong).astype(arrays[0].dtype)
