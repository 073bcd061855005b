// Plain C++ for any little-endian machine: vectors of 4 float32 as GCC and Clang lower them to what there is.
#include "kernel-table.h"

namespace {

struct Plain {
  typedef float Vector __attribute__((vector_size(16)));
  typedef uint32_t Bits __attribute__((vector_size(16)));
  // Unrolled further, GCC would load scales of later steps early and run out of registers.
  static constexpr int lanes = 4, vectors = 2, stepsPerGroup = 1;
  static NEURONMM_INLINE Vector zero() { return Vector{}; }
  static NEURONMM_INLINE Vector load(const float* p) { return from<Vector>(p); }
  static NEURONMM_INLINE void store(float* p, Vector v) { std::memcpy(p, &v, sizeof v); }
  static NEURONMM_INLINE Vector broadcast(float value) { return Vector{value, value, value, value}; }
  static NEURONMM_INLINE Vector add(Vector a, Vector b) { return a + b; }
  static NEURONMM_INLINE Vector multiplyAdd(Vector sum, Vector a, Vector b) { return sum + a * b; }

  static NEURONMM_INLINE Bits loadBits(const uint16_t* p) { return from<Bits>(p); }
  static NEURONMM_INLINE Bits broadcastBits(uint32_t pair) { return Bits{pair, pair, pair, pair}; }
  static NEURONMM_INLINE Vector shiftLeft16(Bits b) { return (Vector)(b << 16); }
  static NEURONMM_INLINE Vector upperHalf(Bits b) { return (Vector)(b & 0xffff0000u); }

  static constexpr bool streams = false;

 private:
  template <class To>
  static NEURONMM_INLINE To from(const void* p) {
    To value;
    std::memcpy(&value, p, sizeof value);
    return value;
  }
};

}  // namespace

extern const Kernels plainKernels;
const Kernels plainKernels = kernels<Plain, 4, SplitBfloat16<Plain>, 3>("plain");
