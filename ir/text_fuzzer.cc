// Any bytes are either refused with an error that names a place, or make a graph that prints to a
// text that parses to a graph that prints to the same text.
//
//   cmake --preset fuzz && cmake --build --preset fuzz --target text_fuzzer
//   build/fuzz/text_fuzzer -max_len=4096 build/fuzz/text_found testdata/corpora/text
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "ir/op_table.h"
#include "ir/text.h"

namespace {

void Die(const char* what, absl::string_view detail) {
  std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(detail.size()), detail.data());
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const assay::OpTable& table = *new assay::OpTable({});
  absl::string_view text(reinterpret_cast<const char*>(data), size);
  auto graph = assay::ParseGraph(text, table);
  if (!graph.ok()) {
    if (graph.status().code() != absl::StatusCode::kInvalidArgument) {
      Die("a bug, not an error of the text", graph.status().message());
    }
    return 0;
  }
  const std::string printed = assay::PrintGraph(*graph);
  auto again = assay::ParseGraph(printed, table);
  if (!again.ok()) Die("what was printed does not parse", again.status().message());
  if (assay::PrintGraph(*again) != printed) Die("the second print differs", printed);
  return 0;
}
