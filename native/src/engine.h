// An engine: the chosen kernels, a team of threads, the scratch they share, and a queue of calls that run without the
// JavaScript thread. One call runs at a time, on the whole team.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "hands.h"

struct Call {
  std::shared_ptr<const Layer> layer;
  InputRows x;
  OutputRows y;
  int64_t rows;
};

class HostEngine {
 public:
  // `alwaysTeam`: even calls that one thread would finish sooner run on all (hands.h).
  HostEngine(const Kernels& kernels, int threads, bool alwaysTeam);
  // Finishes the calls in the queue first.
  ~HostEngine();

  const Kernels& kernels() const { return kernels_; }
  const Caches& caches() const { return caches_; }
  int threads() const { return team_.threads(); }

  // Throws std::bad_alloc.
  std::shared_ptr<const Layer> pack(const LayerSource& source);

  // On the calling thread and the team.
  void run(const Call& call);
  // In the background, in order; `done(ran)` is called from the queue's thread.
  void enqueue(const Call& call, std::function<void(bool ran)> done);
  // Calls that have not begun are done without having run.
  void cancel();

  // Probes for benchmarks, over the whole team: FLOP/s of multiply-adds in registers, bytes/s of reads from `bytes`.
  double measurePeak(bool bfloat16);
  double measureReadBandwidth(int64_t bytes);

 private:
  struct Queued {
    Call call;
    std::function<void(bool)> done;
  };

  void serveQueue();
  // With `running_` held.
  void forwardNow(const Call& call);

  const Kernels& kernels_;
  const Caches caches_;
  Team team_;
  Buffer scratch_;
  std::mutex running_;               // held for the length of a run
  HandsPolicy hands_;
  std::atomic<int> waitingRuns_{0};  // callers of run(), whom the queue lets go first

  std::mutex queueMutex_;
  std::deque<Queued> queue_;
  std::atomic<int> queued_{0};
  std::atomic<bool> ending_{false};
  Waiting forWork_;
  std::thread queueThread_;  // started by the first enqueue
};
