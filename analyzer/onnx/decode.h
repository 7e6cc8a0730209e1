// Reads the wire format of a model into a RawModel. Payloads of tensors are noted and stepped over.
#ifndef ASSAY_ANALYZER_ONNX_DECODE_H_
#define ASSAY_ANALYZER_ONNX_DECODE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "analyzer/onnx/byte_source.h"
#include "analyzer/onnx/onnx_import.h"
#include "analyzer/onnx/raw_model.h"
#include "ir/graph.h"

namespace assay {

// Names are interned in `builder`; what the file says of itself goes to its source().
absl::StatusOr<RawModel> DecodeModel(std::shared_ptr<const ByteSource> source,
                                     const std::string& file, const ImportOptions& options,
                                     GraphBuilder& builder);

}  // namespace assay

#endif  // ASSAY_ANALYZER_ONNX_DECODE_H_
