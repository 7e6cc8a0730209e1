// ONNX's backend test cases: a folder per case, holding a model and, for some inputs, the tensors
// that the reference implementation makes of them.
//
//   CASE/model.onnx
//   CASE/test_data_set_0/input_K.pb, output_K.pb     K-th input and output of the graph
//
// A .pb file holds a TensorProto, SequenceProto or OptionalProto; which one, the graph's
// declaration says.
#ifndef ASSAY_ANALYZER_BACKEND_TEST_UTIL_H_
#define ASSAY_ANALYZER_BACKEND_TEST_UTIL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ir/graph.h"
#include "passes/facts.h"
#include "passes/shapes.h"

namespace assay {

// Inputs of at most so many elements are given with their contents.
inline constexpr int64_t kSmallInput = 64;

// What a .pb file says a value is. A sequence and an optional have their elements.
struct StoredType {
  TypeKind kind = TypeKind::kTensor;
  DType dtype = DType::kUndefined;
  std::vector<int64_t> dims;
  std::vector<StoredType> elements;
};
std::string ToString(const StoredType& type);

struct BackendCase {
  std::string name, folder;
  // Type and place of every stored input and output; nullopt where no file is.
  std::vector<std::optional<StoredType>> inputs, outputs;
  Bindings bindings;  // shapes and small contents of the inputs
};

// Where the package libonnx-testdata puts the cases of single operators.
inline constexpr char kPackagedCases[] = "/usr/share/libonnx-testdata/data/node";
// The folder that ASSAY_BACKEND_CASES names, or else the package's.
std::string BackendCaseFolder();

// Names of the folders below `folder` that hold a model, sorted.
std::vector<std::string> BackendCaseNames(const std::string& folder);

// The case's data. `declared` is the case's graph, with what the file declares. Shapes are given
// where the declaration leaves one open.
absl::StatusOr<BackendCase> ReadBackendCase(const std::string& folder, const std::string& name,
                                            const Graph& declared);

struct LoadedCase {
  Graph graph;  // without what the file declares of outputs and inner values
  BackendCase data;
};
// Model and data of CASE below `folder`.
absl::StatusOr<LoadedCase> LoadBackendCase(const std::string& folder, const std::string& name);

// A size, or an element's rank, that is not known exactly: what it is, and what the symbol comes
// from.
struct Loose {
  std::string text, cause;
};

// How an inferred type differs from a stored one.
struct Difference {
  std::string wrong;         // what can never be excused; empty: nothing
  std::vector<Loose> loose;  // bounded symbols that contain the stored size
};
Difference Compare(const Type& inferred, const StoredType& stored, const DimPool& pool);

}  // namespace assay

#endif  // ASSAY_ANALYZER_BACKEND_TEST_UTIL_H_
