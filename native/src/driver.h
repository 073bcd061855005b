// The fused driver: strips of rows go through all stages of a layer while they are in cache.
#pragma once

#include "cpu.h"
#include "layer.h"

// How rows are cut into strips, and how many members of the team share one: all or one.
struct StripPlan {
  int members;
  int64_t strips;
};
StripPlan planStrips(const Layer& layer, const Kernels& kernels, int threads, int64_t rows);

// What forward() needs at most, whatever the rows: under 64 MiB but where single rows are longer than that.
int64_t scratchBytes(const Layer& layer, const Kernels& kernels, int threads);

// Y = layer(X), on the whole team or on the calling thread alone. `scratch` has scratchBytes().
enum class Hands { team, caller };
void forward(const Layer& layer, const Kernels& kernels, const Caches& caches, Team& team, Hands hands, char* scratch,
             const InputRows& x, const OutputRows& y, int64_t rows);
