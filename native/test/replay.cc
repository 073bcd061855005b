// Runs calls that scripts/emulate-neon.mjs wrote to the standard input and writes what came out to the standard output:
// the engine without Node, for machines that are only emulated.
//
//     replay INSTRUCTION_SET THREADS < calls > results
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "engine.h"

namespace {

[[noreturn]] void fail(const char* why) {
  std::fprintf(stderr, "replay: %s\n", why);
  std::exit(1);
}

bool readInto(void* to, size_t bytes) { return std::fread(to, 1, bytes, stdin) == bytes; }

int64_t readNumber() {
  int64_t value;
  if (!readInto(&value, sizeof value)) fail("a call is cut short");
  return value;
}

// A count of bytes, then as many bytes.
std::vector<char> readBytes() {
  const int64_t count = readNumber();
  std::vector<char> bytes(static_cast<size_t>(count));
  if (!readInto(bytes.data(), bytes.size())) fail("a call is cut short");
  return bytes;
}

void runOne(HostEngine& engine, int64_t kind) {
  LayerSource source{};
  source.kind = LayerKind(kind);
  source.bfloat16 = readNumber() != 0;
  source.activation = Activation(readNumber());
  const bool bfloat16Rows = readNumber() != 0;
  const int64_t rows = readNumber();
  const std::vector<char> bias = readBytes();
  source.bias.resize(bias.size() / sizeof(float));
  if (!bias.empty()) std::memcpy(source.bias.data(), bias.data(), bias.size());
  const int64_t weights = readNumber();
  std::vector<std::vector<char>> data(static_cast<size_t>(weights));
  for (std::vector<char>& bytes : data) {
    StridedMatrix matrix{};
    matrix.bfloat16 = readNumber() != 0;
    matrix.rows = readNumber();
    matrix.columns = readNumber();
    matrix.rowStride = readNumber();
    matrix.columnStride = readNumber();
    bytes = readBytes();
    matrix.data = bytes.data();
    source.weights.push_back(matrix);
  }
  const std::vector<char> x = readBytes();

  const std::shared_ptr<const Layer> layer = engine.pack(source);
  std::vector<char> y(size_t(rows * layer->outFeatures * (bfloat16Rows ? 2 : 4)), char(7));
  if (rows > 0)
    engine.run({layer, {x.data(), bfloat16Rows, layer->inFeatures}, {y.data(), bfloat16Rows, layer->outFeatures}, rows});
  std::fwrite(y.data(), 1, y.size(), stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) fail("use replay INSTRUCTION_SET THREADS");
  const Kernels* chosen = nullptr;
  for (const Kernels* kernels : supportedKernels())
    if (std::strcmp(kernels->name, argv[1]) == 0) chosen = kernels;
  if (chosen == nullptr) fail("this build has no such instruction set");
  HostEngine engine(*chosen, std::atoi(argv[2]), true);
  for (int64_t kind; readInto(&kind, sizeof kind);) runOne(engine, kind);
  return 0;
}
