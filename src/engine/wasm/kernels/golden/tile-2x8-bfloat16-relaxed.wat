(module
  (type (;0;) (func (param i32 i32 i32 i32 i32 i32 i32)))
  (import "env" "memory" (memory (;0;) 64 64))
  (func $tile_2x8_bfloat16 (type 0) (param $a i32) (param $b i32) (param $c i32) (param $k i32) (param $rowBytes i32) (param $vectorBytes i32) (param $accumulate i32)
    (local $end i32) (local $c_row i32) (local $sum0_0_0 v128) (local $sum0_0_1 v128) (local $sum0_1_0 v128) (local $sum0_1_1 v128) (local $sum1_0_0 v128) (local $sum1_0_1 v128) (local $sum1_1_0 v128) (local $sum1_1_1 v128) (local $b0 v128) (local $b1 v128) (local $x v128)
    local.get $accumulate
    if  ;; label = @1
      local.get $c
      local.set $c_row
      local.get $c_row
      v128.load
      local.set $sum0_0_0
      local.get $c_row
      local.get $vectorBytes
      i32.add
      v128.load
      local.set $sum0_0_1
      local.get $c_row
      local.get $rowBytes
      i32.add
      local.set $c_row
      local.get $c_row
      v128.load
      local.set $sum0_1_0
      local.get $c_row
      local.get $vectorBytes
      i32.add
      v128.load
      local.set $sum0_1_1
    end
    local.get $b
    local.get $k
    i32.const 16
    i32.mul
    i32.add
    local.set $end
    block  ;; label = @1
      loop  ;; label = @2
        local.get $b
        v128.load
        local.set $b1
        local.get $b1
        i32.const 16
        i32x4.shl
        local.set $b0
        local.get $b1
        i32.const 16
        i32x4.shr_u
        i32.const 16
        i32x4.shl
        local.set $b1
        local.get $a
        v128.load32_splat
        local.set $x
        local.get $x
        local.get $b0
        local.get $sum0_0_0
        f32x4.relaxed_madd
        local.set $sum0_0_0
        local.get $x
        local.get $b1
        local.get $sum0_0_1
        f32x4.relaxed_madd
        local.set $sum0_0_1
        local.get $a
        v128.load32_splat offset=16
        local.set $x
        local.get $x
        local.get $b0
        local.get $sum0_1_0
        f32x4.relaxed_madd
        local.set $sum0_1_0
        local.get $x
        local.get $b1
        local.get $sum0_1_1
        f32x4.relaxed_madd
        local.set $sum0_1_1
        local.get $b
        i32.const 16
        i32.add
        local.get $end
        i32.eq
        br_if 1 (;@1;)
        local.get $b
        v128.load offset=16
        local.set $b1
        local.get $b1
        i32.const 16
        i32x4.shl
        local.set $b0
        local.get $b1
        i32.const 16
        i32x4.shr_u
        i32.const 16
        i32x4.shl
        local.set $b1
        local.get $a
        v128.load32_splat offset=4
        local.set $x
        local.get $x
        local.get $b0
        local.get $sum1_0_0
        f32x4.relaxed_madd
        local.set $sum1_0_0
        local.get $x
        local.get $b1
        local.get $sum1_0_1
        f32x4.relaxed_madd
        local.set $sum1_0_1
        local.get $a
        v128.load32_splat offset=20
        local.set $x
        local.get $x
        local.get $b0
        local.get $sum1_1_0
        f32x4.relaxed_madd
        local.set $sum1_1_0
        local.get $x
        local.get $b1
        local.get $sum1_1_1
        f32x4.relaxed_madd
        local.set $sum1_1_1
        local.get $b
        i32.const 32
        i32.add
        local.get $end
        i32.eq
        br_if 1 (;@1;)
        local.get $b
        v128.load offset=32
        local.set $b1
        local.get $b1
        i32.const 16
        i32x4.shl
        local.set $b0
        local.get $b1
        i32.const 16
        i32x4.shr_u
        i32.const 16
        i32x4.shl
        local.set $b1
        local.get $a
        v128.load32_splat offset=8
        local.set $x
        local.get $x
        local.get $b0
        local.get $sum0_0_0
        f32x4.relaxed_madd
        local.set $sum0_0_0
        local.get $x
        local.get $b1
        local.get $sum0_0_1
        f32x4.relaxed_madd
        local.set $sum0_0_1
        local.get $a
        v128.load32_splat offset=24
        local.set $x
        local.get $x
        local.get $b0
        local.get $sum0_1_0
        f32x4.relaxed_madd
        local.set $sum0_1_0
        local.get $x
        local.get $b1
        local.get $sum0_1_1
        f32x4.relaxed_madd
        local.set $sum0_1_1
        local.get $b
        i32.const 48
        i32.add
        local.get $end
        i32.eq
        br_if 1 (;@1;)
        local.get $b
        v128.load offset=48
        local.set $b1
        local.get $b1
        i32.const 16
        i32x4.shl
        local.set $b0
        local.get $b1
        i32.const 16
        i32x4.shr_u
        i32.const 16
        i32x4.shl
        local.set $b1
        local.get $a
        v128.load32_splat offset=12
        local.set $x
        local.get $x
        local.get $b0
        local.get $sum1_0_0
        f32x4.relaxed_madd
        local.set $sum1_0_0
        local.get $x
        local.get $b1
        local.get $sum1_0_1
        f32x4.relaxed_madd
        local.set $sum1_0_1
        local.get $a
        v128.load32_splat offset=28
        local.set $x
        local.get $x
        local.get $b0
        local.get $sum1_1_0
        f32x4.relaxed_madd
        local.set $sum1_1_0
        local.get $x
        local.get $b1
        local.get $sum1_1_1
        f32x4.relaxed_madd
        local.set $sum1_1_1
        local.get $a
        i32.const 32
        i32.add
        local.set $a
        local.get $b
        i32.const 64
        i32.add
        local.set $b
        local.get $b
        local.get $end
        i32.ne
        br_if 0 (;@2;)
      end
    end
    local.get $sum0_0_0
    local.get $sum1_0_0
    f32x4.add
    local.set $sum0_0_0
    local.get $sum0_0_1
    local.get $sum1_0_1
    f32x4.add
    local.set $sum0_0_1
    local.get $sum0_1_0
    local.get $sum1_1_0
    f32x4.add
    local.set $sum0_1_0
    local.get $sum0_1_1
    local.get $sum1_1_1
    f32x4.add
    local.set $sum0_1_1
    local.get $c
    local.set $c_row
    local.get $c_row
    local.get $sum0_0_0
    v128.store
    local.get $c_row
    local.get $vectorBytes
    i32.add
    local.get $sum0_0_1
    v128.store
    local.get $c_row
    local.get $rowBytes
    i32.add
    local.set $c_row
    local.get $c_row
    local.get $sum0_1_0
    v128.store
    local.get $c_row
    local.get $vectorBytes
    i32.add
    local.get $sum0_1_1
    v128.store)
  (export "tile_2x8_bfloat16" (func $tile_2x8_bfloat16)))
