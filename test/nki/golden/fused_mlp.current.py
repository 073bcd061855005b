"""fused_mlp as an NKI kernel, for nki 0.3 to 0.6 (SDK 2.29 to 2.32), on Trn2 and Trn3.

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
        - For nki 0.3 to 0.6 (SDK 2.29 to 2.32), on Trn2 and Trn3.
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
    M_TILE = balanced(M_STRIP, M_TILE)
    M_F_TILE = balanced(M_STRIP, 512)
    M_P_TILES_IN_STRIP = ceil_div(M_STRIP, PMAX)
    K_BLOCK = balanced(K, K_BLOCK)
    K_TILES_IN_BLOCK = ceil_div(K_BLOCK, PMAX)
    Y_BLOCK = balanced(K, N_BLOCK)
    K_F_TILE = balanced(Y_BLOCK, 512)
    R_BLOCK = balanced(r, R_BLOCK)
    R_TILES_IN_BLOCK = ceil_div(R_BLOCK, PMAX)
    R_TILES = ceil_div(r, PMAX)
    N_BLOCK = balanced(N, N_BLOCK)
    N_TILES_IN_BLOCK = ceil_div(N_BLOCK, PMAX)

    y = nl.ndarray((M, K), dtype=x.dtype, buffer=nl.shared_hbm)

    for i_m_strip in nl.affine_range(ceil_div(M, M_STRIP)):
        m_strip = i_m_strip * M_STRIP
        m_strip_size = min(M_STRIP, M - m_strip)
        gate_t = zeros((PMAX, R_TILES, m_strip_size), nl.float32)
        up_t = zeros((PMAX, R_TILES, m_strip_size), nl.float32)
        x_blocks = tensors(2, (PMAX, K_TILES_IN_BLOCK, M_STRIP), x.dtype, nl.sbuf)
        for i_k_block in nl.sequential_range(ceil_div(K, K_BLOCK)):
            k_block = i_k_block * K_BLOCK
            k_block_size = min(K_BLOCK, K - k_block)
            x_block = x_blocks[i_k_block % 2]
            load_transposed(x_block, x, m_strip, m_strip_size, k_block, k_block_size)
            gate_u_blocks = tensors(2, (PMAX, K_TILES_IN_BLOCK, R_BLOCK), gate_u.dtype, nl.sbuf)
            up_u_blocks = tensors(2, (PMAX, K_TILES_IN_BLOCK, R_BLOCK), up_u.dtype, nl.sbuf)
            for i_r_block in nl.sequential_range(ceil_div(r, R_BLOCK)):
                r_block = i_r_block * R_BLOCK
                r_block_size = min(R_BLOCK, r - r_block)
                # gate_t += Uᵀ·Xᵀ
                gate_u_block = gate_u_blocks[i_r_block % 2]
                load(gate_u_block, gate_u, k_block, k_block_size, r_block, r_block_size)
                add_product(gate_t, gate_u_block, x_block, r_block_size, m_strip_size, k_block_size,
                            M_TILE, dst_start=i_r_block * R_TILES_IN_BLOCK)
                # up_t += Uᵀ·Xᵀ
                up_u_block = up_u_blocks[i_r_block % 2]
                load(up_u_block, up_u, k_block, k_block_size, r_block, r_block_size)
                add_product(up_t, up_u_block, x_block, r_block_size, m_strip_size, k_block_size,
                            M_TILE, dst_start=i_r_block * R_TILES_IN_BLOCK)

        gate_t_operand = nl.ndarray((PMAX, R_TILES, m_strip_size), gate_u.dtype, buffer=nl.sbuf)
        convert(gate_t_operand, gate_t, r, m_strip_size)
        up_t_operand = nl.ndarray((PMAX, R_TILES, m_strip_size), up_u.dtype, buffer=nl.sbuf)
        convert(up_t_operand, up_t, r, m_strip_size)
        down_t = zeros((PMAX, R_TILES, m_strip_size), nl.float32)
        gate_v_blocks = tensors(2, (PMAX, R_TILES, N_BLOCK), gate_v.dtype, nl.sbuf)
        up_v_blocks = tensors(2, (PMAX, R_TILES, N_BLOCK), up_v.dtype, nl.sbuf)
        for i_n_block in nl.sequential_range(ceil_div(N, N_BLOCK)):
            n_block = i_n_block * N_BLOCK
            n_block_size = min(N_BLOCK, N - n_block)
            gate_v_block = gate_v_blocks[i_n_block % 2]
            load(gate_v_block, gate_v, 0, r, n_block, n_block_size)
            up_v_block = up_v_blocks[i_n_block % 2]
            load(up_v_block, up_v, 0, r, n_block, n_block_size)
            hidden = nl.ndarray(
                (PMAX, N_TILES_IN_BLOCK, m_strip_size), gate_v.dtype, buffer=nl.sbuf
            )
            silus = tensors(2, (PMAX, M_STRIP), nl.float32, nl.sbuf)
            for i_n_tile in nl.sequential_range(ceil_div(n_block_size, PMAX)):
                n_tile = i_n_tile * PMAX
                n_tile_size = min(PMAX, n_block_size - n_tile)
                silu = silus[i_n_tile % 2]
                gate = nl.ndarray((n_tile_size, m_strip_size), nl.float32, buffer=nl.psum)
                for i_r_tile in nl.sequential_range(ceil_div(r, PMAX)):
                    r_tile = i_r_tile * PMAX
                    r_tile_size = min(PMAX, r - r_tile)
                    nisa.nc_matmul(
                        gate,
                        gate_v_block[0:r_tile_size, i_r_tile, n_tile:n_tile + n_tile_size],
                        gate_t_operand[0:r_tile_size, i_r_tile, 0:m_strip_size],
                        accumulate=i_r_tile > 0,
                    )
                nisa.activation(silu[0:n_tile_size, 0:m_strip_size], nl.silu, gate)
                up = nl.ndarray((n_tile_size, m_strip_size), nl.float32, buffer=nl.psum)
                for i_r_tile in nl.sequential_range(ceil_div(r, PMAX)):
                    r_tile = i_r_tile * PMAX
                    r_tile_size = min(PMAX, r - r_tile)
                    nisa.nc_matmul(
                        up,
                        up_v_block[0:r_tile_size, i_r_tile, n_tile:n_tile + n_tile_size],
                        up_t_operand[0:r_tile_size, i_r_tile, 0:m_strip_size],
                        accumulate=i_r_tile > 0,
                    )
                nisa.tensor_tensor(
                    hidden[0:n_tile_size, i_n_tile, 0:m_strip_size],
                    silu[0:n_tile_size, 0:m_strip_size],
                    up,
                    nl.multiply,
                )
            down_u_blocks = tensors(2, (PMAX, N_TILES_IN_BLOCK, R_BLOCK), down_u.dtype, nl.sbuf)
            for i_r_block in nl.sequential_range(ceil_div(r, R_BLOCK)):
                r_block = i_r_block * R_BLOCK
                r_block_size = min(R_BLOCK, r - r_block)
                # (H·U)ᵀ += Uᵀ·Hᵀ
                down_u_block = down_u_blocks[i_r_block % 2]
                load(down_u_block, down_u, n_block, n_block_size, r_block, r_block_size)
                add_product(down_t, down_u_block, hidden, r_block_size, m_strip_size, n_block_size,
                            M_F_TILE, dst_start=i_r_block * R_TILES_IN_BLOCK)

        down_t_operand = nl.ndarray((PMAX, R_TILES, m_strip_size), down_u.dtype, buffer=nl.sbuf)
        convert(down_t_operand, down_t, r, m_strip_size)
        for i_k_block in nl.affine_range(ceil_div(K, Y_BLOCK)):
            k_block = i_k_block * Y_BLOCK
            k_block_size = min(Y_BLOCK, K - k_block)
            result = zeros((PMAX, M_P_TILES_IN_STRIP, k_block_size), nl.float32)
            down_v_blocks = tensors(2, (PMAX, R_TILES_IN_BLOCK, Y_BLOCK), down_v.dtype, nl.sbuf)
            for i_r_block in nl.sequential_range(ceil_div(r, R_BLOCK)):
                r_block = i_r_block * R_BLOCK
                r_block_size = min(R_BLOCK, r - r_block)
                # Y += (XU)·V
                down_v_block = down_v_blocks[i_r_block % 2]
                load(down_v_block, down_v, r_block, r_block_size, k_block, k_block_size)
                add_product(result, down_t_operand, down_v_block, m_strip_size, k_block_size,
                            r_block_size, K_F_TILE, stationary_start=i_r_block * R_TILES_IN_BLOCK)
            store(y, result, m_strip, m_strip_size, k_block, k_block_size)
    return y
