// What fusion knows, as rows: patterns of ops that become one kernel, the steps that patterns are
// made of, and policies, which are lists of patterns.
//
// A pattern is a chain over what ops are: where a kernel starts, what it absorbs in front of it,
// and, in order, what it absorbs behind it:
//
//   conv+bn+act     starts at Conv, then  bn bias act   (each where there is one)
//
//   Conv -> BatchNormalization -> Relu -> Add -> Relu      (a residual block's end)
//   [ conv+bn+act            ]    [ add+act  ]
//
// Words of the rows: an op type begins in upper case (`Conv`), a role of the operator table in
// lower case (`pointwise`), and what passes/spelling.h knows in several ops is in angle brackets
// (`<activation>`). A guard is a named condition beyond that (passes/fusion_guards.h).
#ifndef ASSAY_PASSES_PATTERN_H_
#define ASSAY_PASSES_PATTERN_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace assay {

// One way to absorb an op into a kernel.
struct StepRow {
  // What the op may read besides the kernel's own results.
  enum class Others : uint8_t {
    kConstant,  // weights and sizes only: a bias
    kSmaller,   // also tensors that are smaller than the result: a scale found at run time
    kEqual,     // also tensors of the result's size: the other branch of a residual block
    kAny,
  };
  absl::string_view name;  // "bias"
  absl::string_view ops;   // what it absorbs, words separated by spaces
  absl::string_view what;
  Others others = Others::kConstant;
  int tail_operand = -1;  // the operand that must be the kernel's result; -1: any
  bool repeats = false;   // absorbs a whole chain of them
  bool resizes = false;   // the result may have another size than the kernel's result so far
  absl::string_view guard = "";
};
absl::Span<const StepRow> FusionSteps();
// Null when there is none.
const StepRow* FindStep(absl::string_view name);

struct PatternRow {
  absl::string_view name;   // "conv+bn+act"; attention patterns' names begin with "attention"
  absl::string_view start;  // what it starts from, words separated by spaces
  // Names of steps, separated by spaces; each is optional. `front` absorbs producers that feed
  // nothing else, `steps` consumers, in order.
  absl::string_view front = "";
  absl::string_view steps = "";
  absl::string_view guard = "";
  absl::string_view must = "";  // the step without which there is no kernel
  bool several = false;         // may hold several heavy ops
  bool tiled = false;      // its inner tensors exist a tile at a time: the scratchpad does not bind
  bool names_one = false;  // also names a kernel of one op, which is "single" otherwise
  absl::string_view what;  // one line for `assay patterns`
  absl::string_view example;
};
absl::Span<const PatternRow> FusionPatterns();
// Null when there is none.
const PatternRow* FindPattern(absl::string_view name);
// A kernel of that pattern may hold several heavy ops.
bool HoldsSeveral(absl::string_view pattern);

struct FusionPolicyRow {
  absl::string_view name;      // "greedy"
  absl::string_view patterns;  // names, in order of preference; "" leaves every op by itself
  // A kernel may give out a result and go on behind it, at the price of writing that result.
  bool forks = false;
  absl::string_view layout = "";  // "nchwc": convolutions run in blocked layout; fusion_layout.h
  bool twins = false;             // ops that repeat another one are computed once (passes/twins.h)
  // Op types that the runtime runs as copies even where they only rename a buffer.
  absl::string_view copies = "";
  bool least_traffic = false;  // kernels are then put together for it; fusion_optimal.h
  absl::string_view what;
};
absl::Span<const FusionPolicyRow> FusionPolicies();
// An error that names the nearest policy when there is none.
absl::StatusOr<const FusionPolicyRow*> FindFusionPolicy(absl::string_view name);

// Why an edge between two kernels stayed one.
struct ReasonRow {
  absl::string_view name;  // "fork"
  absl::string_view what;
};
absl::Span<const ReasonRow> UnfusedReasons();

}  // namespace assay

#endif  // ASSAY_PASSES_PATTERN_H_
