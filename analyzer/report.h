// What one run found out about one model: the facts as the passes made them, and the few summaries
// that every format shows. Plain data; formats (analyzer/formats.h) print it and compute nothing.
//
// Sums here are sums of what the facts hold, so they add up: the types' rows make the model's
// totals, the kernels' seconds make the operators'.
#ifndef ASSAY_ANALYZER_REPORT_H_
#define ASSAY_ANALYZER_REPORT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "analyzer/groups.h"
#include "ir/graph.h"
#include "passes/analysis.h"

namespace assay {

struct ModelSource;  // analyzer/onnx/model_source.h

// A step of the pipeline and what it took.
struct StepTiming {
  std::string step;
  double seconds = 0;
};

// Where the numbers were taken, one symbol at a time.
struct PointEntry {
  std::string symbol;
  int64_t value = 0;
  bool bound = false;           // by the user; else assumed
  bool data_dependent = false;  // a count that only tensor contents tell
};

// Operators without a row: their work is not known.
struct OpaqueOps {
  std::string type;  // with its domain, "com.acme.Frobnicate"
  int count = 0;
  OpId first;
};

struct Report {
  std::string file;  // as the user wrote it
  std::unique_ptr<const Graph> graph;
  std::shared_ptr<const ModelSource> source;  // where its nodes went; null unless asked for
  Analysis analysis;

  const Partition* partition = nullptr;  // of --fuse; null when not made
  const KernelPlan* plan = nullptr;      // of its kernels; null when not made
  std::vector<PointEntry> point;
  std::vector<OpaqueOps> opaque;  // that run, by first op
  // By OpId, of the first target: a kernel's seconds x multiplicity stand at its main op. Empty
  // without a target.
  std::vector<double> op_seconds;
  std::vector<Diagnostic> diagnostics;  // of the import, then of the passes
  std::vector<StepTiming> timings;

  // Unfused: every operand once per operator.
  double bytes() const;
};

// A model's file as people are told of it: "<stdin>" for "-".
std::string ShownFile(const std::string& file);
// The error with a message that begins with the file, once.
absl::Status WithFile(const std::string& file, const absl::Status& error);

// That of the first target, runtime and precision; null without a target.
const ModelEstimate* FirstEstimate(const Report& report);
// Whose kernels are numbered #k0, #k1, ...: that of the first estimate's runtime, else of --fuse;
// null when neither is made.
const Partition* FirstPartition(const Report& report);
// Of the model's latency; NaN where it has none. What runs side by side adds up to more than 1, and
// where the host is slower than the device to less.
double ShareOfLatency(const ModelEstimate& estimate, double seconds);

// By OpId: what an estimate of the report says, a kernel's seconds x multiplicity at its main op.
std::vector<double> SecondsByOp(const Report& report, const ModelEstimate& estimate);

// Those that run, by op_seconds, else FLOPs, else bytes.
std::vector<OpId> DearestOps(const Report& report);
// By type, dearest first; level 0 only.
std::vector<Group> TypesOf(const Report& report);

// Fills the summaries from the facts, and adds the passes' diagnostics.
void Summarize(Report* report);

// "Conv", "com.microsoft.Gelu".
std::string QualifiedType(const Graph& graph, OpId op);

}  // namespace assay

#endif  // ASSAY_ANALYZER_REPORT_H_
