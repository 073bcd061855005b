// Fills in the table of one instruction set from the templates, with two probes of what the machine can do at most.
#pragma once

#include <utility>

#include "compact.h"
#include "tile-loops.h"

namespace {

template <class Isa, class Operand>
double peak(int64_t iterations, const void* operand, float* sums) {
  // Enough chains to hide the latency of a multiply-add on two units, few enough to stay in registers.
  constexpr int chains = 10;
  const auto* values = static_cast<const typename Operand::Element*>(operand);
  const auto columns = Operand::loadColumns(values);
  const auto scale = Operand::broadcast(values);
  typename Isa::Vector sum[chains];
#pragma GCC unroll 16
  // Different from each other, or the compiler would keep one chain for all.
  for (int i = 0; i < chains; i++) sum[i] = Isa::broadcast(float(i));
  for (int64_t n = 0; n < iterations; n++) {
#pragma GCC unroll 16
    for (int i = 0; i < chains; i++) sum[i] = Operand::multiplyAdd(sum[i], scale, columns);
  }
#pragma GCC unroll 16
  for (int i = 1; i < chains; i++) sum[0] = Isa::add(sum[0], sum[i]);
  Isa::store(sums, sum[0]);
  return 2.0 * double(iterations) * chains * Isa::lanes * Operand::step;
}

template <class Isa>
float readAll(const void* data, int64_t bytes) {
  constexpr int vectorsPerTurn = 16;
  constexpr int floatsPerTurn = vectorsPerTurn * Isa::lanes;
  constexpr int64_t distance = 8192;
  const float* from = static_cast<const float*>(data);
  typename Isa::Vector sum[4] = {Isa::zero(), Isa::zero(), Isa::zero(), Isa::zero()};
  for (int64_t n = bytes / int64_t(floatsPerTurn * sizeof(float)); n > 0; n--, from += floatsPerTurn) {
#pragma GCC unroll 32
    for (int i = 0; i < vectorsPerTurn * Isa::lanes * int(sizeof(float)) / cacheLine; i++)
      __builtin_prefetch(reinterpret_cast<const char*>(from) + distance + i * cacheLine, 0, 2);
#pragma GCC unroll 16
    for (int i = 0; i < vectorsPerTurn; i++) sum[i % 4] = Isa::add(sum[i % 4], Isa::load(from + i * Isa::lanes));
  }
  float lanes[Isa::lanes];
  Isa::store(lanes, Isa::add(Isa::add(sum[0], sum[1]), Isa::add(sum[2], sum[3])));
  return lanes[0];
}

template <class Isa, class Operand, template <class, class> class Columns, int... I>
constexpr PanelFormat panelFormat(std::integer_sequence<int, I...>, bool hasHeaders) {
  static_assert(sizeof...(I) <= maxTileRows, "tiles are at most maxTileRows high");
  return {Columns<Isa, Operand>::groupBytes,
          hasHeaders,
          int(sizeof...(I)),
          {nullptr, microKernel<Isa, Operand, I + 1, Weights::fetched, Columns>...},
          {nullptr, microKernel<Isa, Operand, I + 1, Weights::streamed, Columns>...},
          fetchFrom<Operand>(hasHeaders)};
}

// Compact panels are of bfloat16, and for instruction sets that can decode them. Tiles are a row lower: decoding takes
// registers too.
template <class Isa, class Operand, int ROWS, class = void>
struct Compact {
  static constexpr const CompactFormat* format = nullptr;
};
template <class Isa, class Operand, int ROWS>
struct Compact<Isa, Operand, ROWS, std::enable_if_t<Operand::step == 2, std::void_t<decltype(Isa::template decode<0>)>>> {
  using Group = CompactGroup<Isa, Operand>;
  using Rows = std::make_integer_sequence<int, ROWS - 1>;
  static constexpr CompactFormat table = {{panelFormat<Isa, Operand, CompactColumns>(Rows(), true)},
                                          encodeGroups<Group>,
                                          keepPlainGroups<Group>};
  static constexpr const CompactFormat* format = &table;
};

// ROWS: as many as leave registers for the columns and the broadcast value.
template <class Isa, class Operand, int ROWS>
constexpr OperandKernels operandKernels() {
  using Element = typename Operand::Element;
  using Rows = std::make_integer_sequence<int, ROWS>;
  constexpr int panel = panelColumns<Isa>;
  return {int(sizeof(Element)),
          Operand::step,
          Isa::stepsPerGroup,
          panelFormat<Isa, Operand, PlainColumns>(Rows(), false),
          Compact<Isa, Operand, ROWS>::format,
          packRows<panel, Element>,
          packPanel<panel, Operand::step, Isa::stepsPerGroup, Element>,
          roundToBlock<panel, Element>,
          peak<Isa, Operand>};
}

template <class Isa>
constexpr auto streamer() -> void (*)(LeavingRows) {
  if constexpr (Isa::streams)
    return streamRows<Isa>;
  else
    return nullptr;
}

template <class Isa, int FLOAT_ROWS, class Bfloat16Operand, int BFLOAT16_ROWS>
constexpr Kernels kernels(const char* name) {
  constexpr int panel = panelColumns<Isa>;
  return {name,
          panel,
          operandKernels<Isa, Float32<Isa>, FLOAT_ROWS>(),
          operandKernels<Isa, Bfloat16Operand, BFLOAT16_ROWS>(),
          addBias<panel>,
          activateRows<panel>,
          multiplyTile<panel>,
          storeRows<panel>,
          streamer<Isa>(),
          readAll<Isa>};
}

}  // namespace
