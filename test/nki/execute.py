"""Executes emitted kernels: `execute.py FOLDER`, which holds cases.json, the kernels and inputs.bin.

Outputs are appended to outputs.bin there. Each result is a line of JSON on the standard output, after
a record separator (RFC 7464), as soon as it is there; what kernels print goes to the standard error.
"""

import json
import sys
import traceback
from pathlib import Path

import numpy as np

import aws
from standin import current, legacy
from standin.chip import CHIP, NkiError
from standin.memory import DTYPES

STANDINS = {"legacy": legacy, "current": current}
USUAL_TARGET = {"legacy": "trn1", "current": "trn2"}


def on_standin(case, path, inputs):
    """The output, and the bytes that were read from HBM and written to it."""
    standin = STANDINS[case["dialect"]]
    source = path.read_text(encoding="utf-8")
    standin.check_source(source)
    arrays = []
    for values, dtype in inputs:
        if dtype not in DTYPES:
            raise NkiError(f"the stand-ins have no {dtype}; they have {', '.join(DTYPES)}")
        arrays.append(standin.argument(values, dtype))
    result = None
    read = written = 0
    for core in range(case["cores"]):
        CHIP.reset(case["target"])
        sys.modules.update(standin.modules(core, case["cores"], case["reversed"]))
        scope = {}
        exec(compile(source, str(path), "exec"), scope)
        y = scope[case["function"]](*arrays, **case["keywords"])
        CHIP.check_capacity()
        read, written = read + CHIP.bytes_read, written + CHIP.bytes_written
        if y.buffer != "shared_hbm":
            raise NkiError(f"the output is in {y.buffer}")
        # cores write disjoint parts of one shared tensor: here each has its own, and they are merged
        if result is None:
            result = np.full(y.shape, np.nan, np.float32)
        own = ~np.isnan(y.data)
        if (own & ~np.isnan(result)).any():
            raise NkiError("two cores write the same part of the output")
        result[own] = y.data[own]
    return result, read, written


def on_aws(case, path, inputs):
    target = case["target"]
    return aws.simulate(case["dialect"], path, case, inputs, target), None, None


def run(case, folder, data):
    inputs = []
    for tensor in case["inputs"]:
        n = int(np.prod(tensor["shape"]))
        values = data[tensor["offset"] : tensor["offset"] + n].reshape(tensor["shape"])
        inputs.append((values.copy(), tensor["dtype"]))
    execute = on_standin if case["interpreter"] == "stand-in" else on_aws
    result, read, written = execute(case, folder / case["file"], inputs)
    if np.isnan(result).any():
        raise NkiError("the output was not written everywhere")
    return np.ascontiguousarray(result, np.float32), read, written


def where(error, folder):
    """The last line of an emitted file that an error passed."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f for f in frames if Path(f.filename).parent == folder]
    return f"line {lines[-1].lineno}: " if lines else ""


def main(folder):
    cases = json.loads((folder / "cases.json").read_text(encoding="utf-8"))
    data = np.fromfile(folder / "inputs.bin", np.float32)
    lines, sys.stdout = sys.stdout, sys.stderr
    with open(folder / "outputs.bin", "wb") as outputs:
        for case in cases:
            case = {"target": USUAL_TARGET[case["dialect"]], "reversed": False, **case}
            try:
                result, read, written = run(case, folder, data)
                outcome = {
                    "shape": list(result.shape),
                    "offset": outputs.tell(),
                    "hbmReadBytes": read,
                    "hbmWriteBytes": written,
                }
                outputs.write(result.tobytes())
            except Exception as error:
                kind = "" if isinstance(error, NkiError) else f"{type(error).__name__}: "
                outcome = {"error": f"{where(error, folder)}{kind}{error}"}
            print(f"\x1e{json.dumps(outcome)}", file=lines, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
