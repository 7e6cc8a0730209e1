// Never worse than ONNX's own shape inference: on every model of testdata/models and every backend
// node test, no dimension contradicts what libonnx infers with data propagation, and none that it
// knows is unknown to us. Both are given the model alone: no contents of inputs, no declared inner
// shapes.
//
// What libonnx finds comes as text from scripts/peers/onnx_shapes_main.cc, which is built when
// libonnx is installed; or, from whatever made it, in the file that ASSAY_PEER_SHAPES names
// (scripts/compare_inference.py: the newest onnx package).
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "analyzer/backend_test_util.h"
#include "analyzer/onnx/onnx_import.h"
#include "analyzer/onnx/schema.h"
#include "gtest/gtest.h"
#include "ir/folder_test_util.h"
#include "passes/shapes.h"

namespace assay {
namespace {

constexpr char kModels[] = "testdata/models";

struct Count {
  int models = 0, refused = 0, values = 0, sizes = 0;
};

class Model {
 public:
  explicit Model(const std::string& path) : path_(path) {
    ImportOptions drop;
    drop.drop_claims = true;
    absl::StatusOr<Graph> graph = ImportOnnx(path, OpTable::BuiltIn(), drop);
    if (!graph.ok()) {
      error_ = std::string(graph.status().message());
      return;
    }
    graph_ = std::make_unique<const Graph>(*std::move(graph));
    absl::StatusOr<Shapes> shapes = InferShapes(*graph_, {});
    if (!shapes.ok()) {
      error_ = std::string(shapes.status().message());
      return;
    }
    shapes_ = *std::move(shapes);
    for (int i = 0; i < graph_->num_values(); ++i) {
      if (graph_->value(ValueId(i)).region == Graph::kMain) {
        by_name_.try_emplace(graph_->name(ValueId(i)), ValueId(i));
      }
    }
  }
  const std::string& error() const { return error_; }

  // What is worse than, or contradicts, the peer's line; empty when nothing is.
  std::string Against(const std::string& line, Count* count) const {
    const std::vector<std::string> fields = absl::StrSplit(line, '\t');
    int number = 0;
    if (fields.size() != 3 || !absl::SimpleAtoi(fields[1], &number)) return "not a line: " + line;
    auto found = by_name_.find(fields[0]);
    if (found == by_name_.end()) return absl::StrCat("no value `", fields[0], "`");
    ++count->values;
    const Type& ours = shapes_.type(found->second);
    const Value& value = graph_->value(found->second);
    DimPool& pool = *shapes_.pool;
    auto bad = [&](absl::string_view what) {
      return absl::StrCat("`", fields[0], "`", value.def == Value::Def::kOp ? " of " : "",
                          value.def == Value::Def::kOp ? graph_->Describe(value.op) : "", ": ",
                          what, ": ", ToString(ours, pool), " where the peer has ", fields[2]);
    };
    const ElementTypeRow* row = FindElementType(number);
    if (row == nullptr || ours.kind != TypeKind::kTensor || ours.dtype != row->dtype) {
      return bad(absl::StrCat("another element type than ", number));
    }
    std::vector<std::string> sizes;
    if (!fields[2].empty()) sizes = absl::StrSplit(fields[2], ',');
    if (!ours.ranked) return bad("no rank");
    if (ours.rank() != static_cast<int>(sizes.size())) return bad("another rank");
    for (size_t i = 0; i < sizes.size(); ++i) {
      if (sizes[i] == "?" || absl::StartsWith(sizes[i], "unk__")) continue;
      ++count->sizes;
      const Dim d = ours.dims[i];
      if (d.unknown()) return bad("less");
      int64_t n = 0;
      if (absl::SimpleAtoi(sizes[i], &n)) {
        if (!d.is(n)) return bad(d.symbolic() ? "less" : "another size");
      } else if (std::optional<Dim> symbol = pool.FindSymbol(sizes[i]); symbol.has_value()) {
        if (pool.Equal(d, pool.Resolve(*symbol)) == false) return bad("another size");
      }
    }
    return "";
  }

 private:
  std::string path_, error_;
  std::unique_ptr<const Graph> graph_;
  Shapes shapes_;
  absl::flat_hash_map<absl::string_view, ValueId> by_name_;
};

void CompareAll(std::istream& in, Count* count) {
  std::string line;
  while (std::getline(in, line)) {
    ASSERT_TRUE(absl::StartsWith(line, "model ")) << line;
    const std::string path = line.substr(6);
    SCOPED_TRACE(path);
    ++count->models;
    std::vector<std::string> lines;
    bool refused = false, ended = false;
    while (!ended && std::getline(in, line)) {
      refused = absl::StartsWith(line, "refused");
      ended = refused || line == "end";
      if (!ended) lines.push_back(line);
    }
    ASSERT_TRUE(ended) << "the peer stopped in the middle";
    if (refused) {
      std::cout << path << ": " << line << "\n";
      ++count->refused;
      continue;
    }
    const Model model(path);
    if (!model.error().empty()) {
      ADD_FAILURE() << model.error();
      continue;
    }
    std::string problem;
    for (const std::string& l : lines) {
      if (problem = model.Against(l, count); !problem.empty()) break;
    }
    if (!problem.empty()) ADD_FAILURE() << problem;
  }
}

void Report(const Count& count) {
  std::cout << count.models << " models, " << count.refused << " refused by the peer; "
            << count.values << " tensors, " << count.sizes << " sizes that it knows\n";
}

TEST(BackendPeerTest, NeverWorseThanOnnxsInference) {
  Count count;
  if (const char* given = std::getenv("ASSAY_PEER_SHAPES"); given != nullptr) {
    std::ifstream in(given);
    ASSERT_TRUE(in) << given << " cannot be read";
    CompareAll(in, &count);
    ASSERT_GT(count.sizes, 0);
    Report(count);
    return;
  }
#ifndef ASSAY_ONNX_SHAPES
  GTEST_SKIP() << "libonnx is not installed; scripts/setup installs libonnx-dev";
#else
  const std::string list = TestFolder() + "backend_peer_list.txt";
  const std::string shapes = TestFolder() + "backend_peer_shapes.txt";
  {
    std::ofstream out(list);
    for (const std::string& name : BackendCaseNames(kPackagedCases)) {
      out << kPackagedCases << "/" << name << "/model.onnx\n";
    }
    std::ifstream manifest(absl::StrCat(kModels, "/manifest.csv"));
    std::string line;
    std::getline(manifest, line);
    while (std::getline(manifest, line)) {
      out << kModels << "/" << line.substr(0, line.find(',')) << "\n";
    }
  }
  ASSERT_EQ(std::system(
                absl::StrCat("'", ASSAY_ONNX_SHAPES, "' < '", list, "' > '", shapes, "'").c_str()),
            0);
  std::ifstream in(shapes);
  CompareAll(in, &count);
  ASSERT_GT(count.models, 40);
  Report(count);
#endif
}

}  // namespace
}  // namespace assay
