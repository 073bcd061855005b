#include "team.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif
#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#endif

void Waiting::pause() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

Team::Team(int threads) : threads_(threads) {
  members_.reserve(size_t(threads - 1));
  for (int i = 1; i < threads; i++) members_.emplace_back([this, i] { member(i); });
}

Team::~Team() {
  ending_.store(true);
  run_.fetch_add(1);
  forRun_.notify();
  for (std::thread& thread : members_) thread.join();
}

void Team::run(const std::function<void(int)>& work) {
  if (threads_ > 1) {
    leaveProcessorToCaller();
    work_ = &work;
    running_.store(threads_ - 1);
    run_.fetch_add(1);
    forRun_.notify();
  }
  work(0);
  if (threads_ > 1) forEnd_.until([this] { return running_.load() == 0; });
}

// Linux may wake a member on the very processor that its caller keeps busy, and leave another idle for milliseconds
// (measured on a virtual machine: calls on two threads then take twice their time). So members stay off that processor,
// as long as there are others for all of them.
void Team::leaveProcessorToCaller() {
#if defined(__linux__)
  const int processor = sched_getcpu();
  if (processor < 0 || processor == callerProcessor_) return;
  callerProcessor_ = processor;
  cpu_set_t others;
  // Of the caller, whom nothing here restricts: what the process may use.
  if (sched_getaffinity(0, sizeof others, &others) != 0 || CPU_COUNT(&others) < threads_) return;
  CPU_CLR(processor, &others);
  for (std::thread& thread : members_) pthread_setaffinity_np(thread.native_handle(), sizeof others, &others);
#endif
}

void Team::barrier() {
  if (threads_ == 1) return;
  const uint64_t current = barriers_.load();
  if (arrived_.fetch_add(1) + 1 == threads_) {
    arrived_.store(0);
    barriers_.store(current + 1);
    forBarrier_.notify();
  } else {
    forBarrier_.until([this, current] { return barriers_.load() != current; });
  }
}

void Team::member(int index) {
  for (uint64_t seen = 0;;) {
    forRun_.until([this, seen] { return run_.load() != seen; });
    seen = run_.load();
    if (ending_.load()) return;
    (*work_)(index);
    if (running_.fetch_sub(1) == 1) forEnd_.notify();
  }
}
