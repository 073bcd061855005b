"""fused_mlp as an NKI kernel, for neuronxcc.nki of SDK 2.23 to 2.29, on Trn1, Inf2 and Trn2.

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


def add_product(
    dst, stationary, moving, m_size, n_size, k_size, N_TILE,
    dst_start=0, stationary_start=0,
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
                    stationary[0:K_TILE, stationary_start + i_k_tile, m_tile:m_tile + M_TILE],
                    moving[0:K_TILE, i_k_tile, n_tile:n_tile + N_TILE],
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
def fused_mlp(
    x, gate_u, gate_v, up_u, up_v, down_u, down_v,
    M_STRIP=512, K_BLOCK=512, R_BLOCK=1024, N_BLOCK=512, M_TILE=512,
):
    """Y = (SiLU(X·Ug·Vg) · X·Uu·Vu)·Ud·Vd: the whole compressed SwiGLU MLP; the hidden activation
    never leaves the chip.

    Dimensions:
        M: rows of X (tokens), any size
        K: in-features, any size
        r: rank, any size
        N: out-features, any size

    Args:
        x (nl.ndarray): [M, K] in HBM
        gate_u, up_u (nl.ndarray): [K, r] in HBM
        gate_v, up_v (nl.ndarray): [r, N] in HBM
        down_u (nl.ndarray): [N, r] in HBM
        down_v (nl.ndarray): [r, K] in HBM
        M_STRIP (int): largest strip of M, a multiple of 128 up to 512
        K_BLOCK (int): largest block of K, a multiple of 128
        R_BLOCK (int): largest block of r, a multiple of 128
        N_BLOCK (int): largest block of N and K, a multiple of 128
        M_TILE (int): largest tile of M, a multiple of 128 up to 512

    Returns:
        y (nl.ndarray): [M, K] in HBM, of the dtype of x

    Notes:
        - The schedule: dimensions are cut into equal pieces, none larger than these block sizes.
        - Sums over blocks are kept in float32 and rounded once (accumulate = float32).
        - X is transposed on its way, by DMA (transposeBy = dma).
        - For neuronxcc.nki of SDK 2.23 to 2.29, on Trn1, Inf2 and Trn2.
    """
    M, K = x.shape
    r = gate_u.shape[1]
    N = gate_v.shape[1]
    assert gate_u.shape[0] == K, "gate_u must be [K, r]"
    assert gate_v.shape[0] == r, "gate_v must be [r, N]"
    assert up_u.shape[0] == K and up_u.shape[1] == r, "up_u must be [K, r]"
    assert up_v.shape[0] == r and up_v.shape[1] == N, "up_v must be [r, N]"
    assert down_u.shape[0] == N and down_u.shape[1] == r, "down_u must be [N, r]"
    assert down_v.shape[0] == r and down_v.shape[1] == K, "down_v must be [r, K]"
    assert (
        M_STRIP <= 512
        and M_TILE <= 512
    ), "M_STRIP or M_TILE exceeds nl.tile_size.gemm_moving_fmax"

    M_STRIP = balanced(M, M_STRIP)
    M_P_TILE = min(M, 128)
    M_TILE = balanced(M_STRIP, M_TILE)
    M_F_TILE = balanced(M_STRIP, 512)
    M_P_TILES_IN_STRIP = ceil_div(M_STRIP, M_P_TILE)
    M_STRIP_PADDED = max(
        padded(M_STRIP, M_P_TILE), padded(M_STRIP, M_TILE), padded(M_STRIP, M_F_TILE)
    )
    K_BLOCK = balanced(K, K_BLOCK)
    K_TILE = min(K, 128)
    K_TILES_IN_BLOCK = ceil_div(K_BLOCK, K_TILE)
    Y_BLOCK = balanced(K, N_BLOCK)
    K_F_TILE = balanced(Y_BLOCK, 512)
    Y_BLOCK_PADDED = padded(Y_BLOCK, K_F_TILE)
    R_BLOCK = balanced(r, R_BLOCK)
    R_TILE = min(r, 128)
    R_BLOCKS = ceil_div(r, R_BLOCK)
    R_TILES_IN_BLOCK = ceil_div(R_BLOCK, R_TILE)
    R_TILES = ceil_div(r, R_TILE)
    R_TILES_PADDED = R_BLOCKS * R_TILES_IN_BLOCK
    R_BLOCK_PADDED = padded(R_BLOCK, R_TILE)
    N_BLOCK = balanced(N, N_BLOCK)
    N_TILE = min(N, 128)
    N_TILES_IN_BLOCK = ceil_div(N_BLOCK, N_TILE)
    N_BLOCK_PADDED = padded(N_BLOCK, N_TILE)
    # Where a matrix ends within a piece, masks leave the rest out, and it must read as zero.
    RAGGED = any((
        K_BLOCK % K_TILE, K % K_BLOCK, M_STRIP % M_P_TILE, M % M_STRIP, r % R_BLOCK,
        R_BLOCK % R_TILE, M_STRIP % M_TILE, N % N_BLOCK, N_BLOCK % N_TILE, M_STRIP % M_F_TILE,
        K % Y_BLOCK, Y_BLOCK % K_F_TILE,
    ))

    y = nl.ndarray((M, K), dtype=x.dtype, buffer=nl.shared_hbm)

    for i_m_strip in nl.affine_range(ceil_div(M, M_STRIP)):
        m_strip = i_m_strip * M_STRIP
        gate_t = sbuf((R_TILE, R_TILES_PADDED, M_STRIP_PADDED), nl.float32, zero=True)
        up_t = sbuf((R_TILE, R_TILES_PADDED, M_STRIP_PADDED), nl.float32, zero=True)
        for i_k_block in nl.sequential_range(ceil_div(K, K_BLOCK)):
            k_block = i_k_block * K_BLOCK
            x_block = sbuf((K_TILE, K_TILES_IN_BLOCK, M_STRIP_PADDED), x.dtype, zero=RAGGED)
            load_transposed(x_block, x, m_strip, M_STRIP, k_block, K_BLOCK)
            for i_r_block in nl.affine_range(ceil_div(r, R_BLOCK)):
                r_block = i_r_block * R_BLOCK
                # gate_t += Uᵀ·Xᵀ
                gate_u_block = sbuf(
                    (K_TILE, K_TILES_IN_BLOCK, R_BLOCK_PADDED), gate_u.dtype, zero=RAGGED
                )
                load(gate_u_block, gate_u, k_block, K_BLOCK, r_block, R_BLOCK)
                add_product(gate_t, gate_u_block, x_block, R_BLOCK, M_STRIP, K_BLOCK, M_TILE,
                            dst_start=i_r_block * R_TILES_IN_BLOCK)
                # up_t += Uᵀ·Xᵀ
                up_u_block = sbuf(
                    (K_TILE, K_TILES_IN_BLOCK, R_BLOCK_PADDED), up_u.dtype, zero=RAGGED
                )
                load(up_u_block, up_u, k_block, K_BLOCK, r_block, R_BLOCK)
                add_product(up_t, up_u_block, x_block, R_BLOCK, M_STRIP, K_BLOCK, M_TILE,
                            dst_start=i_r_block * R_TILES_IN_BLOCK)

        gate_t_operand = sbuf((R_TILE, R_TILES, M_STRIP_PADDED), gate_u.dtype, zero=RAGGED)
        convert(gate_t_operand, gate_t, r, M_STRIP)
        up_t_operand = sbuf((R_TILE, R_TILES, M_STRIP_PADDED), up_u.dtype, zero=RAGGED)
        convert(up_t_operand, up_t, r, M_STRIP)
        down_t = sbuf((R_TILE, R_TILES_PADDED, M_STRIP_PADDED), nl.float32, zero=True)
        for i_n_block in nl.sequential_range(ceil_div(N, N_BLOCK)):
            n_block = i_n_block * N_BLOCK
            gate_v_block = sbuf((R_TILE, R_TILES, N_BLOCK_PADDED), gate_v.dtype, zero=RAGGED)
            load(gate_v_block, gate_v, 0, r, n_block, N_BLOCK)
            up_v_block = sbuf((R_TILE, R_TILES, N_BLOCK_PADDED), up_v.dtype, zero=RAGGED)
            load(up_v_block, up_v, 0, r, n_block, N_BLOCK)
            hidden = sbuf((N_TILE, N_TILES_IN_BLOCK, M_STRIP_PADDED), gate_v.dtype, zero=RAGGED)
            for i_n_tile in nl.affine_range(N_TILES_IN_BLOCK):
                n_tile = i_n_tile * N_TILE
                silu = sbuf((N_TILE, M_STRIP_PADDED), nl.float32, zero=RAGGED)
                gate = nl.zeros((nl.par_dim(N_TILE), M_STRIP), dtype=nl.float32, buffer=nl.psum)
                for i_r_tile in nl.affine_range(ceil_div(r, R_TILE)):
                    gate[...] += nisa.nc_matmul(
                        gate_v_block[0:R_TILE, i_r_tile, n_tile:n_tile + N_TILE],
                        gate_t_operand[0:R_TILE, i_r_tile, 0:M_STRIP],
                    )
                silu[0:N_TILE, 0:M_STRIP] = nisa.activation(nl.silu, gate[...], dtype=nl.float32)
                up = nl.zeros((nl.par_dim(N_TILE), M_STRIP), dtype=nl.float32, buffer=nl.psum)
                for i_r_tile in nl.affine_range(ceil_div(r, R_TILE)):
                    up[...] += nisa.nc_matmul(
                        up_v_block[0:R_TILE, i_r_tile, n_tile:n_tile + N_TILE],
                        up_t_operand[0:R_TILE, i_r_tile, 0:M_STRIP],
                    )
                hidden[0:N_TILE, i_n_tile, 0:M_STRIP] = nisa.tensor_tensor(
                    silu[0:N_TILE, 0:M_STRIP], up[...], op=nl.multiply, dtype=gate_v.dtype
                )
            for i_r_block in nl.affine_range(ceil_div(r, R_BLOCK)):
                r_block = i_r_block * R_BLOCK
                # (H·U)ᵀ += Uᵀ·Hᵀ
                down_u_block = sbuf(
                    (N_TILE, N_TILES_IN_BLOCK, R_BLOCK_PADDED), down_u.dtype, zero=RAGGED
                )
                load(down_u_block, down_u, n_block, N_BLOCK, r_block, R_BLOCK)
                add_product(down_t, down_u_block, hidden, R_BLOCK, M_STRIP, N_BLOCK, M_F_TILE,
                            dst_start=i_r_block * R_TILES_IN_BLOCK)

        down_t_operand = sbuf((R_TILE, R_TILES_PADDED, M_STRIP_PADDED), down_u.dtype, zero=RAGGED)
        convert(down_t_operand, down_t, r, M_STRIP)
        for i_k_block in nl.affine_range(ceil_div(K, Y_BLOCK)):
            k_block = i_k_block * Y_BLOCK
            result = sbuf((M_P_TILE, M_P_TILES_IN_STRIP, Y_BLOCK_PADDED), nl.float32, zero=True)
            for i_r_block in nl.sequential_range(ceil_div(r, R_BLOCK)):
                r_block = i_r_block * R_BLOCK
                # Y += (XU)·V
                down_v_block = sbuf(
                    (R_TILE, R_TILES_IN_BLOCK, Y_BLOCK_PADDED), down_v.dtype, zero=RAGGED
                )
                load(down_v_block, down_v, r_block, R_BLOCK, k_block, Y_BLOCK)
                add_product(result, down_t_operand, down_v_block, M_STRIP, Y_BLOCK, R_BLOCK,
                            K_F_TILE, stationary_start=i_r_block * R_TILES_IN_BLOCK)
            store(y, result, m_strip, M_STRIP, k_block, Y_BLOCK)
    return y
