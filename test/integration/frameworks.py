"""The few functions of torch, NeuronX Distributed and JAX that docs/integration.md calls, on numpy.

Ranks run one after the other: what would be added up over them is returned as it is, and noted.
"""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np

PARALLEL = SimpleNamespace(ranks=1, reduced=0)


class Tensor(np.ndarray):
    def t(self):
        return self.T

    def contiguous(self):
        return np.ascontiguousarray(self).view(Tensor)


class Parameter(Tensor):
    """A tensor that remembers along which dimension ranks hold a part of it."""

    partition_dim = None

    def __new__(cls, values):
        return np.array(values, np.float32).view(cls)


class Module:
    def __call__(self, *arguments):
        return self.forward(*arguments)


def tensor(values):
    return np.asarray(values, np.float32).view(Tensor)


def set_tensor_model_parallel_attributes(weight, is_parallel, dim, stride):
    assert is_parallel and stride == 1
    weight.partition_dim = dim


def reduce_from_tensor_model_parallel_region(partial):
    PARALLEL.reduced += 1
    return partial


class Spec(tuple):
    def __new__(cls, *axes):
        return super().__new__(cls, axes)

    def part(self, values, rank, ranks):
        for dim, axis in enumerate(self):
            if axis is not None:
                values = np.array_split(values, ranks, axis=dim)[rank]
        return values

    def whole(self, parts):
        sharded = [dim for dim, axis in enumerate(self) if axis is not None]
        return np.concatenate(parts, axis=sharded[0]) if sharded else sum(parts)


def shard_map(function, mesh, in_specs, out_specs, check_rep):
    def run(*arguments):
        parts = [
            function(*[s.part(a, rank, mesh) for s, a in zip(in_specs, arguments)])
            for rank in range(mesh)
        ]
        return out_specs.whole(parts)

    return run


def module(name, **contents):
    sys.modules[name] = ModuleType(name)
    sys.modules[name].__dict__.update(contents)
    parent, _, own = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], own, sys.modules[name])


def install():
    module("torch", bfloat16="bfloat16", empty=lambda *shape, dtype: tensor(np.zeros(shape)))
    module("torch.nn", Module=Module, Parameter=Parameter)
    module("neuronx_distributed")
    module("neuronx_distributed.parallel_layers")
    layers = "neuronx_distributed.parallel_layers"
    module(f"{layers}.parallel_state", get_tensor_model_parallel_size=lambda: PARALLEL.ranks)
    reduce = reduce_from_tensor_model_parallel_region
    module(f"{layers}.mappings", reduce_from_tensor_model_parallel_region=reduce)
    attributes = set_tensor_model_parallel_attributes
    module(f"{layers}.utils", set_tensor_model_parallel_attributes=attributes)
    module("jax", jit=lambda function: function)
    module("jax.lax", psum=lambda partial, axis: reduce_from_tensor_model_parallel_region(partial))
    module("jax.experimental")
    module("jax.experimental.shard_map", shard_map=shard_map)
    module("jax.sharding", PartitionSpec=Spec)
