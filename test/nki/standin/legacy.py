"""A numpy stand-in for the legacy dialect: the part of `neuronxcc.nki` in use.

Instructions return values, which are assigned to tiles. What a masked load leaves out is NaN,
unless the tile was made by nl.zeros.
"""

from types import ModuleType

import numpy as np

from memory import COUNTER, DTYPES, FUNCTIONS, HBM, Tensor, check_matmul, require


class Value:
    """What an instruction gives: numbers, and where a mask let them through."""

    def __init__(self, data, valid=None, matmul=False):
        self.data, self.valid, self.matmul = data, valid, matmul


class Grid(np.ndarray):
    """Indices of nl.mgrid, and affine expressions of them."""


class Selection:
    """A part of a tensor in HBM under advanced indices."""

    def __init__(self, tensor, indices):
        self.tensor, self.indices = tensor, np.broadcast_arrays(*indices)

    def where(self, mask):
        shape = self.indices[0].shape
        valid = np.ones(shape, bool) if mask is None else np.broadcast_to(np.asarray(mask), shape)
        for index, n in zip(self.indices, self.tensor.shape):
            inside = (index >= 0) & (index < n)
            require(bool((inside | ~valid).all()), "access outside of a tensor without a mask")
        return valid


class Tile(Tensor):
    def __getitem__(self, index):
        parts = index if isinstance(index, tuple) else (index,)
        advanced = [isinstance(i, Grid) for i in parts]
        if any(advanced):
            require(all(advanced), "basic and advanced indices in one subscript")
            require(self.buffer in HBM, "advanced indices on chip are not modelled")
            return Selection(self, parts)
        view = self.basic(index)
        view.__class__ = Tile
        return view

    def __setitem__(self, index, value):
        view = self[index]
        if isinstance(value, Tile) and value.data.base is view.data.base:
            return  # the write was done by `+=`
        require(self.on_chip, "a tensor in HBM is assigned to: use nl.store")
        require(isinstance(value, Value), f"{value!r} is assigned to a tile")
        if value.valid is None:
            view.write(value.data)
            return
        rest = view.data if self.base.zeroed else np.nan
        view.write(np.where(value.valid, value.data, rest))

    def __iadd__(self, value):
        if self.buffer == "psum":
            require(isinstance(value, Value) and value.matmul, "+= in PSUM of no nc_matmul")
            self.write(self.read() + value.data, writer=1)
        else:
            self.write(self.read() + operand(value))
        return self


def operand(value):
    return value.data if isinstance(value, Value) else value.read()


def allocate(fill):
    def make(shape, dtype, *, buffer="sbuf", name=""):
        marked = [isinstance(n, ParDim) for n in shape]
        if buffer in HBM:
            require(fill is None, "a tensor in HBM with an initial value")
            require(not any(marked), "par_dim in HBM")
        else:
            require(marked[0] and not any(marked[1:]), "par_dim must be first, and alone")
        tile = Tensor.allocate(shape, dtype, buffer, np.nan if fill is None else fill)
        tile.__class__ = Tile
        tile.zeroed = fill is not None
        return tile

    return make


class ParDim(int):
    pass


class MGrid:
    def __getitem__(self, slices):
        grids = np.mgrid[slices]
        require(len(slices) == 2, "mgrid of two axes")
        rows, cols = grids[0][:, :1], grids[1][:1, :]
        return rows.view(Grid), cols.view(Grid)


def load(src, *, mask=None, dtype=None):
    tensor = src.tensor if isinstance(src, Selection) else src
    require(tensor.buffer in HBM, f"nl.load from {tensor.buffer}")
    if not isinstance(src, Selection):
        require(mask is None, "a mask without advanced indices")
        COUNTER.read += src.data.size * src.dtype.size
        return Value(src.read().copy())
    valid = src.where(mask)
    data = np.full(valid.shape, np.nan, np.float32)
    data[valid] = tensor.data[tuple(index[valid] for index in src.indices)]
    require(not np.isnan(data[valid]).any(), "HBM is read where nothing was written")
    COUNTER.read += int(valid.sum()) * tensor.dtype.size
    return Value(data, None if mask is None else valid)


def load_transpose2d(src, *, mask=None, dtype=None):
    value = load(src, mask=mask)
    return Value(value.data.T, None if value.valid is None else value.valid.T)


def store(dst, value, *, mask=None):
    tensor = dst.tensor if isinstance(dst, Selection) else dst
    require(tensor.buffer in HBM, f"nl.store to {tensor.buffer}")
    data = operand(value) if mask is None else value.data
    if not isinstance(dst, Selection):
        require(mask is None, "a mask without advanced indices")
        dst.write(data)
        COUNTER.written += dst.data.size * dst.dtype.size
        return
    valid = dst.where(mask)
    require(valid.shape == data.shape, f"nl.store: {data.shape} into {valid.shape}")
    require(not np.isnan(data[valid]).any(), "nl.store of what was never written")
    tensor.data[tuple(index[valid] for index in dst.indices)] = tensor.dtype.round(data[valid])
    COUNTER.written += int(valid.sum()) * tensor.dtype.size


def nc_matmul(stationary, moving):
    return Value(check_matmul(stationary, moving), matmul=True)


def nc_transpose(data):
    require(max(data.shape) <= 128, f"nc_transpose of {data.shape}")
    require(data.buffer == "sbuf", "nc_transpose of a tile in PSUM")
    return Value(data.read().T)


def tensor_copy(src, *, dtype=None):
    return Value((dtype or src.dtype).round(operand(src)))


def tensor_tensor(data1, data2, op, *, dtype=None):
    require({data1.buffer, data2.buffer} != {"psum"}, "tensor_tensor: both operands in PSUM")
    require(data1.shape == data2.shape, "tensor_tensor: shapes differ")
    return Value((dtype or data1.dtype).round(op(data1.read(), data2.read())))


def activation(op, data, *, bias=None, scale=1.0, dtype=None):
    values = data.read() * np.float32(scale) + (0 if bias is None else bias.read())
    return Value((dtype or data.dtype).round(op(values)))


def modules(program=0, programs=1):
    names = ("neuronxcc", "neuronxcc.nki", "neuronxcc.nki.language", "neuronxcc.nki.isa")
    package, nki, nl, nisa = (ModuleType(name) for name in names)
    package.nki, nki.language, nki.isa = nki, nl, nisa
    nki.jit = lambda kernel: kernel
    nl.__dict__.update(DTYPES, **FUNCTIONS)
    nl.sbuf, nl.psum, nl.hbm = "sbuf", "psum", "hbm"
    nl.private_hbm, nl.shared_hbm = "private_hbm", "shared_hbm"
    nl.par_dim, nl.mgrid = ParDim, MGrid()
    nl.ndarray, nl.zeros = allocate(None), allocate(0.0)
    nl.affine_range = nl.sequential_range = nl.static_range = range
    nl.load, nl.load_transpose2d, nl.store = load, load_transpose2d, store
    for function in (nc_matmul, nc_transpose, tensor_copy, tensor_tensor, activation):
        setattr(nisa, function.__name__, function)
    return dict(zip(names, (package, nki, nl, nisa)))


def argument(values, dtype):
    return Tile(values, DTYPES[dtype], "shared_hbm")
