"""Memory of the stand-ins for NKI: tensors in HBM, SBUF and PSUM, with the limits of the hardware.

Values are held as float32 and rounded to the dtype of the tensor on every write. What was never
written is NaN, and reading a NaN is an error. Written from the documented rules of NKI; numpy only.
"""

import math

import numpy as np

from .chip import CHIP, PMAX, PSUM_BANK_BYTES, require

HBM = ("hbm", "private_hbm", "shared_hbm")
# elements per partition that one instruction addresses (NeuronCore architecture guide)
INSTRUCTION_FREE_SIZE = {"sbuf": 64 * 1024, "psum": 4 * 1024}


class Dtype:
    def __init__(self, name, size, rounding=None):
        self.name, self.size, self.rounding = name, size, rounding

    def __repr__(self):
        return self.name

    def round(self, values):
        values = np.asarray(values, dtype=np.float32)
        return values if self.rounding is None else self.rounding(values)


def to_bfloat16(values):
    """Round to nearest, ties to even, on the upper 16 bits; NaN stays NaN."""
    bits = np.ascontiguousarray(values).view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return np.where(np.isnan(values), values, rounded.astype(np.uint32).view(np.float32))


def to_float16(values):
    with np.errstate(over="ignore"):
        return values.astype(np.float16).astype(np.float32)


DTYPES = {
    "float32": Dtype("float32", 4),
    "bfloat16": Dtype("bfloat16", 2, to_bfloat16),
    "float16": Dtype("float16", 2, to_float16),
}


class Tensor:
    """A tensor, or a rectangle of one (then it shares its memory)."""

    def __init__(self, data, dtype, buffer, base=None, partition=0):
        self.data, self.dtype, self.buffer = data, dtype, buffer
        self.base = base if base is not None else self
        self.partition = partition
        if base is None:
            self.zeroed = False
            self.tenant = None
            # by what each element of a PSUM tile was written: 0 nothing, 1 nc_matmul, 2 anything else
            self.writer = np.zeros(data.shape, np.int8) if buffer == "psum" else None
            self.writers = self.writer

    @property
    def shape(self):
        return self.data.shape

    @property
    def on_chip(self):
        return self.buffer in ("sbuf", "psum")

    @classmethod
    def allocate(cls, shape, dtype, buffer, fill=np.nan):
        shape = tuple(int(n) for n in shape)
        require(isinstance(dtype, Dtype), f"dtype {dtype!r} is not one of nki.language")
        require(all(n > 0 for n in shape), f"a tensor of shape {shape}")
        tensor = cls(np.full(shape, fill, np.float32), dtype, buffer)
        if tensor.on_chip:
            require(len(shape) >= 2, f"insufficient rank: {shape} on chip")
            require(shape[0] <= PMAX, f"{shape[0]} partitions, the limit is {PMAX}")
            free = math.prod(shape[1:]) * dtype.size
            limit = CHIP.sbuf_bytes if buffer == "sbuf" else PSUM_BANK_BYTES
            require(free <= limit, f"{free} bytes per partition in {buffer}, the limit is {limit}")
            tensor.tenant = CHIP.tenant(buffer, free)
        return tensor

    def basic(self, index):
        """Integers, slices of step 1 and `...`, all within bounds."""
        index = index if isinstance(index, tuple) else (index,)
        ellipses = [at for at, i in enumerate(index) if i is Ellipsis]
        if ellipses:
            at, missing = ellipses[0], len(self.shape) - len(index) + 1
            index = index[:at] + (slice(None),) * missing + index[at + 1 :]
        require(len(index) <= len(self.shape), f"{len(index)} indices for shape {self.shape}")
        index += (slice(None),) * (len(self.shape) - len(index))
        partition = self.partition
        for axis, (i, n) in enumerate(zip(index, self.shape)):
            if isinstance(i, slice):
                start, stop = i.start or 0, n if i.stop is None else i.stop
                require(i.step in (None, 1), "a step in a subscript")
                require(0 <= start < stop <= n, f"{start}:{stop} is outside of 0:{n}, axis {axis}")
                partition += start if axis == 0 else 0
            else:
                require(isinstance(i, (int, np.integer)), f"subscript {i!r}")
                require(0 <= i < n, f"index {i} is outside of 0:{n}, axis {axis}")
                require(axis > 0 or not self.on_chip, "the partition axis is indexed by an integer")
        view = type(self)(self.data[index], self.dtype, self.buffer, self.base, partition)
        view.writers = None if self.base.writer is None else self.writers[index]
        return view

    def read(self):
        """The values, as an operand of an instruction."""
        self.check_access()
        require(not np.isnan(self.data).any(), f"{self.buffer} is read where nothing was written")
        return self.data

    def write(self, values, writer=2):
        """What an instruction leaves: its last step."""
        require(values.shape == self.shape, f"{values.shape} is written to {self.shape}")
        self.check_access()
        if self.writers is not None:
            self.writers[...] = writer
        self.data[...] = self.dtype.round(values)
        CHIP.next_instruction()

    def check_access(self):
        if not self.on_chip:
            return
        n, start = self.shape[0], self.partition
        allowed = (0,) if n > 64 else (0, 64) if n > 32 else (0, 32, 64, 96)
        require(start in allowed, f"{n} partitions start at {start}, allowed are {allowed}")
        free, limit = math.prod(self.shape[1:]), INSTRUCTION_FREE_SIZE[self.buffer]
        require(free <= limit, f"{free} elements per partition in {self.buffer}, of {limit} at most")
        CHIP.touch(self.base.tenant)


def same_shape(name, *operands):
    shapes = [operand.shape for operand in operands]
    require(len(set(shapes)) == 1, f"{name}: operands of shapes {', '.join(map(str, shapes))}")


def not_both_psum(name, one, other):
    require({one.buffer, other.buffer} != {"psum"}, f"{name}: both operands in PSUM")


def check_matmul(stationary, moving):
    for name, operand in (("stationary", stationary), ("moving", moving)):
        require(operand.buffer == "sbuf", f"nc_matmul: {name} is in {operand.buffer}")
        require(len(operand.shape) == 2, f"nc_matmul: {name} has shape {operand.shape}")
    require(stationary.shape[0] == moving.shape[0], "nc_matmul: contractions differ")
    require(stationary.shape[1] <= 128, "nc_matmul: stationary free size over 128")
    require(moving.shape[1] <= 512, "nc_matmul: moving free size over 512")
    both = {stationary.dtype.name, moving.dtype.name}
    require("float32" not in both or len(both) == 1, "nc_matmul: float32 with another dtype")
    return stationary.read().T @ moving.read()


def scalar_operand(name, operand, partitions):
    """A number, or a vector of one value per partition."""
    if not isinstance(operand, Tensor):
        return np.float32(operand)
    require(operand.shape == (partitions, 1), f"{name}: an operand of shape {operand.shape}")
    return operand.read()
