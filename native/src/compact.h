// Compact panels: bfloat16 weights in 12 bits, not one of them changed. Decoding reads every weight once and waits for
// memory: a quarter fewer bytes is a quarter less to wait for.
//
// Weights of one layer are of like size, so the upper byte of a bfloat16 (the sign and the upper 7 of 8 exponent bits)
// takes few values. Lower bytes are kept as they are; an upper byte becomes a code of 4 bits: its sign and, counted from
// the least that is used, one of 8 values of the exponent's bits, which is a factor of 2^14 or more from the smallest to
// the greatest. One byte a group, its header, says which 8 these are, and names the table that turns codes back into
// bytes. A group whose weights lie further apart, or that holds an infinity or a NaN, stays as it is, elsewhere, and its
// place says where.
//
//   panel   [headers, one byte a group, whole cache lines] [groups]
//   group   units of four vectors: [lower bytes, two vectors] [codes, one vector: of the first two vectors in the lower
//           4 bits, of the others in the upper]
//
// Within the bytes of two vectors each 16 bytes hold 8 elements of the first, then the 8 of the second that lie in the same
// place: what unpacking (x86) or zipping (ARM) the lower and upper bytes of 16 turns into those elements.
#pragma once

#include <array>
#include <cstring>

#include "micro-kernel.h"

namespace {

// Header: the greatest (exponent >> 1) of the group, twice, plus one if code 0 stands for zero instead of for the least.
using UpperBytes = std::array<uint8_t, 16>;
constexpr int codesOfSign = 8;
constexpr int plainGroup = 254;  // the exponent of infinities and NaNs

struct UpperByteTables {
  alignas(64) UpperBytes of[256];
};
constexpr UpperByteTables upperByteTables() {
  UpperByteTables tables{};
  for (int header = 0; header < 256; header++)
    for (int code = 0; code < 16; code++) {
      const bool zero = code % codesOfSign == 0 && header % 2 == 1;
      const int exponent = zero ? 0 : header / 2 + code % codesOfSign - (codesOfSign - 1);
      tables.of[header][size_t(code)] = uint8_t((code / codesOfSign) << 7 | (exponent & 0x7f));
    }
  return tables;
}
constexpr UpperByteTables upperBytes = upperByteTables();

template <class Isa>
struct CompactUnit {
  static constexpr int vectorBytes = Isa::lanes * int(sizeof(float));
  static constexpr int bytes = 3 * vectorBytes;
  static constexpr int elements = 2 * vectorBytes;
};
template <class Isa, class Operand>
struct CompactGroup {
  using Unit = CompactUnit<Isa>;
  static constexpr int elements = panelColumns<Isa> * Operand::step * Isa::stepsPerGroup;
  static_assert(elements % Unit::elements == 0, "a group is whole units");
  static constexpr int units = elements / Unit::elements;
  static constexpr int bytes = units * Unit::bytes;
};

// False: the group must stay as it is.
template <class Group>
bool encodeGroup(const uint16_t* __restrict from, uint8_t* __restrict header, uint8_t* __restrict to) {
  int greatest = 0, least = 0x7f, leastNotZero = 0x7f;
  for (int i = 0; i < Group::elements; i++) {
    const int exponent = from[i] >> 8 & 0x7f;
    greatest = exponent > greatest ? exponent : greatest;
    least = exponent < least ? exponent : least;
    const int notZero = exponent == 0 ? 0x7f : exponent;
    leastNotZero = notZero < leastNotZero ? notZero : leastNotZero;
  }
  const int first = greatest - (codesOfSign - 1);
  // Code 0 stands for zero where the first code would stand for more.
  const bool zero = least == 0 && first > 0;
  *header = plainGroup;
  if (greatest == plainGroup / 2 || leastNotZero < first + (zero ? 1 : 0)) return false;
  *header = uint8_t(2 * greatest + (zero ? 1 : 0));

  constexpr int pair = Group::Unit::elements / 2, vector = pair / 2;
  for (int u = 0; u < Group::units; u++, to += Group::Unit::bytes) {
    uint8_t codes[2][pair];
    for (int p = 0; p < 2; p++, from += pair)
      for (int lane = 0; lane < vector / 8; lane++)
        for (int v = 0; v < 2; v++)
          for (int j = 0; j < 8; j++) {
            const uint16_t bits = from[v * vector + lane * 8 + j];
            const int place = lane * 16 + v * 8 + j;
            const int exponent = bits >> 8 & 0x7f;
            to[p * pair + place] = uint8_t(bits);
            codes[p][place] = uint8_t((bits >> 12 & 8) | (exponent == 0 && zero ? 0 : exponent - first));
          }
    for (int i = 0; i < pair; i++) to[2 * pair + i] = uint8_t(codes[0][i] | codes[1][i] << 4);
  }
  return true;
}

// Groups of a plain panel → their headers and places; gives how many could not be coded.
template <class Group>
int64_t encodeGroups(const void* plain, int64_t groups, uint8_t* headers, void* places) {
  const auto* from = static_cast<const uint16_t*>(plain);
  auto* to = static_cast<uint8_t*>(places);
  int64_t kept = 0;
  for (int64_t g = 0; g < groups; g++, from += Group::elements, to += Group::bytes)
    kept += encodeGroup<Group>(from, headers + g, to) ? 0 : 1;
  return kept;
}

// Puts the groups that could not be coded to `rest`, one after another, and says in their places how far away that is.
template <class Group>
void keepPlainGroups(const void* plain, int64_t groups, const uint8_t* headers, void* places, char* rest) {
  constexpr size_t bytes = Group::elements * sizeof(uint16_t);
  for (int64_t g = 0; g < groups; g++) {
    if (headers[g] != plainGroup) continue;
    char* place = static_cast<char*>(places) + g * Group::bytes;
    const int64_t distance = rest - place;
    std::memcpy(place, &distance, sizeof distance);
    std::memcpy(rest, static_cast<const uint16_t*>(plain) + g * Group::elements, bytes);
    rest += bytes;
  }
}

inline const uint16_t* plainGroupAt(const uint8_t* place) {
  int64_t distance;
  std::memcpy(&distance, place, sizeof distance);
  return reinterpret_cast<const uint16_t*>(place + distance);
}

// Groups of a compact panel.
template <class Isa, class Operand>
class CompactColumns {
  using Group = CompactGroup<Isa, Operand>;

 public:
  static constexpr int64_t groupBytes = Group::bytes;

  explicit NEURONMM_INLINE CompactColumns(const MicroKernelArgs& args)
      : header_(args.headers), group_(static_cast<const uint8_t*>(args.b)) {}

  NEURONMM_INLINE const void* here() const { return group_; }

  template <class Use>
  NEURONMM_INLINE void group(Use use) {
    const int header = *header_++;
    if (__builtin_expect(header == plainGroup, 0)) {
      PlainColumns<Isa, Operand>::readGroup(plainGroupAt(group_), use);
    } else {
      const UpperBytes& table = upperBytes.of[header];
      static_assert(Isa::vectors == 2, "half a unit is one step");
#pragma GCC unroll 8
      for (int u = 0; u < Group::units; u++) {
        const uint8_t* unit = group_ + u * Group::Unit::bytes;
        step<0>(unit, table, 2 * u, use);
        step<1>(unit, table, 2 * u + 1, use);
      }
    }
    group_ += Group::bytes;
  }

 private:
  template <int HALF, class Use>
  static NEURONMM_INLINE void step(const uint8_t* unit, const UpperBytes& table, int number, Use use) {
    typename Isa::Bits bits[2];
    Isa::template decode<HALF>(unit, table.data(), bits);
    const typename Operand::Columns columns[2] = {Operand::fromBits(bits[0]), Operand::fromBits(bits[1])};
    use(number, columns);
  }

  const uint8_t *header_, *group_;
};

}  // namespace
