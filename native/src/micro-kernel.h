// The micro-kernel: a tile of C (ROWS × panel) += a tile of A · a panel of B, accumulators in registers throughout.
//
// One template for every instruction set, operand format and tile height. `Isa` gives a vector of float32 and its few
// operations, and by how many steps the loop is unrolled; `Operand` says how one step of the contraction is read: float32
// takes one k, bfloat16 a pair of them.
//
// Layouts (elements of the operand's type; panel columns = Isa::lanes · Isa::vectors):
//   B panel  [K / step][panel][step]      weights, packed once; whole groups of steps, the last one filled with zeros
//   A tile   [K / panel][ROWS][panel]     rows of X, or of an intermediate product
//   C tile   [ROWS][panel] float32
// A is read by broadcast, so it needs no interleaving; and because its k-blocks are as deep as a panel is wide, a
// finished C tile, rounded, *is* one k-block of the next product's A tile: nothing is ever transposed.
//
// Everything here is in an unnamed namespace: each instruction set's file compiles its own copy with its own flags,
// and the linker must not pick one for another.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels.h"

#define NEURONMM_INLINE inline __attribute__((always_inline))

namespace {

template <class Isa>
constexpr int panelColumns = Isa::lanes* Isa::vectors;

template <class Isa>
struct Float32 {
  using Element = float;
  using Scale = typename Isa::Vector;
  using Columns = typename Isa::Vector;
  static constexpr int step = 1, multiplyAdds = 1;  // of a vector of columns
  static NEURONMM_INLINE Columns loadColumns(const float* b) { return Isa::load(b); }
  static NEURONMM_INLINE Scale broadcast(const float* a) { return Isa::broadcast(*a); }
  static NEURONMM_INLINE typename Isa::Vector multiplyAdd(typename Isa::Vector sum, Scale a, Columns b) {
    return Isa::multiplyAdd(sum, a, b);
  }
};

// Pairs of bfloat16 where the machine has no dot product of them: a bfloat16 is the upper half of a float32, so the
// even and the odd one of each pair become two vectors by a shift and a mask.
template <class Isa>
struct SplitBfloat16 {
  using Element = uint16_t;
  struct Pair {
    typename Isa::Vector even, odd;
  };
  using Scale = Pair;
  using Columns = Pair;
  static constexpr int step = 2, multiplyAdds = 2;
  static NEURONMM_INLINE Columns loadColumns(const uint16_t* b) { return fromBits(Isa::loadBits(b)); }
  static NEURONMM_INLINE Columns fromBits(typename Isa::Bits bits) { return split(bits); }
  static NEURONMM_INLINE Scale broadcast(const uint16_t* a) {
    uint32_t pair;
    std::memcpy(&pair, a, sizeof pair);
    return split(Isa::broadcastBits(pair));
  }
  static NEURONMM_INLINE typename Isa::Vector multiplyAdd(typename Isa::Vector sum, Scale a, Columns b) {
    return Isa::multiplyAdd(Isa::multiplyAdd(sum, a.even, b.even), a.odd, b.odd);
  }

 private:
  static NEURONMM_INLINE Pair split(typename Isa::Bits bits) {
    return {Isa::shiftLeft16(bits), Isa::upperHalf(bits)};
  }
};

template <class Isa, class Operand, int ROWS>
struct Accumulators {
  typename Isa::Vector sum[ROWS][Isa::vectors];

  NEURONMM_INLINE void step(const typename Operand::Element* a, const typename Operand::Columns (&columns)[Isa::vectors]) {
    constexpr int panel = panelColumns<Isa>;
#pragma GCC unroll 32
    for (int i = 0; i < ROWS; i++) {
      const auto scale = Operand::broadcast(a + i * panel);
#pragma GCC unroll 8
      for (int v = 0; v < Isa::vectors; v++) sum[i][v] = Operand::multiplyAdd(sum[i][v], scale, columns[v]);
    }
  }
};

// How a kernel reads a B panel, group by group: gives each step's columns to `use`.
template <class Isa, class Operand>
class PlainColumns {
 public:
  using Element = typename Operand::Element;
  static constexpr int64_t groupElements = int64_t(panelColumns<Isa>) * Operand::step * Isa::stepsPerGroup;
  static constexpr int64_t groupBytes = groupElements * int64_t(sizeof(Element));

  explicit NEURONMM_INLINE PlainColumns(const MicroKernelArgs& args) : b_(static_cast<const Element*>(args.b)) {}

  NEURONMM_INLINE const void* here() const { return b_; }

  template <class Use>
  NEURONMM_INLINE void group(Use use) {
    readGroup(b_, use);
    b_ += groupElements;
  }

  template <class Use>
  static NEURONMM_INLINE void readGroup(const Element* b, Use use) {
    constexpr int vectorElements = Isa::lanes * Operand::step;
#pragma GCC unroll 8
    for (int s = 0; s < Isa::stepsPerGroup; s++) {
      typename Operand::Columns columns[Isa::vectors];
#pragma GCC unroll 8
      for (int v = 0; v < Isa::vectors; v++) columns[v] = Operand::loadColumns(b + (s * Isa::vectors + v) * vectorElements);
      use(s, columns);
    }
  }

 private:
  const Element* b_;
};

// Who fetches the weights of the panel that comes next: the kernel, line by line between its multiply-adds, or the
// hardware's prefetchers. These follow one stream best alone (measured: fetching beside them costs a tenth of the bandwidth
// at one row), but they follow loads, and loads come late where every line of weights means many multiply-adds: with 9
// vectors of them or more, fetching wins up to a fourth of the time. Decoding compact weights is as good as some of them.
enum class Weights { fetched, streamed };
template <class Operand>
constexpr int fetchFrom(bool compact) {
  return compact ? 5 : 9 / Operand::multiplyAdds;
}

NEURONMM_INLINE void prefetchNear(const void* here, int64_t bytes) {
  constexpr int64_t distance = 2048;
#pragma GCC unroll 8
  for (int64_t i = 0; i < bytes; i += cacheLine)
    __builtin_prefetch(static_cast<const char*>(here) + distance + i, 0, 3);
}

// A sum waits for the one before it, some cycles each: few rows keep several sums of every element, each over every so
// many steps, so that enough of them are under way to follow the weights as fast as a cache gives them.
constexpr int chainsOf(int sums, int most) {
  constexpr int enough = 8;
  int chains = 1;
  while (chains < most && chains * sums < enough) chains *= 2;
  return chains;
}

template <class Isa>
NEURONMM_INLINE void streamRow(LeavingRows& rows) {
  Isa::streamLines(rows.to, rows.from, rows.lines);
  rows.from += rows.fromStride;
  rows.to += rows.toStride;
  rows.rows--;
}
template <class Isa>
void streamRows(LeavingRows rows) {
  while (rows.rows > 0) streamRow<Isa>(rows);
}

template <class Isa, class Operand, int ROWS, Weights WEIGHTS, template <class, class> class Columns = PlainColumns>
void microKernel(const MicroKernelArgs& args) {
  using Element = typename Operand::Element;
  constexpr int panel = panelColumns<Isa>;
  constexpr int stepsPerGroup = Isa::stepsPerGroup;
  constexpr int groupsPerBlock = panel / Operand::step / stepsPerGroup;
  static_assert(groupsPerBlock * stepsPerGroup * Operand::step == panel, "a k-block is whole groups of steps");

  constexpr int chains = WEIGHTS == Weights::streamed ? chainsOf(ROWS * Isa::vectors, stepsPerGroup) : 1;
  Accumulators<Isa, Operand, ROWS> tiles[chains];
#pragma GCC unroll 8
  for (int w = 0; w < chains; w++)
#pragma GCC unroll 32
    for (int i = 0; i < ROWS; i++)
#pragma GCC unroll 8
      for (int v = 0; v < Isa::vectors; v++)
        tiles[w].sum[i][v] = w == 0 && args.accumulate ? Isa::load(args.c + i * panel + v * Isa::lanes) : Isa::zero();

  const Element* a = static_cast<const Element*>(args.a);
  Columns<Isa, Operand> columns(args);
  const char* ahead = static_cast<const char*>(args.prefetch);
  LeavingRows leaving = args.leaving;

  for (int64_t rest = args.groups; rest > 0; rest -= groupsPerBlock) {
    if constexpr (WEIGHTS == Weights::fetched && Isa::streams)
      if (leaving.rows > 0) streamRow<Isa>(leaving);
    const int groups = rest < groupsPerBlock ? int(rest) : groupsPerBlock;
#pragma GCC unroll 1
    for (int group = 0; group < groups; group++) {
      if (WEIGHTS == Weights::fetched) {
#pragma GCC unroll 1
        for (int64_t line = 0; line < args.prefetchLines; line++, ahead += cacheLine) __builtin_prefetch(ahead, 0, 2);
      }
      if (WEIGHTS == Weights::fetched && args.near) prefetchNear(columns.here(), columns.groupBytes);
      columns.group([&](int s, const typename Operand::Columns(&step)[Isa::vectors]) __attribute__((always_inline)) {
        tiles[s % chains].step(a + s * Operand::step, step);
      });
      a += stepsPerGroup * Operand::step;
    }
    a += (ROWS - 1) * panel;
  }
  if constexpr (WEIGHTS == Weights::fetched && Isa::streams) streamRows<Isa>(leaving);

#pragma GCC unroll 32
  for (int i = 0; i < ROWS; i++) {
#pragma GCC unroll 8
    for (int v = 0; v < Isa::vectors; v++) {
#pragma GCC unroll 8
      for (int w = 1; w < chains; w++) tiles[0].sum[i][v] = Isa::add(tiles[0].sum[i][v], tiles[w].sum[i][v]);
      Isa::store(args.c + i * panel + v * Isa::lanes, tiles[0].sum[i][v]);
    }
  }
}

}  // namespace
