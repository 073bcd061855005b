"""sequential_xuv as an NKI kernel, for neuronxcc.nki of SDK 2.23 to 2.29, on Trn1, Inf2 and Trn2.

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


def load_transposed(dst, src, row, row_size, col, col_size):
    """HBM → SBUF, transposed: dst [col, row] = src [row, col]."""
    row_end, col_end = src.shape
    ROW_TILE = min(row_size, 128)
    COL_TILE = min(col_size, 128)
    for i_col_tile in nl.affine_range(ceil_div(col_size, COL_TILE)):
        col_tile = i_col_tile * COL_TILE
        for i_row_tile in nl.affine_range(ceil_div(row_size, ROW_TILE)):
            row_tile = i_row_tile * ROW_TILE
            i_row, i_col = nl.mgrid[0:ROW_TILE, 0:COL_TILE]
            dst[0:COL_TILE, i_col_tile, row_tile:row_tile + ROW_TILE] = nl.load_transpose2d(
                src[row + row_tile + i_row, col + col_tile + i_col],
                mask=(row + row_tile + i_row < row_end) & (col + col_tile + i_col < col_end),
            )


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


def add_product(dst, stationary, moving, m_size, n_size, k_size, N_TILE, dst_start=0):
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
                    moving[0:K_TILE, i_k_tile, n_tile:n_tile + N_TILE],
                )
            dst[0:M_TILE, dst_start + i_m_tile, n_tile:n_tile + N_TILE] += acc[...]


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
def sequential_xuv(x, u, v, M_BLOCK=1024, N_BLOCK=1024, K_BLOCK=1024):
    """Y = X·U·V as two matmuls, with XU in HBM between them: the baseline, X as it lies.

    Dimensions:
        M: rows of X (tokens), any size
        K: in-features, any size
        r: rank, any size
        N: out-features, any size

    Args:
        x (nl.ndarray): [M, K] in HBM
        u (nl.ndarray): [K, r] in HBM
        v (nl.ndarray): [r, N] in HBM
        M_BLOCK (int): largest block of r and M, a multiple of 128
        N_BLOCK (int): largest block of M and N, a multiple of 128
        K_BLOCK (int): largest block of K and r, a multiple of 128

    Returns:
        y (nl.ndarray): [M, N] in HBM, of the dtype of x

    Notes:
        - The schedule: dimensions are cut into equal pieces, none larger than these block sizes.
        - Sums over blocks are kept in float32 and rounded once (accumulate = float32).
        - The outermost loop is over columns of the result (outermost = columns).
        - X is transposed on its way, by DMA (transposeBy = dma).
        - For neuronxcc.nki of SDK 2.23 to 2.29, on Trn1, Inf2 and Trn2.
    """
    M, K = x.shape
    r = u.shape[1]
    N = v.shape[1]
    assert u.shape[0] == K, "u must be [K, r]"
    assert v.shape[0] == r, "v must be [r, N]"

    M_BY_N_BLOCK = balanced(M, N_BLOCK)
    M_TILE = min(M, 128)
    M_F_TILE = balanced(M_BY_N_BLOCK, 512)
    R_BY_M_BLOCK = balanced(r, M_BLOCK)
    M_BLOCK = balanced(M, M_BLOCK)
    M_BLOCKS = ceil_div(M, M_BLOCK)
    M_TILES_IN_BLOCK = ceil_div(M_BLOCK, M_TILE)
    M_BY_N_BLOCK_PADDED = max(padded(M_BY_N_BLOCK, M_TILE), padded(M_BY_N_BLOCK, M_F_TILE))
    M_TILES_PADDED = M_BLOCKS * M_TILES_IN_BLOCK
    M_BLOCK_PADDED = padded(M_BLOCK, M_TILE)
    R_BY_K_BLOCK = balanced(r, K_BLOCK)
    K_BLOCK = balanced(K, K_BLOCK)
    K_TILE = min(K, 128)
    K_TILES_IN_BLOCK = ceil_div(K_BLOCK, K_TILE)
    R_TILE = min(r, 128)
    R_BY_M_BLOCKS = ceil_div(r, R_BY_M_BLOCK)
    R_TILES_IN_R_BY_M_BLOCK = ceil_div(R_BY_M_BLOCK, R_TILE)
    R_TILES_IN_R_BY_K_BLOCK = ceil_div(R_BY_K_BLOCK, R_TILE)
    R_TILES_PADDED = R_BY_M_BLOCKS * R_TILES_IN_R_BY_M_BLOCK
    R_BY_M_BLOCK_PADDED = padded(R_BY_M_BLOCK, R_TILE)
    N_BLOCK = balanced(N, N_BLOCK)
    N_TILE = balanced(N_BLOCK, 512)
    N_BLOCK_PADDED = padded(N_BLOCK, N_TILE)
    # Where a matrix ends within a piece, masks leave the rest out, and it must read as zero.
    RAGGED = any((
        K_BLOCK % K_TILE, K % K_BLOCK, M_BY_N_BLOCK % M_TILE, M % M_BY_N_BLOCK, r % R_BY_M_BLOCK,
        R_BY_M_BLOCK % R_TILE, M_BY_N_BLOCK % M_F_TILE, R_BY_K_BLOCK % R_TILE, r % R_BY_K_BLOCK,
        N % N_BLOCK, M % M_BLOCK, M_BLOCK % M_TILE, N_BLOCK % N_TILE,
    ))

    y = nl.ndarray((M, N), dtype=x.dtype, buffer=nl.shared_hbm)

    xu_t = nl.ndarray((r, M), dtype=x.dtype, buffer=nl.private_hbm)
    # (XU)ᵀ = Uᵀ·Xᵀ, to HBM
    for i_m_block in nl.affine_range(ceil_div(M, M_BY_N_BLOCK)):
        m_block = i_m_block * M_BY_N_BLOCK
        result = sbuf((R_TILE, R_TILES_PADDED, M_BY_N_BLOCK_PADDED), nl.float32, zero=True)
        for i_k_block in nl.sequential_range(ceil_div(K, K_BLOCK)):
            k_block = i_k_block * K_BLOCK
            x_block = sbuf((K_TILE, K_TILES_IN_BLOCK, M_BY_N_BLOCK_PADDED), x.dtype, zero=RAGGED)
            load_transposed(x_block, x, m_block, M_BY_N_BLOCK, k_block, K_BLOCK)
            for i_r_block in nl.affine_range(ceil_div(r, R_BY_M_BLOCK)):
                r_block = i_r_block * R_BY_M_BLOCK
                u_block = sbuf(
                    (K_TILE, K_TILES_IN_BLOCK, R_BY_M_BLOCK_PADDED), u.dtype, zero=RAGGED
                )
                load(u_block, u, k_block, K_BLOCK, r_block, R_BY_M_BLOCK)
                add_product(result, u_block, x_block, R_BY_M_BLOCK, M_BY_N_BLOCK, K_BLOCK, M_F_TILE,
                            dst_start=i_r_block * R_TILES_IN_R_BY_M_BLOCK)

        store(xu_t, result, 0, r, m_block, M_BY_N_BLOCK)

    # Y = (XU)·V, (XU)ᵀ from HBM
    for i_n_block in nl.affine_range(ceil_div(N, N_BLOCK)):
        n_block = i_n_block * N_BLOCK
        result = sbuf((M_TILE, M_TILES_PADDED, N_BLOCK_PADDED), nl.float32, zero=True)
        for i_r_block in nl.sequential_range(ceil_div(r, R_BY_K_BLOCK)):
            r_block = i_r_block * R_BY_K_BLOCK
            v_block = sbuf((R_TILE, R_TILES_IN_R_BY_K_BLOCK, N_BLOCK_PADDED), v.dtype, zero=RAGGED)
            load(v_block, v, r_block, R_BY_K_BLOCK, n_block, N_BLOCK)
            for i_m_block in nl.affine_range(ceil_div(M, M_BLOCK)):
                m_block = i_m_block * M_BLOCK
                xu_t_block = sbuf(
                    (R_TILE, R_TILES_IN_R_BY_K_BLOCK, M_BLOCK_PADDED), x.dtype, zero=RAGGED
                )
                load(xu_t_block, xu_t, r_block, R_BY_K_BLOCK, m_block, M_BLOCK)
                add_product(result, xu_t_block, v_block, M_BLOCK, N_BLOCK, R_BY_K_BLOCK, N_TILE,
                            dst_start=i_m_block * M_TILES_IN_BLOCK)

        store(y, result, 0, M, n_block, N_BLOCK)
    return y
