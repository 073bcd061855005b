"""Activation functions and operators, under their names in `nki.language`; engines compute in float32."""

import math

import numpy as np

erf = np.vectorize(math.erf, otypes=[np.float64])


def silu(x):
    with np.errstate(over="ignore"):
        return x / (1 + np.exp(-x))


def sigmoid(x):
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


FUNCTIONS = {
    "copy": lambda x: x,
    "exp": np.exp,
    "silu": silu,
    "gelu": lambda x: x * 0.5 * (1 + erf(x / math.sqrt(2))),
    "sigmoid": sigmoid,
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
