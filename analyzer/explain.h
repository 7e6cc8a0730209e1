// `explain`: how each number of a node, a kernel or the whole model came about.
//
//   Conv `/conv1/Conv` (#0) of resnet18.onnx
//   numbers of one execution
//     MACs  118,013,952  Cg*M*N*kH*kW*oH*oW
//                        = 3*64*1*7*7*112*112
//
// Formulas are the operator's own rules at work (passes/rule_trace.h) and estimates' own steps
// (analyzer/explain_estimate.h); each is shown with its numbers put in only where they make the
// very number that the report prints.
#ifndef ASSAY_ANALYZER_EXPLAIN_H_
#define ASSAY_ANALYZER_EXPLAIN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "analyzer/document.h"
#include "analyzer/report.h"
#include "passes/rule_trace.h"

namespace assay {

struct ExplainOptions {
  bool kernel = false;  // the whole kernel that the node is in
};

// What the user named.
struct NodeRef {
  OpId op;
  bool kernel = false;  // as "#k12"
};

// By "#12", "#k12" (a kernel of the first target's runtime, else of --fuse), a node's name, a
// result's name, or what only one of these ends in. kNotFound offers the near spelling, or lists
// the several that fit.
absl::StatusOr<NodeRef> FindNode(const Report& report, absl::string_view name);

// The node's numbers, its kernel's, and what each target makes of that.
absl::StatusOr<Document> ExplainNode(const Report& report, absl::string_view name,
                                     const ExplainOptions& options);

// The whole model: totals, and what the first target makes of them. `wrong`: set to how many steps
// did not give the report's own number. explain_model.cc.
Document ExplainModel(const Report& report, int* wrong = nullptr);

// Rows of the table "numbers": a number, and what it is made of.
inline constexpr int kNumbersStackedFrom = 4;
// `cited`: text shows the sources too.
Table NumbersTable(std::string key, std::string title, bool cited = false);
struct ExplainedNumber {
  std::string name;
  double value = 0;
  std::string unit;
  Quantity quantity = Quantity::kExact;
  std::string formula, filled;
  std::string symbolic;  // over the model's symbols
  std::string source;    // of the formula, or of the number
};
void AddNumber(const ExplainedNumber& number, Table* table);

// Blocks on one op, in the order in which they stand. explain_op.cc.
void ExplainOp(const Report& report, OpId op, Document* out);
// Blocks on a kernel: its ops, tensors, pattern, and why its edges stayed edges. explain_kernel.cc.
void ExplainKernel(const Report& report, const Partition& partition, int kernel, Document* out);
// Why an op is of its class, in words.
std::string WhyClass(const Report& report, OpId op);
// Who makes a value: "#12 Reshape", "the file", "the model's input", "the body's argument"; with
// `kernels` the kernel instead, "#k3 Conv+Relu", and of an op that is in none also its class.
std::string WriterOf(const Report& report, ValueId v, const Partition* kernels = nullptr);

}  // namespace assay

#endif  // ASSAY_ANALYZER_EXPLAIN_H_
