"""What the tests of the stand-ins share: the modules of a dialect, and tiles with numbers in them."""

import sys
from pathlib import Path
from unittest import TestCase

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from standin.chip import CHIP, NkiError  # noqa: E402


class StandinTest(TestCase):
    standin = None
    target = "trn2"

    def setUp(self):
        CHIP.reset(self.target)
        if self.standin:
            self.use()

    def use(self, **options):
        """nki.language and nki.isa of the dialect."""
        modules = self.standin.modules(**options)
        self.nl = next(m for name, m in modules.items() if name.endswith(".language"))
        self.nisa = next(m for name, m in modules.items() if name.endswith(".isa"))

    def refused(self, words):
        return self.assertRaisesRegex(NkiError, words)

    def hbm(self, values, dtype="float32"):
        return self.standin.argument(np.asarray(values, np.float32), dtype)

    def same(self, tensor, values):
        np.testing.assert_array_equal(tensor.data, np.asarray(values, np.float32))


def counting(rows, cols):
    return np.arange(rows * cols, dtype=np.float32).reshape(rows, cols)
