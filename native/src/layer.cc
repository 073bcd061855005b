#include "layer.h"

#include <algorithm>
#include <atomic>

int64_t Layer::bytes() const { return int64_t(storage.bytes() + bias.size() * sizeof(float)); }

int64_t Layer::macs() const {
  int64_t macs = 0;
  for (const PackedMatrix& matrix : matrices) macs += matrix.k * matrix.n;
  return macs;
}

namespace {

// All but its format.
PackedMatrix shapeOf(const StridedMatrix& w, const OperandKernels& operand, int panel) {
  PackedMatrix packed;
  packed.k = w.rows;
  packed.n = w.columns;
  packed.panels = (w.columns + panel - 1) / panel;
  const int64_t groupDepth = operand.step * operand.group;
  packed.groups = (w.rows + groupDepth - 1) / groupDepth;
  return packed;
}

// One piece of memory for all: what rounding to pages wastes is wasted once, and the next stage's weights come after
// this one's. Gives where `spare` more bytes begin.
int64_t allocate(Layer& layer, int64_t spare) {
  int64_t bytes = 0;
  std::vector<int64_t> offsets;
  for (const PackedMatrix& matrix : layer.matrices) {
    offsets.push_back(bytes);
    bytes += matrix.panels * matrix.panelBytes();
  }
  layer.storage = Buffer(size_t(bytes + spare));
  for (size_t i = 0; i < offsets.size(); i++) layer.matrices[i].data = layer.storage.data() + offsets[i];
  return bytes;
}

// work(matrix, panel, member) for every panel of the layer, on the whole team.
template <class Work>
void forEachPanel(const Layer& layer, Team& team, Work work) {
  // Neighbouring panels share the lines of a row-major matrix, and a page of it: they are packed by one thread.
  constexpr int64_t run = 8;
  std::atomic<int64_t> next{0};
  team.run([&](int member) {
    int64_t first = 0;
    int64_t claimed = next.fetch_add(1);
    for (size_t m = 0; m < layer.matrices.size(); m++) {
      const int64_t panels = layer.matrices[m].panels;
      const int64_t runs = (panels + run - 1) / run;
      for (; claimed < first + runs; claimed = next.fetch_add(1)) {
        const int64_t from = (claimed - first) * run;
        for (int64_t p = from; p < std::min(from + run, panels); p++) work(m, p, member);
      }
      first += runs;
    }
  });
}

// False: so many groups cannot be coded that it is not worth it.
bool packCompact(Layer& layer, const LayerSource& source, const Kernels& kernels, Team& team) {
  const CompactFormat& compact = *layer.operand->compact;
  const int64_t plainBytes = layer.operand->plain.groupBytes;
  int64_t groups = 0, longest = 0;
  for (PackedMatrix& matrix : layer.matrices) {
    groups += matrix.panels * matrix.groups;
    longest = std::max(longest, matrix.groups);
    matrix.format = &compact;
  }
  // With an eighth of them kept plain, a layer takes seven eighths of what it would take plain.
  const int64_t mostKept = groups / 8;
  const int64_t rest = allocate(layer, mostKept * plainBytes);
  const Buffer workspace(size_t(longest * plainBytes * team.threads()));
  std::atomic<int64_t> kept{0};
  forEachPanel(layer, team, [&](size_t m, int64_t p, int member) {
    if (kept.load() > mostKept) return;
    const PackedMatrix& matrix = layer.matrices[m];
    char* plain = workspace.data() + longest * plainBytes * member;
    layer.operand->packPanel(source.weights[m], p * kernels.panel, plain);
    const int64_t count = compact.encodeGroups(plain, matrix.groups, matrix.headers(p), matrix.group(p, 0));
    const int64_t before = kept.fetch_add(count);
    if (before + count <= mostKept)
      compact.keepPlainGroups(plain, matrix.groups, matrix.headers(p), matrix.group(p, 0),
                              layer.storage.data() + rest + before * plainBytes);
  });
  if (kept.load() > mostKept) return false;
  layer.storage.shrink(size_t(rest + kept.load() * plainBytes));
  return true;
}

void packPlain(Layer& layer, const LayerSource& source, const Kernels& kernels, Team& team) {
  for (PackedMatrix& matrix : layer.matrices) matrix.format = &layer.operand->plain;
  allocate(layer, 0);
  forEachPanel(layer, team, [&](size_t m, int64_t panel, int) {
    layer.operand->packPanel(source.weights[m], panel * kernels.panel, layer.matrices[m].panel(panel));
  });
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
  layer.inFeatures = source.weights.front().rows;
  layer.outFeatures = source.weights.back().columns;
  layer.buffers.push_back({layer.inFeatures});
  planStages(layer, source.kind);
  if (!source.bias.empty()) {
    layer.bias = source.bias;
    layer.bias.resize(size_t(layer.matrices.back().panels) * size_t(kernels.panel));
  }

  const bool compact = source.compact && layer.operand->compact != nullptr;
  if (!compact || !packCompact(layer, source, kernels, team)) packPlain(layer, source, kernels, team);
  return layer;
}
