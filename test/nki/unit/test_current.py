"""The current dialect: what each instruction computes, and what it refuses."""

import numpy as np
from standins import CHIP, StandinTest, counting

from standin import current


class CurrentTest(StandinTest):
    standin = current

    def tile(self, shape, dtype="float32", buffer="sbuf", values=None):
        made = self.nl.ndarray(shape, dtype=getattr(self.nl, dtype), buffer=getattr(self.nl, buffer))
        if values is not None:
            made.write(np.broadcast_to(np.float32(values), shape))
        return made


class Tensors(CurrentTest):
    def test_buffers_have_names(self):
        for buffer in ("sbuf", "psum", "shared_hbm", "private_hbm"):
            self.nl.ndarray((4, 4), self.nl.float32, buffer=buffer)
        self.assertFalse(hasattr(self.nl, "hbm"))
        for buffer in ("hbm", "dram"):
            with self.refused(buffer):
                self.nl.ndarray((4, 4), self.nl.float32, buffer=buffer)

    def test_tensors_are_not_assigned_to(self):
        with self.refused("instructions take dst as their first argument"):
            self.tile((4, 4))[0:4, 0:4] = 0

    def test_slices_are_not_sliced(self):
        whole = self.tile((4, 4), values=1)
        whole[0:4, 0:2].read()
        with self.refused("a slice of a slice"):
            whole[0:4, 0:2][0:4, 0:1]

    def test_affine_loops_run_backwards_on_request(self):
        self.assertEqual(list(self.nl.affine_range(3)), [0, 1, 2])
        self.use(backwards=True)
        self.assertEqual(list(self.nl.affine_range(3)), [2, 1, 0])
        self.assertEqual(list(self.nl.sequential_range(3)), [0, 1, 2])


class Dma(CurrentTest):
    def test_copies_count_what_crosses_from_and_to_hbm(self):
        x, y, t = self.hbm(counting(4, 8)), self.hbm(np.zeros((4, 8))), self.tile((4, 8))
        self.nisa.dma_copy(t, x)
        self.nisa.dma_copy(y[0:4, 0:2], t[0:4, 0:2])
        self.same(t, counting(4, 8))
        self.assertEqual((CHIP.bytes_read, CHIP.bytes_written), (4 * 8 * 4, 4 * 2 * 4))

    def test_dma_does_not_reach_psum(self):
        x, acc = self.hbm(counting(4, 8)), self.tile((4, 8), buffer="psum", values=1)
        with self.refused("DMA does not reach PSUM"):
            self.nisa.dma_copy(acc, x)
        with self.refused("DMA does not reach PSUM"):
            self.nisa.dma_copy(x, acc)

    def test_dma_does_not_convert(self):
        with self.refused("float32 into bfloat16"):
            self.nisa.dma_copy(self.tile((4, 8), "bfloat16"), self.hbm(counting(4, 8)))

    def test_dma_does_not_broadcast(self):
        with self.refused(r"dma_copy: \(1, 8\) into \(4, 8\)"):
            self.nisa.dma_copy(self.tile((4, 8)), self.hbm(counting(1, 8)))

    def test_dma_transposes(self):
        t = self.tile((8, 4))
        self.nisa.dma_transpose(t, self.hbm(counting(4, 8)))
        self.same(t, counting(4, 8).T)
        with self.refused("dma_transpose: shapes"):
            self.nisa.dma_transpose(self.tile((4, 8)), self.hbm(counting(4, 8)))

    def test_unwritten_memory_is_not_stored(self):
        with self.refused("sbuf is read where nothing was written"):
            self.nisa.dma_copy(self.hbm(counting(4, 8)), self.tile((4, 8)))


class Matmul(CurrentTest):
    def operands(self, k=4, s=2, m=8, dtype="float32"):
        return self.tile((k, s), dtype, values=1), self.tile((k, m), dtype, values=counting(k, m))

    def test_the_first_of_a_group_overwrites_and_the_others_add(self):
        stationary, moving = self.operands()
        acc = self.tile((2, 8), buffer="psum")
        product = np.ones((2, 4)) @ counting(4, 8)
        self.nisa.nc_matmul(acc, stationary, moving)
        self.same(acc, product)
        self.nisa.nc_matmul(acc, stationary, moving)
        self.same(acc, 2 * product)
        self.nisa.nc_matmul(acc, stationary, moving, accumulate=False)
        self.same(acc, product)

    def test_it_does_not_add_to_what_another_instruction_wrote(self):
        acc = self.tile((2, 8), buffer="psum", values=0)
        with self.refused("onto what another instruction wrote"):
            self.nisa.nc_matmul(acc, *self.operands())

    def test_its_limits(self):
        acc = self.tile((128, 512), buffer="psum")
        self.nisa.nc_matmul(acc, *self.operands(128, 128, 512))
        with self.refused("stationary free size over 128"):
            self.nisa.nc_matmul(acc, *self.operands(128, 129, 512))
        with self.refused("moving free size over 512"):
            self.nisa.nc_matmul(acc, *self.operands(128, 128, 513))

    def test_contractions_agree(self):
        stationary, _ = self.operands(4)
        _, moving = self.operands(5)
        with self.refused("contractions differ"):
            self.nisa.nc_matmul(self.tile((2, 8), buffer="psum"), stationary, moving)

    def test_it_reads_sbuf_and_writes_psum(self):
        stationary, moving = self.operands()
        with self.refused("dst is in sbuf"):
            self.nisa.nc_matmul(self.tile((2, 8)), stationary, moving)
        acc = self.tile((2, 8), buffer="psum")
        with self.refused("moving is in psum"):
            self.nisa.nc_matmul(acc, stationary, self.tile((4, 8), buffer="psum", values=1))
        with self.refused("stationary is in shared_hbm"):
            self.nisa.nc_matmul(acc, self.hbm(np.ones((4, 2))), moving)

    def test_it_accumulates_in_float32(self):
        with self.refused("dst is bfloat16"):
            self.nisa.nc_matmul(self.tile((2, 8), "bfloat16", "psum"), *self.operands())

    def test_dtypes_mix_unless_one_is_float32(self):
        acc = self.tile((2, 8), buffer="psum")
        half = self.tile((4, 2), "float16", values=1)
        _, moving = self.operands(dtype="bfloat16")
        self.nisa.nc_matmul(acc, half, moving)
        with self.refused("float32 with another dtype"):
            self.nisa.nc_matmul(acc, half, self.operands()[1])


class Elementwise(CurrentTest):
    def setUp(self):
        super().setUp()
        self.x = self.tile((4, 8), values=counting(4, 8))
        self.y = self.tile((4, 8))

    def test_copies_convert(self):
        narrow = self.tile((4, 8), "bfloat16")
        self.nisa.tensor_copy(narrow, self.tile((4, 8), values=257))
        self.same(narrow, np.full((4, 8), 256))

    def test_shapes_agree(self):
        with self.refused("operands of shapes"):
            self.nisa.tensor_copy(self.y[0:4, 0:7], self.x)
        with self.refused("operands of shapes"):
            self.nisa.tensor_tensor(self.y, self.x, self.x[0:4, 0:1], self.nl.add)

    def test_operands_are_on_chip(self):
        with self.refused("an operand is in shared_hbm"):
            self.nisa.tensor_copy(self.y, self.hbm(counting(4, 8)))

    def test_pairs_are_not_both_in_psum(self):
        acc = self.tile((4, 8), buffer="psum", values=1)
        self.nisa.tensor_tensor(self.y, self.x, acc, self.nl.add)
        self.same(self.y, counting(4, 8) + 1)
        with self.refused("tensor_tensor: both operands in PSUM"):
            self.nisa.tensor_tensor(self.y, acc, acc, self.nl.add)
        with self.refused("scalar_tensor_tensor: both operands in PSUM"):
            self.nisa.scalar_tensor_tensor(self.y, acc, self.nl.add, 1.0, self.nl.add, acc)

    def test_scalars_are_numbers_or_one_value_per_partition(self):
        nl, each = self.nl, self.tile((4, 1), values=np.float32([[1], [2], [3], [4]]))
        self.nisa.tensor_scalar(self.y, self.x, nl.multiply, each, op1=nl.add, operand1=1.0)
        self.same(self.y, counting(4, 8) * each.data + 1)
        self.nisa.tensor_scalar(self.y, self.x, nl.subtract, 1.0, reverse0=True)
        self.same(self.y, 1 - counting(4, 8))
        with self.refused(r"tensor_scalar: an operand of shape \(4, 8\)"):
            self.nisa.tensor_scalar(self.y, self.x, nl.multiply, self.x)

    def test_activations_scale_then_add_the_bias(self):
        bias = self.tile((4, 1), values=2)
        self.nisa.activation(self.y, self.nl.square, self.x, bias=bias, scale=3.0)
        self.same(self.y, (3 * counting(4, 8) + 2) ** 2)

    def test_reductions_are_over_the_free_axis(self):
        sums = self.tile((4, 1))
        self.nisa.tensor_reduce(sums, self.nl.add, self.x, axis=1, keepdims=True)
        self.same(sums, counting(4, 8).sum(1, keepdims=True))
        with self.refused("only free axes"):
            self.nisa.tensor_reduce(sums, self.nl.add, self.x, axis=0)

    def test_iota_counts_in_sbuf(self):
        self.nisa.iota(self.y, pattern=[[2, 8]], offset=5, channel_multiplier=100)
        self.same(self.y, 5 + 100 * np.arange(4)[:, None] + 2 * np.arange(8))
        with self.refused("iota: dst is in psum"):
            self.nisa.iota(self.tile((4, 8), buffer="psum"), pattern=[[1, 8]])

    def test_memset_takes_a_number_of_the_dtype(self):
        self.nisa.memset(self.y, 0.0)
        self.same(self.y, np.zeros((4, 8)))
        with self.refused("memset of float32 with 0"):
            self.nisa.memset(self.y, 0)

    def test_transposes_go_from_sbuf_to_psum_and_keep_the_dtype(self):
        acc = self.tile((8, 4), buffer="psum")
        self.nisa.nc_transpose(acc, self.x)
        self.same(acc, counting(4, 8).T)
        with self.refused("SBUF to PSUM"):
            self.nisa.nc_transpose(self.tile((8, 4)), self.x)
        with self.refused("float32 into bfloat16"):
            self.nisa.nc_transpose(self.tile((8, 4), "bfloat16", "psum"), self.x)
        with self.refused("on the vector engine"):
            self.nisa.nc_transpose(self.tile((33, 4)), self.tile((4, 33)), self.nisa.engine.vector)


class Source(CurrentTest):
    def test_the_language_is_a_subset_of_python(self):
        current.check_source("def k(x, n=1):\n    return [x for _ in range(n)]\n")
        for body, word in (
            ("return (lambda y: y)(x)", "lambda"),
            ("return x is None", "is"),
            ("return x is not None", "is not"),
            ("with x: pass", "with"),
            ("yield x", "yield"),
        ):
            with self.refused(f"{word} .*is not in the language"):
                current.check_source(f"def k(x):\n    {body}\n")
        with self.refused("keyword-only arguments"):
            current.check_source("def k(x, *, n): pass\n")
