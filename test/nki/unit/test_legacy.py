"""The legacy dialect: masks, symbolic loops, tiles that are assigned to, and what is refused."""

import numpy as np
from standins import CHIP, StandinTest, counting

from standin import legacy


class LegacyTest(StandinTest):
    standin = legacy
    target = "trn1"

    def tile(self, rows, cols, dtype="float32", buffer="sbuf", values=None, make="ndarray"):
        nl = self.nl
        made = getattr(nl, make)((nl.par_dim(rows), cols), dtype=getattr(nl, dtype), buffer=buffer)
        if values is not None:
            made.write(np.broadcast_to(np.float32(values), (rows, cols)))
        return made


class Tensors(LegacyTest):
    def test_the_partition_axis_is_marked_and_first(self):
        nl = self.nl
        nl.ndarray((nl.par_dim(4), 2, 8), dtype=nl.float32, buffer=nl.sbuf)
        for shape in ((4, 8), (2, nl.par_dim(4), 8), (nl.par_dim(2), nl.par_dim(4))):
            with self.refused("par_dim must be first, and alone"):
                nl.ndarray(shape, dtype=nl.float32, buffer=nl.sbuf)

    def test_hbm_has_neither_par_dim_nor_an_initial_value(self):
        nl = self.nl
        nl.ndarray((4, 8), dtype=nl.float32, buffer=nl.shared_hbm)
        with self.refused("par_dim in HBM"):
            nl.ndarray((nl.par_dim(4), 8), dtype=nl.float32, buffer=nl.shared_hbm)
        with self.refused("initial value"):
            nl.zeros((4, 8), dtype=nl.float32, buffer=nl.shared_hbm)

    def test_hbm_is_stored_to(self):
        with self.refused("use nl.store"):
            self.hbm(counting(4, 8))[0:4, 0:8] = self.nl.load(self.hbm(counting(4, 8)))

    def test_numbers_are_not_assigned(self):
        with self.refused("is assigned to a tile"):
            self.tile(4, 8)[...] = 0

    def test_advanced_and_basic_indices_do_not_mix(self):
        i_p, i_f = self.nl.mgrid[0:4, 0:8]
        self.nl.load(self.hbm(counting(4, 8))[i_p, i_f])
        with self.refused("basic and advanced indices"):
            self.nl.load(self.hbm(counting(4, 8))[i_p, 0:8])


class Loops(LegacyTest):
    def test_affine_expressions_are_subscripts(self):
        x, seen = self.hbm(counting(4, 8)), []
        for i in self.nl.affine_range(2):
            block = i * 4
            seen.append(self.nl.load(x[0:4, block : block + 4]).data)
        np.testing.assert_array_equal(np.concatenate(seen, 1), counting(4, 8))

    def test_loop_variables_are_symbols_to_python(self):
        tiles = [1, 2]
        for loop in (self.nl.affine_range, self.nl.sequential_range):
            for i in loop(1):
                for words, use in (
                    ("selects from a Python list", lambda: tiles[i]),
                    ("decides what Python does", lambda: i == 0),
                    ("a mask decides what Python does", lambda: min(4, 8 - i * 4)),
                    ("is divided", lambda: i % 2),
                    ("is divided", lambda: i // 2),
                    ("is used as a number", lambda: int(i)),
                    ("not affine", lambda: i * i),
                ):
                    with self.refused(words):
                        use()

    def test_static_loops_have_numbers(self):
        self.assertEqual([[1, 2][i] for i in self.nl.static_range(2)], [1, 2])

    def test_the_length_of_a_loop_is_known(self):
        with self.refused("length is not known"):
            for i in self.nl.affine_range(2):
                list(self.nl.affine_range(i + 1))

    def test_affine_loops_run_backwards_on_request(self):
        values = [i.value for i in self.nl.affine_range(3)]
        self.use(backwards=True)
        self.assertEqual([i.value for i in self.nl.affine_range(3)], values[::-1])
        self.assertEqual([i.value for i in self.nl.sequential_range(3)], values)

    def test_names_end_with_the_loop_that_assigns_them(self):
        legacy.check_source("def k(n):\n    for i in n:\n        a = i\n        b = a\n    a = 1\n    return a\n")
        with self.refused("a is used outside of the loop"):
            legacy.check_source("def k(n):\n    for i in n:\n        a = i\n    return a\n")


class Masks(LegacyTest):
    def masked(self, tile):
        i_p, i_f = self.nl.mgrid[0:4, 0:8]
        x = self.hbm(counting(3, 6))
        tile[0:4, 0:8] = self.nl.load(x[i_p, i_f], mask=(i_p < 3) & (i_f < 6))
        return tile

    def test_what_a_masked_load_leaves_out_is_unknown(self):
        tile = self.masked(self.tile(4, 8))
        tile[0:3, 0:6].read()
        with self.refused("nothing was written"):
            tile.read()

    def test_what_a_masked_load_leaves_out_of_zeros_is_zero(self):
        expected = np.zeros((4, 8))
        expected[:3, :6] = counting(3, 6)
        self.same(self.masked(self.tile(4, 8, make="zeros")), expected)
        self.assertEqual(CHIP.bytes_read, 3 * 6 * 4)

    def test_access_outside_of_a_tensor_is_masked(self):
        i_p, i_f = self.nl.mgrid[0:4, 0:8]
        with self.refused("access outside of a tensor without a mask"):
            self.nl.load(self.hbm(counting(3, 8))[i_p, i_f], mask=i_f < 6)

    def test_masks_are_comparisons_joined_by_and(self):
        i_p, i_f = self.nl.mgrid[0:4, 0:8]
        for words, use in (
            ("joined by & only", lambda: (i_p < 3) | (i_f < 6)),
            ("joined by & only", lambda: ~(i_p < 3)),
            ("decides what Python does", lambda: (i_p < 3) and (i_f < 6)),
            ("not affine", lambda: i_p * i_f),
        ):
            with self.refused(words):
                use()

    def test_masks_go_with_advanced_indices(self):
        i_p, _ = self.nl.mgrid[0:4, 0:8]
        with self.refused("a mask without advanced indices"):
            self.nl.load(self.hbm(counting(4, 8))[0:4, 0:8], mask=i_p < 3)

    def test_masked_stores_write_and_count_what_is_there(self):
        y, tile = self.hbm(np.full((3, 6), -1)), self.tile(4, 8, values=counting(4, 8))
        i_p, i_f = self.nl.mgrid[0:4, 0:8]
        self.nl.store(y[i_p, i_f], tile, mask=(i_p < 3) & (i_f < 6))
        self.same(y, counting(4, 8)[:3, :6])
        self.assertEqual(CHIP.bytes_written, 3 * 6 * 4)

    def test_transposed_loads_are_masked_before_they_are_transposed(self):
        i_p, i_f = self.nl.mgrid[0:4, 0:8]
        tile = self.tile(8, 4, make="zeros")
        tile[...] = self.nl.load_transpose2d(self.hbm(counting(3, 8))[i_p, i_f], mask=i_p < 3)
        expected = np.zeros((8, 4))
        expected[:, :3] = counting(3, 8).T
        self.same(tile, expected)


class LoadsAndStores(LegacyTest):
    def test_loads_come_from_hbm_and_do_not_reach_psum(self):
        x = self.hbm(counting(4, 8))
        with self.refused("nl.load from sbuf"):
            self.nl.load(self.tile(4, 8, values=1))
        with self.refused("DMA does not reach PSUM"):
            self.tile(4, 8, buffer="psum")[...] = self.nl.load(x)

    def test_stores_go_from_sbuf_to_hbm(self):
        y = self.hbm(np.zeros((4, 8)))
        self.nl.store(y, self.tile(4, 8, values=7))
        self.same(y, np.full((4, 8), 7))
        with self.refused("nl.store from PSUM"):
            self.nl.store(y, self.tile(4, 8, buffer="psum", values=7))
        with self.refused("nl.store to sbuf"):
            self.nl.store(self.tile(4, 8), self.tile(4, 8, values=7))

    def test_stores_convert(self):
        y = self.hbm(np.zeros((1, 1)), "bfloat16")
        self.nl.store(y, self.tile(1, 1, values=257))
        self.same(y, [[256]])

    def test_what_was_never_written_is_not_stored(self):
        with self.refused("nothing was written"):
            self.nl.store(self.hbm(np.zeros((4, 8))), self.tile(4, 8))
        i_p, i_f = self.nl.mgrid[0:4, 0:8]
        with self.refused("what was never written"):
            self.nl.store(self.hbm(np.zeros((4, 8)))[i_p, i_f], self.tile(4, 8), mask=i_p < 4)


class Instructions(LegacyTest):
    def test_matmuls_add_up_in_psum_that_starts_at_zero(self):
        acc = self.tile(2, 8, buffer="psum", make="zeros")
        stationary, moving = self.tile(4, 2, values=1), self.tile(4, 8, values=counting(4, 8))
        for _ in self.nl.affine_range(2):
            acc[...] += self.nisa.nc_matmul(stationary, moving)
        self.same(acc, 2 * np.ones((2, 4)) @ counting(4, 8))
        with self.refused("psum is read where nothing was written"):
            empty = self.tile(2, 8, buffer="psum")
            empty[...] += self.nisa.nc_matmul(stationary, moving)

    def test_only_matmuls_add_in_psum(self):
        acc = self.tile(2, 8, buffer="psum", make="zeros")
        with self.refused("no nc_matmul"):
            acc[...] += self.tile(2, 8, values=1)
        copied = self.tile(2, 8, buffer="psum", values=0)
        with self.refused("onto what another instruction wrote"):
            copied[...] += self.nisa.nc_matmul(self.tile(4, 2, values=1), self.tile(4, 8, values=1))

    def test_sums_in_sbuf_round_to_its_dtype(self):
        total = self.tile(1, 1, "bfloat16", values=256)
        total[...] += self.tile(1, 1, values=1)
        self.same(total, [[256]])

    def test_results_have_the_dtype_that_is_asked_for(self):
        x = self.tile(1, 1, values=257)
        narrow = self.nisa.tensor_copy(x, dtype=self.nl.bfloat16)
        np.testing.assert_array_equal(narrow.data, [[256]])
        np.testing.assert_array_equal(self.nisa.tensor_copy(x).data, [[257]])

    def test_pairs_are_not_both_in_psum(self):
        x, acc = self.tile(4, 8, values=1), self.tile(4, 8, buffer="psum", values=2)
        self.assertEqual(self.nisa.tensor_tensor(x, acc, op=self.nl.add).data[0, 0], 3)
        with self.refused("both operands in PSUM"):
            self.nisa.tensor_tensor(acc, acc, op=self.nl.add)

    def test_transposes_read_sbuf(self):
        x = self.tile(4, 8, values=counting(4, 8))
        np.testing.assert_array_equal(self.nisa.nc_transpose(x).data, counting(4, 8).T)
        with self.refused("in PSUM"):
            self.nisa.nc_transpose(self.tile(4, 8, buffer="psum", values=1))
        with self.refused(r"nc_transpose of \(4, 129\)"):
            self.nisa.nc_transpose(self.tile(4, 129, values=1))

    def test_zeros_occupy_sbuf_from_the_start(self):
        first = self.tile(128, 100 * 256, make="zeros")
        self.tile(128, 100 * 256, make="zeros")
        first.read()
        with self.refused("bytes of SBUF per partition are in use at once"):
            CHIP.check_capacity()
