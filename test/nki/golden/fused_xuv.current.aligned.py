"""fused_xuv as an NKI kernel, for nki 0.3 to 0.6 (SDK 2.29 to 2.32), on Trn2 and Trn3.

Blocks in SBUF are [partition, tile, column]: row i is in partition i % 128 of tile i // 128. Where
a function works on a part of a block, start is its first tile.
Written by neuronmm emit.
"""

import nki
import nki.isa as nisa
import nki.language as nl


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
    ROW_TILE = min(row_size, 128)
    COL_TILE = min(col_size, 128)
    for i_col_tile in nl.affine_range(col_size // COL_TILE):
        col_tile = i_col_tile * COL_TILE
        for i_row_tile in nl.affine_range(row_size // ROW_TILE):
            row_tile = i_row_tile * ROW_TILE
            nisa.dma_transpose(
                dst[0:COL_TILE, i_col_tile, row_tile:row_tile + ROW_TILE],
                src[
                    row + row_tile:row + row_tile + ROW_TILE,
                    col + col_tile:col + col_tile + COL_TILE,
                ],
            )


def load(dst, src, row, row_size, col, col_size):
    """HBM → SBUF: dst [row, col] = src [row, col], one DMA for 128 rows."""
    ROW_TILE = min(row_size, 128)
    for i_row_tile in nl.affine_range(row_size // ROW_TILE):
        row_tile = i_row_tile * ROW_TILE
        nisa.dma_copy(
            dst[0:ROW_TILE, i_row_tile, 0:col_size],
            src[row + row_tile:row + row_tile + ROW_TILE, col:col + col_size],
        )


def add_product(
    dst, stationary, moving, m_size, n_size, k_size, N_TILE,
    dst_start=0, stationary_start=0,
):
    """dst [m, n] += stationary [k, m]ᵀ · moving [k, n]: tiles add up in PSUM, then once in SBUF."""
    M_TILE = min(m_size, 128)
    K_TILE = min(k_size, 128)
    for i_n_tile in nl.affine_range(n_size // N_TILE):
        n_tile = i_n_tile * N_TILE
        for i_m_tile in nl.affine_range(m_size // M_TILE):
            m_tile = i_m_tile * M_TILE
            acc = nl.ndarray((M_TILE, N_TILE), nl.float32, buffer=nl.psum)
            for i_k_tile in nl.sequential_range(k_size // K_TILE):
                nisa.nc_matmul(
                    acc,
                    stationary[0:K_TILE, stationary_start + i_k_tile, m_tile:m_tile + M_TILE],
                    moving[0:K_TILE, i_k_tile, n_tile:n_tile + N_TILE],
                    accumulate=i_k_tile > 0,
                )
            dst_tile = dst[0:M_TILE, dst_start + i_m_tile, n_tile:n_tile + N_TILE]
            nisa.tensor_tensor(dst_tile, dst_tile, acc, nl.add)


def convert(dst, block, row_size, col_size):
    """dst [row, col] = block [row, col], in the dtype of dst."""
    ROW_TILE = min(row_size, 128)
    for i_row_tile in nl.affine_range(row_size // ROW_TILE):
        nisa.tensor_copy(
            dst[0:ROW_TILE, i_row_tile, 0:col_size], block[0:ROW_TILE, i_row_tile, 0:col_size]
        )


def store(dst, block, row, row_size, col, col_size):
    """SBUF → HBM: dst [row, col] = block [row, col] in the dtype of dst, one DMA for 128 rows."""
    ROW_TILE = min(row_size, 128)
    for i_row_tile in nl.affine_range(row_size // ROW_TILE):
        row_tile = i_row_tile * ROW_TILE
        out = nl.ndarray((ROW_TILE, col_size), dst.dtype, buffer=nl.sbuf)
        nisa.tensor_copy(out, block[0:ROW_TILE, i_row_tile, 0:col_size])
        nisa.dma_copy(dst[row + row_tile:row + row_tile + ROW_TILE, col:col + col_size], out)


@nki.jit
def fused_xuv(x, u, v, M_STRIP=1024, K_BLOCK=512, R_BLOCK=1024, N_BLOCK=1024, M_TILE=512):
    """Y = X·U·V, one strip of rows at a time. The strip of (XU)ᵀ never leaves the chip, and is born
    transposed.

    Dimensions:
        M: rows of X (tokens), in whole blocks
        K: in-features, in whole blocks
        r: rank, in whole blocks
        N: out-features, in whole blocks

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
    """
    M, K = x.shape
    r = u.shape[1]
    N = v.shape[1]
    assert u.shape[0] == K, "u must be [K, r]"
    assert v.shape[0] == r, "v must be [r, N]"
    assert M_TILE <= 512, "M_TILE exceeds nl.tile_size.gemm_moving_fmax"

    M_STRIP = balanced(M, M_STRIP)
    M_P_TILE = min(M, 128)
    M_P_TILES_IN_STRIP = M_STRIP // M_P_TILE
    M_TILE = balanced(M_STRIP, M_TILE)
    K_BLOCK = balanced(K, K_BLOCK)
    K_TILE = min(K, 128)
    K_TILES_IN_BLOCK = K_BLOCK // K_TILE
    R_BLOCK = balanced(r, R_BLOCK)
    R_TILE = min(r, 128)
    R_TILES_IN_BLOCK = R_BLOCK // R_TILE
    R_TILES = r // R_TILE
    N_BLOCK = balanced(N, N_BLOCK)
    N_TILE = balanced(N_BLOCK, 512)
    assert (
        K_BLOCK % K_TILE == 0
        and K % K_BLOCK == 0
        and M_STRIP % M_P_TILE == 0
        and M % M_STRIP == 0
        and r % R_BLOCK == 0
        and R_BLOCK % R_TILE == 0
        and M_STRIP % M_TILE == 0
        and N % N_BLOCK == 0
        and N_BLOCK % N_TILE == 0
    ), "fused_xuv was emitted for whole blocks"

    y = nl.ndarray((M, N), dtype=x.dtype, buffer=nl.shared_hbm)

    for i_m_strip in nl.affine_range(M // M_STRIP):
        m_strip = i_m_strip * M_STRIP
        xu_t = zeros((R_TILE, R_TILES, M_STRIP), nl.float32)
        x_blocks = tensors(2, (K_TILE, K_TILES_IN_BLOCK, M_STRIP), x.dtype, nl.sbuf)
        for i_k_block in nl.sequential_range(K // K_BLOCK):
            k_block = i_k_block * K_BLOCK
            x_block = x_blocks[i_k_block % 2]
            load_transposed(x_block, x, m_strip, M_STRIP, k_block, K_BLOCK)
            u_blocks = tensors(2, (K_TILE, K_TILES_IN_BLOCK, R_BLOCK), u.dtype, nl.sbuf)
            for i_r_block in nl.sequential_range(r // R_BLOCK):
                r_block = i_r_block * R_BLOCK
                # xu_t += Uᵀ·Xᵀ
                u_block = u_blocks[i_r_block % 2]
                load(u_block, u, k_block, K_BLOCK, r_block, R_BLOCK)
                add_product(xu_t, u_block, x_block, R_BLOCK, M_STRIP, K_BLOCK, M_TILE,
                            dst_start=i_r_block * R_TILES_IN_BLOCK)

        xu_t_operand = nl.ndarray((R_TILE, R_TILES, M_STRIP), u.dtype, buffer=nl.sbuf)
        convert(xu_t_operand, xu_t, r, M_STRIP)
        for i_n_block in nl.affine_range(N // N_BLOCK):
            n_block = i_n_block * N_BLOCK
            result = zeros((M_P_TILE, M_P_TILES_IN_STRIP, N_BLOCK), nl.float32)
            v_blocks = tensors(2, (R_TILE, R_TILES_IN_BLOCK, N_BLOCK), v.dtype, nl.sbuf)
            for i_r_block in nl.sequential_range(r // R_BLOCK):
                r_block = i_r_block * R_BLOCK
                # Y += (XU)·V
                v_block = v_blocks[i_r_block % 2]
                load(v_block, v, r_block, R_BLOCK, n_block, N_BLOCK)
                add_product(result, xu_t_operand, v_block, M_STRIP, N_BLOCK, R_BLOCK, N_TILE,
                            stationary_start=i_r_block * R_TILES_IN_BLOCK)
            store(y, result, m_strip, M_STRIP, n_block, N_BLOCK)
    return y
