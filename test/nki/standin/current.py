"""A numpy stand-in for the current dialect: the part of `nki`, `nki.isa` and `nki.language` in use.

Instructions take dst as their first argument; loops are unrolled, so that their variables are numbers.
"""

import ast
from types import ModuleType, SimpleNamespace

import numpy as np

from .chip import CHIP, NkiError, require
from .functions import FUNCTIONS
from .memory import DTYPES, HBM, Tensor, check_matmul, not_both_psum, same_shape, scalar_operand

# what the language guide leaves out of its subset of Python
REFUSED = {
    ast.Lambda: "lambda",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.Try: "try",
    ast.With: "with",
    ast.Yield: "yield",
    ast.ClassDef: "class",
    ast.Global: "global",
    ast.Nonlocal: "nonlocal",
}


def check_source(source):
    for node in ast.walk(ast.parse(source)):
        word = REFUSED.get(type(node))
        if isinstance(node, ast.FunctionDef) and node.args.kwonlyargs:
            word = "keyword-only arguments"
        if word:
            raise NkiError(f"{word} (line {getattr(node, 'lineno', '?')}) is not in the language")


class NkiTensor(Tensor):
    def __getitem__(self, index):
        require(self.base is self, "a slice of a slice")
        return self.basic(index)

    def __setitem__(self, index, value):
        require(False, "a tensor is assigned to: instructions take dst as their first argument")


def ndarray(shape, dtype, buffer="sbuf", name=None, address=None):
    require(buffer in ("sbuf", "psum", *HBM), f"buffer {buffer!r}")
    require(buffer != "hbm", "nl.hbm: use shared_hbm or private_hbm")
    return NkiTensor.allocate(shape, dtype, buffer)


def on_chip(name, *operands):
    for operand in operands:
        require(operand.on_chip, f"{name}: an operand is in {operand.buffer}")
        require(len(operand.shape) == 2, f"{name}: an operand has shape {operand.shape}")


def dma(name, dst, src):
    require("psum" not in (dst.buffer, src.buffer), f"{name}: DMA does not reach PSUM")
    require(dst.dtype is src.dtype, f"{name}: {src.dtype} into {dst.dtype}")
    size = src.data.size * src.dtype.size
    CHIP.bytes_read += size if src.buffer in HBM else 0
    CHIP.bytes_written += size if dst.buffer in HBM else 0


def dma_copy(dst, src, engine=None, name=None):
    require(dst.shape == src.shape, f"dma_copy: {src.shape} into {dst.shape}")
    dma("dma_copy", dst, src)
    dst.write(src.read())


def dma_transpose(dst, src, axes=None, name=None):
    require(len(src.shape) == 2 and dst.shape == src.shape[::-1], "dma_transpose: shapes")
    require(src.dtype.size in (2, 4), f"dma_transpose of {src.dtype}")
    dma("dma_transpose", dst, src)
    dst.write(src.read().T)


def nc_matmul(dst, stationary, moving, accumulate=None, name=None):
    product = check_matmul(stationary, moving)
    require(dst.buffer == "psum", f"nc_matmul: dst is in {dst.buffer}")
    require(dst.dtype.name == "float32", f"nc_matmul: dst is {dst.dtype}")
    require(dst.shape == product.shape, f"nc_matmul: {product.shape} into {dst.shape}")
    before = np.unique(dst.writers)
    require(len(before) == 1 and before[0] != 2, "nc_matmul: onto what another instruction wrote")
    adds = bool(before[0]) if accumulate is None else accumulate
    dst.write(dst.read() + product if adds else product, writer=1)


def nc_transpose(dst, data, engine="tensor", name=None):
    on_chip("nc_transpose", dst, data)
    require(dst.dtype is data.dtype, f"nc_transpose: {data.dtype} into {dst.dtype}")
    if engine == "tensor":
        require(data.buffer == "sbuf" and dst.buffer == "psum", "nc_transpose: SBUF to PSUM")
    limit = 128 if engine == "tensor" else 32
    require(max(data.shape) <= limit, f"nc_transpose of {data.shape} on the {engine} engine")
    dst.write(data.read().T)


def tensor_copy(dst, src, engine=None, name=None):
    on_chip("tensor_copy", dst, src)
    same_shape("tensor_copy", dst, src)
    dst.write(src.read())


def tensor_tensor(dst, data1, data2, op, engine=None, name=None):
    on_chip("tensor_tensor", dst, data1, data2)
    same_shape("tensor_tensor", dst, data1, data2)
    not_both_psum("tensor_tensor", data1, data2)
    dst.write(op(data1.read(), data2.read()))


def activation(dst, op, data, bias=None, scale=1.0, name=None):
    on_chip("activation", dst, data)
    same_shape("activation", dst, data)
    added = 0 if bias is None else scalar_operand("activation", bias, data.shape[0])
    dst.write(op(data.read() * np.float32(scale) + added))


def tensor_scalar(
    dst, data, op0, operand0, reverse0=False, op1=None, operand1=None, reverse1=False, engine=None
):
    on_chip("tensor_scalar", dst, data)
    same_shape("tensor_scalar", dst, data)
    value = data.read()
    for op, operand, reverse in ((op0, operand0, reverse0), (op1, operand1, reverse1)):
        if op is not None:
            scalar = scalar_operand("tensor_scalar", operand, data.shape[0])
            value = op(scalar, value) if reverse else op(value, scalar)
    dst.write(value)


def scalar_tensor_tensor(dst, data, op0, operand0, op1, operand1):
    on_chip("scalar_tensor_tensor", dst, data, operand1)
    same_shape("scalar_tensor_tensor", dst, data, operand1)
    not_both_psum("scalar_tensor_tensor", data, operand1)
    scalar = scalar_operand("scalar_tensor_tensor", operand0, data.shape[0])
    dst.write(op1(op0(data.read(), scalar), operand1.read()))


def tensor_reduce(dst, op, data, axis, keepdims=False):
    on_chip("tensor_reduce", dst, data)
    require(axis in (1, (1,)), f"tensor_reduce over axis {axis}: only free axes")
    dst.write(op.reduce(data.read(), axis=1, keepdims=True))


def reciprocal(dst, data):
    on_chip("reciprocal", dst, data)
    same_shape("reciprocal", dst, data)
    dst.write(1 / data.read())


def iota(dst, pattern, offset=0, channel_multiplier=0):
    require(dst.buffer == "sbuf", f"iota: dst is in {dst.buffer}")
    ((step, count),) = pattern
    require(dst.shape[1] == count, f"iota: {count} numbers into {dst.shape}")
    rows, cols = np.arange(dst.shape[0])[:, None], np.arange(count)[None, :]
    dst.write((offset + channel_multiplier * rows + step * cols).astype(np.float32))


def memset(dst, value, engine=None):
    require(dst.on_chip, f"memset: dst is in {dst.buffer}")
    require(isinstance(value, float), f"memset of {dst.dtype} with {value!r}")
    dst.write(np.full(dst.shape, value, np.float32))


INSTRUCTIONS = (
    *(dma_copy, dma_transpose, nc_matmul, nc_transpose, tensor_copy, tensor_tensor, activation),
    *(tensor_scalar, scalar_tensor_tensor, tensor_reduce, reciprocal, iota, memset),
)


def modules(program=0, programs=1, backwards=False):
    """The modules, for one of the programs of a launch."""
    nki, nl, nisa = (ModuleType(name) for name in ("nki", "nki.language", "nki.isa"))
    nki.jit = lambda kernel: kernel
    nki.language, nki.isa = nl, nisa
    nl.__dict__.update(DTYPES, **FUNCTIONS)
    nl.sbuf, nl.psum, nl.shared_hbm, nl.private_hbm = "sbuf", "psum", "shared_hbm", "private_hbm"
    nl.ndarray = ndarray
    nl.affine_range = (lambda n: reversed(range(n))) if backwards else range
    nl.sequential_range = nl.static_range = range
    nl.program_id = lambda axis: program
    nl.num_programs = lambda axis=0: programs
    nisa.engine = SimpleNamespace(tensor="tensor", vector="vector", scalar="scalar", gpsimd="gpsimd")
    for function in INSTRUCTIONS:
        setattr(nisa, function.__name__, function)
    return {"nki": nki, "nki.language": nl, "nki.isa": nisa}


def argument(values, dtype):
    return NkiTensor(values, DTYPES[dtype], "shared_hbm")
