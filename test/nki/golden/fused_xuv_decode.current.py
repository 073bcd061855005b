"""fused_xuv_decode as an NKI kernel, for nki 0.3 to 0.6 (SDK 2.29 to 2.32), on Trn2 and Trn3.

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


def transpose(dst, block, col_size, row_size, dst_start=0):
    """dst [col, row] = block [row, col], on the tensor engine."""
    for i_row_tile in nl.affine_range(ceil_div(row_size, PMAX)):
        row_tile = i_row_tile * PMAX
        row_tile_size = min(PMAX, row_size - row_tile)
        for i_col_tile in nl.affine_range(ceil_div(col_size, PMAX)):
            col_tile = i_col_tile * PMAX
            col_tile_size = min(PMAX, col_size - col_tile)
            transposed = nl.ndarray((col_tile_size, row_tile_size), dst.dtype, buffer=nl.psum)
            nisa.nc_transpose(
                transposed, block[0:row_tile_size, i_row_tile, col_tile:col_tile + col_tile_size]
            )
            nisa.tensor_copy(
                dst[0:col_tile_size, dst_start + i_col_tile, row_tile:row_tile + row_tile_size],
                transposed,
            )


def load(dst, src, row, row_size, col, col_size):
    """HBM → SBUF: dst [row, col] = src [row, col], one DMA for 128 rows."""
    for i_row_tile in nl.affine_range(ceil_div(row_size, PMAX)):
        row_tile = i_row_tile * PMAX
        row_tile_size = min(PMAX, row_size - row_tile)
        nisa.dma_copy(
            dst[0:row_tile_size, i_row_tile, 0:col_size],
            src[row + row_tile:row + row_tile + row_tile_size, col:col + col_size],
        )


def accumulate_rows(
    acc, stationary, moving, m_size, n_size, k_size, N_TILE,
    stationary_start=0, accumulate=False,
):
    """acc [m, n] += stationary [k, m]ᵀ · moving [k, n] in PSUM, a bank for each tile of n."""
    for i_k_tile in nl.sequential_range(ceil_div(k_size, PMAX)):
        k_tile = i_k_tile * PMAX
        k_tile_size = min(PMAX, k_size - k_tile)
        for i_n_tile in nl.static_range(ceil_div(n_size, N_TILE)):
            n_tile = i_n_tile * N_TILE
            n_tile_size = min(N_TILE, n_size - n_tile)
            nisa.nc_matmul(
                acc[i_n_tile][0:m_size, 0:n_tile_size],
                stationary[0:k_tile_size, stationary_start + i_k_tile, 0:m_size],
                moving[0:k_tile_size, i_k_tile, n_tile:n_tile + n_tile_size],
                accumulate=accumulate or i_k_tile > 0,
            )


def drain(dst, acc, m_size, n_size, N_TILE, dst_col=0):
    """PSUM → SBUF: dst [m, n] = acc [m, n] in the dtype of dst, bank by bank."""
    for i_n_tile in nl.static_range(ceil_div(n_size, N_TILE)):
        n_tile = i_n_tile * N_TILE
        n_tile_size = min(N_TILE, n_size - n_tile)
        nisa.tensor_copy(
            dst[0:m_size, 0, dst_col + n_tile:dst_col + n_tile + n_tile_size],
            acc[i_n_tile][0:m_size, 0:n_tile_size],
        )


@nki.jit
def fused_xuv_decode(x, u, v, K_BLOCK=512, R_BLOCK=2048, N_BLOCK=2048, V_BLOCK=512):
    """Y = X·U·V for at most 128 rows: X, U and V are each read once.

    Dimensions:
        M: rows of X (tokens), at most 128
        K: in-features, at most 32768
        r: rank, any size
        N: out-features, any size

    Args:
        x (nl.ndarray): [M, K] in HBM
        u (nl.ndarray): [K, r] in HBM
        v (nl.ndarray): [r, N] in HBM
        K_BLOCK (int): largest block of K, a multiple of 128
        R_BLOCK (int): largest block of r, a multiple of 128 up to 2048
        N_BLOCK (int): largest block of N, a multiple of 128 up to 2048
        V_BLOCK (int): largest block of r, a multiple of 128

    Returns:
        y (nl.ndarray): [M, N] in HBM, of the dtype of x

    Notes:
        - The schedule: dimensions are cut into equal pieces, none larger than these block sizes.
        - The activation is stationary, and weights move past it (stationary = activation).
        - For nki 0.3 to 0.6 (SDK 2.29 to 2.32), on Trn2 and Trn3.
    """
    M, K = x.shape
    r = u.shape[1]
    N = v.shape[1]
    assert u.shape[0] == K, "u must be [K, r]"
    assert v.shape[0] == r, "v must be [r, N]"
    assert M <= 128, "fused_xuv_decode takes M up to 128"
    assert K <= 32768, "fused_xuv_decode takes K up to 32768"
    assert R_BLOCK <= 2048 and N_BLOCK <= 2048, "R_BLOCK or N_BLOCK exceeds the banks of PSUM"

    K_F_BLOCK = balanced(K, 4096)
    K_TILES_IN_K_F_BLOCK = ceil_div(K_F_BLOCK, PMAX)
    K_BLOCK = balanced(K, K_BLOCK)
    K_TILES_IN_BLOCK = ceil_div(K_BLOCK, PMAX)
    K_TILES = ceil_div(K, PMAX)
    R_BLOCK = balanced(r, R_BLOCK)
    R_F_TILE = balanced(R_BLOCK, 512)
    R_TILES = ceil_div(r, PMAX)
    V_BLOCK = balanced(r, V_BLOCK)
    R_TILES_IN_V_BLOCK = ceil_div(V_BLOCK, PMAX)
    R_F_TILES_IN_BLOCK = ceil_div(R_BLOCK, R_F_TILE)
    N_BLOCK = balanced(N, N_BLOCK)
    N_TILE = balanced(N_BLOCK, 512)
    N_TILES_IN_BLOCK = ceil_div(N_BLOCK, N_TILE)

    y = nl.ndarray((M, N), dtype=x.dtype, buffer=nl.shared_hbm)

    x_t = nl.ndarray((PMAX, K_TILES, M), x.dtype, buffer=nl.sbuf)
    x_blocks = tensors(2, (M, 1, K_F_BLOCK), x.dtype, nl.sbuf)
    for i_k_block in nl.sequential_range(ceil_div(K, K_F_BLOCK)):
        k_block = i_k_block * K_F_BLOCK
        k_block_size = min(K_F_BLOCK, K - k_block)
        x_block = x_blocks[i_k_block % 2]
        nisa.dma_copy(x_block[0:M, 0, 0:k_block_size], x[0:M, k_block:k_block + k_block_size])
        transpose(x_t, x_block, k_block_size, M, dst_start=i_k_block * K_TILES_IN_K_F_BLOCK)

    xu = nl.ndarray((M, 1, r), u.dtype, buffer=nl.sbuf)
    for i_r_block in nl.affine_range(ceil_div(r, R_BLOCK)):
        r_block = i_r_block * R_BLOCK
        r_block_size = min(R_BLOCK, r - r_block)
        acc = tensors(R_F_TILES_IN_BLOCK, (M, R_F_TILE), nl.float32, nl.psum)
        u_blocks = tensors(2, (PMAX, K_TILES_IN_BLOCK, R_BLOCK), u.dtype, nl.sbuf)
        for i_k_block in nl.sequential_range(ceil_div(K, K_BLOCK)):
            k_block = i_k_block * K_BLOCK
            k_block_size = min(K_BLOCK, K - k_block)
            u_block = u_blocks[i_k_block % 2]
            load(u_block, u, k_block, k_block_size, r_block, r_block_size)
            accumulate_rows(acc, x_t, u_block, M, r_block_size, k_block_size, R_F_TILE,
                            stationary_start=i_k_block * K_TILES_IN_BLOCK, accumulate=i_k_block > 0)

        drain(xu, acc, M, r_block_size, R_F_TILE, dst_col=r_block)

    xu_t = nl.ndarray((PMAX, R_TILES, M), u.dtype, buffer=nl.sbuf)
    transpose(xu_t, xu, r, M)
    outs = tensors(2, (M, 1, N_BLOCK), x.dtype, nl.sbuf)
    for i_n_block in nl.sequential_range(ceil_div(N, N_BLOCK)):
        n_block = i_n_block * N_BLOCK
        n_block_size = min(N_BLOCK, N - n_block)
        out = outs[i_n_block % 2]
        acc = tensors(N_TILES_IN_BLOCK, (M, N_TILE), nl.float32, nl.psum)
        v_blocks = tensors(2, (PMAX, R_TILES_IN_V_BLOCK, N_BLOCK), v.dtype, nl.sbuf)
        for i_r_block in nl.sequential_range(ceil_div(r, V_BLOCK)):
            r_block = i_r_block * V_BLOCK
            r_block_size = min(V_BLOCK, r - r_block)
            v_block = v_blocks[i_r_block % 2]
            load(v_block, v, r_block, r_block_size, n_block, n_block_size)
            accumulate_rows(acc, xu_t, v_block, M, n_block_size, r_block_size, N_TILE,
                            stationary_start=i_r_block * R_TILES_IN_V_BLOCK,
                            accumulate=i_r_block > 0)

        drain(out, acc, M, n_block_size, N_TILE)
        nisa.dma_copy(y[0:M, n_block:n_block + n_block_size], out[0:M, 0, 0:n_block_size])
    return y
