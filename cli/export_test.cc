// `export --as dot`: what Graphviz needs, checked by a reader of our own, and by Graphviz where it
// is installed.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "cli/cli_test_util.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

// Takes what stands in quotes out of a line, which must close them.
std::string WithoutQuoted(absl::string_view line) {
  std::string out;
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (quoted && line[i] == '\\') {
      ++i;
    } else if (line[i] == '"') {
      quoted = !quoted;
    } else if (!quoted) {
      out += line[i];
    }
  }
  EXPECT_FALSE(quoted) << line;
  return out;
}

struct Drawing {
  std::map<std::string, int> nodes;  // by name: how often declared
  std::map<std::string, std::string> box_of;
  std::vector<std::pair<std::string, std::string>> edges;
};

// Statements stand on a line each.
Drawing Read(const std::string& text) {
  Drawing d;
  std::vector<std::string> boxes;
  for (absl::string_view raw : absl::StrSplit(text, '\n', absl::SkipWhitespace())) {
    const std::string plain = WithoutQuoted(raw);
    absl::string_view line = absl::StripLeadingAsciiWhitespace(plain);
    std::vector<std::string> words = absl::StrSplit(line, absl::ByAnyChar(" ;"), absl::SkipEmpty());
    if (absl::EndsWith(line, "{")) {
      boxes.push_back(words[1]);
    } else if (line == "}") {
      EXPECT_FALSE(boxes.empty());
      if (!boxes.empty()) boxes.pop_back();
    } else if (words.size() > 2 && words[1] == "->") {
      d.edges.emplace_back(words[0], words[2]);
    } else if (words[0] != "graph" && words[0] != "node" && words[0] != "edge" &&
               !absl::StartsWith(words[0], "label=")) {
      ++d.nodes[words[0]];
      d.box_of[words[0]] = boxes.back();
    }
  }
  EXPECT_TRUE(boxes.empty());
  return d;
}

void ExpectSound(const Drawing& d) {
  for (const auto& [node, times] : d.nodes) EXPECT_EQ(times, 1) << node;
  const std::set<std::pair<std::string, std::string>> once(d.edges.begin(), d.edges.end());
  EXPECT_EQ(once.size(), d.edges.size());
  for (const auto& [from, to] : d.edges) {
    EXPECT_TRUE(d.nodes.count(from)) << from;
    EXPECT_TRUE(d.nodes.count(to)) << to;
  }
}

std::string Export(absl::string_view args) {
  const Outcome outcome = RunCommand(absl::StrCat("export ", args, " --quiet"));
  EXPECT_EQ(outcome.exit, kDone) << outcome.err;
  return outcome.out;
}

TEST(Export, KernelsAreBoxesAroundTheirOperators) {
  // mlp: Gemm+Relu, Gemm+Relu, Gemm.
  const Drawing d = Read(Export("testdata/models/mlp.onnx --as dot"));
  ExpectSound(d);
  EXPECT_EQ(d.nodes.size(), 5u + 1 + 1);  // operators, the input, the output
  EXPECT_EQ(d.edges.size(), 6u);          // the chain from one to the other
  EXPECT_EQ(d.box_of.at("op0"), d.box_of.at("op1"));
  EXPECT_EQ(d.box_of.at("op2"), d.box_of.at("op3"));
  EXPECT_NE(d.box_of.at("op0"), d.box_of.at("op2"));
  EXPECT_EQ(d.box_of.at("op4"), d.box_of.at("v0"));  // by itself: in no box
  const Drawing unfused = Read(Export("testdata/models/mlp.onnx --as dot --fuse none"));
  EXPECT_EQ(unfused.box_of.at("op0"), unfused.box_of.at("op4"));
}

TEST(Export, IsSoundOnEveryKindOfModel) {
  const bool dot = std::system("dot -V > /dev/null 2>&1") == 0;
  for (const char* model :
       {"testdata/models/googlenet.onnx", "testdata/models/swin_t_dynamo.onnx",
        "testdata/models/llama_kv.onnx", "testdata/models/lstm.onnx",
        "testdata/models/mask_rcnn.onnx", "testdata/golden/odd_names.textproto"}) {
    const std::string text = Export(absl::StrCat(model, " --as dot"));
    const Drawing d = Read(text);
    ExpectSound(d);
    EXPECT_GT(d.nodes.size(), 2u) << model;
    // Laying a large drawing out takes Graphviz minutes.
    if (!dot || d.nodes.size() > 200) continue;
    const std::string file = testing::TempDir() + "export_test.dot";
    WriteFile(file, text);
    EXPECT_EQ(std::system(("dot -Tsvg -o /dev/null '" + file + "'").c_str()), 0) << model;
    std::remove(file.c_str());
  }
}

TEST(Export, SameBytesForAnyThreadCount) {
  const std::string one = Export("testdata/models/googlenet.onnx --as dot --threads 1");
  EXPECT_EQ(Export("testdata/models/googlenet.onnx --as dot --threads 16"), one);
}

}  // namespace
}  // namespace assay
