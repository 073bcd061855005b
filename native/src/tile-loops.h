// The loops around the micro-kernel: packing of rows and weights into its layouts, and what becomes of a C tile.
// Plain loops of constant inner length, vectorised by the compiler for the file that includes them.
#pragma once

#include <cstdint>
#include <cstring>

#include "activation.h"
#include "micro-kernel.h"

namespace {

inline float widen(float value) { return value; }
inline float widen(uint16_t bits) { return fromBits(uint32_t(bits) << 16); }

template <class To>
inline To narrow(float value);
template <>
inline float narrow<float>(float value) {
  return value;
}
// To nearest, ties to even; a NaN stays one (quiet).
template <>
inline uint16_t narrow<uint16_t>(float value) {
  const uint32_t bits = toBits(value);
  const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  return uint16_t((bits & 0x7fffffffu) > 0x7f800000u ? 0x7fc0u : rounded);
}

template <class To, class From>
inline To convert(From value) {
  return narrow<To>(widen(value));
}
template <>
inline uint16_t convert<uint16_t, uint16_t>(uint16_t bits) {
  return bits;
}

template <int PANEL, class Element, class From>
void packRowsFrom(const From* x, int64_t stride, int rows, int64_t from, int64_t to, Element* tile) {
  tile += from * rows;
  for (int64_t k0 = from; k0 < to; k0 += PANEL) {
    const int64_t depth = to - k0 < PANEL ? to - k0 : PANEL;
    for (int i = 0; i < rows; i++, tile += PANEL) {
      const From* row = x + i * stride + k0;
      if (depth == PANEL) {
        for (int j = 0; j < PANEL; j++) tile[j] = convert<Element>(row[j]);
      } else {
        for (int j = 0; j < PANEL; j++) tile[j] = j < depth ? convert<Element>(row[j]) : Element(0);
      }
    }
  }
}

template <int PANEL, class Element>
void packRows(const InputRows& x, int64_t row0, int rows, int64_t from, int64_t to, void* tile) {
  const int64_t start = row0 * x.columns;
  auto* packed = static_cast<Element*>(tile);
  if (x.bfloat16)
    packRowsFrom<PANEL>(static_cast<const uint16_t*>(x.data) + start, x.columns, rows, from, to, packed);
  else
    packRowsFrom<PANEL>(static_cast<const float*>(x.data) + start, x.columns, rows, from, to, packed);
}

// Two rows of a panel, element by element in turn; one row where a step is one k.
template <int PANEL, int STEP, class Element, class From>
void interleave(const From* __restrict first, const From* __restrict second, Element* __restrict to) {
  for (int j = 0; j < PANEL; j++) {
    to[j * STEP] = convert<Element>(first[j]);
    if (STEP == 2) to[j * STEP + 1] = convert<Element>(second[j]);
  }
}

// One column of the panel at a time would touch a line per element of a row-major matrix, one row at a time a line per
// element of a transposed one: blocks of k keep both within the first-level cache.
template <int PANEL, int STEP, class Element, class From>
void packPanelFrom(const From* w, const StridedMatrix& shape, int64_t columns, Element* panel) {
  constexpr int64_t depth = 64;
  for (int64_t k0 = 0; k0 < shape.rows; k0 += depth) {
    const int64_t k1 = k0 + depth < shape.rows ? k0 + depth : shape.rows;
    if (shape.columnStride == 1 && columns == PANEL) {
      int64_t k = k0;
      for (; k + STEP <= k1; k += STEP) {
        const From* from = w + k * shape.rowStride;
        interleave<PANEL, STEP>(from, from + (STEP - 1) * shape.rowStride, panel + k * PANEL);
      }
      // The partner of an odd last row stays zero.
      for (int j = 0; k < k1 && j < PANEL; j++) panel[k * PANEL + j * STEP] = convert<Element>(w[k * shape.rowStride + j]);
    } else {
      for (int64_t j = 0; j < columns; j++) {
        const From* from = w + j * shape.columnStride;
        Element* to = panel + j * STEP;
        for (int64_t k = k0; k < k1; k++)
          to[(k / STEP) * PANEL * STEP + k % STEP] = convert<Element>(from[k * shape.rowStride]);
      }
    }
  }
}

template <int PANEL, int STEP, int GROUP, class Element>
void packPanel(const StridedMatrix& w, int64_t column0, void* panel) {
  const int64_t columns = w.columns - column0 < PANEL ? w.columns - column0 : PANEL;
  const int64_t depth = (w.rows + STEP * GROUP - 1) / (STEP * GROUP) * (STEP * GROUP);
  Element* to = static_cast<Element*>(panel);
  // What is not overwritten: missing columns everywhere, or the last steps, an odd one's partner among them.
  const int64_t whole = columns < PANEL ? 0 : w.rows / STEP * STEP;
  std::memset(to + whole * PANEL, 0, size_t(depth - whole) * PANEL * sizeof(Element));
  const int64_t start = column0 * w.columnStride;
  if (w.bfloat16)
    packPanelFrom<PANEL, STEP>(static_cast<const uint16_t*>(w.data) + start, w, columns, to);
  else
    packPanelFrom<PANEL, STEP>(static_cast<const float*>(w.data) + start, w, columns, to);
}

template <int PANEL, class Element>
void roundToBlock(const float* __restrict c, int rows, int columns, void* __restrict block) {
  Element* to = static_cast<Element*>(block);
  for (int i = 0; i < rows; i++, c += PANEL, to += PANEL) {
    for (int j = 0; j < PANEL; j++) to[j] = narrow<Element>(c[j]);
    for (int j = columns; j < PANEL; j++) to[j] = Element(0);
  }
}

template <int PANEL>
void addBias(float* __restrict c, int rows, const float* __restrict bias) {
  for (int i = 0; i < rows; i++, c += PANEL)
    for (int j = 0; j < PANEL; j++) c[j] += bias[j];
}

template <int PANEL>
void multiplyTile(float* __restrict c, int rows, const float* __restrict factor) {
  for (int i = 0; i < rows * PANEL; i++) c[i] *= factor[i];
}

template <int PANEL, class To>
void storeRowsAs(const float* c, int rows, int columns, To* y, int64_t stride) {
  for (int i = 0; i < rows; i++, c += PANEL, y += stride) {
    if (columns < PANEL) {
      for (int j = 0; j < columns; j++) y[j] = narrow<To>(c[j]);
    } else {
      for (int j = 0; j < PANEL; j++) y[j] = narrow<To>(c[j]);
    }
  }
}

template <int PANEL>
void storeRows(const float* c, int rows, int columns, const OutputRows& y, int64_t row0, int64_t column0) {
  const int64_t start = row0 * y.columns + column0;
  if (y.bfloat16)
    storeRowsAs<PANEL>(c, rows, columns, static_cast<uint16_t*>(y.data) + start, y.columns);
  else
    storeRowsAs<PANEL>(c, rows, columns, static_cast<float*>(y.data) + start, y.columns);
}

}  // namespace
