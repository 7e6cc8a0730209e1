// Any bytes are either refused with one line that begins with the file, or make a graph that keeps
// the IR's invariants and whose small constants can be asked for. The first byte picks the form, so
// that all three are reached.
//
//   cmake --preset fuzz && cmake --build --preset fuzz --target onnx_import_fuzzer
//   build/fuzz/onnx_import_fuzzer -max_len=8192 build/fuzz/import_found testdata/corpora/import
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "analyzer/onnx/onnx_import.h"
#include "ir/op_table.h"
#include "ir/verify.h"

namespace {

void Die(const char* what, absl::string_view detail) {
  std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(detail.size()), detail.data());
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const assay::OpTable& table = *new assay::OpTable({});
  static constexpr const char* kNames[] = {"fuzz.onnx", "fuzz.textproto", "fuzz.onnxtxt"};
  if (size == 0) return 0;
  const char* name = kNames[data[0] % 3];
  std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  assay::ImportOptions options;
  options.max_ops = 2000;
  options.max_depth = 50;
  absl::StatusOr<assay::Graph> graph =
      assay::ImportOnnxBytes(std::move(bytes), name, table, options);
  if (!graph.ok()) {
    const absl::string_view message = graph.status().message();
    if (graph.status().code() != absl::StatusCode::kInvalidArgument) Die("a bug", message);
    if (!absl::StartsWith(message, name)) Die("does not begin with the file", message);
    if (absl::StrContains(message, '\n')) Die("more than one line", message);
    return 0;
  }
  if (absl::Status s = assay::VerifyGraph(*graph); !s.ok()) Die("not a graph", s.message());
  for (int i = 0; i < graph->num_constants(); ++i) {
    const assay::Constant& c = graph->constant(assay::ConstantId(i));
    if (c.stored_elements > 4096) continue;
    auto elements = graph->reader()->Read(c);
    if (elements.ok() && !c.sparse && static_cast<int64_t>(elements->size()) != c.stored_elements) {
      Die("contents do not fit the shape", "");
    }
  }
  return 0;
}
