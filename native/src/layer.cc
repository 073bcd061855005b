#include "layer.h"

#include <algorithm>
#include <atomic>

int64_t Layer::bytes() const { return int64_t(storage.bytes() + bias.size() * sizeof(float)); }

namespace {

PackedMatrix shapeOf(const StridedMatrix& w, const OperandKernels& operand, int panel) {
  PackedMatrix packed;
  packed.k = w.rows;
  packed.n = w.columns;
  packed.panels = (w.columns + panel - 1) / panel;
  const int64_t steps = (w.rows + operand.step - 1) / operand.step;
  packed.panelBytes = steps * operand.step * panel * operand.elementBytes;
  return packed;
}

// One piece of memory for all: what rounding to pages wastes is wasted once, and the next stage's weights come after
// this one's.
void allocate(Layer& layer) {
  constexpr int64_t line = 64;
  int64_t bytes = 0;
  std::vector<int64_t> offsets;
  for (const PackedMatrix& matrix : layer.matrices) {
    offsets.push_back(bytes);
    bytes += (matrix.panels * matrix.panelBytes + line - 1) / line * line;
  }
  layer.storage = Buffer(size_t(bytes));
  for (size_t i = 0; i < offsets.size(); i++) layer.matrices[i].data = layer.storage.data() + offsets[i];
}

void planStages(Layer& layer, LayerKind kind) {
  const auto width = [&](int matrix) { return StripBuffer{layer.matrices[size_t(matrix)].n}; };
  switch (kind) {
    case LayerKind::linear:
      layer.stages = {{{{0, 0, toOutput}}}};
      break;
    case LayerKind::lowRank:
      layer.buffers.push_back(width(0));
      layer.stages = {{{{0, 0, 1}}}, {{{1, 1, toOutput}}}};
      break;
    case LayerKind::lowRankMlp:
      // Matrices: gate u 0, v 1, up u 2, v 3, down u 4, v 5. Buffers: X·Ug 1, X·Uu 2, hidden 3, hidden·Ud 4.
      for (const int matrix : {0, 2, 1, 4}) layer.buffers.push_back(width(matrix));
      layer.stages = {{{{0, 0, 1}, {2, 0, 2}}}, {{{3, 2, 3, 1, 1}}}, {{{4, 3, 4}}}, {{{5, 4, toOutput}}}};
      break;
  }
}

}  // namespace

Layer packLayer(const LayerSource& source, const Kernels& kernels, Team& team) {
  Layer layer;
  layer.operand = source.bfloat16 ? &kernels.bfloat16 : &kernels.float32;
  layer.activation = source.activation;
  layer.gated = source.kind == LayerKind::lowRankMlp;
  for (const StridedMatrix& w : source.weights) layer.matrices.push_back(shapeOf(w, *layer.operand, kernels.panel));
  allocate(layer);
  layer.inFeatures = source.weights.front().rows;
  layer.outFeatures = source.weights.back().columns;
  layer.buffers.push_back({layer.inFeatures});
  planStages(layer, source.kind);
  if (!source.bias.empty()) {
    layer.bias = source.bias;
    layer.bias.resize(size_t(layer.matrices.back().panels) * size_t(kernels.panel));
  }

  // Neighbouring panels share the lines of a row-major matrix, and a page of it: they are packed by one thread.
  constexpr int64_t run = 8;
  std::atomic<int64_t> next{0};
  const auto pack = [&](int) {
    int64_t first = 0;
    int64_t claimed = next.fetch_add(1);
    for (size_t m = 0; m < source.weights.size(); m++) {
      PackedMatrix& packed = layer.matrices[m];
      const int64_t runs = (packed.panels + run - 1) / run;
      for (; claimed < first + runs; claimed = next.fetch_add(1)) {
        const int64_t from = (claimed - first) * run;
        for (int64_t p = from; p < std::min(from + run, packed.panels); p++)
          layer.operand->packPanel(source.weights[m], p * kernels.panel, packed.panel(p));
      }
      first += runs;
    }
  };
  team.run(pack);
  return layer;
}
