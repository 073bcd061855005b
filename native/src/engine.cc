#include "engine.h"

#include <algorithm>
#include <chrono>

HostEngine::HostEngine(const Kernels& kernels, int threads, bool alwaysTeam)
    : kernels_(kernels), caches_(cacheSizes()), team_(threads), hands_(alwaysTeam) {}

HostEngine::~HostEngine() {
  ending_.store(true);
  forWork_.notify();
  if (queueThread_.joinable()) queueThread_.join();
}

std::shared_ptr<const Layer> HostEngine::pack(const LayerSource& source) {
  std::lock_guard<std::mutex> lock(running_);
  auto layer = std::make_shared<Layer>(packLayer(source, kernels_, team_));
  // Scratch grows here, so that no call ever allocates any.
  const int64_t needed = scratchBytes(*layer, kernels_, team_.threads());
  if (int64_t(scratch_.bytes()) < needed) {
    scratch_ = Buffer();
    scratch_ = Buffer(size_t(needed));
  }
  return layer;
}

void HostEngine::run(const Call& call) {
  waitingRuns_.fetch_add(1);
  std::lock_guard<std::mutex> lock(running_);
  waitingRuns_.fetch_sub(1);
  forwardNow(call);
}

void HostEngine::forwardNow(const Call& call) {
  const Hands hands = hands_.choose(nanosecondsAlone(*call.layer, kernels_, call.rows), team_.isAwake());
  forward(*call.layer, kernels_, caches_, team_, hands, scratch_.data(), call.x, call.y, call.rows);
}

void HostEngine::enqueue(const Call& call, std::function<void(bool)> done) {
  {
    std::lock_guard<std::mutex> lock(queueMutex_);
    if (!queueThread_.joinable()) queueThread_ = std::thread([this] { serveQueue(); });
    queue_.push_back({call, std::move(done)});
    queued_.store(int(queue_.size()));
  }
  forWork_.notify();
}

void HostEngine::cancel() {
  std::deque<Queued> cancelled;
  {
    std::lock_guard<std::mutex> lock(queueMutex_);
    cancelled.swap(queue_);
    queued_.store(0);
  }
  for (Queued& item : cancelled) item.done(false);
}

void HostEngine::serveQueue() {
  for (;;) {
    forWork_.until([this] { return queued_.load() > 0 || ending_.load(); });
    Queued item;
    {
      std::lock_guard<std::mutex> lock(queueMutex_);
      if (queue_.empty()) {
        if (ending_.load()) return;
        continue;
      }
      item = std::move(queue_.front());
      queue_.pop_front();
      queued_.store(int(queue_.size()));
    }
    while (waitingRuns_.load() > 0) std::this_thread::yield();
    {
      std::lock_guard<std::mutex> lock(running_);
      forwardNow(item.call);
    }
    item.call.layer.reset();
    item.done(true);
  }
}

namespace {

double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

double HostEngine::measurePeak(bool bfloat16) {
  const OperandKernels& operand = bfloat16 ? kernels_.bfloat16 : kernels_.float32;
  constexpr int64_t iterations = 200000;
  std::lock_guard<std::mutex> lock(running_);
  std::vector<double> flops(size_t(team_.threads()));
  // 0x3f00 3f00 is a pair of bfloat16 halves, and about one half as a float32.
  const std::vector<uint32_t> halves(32, 0x3f003f00u);
  const auto start = std::chrono::steady_clock::now();
  team_.run([&](int member) {
    float sums[32];
    flops[size_t(member)] = operand.peak(iterations, halves.data(), sums);
  });
  const double seconds = secondsSince(start);
  double total = 0;
  for (const double member : flops) total += member;
  return total / seconds;
}

double HostEngine::measureReadBandwidth(int64_t bytes) {
  const int64_t share = std::max<int64_t>(bytes / team_.threads() / 65536, 1) * 65536;
  Buffer data(size_t(share * team_.threads()));
  std::lock_guard<std::mutex> lock(running_);
  std::vector<float> sums(size_t(team_.threads()));
  const auto pass = [&](int member) { sums[size_t(member)] = kernels_.read(data.data() + member * share, share); };
  // Written, so that every page is its own and not the shared page of zeros.
  team_.run([&](int member) { std::fill_n(data.data() + member * share, share, char(1)); });
  // The first pass also writes back what the caches still hold of the above; the median of the others counts.
  team_.run(pass);
  std::vector<double> seconds;
  for (int i = 0; i < 7; i++) {
    const auto start = std::chrono::steady_clock::now();
    team_.run(pass);
    seconds.push_back(secondsSince(start));
  }
  std::sort(seconds.begin(), seconds.end());
  return double(share * team_.threads()) / seconds[seconds.size() / 2];
}
