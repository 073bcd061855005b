"""matmul_tiled as an NKI kernel, for nki 0.3 to 0.6 (SDK 2.29 to 2.32), on Trn2 and Trn3.

Written by neuronmm emit.
"""

import nki
import nki.isa as nisa
import nki.language as nl

PMAX = 128  # partitions of a tile, nl.tile_size.pmax


def ceil_div(a, b):
    return (a + b - 1) // b


def balanced(whole, size):
    """Equal pieces of at most size, in whole units of 128: 1500 by 1024 is 768 + 732."""
    assert size > 0 and size % 128 == 0, "a block size must be a positive multiple of 128"
    return min(whole, ceil_div(ceil_div(whole, 128), ceil_div(whole, size)) * 128)


def tensors(count, shape, dtype, buffer):
    """Several alike: SBUF used in turn, so that loads run ahead of compute, or banks of PSUM."""
    tiles = []
    for _ in nl.static_range(count):
        tiles.append(nl.ndarray(shape, dtype, buffer=buffer))
    return tiles


@nki.jit
def matmul_tiled(x_t, w, M_TILE=128, N_TILE=512):
    """Y = X·W from Xᵀ, a tile of Y at a time, added up in PSUM.

    Dimensions:
        K: in-features, any size
        M: rows of X (tokens), any size
        N: out-features, any size

    Args:
        x_t (nl.ndarray): [K, M] in HBM
        w (nl.ndarray): [K, N] in HBM
        M_TILE (int): largest tile of M, a divisor of 128
        N_TILE (int): largest tile of N, a multiple of 128 up to 512

    Returns:
        y (nl.ndarray): [M, N] in HBM, of the dtype of x_t

    Notes:
        - The schedule: dimensions are cut into equal pieces, none larger than these block sizes.
        - For nki 0.3 to 0.6 (SDK 2.29 to 2.32), on Trn2 and Trn3.
    """
    K, M = x_t.shape
    N = w.shape[1]
    assert w.shape[0] == K, "w must be [K, N]"
    assert M_TILE > 0 and 128 % M_TILE == 0, "M_TILE must divide 128"
    assert N_TILE <= 512, "N_TILE exceeds nl.tile_size.gemm_moving_fmax"

    M_TILE = min(M, M_TILE)
    N_TILE = balanced(N, N_TILE)

    y = nl.ndarray((M, N), dtype=x_t.dtype, buffer=nl.shared_hbm)

    for i_m_tile in nl.affine_range(ceil_div(M, M_TILE)):
        m_tile = i_m_tile * M_TILE
        m_tile_size = min(M_TILE, M - m_tile)
        outs = tensors(2, (M_TILE, N_TILE), x_t.dtype, nl.sbuf)
        for i_n_tile in nl.sequential_range(ceil_div(N, N_TILE)):
            n_tile = i_n_tile * N_TILE
            n_tile_size = min(N_TILE, N - n_tile)
            acc = nl.ndarray((m_tile_size, n_tile_size), nl.float32, buffer=nl.psum)
            x_t_blocks = tensors(2, (PMAX, M_TILE), x_t.dtype, nl.sbuf)
            w_blocks = tensors(2, (PMAX, N_TILE), w.dtype, nl.sbuf)
            for i_k_tile in nl.sequential_range(ceil_div(K, PMAX)):
                k_tile = i_k_tile * PMAX
                k_tile_size = min(PMAX, K - k_tile)
                x_t_block = x_t_blocks[i_k_tile % 2]
                nisa.dma_copy(
                    x_t_block[0:k_tile_size, 0:m_tile_size],
                    x_t[k_tile:k_tile + k_tile_size, m_tile:m_tile + m_tile_size],
                )
                w_block = w_blocks[i_k_tile % 2]
                nisa.dma_copy(
                    w_block[0:k_tile_size, 0:n_tile_size],
                    w[k_tile:k_tile + k_tile_size, n_tile:n_tile + n_tile_size],
                )
                nisa.nc_matmul(
                    acc,
                    x_t_block[0:k_tile_size, 0:m_tile_size],
                    w_block[0:k_tile_size, 0:n_tile_size],
                    accumulate=i_k_tile > 0,
                )
            out = outs[i_n_tile % 2]
            nisa.tensor_copy(out[0:m_tile_size, 0:n_tile_size], acc)
            nisa.dma_copy(
                y[m_tile:m_tile + m_tile_size, n_tile:n_tile + n_tile_size],
                out[0:m_tile_size, 0:n_tile_size],
            )
    return y
