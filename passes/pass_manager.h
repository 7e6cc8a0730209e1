// The table of passes, and the run over it.
//
// A pass is a row: what it needs, what it makes, and a function from the const graph and the facts
// it needs to the one it makes. RunPasses() starts every pass whose needs are met at once: on a
// large graph as oneTBB tasks, on a small one (PassRequest::parallel_from) one after the other in
// table order on the calling thread, because starting TBB costs more than they do. A keyed pass
// (fusion by policy, estimate by target) runs once per key, all keys at once.
//
// Deterministic: a pass reads const facts and writes a slot of its own, so the result has the same
// bytes for any number of threads. When several passes fail, the error is that of the first in
// table order.
//
// To add a pass: a Fact and its slot in passes/analysis.h, its table in passes/facts.h, a row here.
#ifndef ASSAY_PASSES_PASS_MANAGER_H_
#define ASSAY_PASSES_PASS_MANAGER_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ir/graph.h"
#include "passes/analysis.h"

namespace assay {

// What a pass sees of its run. `analysis` holds the facts that the row needs; a pass writes the
// slot of the fact that its row makes (of number `key`, when keyed) and nothing else.
struct PassRun {
  const Graph& graph;
  const PassRequest& request;
  Analysis& analysis;
  int key = 0;
  int threads = 1;  // for loops inside the pass
};

struct PassRow {
  absl::string_view name;     // "fusion": what --after takes
  absl::string_view summary;  // one line for `assay passes`
  FactSet needs;
  Fact makes;
  absl::Status (*run)(PassRun& run);
  bool keyed = false;
};

// In an order that respects needs.
absl::Span<const PassRow> Passes();
// Null when there is none.
const PassRow* FindPass(absl::string_view name);

// `graph` and what the request's estimates point to must outlive the result. Errors: an unknown
// pass or policy name (with the nearest that exists), and whatever a pass found wrong with the
// model, beginning with the op it is about.
absl::StatusOr<Analysis> RunPasses(const Graph& graph, const PassRequest& request);

}  // namespace assay

#endif  // ASSAY_PASSES_PASS_MANAGER_H_
