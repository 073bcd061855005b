"""Executes emitted kernels: `execute.py FOLDER`, which holds cases.json, the kernels and inputs.bin.

Outputs are appended to outputs.bin there. Each result is a line of JSON on the standard output, after
a record separator (RFC 7464), as soon as it is there; what kernels print goes to the standard error.
"""

import ast
import json
import sys
import traceback
from pathlib import Path

import current
import legacy
import numpy as np
from memory import COUNTER, DTYPES, NkiError

STANDINS = {"legacy": legacy, "current": current}


def check_scopes(source):
    """In the legacy dialect a name that a loop assigns must not be used after that loop."""

    def names(node, context):
        found = (n for n in ast.walk(node) if isinstance(n, ast.Name))
        return {n.id for n in found if isinstance(n.ctx, context)}

    def visit(body, outer):
        known, leaked = set(outer), set()
        for node in body:
            used = leaked & names(node, ast.Load) - names(node, ast.Store)
            if used:
                raise NkiError(f"{used} is used outside of the loop that assigns it")
            if isinstance(node, ast.For):
                visit(node.body, known)
                leaked |= names(node, ast.Store) - known
            else:
                known |= names(node, ast.Store)
                leaked -= names(node, ast.Store)

    for function in ast.parse(source).body:
        if isinstance(function, ast.FunctionDef):
            visit(function.body, set())


def run(case, folder, inputs):
    standin = STANDINS[case["dialect"]]
    source = (folder / case["file"]).read_text(encoding="utf-8")
    if case["dialect"] == "legacy":
        check_scopes(source)
    arrays = []
    for tensor in case["inputs"]:
        n = int(np.prod(tensor["shape"]))
        values = inputs[tensor["offset"] : tensor["offset"] + n].reshape(tensor["shape"])
        arrays.append(standin.argument(values.copy(), tensor["dtype"]))
    COUNTER.reset()
    result = None
    cores = case.get("cores", 1)
    for core in range(cores):
        sys.modules.update(standin.modules(core, cores))
        scope = {}
        exec(compile(source, case["file"], "exec"), scope)
        y = scope[case["function"]](*arrays, **case["keywords"])
        # cores write disjoint parts of one shared tensor: here each has its own, and they are merged
        written = ~np.isnan(y.data)
        if result is None:
            result = np.full(y.shape, np.nan, np.float32)
        if (written & ~np.isnan(result)).any():
            raise NkiError("two cores write the same part of the output")
        result[written] = y.data[written]
    if np.isnan(result).any():
        raise NkiError("the output was not written everywhere")
    if y.buffer != "shared_hbm":
        raise NkiError(f"the output is in {y.buffer}")
    return result


def main(folder):
    cases = json.loads((folder / "cases.json").read_text())
    inputs = np.fromfile(folder / "inputs.bin", np.float32)
    lines, sys.stdout = sys.stdout, sys.stderr
    with open(folder / "outputs.bin", "wb") as outputs:
        for case in cases:
            try:
                result = run(case, folder, inputs)
                outcome = {
                    "shape": list(result.shape),
                    "offset": outputs.tell(),
                    "hbmReadBytes": COUNTER.read,
                    "hbmWriteBytes": COUNTER.written,
                }
                outputs.write(result.tobytes())
            except Exception as error:
                frames = traceback.extract_tb(error.__traceback__)
                at = [f", line {f.lineno}" for f in frames if f.filename == case["file"]]
                name = "" if isinstance(error, NkiError) else f"{type(error).__name__}: "
                outcome = {"error": f"{case['file']}{(at or [''])[-1]}: {name}{error}"}
            print(f"\x1e{json.dumps(outcome)}", file=lines, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
