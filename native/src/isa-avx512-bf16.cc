// AVX-512 with VDPBF16PS: sums of products of bfloat16 pairs in float32, at twice the rate of float32.
// It takes denormals as zero and rounds to nearest even (Intel SDM, VDPBF16PS).
#include "isa-avx512-vector.h"

namespace {

struct DotBfloat16 {
  using Element = uint16_t;
  using Scale = __m512bh;
  using Columns = __m512bh;
  static constexpr int step = 2, multiplyAdds = 1;
  static NEURONMM_INLINE Columns loadColumns(const uint16_t* b) { return fromBits(Avx512::loadBits(b)); }
  static NEURONMM_INLINE Columns fromBits(__m512i bits) { return (__m512bh)bits; }
  static NEURONMM_INLINE Scale broadcast(const uint16_t* a) {
    int pair;
    std::memcpy(&pair, a, sizeof pair);
    return (__m512bh)_mm512_set1_epi32(pair);
  }
  static NEURONMM_INLINE __m512 multiplyAdd(__m512 sum, Scale a, Columns b) { return _mm512_dpbf16_ps(sum, a, b); }
};

}  // namespace

extern const Kernels avx512Bf16Kernels;
const Kernels avx512Bf16Kernels = kernels<Avx512, 14, DotBfloat16, 14>("avx512-bf16");
