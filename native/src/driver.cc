#include "driver.h"

#include <algorithm>
#include <atomic>

#include "outbox.h"
#include "shares.h"

namespace {

int64_t ceilDivide(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t roundUp(int64_t a, int64_t unit) { return ceilDivide(a, unit) * unit; }
// Where part `index` begins when `total` is cut into parts as equal as whole numbers allow.
int64_t balanced(int64_t total, int64_t parts, int64_t index) { return total * index / parts; }

constexpr int64_t page = 4096;
constexpr int64_t maxScratchBytes = int64_t(60) << 20;
// Strips of 90 to 260 rows are measured to be equally fast; shorter ones read each weight from memory too often.
constexpr int64_t usualTiles = 12;
// Rows per thread from which each works on strips of its own (measured: 2 to 4 % faster than sharing them, at 64 and 80).
// Every thread then reads all of the weights: 3 GB/s where it does 100 GFLOP/s on 64 rows of float32.
constexpr int64_t rowsOfOwn = 64;
// Weights of the next stage that a member fetches before it waits for the others.
constexpr int64_t startBytes = 8192;

// The rows of a strip as tiles of nearly equal height, which keeps the last one from being a sliver.
struct Strip {
  Strip(int64_t row0, int64_t rows, int tileRows) : row0(row0), rows(rows), tiles(ceilDivide(rows, tileRows)) {}
  int64_t tileStart(int64_t tile) const { return balanced(rows, tiles, tile); }
  int tileHeight(int64_t tile) const { return int(tileStart(tile + 1) - tileStart(tile)); }
  int64_t row0, rows, tiles;
};

// One panel of one product, over some tiles of the strip.
struct Item {
  const Product* product = nullptr;
  int64_t panel = 0, tile0 = 0, tile1 = 0;
};

// Scratch of one strip: its buffers, then the C tiles of each member, twice (a gated product has two sums), and its rows
// of Y that wait to be written.
struct ScratchLayout {
  ScratchLayout(const Layer& layer, const Kernels& kernels, int members, int64_t rows) {
    for (const StripBuffer& buffer : layer.buffers) {
      offsets.push_back(bytes);
      bytes += roundUp(roundUp(buffer.width, kernels.panel) * rows * layer.operand->elementBytes, page);
    }
    sums = bytes;
    sumsBytes = roundUp(rows * kernels.panel * int64_t(sizeof(float)), page);
    bytes += 2 * sumsBytes * members;
    outboxes = bytes;
    outboxBytes = roundUp(Outbox::bytes(kernels, rows), page);
    bytes += outboxBytes * members;
  }
  std::vector<int64_t> offsets;
  int64_t sums = 0, sumsBytes = 0, outboxes = 0, outboxBytes = 0, bytes = 0;
};

// Members that work on one strip together.
struct Group {
  Shares shares;
  char* scratch;
  std::vector<Outbox> outboxes;  // of each member; none: rows of Y are stored at once
};

struct StripLimit {
  int64_t rows, scratchBytes;
};

// The longest strips that `members` share and whose scratch, over all threads, stays within the limit.
StripLimit longestStrip(const Layer& layer, const Kernels& kernels, int threads, int members) {
  const int64_t groups = threads / members;
  StripLimit limit{usualTiles * layer.tileRows(), 0};
  for (;; limit.rows = ceilDivide(limit.rows, 2)) {
    limit.scratchBytes = groups * ScratchLayout(layer, kernels, members, limit.rows).bytes;
    if (limit.rows == 1 || limit.scratchBytes <= maxScratchBytes) return limit;
  }
}

class Pass {
 public:
  Pass(const Layer& layer, const Kernels& kernels, const Caches& caches, Team& team, char* scratch, const InputRows& x,
       const OutputRows& y, int64_t rows, int threads)
      : layer_(layer),
        kernels_(kernels),
        operand_(*layer.operand),
        team_(team),
        x_(x),
        y_(y),
        rows_(rows),
        // A quarter of the cache for the weights being read, a quarter for those being fetched, the rest for the rows.
        chunkBytes_(caches.level2Bytes / 4),
        plan_(planStrips(layer, kernels, threads, rows)),
        layout_(layer, kernels, plan_.members, ceilDivide(rows, plan_.strips)) {
    // Outputs that the second-level caches would not hold until they are read.
    const bool large = rows * y.columns * y.elementBytes() > 2 * caches.level2Bytes;
    for (int i = 0; i < threads / plan_.members; i++) {
      groups_.push_back({Shares(plan_.members), scratch + i * layout_.bytes, {}});
      Group& group = groups_.back();
      if (!large || !Outbox::serves(kernels, y)) continue;
      for (int m = 0; m < plan_.members; m++)
        group.outboxes.emplace_back(kernels, y, usualTiles, group.scratch + layout_.outboxes + m * layout_.outboxBytes);
    }
  }

  void member(int index) {
    int64_t phase = 0;
    if (plan_.members > 1) {
      for (int64_t i = 0; i < plan_.strips; i++) runStrip(groups_[0], i, phase, index);
    } else {
      for (int64_t i = strip_.fetch_add(1); i < plan_.strips; i = strip_.fetch_add(1))
        runStrip(groups_[size_t(index)], i, phase, 0);
    }
  }

 private:
  void runStrip(Group& group, int64_t index, int64_t& phase, int member) {
    const int64_t row0 = balanced(rows_, plan_.strips, index);
    const Strip strip(row0, balanced(rows_, plan_.strips, index + 1) - row0, layer_.tileRows());
    // Nobody may still read the strip before.
    if (index > 0) waitFor(group);
    fetchStart(group, 0, strip, member);
    packStrip(group, strip, ++phase, member);
    for (size_t stage = 0; stage < layer_.stages.size(); stage++) {
      waitFor(group);
      runStage(group, stage, strip, ++phase, member);
    }
  }

  void waitFor(Group& group) {
    if (group.shares.members() > 1) team_.barrier();
  }

  // Few tiles are cut along k, so that every member packs some.
  void packStrip(Group& group, const Strip& strip, int64_t phase, int member) {
    const int64_t blocks = ceilDivide(layer_.inFeatures, kernels_.panel);
    const int64_t parts = strip.tiles < group.shares.members() ? std::min<int64_t>(group.shares.members(), blocks) : 1;
    const int64_t items = strip.tiles * parts;
    for (int64_t item; (item = group.shares.claim(phase, items, member)) >= 0;) {
      const int64_t tile = item / parts, part = item % parts;
      const int64_t from = balanced(blocks, parts, part) * kernels_.panel;
      const int64_t to = std::min(balanced(blocks, parts, part + 1) * kernels_.panel, layer_.inFeatures);
      operand_.packRows(x_, strip.row0 + strip.tileStart(tile), strip.tileHeight(tile), from, to,
                        tileAt(group, 0, strip, tile));
    }
  }

  char* tileAt(const Group& group, int buffer, const Strip& strip, int64_t tile) const {
    const int64_t width = roundUp(layer_.buffers[size_t(buffer)].width, kernels_.panel);
    return group.scratch + layout_.offsets[size_t(buffer)] + strip.tileStart(tile) * width * operand_.elementBytes;
  }

  float* sumsOf(const Group& group, int member, int which) const {
    return reinterpret_cast<float*>(group.scratch + layout_.sums + (2 * member + which) * layout_.sumsBytes);
  }

  const PackedMatrix& matrix(int index) const { return layer_.matrices[size_t(index)]; }

  // Items number the panels of all products of the stage, each panel's tiles in `parts` groups.
  struct Items {
    int64_t parts, count;
  };
  Items itemsOf(const Stage& stage, const Strip& strip, int members) const {
    int64_t panels = 0;
    for (const Product& product : stage.products) panels += matrix(product.matrix).panels;
    // Enough items that the wait for the last one is short, and parts of enough tiles that weights are reused.
    const int64_t enough = members > 1 ? 32 * members : 1;
    const int64_t parts = std::clamp<int64_t>(ceilDivide(enough, panels), 1, std::max<int64_t>(1, strip.tiles / 4));
    return {parts, panels * parts};
  }
  Item itemAt(const Stage& stage, const Strip& strip, int64_t parts, int64_t number) const {
    const int64_t part = number % parts;
    int64_t panel = number / parts;
    for (const Product& product : stage.products) {
      if (panel < matrix(product.matrix).panels)
        return {&product, panel, balanced(strip.tiles, parts, part), balanced(strip.tiles, parts, part + 1)};
      panel -= matrix(product.matrix).panels;
    }
    return {};
  }

  const char* firstWeights(const Item& item) const {
    const Product& product = *item.product;
    return matrix(product.gate >= 0 ? product.gate : product.matrix).panel(item.panel);
  }
  // Where the member begins in a stage; after the last one, in the first, for the next strip.
  const char* startOf(const Group& group, size_t stageIndex, const Strip& strip, int member) const {
    const Stage& stage = layer_.stages[stageIndex % layer_.stages.size()];
    const Items items = itemsOf(stage, strip, group.shares.members());
    const int64_t item = std::min(group.shares.first(items.count, member), items.count - 1);
    return firstWeights(itemAt(stage, strip, items.parts, item));
  }
  // Memory works while members wait for each other.
  void fetchStart(const Group& group, size_t stageIndex, const Strip& strip, int member) const {
    const char* start = startOf(group, stageIndex, strip, member);
    for (int64_t i = 0; i < startBytes; i += 64) __builtin_prefetch(start + i, 0, 2);
  }

  void runStage(Group& group, size_t stageIndex, const Strip& strip, int64_t phase, int member);
  void multiply(const Group& group, const PackedMatrix& weights, int source, const Strip& strip, const Item& item,
                const char* next, float* sums, Outbox* outbox) const;
  void finish(const Group& group, const Strip& strip, const Item& item, float* sums, float* gateSums,
              Outbox* outbox) const;

  const Layer& layer_;
  const Kernels& kernels_;
  const OperandKernels& operand_;
  Team& team_;
  const InputRows x_;
  const OutputRows y_;
  const int64_t rows_;
  const int64_t chunkBytes_;
  const StripPlan plan_;
  const ScratchLayout layout_;
  std::vector<Group> groups_;
  alignas(64) std::atomic<int64_t> strip_{0};
};

void Pass::runStage(Group& group, size_t stageIndex, const Strip& strip, int64_t phase, int member) {
  const Stage& stage = layer_.stages[stageIndex];
  const Items items = itemsOf(stage, strip, group.shares.members());
  const int64_t runStart = group.shares.first(items.count, member), runEnd = group.shares.first(items.count, member + 1);
  const char* nextStage = startOf(group, stageIndex + 1, strip, member);
  float *sums = sumsOf(group, member, 0), *gateSums = sumsOf(group, member, 1);
  Outbox* outbox = group.outboxes.empty() || strip.tiles == 1 ? nullptr : &group.outboxes[size_t(member)];

  for (int64_t number; (number = group.shares.claim(phase, items.count, member)) >= 0;) {
    const Item item = itemAt(stage, strip, items.parts, number);
    // What this member is about to read: the next of its own run, then the start of its run in the next stage.
    const bool within = number >= runStart && number + 1 < runEnd;
    const char* next = within ? firstWeights(itemAt(stage, strip, items.parts, number + 1)) : nextStage;
    const Product& product = *item.product;
    const PackedMatrix& weights = matrix(product.matrix);
    if (product.gate >= 0)
      multiply(group, matrix(product.gate), product.gateSource, strip, item, weights.panel(item.panel), gateSums, outbox);
    multiply(group, weights, product.source, strip, item, next, sums, outbox);
    finish(group, strip, item, sums, gateSums, outbox);
  }
  if (outbox) outbox->flush();
  if (strip.tiles == 1) fetchStart(group, stageIndex + 1, strip, member);
}

// sums[tile] = source[tile] · one panel of the weights, for the item's tiles; meanwhile fetches what `next` points to.
void Pass::multiply(const Group& group, const PackedMatrix& weights, int source, const Strip& strip, const Item& item,
                    const char* next, float* sums, Outbox* outbox) const {
  const int panel = kernels_.panel;
  const PanelFormat& format = *weights.format;
  const uint8_t* headers = weights.headers(item.panel);

  const int64_t tiles = item.tile1 - item.tile0;
  if (tiles == 1 && strip.tileHeight(item.tile0) < format.fetchFrom) {
    const int64_t t = item.tile0;
    format.stream[strip.tileHeight(t)]({tileAt(group, source, strip, t), weights.group(item.panel, 0),
                                        sums + strip.tileStart(t) * panel, weights.groups, headers});
    return;
  }
  // Chunks of the panel stay in the second-level cache for all tiles of the item, each of which fetches a part of what
  // comes next.
  const int64_t groupDepth = operand_.step * operand_.group;
  const int64_t blockGroups = panel / groupDepth;
  const int64_t blocks = ceilDivide(weights.groups, blockGroups);
  const int64_t chunkGroups = ceilDivide(blocks, ceilDivide(weights.panelBytes(), chunkBytes_)) * blockGroups;
  const int64_t lines = ceilDivide(format.groupBytes, tiles * cacheLine);
  for (int64_t from = 0; from < weights.groups; from += chunkGroups) {
    const int64_t count = std::min(chunkGroups, weights.groups - from);
    const char* fetched = from + count < weights.groups ? weights.group(item.panel, from + count) : next;
    const int64_t partBytes = count * lines * cacheLine;
    const int64_t fetchable = count * format.groupBytes;
    for (int64_t t = item.tile0; t < item.tile1; t++) {
      const int height = strip.tileHeight(t);
      const char* a = tileAt(group, source, strip, t) + from * groupDepth * height * operand_.elementBytes;
      const int64_t part = (t - item.tile0) * partBytes;
      format.panel[height]({a, weights.group(item.panel, from), sums + strip.tileStart(t) * panel, count, headers + from,
                            from > 0, fetched + (part < fetchable ? part : 0), lines, tiles == 1,
                            outbox ? outbox->take(t) : LeavingRows()});
    }
  }
}

// What becomes of the sums: gate, bias and activation, then the next product's layout or Y.
void Pass::finish(const Group& group, const Strip& strip, const Item& item, float* sums, float* gateSums,
                  Outbox* outbox) const {
  const int panel = kernels_.panel;
  const Product& product = *item.product;
  const int64_t column0 = item.panel * panel;
  const int columns = int(std::min<int64_t>(panel, matrix(product.matrix).n - column0));
  for (int64_t t = item.tile0; t < item.tile1; t++) {
    const int height = strip.tileHeight(t);
    float* c = sums + strip.tileStart(t) * panel;
    if (product.gate >= 0) {
      float* gate = gateSums + strip.tileStart(t) * panel;
      kernels_.activate(gate, height, layer_.activation);
      kernels_.multiply(c, height, gate);
    }
    if (product.destination == toOutput) {
      if (!layer_.bias.empty()) kernels_.addBias(c, height, layer_.bias.data() + column0);
      if (layer_.gated == false) kernels_.activate(c, height, layer_.activation);
      const int64_t row = strip.row0 + strip.tileStart(t);
      if (outbox && columns == panel)
        outbox->put(t, c, height, strip.tileStart(t), row, item.panel);
      else
        kernels_.storeRows(c, height, columns, y_, row, column0);
    } else {
      operand_.roundToBlock(c, height, columns,
                            tileAt(group, product.destination, strip, t) + column0 * height * operand_.elementBytes);
    }
  }
}

}  // namespace

StripPlan planStrips(const Layer& layer, const Kernels& kernels, int threads, int64_t rows) {
  // Strips of their own for every member where there are rows enough: nobody waits, and no cache line goes from one
  // core to another. Else all members share each strip, and its panels.
  const StripLimit own = longestStrip(layer, kernels, threads, 1);
  const bool shared = threads > 1 && std::min(rows / threads, own.rows) < rowsOfOwn;
  const int members = shared ? threads : 1;
  const int64_t strips = shared ? ceilDivide(rows, longestStrip(layer, kernels, threads, threads).rows)
                                : roundUp(ceilDivide(rows, own.rows), threads);
  return {members, strips};
}

int64_t scratchBytes(const Layer& layer, const Kernels& kernels, int threads) {
  return std::max({longestStrip(layer, kernels, threads, 1).scratchBytes,
                   longestStrip(layer, kernels, threads, threads).scratchBytes,
                   longestStrip(layer, kernels, 1, 1).scratchBytes});
}

void forward(const Layer& layer, const Kernels& kernels, const Caches& caches, Team& team, Hands hands, char* scratch,
             const InputRows& x, const OutputRows& y, int64_t rows) {
  const int threads = hands == Hands::team ? team.threads() : 1;
  Pass pass(layer, kernels, caches, team, scratch, x, y, rows, threads);
  if (threads > 1)
    team.run([&pass](int member) { pass.member(member); });
  else
    pass.member(0);
}
