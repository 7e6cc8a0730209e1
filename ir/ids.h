// Typed 32-bit ids. An id names an entry of one of a Graph's flat vectors; ids of different stores
// do not mix. A default-constructed id names nothing.
#ifndef ASSAY_IR_IDS_H_
#define ASSAY_IR_IDS_H_

#include <cstdint>
#include <utility>

namespace assay {

template <class Tag>
struct Id {
  int32_t index = -1;

  constexpr Id() = default;
  constexpr explicit Id(int64_t i) : index(static_cast<int32_t>(i)) {}
  constexpr bool has_value() const { return index >= 0; }
  friend constexpr bool operator==(Id a, Id b) { return a.index == b.index; }
  friend constexpr bool operator!=(Id a, Id b) { return a.index != b.index; }
  template <class H>
  friend H AbslHashValue(H h, Id id) {
    return H::combine(std::move(h), id.index);
  }
};

// Ops are ordered: an id is the op's place in file order, depth first.
using OpId = Id<struct OpTag>;
using ValueId = Id<struct ValueTag>;
using RegionId = Id<struct RegionTag>;
using ConstantId = Id<struct ConstantTag>;
// An interned string.
using NameId = Id<struct NameTag>;

}  // namespace assay

#endif  // ASSAY_IR_IDS_H_
