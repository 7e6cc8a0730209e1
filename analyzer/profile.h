// A measured profile of one model, node by node, as a runtime writes it. Two are understood, told
// apart by what is in them:
//
//   ONNX Runtime  SessionOptions.enable_profiling: a trace of events. Taken are those of category
//                 `Node` whose name ends in `_kernel_time` (`dur`, in microseconds, less that of
//                 nodes inside, as a Loop has them) and the `model_run` they stand in. Of several
//                 runs the first, which warms up, is left out; of the others each node's median
//                 counts.
//   trtexec       --exportProfile: a list of layers (`medianMs`, else `averageMs`, else `timeMs`
//                 over the `count` of runs)
//
// (onnxruntime.ai/docs/performance/tune-performance/profiling-tools.html; samples/common of
// github.com/NVIDIA/TensorRT.)
#ifndef ASSAY_ANALYZER_PROFILE_H_
#define ASSAY_ANALYZER_PROFILE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assay {

struct ProfileEntry {
  std::string name;                           // of the node or layer, as the runtime tells it
  std::string op_type;                        // "Conv", after its optimisations; empty: not told
  std::optional<std::vector<int64_t>> shape;  // of its first result, where told
  double seconds = 0;                         // of one run
};

enum class ProfileKind : uint8_t { kOnnxRuntime, kTrtexec };

struct Profile {
  ProfileKind kind = ProfileKind::kOnnxRuntime;
  int64_t runs = 0;                   // in the file; 0: not told
  int64_t left_out = 0;               // of them
  std::vector<ProfileEntry> entries;  // in order of first appearance
  double seconds = 0;                 // sum of the entries
  double run_seconds = 0;             // median of whole runs; 0: not told
};

// "ONNX Runtime", "trtexec".
absl::string_view Name(ProfileKind kind);
// The runtime that such a profile is of, a name of `assay runtimes`.
absl::string_view RuntimeOf(ProfileKind kind);

// Errors begin with the path: not readable, not JSON, no profile, a time that is none.
absl::StatusOr<Profile> ReadProfile(const std::string& path);
absl::StatusOr<Profile> ParseProfile(std::string text, absl::string_view path);

}  // namespace assay

#endif  // ASSAY_ANALYZER_PROFILE_H_
