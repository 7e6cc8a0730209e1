// One number of a machine, with where it comes from. No number of a target, runtime or calibration
// is held without this.
#ifndef ASSAY_HW_DATUM_H_
#define ASSAY_HW_DATUM_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace assay {

// How far a number can be trusted. Everything but kDatasheet wants a reason in words.
enum class Basis : uint8_t {
  kDatasheet,    // stated by the vendor or measured, in the source cited
  kDerived,      // computed from other data of the source
  kRecalled,     // from memory of the source, not looked up again
  kEstimate,     // somebody's judgement
  kUndisclosed,  // a stated peak whose units or clocks are not published: not checked against them
  kMixed,        // a stated peak over several engines or clocks: not checked against units x clock
};
absl::string_view Name(Basis basis);

// Where in a file. Lines and columns count from 1; 0 means that it is not from the file at hand.
struct Place {
  int line = 0;
  int column = 0;
};

struct Datum {
  double value = 0;  // in SI base units: B, B/s, s, Hz, W, J/op, op/clock; ratios as 0..1
  bool known = false;
  Basis basis = Basis::kDatasheet;
  std::string source;  // the full citation
  std::string reason;
  Place place;

  explicit operator bool() const { return known; }
  double value_or(double fallback) const { return known ? value : fallback; }
};

}  // namespace assay

#endif  // ASSAY_HW_DATUM_H_
