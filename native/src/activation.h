// Activations as plain loops over float32, written without branches so that the compiler vectorises them for the
// instruction set of the file that includes them. NaN stays NaN.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels.h"

namespace {

inline float fromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline uint32_t toBits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

// e^x to about 1 ulp: x = n·ln 2 + f with |f| ≤ ln 2 / 2, e^f by its Taylor polynomial of degree 7, 2^n by bits.
// Adding 1.5·2^23 leaves round(x / ln 2) in the low bits of the sum (round to nearest without an instruction for it).
inline float exponential(float x) {
  constexpr float smallest = -87.3f, greatest = 88.3f;  // below: 2^-126; above: infinity at 128·ln 2 = 88.72
  float clamped = x < smallest ? smallest : x;
  clamped = clamped > greatest ? greatest : clamped;
  constexpr float magic = 12582912.0f;
  const float shifted = clamped * 1.44269504f + magic;
  const float n = shifted - magic;
  const float f = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;  // ln 2 in two parts (Cody and Waite)
  float p = 1.9841270e-4f;
  p = p * f + 1.3888889e-3f;
  p = p * f + 8.3333333e-3f;
  p = p * f + 4.1666667e-2f;
  p = p * f + 1.6666667e-1f;
  p = p * f + 0.5f;
  p = p * f + 1.0f;
  p = p * f + 1.0f;
  // 2^n in two factors: n may be 127.
  const uint32_t exponent = toBits(shifted) - toBits(magic);
  const float result = p * fromBits((exponent + 127u) << 23);
  return x > greatest ? fromBits(0x7f800000u) : result;
}

inline float silu(float x) { return x / (1.0f + exponential(-x)); }

// x·Φ(x), with Φ from the complementary error function of Abramowitz and Stegun 7.1.26 (absolute error 1.5e-7).
inline float gelu(float x) {
  const float z = (x < 0.0f ? -x : x) * 0.70710678f;
  const float t = 1.0f / (1.0f + 0.3275911f * z);
  float p = 1.061405429f;
  p = p * t - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  const float half = 0.5f * p * t * exponential(-z * z);
  return x * (x < 0.0f ? half : 1.0f - half);
}

inline float relu(float x) { return x < 0.0f ? 0.0f : x; }

template <int COUNT_PER_ROW>
void activateRows(float* c, int rows, Activation activation) {
  const int count = rows * COUNT_PER_ROW;
  switch (activation) {
    case Activation::none:
      break;
    case Activation::silu:
      for (int i = 0; i < count; i++) c[i] = silu(c[i]);
      break;
    case Activation::gelu:
      for (int i = 0; i < count; i++) c[i] = gelu(c[i]);
      break;
    case Activation::relu:
      for (int i = 0; i < count; i++) c[i] = relu(c[i]);
      break;
  }
}

}  // namespace
