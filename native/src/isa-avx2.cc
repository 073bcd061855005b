// AVX2 with FMA: 16 registers of 8 float32, so tiles of 6 rows (4 in bfloat16, whose columns and scales come in halves).
#include <immintrin.h>

#include "kernel-table.h"

namespace {

struct Avx2 {
  using Vector = __m256;
  using Bits = __m256i;
  static constexpr int lanes = 8, vectors = 2, stepsPerGroup = 4;
  static NEURONMM_INLINE Vector zero() { return _mm256_setzero_ps(); }
  static NEURONMM_INLINE Vector load(const float* p) { return _mm256_loadu_ps(p); }
  static NEURONMM_INLINE void store(float* p, Vector v) { _mm256_storeu_ps(p, v); }
  static NEURONMM_INLINE Vector broadcast(float value) { return _mm256_set1_ps(value); }
  static NEURONMM_INLINE Vector add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
  static NEURONMM_INLINE Vector multiplyAdd(Vector sum, Vector a, Vector b) { return _mm256_fmadd_ps(a, b, sum); }

  static NEURONMM_INLINE Bits loadBits(const uint16_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static NEURONMM_INLINE Bits broadcastBits(uint32_t pair) { return _mm256_set1_epi32(int(pair)); }
  static NEURONMM_INLINE Vector shiftLeft16(Bits b) { return _mm256_castsi256_ps(_mm256_slli_epi32(b, 16)); }
  static NEURONMM_INLINE Vector upperHalf(Bits b) {
    return _mm256_castsi256_ps(_mm256_and_si256(b, _mm256_set1_epi32(int(0xffff0000u))));
  }

  static constexpr bool streams = true;
  static NEURONMM_INLINE void streamLines(void* to, const void* from, int lines) {
    for (int i = 0; i < 2 * lines; i++)
      _mm256_stream_si256(static_cast<__m256i*>(to) + i, _mm256_loadu_si256(static_cast<const __m256i*>(from) + i));
  }
};

}  // namespace

extern const Kernels avx2Kernels;
const Kernels avx2Kernels = kernels<Avx2, 6, SplitBfloat16<Avx2>, 4>("avx2");
