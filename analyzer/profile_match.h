// Which kernels of an estimate the entries of a measured profile are of, so that times compare.
//
// Runtimes rename what they rewrite. An entry is of those operators whose names, or whose results'
// names, it holds once the runtime's own additions are taken off:
//
//   "fused /fc/Gemm"                          Gemm `/fc/Gemm`
//   "/layer1/relu/Relu_output_0_nchwc"        what makes `/layer1/relu/Relu_output_0`
//   "conv1 + relu1", "PWN(a/Sigmoid, a/Mul)"  all that are named (TensorRT)
//   "{ForeignNode[a...b]}"                    from a to b in file order, less what other layers
//   name
//
// What bears a name that the runtime made up ("BiasGelu_token_36") is matched, in order, to kernels
// that are left, by the type of operator that it replaces and the size of its result.
//
// Where an entry is of several kernels, or a kernel of several entries, they form a group: the
// smallest sets whose sums compare. Nothing is dropped: every entry and every kernel stands in
// exactly one place below.
#ifndef ASSAY_ANALYZER_PROFILE_MATCH_H_
#define ASSAY_ANALYZER_PROFILE_MATCH_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "analyzer/profile.h"
#include "hw/fit.h"
#include "hw/kernel.h"
#include "ir/graph.h"
#include "passes/analysis.h"

namespace assay {

struct ProfileGroup {
  std::vector<int> kernels;                        // of the estimate's partition, ascending
  std::vector<int> entries;                        // of the profile, ascending
  int main = 0;                                    // the kernel with the longest estimate
  KernelClass kernel_class = KernelClass::kOther;  // of `main`
  double measured_s = 0, estimated_s = 0;          // of one run, all repetitions
};

struct ProfileMatch {
  std::vector<ProfileGroup> groups;  // by first kernel
  std::vector<int> added;            // entries that copy into another layout or type
  std::vector<int> free;             // entries of operators that no kernel holds: views, arithmetic
                                     // on shapes, what depends on constants alone
  std::vector<int> unmatched;        // other entries
  std::vector<int> kernels_left;     // kernels without an entry
  double measured_s = 0, estimated_s = 0;  // of the groups

  // Results whose size could be compared with what the profile says, and those that differ.
  int sizes_compared = 0, sizes_differ = 0;
  std::string size_that_differs;  // "`conv1` made 8x64x112x112, here 1x64x112x112"
};

// `estimate` is one of `analysis`. Takes time in proportion to the names and operators.
ProfileMatch MatchProfile(const Profile& profile, const Graph& graph, const Analysis& analysis,
                          const ModelEstimate& estimate);

// A run for a fit per group whose time is above 0: its kernels, without the host's dispatch, which
// no profile of kernels holds. Ten families (as many as there are different kernels, where those
// are fewer), groups of alike kernels in one: what is predicted while a family is left out are
// kernels that the fit has not seen the like of.
std::vector<MeasuredRun> RunsOf(const ProfileMatch& match, const Analysis& analysis,
                                const ModelEstimate& estimate);

}  // namespace assay

#endif  // ASSAY_ANALYZER_PROFILE_MATCH_H_
