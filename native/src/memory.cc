#include "memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <new>

namespace {

constexpr size_t hugePage = size_t(2) << 20;

std::atomic<int64_t> allocations{0}, livingBytes{0};

size_t pageBytes() { return size_t(sysconf(_SC_PAGESIZE)); }
size_t roundUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

void* map(size_t bytes) {
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) throw std::bad_alloc();
  return data;
}

}  // namespace

MemoryUse memoryUse() { return {allocations.load(), livingBytes.load()}; }

Buffer::Buffer(size_t bytes) {
  if (bytes == 0) return;
  // A last huge page is taken whole only where at least half of it is used.
  const size_t huge = (bytes + hugePage / 2) / hugePage * hugePage;
  bytes_ = bytes > huge ? huge + roundUp(bytes - huge, pageBytes()) : huge;
  if (huge == 0) {
    data_ = map(bytes_);
  } else {
    // Huge pages must be aligned: map more and give back the ends.
    char* start = static_cast<char*>(map(bytes_ + hugePage));
    const size_t before = size_t(-reinterpret_cast<uintptr_t>(start)) % hugePage;
    if (before > 0) munmap(start, before);
    munmap(start + before + bytes_, hugePage - before);
    data_ = start + before;
#ifdef MADV_HUGEPAGE
    madvise(data_, huge, MADV_HUGEPAGE);
#endif
  }
  allocations.fetch_add(1);
  livingBytes.fetch_add(int64_t(bytes_));
}

Buffer::~Buffer() {
  if (data_ == nullptr) return;
  munmap(data_, bytes_);
  livingBytes.fetch_sub(int64_t(bytes_));
}

void Buffer::shrink(size_t bytes) {
  const size_t kept = roundUp(bytes, pageBytes());
  if (kept == 0 || kept >= bytes_) return;
  munmap(data() + kept, bytes_ - kept);
  livingBytes.fetch_sub(int64_t(bytes_ - kept));
  bytes_ = kept;
}
