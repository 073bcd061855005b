// Vectors of 16 float32 in AVX-512: two to a panel, 28 accumulators, two columns and a broadcast in 32 registers.
#pragma once

#include <immintrin.h>

#include "kernel-table.h"

namespace {

struct Avx512 {
  using Vector = __m512;
  using Bits = __m512i;
  static constexpr int lanes = 16, vectors = 2, stepsPerGroup = 4;
  static NEURONMM_INLINE Vector zero() { return _mm512_setzero_ps(); }
  static NEURONMM_INLINE Vector load(const float* p) { return _mm512_loadu_ps(p); }
  static NEURONMM_INLINE void store(float* p, Vector v) { _mm512_storeu_ps(p, v); }
  static NEURONMM_INLINE Vector broadcast(float value) { return _mm512_set1_ps(value); }
  static NEURONMM_INLINE Vector add(Vector a, Vector b) { return _mm512_add_ps(a, b); }
  static NEURONMM_INLINE Vector multiplyAdd(Vector sum, Vector a, Vector b) { return _mm512_fmadd_ps(a, b, sum); }

  static NEURONMM_INLINE Bits loadBits(const uint16_t* p) { return _mm512_loadu_si512(p); }
  static NEURONMM_INLINE Bits broadcastBits(uint32_t pair) { return _mm512_set1_epi32(int(pair)); }
  static NEURONMM_INLINE Vector shiftLeft16(Bits b) { return _mm512_castsi512_ps(_mm512_slli_epi32(b, 16)); }
  static NEURONMM_INLINE Vector upperHalf(Bits b) {
    return _mm512_castsi512_ps(_mm512_and_si512(b, _mm512_set1_epi32(int(0xffff0000u))));
  }

  // Half of a unit of a compact panel (compact.h): 64 elements in order. Halves by themselves, or registers would not do.
  template <int HALF>
  static NEURONMM_INLINE void decode(const uint8_t* unit, const uint8_t* upperBytes, Bits (&bits)[2]) {
    const __m512i table = _mm512_broadcast_i32x4(_mm_load_si128(reinterpret_cast<const __m128i*>(upperBytes)));
    __m512i codes = _mm512_loadu_si512(unit + 128);
    if (HALF == 1) codes = _mm512_srli_epi16(codes, 4);
    const __m512i upper = _mm512_shuffle_epi8(table, _mm512_and_si512(codes, _mm512_set1_epi8(15)));
    const __m512i lower = _mm512_loadu_si512(unit + 64 * HALF);
    bits[0] = _mm512_unpacklo_epi8(lower, upper);
    bits[1] = _mm512_unpackhi_epi8(lower, upper);
  }

  static constexpr bool streams = true;
  static NEURONMM_INLINE void streamLines(void* to, const void* from, int lines) {
    for (int i = 0; i < lines; i++)
      _mm512_stream_si512(static_cast<__m512i*>(to) + i, _mm512_loadu_si512(static_cast<const __m512i*>(from) + i));
  }
};

}  // namespace
