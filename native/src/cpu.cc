#include "cpu.h"

#include <unistd.h>
#if defined(__APPLE__)
#include <sys/sysctl.h>
#endif

extern const Kernels plainKernels;
#if defined(__x86_64__)
extern const Kernels avx512Bf16Kernels, avx512Kernels, avx2Kernels;
#elif defined(__aarch64__)
extern const Kernels neonKernels;
#endif

std::vector<const Kernels*> supportedKernels() {
  std::vector<const Kernels*> found;
#if defined(__x86_64__)
  __builtin_cpu_init();  // also asks the system whether it saves the wide registers
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (avx512 && __builtin_cpu_supports("avx512bf16")) found.push_back(&avx512Bf16Kernels);
  if (avx512) found.push_back(&avx512Kernels);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) found.push_back(&avx2Kernels);
#elif defined(__aarch64__)
  found.push_back(&neonKernels);
#endif
  found.push_back(&plainKernels);
  return found;
}

namespace {

// Where the system does not say: the smallest in use on machines that have the wide instruction sets.
constexpr int64_t usualLevel1 = 32 << 10, usualLevel2 = 1 << 20;

#if defined(__APPLE__)
int64_t cacheSize(const char* name, int64_t otherwise) {
  int64_t bytes = 0;
  size_t length = sizeof bytes;
  return sysctlbyname(name, &bytes, &length, nullptr, 0) == 0 && bytes > 0 ? bytes : otherwise;
}
#elif defined(_SC_LEVEL1_DCACHE_SIZE)
int64_t cacheSize(int name, int64_t otherwise) {
  const long bytes = sysconf(name);
  return bytes > 0 ? bytes : otherwise;
}
#endif

}  // namespace

Caches cacheSizes() {
#if defined(__APPLE__)
  return {cacheSize("hw.l1dcachesize", usualLevel1), cacheSize("hw.l2cachesize", usualLevel2)};
#elif defined(_SC_LEVEL1_DCACHE_SIZE)
  return {cacheSize(_SC_LEVEL1_DCACHE_SIZE, usualLevel1), cacheSize(_SC_LEVEL2_CACHE_SIZE, usualLevel2)};
#else
  return {usualLevel1, usualLevel2};
#endif
}
