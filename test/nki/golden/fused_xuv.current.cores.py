"""fused_xuv as an NKI kernel, for nki 0.3 to 0.6 (SDK 2.29 to 2.32), on Trn2 and Trn3.

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


def load_transposed(dst, src, row, row_size, col, col_size):
    """HBM → SBUF, transposed: dst [col, row] = src [row, col]."""
    for i_col_tile in nl.affine_range(ceil_div(col_size, PMAX)):
        col_tile = i_col_tile * PMAX
        col_tile_size = min(PMAX, col_size - col_tile)
        for i_row_tile in nl.affine_range(ceil_div(row_size, PMAX)):
            row_tile = i_row_tile * PMAX
            row_tile_size = min(PMAX, row_size - row_tile)
            nisa.dma_transpose(
                dst[0:col_tile_size, i_col_tile, row_tile:row_tile + row_tile_size],
                src[
                    row + row_tile:row + row_tile + row_tile_size,
                    col + col_tile:col + col_tile + col_tile_size,
                ],
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


def add_product(
    dst, stationary, moving, m_size, n_size, k_size, N_TILE,
    dst_start=0, stationary_start=0,
):
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
                    stationary[
                        0:k_tile_size, stationary_start + i_k_tile, m_tile:m_tile + m_tile_size
                    ],
                    moving[0:k_tile_size, i_k_tile, n_tile:n_tile + n_tile_size],
                    accumulate=i_k_tile > 0,
                )
            dst_tile = dst[0:m_tile_size, dst_start + i_m_tile, n_tile:n_tile + n_tile_size]
            nisa.tensor_tensor(dst_tile, dst_tile, acc, nl.add)


def convert(dst, block, row_size, col_size):
    """dst [row, col] = block [row, col], in the dtype of dst."""
    for i_row_tile in nl.affine_range(ceil_div(row_size, PMAX)):
        row_tile = i_row_tile * PMAX
        row_tile_size = min(PMAX, row_size - row_tile)
        nisa.tensor_copy(
            dst[0:row_tile_size, i_row_tile, 0:col_size],
            block[0:row_tile_size, i_row_tile, 0:col_size],
        )


def store(dst, block, row, row_size, col, col_size):
    """SBUF → HBM: dst [row, col] = block [row, col] in the dtype of dst, one DMA for 128 rows."""
    for i_row_tile in nl.affine_range(ceil_div(row_size, PMAX)):
        row_tile = i_row_tile * PMAX
        row_tile_size = min(PMAX, row_size - row_tile)
        out = nl.ndarray((row_tile_size, col_size), dst.dtype, buffer=nl.sbuf)
        nisa.tensor_copy(out, block[0:row_tile_size, i_row_tile, 0:col_size])
        nisa.dma_copy(dst[row + row_tile:row + row_tile + row_tile_size, col:col + col_size], out)


@nki.jit
def fused_xuv(x, u, v, M_STRIP=1024, K_BLOCK=512, R_BLOCK=1024, N_BLOCK=1024, M_TILE=512):
    """Y = X·U·V, one strip of rows at a time. The strip of (XU)ᵀ never leaves the chip, and is born
    transposed.

    Dimensions:
        M: rows of X (tokens), any size
        K: in-features, any size
        r: rank, any size
        N: out-features, any size

    Args:
        x (nl.ndarray): [M, K] in HBM
        u (nl.ndarray): [K, r] in HBM
        v (nl.ndarray): [r, N] in HBM
        M_STRIP (int): largest strip of M, a multiple of 128
        K_BLOCK (int): largest block of K, a multiple of 128
        R_BLOCK (int): largest block of r, a multiple of 128
        N_BLOCK (int): largest block of N, a multiple of 128
        M_TILE (int): largest tile of M, a multiple of 128 up to 512

    Returns:
        y (nl.ndarray): [M, N] in HBM, of the dtype of x

    Notes:
        - The schedule: dimensions are cut into equal pieces, none larger than these block sizes.
        - Sums over blocks are kept in float32 and rounded once (accumulate = float32).
        - X is transposed on its way, by DMA (transposeBy = dma).
        - For nki 0.3 to 0.6 (SDK 2.29 to 2.32), on Trn2 and Trn3.
        - fused_xuv[2](…) runs on both cores of LNC2, each on its share of M; fused_xuv(…) on one.
    """
    M, K = x.shape
    r = u.shape[1]
    N = v.shape[1]
    assert u.shape[0] == K, "u must be [K, r]"
    assert v.shape[0] == r, "v must be [r, N]"
    assert M_TILE <= 512, "M_TILE exceeds nl.tile_size.gemm_moving_fmax"

    # Each core computes its share of M.
    M_SHARE = ceil_div(ceil_div(M, 128), nl.num_programs(0)) * 128
    assert M_SHARE * (nl.num_programs(0) - 1) < M, "M is too small to be shared"
    m_core = nl.program_id(0) * M_SHARE
    M_CORE = min(M_SHARE, M - m_core)

    M_STRIP = balanced(M_CORE, M_STRIP)
    M_TILE = balanced(M_STRIP, M_TILE)
    M_P_TILES_IN_STRIP = ceil_div(M_STRIP, PMAX)
    K_BLOCK = balanced(K, K_BLOCK)
    K_TILES_IN_BLOCK = ceil_div(K_BLOCK, PMAX)
    R_BLOCK = balanced(r, R_BLOCK)
    R_TILES_IN_BLOCK = ceil_div(R_BLOCK, PMAX)
    R_TILES = ceil_div(r, PMAX)
    N_BLOCK = balanced(N, N_BLOCK)
    N_TILE = balanced(N_BLOCK, 512)

    y = nl.ndarray((M, N), dtype=x.dtype, buffer=nl.shared_hbm)

    for i_m_strip in nl.affine_range(ceil_div(M_CORE, M_STRIP)):
        m_strip = i_m_strip * M_STRIP
        m_strip_size = min(M_STRIP, M_CORE - m_strip)
        xu_t = zeros((PMAX, R_TILES, m_strip_size), nl.float32)
        x_blocks = tensors(2, (PMAX, K_TILES_IN_BLOCK, M_STRIP), x.dtype, nl.sbuf)
        for i_k_block in nl.sequential_range(ceil_div(K, K_BLOCK)):
            k_block = i_k_block * K_BLOCK
            k_block_size = min(K_BLOCK, K - k_block)
            x_block = x_blocks[i_k_block % 2]
            load_transposed(x_block, x, m_core + m_strip, m_strip_size, k_block, k_block_size)
            u_blocks = tensors(2, (PMAX, K_TILES_IN_BLOCK, R_BLOCK), u.dtype, nl.sbuf)
            for i_r_block in nl.sequential_range(ceil_div(r, R_BLOCK)):
                r_block = i_r_block * R_BLOCK
                r_block_size = min(R_BLOCK, r - r_block)
                # xu_t += Uᵀ·Xᵀ
                u_block = u_blocks[i_r_block % 2]
                load(u_block, u, k_block, k_block_size, r_block, r_block_size)
                add_product(xu_t, u_block, x_block, r_block_size, m_strip_size, k_block_size,
                            M_TILE, dst_start=i_r_block * R_TILES_IN_BLOCK)

        xu_t_operand = nl.ndarray((PMAX, R_TILES, m_strip_size), u.dtype, buffer=nl.sbuf)
        convert(xu_t_operand, xu_t, r, m_strip_size)
        for i_n_block in nl.affine_range(ceil_div(N, N_BLOCK)):
            n_block = i_n_block * N_BLOCK
            n_block_size = min(N_BLOCK, N - n_block)
            result = zeros((PMAX, M_P_TILES_IN_STRIP, n_block_size), nl.float32)
            v_blocks = tensors(2, (PMAX, R_TILES_IN_BLOCK, N_BLOCK), v.dtype, nl.sbuf)
            for i_r_block in nl.sequential_range(ceil_div(r, R_BLOCK)):
                r_block = i_r_block * R_BLOCK
                r_block_size = min(R_BLOCK, r - r_block)
                # Y += (XU)·V
                v_block = v_blocks[i_r_block % 2]
                load(v_block, v, r_block, r_block_size, n_block, n_block_size)
                add_product(result, xu_t_operand, v_block, m_strip_size, n_block_size, r_block_size,
                            N_TILE, stationary_start=i_r_block * R_TILES_IN_BLOCK)
            store(y, result, m_core + m_strip, m_strip_size, n_block, n_block_size)
    return y
