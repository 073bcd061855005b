"""NumPy and PyTorch as candidates of the benchmark; speaks the protocol of serve.mjs.

    python serve.py numpy '{"reuse": true}'
    python serve.py torch '{"dtype": "bfloat16"}'
"""
import json
import os
import sys
import time

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what libraries print must not come between the answers


def answer(value):
    answers.write(json.dumps(value) + "\n")
    answers.flush()


class NumPy:
    """Chained np.matmul; `reuse` writes into arrays made once."""

    def __init__(self, options):
        import numpy

        self.np = numpy
        self.reuse = options.get("reuse", False)

    def matrix(self, source):
        return self.np.fromfile(source["file"], dtype=self.np.float32).reshape(source["shape"])

    def multiply(self, a, b, out):
        return self.np.matmul(a, b, out=out)

    def prepare(self, work):
        self.x = self.matrix(work["x"])
        self.chains = [[self.matrix(m) for m in chain] for chain in work["chains"]]
        rows = work["x"]["shape"][0]
        self.outs = [
            [self.np.zeros((rows, m["shape"][1]), self.np.float32) if self.reuse else None for m in chain]
            for chain in work["chains"]
        ]

    def run(self):
        self.results = []
        for chain, outs in zip(self.chains, self.outs):
            y = self.x
            for matrix, out in zip(chain, outs):
                y = self.multiply(y, matrix, out)
            self.results.append(y)

    def result(self, path):
        self.np.asarray(self.results[0], self.np.float32).tofile(path)

    def release(self):
        self.x = self.chains = self.outs = self.results = None


class Torch(NumPy):
    """Chained torch.matmul in float32 or bfloat16, X and Y float32 in both, without autograd."""

    def __init__(self, options):
        super().__init__(options)
        import torch

        self.torch = torch
        torch.set_grad_enabled(False)
        self.dtype = getattr(torch, options.get("dtype", "float32"))

    def matrix(self, source):
        return self.torch.from_numpy(super().matrix(source)).to(self.dtype)

    def multiply(self, a, b, out):
        return self.torch.matmul(a.to(self.dtype), b)

    def run(self):
        super().run()
        self.results = [y.float() for y in self.results]


def main():
    name, options = sys.argv[1], json.loads(sys.argv[2] if len(sys.argv) > 2 else "{}")
    try:
        candidate = {"numpy": NumPy, "torch": Torch}[name](options)
        answer({})
    except ImportError as error:
        answer({"error": str(error)})
        return
    for line in sys.stdin:
        request = json.loads(line)
        try:
            start = time.perf_counter()
            if request["do"] == "prepare":
                if request["work"]["product"] == "mlp":
                    raise ValueError("no MLP here")
                candidate.prepare(request["work"])
            elif request["do"] == "run":
                candidate.run()  # to warm up, as in serve.mjs
                start = time.perf_counter()
                candidate.run()
            elif request["do"] == "result":
                candidate.result(request["file"])
            else:
                candidate.release()
            answer({"milliseconds": (time.perf_counter() - start) * 1000})
        except Exception as error:  # any failure of a candidate is told to the benchmark, which leaves it out
            answer({"error": str(error).split("\n")[0]})


main()
