"""Memory: shapes and places of tiles, poison, rounding, and how much fits at once."""

import numpy as np
from standins import CHIP, StandinTest

from standin.memory import DTYPES, Tensor, to_bfloat16, to_float16

F32, BF16 = DTYPES["float32"], DTYPES["bfloat16"]


def tile(shape, dtype=F32, buffer="sbuf", fill=0.0):
    return Tensor.allocate(shape, dtype, buffer, fill)


class Shapes(StandinTest):
    def test_a_tile_has_at_most_128_partitions(self):
        tile((128, 4))
        with self.refused("129 partitions, the limit is 128"):
            tile((129, 4))

    def test_a_tile_on_chip_has_a_partition_and_a_free_axis(self):
        tile((2, 3, 4))
        with self.refused("insufficient rank"):
            tile((4,))

    def test_a_psum_tile_fits_a_bank(self):
        tile((128, 512), buffer="psum")
        with self.refused("2052 bytes per partition in psum, the limit is 2048"):
            tile((128, 513), buffer="psum")

    def test_an_sbuf_tile_fits_what_the_compiler_leaves(self):
        for target, usable in (("trn1", 176), ("inf2", 176), ("trn2", 208), ("trn3", 240)):
            CHIP.reset(target)
            tile((1, usable * 256))
            with self.refused("bytes per partition in sbuf"):
                tile((1, usable * 256 + 1))

    def test_a_tensor_is_not_empty(self):
        tile((1, 1))
        with self.refused("a tensor of shape"):
            tile((0, 4))

    def test_a_dtype_is_of_the_language(self):
        with self.refused("dtype 'float32' is not one of nki.language"):
            tile((1, 1), dtype="float32")


class Access(StandinTest):
    def test_subscripts_are_within_bounds_and_without_steps(self):
        t = tile((64, 8))
        self.assertEqual(t.basic((slice(0, 64), slice(2, 8))).shape, (64, 6))
        for index, words in (
            ((slice(0, 65), slice(0, 8)), "0:65 is outside of 0:64, axis 0"),
            ((slice(0, 64), slice(4, 4)), "4:4 is outside"),
            ((slice(0, 64, 2), slice(0, 8)), "a step in a subscript"),
            ((slice(0, 64), 8), "index 8 is outside of 0:8"),
            ((0, slice(0, 8)), "the partition axis is indexed by an integer"),
            ((slice(0, 64), slice(0, 8), 0), "3 indices for shape"),
        ):
            with self.refused(words):
                t.basic(index)

    def test_an_ellipsis_is_all_that_is_not_named(self):
        t = tile((4, 3, 2))
        self.assertEqual(t.basic(Ellipsis).shape, (4, 3, 2))
        self.assertEqual(t.basic((Ellipsis, slice(0, 1))).shape, (4, 3, 1))

    def test_partitions_start_where_the_engines_can_read(self):
        t = tile((128, 4))
        for start, stop in ((0, 128), (0, 65), (64, 128), (64, 100), (32, 64), (96, 128), (96, 97)):
            t.basic(slice(start, stop)).read()
        for start, stop in ((1, 128), (32, 100), (32, 65), (16, 32), (127, 128)):
            with self.refused(f"{stop - start} partitions start at {start}"):
                t.basic(slice(start, stop)).read()
            with self.refused(f"partitions start at {start}"):
                t.basic(slice(start, stop)).write(np.zeros((stop - start, 4), np.float32))

    def test_starts_add_up_over_slices(self):
        with self.refused("32 partitions start at 80"):
            tile((128, 4)).basic(slice(64, 128)).basic(slice(16, 48)).read()

    def test_an_instruction_addresses_64k_elements_of_a_partition(self):
        t = tile((1, 2, 40 * 1024), BF16)
        t.basic((slice(0, 1), 0)).read()
        with self.refused("81920 elements per partition in sbuf, of 65536 at most"):
            t.read()


class Values(StandinTest):
    def test_what_was_never_written_is_not_read(self):
        t = tile((2, 4), fill=np.nan)
        t.basic((slice(0, 2), slice(0, 3))).write(np.ones((2, 3), np.float32))
        t.basic((slice(0, 2), slice(0, 3))).read()
        with self.refused("sbuf is read where nothing was written"):
            t.read()

    def test_writes_have_the_shape_of_what_they_are_written_to(self):
        with self.refused(r"\(2, 3\) is written to \(2, 4\)"):
            tile((2, 4)).write(np.ones((2, 3), np.float32))

    def test_writes_round_to_the_dtype(self):
        t = tile((1, 3), BF16)
        t.write(np.float32([[1 + 2**-8, 1 + 3 * 2**-8, 257]]))
        np.testing.assert_array_equal(t.read(), [[1, 1 + 2**-6, 256]])

    def test_bfloat16_is_nearest_even(self):
        values = np.float32([1 + 2**-8, 1 + 2**-8 + 2**-20, -(1 + 2**-8), np.inf, 3.4e38, 0, -0.0])
        rounded = to_bfloat16(values)
        np.testing.assert_array_equal(rounded, np.float32([1, 1 + 2**-7, -1, np.inf, np.inf, 0, 0]))
        self.assertTrue(np.signbit(rounded[-1]))
        self.assertTrue(np.isnan(to_bfloat16(np.float32([np.nan]))[0]))

    def test_float16_overflows_to_infinity(self):
        np.testing.assert_array_equal(to_float16(np.float32([2049, 65504, 1e6])), [2048, 65504, np.inf])


class Capacity(StandinTest):
    """Tiles are touched in an order; what overlaps must fit."""

    target = "trn1"

    def fill(self, *tiles):
        for t in tiles:
            t.write(np.zeros(t.shape, np.float32))

    def test_tiles_that_live_one_after_the_other_share_memory(self):
        for _ in range(4):
            self.fill(tile((128, 100 * 256)))
        CHIP.check_capacity()

    def test_tiles_that_live_at_once_must_fit_together(self):
        a, b = tile((128, 100 * 256)), tile((128, 100 * 256))
        self.fill(a, b)
        CHIP.check_capacity()
        a.read()
        with self.refused("204800 bytes of SBUF per partition are in use at once, trn1 has 180224"):
            CHIP.check_capacity()

    def test_operands_and_result_of_one_instruction_live_at_once(self):
        a, b = tile((128, 100 * 256)), tile((128, 100 * 256))
        b.write(a.read())
        with self.refused("204800 bytes of SBUF"):
            CHIP.check_capacity()

    def test_what_is_never_touched_takes_no_room(self):
        kept = [tile((128, 100 * 256)) for _ in range(3)]
        self.fill(kept[0])
        CHIP.check_capacity()

    def test_there_are_eight_psum_banks(self):
        tiles = [tile((128, 8), buffer="psum") for _ in range(9)]
        self.fill(*tiles[:8])
        for t in tiles[:8]:
            t.read()
        CHIP.check_capacity()
        self.fill(tiles[8])
        tiles[0].read()
        with self.refused("9 PSUM banks are in use at once, there are 8"):
            CHIP.check_capacity()
