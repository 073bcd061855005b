// Numbered items of work, shared by members who walk the items in the order in which their weights lie in memory.
//
// Each member starts with a run of its own and takes from its front, so that memory is read in long streams, which is
// what the prefetchers of the hardware follow (measured: a quarter more bandwidth than with items taken in turn).
// Whoever is done takes from the back of the others' runs: a member that is held up leaves its share to them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

class Shares {
 public:
  explicit Shares(int members) : members_(members), runs_(new Run[size_t(members)]) {}

  int members() const { return members_; }
  // Where the member's own run of so many items begins.
  int64_t first(int64_t items, int member) const { return items * member / members_; }

  // The next of `items` for `member`, or -1 when all are taken. All members go through the same phases, counted from 1,
  // and enter one only after all have seen the end of the one before. Items: fewer than 2^30.
  int64_t claim(int64_t phase, int64_t items, int member) {
    for (int i = 0; i < members_; i++) {
      const int owner = member + i < members_ ? member + i : member + i - members_;
      const int64_t item = take(owner, phase, items, i == 0);
      if (item >= 0) return item;
    }
    return -1;
  }

 private:
  // Phase (modulo 16), first and end of what is left, in 4, 30 and 30 bits: one word, so that no claim is ever lost.
  // Its owner looks at it in every phase; one that still speaks of another phase is full, and nobody has to reset it.
  struct alignas(64) Run {
    std::atomic<uint64_t> state{0};
  };
  static constexpr uint64_t mask = (uint64_t(1) << 30) - 1;

  int64_t take(int owner, int64_t phase, int64_t items, bool front) {
    std::atomic<uint64_t>& state = runs_[size_t(owner)].state;
    const uint64_t tag = uint64_t(phase) & 15;
    uint64_t seen = state.load(std::memory_order_relaxed);
    for (;;) {
      const bool begun = seen >> 60 == tag;
      uint64_t from = begun ? seen >> 30 & mask : uint64_t(first(items, owner));
      uint64_t to = begun ? seen & mask : uint64_t(first(items, owner + 1));
      if (begun && from == to) return -1;
      const int64_t item = from == to ? -1 : int64_t(front ? from++ : --to);
      if (state.compare_exchange_weak(seen, tag << 60 | from << 30 | to, std::memory_order_relaxed)) return item;
    }
  }

  const int members_;
  std::unique_ptr<Run[]> runs_;
};
