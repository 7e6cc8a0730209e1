#include "ir/text.h"

#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/op_table.h"
#include "ir/text_lexer.h"
#include "ir/verify.h"

namespace assay {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const OpTable& NoOps() {
  static const OpTable& table = *new OpTable({});
  return table;
}

Graph MustParse(absl::string_view text) {
  absl::StatusOr<Graph> graph = ParseGraph(text, NoOps());
  EXPECT_TRUE(graph.ok()) << graph.status() << "\n" << text;
  return *std::move(graph);
}

std::string ErrorOf(absl::string_view text) {
  absl::StatusOr<Graph> graph = ParseGraph(text, NoOps());
  return graph.ok() ? "no error" : std::string(graph.status().message());
}

// The text of the head of ir/text.h, with what it describes.
constexpr char kTwoLayers[] = R"(assay-ir 1
file two_layers.onnx
opset "" 17
graph {
  arg %x: f32[batch, 64]
  weight %w = f32[64, 10] file(184, 2560)
  weight %shape = i64[2] {-1, 10}
  %h: f32[batch, 10] = MatMul(%x, %w) at /fc/MatMul of fc
  %y = Reshape(%h, %shape) {allowzero = 0}
  return %y
}
)";

TEST(TextTest, ParsesWhatItSays) {
  Graph g = MustParse(kTwoLayers);
  EXPECT_EQ(g.source().file, "two_layers.onnx");
  ASSERT_EQ(g.num_ops(), 2);
  ASSERT_EQ(g.num_values(), 5);
  const Op& matmul = g.op(OpId(0));
  EXPECT_EQ(g.str(matmul.type), "MatMul");
  EXPECT_EQ(g.str(matmul.domain), "");
  EXPECT_EQ(matmul.opset, 17);
  EXPECT_EQ(g.str(matmul.location.name), "/fc/MatMul");
  EXPECT_EQ(g.str(matmul.location.module), "fc");
  EXPECT_FALSE(matmul.location.scope.has_value());
  ASSERT_EQ(g.inputs(OpId(0)).size(), 2u);
  const ValueId x = g.inputs(OpId(0))[0], w = g.inputs(OpId(0))[1];
  EXPECT_EQ(g.name(x), "x");
  EXPECT_EQ(g.value(x).def, Value::Def::kArg);
  const ClaimedType* claim = g.claim_of(x);
  ASSERT_NE(claim, nullptr);
  EXPECT_EQ(claim->dtype, DType::kF32);
  ASSERT_EQ(claim->dims.size(), 2u);
  EXPECT_EQ(g.str(claim->dims[0].symbol), "batch");
  EXPECT_EQ(claim->dims[1].value, 64);
  EXPECT_EQ(g.value(w).def, Value::Def::kWeight);
  const Constant& weight = g.constant(g.value(w).constant);
  EXPECT_EQ(weight.payload.kind, Payload::Kind::kFile);
  EXPECT_EQ(weight.payload.offset, 184u);
  EXPECT_EQ(weight.payload.bytes, 64u * 10 * 4);
  EXPECT_EQ(weight.stored_elements, 64 * 10);
  EXPECT_EQ(g.str(weight.name), "w");
  const Constant& shape = g.constant(g.value(g.inputs(OpId(1))[1]).constant);
  EXPECT_EQ(shape.payload.kind, Payload::Kind::kInline);
  EXPECT_EQ(shape.payload.ints, (std::vector<int64_t>{-1, 10}));
  const Attr* allowzero = g.FindAttr(OpId(1), "allowzero");
  ASSERT_NE(allowzero, nullptr);
  EXPECT_EQ(allowzero->kind, AttrKind::kInt);
  EXPECT_EQ(allowzero->i, 0);
  EXPECT_EQ(g.region(Graph::kMain).results, (std::vector<ValueId>{g.outputs(OpId(1))[0]}));
}

TEST(TextTest, PrintsWhatItParsed) { EXPECT_EQ(PrintGraph(MustParse(kTwoLayers)), kTwoLayers); }

TEST(TextTest, CommentsAndSpacingAreFree) {
  std::string crowded = absl::StrReplaceAll(kTwoLayers, {{"\n", " // why\n"}, {", ", " ,"}});
  EXPECT_EQ(PrintGraph(MustParse(crowded)), kTwoLayers);
}

TEST(TextTest, RegionsNestAndPrintIndented) {
  constexpr char kText[] = R"(assay-ir 1
graph {
  arg %c: bool[]
  %r = If<16>(%c) {
    then_branch = {
      weight %t = f32[] {1.0}
      %u = Neg<13>(%t)
      return %u
    },
    hint = "unlikely",
    else_branch = {
      weight %t~1 = f32[] {2.0}
      return %t~1
    }
  } at /If
  return %r
}
)";
  Graph g = MustParse(kText);
  EXPECT_EQ(PrintGraph(g), kText);
  ASSERT_EQ(g.num_ops(), 2);
  EXPECT_EQ(g.op(OpId(0)).subtree_end, OpId(2));
  std::vector<RegionId> regions = g.regions(OpId(0));
  ASSERT_EQ(regions.size(), 2u);
  EXPECT_EQ(g.str(g.region(regions[0]).name), "then_branch");
  EXPECT_EQ(g.op(OpId(1)).region, regions[0]);
  EXPECT_EQ(g.region(regions[1]).owner, OpId(0));
}

TEST(TextTest, AConstantThatIsMetTwiceIsOne) {
  constexpr char kText[] = R"(assay-ir 1
graph {
  weight %a = !1 f32[2] {1.0, 2.0}
  weight %b = !1
  %c = F(%a, %b) {v = tensor !1, w = tensors(!2 "other" i8[1], !2)}
  return %c
}
)";
  Graph g = MustParse(kText);
  EXPECT_EQ(g.num_constants(), 2);
  EXPECT_EQ(g.value(ValueId(0)).constant, g.value(ValueId(1)).constant);
  EXPECT_EQ(PrintGraph(g), kText);
}

// Every attribute kind and claim, any bytes in names: what the builder gets is what comes back.
TEST(TextTest, BuiltGraphRoundTripsToTheByte) {
  std::string all_bytes;
  for (int i = 0; i < 256; ++i) all_bytes.push_back(static_cast<char>(i));
  GraphBuilder b(NoOps());
  b.source() = {.file = all_bytes,
                .name = "n",
                .producer = "",
                .producer_version = "1",
                .ir_version = -3,
                .opsets = {{"", 17}, {"9odd", 2}},
                .metadata = {{"k", all_bytes}}};
  b.AddDiagnostic({.where = "", .message = all_bytes});
  ValueId x = b.AddArg(all_bytes, {});
  ValueId x2 = b.AddArg(all_bytes, {.kind = TypeKind::kMap, .dtype = DType::kString});
  ValueId digits = b.AddArg("12", {});
  ValueId slashes = b.AddArg("//", {});
  b.BeginOp("_", "9odd", 2, {x, ValueId(), x2, digits, slashes}, {.module = b.Intern(all_bytes)});
  b.AddIntAttr("i", std::numeric_limits<int64_t>::min());
  b.AddStringAttr("s", all_bytes);
  b.AddIntsAttr(all_bytes, {});
  const std::vector<double> reals = {0.0,     -0.0,
                                     0.1,     0.1f,
                                     1e-45f,  5e-324,
                                     1.0 / 3, std::numeric_limits<double>::max(),
                                     1e22,    std::numeric_limits<double>::infinity()};
  Attr floats;
  floats.name = b.Intern("floats");
  floats.kind = AttrKind::kFloats;
  floats.floats = reals;
  b.AddAttr(floats);
  for (double r : reals) b.AddFloatAttr("f", r);
  b.AddOmittedResult();
  ValueId unnamed = b.AddResult("");
  b.EndOp();
  absl::StatusOr<Graph> built = std::move(b).Finish({unnamed, ValueId()});
  ASSERT_TRUE(built.ok()) << built.status();
  const std::string printed = PrintGraph(*built);
  Graph parsed = MustParse(printed);
  EXPECT_EQ(PrintGraph(parsed), printed);
  EXPECT_EQ(parsed.source().file, all_bytes);
  EXPECT_EQ(parsed.source().metadata, built->source().metadata);
  EXPECT_EQ(parsed.diagnostics()[0].message, all_bytes);
  EXPECT_EQ(parsed.name(ValueId(0)), all_bytes);
  EXPECT_EQ(parsed.str(parsed.op(OpId(0)).type), "_");
  EXPECT_EQ(parsed.str(parsed.op(OpId(0)).location.module), all_bytes);
  EXPECT_FALSE(parsed.inputs(OpId(0))[1].has_value());
  EXPECT_FALSE(parsed.outputs(OpId(0))[0].has_value());
  EXPECT_EQ(parsed.attrs(OpId(0))[0].i, std::numeric_limits<int64_t>::min());
  EXPECT_EQ(parsed.attrs(OpId(0))[3].floats, reals);
  EXPECT_TRUE(std::signbit(parsed.attrs(OpId(0))[3].floats[1]));
}

class FakeReader : public ConstantReader {
 public:
  absl::StatusOr<std::vector<Elem>> Read(const Constant& c) const override {
    if (c.payload.offset == 99) return absl::NotFoundError("stripped");
    std::vector<Elem> elems;
    for (int64_t i = 0; i < c.stored_elements; ++i) {
      elems.push_back(IsFloat(c.dtype) ? Elem::Real(static_cast<double>(i) / 2)
                                       : Elem::Int(10 * i));
    }
    return elems;
  }
};

TEST(TextTest, SmallStoredTensorsPrintTheirContents) {
  GraphBuilder b(NoOps());
  auto add = [&](const char* name, DType dtype, int64_t size, uint64_t offset) {
    Constant c;
    c.name = b.Intern(name);
    c.dtype = dtype;
    c.dims = {size};
    c.stored_elements = size;
    c.payload = {.kind = Payload::Kind::kFile, .offset = offset, .bytes = 8};
    b.AddWeight(name, b.AddConstant(c));
  };
  add("ints", DType::kI64, 3, 1);
  add("reals", DType::kF32, 3, 1);
  add("large", DType::kI64, 17, 1);
  add("stripped", DType::kI64, 3, 99);
  add("strings", DType::kString, 1, 1);
  b.SetReader(std::make_shared<FakeReader>());
  absl::StatusOr<Graph> g = std::move(b).Finish({});
  ASSERT_TRUE(g.ok()) << g.status();
  constexpr char kText[] = R"(assay-ir 1
graph {
  weight %ints = i64[3] {0, 10, 20}
  weight %reals = f32[3] {0.0, 0.5, 1.0}
  weight %large = i64[17] file(1, 8)
  weight %stripped = i64[3] file(99, 8)
  weight %strings = string[1] file(1, 8)
  return
}
)";
  EXPECT_EQ(PrintGraph(*g), kText);
  EXPECT_EQ(PrintGraph(MustParse(kText)), kText);
  EXPECT_THAT(PrintGraph(*g, {.max_elements = 0}), HasSubstr("%ints = i64[3] file(1, 8)\n"));
}

TEST(TextTest, FactsStandInCommentsThatParseAway) {
  Graph g = MustParse(kTwoLayers);
  PrintOptions options;
  options.type_of = [&](ValueId v) { return absl::StrCat("T(", g.name(v), ")"); };
  options.note = [](OpId op) { return op == OpId(0) ? "runs\nfast" : ""; };
  options.footer = "macs = 640*batch\nend";
  const std::string text = PrintGraph(g, options);
  EXPECT_THAT(text, HasSubstr("arg %x: f32[batch, 64]  // T(x)\n"));
  EXPECT_THAT(text, HasSubstr("of fc  // T(h); runs fast\n"));
  EXPECT_THAT(text, HasSubstr("{allowzero = 0}  // T(y)\n"));
  EXPECT_THAT(text, HasSubstr("}\n  // macs = 640*batch\n  // end\n"));
  EXPECT_EQ(PrintGraph(MustParse(text)), kTwoLayers);
}

TEST(TextTest, ErrorsSayWhere) {
  struct {
    std::string text, error;
  } const kCases[] = {
      {"", "1:1: the text ends where `assay-ir` is expected"},
      {"assay-ir 2 graph {return}", "1:10: only version 1 of the text form is known"},
      {"assay-ir 1\ngraph {\n  arg x\n", "3:7: expected a value: % and its name, found `x`"},
      {"assay-ir 1\ngraph {\n  arg _\n", "3:7: this needs a value"},
      {"assay-ir 1 graph { return %y }", "1:27: `%y` is not defined before this"},
      {"assay-ir 1 graph { %y = F(%y) return }", "1:27: `%y` is not defined before this"},
      {"assay-ir 1 graph { arg %x arg %x return }",
       "1:31: a value of that name is defined already"},
      {"assay-ir 1 graph { F() {b = { %t = G() return }} return %t }", "1:57: `%t` is not defined"},
      {"assay-ir 1 graph { weight %w = f32[-1] return }", "1:32: a stored tensor has a negative"},
      {"assay-ir 1 graph { weight %w = i64[3] {1} return }",
       "1:32: contents have 1 elements, the dim"},
      {"assay-ir 1 graph { weight %w = i64[2] {1, 2.0} return }", "1:32: contents are all"},
      {"assay-ir 1 graph { weight %w = q7[2] return }", "1:32: expected an element type"},
      {"assay-ir 1 graph { weight %w = sparse(9) i8[2, 2] return }", "1:32: a sparse tensor of 4"},
      {"assay-ir 1 graph { F() {a = [1, \"b\"]} return }",
       "1:33: expected an integer, found `\"b\"`"},
      {"assay-ir 1 graph { F() {a = 99999999999999999999} return }", "1:29: the number is out of"},
      {"assay-ir 1 graph { F() {a = \"\\q\"} return }", "1:29: unknown escape"},
      {"assay-ir 1 graph { F() {a = \"x", "1:29: the string does not end on its line"},
      {"assay-ir 1 graph { F() {a = 1x} return }", "1:29: a number runs into a name"},
      {"assay-ir 1 graph { ; return }", "1:20: unexpected character (byte 59)"},
      {"assay-ir 1 graph { return } x", "1:29: expected the end of the text, found `x`"},
      {"assay-ir 1 graph { F(",
       "1:22: the text ends where a value: % and its name, or _ for none is"},
  };
  for (const auto& c : kCases) EXPECT_THAT(ErrorOf(c.text), StartsWith(c.error)) << c.text;
}

TEST(TextTest, NestingIsBounded) {
  auto nested = [](int depth) {
    std::string text = "assay-ir 1 graph {";
    for (int i = 0; i < depth; ++i) text += "F() {b = {";
    for (int i = 0; i < depth; ++i) text += " return }} ";
    return text + " return }";
  };
  EXPECT_EQ(ErrorOf(nested(200)), "no error");
  EXPECT_THAT(ErrorOf(nested(201)), HasSubstr("regions nest more than 200 deep"));
  EXPECT_THAT(ErrorOf(nested(100'000)), HasSubstr("regions nest more than 200 deep"));
  std::string type(100'000, ' ');
  for (int i = 0; i < 25'000; ++i) type.replace(4 * i, 4, "seq<");
  EXPECT_THAT(ErrorOf("assay-ir 1 graph { arg %x: " + type), HasSubstr("types nest more than"));
}

TEST(TextTest, AnyPrefixAndAnyChangedByteIsSafe) {
  const std::string text = kTwoLayers;
  for (size_t n = 0; n < text.size() - 1; ++n) {
    EXPECT_THAT(ErrorOf(text.substr(0, n)), testing::ContainsRegex("^[0-9]+:[0-9]+: ")) << n;
  }
  for (size_t i = 0; i < text.size(); ++i) {
    for (char c : {'\0', '"', '%', '{', '}', '9', 'a', '\xff'}) {
      std::string changed = text;
      changed[i] = c;
      absl::StatusOr<Graph> g = ParseGraph(changed, NoOps());
      if (g.ok()) {
        const std::string printed = PrintGraph(*g);
        EXPECT_EQ(PrintGraph(MustParse(printed)), printed);
      } else {
        EXPECT_EQ(g.status().code(), absl::StatusCode::kInvalidArgument) << g.status();
      }
    }
  }
}

TEST(TextLexerTest, RealsReadBackTheSame) {
  for (double r : {0.1, 1.0 / 3, 1e-5, 123456789.0, 1e300, -2.5e-310, 16777217.0}) {
    for (double value : {r, static_cast<double>(static_cast<float>(r))}) {
      std::string text;
      AppendReal(value, &text);
      double back = 0;
      ASSERT_TRUE(ParseReal(text, &back)) << text;
      EXPECT_EQ(back, value) << text;
    }
  }
  std::string text;
  AppendReal(static_cast<double>(1e-5f), &text);
  EXPECT_EQ(text, "1e-05f");
}

}  // namespace
}  // namespace assay
