// A runtime: what executes the graph on a target. Which fusion policy it follows (a name that
// passes/ resolves), what it costs per kernel and per operator, and what it does to precision.
//
// "ideal" fuses greedily and costs nothing beyond the target's own launch floor.
#ifndef ASSAY_HW_RUNTIME_H_
#define ASSAY_HW_RUNTIME_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hw/datum.h"
#include "hw/precision.h"
#include "hw/target.h"

namespace assay {

struct MathReplacement {
  Math math = Math::kFp32;     // what the model multiplies in
  Math runs_as = Math::kTf32;  // what the runtime makes of it, where the target has it
};

// What stays in the memory on the chip (the level inside the outermost), and how long.
enum class Residency : uint8_t {
  kCache,       // whatever fits beside all that is touched between two uses of it, as in a cache
  kScratchpad,  // activations as far as they fit beside each other; weights come in every run
  kPinned,      // the same, beside as many weights as fit, first come first served: they stay
  // The network is laid out over the chip, cut into as few contexts as hold its weights; within one
  // everything stays. Weights of several contexts, and what passes between them, come in every run.
  kContexts,
};
absl::string_view Name(Residency residency);

// Where operators run that the target has, but that need the result of one that it lacks.
enum class AfterUnsupported : uint8_t {
  kDevice,
  kHost,  // the compiler cuts the graph once, and the device gets the first part
};

struct Runtime {
  std::string name;
  std::string title;
  std::string fusion;                // name of a fusion policy
  Place fusion_place;                // for the error when passes/ does not know it
  std::string file;                  // the user's file; empty when shipped
  std::vector<std::string> layouts;  // "nchw", "nhwc", "blocked"; empty: whatever suits
  std::vector<std::string> kinds;    // kinds of target it runs on; empty: all
  // What collections of measurements call it: "CLASS", or "CLASS / how its software begins".
  std::vector<std::string> measured_as;
  Datum kernel_overhead;  // device time per kernel, beyond the target's launch floor
  Datum host_per_op;      // host time per kernel that it starts, on the reference host
  Datum host_per_run;     // host time per inference, on the reference host
  std::string reference_host;
  bool graph_capture = false;  // kernels are recorded once: no host time per operator
  int streams = 1;             // kernels that may run side by side
  Residency residency = Residency::kCache;
  // Operators that only move data and of which it makes no kernel: the kernels around them write
  // and read at the right place.
  std::vector<std::string> in_place;
  std::vector<std::string> winograd;  // formats in which it uses hw/winograd.h
  AfterUnsupported after_unsupported = AfterUnsupported::kDevice;
  std::string precision = "model";  // default Precision by name
  std::vector<MathReplacement> replaces;
  std::string notes;
};

// By name, or a user's own YAML file by path; errors as FindTarget.
absl::StatusOr<std::shared_ptr<const Runtime>> FindRuntime(absl::string_view name_or_path);
// The one that the target names as its own; `ideal` where it names none.
absl::StatusOr<std::shared_ptr<const Runtime>> RuntimeOf(const Target& target);
std::vector<absl::string_view> RuntimeNames();
std::vector<std::string> CheckRuntimeFile(absl::string_view path);
std::vector<KeyDoc> RuntimeKeys();
std::string ToYaml(const Runtime& runtime);

}  // namespace assay

#endif  // ASSAY_HW_RUNTIME_H_
