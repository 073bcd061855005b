"""matmul_fully_optimized as an NKI kernel, for nki 0.3 to 0.6 (SDK 2.29 to 2.32), on Trn2 and Trn3.

Blocks in SBUF are [partition, tile, column]: row i is in partition i % 128 of tile i // 128. Where
a function works on a part of a block, start is its first tile.
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


def zeros(shape, dtype):
    """SBUF that starts at zero."""
    tensor = nl.ndarray(shape, dtype, buffer=nl.sbuf)
    nisa.memset(tensor, 0.0)
    return tensor


def load(dst, src, row, row_size, col, col_size):
    """HBM → SBUF: dst [row, col] = src [row, col], one DMA for 128 rows."""
    for i_row_tile in nl.affine_range(ceil_div(row_size, PMAX)):
        row_tile = i_row_tile * PMAX
        row_tile_size = min(PMAX, row_size - row_tile)
        nisa.dma_copy(
            dst[0:row_tile_size, i_row_tile, 0:col_size],
            src[row + row_tile:row + row_tile + row_tile_size, col:col + col_size],
        )


def add_product(dst, stationary, moving, m_size, n_size, k_size, N_TILE, dst_start=0):
    """dst [m, n] += stationary [k, m]ᵀ · moving [k, n]: tiles add up in PSUM, then once in SBUF."""
    for i_n_tile in nl.affine_range(ceil_div(n_size, N_TILE)):
        n_tile = i_n_tile * N_TILE
        n_tile_size = min(N_TILE, n_size - n_tile)
        for i_m_tile in nl.affine_range(ceil_div(m_size, PMAX)):
            m_tile = i_m_tile * PMAX
            m_tile_size = min(PMAX, m_size - m_tile)
            acc = nl.ndarray((m_tile_size, n_tile_size), nl.float32, buffer=nl.psum)
            for i_k_tile in nl.sequential_range(ceil_div(k_size, PMAX)):
                k_tile = i_k_tile * PMAX
                k_tile_size = min(PMAX, k_size - k_tile)
                nisa.nc_matmul(
                    acc,
                    stationary[0:k_tile_size, i_k_tile, m_tile:m_tile + m_tile_size],
                    moving[0:k_tile_size, i_k_tile, n_tile:n_tile + n_tile_size],
                    accumulate=i_k_tile > 0,
                )
            dst_tile = dst[0:m_tile_size, dst_start + i_m_tile, n_tile:n_tile + n_tile_size]
            nisa.tensor_tensor(dst_tile, dst_tile, acc, nl.add)


def store(dst, block, row, row_size, col, col_size):
    """SBUF → HBM: dst [row, col] = block [row, col] in the dtype of dst, one DMA for 128 rows."""
    for i_row_tile in nl.affine_range(ceil_div(row_size, PMAX)):
        row_tile = i_row_tile * PMAX
        row_tile_size = min(PMAX, row_size - row_tile)
        out = nl.ndarray((row_tile_size, col_size), dst.dtype, buffer=nl.sbuf)
        nisa.tensor_copy(out, block[0:row_tile_size, i_row_tile, 0:col_size])
        nisa.dma_copy(dst[row + row_tile:row + row_tile + row_tile_size, col:col + col_size], out)


@nki.jit
def matmul_fully_optimized(x_t, w, M_BLOCK=1024, N_BLOCK=1024, K_BLOCK=1024):
    """Y = X·W from Xᵀ, all dimensions in blocks; each block of W is read once.

    Dimensions:
        K: in-features, any size
        M: rows of X (tokens), any size
        N: out-features, any size

    Args:
        x_t (nl.ndarray): [K, M] in HBM
        w (nl.ndarray): [K, N] in HBM
        M_BLOCK (int): largest block of M, a multiple of 128
        N_BLOCK (int): largest block of N, a multiple of 128
        K_BLOCK (int): largest block of K, a multiple of 128

    Returns:
        y (nl.ndarray): [M, N] in HBM, of the dtype of x_t

    Notes:
        - The schedule: dimensions are cut into equal pieces, none larger than these block sizes.
        - Sums over blocks are kept in float32 and rounded once (accumulate = float32).
        - The outermost loop is over columns of the result (outermost = columns).
        - For nki 0.3 to 0.6 (SDK 2.29 to 2.32), on Trn2 and Trn3.
    """
    K, M = x_t.shape
    N = w.shape[1]
    assert w.shape[0] == K, "w must be [K, N]"

    K_BLOCK = balanced(K, K_BLOCK)
    K_TILES_IN_BLOCK = ceil_div(K_BLOCK, PMAX)
    M_BLOCK = balanced(M, M_BLOCK)
    M_TILES_IN_BLOCK = ceil_div(M_BLOCK, PMAX)
    M_TILES = ceil_div(M, PMAX)
    N_BLOCK = balanced(N, N_BLOCK)
    N_TILE = balanced(N_BLOCK, 512)

    y = nl.ndarray((M, N), dtype=x_t.dtype, buffer=nl.shared_hbm)

    for i_n_block in nl.affine_range(ceil_div(N, N_BLOCK)):
        n_block = i_n_block * N_BLOCK
        n_block_size = min(N_BLOCK, N - n_block)
        result = zeros((PMAX, M_TILES, n_block_size), nl.float32)
        w_blocks = tensors(2, (PMAX, K_TILES_IN_BLOCK, N_BLOCK), w.dtype, nl.sbuf)
        for i_k_block in nl.sequential_range(ceil_div(K, K_BLOCK)):
            k_block = i_k_block * K_BLOCK
            k_block_size = min(K_BLOCK, K - k_block)
            w_block = w_blocks[i_k_block % 2]
            load(w_block, w, k_block, k_block_size, n_block, n_block_size)
            x_t_blocks = tensors(2, (PMAX, K_TILES_IN_BLOCK, M_BLOCK), x_t.dtype, nl.sbuf)
            for i_m_block in nl.sequential_range(ceil_div(M, M_BLOCK)):
                m_block = i_m_block * M_BLOCK
                m_block_size = min(M_BLOCK, M - m_block)
                x_t_block = x_t_blocks[i_m_block % 2]
                load(x_t_block, x_t, k_block, k_block_size, m_block, m_block_size)
                add_product(result, x_t_block, w_block, m_block_size, n_block_size, k_block_size,
                            N_TILE, dst_start=i_m_block * M_TILES_IN_BLOCK)

        store(y, result, 0, M, n_block, n_block_size)
    return y
