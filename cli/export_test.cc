// `export` of drawings: what Graphviz, XML and Mermaid need, checked by readers of our own, and by
// Graphviz where it is installed.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "cli/cli_test_util.h"
#include "gtest/gtest.h"
#include "ir/folder_test_util.h"

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

int Count(absl::string_view text, absl::string_view what) {
  int n = 0;
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++n;
  return n;
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
    const std::string file = TestFolder() + "export_test.dot";
    WriteFile(file, text);
    EXPECT_EQ(std::system(("dot -Tsvg -o /dev/null '" + file + "'").c_str()), 0) << model;
    std::remove(file.c_str());
  }
}

TEST(Export, TargetColoursAndTimes) {
  const std::string text = Export("testdata/models/mlp.onnx --as dot --target h100-sxm");
  const Drawing d = Read(text);
  ExpectSound(d);
  EXPECT_EQ(d.nodes.size(), 5u + 1 + 1 + 4);  // and three bounds and the rest in the legend
  // Launches take longer than the work of three small Gemms.
  EXPECT_EQ(Count(text, "fillcolor=\"#dddddd\""), 3 + 1);
  EXPECT_EQ(Count(text, " us, "), 3);
}

// A strict little reader of XML: tags nest, attributes are quoted and have a name once, text has no
// `<` or `&` of its own. Counts elements by name.
class Xml {
 public:
  explicit Xml(absl::string_view text) : text_(text) {
    absl::ConsumePrefix(&text_, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    Element();
    EXPECT_EQ(absl::StripAsciiWhitespace(text_), "");
  }
  std::map<std::string, int> elements;
  std::vector<std::string> titles;

 private:
  std::string Name() {
    size_t n = 0;
    while (n < text_.size() && (isalnum(text_[n]) != 0 || text_[n] == '-' || text_[n] == ':')) ++n;
    EXPECT_GT(n, 0u) << text_.substr(0, 40);
    std::string name(text_.substr(0, n));
    text_.remove_prefix(n);
    return name;
  }
  void ExpectText(absl::string_view text) {
    EXPECT_EQ(text.find('<'), text.npos) << text;
    for (size_t at = text.find('&'); at != text.npos; at = text.find('&', at + 1)) {
      const absl::string_view rest = text.substr(at);
      EXPECT_TRUE(absl::StartsWith(rest, "&amp;") || absl::StartsWith(rest, "&lt;") ||
                  absl::StartsWith(rest, "&gt;") || absl::StartsWith(rest, "&quot;"))
          << rest.substr(0, 10);
    }
    for (char c : text) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n');
  }
  void Element() {
    if (!absl::ConsumePrefix(&text_, "<")) {
      ADD_FAILURE() << "no element at " << text_.substr(0, 40);
      text_ = "";
      return;
    }
    const std::string name = Name();
    ++elements[name];
    std::set<std::string> attributes;
    while (absl::ConsumePrefix(&text_, " ")) {
      EXPECT_TRUE(attributes.insert(Name()).second);
      EXPECT_TRUE(absl::ConsumePrefix(&text_, "=\""));
      const size_t end = text_.find('"');
      ASSERT_NE(end, text_.npos);
      ExpectText(text_.substr(0, end));
      text_.remove_prefix(end + 1);
    }
    if (absl::ConsumePrefix(&text_, "/>")) return;
    ASSERT_TRUE(absl::ConsumePrefix(&text_, ">")) << text_.substr(0, 40);
    while (true) {
      const size_t next = text_.find('<');
      ASSERT_NE(next, text_.npos) << "unclosed " << name;
      ExpectText(text_.substr(0, next));
      if (name == "title") titles.emplace_back(text_.substr(0, next));
      text_.remove_prefix(next);
      if (absl::ConsumePrefix(&text_, absl::StrCat("</", name, ">"))) return;
      if (absl::StartsWith(text_, "</")) {
        ADD_FAILURE() << name << " closed by " << text_.substr(0, 40);
        text_ = "";
        return;
      }
      Element();
    }
  }
  absl::string_view text_;
};

TEST(Export, SvgHasABoxForEveryKernelAndALineForEveryTensor) {
  // x -> Softmax -> MatMul -> Softmax -> Add -> y, and around: x to MatMul, Softmax to Add.
  const std::string text =
      Export("testdata/golden/skip.onnxtxt --as svg --target rtx-4090 --fuse none");
  Xml xml(text);
  EXPECT_EQ(xml.elements["g"], 4 + 1 + 1);
  EXPECT_EQ(xml.elements["path"], 5 + 2 + 1);          // and the head of an arrow
  EXPECT_EQ(xml.elements["rect"], 4 + 2 + 1 + 3 + 1);  // the page; three bounds and the rest
  EXPECT_EQ(Count(text, " L"), 2 + 2);                 // lanes of what skips a layer; the arrow
  EXPECT_EQ(xml.titles.size(), 1u + 6 + 7);
  EXPECT_NE(text.find("prefers-color-scheme: dark"), text.npos);
  EXPECT_EQ(text.find("http"), text.find("http://www.w3.org/2000/svg"));  // nothing from elsewhere
}

// Statements of a flowchart, one a line.
void ExpectMermaid(const std::string& text) {
  std::set<std::string> nodes, classes, used;
  int edges = 0;
  const std::vector<std::string> lines = absl::StrSplit(text, '\n', absl::SkipEmpty());
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines[0], "flowchart TD");
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::string& line = lines[i];
    if (absl::StartsWith(line, "  %% ")) continue;
    if (absl::StartsWith(line, "  classDef ")) {
      classes.insert(std::vector<std::string>(absl::StrSplit(line.substr(11), ' '))[0]);
      continue;
    }
    std::vector<std::string> words = absl::StrSplit(line.substr(2), ' ');
    if (words.size() == 3 && words[1] == "-->") {
      ++edges;
      EXPECT_TRUE(nodes.contains(words[0]) && nodes.contains(words[2])) << line;
      EXPECT_NE(words[0], words[2]);
      continue;
    }
    // n3["label"]:::class or n3(["label"]):::class
    const size_t open = line.find("[\""), close = line.rfind("\"]");
    ASSERT_TRUE(open != line.npos && close != line.npos && open < close) << line;
    const bool round = line[open - 1] == '(';
    EXPECT_TRUE(nodes.insert(line.substr(2, open - 2 - (round ? 1 : 0))).second) << line;
    std::string label = line.substr(open + 2, close - open - 2);
    absl::StrReplaceAll({{"<br/>", " "}}, &label);
    for (size_t at = 0; at < label.size(); ++at) {
      const char c = label[at];
      if (c == '#') {
        const size_t end = label.find(';', at);
        ASSERT_NE(end, label.npos) << line;
        for (char d : label.substr(at + 1, end - at - 1)) EXPECT_TRUE(isdigit(d)) << line;
        at = end;
        continue;
      }
      EXPECT_TRUE(isalnum(c) || absl::string_view(" _./+,:=-%").find(c) != std::string::npos)
          << line;
    }
    const std::string behind = line.substr(close + (round ? 3 : 2));
    ASSERT_TRUE(absl::StartsWith(behind, ":::")) << line;
    used.insert(behind.substr(3));
  }
  EXPECT_LE(edges, 500);
  EXPECT_LE(text.size(), 50'000u);
  EXPECT_FALSE(nodes.empty());
  for (const std::string& name : used) EXPECT_TRUE(classes.contains(name)) << name;
}

TEST(Export, DrawingsAreSoundOnEveryKindOfModel) {
  for (const char* model :
       {"testdata/models/googlenet.onnx", "testdata/models/swin_t_dynamo.onnx",
        "testdata/models/llama_kv.onnx", "testdata/models/lstm.onnx",
        "testdata/models/sd_unet.onnx", "testdata/models/mask_rcnn.onnx",
        "testdata/models/sklearn_pipeline.onnx", "testdata/golden/odd_names.textproto"}) {
    for (const char* how : {"", " --target rtx-4090 --color-by time", " --target h100-sxm",
                            " --target h100-sxm --color-by role", " --fuse none"}) {
      SCOPED_TRACE(absl::StrCat(model, how));
      Xml xml(Export(absl::StrCat(model, " --as svg", how)));
      EXPECT_GT(xml.elements["g"], 2);
      ExpectMermaid(Export(absl::StrCat(model, " --as mermaid", how)));
    }
  }
}

TEST(Export, DrawsTenThousandKernels) {
  // A chain whose every link also reads the input: 10,000 long edges in one lane.
  std::string text =
      "<ir_version: 8, opset_import: [\"\": 17]>\nlong (float[4] v0) => (float[4] y) {\n";
  for (int i = 0; i < 10'000; ++i) absl::StrAppend(&text, "  v", i + 1, " = Add (v", i, ", v0)\n");
  absl::StrAppend(&text, "  y = Relu (v10000)\n}\n");
  const std::string file = TestFolder() + "export_long.onnxtxt";
  WriteFile(file, text);
  Xml xml(Export(absl::StrCat(file, " --as svg --fuse none")));
  EXPECT_EQ(xml.elements["g"], 10'001 + 2);
  EXPECT_EQ(xml.elements["path"], 10'001 + 10'000 - 1 + 1 + 1);  // v1 reads it once; y; the arrow
  ExpectMermaid(Export(absl::StrCat(file, " --as mermaid --fuse none")));
  std::remove(file.c_str());
}

TEST(Export, KernelsHaveTheIdsThatExplainTakes) {
  for (const char* as : {"dot", "svg", "mermaid", "trace"}) {
    const std::string text = Export(absl::StrCat("testdata/models/mlp.onnx --target t4 --as ", as));
    const std::string sign = std::string(as) == "mermaid" ? "#35;" : "#";
    EXPECT_GT(Count(text, absl::StrCat(sign, "k0 Gemm+")), 0) << as;
    EXPECT_EQ(Count(text, absl::StrCat(sign, "0 Gemm+")), 0) << as;
  }
}

TEST(Export, AModuleMayBeCalledInputs) {
  // Five modules of 100 kernels; the first is called as the group of the model's inputs is.
  std::string text =
      "<ir_version: 8, opset_import: [\"\": 17]>\nlong (float[4] v0) => (float[4] y) {\n";
  for (int i = 0; i < 500; ++i) {
    const char* modules[] = {"inputs", "a", "b", "c", "d"};
    absl::StrAppend(&text, "  [\"/", modules[i / 100], "/n", i, "\"] v", i + 1, " = Relu (v", i,
                    ")\n");
  }
  absl::StrAppend(&text, "  y = Relu (v500)\n}\n");
  const std::string file = TestFolder() + "export_inputs.onnxtxt";
  WriteFile(file, text);
  const std::string drawn = Export(absl::StrCat(file, " --as mermaid --fuse none"));
  std::remove(file.c_str());
  ExpectMermaid(drawn);
  if (Count(drawn, "by module") > 0) {
    EXPECT_EQ(Count(drawn, "\"inputs"), 2) << drawn;
  }
}

TEST(Export, OnlyDrawingsHaveColours) {
  for (const char* as : {"trace", "onnx"}) {
    const Outcome outcome = RunCommand(
        absl::StrCat("export testdata/models/mlp.onnx --target t4 --color-by time -o x --as ", as));
    EXPECT_EQ(outcome.exit, kUsage);
    EXPECT_EQ(outcome.err, absl::StrCat("assay: --color-by time: --as ", as,
                                        " is no drawing and has no colours; leave it out\n"));
  }
}

TEST(Export, SameBytesForAnyThreadCount) {
  const std::string one = Export("testdata/models/googlenet.onnx --as dot --threads 1");
  EXPECT_EQ(Export("testdata/models/googlenet.onnx --as dot --threads 16"), one);
}

}  // namespace
}  // namespace assay
