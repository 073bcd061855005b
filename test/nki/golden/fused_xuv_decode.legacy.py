"""fused_xuv_decode as an NKI kernel, for neuronxcc.nki of SDK 2.23 to 2.29, on Trn1, Inf2 and Trn2.

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


def zero_banks(count, shape):
    """Accumulators, each a bank of PSUM."""
    tiles = []
    for _ in nl.static_range(count):
        tiles.append(nl.zeros(shape, dtype=nl.float32, buffer=nl.psum))
    return tiles


def padded(whole, size):
    """Room for pieces that are all whole."""
    return ceil_div(whole, size) * size


def sbuf(shape, dtype, zero=False):
    """A block in SBUF. What it holds beyond the end of a matrix must be zero."""
    allocate = nl.zeros if zero else nl.ndarray
    return allocate((nl.par_dim(shape[0]),) + shape[1:], dtype=dtype, buffer=nl.sbuf)


def transpose(dst, block, col_size, row_size, dst_start=0):
    """dst [col, row] = block [row, col], on the tensor engine."""
    COL_TILE = min(col_size, 128)
    ROW_TILE = min(row_size, 128)
    for i_row_tile in nl.affine_range(ceil_div(row_size, ROW_TILE)):
        row_tile = i_row_tile * ROW_TILE
        for i_col_tile in nl.affine_range(ceil_div(col_size, COL_TILE)):
            col_tile = i_col_tile * COL_TILE
            transposed = nl.ndarray(
                (nl.par_dim(COL_TILE), ROW_TILE), dtype=dst.dtype, buffer=nl.psum
            )
            transposed[...] = nisa.nc_transpose(
                block[0:ROW_TILE, i_row_tile, col_tile:col_tile + COL_TILE]
            )
            dst[
                0:COL_TILE, dst_start + i_col_tile, row_tile:row_tile + ROW_TILE
            ] = nisa.tensor_copy(transposed[...], dtype=dst.dtype)


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


def accumulate_rows(acc, stationary, moving, m_size, n_size, k_size, N_TILE, stationary_start=0):
    """acc [m, n] += stationary [k, m]ᵀ · moving [k, n] in PSUM, a bank for each tile of n."""
    K_TILE = min(k_size, 128)
    for i_k_tile in nl.affine_range(ceil_div(k_size, K_TILE)):
        for i_n_tile in nl.static_range(ceil_div(n_size, N_TILE)):
            n_tile = i_n_tile * N_TILE
            acc[i_n_tile][0:m_size, 0:N_TILE] += nisa.nc_matmul(
                stationary[0:K_TILE, stationary_start + i_k_tile, 0:m_size],
                moving[0:K_TILE, i_k_tile, n_tile:n_tile + N_TILE],
            )


def drain(dst, acc, m_size, n_size, N_TILE, dst_col=0):
    """PSUM → SBUF: dst [m, n] = acc [m, n] in the dtype of dst, bank by bank."""
    for i_n_tile in nl.static_range(ceil_div(n_size, N_TILE)):
        n_tile = i_n_tile * N_TILE
        dst[0:m_size, 0, dst_col + n_tile:dst_col + n_tile + N_TILE] = nisa.tensor_copy(
            acc[i_n_tile][0:m_size, 0:N_TILE], dtype=dst.dtype
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
        - For neuronxcc.nki of SDK 2.23 to 2.29, on Trn1, Inf2 and Trn2.
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
    K_TILE = min(K, 128)
    K_F_BLOCKS = ceil_div(K, K_F_BLOCK)
    K_TILES_IN_K_F_BLOCK = ceil_div(K_F_BLOCK, K_TILE)
    K_BLOCK = balanced(K, K_BLOCK)
    K_TILES_IN_BLOCK = ceil_div(K_BLOCK, K_TILE)
    K_BLOCKS = ceil_div(K, K_BLOCK)
    K_TILES_PADDED = max(K_F_BLOCKS * K_TILES_IN_K_F_BLOCK, K_BLOCKS * K_TILES_IN_BLOCK)
    K_F_BLOCK_PADDED = padded(K_F_BLOCK, K_TILE)
    R_BLOCK = balanced(r, R_BLOCK)
    R_F_TILE = balanced(R_BLOCK, 512)
    R_BLOCKS = ceil_div(r, R_BLOCK)
    R_TILE = min(r, 128)
    V_BLOCK = balanced(r, V_BLOCK)
    R_TILES_IN_V_BLOCK = ceil_div(V_BLOCK, R_TILE)
    V_BLOCKS = ceil_div(r, V_BLOCK)
    R_PADDED = max(R_BLOCKS * padded(R_BLOCK, R_F_TILE), padded(r, R_TILE))
    R_F_TILES_IN_BLOCK = ceil_div(R_BLOCK, R_F_TILE)
    R_BLOCK_PADDED = padded(R_BLOCK, R_F_TILE)
    R_TILES_PADDED = V_BLOCKS * R_TILES_IN_V_BLOCK
    N_BLOCK = balanced(N, N_BLOCK)
    N_TILE = balanced(N_BLOCK, 512)
    N_BLOCK_PADDED = padded(N_BLOCK, N_TILE)
    N_TILES_IN_BLOCK = ceil_div(N_BLOCK, N_TILE)
    # Where a matrix ends within a piece, masks leave the rest out, and it must read as zero.
    RAGGED = any((
        K_F_BLOCK % K_TILE, K % K_F_BLOCK, K_BLOCK % K_TILE, K % K_BLOCK, r % R_BLOCK,
        R_BLOCK % R_F_TILE, V_BLOCK % R_TILE, r % V_BLOCK, N % N_BLOCK, N_BLOCK % N_TILE,
    ))

    y = nl.ndarray((M, N), dtype=x.dtype, buffer=nl.shared_hbm)

    x_t = sbuf((K_TILE, K_TILES_PADDED, M), x.dtype, zero=RAGGED)
    for i_k_block in nl.affine_range(ceil_div(K, K_F_BLOCK)):
        k_block = i_k_block * K_F_BLOCK
        x_block = sbuf((M, 1, K_F_BLOCK_PADDED), x.dtype, zero=RAGGED)
        i_m, i_k = nl.mgrid[0:M, 0:K_F_BLOCK]
        x_block[0:M, 0, 0:K_F_BLOCK] = nl.load(x[i_m, k_block + i_k], mask=(k_block + i_k < K))
        transpose(x_t, x_block, K_F_BLOCK, M, dst_start=i_k_block * K_TILES_IN_K_F_BLOCK)

    xu = sbuf((M, 1, R_PADDED), u.dtype, zero=RAGGED)
    for i_r_block in nl.affine_range(ceil_div(r, R_BLOCK)):
        r_block = i_r_block * R_BLOCK
        acc = zero_banks(R_F_TILES_IN_BLOCK, (nl.par_dim(M), R_F_TILE))
        for i_k_block in nl.affine_range(ceil_div(K, K_BLOCK)):
            k_block = i_k_block * K_BLOCK
            u_block = sbuf((K_TILE, K_TILES_IN_BLOCK, R_BLOCK_PADDED), u.dtype, zero=RAGGED)
            load(u_block, u, k_block, K_BLOCK, r_block, R_BLOCK)
            accumulate_rows(acc, x_t, u_block, M, R_BLOCK, K_BLOCK, R_F_TILE,
                            stationary_start=i_k_block * K_TILES_IN_BLOCK)

        drain(xu, acc, M, R_BLOCK, R_F_TILE, dst_col=r_block)

    xu_t = sbuf((R_TILE, R_TILES_PADDED, M), u.dtype, zero=RAGGED)
    transpose(xu_t, xu, r, M)
    for i_n_block in nl.affine_range(ceil_div(N, N_BLOCK)):
        n_block = i_n_block * N_BLOCK
        out = sbuf((M, 1, N_BLOCK_PADDED), x.dtype, zero=RAGGED)
        acc = zero_banks(N_TILES_IN_BLOCK, (nl.par_dim(M), N_TILE))
        for i_r_block in nl.affine_range(ceil_div(r, V_BLOCK)):
            r_block = i_r_block * V_BLOCK
            v_block = sbuf((R_TILE, R_TILES_IN_V_BLOCK, N_BLOCK_PADDED), v.dtype, zero=RAGGED)
            load(v_block, v, r_block, V_BLOCK, n_block, N_BLOCK)
            accumulate_rows(acc, xu_t, v_block, M, N_BLOCK, V_BLOCK, N_TILE,
                            stationary_start=i_r_block * R_TILES_IN_V_BLOCK)

        drain(out, acc, M, N_BLOCK, N_TILE)
        i_m, i_n = nl.mgrid[0:M, 0:N_BLOCK]
        nl.store(y[i_m, n_block + i_n], out[0:M, 0, 0:N_BLOCK], mask=(n_block + i_n < N))
    return y
