// Builds the graph from what the file says: resolves names, inlines functions, lifts old spellings.
#ifndef ASSAY_ANALYZER_ONNX_LOWER_H_
#define ASSAY_ANALYZER_ONNX_LOWER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analyzer/onnx/onnx_import.h"
#include "analyzer/onnx/raw_model.h"
#include "ir/graph.h"
#include "ir/op_table.h"

namespace assay {

// Takes the model apart. Returns the main graph's results, for GraphBuilder::Finish. Callees must
// be resolved (functions.h). Messages begin with the file.
absl::StatusOr<std::vector<ValueId>> LowerModel(const std::string& file, const OpTable& table,
                                                const ImportOptions& options, RawModel model,
                                                GraphBuilder* builder);

}  // namespace assay

#endif  // ASSAY_ANALYZER_ONNX_LOWER_H_
