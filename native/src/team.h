// A team of threads that shares one piece of work: the caller is its first member, the others persist between calls,
// spin briefly for the next one (a decoder calls every few microseconds) and then sleep.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

// Waits for a condition that another thread brings about: spins first, then sleeps until woken.
class Waiting {
 public:
  // `yields`: how often, after the spinning, it offers its processor to others before it sleeps, about 1 µs each.
  explicit Waiting(int yields = 0) : yields_(yields) {}

  template <class Condition>
  void until(Condition condition) {
    for (int spin = 0; spin < spins; spin++) {
      if (condition()) return;
      pause();
    }
    for (int i = 0; i < yields_; i++) {
      if (condition()) return;
      std::this_thread::yield();
    }
    std::unique_lock<std::mutex> lock(mutex_);
    sleepers_.fetch_add(1);
    wake_.wait(lock, condition);
    sleepers_.fetch_sub(1);
  }

  // To be called after the condition was made true by a sequentially consistent store.
  void notify() {
    if (sleepers_.load() == 0) return;
    std::lock_guard<std::mutex> lock(mutex_);
    wake_.notify_all();
  }

  bool hasSleepers() const { return sleepers_.load() > 0; }

 private:
  // About 100 µs: longer than the gap between two layers, shorter than anyone notices.
  static constexpr int spins = 4000;
  static void pause();

  const int yields_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<int> sleepers_{0};
};

class Team {
 public:
  explicit Team(int threads);
  ~Team();
  Team(const Team&) = delete;

  int threads() const { return threads_; }
  // Every member is still spinning from the run before.
  bool isAwake() const { return !forRun_.hasSleepers(); }

  // Runs work(member) on every member at once, member 0 on the calling thread; one run at a time.
  void run(const std::function<void(int)>& work);

  // Within a run: returns once every member has called it.
  void barrier();

 private:
  void member(int index);
  void leaveProcessorToCaller();

  const int threads_;
  int callerProcessor_ = -1;
  const std::function<void(int)>* work_ = nullptr;
  std::atomic<bool> ending_{false};
  alignas(64) std::atomic<uint64_t> run_{0};
  alignas(64) std::atomic<int> running_{0};
  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) std::atomic<uint64_t> barriers_{0};
  // Within a run members wait longer than a wake-up takes: else the first barrier after one sends the caller to sleep, its
  // waking sends the other to sleep at the next, and so on.
  static constexpr int patience = 2000;
  Waiting forRun_, forEnd_{patience}, forBarrier_{patience};
  std::vector<std::thread> members_;
};
