// The work that an operator's rules answered, as tests see it: it reads like a Work, and remembers
// which operators had their counts looked at. work_coverage_test.cc asks for that.
#ifndef ASSAY_IR_OPS_SEEN_WORK_TEST_UTIL_H_
#define ASSAY_IR_OPS_SEEN_WORK_TEST_UTIL_H_

#include <cstdint>
#include <optional>
#include <set>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "ir/op_table.h"
#include "ir/work.h"

namespace assay {

// What the tests of this process did with the rows of a table.
struct SeenRows {
  std::set<const OpRow*> counted;  // a run answered arithmetic: some count that is not 0
  std::set<const OpRow*> checked;  // a test looked at such a count
  std::set<const OpRow*> looked;   // a test looked at anything, be it a 0 or elements moved
};
inline SeenRows& Seen() {
  static SeenRows& seen = *new SeenRows();
  return seen;
}

class SeenDim {
 public:
  SeenDim() = default;
  SeenDim(const OpRow* row, Dim dim) : row_(row), dim_(dim) {
    if (dim != Dim(0)) Seen().counted.insert(row);
  }
  operator Dim() const {  // NOLINT(google-explicit-constructor): to look is to convert
    if (row_ == nullptr) return dim_;
    Seen().looked.insert(row_);
    if (dim_ != Dim(0)) Seen().checked.insert(row_);
    return dim_;
  }
  bool unknown() const { return Dim(*this).unknown(); }
  bool overflow() const { return Dim(*this).overflow(); }
  int64_t value() const { return Dim(*this).value(); }
  friend bool operator==(const SeenDim& a, const SeenDim& b) { return Dim(a) == Dim(b); }

 private:
  const OpRow* row_ = nullptr;
  Dim dim_ = Dim(0);
};

class SeenDims : private absl::InlinedVector<Dim, 6> {
  using Base = absl::InlinedVector<Dim, 6>;

 public:
  using Base::const_iterator;
  using Base::const_reference;
  using Base::size;
  using Base::value_type;
  SeenDims() = default;
  SeenDims(const OpRow* row, absl::Span<const Dim> dims)
      : Base(dims.begin(), dims.end()), row_(row) {}
  const_iterator begin() const {
    Look();
    return Base::begin();
  }
  const_iterator end() const { return Base::end(); }
  const Dim& operator[](size_t i) const {
    Look();
    return Base::operator[](i);
  }

 private:
  void Look() const {
    if (row_ != nullptr) Seen().looked.insert(row_);
  }
  const OpRow* row_ = nullptr;
};

struct SeenWork {
  SeenWork() = default;
  SeenWork(const OpRow* row, const Work& work)
      : macs(row, work.macs),
        flops(row, work.flops),
        transcendentals(row, work.transcendentals),
        int_ops(row, work.int_ops),
        comparisons(row, work.comparisons),
        reads(row, work.reads),
        writes(row, work.writes),
        nest(work.nest) {}

  SeenDim macs, flops, transcendentals, int_ops, comparisons;
  SeenDims reads, writes;
  std::optional<Nest> nest;
};

}  // namespace assay

#endif  // ASSAY_IR_OPS_SEEN_WORK_TEST_UTIL_H_
