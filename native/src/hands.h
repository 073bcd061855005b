// Who runs a call: the whole team, or the calling thread alone, because the call is short and the others sleep.
//
// Costs, measured with two threads: handing a call to a team that spins takes 1 µs with its barriers, which a call of 3 µs
// wins back; waking a team that sleeps takes 75 µs and leaves caches cold. Waking pays only over several calls, and nobody
// knows how many will come: so short calls that follow one another run alone until they have taken as long as a wake-up
// would, then the team is woken. Whatever comes, that is at most twice the best that could have been done (the rule of
// the ski rental).
#pragma once

#include <algorithm>
#include <chrono>

#include "driver.h"

// The time that a call takes one thread, roughly: weights at the rate of a cache, multiply-adds at two vectors a cycle.
inline double nanosecondsAlone(const Layer& layer, const Kernels& kernels, int64_t rows) {
  constexpr double bytesPerNanosecond = 50, flopsPerNanosecondAndColumn = 3.5;
  const double macs = double(rows) * double(layer.macs());
  return std::max(double(layer.bytes()) / bytesPerNanosecond, 2 * macs / (flopsPerNanosecondAndColumn * kernels.panel));
}

class HandsPolicy {
 public:
  // `always`: the team runs the shortest call too, which is what a test of it wants.
  explicit HandsPolicy(bool always) : always_(always) {}

  // To be asked before each call, one at a time.
  Hands choose(double nanosecondsAlone, bool teamIsAwake) {
    if (always_) return Hands::team;
    const auto now = Clock::now();
    // After a pause the team would have fallen asleep again: waking it for the calls before would not have paid.
    if (now - last_ > pause) alone_ = 0;
    last_ = now + std::chrono::nanoseconds(int64_t(nanosecondsAlone));
    if (nanosecondsAlone < handOver) return Hands::caller;
    if (!teamIsAwake && (alone_ += nanosecondsAlone) < wakeUp) return Hands::caller;
    alone_ = 0;
    return Hands::team;
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr double handOver = 3e3, wakeUp = 100e3;  // nanoseconds
  static constexpr std::chrono::microseconds pause{100};   // as long as members spin

  const bool always_;
  double alone_ = 0;  // nanoseconds of calls that ran alone since the team slept
  Clock::time_point last_{};
};
