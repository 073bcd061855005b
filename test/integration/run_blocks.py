"""Executes the Python blocks of docs/integration.md: `run_blocks.py NKI FOLDER`.

NKI is test/nki, where kernels are executed. FOLDER holds the blocks as block_N.py and the emitted kernels as
KERNEL.py; what the blocks define is held against numpy.
"""

import sys
from pathlib import Path

NKI, FOLDER = Path(sys.argv[1]), Path(sys.argv[2])
sys.path.insert(0, str(NKI))

import frameworks  # noqa: E402
import numpy as np  # noqa: E402
from execute import on_standin  # noqa: E402
from frameworks import PARALLEL, tensor  # noqa: E402

RANDOM = np.random.default_rng(0)


class Kernel:
    """An emitted kernel, called as a framework would call it."""

    def __init__(self, name, cores=1):
        self.name, self.cores = name, cores

    def __getitem__(self, cores):
        return Kernel(self.name, cores)

    def __call__(self, *arguments):
        case = {"dialect": "current", "function": self.name, "cores": self.cores, "keywords": {}}
        case.update(target="trn2", reversed=False)
        inputs = [(np.array(a, np.float32), "float32") for a in arguments]
        output, _, _ = on_standin(case, FOLDER / f"{self.name}.py", inputs)
        return tensor(output)


def integers(*shape):
    return tensor(RANDOM.integers(-2, 3, shape))


def normal(*shape):
    return tensor(RANDOM.normal(0, 1 / np.sqrt(shape[0]), shape))


def equal(what, result, expected, exact=True):
    error = np.abs(np.asarray(result) - np.asarray(expected)).max()
    limit = 0 if exact else 1e-5 * np.abs(expected).max()
    assert result.shape == expected.shape and error <= limit, f"{what}: off by {error}"


def check_torch(LowRankLinear, **_):
    for tokens in (3, 100):
        down, up = integers(40, 200), integers(150, 40)
        layer = LowRankLinear(frameworks.SimpleNamespace(weight=down), frameworks.SimpleNamespace(weight=up))
        x = integers(2, tokens, 200)
        equal(f"LowRankLinear, {tokens} tokens", layer(x), np.asarray(x) @ down.T @ up.T)


def check_jax(low_rank, **_):
    x, u, v = integers(70, 90), integers(90, 30), integers(30, 50)
    equal("low_rank", low_rank(x, u, v), np.asarray(x) @ u @ v)


def check_shard_map(column_parallel, row_parallel, **_):
    x, u, v = integers(70, 90), integers(90, 30), integers(30, 53)
    for ranks in (2, 4):
        for parallel in (column_parallel, row_parallel):
            PARALLEL.reduced = 0
            equal(parallel.__name__, parallel(ranks)(x, u, v), np.asarray(x) @ u @ v)
            assert PARALLEL.reduced == (ranks if parallel is row_parallel else 0)


def silu(x):
    return x / (1 + np.exp(-x))


def mlp_weights(K, r, N):
    shapes = {"gate_u": (K, r), "gate_v": (r, N), "up_u": (K, r), "up_v": (r, N)}
    shapes.update(down_u=(N, r), down_v=(r, K))
    return {name: normal(*shape) for name, shape in shapes.items()}


def mlp_of(x, gate_u, gate_v, up_u, up_v, down_u, down_v):
    x = np.asarray(x)
    return silu(x @ gate_u @ gate_v) * (x @ up_u @ up_v) @ down_u @ down_v


def part_of(weight, dim, rank):
    return weight if dim is None else np.split(np.asarray(weight), PARALLEL.ranks, axis=dim)[rank]


def over_ranks(Layer, sizes, weights, x, x_dim=None):
    """The outputs of all ranks; each has the part of every weight that its parameter asks for."""
    outputs = []
    for rank in range(PARALLEL.ranks):
        layer = Layer(*sizes)
        for name, whole in weights.items():
            parameter = getattr(layer, name)
            part = part_of(whole, parameter.partition_dim, rank)
            assert parameter.shape == part.shape, f"{Layer.__name__}.{name}"
            parameter[...] = part
        outputs.append(np.asarray(layer(tensor(part_of(x, x_dim, rank)))))
    return outputs


def check_distributed(ColumnParallelLowRank, RowParallelLowRank, RankParallelLowRank, LowRankMlp, **_):
    K, r, N = 120, 40, 80
    x, weights = integers(2, 70, K), {"u": integers(K, r), "v": integers(r, N)}
    expected = np.asarray(x) @ weights["u"] @ weights["v"]
    mlp = mlp_weights(K, r, N)
    for PARALLEL.ranks in (1, 2, 4):
        PARALLEL.reduced = 0
        columns = over_ranks(ColumnParallelLowRank, (K, r, N), weights, x)
        equal("column-parallel", np.concatenate(columns, axis=-1), expected)
        assert PARALLEL.reduced == 0
        rows = over_ranks(RowParallelLowRank, (K, r, N), weights, x, x_dim=2)
        equal("row-parallel", sum(rows), expected)
        equal("rank-parallel", sum(over_ranks(RankParallelLowRank, (K, r, N), weights, x)), expected)
        y = sum(over_ranks(LowRankMlp, (K, r, N), mlp, x))
        equal("MLP", y, mlp_of(x, **mlp), exact=False)
        assert PARALLEL.reduced == 3 * PARALLEL.ranks


def check_two_cores(low_rank_on_two_cores, mlp_on_two_cores, **_):
    for rows in (1, 128, 129, 300):
        x, u, v = integers(rows, 90), integers(90, 30), integers(30, 200)
        equal(f"two cores, {rows} rows", low_rank_on_two_cores(x, u, v), np.asarray(x) @ u @ v)
    x, mlp = normal(5, 140), mlp_weights(140, 30, 300)
    equal("MLP on two cores", mlp_on_two_cores(x, **mlp), mlp_of(x, **mlp), exact=False)


CHECKS = [check_torch, check_jax, check_shard_map, check_distributed, check_two_cores]

if __name__ == "__main__":
    frameworks.install()
    for file in FOLDER.glob("*.py"):
        if not file.name.startswith("block_"):
            frameworks.module(file.stem, **{file.stem: Kernel(file.stem)})
    blocks = sorted(FOLDER.glob("block_*.py"))
    assert len(blocks) == len(CHECKS), f"{len(blocks)} blocks, {len(CHECKS)} checks"
    for block, check in zip(blocks, CHECKS):
        scope = {"__name__": block.stem}
        exec(compile(block.read_text(encoding="utf-8"), str(block), "exec"), scope)
        check(**scope)
        print(check.__name__)
