"""Emitted kernels on AWS's own simulators, where they are installed.

`nki.simulate(kernel)(arrays)` for the current dialect (NKI CPU simulator guide), and for the legacy one
`neuronxcc.nki.simulate_kernel(kernel, arrays)`. Neither counts bytes, nor models capacity.
"""

import importlib.util
import os
import sys

import numpy as np


def module_of(path):
    """Both packages read the source of a kernel, so that it must come from a file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def numpy_dtype(name, language):
    """numpy has no bfloat16; both packages bring one along."""
    if name != "bfloat16":
        return np.dtype(name)
    try:
        from ml_dtypes import bfloat16
    except ImportError:
        bfloat16 = language.bfloat16
    return np.dtype(bfloat16)


def simulate(dialect, path, case, inputs, target):
    """The output as float32."""
    os.environ["NEURON_PLATFORM_TARGET_OVERRIDE"] = target
    # dtypes as the hardware has them: the default since nki 0.4
    os.environ["NKI_PRECISE_FP"] = "1"
    if dialect == "legacy":
        import neuronxcc.nki as nki
        import neuronxcc.nki.language as nl
    else:
        import nki
        import nki.language as nl
    arrays = [values.astype(numpy_dtype(dtype, nl)) for values, dtype in inputs]
    kernel = getattr(module_of(path), case["function"])
    if dialect == "legacy":
        output = nki.simulate_kernel(kernel, *arrays, **case["keywords"])
    else:
        launched = kernel if case["cores"] == 1 else kernel[case["cores"]]
        output = nki.simulate(launched)(*arrays, **case["keywords"])
    return np.asarray(output).astype(np.float32)
