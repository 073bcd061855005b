"""Index expressions of the legacy dialect.

Its tracer executes the body of a loop once, so that a loop variable is a symbol: affine expressions
of it may be a subscript or part of a mask, and nothing else. Here it knows its number, and says what
must not be done with it.
"""

import numpy as np

from .chip import NkiError, require


def refuse(what):
    def method(self, *_):
        raise NkiError(f"a loop variable {what}: only nl.static_range has numbers")

    return method


def number(value):
    return value.value if isinstance(value, Affine) else value


class Affine:
    """An affine expression of loop variables."""

    __array_ufunc__ = None

    def __init__(self, value):
        self.value = value

    def __add__(self, other):
        if isinstance(other, Grid):
            return other + self.value
        return Affine(self.value + number(other))

    def __sub__(self, other):
        return self + -1 * other

    def __mul__(self, other):
        require(isinstance(other, (int, np.integer)), "a product of indices is not affine")
        return Affine(self.value * other)

    def __neg__(self):
        return Affine(-self.value)

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other):
        return -self + other

    def __lt__(self, other):
        return Mask(self.value < number(other))

    def __le__(self, other):
        return Mask(self.value <= number(other))

    def __gt__(self, other):
        return Mask(self.value > number(other))

    def __ge__(self, other):
        return Mask(self.value >= number(other))

    __index__ = refuse("selects from a Python list")
    __int__ = __float__ = refuse("is used as a number")
    __bool__ = __eq__ = refuse("decides what Python does")
    __floordiv__ = __rfloordiv__ = __truediv__ = refuse("is divided")
    __mod__ = __rmod__ = refuse("is divided")
    __hash__ = None


class Grid(np.ndarray):
    """Indices of nl.mgrid, and affine expressions of them."""

    def __mul__(self, other):
        require(isinstance(other, (int, np.integer)), "a product of indices is not affine")
        return super().__mul__(other)

    __rmul__ = __mul__

    def __lt__(self, other):
        return Mask(np.asarray(self) < number(other))

    def __le__(self, other):
        return Mask(np.asarray(self) <= number(other))

    def __gt__(self, other):
        return Mask(np.asarray(self) > number(other))

    def __ge__(self, other):
        return Mask(np.asarray(self) >= number(other))


class Mask:
    """Comparisons of affine expressions, joined by `&` alone."""

    def __init__(self, data):
        self.data = np.asarray(data)

    def __and__(self, other):
        require(isinstance(other, Mask), f"a mask and {other!r}")
        return Mask(self.data & other.data)

    def __or__(self, other):
        raise NkiError("masks are joined by & only")

    __xor__ = __or__

    def __invert__(self):
        raise NkiError("masks are joined by & only")

    def __bool__(self):
        raise NkiError("a mask decides what Python does")


class MGrid:
    def __getitem__(self, slices):
        require(isinstance(slices, tuple) and len(slices) == 2, "mgrid of two axes")
        grids = np.mgrid[slices]
        rows, cols = grids[0][:, :1], grids[1][:1, :]
        return rows.view(Grid), cols.view(Grid)


def concrete(part):
    """A subscript, in numbers."""
    if isinstance(part, slice):
        return slice(number(part.start), number(part.stop), part.step)
    return number(part)


def symbols(n, backwards=False):
    require(isinstance(n, (int, np.integer)), "a loop whose length is not known when it is compiled")
    for i in reversed(range(n)) if backwards else range(n):
        yield Affine(i)
