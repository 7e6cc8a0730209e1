// For tests of the importer: models written in ONNX's own syntax or as wire bytes, results as text.
#ifndef ASSAY_ANALYZER_ONNX_IMPORT_TEST_UTIL_H_
#define ASSAY_ANALYZER_ONNX_IMPORT_TEST_UTIL_H_

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "analyzer/onnx/onnx_import.h"
#include "ir/op_table.h"
#include "ir/text.h"

namespace assay {

// No rows: what the importer makes does not depend on them, save for functions with a row's name.
inline const OpTable& NoOps() {
  static const OpTable& table = *new OpTable({});
  return table;
}

inline absl::StatusOr<Graph> ImportText(absl::string_view text, const ImportOptions& options = {}) {
  return ImportOnnxBytes(std::string(text), "test.onnxtxt", NoOps(), options);
}

// The lines of the main graph's body, "arg", "weight" and ops, without indentation or `return`.
inline std::vector<std::string> Lines(const Graph& graph) {
  std::vector<std::string> lines;
  bool body = false;
  for (absl::string_view line : absl::StrSplit(PrintGraph(graph), '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (line == "graph {") {
      body = true;
    } else if (body && line != "}" && !line.empty() && !absl::StartsWith(line, "return")) {
      lines.emplace_back(line);
    }
  }
  return lines;
}

// Of a model that must import.
inline std::vector<std::string> LinesOf(absl::string_view text) {
  absl::StatusOr<Graph> graph = ImportText(text);
  if (!graph.ok()) return {std::string(graph.status().message())};
  return Lines(*graph);
}

inline std::string ErrorOf(const absl::StatusOr<Graph>& graph) {
  return graph.ok() ? "no error" : std::string(graph.status().message());
}

// "1 2 -3", "0.5 ?": the elements of a stored tensor.
inline std::string ElementsOf(const Graph& graph, ConstantId id) {
  const Constant& c = graph.constant(id);
  auto elements =
      c.payload.kind == Payload::Kind::kInline ? StoredElements(graph, c) : graph.reader()->Read(c);
  if (!elements.ok()) return std::string(elements.status().message());
  std::string text;
  for (const Elem& e : *elements) {
    absl::StrAppend(&text, text.empty() ? "" : " ");
    if (e.unknown()) {
      absl::StrAppend(&text, "?");
    } else if (e.is_int()) {
      absl::StrAppend(&text, e.num.value());
    } else {
      absl::StrAppend(&text, e.real);
    }
  }
  return text;
}

// The stored tensor of that name.
inline ConstantId FindConstant(const Graph& graph, absl::string_view name) {
  for (int i = 0; i < graph.num_constants(); ++i) {
    if (graph.str(graph.constant(ConstantId(i)).name) == name) return ConstantId(i);
  }
  ADD_FAILURE() << "no stored tensor " << name;
  return ConstantId();
}

}  // namespace assay

#endif  // ASSAY_ANALYZER_ONNX_IMPORT_TEST_UTIL_H_
