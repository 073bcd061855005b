#include "memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

namespace {

constexpr size_t hugePage = size_t(2) << 20;

size_t roundUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

void* map(size_t bytes) {
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) throw std::bad_alloc();
  return data;
}

}  // namespace

Buffer::Buffer(size_t bytes) {
  if (bytes == 0) return;
  if (bytes < hugePage) {
    bytes_ = roundUp(bytes, 4096);
    data_ = map(bytes_);
    return;
  }
  // Huge pages must be aligned: map more and give back the ends.
  bytes_ = roundUp(bytes, hugePage);
  char* start = static_cast<char*>(map(bytes_ + hugePage));
  const size_t before = size_t(-reinterpret_cast<uintptr_t>(start)) % hugePage;
  if (before > 0) munmap(start, before);
  if (hugePage - before > 0) munmap(start + before + bytes_, hugePage - before);
  data_ = start + before;
#ifdef MADV_HUGEPAGE
  madvise(data_, bytes_, MADV_HUGEPAGE);
#endif
}

Buffer::~Buffer() {
  if (data_ != nullptr) munmap(data_, bytes_);
}
