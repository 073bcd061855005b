// What this machine offers: instruction sets that this build has kernels for, and the sizes of its caches.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels.h"

// Best first; never empty.
std::vector<const Kernels*> supportedKernels();

struct Caches {
  int64_t level1Bytes, level2Bytes;  // data caches of one core
};
Caches cacheSizes();
