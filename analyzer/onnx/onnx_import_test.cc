#include "analyzer/onnx/onnx_import.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "analyzer/onnx/import_test_util.h"
#include "analyzer/onnx/schema.h"
#include "analyzer/onnx/wire_writer.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kHeader[] = "<ir_version: 8, opset_import: [\"\" : 17, \"f\" : 1]>\n";

std::vector<std::string> Body(absl::string_view text) {
  return LinesOf(absl::StrCat(kHeader, text));
}
std::string BodyError(absl::string_view text) {
  return ErrorOf(ImportText(absl::StrCat(kHeader, text)));
}

TEST(OnnxImportTest, ArgumentsWeightsOpsAndClaims) {
  EXPECT_THAT(
      Body(R"(g (float[batch, 4] x, float[?, -1] z) => (float[batch, 2] y)
                      <float[4, 2] w = {1, 2, 3, 4, 5, 6, 7, 8}, float[batch, 4] h> {
                        [relu] h = Relu(x)
                        y = MatMul(h, w)
                      })"),
      ElementsAre("arg %x: f32[batch, 4]", "arg %z: f32[?, ?]",
                  "weight %w = f32[4, 2] {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0}",
                  "%h: f32[batch, 4] = Relu(%x) at relu", "%y: f32[batch, 2] = MatMul(%h, %w)"));
}

TEST(OnnxImportTest, WhatTheFileSaysOfItself) {
  absl::StatusOr<Graph> graph = ImportText(
      R"(<ir_version: 9, producer_name: "maker", producer_version: "1.2",
          opset_import: ["" : 20, "com.example" : 3], metadata_props: ["author": "me"]>
         net (float[1] x) => (float[1] y) { y = Relu(x) })");
  ASSERT_TRUE(graph.ok()) << graph.status();
  const SourceInfo& info = graph->source();
  EXPECT_EQ(info.file, "test.onnxtxt");
  EXPECT_EQ(info.name, "net");
  EXPECT_EQ(info.producer, "maker");
  EXPECT_EQ(info.producer_version, "1.2");
  EXPECT_EQ(info.ir_version, 9);
  EXPECT_THAT(info.opsets, ElementsAre(testing::Pair("", 20), testing::Pair("com.example", 3)));
  EXPECT_THAT(info.metadata, ElementsAre(testing::Pair("author", "me")));
}

TEST(OnnxImportTest, WhatIsOddIsSaid) {
  auto said = [](absl::string_view imports, absl::string_view outputs) {
    absl::StatusOr<Graph> graph = ImportText(absl::StrCat(
        "<ir_version: 9", imports, ">\ng (float[1] x) => (", outputs, ") { y = Relu(x) }"));
    EXPECT_TRUE(graph.ok()) << graph.status();
    std::vector<std::string> messages;
    for (const Diagnostic& d : graph->diagnostics()) messages.push_back(d.message);
    return messages;
  };
  constexpr absl::string_view kNew = ", opset_import: [\"\" : 28]", kOut = "float[1] y";
  EXPECT_THAT(said(kNew, kOut), ElementsAre());
  EXPECT_THAT(said(", opset_import: [\"\" : 900]", kOut),
              ElementsAre(HasSubstr("is of opset 900, and the newest known here is 28")));
  EXPECT_THAT(said("", kOut), ElementsAre(HasSubstr("imports no version of the ONNX operators")));
  EXPECT_THAT(said(kNew, ""), ElementsAre(HasSubstr("has no outputs")));
}

// Before IR version 4 every initializer was listed among the inputs.
TEST(OnnxImportTest, AnInputWithADefaultIsAWeight) {
  EXPECT_THAT(Body("g (float[2] x, float[2] w = {1, 2}) => (y) { y = Add(x, w) }"),
              ElementsAre("arg %x: f32[2]", "weight %w = f32[2] {1.0, 2.0}", "%y = Add(%x, %w)"));
}

TEST(OnnxImportTest, UnusedInitializersStay) {
  EXPECT_THAT(Body("g (float[2] x) => (y) <float[1] w = {5}> { y = Relu(x) }"),
              ElementsAre("arg %x: f32[2]", "weight %w = f32[1] {5.0}", "%y = Relu(%x)"));
}

TEST(OnnxImportTest, OmittedOperandsAndResults) {
  EXPECT_THAT(Body(R"(g (float[2] x) => (z) { y, "", z = Foo(x, "", x) })"),
              ElementsAre("arg %x: f32[2]", "%y, _, %z = Foo(%x, _, %x)"));
}

TEST(OnnxImportTest, NodesAreSortedOnlyWhereTheyMustBe) {
  // b stands before a, which it needs; c and d keep their places around them.
  EXPECT_THAT(
      Body(R"(g (float[2] x) => (b) {
                        c = C(x)
                        b = B(a)
                        d = D(x)
                        a = A(x)
                      })"),
      ElementsAre("arg %x: f32[2]", "%c = C(%x)", "%d = D(%x)", "%a = A(%x)", "%b = B(%a)"));
}

TEST(OnnxImportTest, ASubgraphsCapturesCountWhenSorting) {
  EXPECT_THAT(Body(R"(g (bool c, float[2] x) => (y) {
                        y = If (c) <then_branch = t () => (p) { p = Relu(late) },
                                    else_branch = e () => (q) { q = Identity(x) }>
                        late = Neg(x)
                      })"),
              ElementsAre("arg %c: bool[]", "arg %x: f32[2]", "%late = Neg(%x)", "%y = If(%c) {",
                          "then_branch = {", "%p = Relu(%late)", "},", "else_branch = {",
                          "%q = Identity(%x)"));
}

TEST(OnnxImportTest, SiblingGraphsMayUseOneName) {
  absl::StatusOr<Graph> graph = ImportText(absl::StrCat(kHeader, R"(
      g (bool c, float[2] x) => (y) {
        y = If (c) <then_branch = t () => (p) { p = Relu(x) },
                    else_branch = e () => (p) { p = Neg(x) }>
      })"));
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->num_ops(), 3);
  // What a branch defines is not seen behind it.
  EXPECT_THAT(BodyError(R"(g (bool c, float[2] x) => (z) {
                        y = If (c) <then_branch = t () => (p) { p = Relu(x) },
                                    else_branch = e () => (p) { p = Neg(x) }>
                        z = Add(y, p)
                      })"),
              HasSubstr("its input `p` is not defined"));
}

TEST(OnnxImportTest, LoopBodiesHaveArguments) {
  absl::StatusOr<Graph> graph = ImportText(absl::StrCat(kHeader, R"(
      g (int64 n, bool c, float[2] x) => (y) {
        y = Loop (n, c, x) <body = b (int64 i, bool ci, float[2] v) => (co, vo) {
          co = Identity(ci)
          vo = Add(v, x)
        }>
      })"));
  ASSERT_TRUE(graph.ok()) << graph.status();
  ASSERT_EQ(graph->num_regions(), 2);
  const Region& body = graph->region(RegionId(1));
  EXPECT_EQ(body.args.size(), 3u);
  EXPECT_EQ(body.results.size(), 2u);
  EXPECT_EQ(graph->name(body.args[2]), "v");
}

// ---- Functions ---------------------------------------------------------------------------------

TEST(OnnxImportTest, FunctionsAreInlinedWhereTheyAreCalled) {
  EXPECT_THAT(
      Body(R"(g (float[2] x) => (z) {
                        [first] y = f.twice(x)
                        z = f.twice(y)
                      }
                      <domain: "f", opset_import: ["" : 18]>
                      twice (a) => (b) { m = Relu(a) b = Neg(m) })"),
      ElementsAre("arg %x: f32[2]", "%m = Relu<18>(%x) in first", "%y = Neg<18>(%m) in first",
                  "%m~1 = Relu<18>(%y) in twice", "%z = Neg<18>(%m~1) in twice"));
}

TEST(OnnxImportTest, AttributesOfCallsAndTheirDefaults) {
  EXPECT_THAT(Body(R"(g (float[2] x) => (z) {
                        y = f.act <alpha = 0.5> (x)
                        z = f.act <other = 3> (y)
                      }
                      <domain: "f", opset_import: ["" : 17]>
                      act <alpha, beta = 2, other> (a) => (b) {
                        b = Foo <alpha: float = @alpha, kept = 1, beta: int = @beta, other: int = @other> (a)
                      })"),
              ElementsAre("arg %x: f32[2]", "%y = Foo(%x) {alpha = 0.5, kept = 1, beta = 2} in act",
                          "%z = Foo(%y) {kept = 1, beta = 2, other = 3} in act"));
}

TEST(OnnxImportTest, ReferencesReachThroughNestedCalls) {
  EXPECT_THAT(Body(R"(g (float[2] x) => (y) { [o] y = f.outer <k = 7> (x) }
                      <domain: "f", opset_import: ["" : 17, "f" : 1]>
                      outer <k> (a) => (b) { [i] b = f.inner <n: int = @k> (a) }
                      <domain: "f", opset_import: ["" : 17]>
                      inner <n> (a) => (b) { b = Foo <size: int = @n> (a) })"),
              ElementsAre("arg %x: f32[2]", "%y = Foo(%x) {size = 7} in o/i"));
}

// A graph that a call passes in sees the caller's values, not the function's.
TEST(OnnxImportTest, GraphsPassedToFunctionsKeepTheirNames) {
  EXPECT_THAT(
      Body(R"(g (bool c, float[2] x) => (y) {
                        t = Neg(x)
                        y = f.choose <branch = b () => (r) { r = Relu(t) }> (c)
                      }
                      <domain: "f", opset_import: ["" : 17]>
                      choose <branch> (p) => (q) {
                        t = Not(p)
                        q = If <then_branch: graph = @branch, else_branch: graph = @branch> (t)
                      })"),
      ElementsAre("arg %c: bool[]", "arg %x: f32[2]", "%t = Neg(%x)", "%t~1 = Not(%c) in choose",
                  "%y = If(%t~1) {", "then_branch = {", "%r = Relu(%t)", "},", "else_branch = {",
                  "%r~1 = Relu(%t)", "} in choose"));
}

TEST(OnnxImportTest, OverloadsAreTold) {
  EXPECT_THAT(Body(R"(g (float[2] x) => (y, z) { y = f.act:a(x) z = f.act:b(x) }
                      <domain: "f", overload: "a", opset_import: ["" : 17]>
                      act (a) => (b) { b = Relu(a) }
                      <domain: "f", overload: "b", opset_import: ["" : 17]>
                      act (a) => (b) { b = Neg(a) })"),
              ElementsAre("arg %x: f32[2]", "%y = Relu(%x) in act", "%z = Neg(%x) in act"));
}

TEST(OnnxImportTest, OperandsThatACallOmits) {
  EXPECT_THAT(Body(R"(g (float[2] x) => (y) { y = f.opt(x) }
                      <domain: "f", opset_import: ["" : 17]>
                      opt (a, b) => (c) { c = Foo(a, b) })"),
              ElementsAre("arg %x: f32[2]", "%y = Foo(%x, _) in opt"));
}

TEST(OnnxImportTest, AFunctionMayReturnItsInput) {
  EXPECT_THAT(Body(R"(g (float[2] x) => (y) { m = f.same(x) y = Relu(m) }
                      <domain: "f", opset_import: ["" : 17]>
                      same (a) => (a) { })"),
              ElementsAre("arg %x: f32[2]", "%y = Relu(%x)"));
}

// A row of the table knows more than a body that the file ships.
TEST(OnnxImportTest, RowsArePreferredToBodies) {
  static constexpr OpRow kRows[] = {{.name = "Known", .domain = "f"}};
  static const absl::Span<const OpRow> kFamilies[] = {kRows};
  OpTable table(kFamilies);
  const std::string text = absl::StrCat(kHeader, R"(
      g (float[2] x) => (y, z) { y = f.Known(x) z = f.Unknown(x) }
      <domain: "f", opset_import: ["" : 17]> Known (a) => (b) { b = Relu(a) }
      <domain: "f", opset_import: ["" : 17]> Unknown (a) => (b) { b = Relu(a) })");
  absl::StatusOr<Graph> graph = ImportOnnxBytes(text, "test.onnxtxt", table);
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_THAT(Lines(*graph),
              ElementsAre("arg %x: f32[2]", "%y = Known<f>(%x)", "%z = Relu(%x) in Unknown"));
}

// 2^12 - 1 calls of three levels are fine; one more doubling than the cap allows is refused at
// once.
TEST(OnnxImportTest, InliningIsCapped) {
  std::string text = absl::StrCat(kHeader, "g (float[2] x) => (y) { y = f.d12(x) }\n");
  for (int i = 12; i >= 1; --i) {
    absl::StrAppend(&text, "<domain: \"f\", opset_import: [\"\" : 17, \"f\" : 1]>\nd", i,
                    " (a) => (b) { m = f.d", i - 1, "(a) b = f.d", i - 1, "(m) }\n");
  }
  absl::StrAppend(&text,
                  "<domain: \"f\", opset_import: [\"\" : 17]>\nd0 (a) => (b) { b = Relu(a) }\n");
  absl::StatusOr<Graph> graph = ImportText(text);
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->num_ops(), 1 << 12);
  EXPECT_THAT(
      ErrorOf(ImportText(text, {.max_ops = (1 << 12) - 1})),
      HasSubstr("has more than 4095 operators once its functions are inlined (`f.d12` alone "
                "makes 4096)"));
  EXPECT_TRUE(ImportText(text, {.max_ops = 1 << 12}).ok());
}

// Twenty thousand references, attributes and domains: looked up, not searched (a search takes
// minutes).
TEST(OnnxImportTest, ManyAttributesAndDomains) {
  constexpr int kMany = 20000;
  std::string opsets, given, used;
  for (int i = 0; i < kMany; ++i) {
    absl::StrAppend(&opsets, ", \"d", i, "\" : 1");
    absl::StrAppend(&given, i == 0 ? "" : ", ", "a", i, " = ", i);
    absl::StrAppend(&used, i == 0 ? "" : ", ", "u", i, ": int = @a", kMany - 1 - i);
  }
  absl::StatusOr<Graph> graph = ImportText(absl::StrCat(
      "<ir_version: 8, opset_import: [\"\" : 17, \"f\" : 1", opsets, "]>\n",
      "g (float[2] x) => (y) { y = f.many <", given, "> (x) }\n",
      "<domain: \"f\", opset_import: [\"\" : 17]>\nmany (a) => (b) { b = Foo <", used, "> (a) }"));
  ASSERT_TRUE(graph.ok()) << graph.status();
  ASSERT_EQ(graph->num_ops(), 1);
  EXPECT_EQ(graph->FindAttr(OpId(0), "u1")->i, kMany - 2);
}

// ---- Where ops come from -----------------------------------------------------------------------

TEST(OnnxImportTest, ModulesFromNodeNamesAndWeights) {
  EXPECT_THAT(Body(R"(g (float[2] x) => (z) <float[2] "fc.weight" = {1, 2}> {
                        ["/layer1/layer1.0/relu/Relu"] y = Relu(x)
                        z = Mul(y, "fc.weight")
                      })"),
              ElementsAre("arg %x: f32[2]", "weight %fc.weight = f32[2] {1.0, 2.0}",
                          "%y = Relu(%x) at /layer1/layer1.0/relu/Relu of layer1.0.relu",
                          "%z = Mul(%y, %fc.weight) of fc"));
}

WireWriter Entry(absl::string_view key, absl::string_view value) {
  WireWriter entry;
  entry.Bytes(onnx::StringStringEntryProto::kKeyFieldNumber, key);
  entry.Bytes(onnx::StringStringEntryProto::kValueFieldNumber, value);
  return entry;
}

TEST(OnnxImportTest, ModulesFromMetadata) {
  WireWriter node;
  node.Bytes(onnx::NodeProto::kOutputFieldNumber, "y");
  node.Bytes(onnx::NodeProto::kOpTypeFieldNumber, "Relu");
  node.Message(kNodeMetadata, Entry("namespace", ": M/a: A/relu: aten.relu"));
  node.Message(kNodeMetadata, Entry("pkg.torch.onnx.name_scopes", "['', 'a', 'a.0', 'relu']"));
  node.Message(kNodeMetadata, Entry("pkg.torch.onnx.stack_trace", std::string(100000, 's')));
  WireWriter graph, model;
  graph.Message(onnx::GraphProto::kNodeFieldNumber, node);
  model.Message(onnx::ModelProto::kGraphFieldNumber, graph);
  absl::StatusOr<Graph> imported = ImportOnnxBytes(model.bytes(), "m.onnx", NoOps());
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(imported->str(imported->op(OpId(0)).location.module), "a.0");
}

// ---- Forms -------------------------------------------------------------------------------------

// One model three times: ONNX's text, protobuf's text, and wire bytes.
TEST(OnnxImportTest, TheFormsAreOne) {
  const std::string onnx_text = R"(<ir_version: 8, opset_import: ["" : 17]>
      g (float[N, 4] x) => (float[N, 2] y) <float[4, 2] w = {1, 2, 3, 4, 5, 6, 7, 8.5}> {
        [gemm] y = Gemm <alpha = 0.5, transB = 0> (x, w)
      })";
  const std::string proto_text = R"(
      # The same.
      ir_version: 8
      opset_import { domain: "" version: 17 }
      graph {
        name: "g"
        node {
          input: "x" input: 'w' output: "y" name: "ge" "mm" op_type: "Ge\155m"
          attribute { name: "alpha" type: FLOAT f: 0.5 }
          attribute < name: "transB"; type: INT, i: 0x0 >
        }
        initializer { dims: [4, 2] data_type: FLOAT name: "w"
                      float_data: [1, 2, 3, 4, 5.0, 6f, 7e0, 85e-1] }
        input { name: "x" type { tensor_type { elem_type: 1 shape {
            dim { dim_param: "N" } dim { dim_value: 4 } } } } }
        output { name: "y" type { tensor_type { elem_type: FLOAT shape {
            dim { dim_param: "N" } dim { dim_value: 2 } } } } }
      })";
  absl::StatusOr<Graph> a = ImportOnnxBytes(onnx_text, "a.onnxtxt", NoOps());
  absl::StatusOr<Graph> b = ImportOnnxBytes(proto_text, "b.textproto", NoOps());
  absl::StatusOr<Graph> c = ImportOnnxBytes(onnx_text, "standard input", NoOps());
  ASSERT_TRUE(a.ok()) << a.status();
  ASSERT_TRUE(b.ok()) << b.status();
  ASSERT_TRUE(c.ok()) << c.status();
  EXPECT_EQ(Lines(*a), Lines(*b));
  EXPECT_EQ(Lines(*a), Lines(*c));
  EXPECT_THAT(Lines(*a),
              testing::Contains("weight %w = f32[4, 2] {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.5}"));
}

TEST(OnnxImportTest, AttributesOfEveryKind) {
  EXPECT_THAT(
      Body(R"(g () => (y) {
        y = Foo <i = -3, f = 1.5, s = "text", is = [1, -2], fs = [1, 2.5], ss = ["a", "b"],
                 t = int64[2] {4, 5}, none: ints = [], tp = seq(float[N]), whole: float = 2,
                 ts = [float[1] {1}, float[1] {2}]> ()
      })"),
      ElementsAre("%y = Foo() {i = -3, f = 1.5, s = \"text\", is = [1, -2], fs = [1.0, 2.5], ss = "
                  "[\"a\", \"b\"], t = tensor i64[2] {4, 5}, none = ints[], tp = type seq<f32[N]>, "
                  "whole = 2.0, ts = tensors(f32[1] {1.0}, f32[1] {2.0})}"));
}

TEST(OnnxImportTest, TypesOfEveryKind) {
  EXPECT_THAT(
      Body(R"(g (seq(float[2, N]) a, optional(int64) b, map(string, float[]) c,
                        sparse_tensor(float[3]) d, float4e2m1[2] e, int2[4] f) => () { })"),
      ElementsAre("arg %a: seq<f32[2, N]>", "arg %b: opt<i64[]>", "arg %c: map<string, f32[*]>",
                  "arg %d: sparse f32[3]", "arg %e: f4e2m1[2]", "arg %f: i2[4]"));
}

TEST(OnnxImportTest, StandardInput) {
  const std::string text = absl::StrCat(kHeader, "g (float[2] x) => (y) { y = Relu(x) }");
  auto import_from = [&](int fd) {
    const int saved = dup(STDIN_FILENO);
    dup2(fd, STDIN_FILENO);
    absl::StatusOr<Graph> graph = ImportOnnx("-", NoOps());
    dup2(saved, STDIN_FILENO);
    close(saved);
    return graph;
  };
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  close(ends[1]);
  absl::StatusOr<Graph> piped = import_from(ends[0]);
  close(ends[0]);
  ASSERT_TRUE(piped.ok()) << piped.status();
  EXPECT_EQ(piped->source().file, "standard input");
  EXPECT_THAT(Lines(*piped), ElementsAre("arg %x: f32[2]", "%y = Relu(%x)"));

  const int nothing = open("/dev/null", O_RDONLY);
  EXPECT_EQ(ErrorOf(import_from(nothing)),
            "standard input: is empty; export or copy the model again");
  // Endless, but its first bytes are those of no model.
  const int endless = open("/dev/zero", O_RDONLY);
  EXPECT_THAT(ErrorOf(import_from(endless)),
              HasSubstr("standard input: this is a run of zero bytes"));
  close(nothing);
  close(endless);
}

// A constant's bytes that do not fit its shape are a diagnostic, not the end.
TEST(OnnxImportTest, PayloadsThatDoNotFit) {
  WireWriter tensor, graph, model;
  tensor.Int(onnx::TensorProto::kDimsFieldNumber, 3);
  tensor.Int(onnx::TensorProto::kDataTypeFieldNumber, onnx::TensorProto::FLOAT);
  tensor.Bytes(onnx::TensorProto::kNameFieldNumber, "w");
  tensor.Bytes(onnx::TensorProto::kRawDataFieldNumber, "12345678");  // 8 bytes, not 3 * 4
  graph.Message(onnx::GraphProto::kInitializerFieldNumber, tensor);
  model.Message(onnx::ModelProto::kGraphFieldNumber, graph);
  absl::StatusOr<Graph> imported = ImportOnnxBytes(model.bytes(), "m.onnx", NoOps());
  ASSERT_TRUE(imported.ok()) << imported.status();
  ASSERT_EQ(imported->diagnostics().size(), 1u);
  EXPECT_EQ(imported->diagnostics()[0].where, "tensor `w`");
  EXPECT_THAT(imported->diagnostics()[0].message,
              HasSubstr("8 bytes of data where its shape needs 12"));
  EXPECT_FALSE(imported->reader()->Read(imported->constant(ConstantId(0))).ok());
}

// Every prefix of a model is refused or, at a boundary between fields, is a model.
TEST(OnnxImportTest, EveryPrefixIsHandled) {
  WireWriter node, graph, model;
  node.Bytes(onnx::NodeProto::kInputFieldNumber, "x");
  node.Bytes(onnx::NodeProto::kOutputFieldNumber, "y");
  node.Bytes(onnx::NodeProto::kOpTypeFieldNumber, "Relu");
  WireWriter input;
  input.Bytes(onnx::ValueInfoProto::kNameFieldNumber, "x");
  graph.Message(onnx::GraphProto::kInputFieldNumber, input);
  graph.Message(onnx::GraphProto::kNodeFieldNumber, node);
  model.Int(onnx::ModelProto::kIrVersionFieldNumber, 8);
  model.Message(onnx::ModelProto::kGraphFieldNumber, graph);
  for (size_t n = 0; n < model.bytes().size(); ++n) {
    absl::StatusOr<Graph> imported = ImportOnnxBytes(model.bytes().substr(0, n), "m.onnx", NoOps());
    EXPECT_FALSE(imported.ok()) << n;
    EXPECT_THAT(ErrorOf(imported), testing::StartsWith("m.onnx: ")) << n;
  }
  EXPECT_TRUE(ImportOnnxBytes(model.bytes(), "m.onnx", NoOps()).ok());
}

TEST(OnnxImportTest, FieldsNewerThanTheSchemaAreReadPast) {
  WireWriter graph, model;
  graph.Bytes(30, "of a later version");
  graph.Int(1000, 7);
  model.Message(onnx::ModelProto::kGraphFieldNumber, graph);
  model.Double(29, 1.0);
  EXPECT_TRUE(ImportOnnxBytes(model.bytes(), "m.onnx", NoOps()).ok());
}

TEST(OnnxImportTest, TooManyNodes) {
  WireWriter node, graph, model;
  node.Bytes(onnx::NodeProto::kOpTypeFieldNumber, "Relu");
  for (int i = 0; i < 11; ++i) graph.Message(onnx::GraphProto::kNodeFieldNumber, node);
  model.Message(onnx::ModelProto::kGraphFieldNumber, graph);
  EXPECT_TRUE(ImportOnnxBytes(model.bytes(), "m.onnx", NoOps(), {.max_ops = 11}).ok());
  EXPECT_EQ(ErrorOf(ImportOnnxBytes(model.bytes(), "m.onnx", NoOps(), {.max_ops = 10})),
            "m.onnx: has more than 10 nodes; split the model");
}

}  // namespace
}  // namespace assay
