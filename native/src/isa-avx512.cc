// AVX-512 (F, BW, DQ, VL), bfloat16 by splitting: four vectors of columns and two of scales leave 13 rows.
#include "isa-avx512-vector.h"

extern const Kernels avx512Kernels;
const Kernels avx512Kernels = kernels<Avx512, 14, SplitBfloat16<Avx512>, 12>("avx512");
