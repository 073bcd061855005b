"""A numpy stand-in for the legacy dialect: the part of `neuronxcc.nki` in use.

Instructions return values, which are assigned to tiles. What a masked load leaves out is NaN,
unless the tile was made by nl.zeros.
"""

import ast
from types import ModuleType

import numpy as np

from .chip import CHIP, NkiError, require
from .functions import FUNCTIONS
from .memory import DTYPES, HBM, Tensor, check_matmul, not_both_psum, same_shape, scalar_operand
from .symbolic import Grid, MGrid, concrete, symbols


def check_source(source):
    """A name that a loop assigns must not be used after that loop."""

    def names(node, context):
        found = (n for n in ast.walk(node) if isinstance(n, ast.Name))
        return {n.id for n in found if isinstance(n.ctx, context)}

    def visit(body, outer):
        known, leaked = set(outer), set()
        for node in body:
            used = leaked & names(node, ast.Load) - names(node, ast.Store)
            if used:
                raise NkiError(f"{min(used)} is used outside of the loop that assigns it")
            if isinstance(node, ast.For):
                visit(node.body, known)
                leaked |= names(node, ast.Store) - known
            else:
                known |= names(node, ast.Store)
                leaked -= names(node, ast.Store)

    for function in ast.parse(source).body:
        if isinstance(function, ast.FunctionDef):
            visit(function.body, set())


class Value:
    """What an instruction gives: numbers, and where a mask let them through."""

    def __init__(self, data, valid=None, by="an instruction"):
        self.data, self.valid, self.by = data, valid, by


class Selection:
    """A part of a tensor in HBM under advanced indices."""

    def __init__(self, tensor, indices):
        self.tensor = tensor
        self.indices = np.broadcast_arrays(*(np.asarray(index) for index in indices))

    def where(self, mask):
        shape = self.indices[0].shape
        valid = np.ones(shape, bool) if mask is None else np.broadcast_to(mask.data, shape)
        for index, n in zip(self.indices, self.tensor.shape):
            inside = (index >= 0) & (index < n)
            require(bool((inside | ~valid).all()), "access outside of a tensor without a mask")
        return valid

    def at(self, valid):
        return tuple(index[valid] for index in self.indices)


class Tile(Tensor):
    def __getitem__(self, index):
        parts = index if isinstance(index, tuple) else (index,)
        advanced = [isinstance(i, Grid) for i in parts]
        if any(advanced):
            require(all(advanced), "basic and advanced indices in one subscript")
            require(self.buffer in HBM, "advanced indices on chip are not modelled")
            return Selection(self, parts)
        return self.basic(tuple(concrete(part) for part in parts))

    def __setitem__(self, index, value):
        view = self[index]
        if isinstance(value, Tile) and value.base is self.base:
            return  # the write was done by `+=`
        require(self.on_chip, "a tensor in HBM is assigned to: use nl.store")
        require(isinstance(value, Value), f"{value!r} is assigned to a tile")
        require(self.buffer != "psum" or value.by != "nl.load", "nl.load: DMA does not reach PSUM")
        if value.valid is None:
            view.write(value.data)
            return
        rest = view.data if self.base.zeroed else np.nan
        require(value.data.shape == view.shape, f"{value.data.shape} is written to {view.shape}")
        view.write(np.where(value.valid, value.data, rest))

    def __iadd__(self, value):
        if self.buffer == "psum":
            matmul = isinstance(value, Value) and value.by == "nc_matmul"
            require(matmul, "+= in PSUM of what is no nc_matmul")
            require(not (self.writers == 2).any(), "nc_matmul: onto what another instruction wrote")
            require(self.dtype.name == "float32", f"nc_matmul: into {self.dtype}")
            require(value.data.shape == self.shape, f"nc_matmul: {value.data.shape} into {self.shape}")
            self.write(self.read() + value.data, writer=1)
        else:
            require(operand(value).shape == self.shape, "+=: shapes differ")
            self.write(self.read() + operand(value))
        return self


def operand(value):
    return value.data if isinstance(value, Value) else value.read()


class ParDim(int):
    pass


def allocate(fill):
    def make(shape, dtype, *, buffer="sbuf", name=""):
        marked = [isinstance(n, ParDim) for n in shape]
        if buffer in HBM:
            require(fill is None, "a tensor in HBM with an initial value")
            require(not any(marked), "par_dim in HBM")
        else:
            require(buffer in ("sbuf", "psum"), f"buffer {buffer!r}")
            require(marked[0] and not any(marked[1:]), "par_dim must be first, and alone")
        tile = Tile.allocate(shape, dtype, buffer, np.nan if fill is None else fill)
        tile.zeroed = fill is not None
        if tile.zeroed and buffer == "sbuf":
            CHIP.touch(tile.tenant)
            CHIP.next_instruction()
        return tile

    return make


def load(src, *, mask=None, dtype=None):
    tensor = src.tensor if isinstance(src, Selection) else src
    require(tensor.buffer in HBM, f"nl.load from {tensor.buffer}")
    if not isinstance(src, Selection):
        require(mask is None, "a mask without advanced indices")
        CHIP.bytes_read += src.data.size * src.dtype.size
        return Value((dtype or src.dtype).round(src.read()).copy(), by="nl.load")
    valid = src.where(mask)
    data = np.full(valid.shape, np.nan, np.float32)
    data[valid] = (dtype or tensor.dtype).round(tensor.data[src.at(valid)])
    require(not np.isnan(data[valid]).any(), "HBM is read where nothing was written")
    CHIP.bytes_read += int(valid.sum()) * tensor.dtype.size
    return Value(data, None if mask is None else valid, by="nl.load")


def load_transpose2d(src, *, mask=None, dtype=None):
    value = load(src, mask=mask, dtype=dtype)
    return Value(value.data.T, None if value.valid is None else value.valid.T, by="nl.load")


def store(dst, value, *, mask=None):
    tensor = dst.tensor if isinstance(dst, Selection) else dst
    require(tensor.buffer in HBM, f"nl.store to {tensor.buffer}")
    if isinstance(value, Tile):
        require(value.buffer != "psum", "nl.store from PSUM, which SDK 2.26 was the first to allow")
        require(value.buffer == "sbuf", f"nl.store from {value.buffer}")
        value.check_access()
    data = value.data
    if not isinstance(dst, Selection):
        require(mask is None, "a mask without advanced indices")
        dst.write(operand(value))
        CHIP.bytes_written += dst.data.size * dst.dtype.size
        return
    valid = dst.where(mask)
    require(valid.shape == data.shape, f"nl.store: {data.shape} into {valid.shape}")
    require(not np.isnan(data[valid]).any(), "nl.store of what was never written")
    tensor.data[dst.at(valid)] = tensor.dtype.round(data[valid])
    CHIP.bytes_written += int(valid.sum()) * tensor.dtype.size
    CHIP.next_instruction()


def nc_matmul(stationary, moving):
    return Value(check_matmul(stationary, moving), by="nc_matmul")


def nc_transpose(data, *, engine="tensor"):
    require(data.buffer == "sbuf", "nc_transpose of a tile in PSUM")
    limit = 128 if engine == "tensor" else 32
    require(max(data.shape) <= limit, f"nc_transpose of {data.shape} on the {engine} engine")
    return Value(data.read().T)


def result(dtype, otherwise, values):
    return Value((dtype or otherwise).round(values))


def tensor_copy(src, *, dtype=None, engine=None):
    return result(dtype, src.dtype, operand(src))


def tensor_tensor(data1, data2, op, *, dtype=None, engine=None):
    not_both_psum("tensor_tensor", data1, data2)
    same_shape("tensor_tensor", data1, data2)
    return result(dtype, data1.dtype, op(data1.read(), data2.read()))


def activation(op, data, *, bias=None, scale=1.0, dtype=None):
    added = 0 if bias is None else scalar_operand("activation", bias, data.shape[0])
    return result(dtype, data.dtype, op(data.read() * np.float32(scale) + added))


def tensor_scalar(data, op0, operand0, op1=None, operand1=None, *, dtype=None, engine=None):
    value = op0(data.read(), scalar_operand("tensor_scalar", operand0, data.shape[0]))
    if op1 is not None:
        value = op1(value, scalar_operand("tensor_scalar", operand1, data.shape[0]))
    return result(dtype, data.dtype, value)


def scalar_tensor_tensor(*, data, op0, operand0, op1, operand1, dtype=None):
    not_both_psum("scalar_tensor_tensor", data, operand1)
    same_shape("scalar_tensor_tensor", data, operand1)
    scalar = scalar_operand("scalar_tensor_tensor", operand0, data.shape[0])
    return result(dtype, data.dtype, op1(op0(data.read(), scalar), operand1.read()))


def tensor_reduce(op, data, axis, *, dtype=None, keepdims=False):
    require(axis in (1, (1,)), f"tensor_reduce over axis {axis}: only free axes")
    return result(dtype, data.dtype, op.reduce(data.read(), axis=1, keepdims=True))


def reciprocal(data, *, dtype=None):
    return result(dtype, data.dtype, 1 / data.read())


def iota(positions, dtype):
    return result(dtype, dtype, np.asarray(positions))


def memset(shape, value, dtype, *, engine=None):
    return result(dtype, dtype, np.full(shape, value))


INSTRUCTIONS = (
    *(nc_matmul, nc_transpose, tensor_copy, tensor_tensor, activation, tensor_scalar),
    *(scalar_tensor_tensor, tensor_reduce, reciprocal, iota, memset),
)


def modules(program=0, programs=1, backwards=False):
    names = ("neuronxcc", "neuronxcc.nki", "neuronxcc.nki.language", "neuronxcc.nki.isa")
    package, nki, nl, nisa = (ModuleType(name) for name in names)
    package.nki, nki.language, nki.isa = nki, nl, nisa
    nki.jit = lambda kernel: kernel
    nl.__dict__.update(DTYPES, **FUNCTIONS)
    nl.sbuf, nl.psum, nl.hbm = "sbuf", "psum", "hbm"
    nl.private_hbm, nl.shared_hbm = "private_hbm", "shared_hbm"
    nl.par_dim, nl.mgrid = ParDim, MGrid()
    nl.ndarray, nl.zeros = allocate(None), allocate(0.0)
    nl.affine_range = lambda n: symbols(n, backwards)
    nl.sequential_range, nl.static_range = symbols, range
    nl.load, nl.load_transpose2d, nl.store = load, load_transpose2d, store
    for engine in ("tensor", "vector", "scalar", "gpsimd"):
        setattr(nisa, f"{engine}_engine", engine)
    for function in INSTRUCTIONS:
        setattr(nisa, function.__name__, function)
    return dict(zip(names, (package, nki, nl, nisa)))


def argument(values, dtype):
    return Tile(values, DTYPES[dtype], "shared_hbm")
