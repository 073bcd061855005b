"""A numpy stand-in for the current dialect: the part of `nki`, `nki.isa` and `nki.language` in use."""

from types import ModuleType

import numpy as np

from memory import COUNTER, DTYPES, FUNCTIONS, HBM, Tensor, check_matmul, require


class NkiTensor(Tensor):
    def __getitem__(self, index):
        view = self.basic(index)
        view.__class__ = NkiTensor
        return view

    def __setitem__(self, index, value):
        require(False, "a tensor is assigned to: instructions take dst as their first argument")


def ndarray(shape, dtype, buffer="sbuf", name=None, address=None):
    require(buffer in ("sbuf", "psum", *HBM), f"buffer {buffer!r}")
    require(buffer != "hbm", "nl.hbm: use shared_hbm or private_hbm")
    tensor = Tensor.allocate(shape, dtype, buffer)
    tensor.__class__ = NkiTensor
    return tensor


def on_chip(name, dst, *operands):
    for operand in (dst, *operands):
        require(operand.on_chip, f"{name}: an operand is in {operand.buffer}")
        require(len(operand.shape) == 2, f"{name}: an operand has shape {operand.shape}")
    for operand in operands:
        require(operand.shape == dst.shape, f"{name}: {operand.shape} into {dst.shape}")


def dma(name, dst, src):
    require("psum" not in (dst.buffer, src.buffer), f"{name}: DMA does not reach PSUM")
    require(dst.dtype is src.dtype, f"{name}: {src.dtype} into {dst.dtype}")
    size = src.data.size * src.dtype.size
    COUNTER.read += size if src.buffer in HBM else 0
    COUNTER.written += size if dst.buffer in HBM else 0


def dma_copy(dst, src):
    require(dst.shape == src.shape, f"dma_copy: {src.shape} into {dst.shape}")
    dma("dma_copy", dst, src)
    dst.write(src.read())


def dma_transpose(dst, src):
    require(len(src.shape) == 2 and dst.shape == src.shape[::-1], "dma_transpose: shapes")
    require(src.dtype.size in (2, 4), f"dma_transpose of {src.dtype}")
    dma("dma_transpose", dst, src)
    dst.write(src.read().T)


def nc_matmul(dst, stationary, moving, accumulate=None):
    product = check_matmul(stationary, moving)
    require(dst.buffer == "psum", f"nc_matmul: dst is in {dst.buffer}")
    require(dst.dtype.name == "float32", f"nc_matmul: dst is {dst.dtype}")
    require(dst.shape == product.shape, f"nc_matmul: {product.shape} into {dst.shape}")
    before = np.unique(dst.writers)
    require(len(before) == 1 and before[0] != 2, "nc_matmul: onto what another instruction wrote")
    adds = bool(before[0]) if accumulate is None else accumulate
    dst.write(dst.read() + product if adds else product, writer=1)


def nc_transpose(dst, data):
    require(data.buffer == "sbuf" and dst.buffer == "psum", "nc_transpose: SBUF to PSUM")
    require(dst.dtype is data.dtype, f"nc_transpose: {data.dtype} into {dst.dtype}")
    require(max(data.shape) <= 128, f"nc_transpose of {data.shape}")
    dst.write(data.read().T)


def tensor_copy(dst, src):
    on_chip("tensor_copy", dst, src)
    dst.write(src.read())


def tensor_tensor(dst, data1, data2, op):
    on_chip("tensor_tensor", dst, data1, data2)
    require({data1.buffer, data2.buffer} != {"psum"}, "tensor_tensor: both operands in PSUM")
    dst.write(op(data1.read(), data2.read()))


def activation(dst, op, data, bias=None, scale=1.0):
    on_chip("activation", dst, data)
    dst.write(op(data.read() * np.float32(scale) + (0 if bias is None else bias.read())))


def tensor_scalar(dst, data, op0, operand0, reverse0=False, op1=None, operand1=None):
    on_chip("tensor_scalar", dst, data)
    value = op0(data.read(), operand0.read() if isinstance(operand0, Tensor) else operand0)
    if op1 is not None:
        value = op1(value, operand1.read() if isinstance(operand1, Tensor) else operand1)
    dst.write(value)


def memset(dst, value):
    require(dst.on_chip, f"memset: dst is in {dst.buffer}")
    require(isinstance(value, float), f"memset of {dst.dtype} with {value!r}")
    dst.write(np.full(dst.shape, value, np.float32))


def modules(program=0, programs=1):
    """The modules, for one of the programs of a launch."""
    nki, nl, nisa = (ModuleType(name) for name in ("nki", "nki.language", "nki.isa"))
    nki.jit = lambda kernel: kernel
    nki.language, nki.isa = nl, nisa
    nl.__dict__.update(DTYPES, **FUNCTIONS)
    nl.sbuf, nl.psum, nl.shared_hbm, nl.private_hbm = "sbuf", "psum", "shared_hbm", "private_hbm"
    nl.ndarray = ndarray
    nl.affine_range = nl.sequential_range = nl.static_range = range
    nl.program_id = lambda axis: program
    nl.num_programs = lambda axis=0: programs
    for function in (dma_copy, dma_transpose, nc_matmul, nc_transpose, tensor_copy):
        setattr(nisa, function.__name__, function)
    for function in (tensor_tensor, activation, tensor_scalar, memset):
        setattr(nisa, function.__name__, function)
    return {"nki": nki, "nki.language": nl, "nki.isa": nisa}


def argument(values, dtype):
    return NkiTensor(values, DTYPES[dtype], "shared_hbm")
