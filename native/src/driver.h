// The fused driver: strips of rows go through all stages of a layer while they are in cache.
#pragma once

#include "cpu.h"
#include "layer.h"

// How a layer's rows are cut into strips, and the scratch that one strip takes.
struct StripPlan {
  int64_t rows;
  int64_t scratchBytes;
};
StripPlan planStrips(const Layer& layer, const Kernels& kernels, int threads);

// Y = layer(X) on the whole team. `scratch` has the plan's bytes.
void forward(const Layer& layer, const Kernels& kernels, const Caches& caches, Team& team, char* scratch,
             const InputRows& x, const OutputRows& y, int64_t rows);
