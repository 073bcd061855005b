"""fused_xtuv_transposed as an NKI kernel, for neuronxcc.nki of SDK 2.23 to 2.29, on Trn1, Inf2 and
Trn2.

Blocks in SBUF are [partition, tile, column]: row i is in partition i % 128 of tile i // 128. Where
a function works on a part of a block, start is its first tile.
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


def padded(whole, size):
    """Room for pieces that are all whole."""
    return ceil_div(whole, size) * size


def sbuf(shape, dtype, zero=False):
    """A block in SBUF. What it holds beyond the end of a matrix must be zero."""
    allocate = nl.zeros if zero else nl.ndarray
    return allocate((nl.par_dim(shape[0]),) + shape[1:], dtype=dtype, buffer=nl.sbuf)


def load(dst, src, row, row_size, col, col_size):
    """HBM → SBUF: dst [row, col] = src [row, col], one DMA for 128 rows."""
    row_end, col_end = src.shape
    ROW_TILE = min(row_size, 128)
    for i_row_tile in nl.affine_range(ceil_div(row_size, ROW_TILE)):
        row_tile = i_row_tile * ROW_TILE
        i_row, i_col = nl.mgrid[0:ROW_TILE, 0:col_size]
        dst[0:ROW_TILE, i_row_tile, 0:col_size] = nl.load(
            src[row + row_tile + i_row, col + i_col],
            mask=(row + row_tile + i_row < row_end) & (col + i_col < col_end),
        )


def add_product(
    dst, stationary, moving, m_size, n_size, k_size, N_TILE,
    dst_start=0, moving_start=0,
):
    """dst [m, n] += stationary [k, m]ᵀ · moving [k, n]: tiles add up in PSUM, then once in SBUF."""
    M_TILE = min(m_size, 128)
    K_TILE = min(k_size, 128)
    for i_n_tile in nl.affine_range(ceil_div(n_size, N_TILE)):
        n_tile = i_n_tile * N_TILE
        for i_m_tile in nl.affine_range(ceil_div(m_size, M_TILE)):
            m_tile = i_m_tile * M_TILE
            acc = nl.zeros((nl.par_dim(M_TILE), N_TILE), dtype=nl.float32, buffer=nl.psum)
            for i_k_tile in nl.affine_range(ceil_div(k_size, K_TILE)):
                acc[...] += nisa.nc_matmul(
                    stationary[0:K_TILE, i_k_tile, m_tile:m_tile + M_TILE],
                    moving[0:K_TILE, moving_start + i_k_tile, n_tile:n_tile + N_TILE],
                )
            dst[0:M_TILE, dst_start + i_m_tile, n_tile:n_tile + N_TILE] += acc[...]


def convert(dst, block, row_size, col_size):
    """dst [row, col] = block [row, col], in the dtype of dst."""
    ROW_TILE = min(row_size, 128)
    for i_row_tile in nl.affine_range(ceil_div(row_size, ROW_TILE)):
        dst[0:ROW_TILE, i_row_tile, 0:col_size] = nisa.tensor_copy(
            block[0:ROW_TILE, i_row_tile, 0:col_size], dtype=dst.dtype
        )


def store(dst, block, row, row_size, col, col_size):
    """SBUF → HBM: dst [row, col] = block [row, col] in the dtype of dst, one DMA for 128 rows."""
    row_end, col_end = dst.shape
    ROW_TILE = min(row_size, 128)
    for i_row_tile in nl.affine_range(ceil_div(row_size, ROW_TILE)):
        row_tile = i_row_tile * ROW_TILE
        out = nl.ndarray((nl.par_dim(ROW_TILE), col_size), dtype=dst.dtype, buffer=nl.sbuf)
        out[...] = nisa.tensor_copy(block[0:ROW_TILE, i_row_tile, 0:col_size], dtype=dst.dtype)
        i_row, i_col = nl.mgrid[0:ROW_TILE, 0:col_size]
        nl.store(
            dst[row + row_tile + i_row, col + i_col],
            out[...],
            mask=(row + row_tile + i_row < row_end) & (col + i_col < col_end),
        )


@nki.jit
def fused_xtuv_transposed(
    x_t, u, v,
    M_STRIP=1024, K_BLOCK=512, R_BLOCK=1024, N_BLOCK=1024, M_TILE=512,
):
    """Yᵀ = (X·U·V)ᵀ from Xᵀ: the form between two layers that both keep their activations
    transposed.

    Dimensions:
        K: in-features, any size
        M: rows of X (tokens), any size
        r: rank, any size
        N: out-features, any size

    Args:
        x_t (nl.ndarray): [K, M] in HBM
        u (nl.ndarray): [K, r] in HBM
        v (nl.ndarray): [r, N] in HBM
        M_STRIP (int): largest strip of M, a multiple of 128
        K_BLOCK (int): largest block of K, a multiple of 128
        R_BLOCK (int): largest block of r, a multiple of 128
        N_BLOCK (int): largest block of N, a multiple of 128
        M_TILE (int): largest tile of M, a multiple of 128 up to 512

    Returns:
        y (nl.ndarray): [N, M] in HBM, of the dtype of x_t

    Notes:
        - The schedule: dimensions are cut into equal pieces, none larger than these block sizes.
        - Sums over blocks are kept in float32 and rounded once (accumulate = float32).
        - For neuronxcc.nki of SDK 2.23 to 2.29, on Trn1, Inf2 and Trn2.
    """
    K, M = x_t.shape
    r = u.shape[1]
    N = v.shape[1]
    assert u.shape[0] == K, "u must be [K, r]"
    assert v.shape[0] == r, "v must be [r, N]"
    assert M_TILE <= 512, "M_TILE exceeds nl.tile_size.gemm_moving_fmax"

    K_BLOCK = balanced(K, K_BLOCK)
    K_TILE = min(K, 128)
    K_TILES_IN_BLOCK = ceil_div(K_BLOCK, K_TILE)
    M_STRIP = balanced(M, M_STRIP)
    M_TILE = balanced(M_STRIP, M_TILE)
    M_F_TILE = balanced(M_STRIP, 512)
    M_STRIP_PADDED = max(padded(M_STRIP, M_TILE), padded(M_STRIP, M_F_TILE))
    R_BLOCK = balanced(r, R_BLOCK)
    R_TILE = min(r, 128)
    R_BLOCKS = ceil_div(r, R_BLOCK)
    R_TILES_IN_BLOCK = ceil_div(R_BLOCK, R_TILE)
    R_TILES_PADDED = R_BLOCKS * R_TILES_IN_BLOCK
    R_BLOCK_PADDED = padded(R_BLOCK, R_TILE)
    N_BLOCK = balanced(N, N_BLOCK)
    N_TILE = min(N, 128)
    N_TILES_IN_BLOCK = ceil_div(N_BLOCK, N_TILE)
    N_BLOCK_PADDED = padded(N_BLOCK, N_TILE)
    # Where a matrix ends within a piece, masks leave the rest out, and it must read as zero.
    RAGGED = any((
        K_BLOCK % K_TILE, K % K_BLOCK, M % M_STRIP, r % R_BLOCK, R_BLOCK % R_TILE, M_STRIP % M_TILE,
        N % N_BLOCK, N_BLOCK % N_TILE, M_STRIP % M_F_TILE,
    ))

    y = nl.ndarray((N, M), dtype=x_t.dtype, buffer=nl.shared_hbm)

    for i_m_strip in nl.affine_range(ceil_div(M, M_STRIP)):
        m_strip = i_m_strip * M_STRIP
        xu_t = sbuf((R_TILE, R_TILES_PADDED, M_STRIP_PADDED), nl.float32, zero=True)
        for i_k_block in nl.sequential_range(ceil_div(K, K_BLOCK)):
            k_block = i_k_block * K_BLOCK
            x_t_block = sbuf((K_TILE, K_TILES_IN_BLOCK, M_STRIP_PADDED), x_t.dtype, zero=RAGGED)
            load(x_t_block, x_t, k_block, K_BLOCK, m_strip, M_STRIP)
            for i_r_block in nl.affine_range(ceil_div(r, R_BLOCK)):
                r_block = i_r_block * R_BLOCK
                # xu_t += Uᵀ·Xᵀ
                u_block = sbuf((K_TILE, K_TILES_IN_BLOCK, R_BLOCK_PADDED), u.dtype, zero=RAGGED)
                load(u_block, u, k_block, K_BLOCK, r_block, R_BLOCK)
                add_product(xu_t, u_block, x_t_block, R_BLOCK, M_STRIP, K_BLOCK, M_TILE,
                            dst_start=i_r_block * R_TILES_IN_BLOCK)

        xu_t_operand = sbuf((R_TILE, R_TILES_PADDED, M_STRIP_PADDED), u.dtype, zero=RAGGED)
        convert(xu_t_operand, xu_t, r, M_STRIP)
        for i_n_block in nl.affine_range(ceil_div(N, N_BLOCK)):
            n_block = i_n_block * N_BLOCK
            result = sbuf((N_TILE, N_TILES_IN_BLOCK, M_STRIP_PADDED), nl.float32, zero=True)
            for i_r_block in nl.sequential_range(ceil_div(r, R_BLOCK)):
                r_block = i_r_block * R_BLOCK
                # result += Vᵀ·(XU)ᵀ
                v_block = sbuf((R_TILE, R_TILES_IN_BLOCK, N_BLOCK_PADDED), v.dtype, zero=RAGGED)
                load(v_block, v, r_block, R_BLOCK, n_block, N_BLOCK)
                add_product(result, v_block, xu_t_operand, N_BLOCK, M_STRIP, R_BLOCK, M_F_TILE,
                            moving_start=i_r_block * R_TILES_IN_BLOCK)
            store(y, result, n_block, N_BLOCK, m_strip, M_STRIP)
    return y
