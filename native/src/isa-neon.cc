// NEON (AArch64): 32 registers of 4 float32; tiles of 5 rows by four vectors (GCC spills with 6), 4 rows in bfloat16.
#include <arm_neon.h>

#include "kernel-table.h"

namespace {

struct Neon {
  using Vector = float32x4_t;
  using Bits = uint32x4_t;
  static constexpr int lanes = 4, vectors = 4, stepsPerGroup = 1;
  static NEURONMM_INLINE Vector zero() { return vdupq_n_f32(0.0f); }
  static NEURONMM_INLINE Vector load(const float* p) { return vld1q_f32(p); }
  static NEURONMM_INLINE void store(float* p, Vector v) { vst1q_f32(p, v); }
  static NEURONMM_INLINE Vector broadcast(float value) { return vdupq_n_f32(value); }
  static NEURONMM_INLINE Vector add(Vector a, Vector b) { return vaddq_f32(a, b); }
  static NEURONMM_INLINE Vector multiplyAdd(Vector sum, Vector a, Vector b) { return vfmaq_f32(sum, a, b); }

  static NEURONMM_INLINE Bits loadBits(const uint16_t* p) { return vreinterpretq_u32_u16(vld1q_u16(p)); }
  static NEURONMM_INLINE Bits broadcastBits(uint32_t pair) { return vdupq_n_u32(pair); }
  static NEURONMM_INLINE Vector shiftLeft16(Bits b) { return vreinterpretq_f32_u32(vshlq_n_u32(b, 16)); }
  static NEURONMM_INLINE Vector upperHalf(Bits b) {
    return vreinterpretq_f32_u32(vandq_u32(b, vdupq_n_u32(0xffff0000u)));
  }

  static constexpr bool streams = false;
};

}  // namespace

extern const Kernels neonKernels;
const Kernels neonKernels = kernels<Neon, 5, SplitBfloat16<Neon>, 4>("neon");
