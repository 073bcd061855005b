// Memory for packed weights and scratch: on huge pages where the system gives them, since a first touch of an ordinary
// page costs microseconds on virtual machines and streaming through 4 KiB pages stops the prefetcher at every edge.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

// All buffers of the process: how many were ever made, and what the living ones hold.
struct MemoryUse {
  int64_t allocations, bytes;
};
MemoryUse memoryUse();

class Buffer {
 public:
  Buffer() = default;
  // Throws std::bad_alloc. Contents are zero.
  explicit Buffer(size_t bytes);
  Buffer(Buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Buffer();

  // Gives back whole pages from `bytes` on; addresses stay.
  void shrink(size_t bytes);

  char* data() const { return static_cast<char*>(data_); }
  size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
};
