// A layer as stages: products of a strip of rows that follow one another, each writing what the next one reads.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels.h"
#include "memory.h"
#include "team.h"

// Weights [k, n] as panels of groups, in the layout of micro-kernel.h or that of compact.h, headers first.
struct PackedMatrix {
  const PanelFormat* format = nullptr;
  int64_t k = 0, n = 0;
  int64_t panels = 0, groups = 0;
  char* data = nullptr;  // within the layer's storage

  int64_t headerBytes() const { return format->hasHeaders ? wholeLines(groups) : 0; }
  int64_t panelBytes() const { return headerBytes() + wholeLines(groups * format->groupBytes); }
  char* panel(int64_t index) const { return data + index * panelBytes(); }
  // Without headers: where the groups begin.
  uint8_t* headers(int64_t index) const { return reinterpret_cast<uint8_t*>(panel(index)); }
  char* group(int64_t index, int64_t group) const { return panel(index) + headerBytes() + group * format->groupBytes; }

 private:
  static int64_t wholeLines(int64_t bytes) { return (bytes + 63) / 64 * 64; }
};

// A buffer of the strip, in A tiles: `width` features, padded to whole k-blocks. Buffer 0 holds the rows of X.
struct StripBuffer {
  int64_t width;
};
constexpr int toOutput = -1;

// destination = source · matrix; with a gate: activation(gateSource · gate) ⊙ (source · matrix).
struct Product {
  int matrix;  // indices into Layer::matrices
  int source, destination;
  int gate = -1, gateSource = -1;
};

// Products of one stage are independent of each other; stages are apart by a barrier.
struct Stage {
  std::vector<Product> products;
};

struct Layer {
  const OperandKernels* operand = nullptr;
  Buffer storage;  // of all matrices
  std::vector<PackedMatrix> matrices;  // all in one format
  std::vector<StripBuffer> buffers;
  std::vector<Stage> stages;
  Activation activation = Activation::none;  // of the gate in an MLP, of Y otherwise
  bool gated = false;
  std::vector<float> bias;  // padded to whole panels; empty: none
  int64_t inFeatures = 0, outFeatures = 0;

  int64_t bytes() const;
  int64_t macs() const;  // multiply-adds a row
  int tileRows() const { return matrices.front().format->tileRows; }
};

enum class LayerKind { linear, lowRank, lowRankMlp };

struct LayerSource {
  LayerKind kind;
  bool bfloat16;
  bool compact;  // if it can be: kernels for it, and weights that take less memory so
  // linear: w. lowRank: u, v. lowRankMlp: gate u, v, up u, v, down u, v.
  std::vector<StridedMatrix> weights;
  std::vector<float> bias;
  Activation activation;
};

// Packs on the whole team. Throws std::bad_alloc.
Layer packLayer(const LayerSource& source, const Kernels& kernels, Team& team);
