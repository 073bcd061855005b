// What an instruction set offers the driver: micro-kernels by tile height, and the loops around them that touch data.
// Pointers rather than templates, so that the driver is compiled once and the instruction set is chosen at run time.
#pragma once

#include <cstdint>

enum class Activation { none, silu, gelu, relu };

// A matrix of the caller's: float32 values or bfloat16 bits, any strides (in elements).
struct StridedMatrix {
  const void* data;
  bool bfloat16;
  int64_t rows, columns;
  int64_t rowStride, columnStride;
};

// Rows of X or Y: row-major float32 values or bfloat16 bits, `columns` elements apart.
template <class Pointer>
struct RowBlock {
  Pointer data;
  bool bfloat16;
  int64_t columns;
  int64_t elementBytes() const { return bfloat16 ? 2 : 4; }
};
using InputRows = RowBlock<const void*>;
using OutputRows = RowBlock<void*>;

constexpr int cacheLine = 64;

// Whole cache lines of rows that are done, to be written past the caches. Strides in bytes.
struct LeavingRows {
  const char* from = nullptr;
  char* to = nullptr;
  int64_t fromStride = 0, toStride = 0;
  int lines = 0;  // of a row
  int rows = 0;
};

struct MicroKernelArgs {
  const void* a;         // A tile, from its first k on
  const void* b;         // B panel, likewise
  float* c;              // C tile
  int64_t groups;        // of steps of the contraction
  const uint8_t* headers;  // of the groups, in compact panels
  // For panel kernels:
  bool accumulate = false;          // add to C instead of overwriting it
  const void* prefetch = nullptr;   // what to bring into the second-level cache meanwhile,
  int64_t prefetchLines = 0;        // and how many lines of it with each group,
  bool near = false;                // whether to bring B itself into the first-level cache shortly before it is read,
  LeavingRows leaving = {};         // and what to write
};
using MicroKernel = void (*)(const MicroKernelArgs&);

constexpr int maxTileRows = 16;

// How the groups of a panel are stored, and the kernels that read them so.
struct PanelFormat {
  int64_t groupBytes;
  bool hasHeaders;  // a byte for each group
  int tileRows;     // greatest height of a tile; every height from 1 has a kernel
  // Fetch what is needed next while they multiply.
  MicroKernel panel[maxTileRows + 1];
  // Leave that to the hardware: for one tile of fewer rows than `fetchFrom`.
  MicroKernel stream[maxTileRows + 1];
  int fetchFrom;
};

// The format of compact.h, made from plain groups.
struct CompactFormat : PanelFormat {
  // Gives how many groups could not be coded. They follow with keepPlainGroups, and then take what plain groups take.
  int64_t (*encodeGroups)(const void* plain, int64_t groups, uint8_t* headers, void* places);
  void (*keepPlainGroups)(const void* plain, int64_t groups, const uint8_t* headers, void* places, char* rest);
};

// Kernels for one operand format (float32 or bfloat16). Layouts are those of micro-kernel.h.
struct OperandKernels {
  int elementBytes;
  int step;   // k that one step of the contraction takes
  int group;  // steps that are read as one; panels are whole groups

  PanelFormat plain;
  // Null: the format has no compact form, or the instruction set no quick way to read it.
  const CompactFormat* compact;

  // Columns `from` (the start of a k-block) to `to` of rows of X → their place in an A tile, the last k-block filled with
  // zeros.
  void (*packRows)(const InputRows& x, int64_t row0, int rows, int64_t from, int64_t to, void* tile);
  // Columns from column0 on → B panel, missing columns and the rest of the last group filled with zeros.
  void (*packPanel)(const StridedMatrix& w, int64_t column0, void* panel);
  // C tile → the k-block of an A tile, columns from `columns` on zeroed: padding of r must not meet an infinity.
  void (*roundToBlock)(const float* c, int rows, int columns, void* block);
  // Independent multiply-adds in registers: the peak that a product could reach. `operand` is at least 128 bytes, so is
  // `sums`. Gives the FLOPs of that many iterations.
  double (*peak)(int64_t iterations, const void* operand, float* sums);
};

struct Kernels {
  const char* name;
  int panel;  // columns of a panel, and depth of a k-block
  OperandKernels float32, bfloat16;

  void (*addBias)(float* c, int rows, const float* bias);
  void (*activate)(float* c, int rows, Activation activation);
  void (*multiply)(float* c, int rows, const float* factor);
  // C tile → Y from (row0, column0) on.
  void (*storeRows)(const float* c, int rows, int columns, const OutputRows& y, int64_t row0, int64_t column0);
  // Null: the instruction set cannot write past the caches.
  void (*streamRows)(LeavingRows rows);
  // Reads memory, prefetching as the stream kernels do: the bandwidth that decoding could reach.
  float (*read)(const void* data, int64_t bytes);
};
