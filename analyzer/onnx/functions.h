// Local functions: which nodes call them, and what inlining them all would make. Checked before
// anything is built, so that a function which calls itself, or forty that double at each call, cost
// nothing.
#ifndef ASSAY_ANALYZER_ONNX_FUNCTIONS_H_
#define ASSAY_ANALYZER_ONNX_FUNCTIONS_H_

#include "absl/status/status.h"
#include "analyzer/onnx/onnx_import.h"
#include "analyzer/onnx/raw_model.h"
#include "ir/graph.h"
#include "ir/op_table.h"

namespace assay {

// Sets RawNode::callee of every node that calls a function of the model. An operator that the table
// has a row for is not a call, even when the model ships a body for it: the row knows more. Errors:
// two functions of one identity, recursion, calls nested deeper than options.max_depth, more than
// options.max_ops ops after inlining. Messages lack the file.
absl::Status ResolveFunctions(const OpTable& table, const ImportOptions& options,
                              const GraphBuilder& names, RawModel* model);

}  // namespace assay

#endif  // ASSAY_ANALYZER_ONNX_FUNCTIONS_H_
