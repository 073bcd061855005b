"""Memory of the stand-ins for NKI: tensors in HBM, SBUF and PSUM, with the limits of the hardware.

Values are held as float32 and rounded to the dtype of the tensor on every write. What was never
written is NaN, and reading a NaN is an error. Written from the documented rules of NKI; numpy only.
"""

import math

import numpy as np


class NkiError(Exception):
    """A rule of NKI or of the hardware that the kernel breaks."""


def require(condition, message):
    if not condition:
        raise NkiError(message)


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

HBM = ("hbm", "private_hbm", "shared_hbm")
SBUF_BYTES = 192 * 1024
PSUM_BANK_BYTES = 2048
PMAX = 128


class Counter:
    """Bytes between HBM and the chip."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.read = self.written = 0


COUNTER = Counter()


class Tensor:
    """A tensor, or a rectangle of one (then it shares its memory)."""

    def __init__(self, data, dtype, buffer, base=None, partition=0):
        self.data, self.dtype, self.buffer = data, dtype, buffer
        self.base = base if base is not None else self
        self.partition = partition
        if base is None:
            self.zeroed = False
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
        if buffer in ("sbuf", "psum"):
            require(len(shape) >= 2, f"insufficient rank: {shape} on chip")
            require(shape[0] <= PMAX, f"{shape[0]} partitions, the limit is {PMAX}")
            free = math.prod(shape[1:]) * dtype.size
            limit = SBUF_BYTES if buffer == "sbuf" else PSUM_BANK_BYTES
            require(free <= limit, f"{free} bytes per partition in {buffer}, the limit is {limit}")
        return cls(np.full(shape, fill, np.float32), dtype, buffer)

    def basic(self, index):
        """Integers, slices of step 1 and `...`, all within bounds."""
        index = index if isinstance(index, tuple) else (index,)
        if Ellipsis in [i for i in index if i is Ellipsis or isinstance(i, type(Ellipsis))]:
            at = [k for k, i in enumerate(index) if i is Ellipsis][0]
            missing = len(self.shape) - len(index) + 1
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
        view = Tensor(self.data[index], self.dtype, self.buffer, self.base, partition)
        view.writers = None if self.base.writer is None else self.writers[index]
        return view

    def read(self):
        """The values, as an operand of an instruction."""
        if self.on_chip:
            self.check_partitions()
        require(not np.isnan(self.data).any(), f"{self.buffer} is read where nothing was written")
        return self.data

    def write(self, values, writer=2):
        require(values.shape == self.shape, f"{values.shape} is written to {self.shape}")
        if self.on_chip:
            self.check_partitions()
        if self.writers is not None:
            self.writers[...] = writer
        self.data[...] = self.dtype.round(values)

    def check_partitions(self):
        n, start = self.shape[0], self.partition
        allowed = (0,) if n > 64 else (0, 64) if n > 32 else (0, 32, 64, 96)
        require(start in allowed, f"{n} partitions start at {start}, allowed are {allowed}")


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


def silu(x):
    with np.errstate(over="ignore"):
        return x / (1 + np.exp(-x))


FUNCTIONS = {
    "copy": lambda x: x,
    "exp": np.exp,
    "silu": silu,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "square": np.square,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
}
