"""matmul_tiled as an NKI kernel, for neuronxcc.nki of SDK 2.23 to 2.29, on Trn1, Inf2 and Trn2.

Written by neuronmm emit.
"""

import neuronxcc.nki as nki
import neuronxcc.nki.isa as nisa
import neuronxcc.nki.language as nl


def ceil_div(a, b):
    return (a + b - 1) // b


def balanced(whole, size):
    """Equal pieces of at most size, in whole units of 128: 1500 by 1024 is 768 + 732."""
    assert size > 0 and size % 128 == 0, "a block size must be a positive multiple of 128"
    return min(whole, ceil_div(ceil_div(whole, 128), ceil_div(whole, size)) * 128)


def sbuf(shape, dtype, zero=False):
    """A block in SBUF. What it holds beyond the end of a matrix must be zero."""
    allocate = nl.zeros if zero else nl.ndarray
    return allocate((nl.par_dim(shape[0]),) + shape[1:], dtype=dtype, buffer=nl.sbuf)


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
        - For neuronxcc.nki of SDK 2.23 to 2.29, on Trn1, Inf2 and Trn2.
    """
    K, M = x_t.shape
    N = w.shape[1]
    assert w.shape[0] == K, "w must be [K, N]"
    assert M_TILE > 0 and 128 % M_TILE == 0, "M_TILE must divide 128"
    assert N_TILE <= 512, "N_TILE exceeds nl.tile_size.gemm_moving_fmax"

    K_TILE = min(K, 128)
    M_TILE = min(M, M_TILE)
    N_TILE = balanced(N, N_TILE)
    # Where a matrix ends within a piece, masks leave the rest out, and it must read as zero.
    RAGGED = any((K % K_TILE, M % M_TILE, N % N_TILE))

    y = nl.ndarray((M, N), dtype=x_t.dtype, buffer=nl.shared_hbm)

    for i_m_tile in nl.affine_range(ceil_div(M, M_TILE)):
        m_tile = i_m_tile * M_TILE
        for i_n_tile in nl.affine_range(ceil_div(N, N_TILE)):
            n_tile = i_n_tile * N_TILE
            acc = nl.zeros((nl.par_dim(M_TILE), N_TILE), dtype=nl.float32, buffer=nl.psum)
            for i_k_tile in nl.affine_range(ceil_div(K, K_TILE)):
                k_tile = i_k_tile * K_TILE
                x_t_block = sbuf((K_TILE, M_TILE), x_t.dtype, zero=RAGGED)
                i_k, i_m = nl.mgrid[0:K_TILE, 0:M_TILE]
                x_t_block[...] = nl.load(
                    x_t[k_tile + i_k, m_tile + i_m],
                    mask=(k_tile + i_k < K) & (m_tile + i_m < M),
                )
                w_block = sbuf((K_TILE, N_TILE), w.dtype, zero=RAGGED)
                i_k, i_n = nl.mgrid[0:K_TILE, 0:N_TILE]
                w_block[...] = nl.load(
                    w[k_tile + i_k, n_tile + i_n],
                    mask=(k_tile + i_k < K) & (n_tile + i_n < N),
                )
                acc[...] += nisa.nc_matmul(x_t_block[...], w_block[...])
            out = nl.ndarray((nl.par_dim(M_TILE), N_TILE), dtype=x_t.dtype, buffer=nl.sbuf)
            out[...] = nisa.tensor_copy(acc[...], dtype=x_t.dtype)
            i_m, i_n = nl.mgrid[0:M_TILE, 0:N_TILE]
            nl.store(
                y[m_tile + i_m, n_tile + i_n],
                out[...],
                mask=(m_tile + i_m < M) & (n_tile + i_n < N),
            )
    return y
