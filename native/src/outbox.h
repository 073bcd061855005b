// Finished rows of Y, a panel of them, on their way to memory past the caches.
//
// Written at once they would hold the multiply-adds up, so kernels take them along, a row every k-block, while the panel
// after is computed. Past the caches only whole lines are written, and a row of Y begins anywhere in one (arrays of
// JavaScript lie 16 bytes behind its start): the end of a panel's row that fills no line waits for the panel to its right.
#pragma once

#include <cstring>
#include <vector>

#include "kernels.h"

class Outbox {
 public:
  static int64_t bytes(const Kernels& kernels, int64_t rows) {
    return rows * (cacheLine + kernels.panel * int64_t(sizeof(float)));
  }

  // False: rows of Y begin at different places in their lines, or nothing is won.
  static bool serves(const Kernels& kernels, const OutputRows& y) {
    return kernels.streamRows != nullptr && (kernels.panel * y.elementBytes()) % cacheLine == 0 &&
           (y.columns * y.elementBytes()) % cacheLine == 0;
  }

  // `space`: for `rows` rows, from the start of a line on.
  Outbox(const Kernels& kernels, const OutputRows& y, int64_t tiles, char* space)
      : kernels_(kernels),
        y_(y),
        space_(space),
        panelBytes_(kernels.panel * y.elementBytes()),
        rowBytes_(y.columns * y.elementBytes()),
        end_(int64_t(reinterpret_cast<uintptr_t>(y.data) % cacheLine)),
        tiles_(size_t(tiles)) {}

  // A tile of C, of rows `stripRow` of the strip and `row` of Y on.
  void put(int64_t tile, const float* c, int rows, int64_t stripRow, int64_t row, int64_t panel) {
    // What no kernel has taken along.
    kernels_.streamRows(take(tile));
    Rows& box = tiles_[size_t(tile)];
    const bool follows = panel > 0 && box.panel == panel - 1;
    if (!follows) storeEnds(box);
    box = {panel, rows, space_ + stripRow * stride() + cacheLine,
           static_cast<char*>(y_.data) + row * rowBytes_ + panel * panelBytes_, follows, true};
    if (follows)
      for (int i = 0; i < rows; i++)
        std::memcpy(box.from + i * stride() - cacheLine, box.from + i * stride() + panelBytes_ - cacheLine, cacheLine);
    kernels_.storeRows(c, rows, kernels_.panel, {box.from, y_.bfloat16, stride() / y_.elementBytes()}, 0, 0);
    if (!follows && end_ > 0) copyRows(box, 0, cacheLine - end_);
  }

  // The whole lines of a tile's rows, for whoever writes them; once.
  LeavingRows take(int64_t tile) {
    Rows& box = tiles_[size_t(tile)];
    if (!box.waiting) return {};
    box.waiting = false;
    const int64_t first = end_ == 0 || box.follows ? -end_ : cacheLine - end_;
    return {box.from + first, box.to + first, stride(), rowBytes_,
            int((panelBytes_ - end_ - first) / cacheLine), box.rows};
  }

  void flush() {
    for (size_t tile = 0; tile < tiles_.size(); tile++) {
      kernels_.streamRows(take(int64_t(tile)));
      storeEnds(tiles_[tile]);
      tiles_[tile].panel = -1;
    }
  }

 private:
  struct Rows {
    int64_t panel = -1;
    int rows = 0;
    char* from = nullptr;
    char* to = nullptr;
    bool follows = false;  // the panel to the left left its ends before `from`
    bool waiting = false;
  };

  // A line for the ends of the panel to the left, then the panel.
  int64_t stride() const { return cacheLine + panelBytes_; }

  void storeEnds(const Rows& box) const {
    if (box.panel >= 0 && end_ > 0) copyRows(box, panelBytes_ - end_, end_);
  }
  void copyRows(const Rows& box, int64_t offset, int64_t bytes) const {
    for (int i = 0; i < box.rows; i++)
      std::memcpy(box.to + i * rowBytes_ + offset, box.from + i * stride() + offset, size_t(bytes));
  }

  const Kernels& kernels_;
  const OutputRows y_;
  char* const space_;
  const int64_t panelBytes_, rowBytes_;
  const int64_t end_;  // bytes at the end of a panel's row that fill no line
  std::vector<Rows> tiles_;
};
