// ONNX's own test cases of every operator: inferred types against the tensors that the reference
// implementation made. What the file declares of outputs and inner values is dropped before the
// run; small inputs are given with their contents, as --value does.
//
// The cases are those of the package libonnx-testdata (scripts/setup installs it), or of the folder
// named by ASSAY_BACKEND_CASES; scripts/check_backend_tests.py makes such a folder from the newest
// onnx package.
//
// Every dimension equals the stored one, except where a size depends on contents that are not
// given: there a bounded symbol holds the stored size. kExcuses lists the operators where that
// happens, and why; an excuse that no case needs fails.
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "analyzer/backend_test_util.h"
#include "gtest/gtest.h"
#include "passes/shapes.h"

namespace assay {
namespace {

struct Excuse {
  absl::string_view cause;  // occurs in the origin of the symbol
  absl::string_view op;     // that cases with the excuse have; none: all may
  absl::string_view reason;
};

constexpr Excuse kExcuses[] = {
    {"input `", "",
     "a sequence among the inputs: its elements' sizes are symbols, --shape gives none"},
    {"element without rank", "",
     "a sequence among the inputs whose elements are declared without rank"},
    {"ImageDecoder", "ImageDecoder", "height and width stand in the encoded picture"},
    {"Loop", "Loop", "a carried value is joined with a slice that the trip number places"},
    {"NonMaxSuppression", "NonMaxSuppression", "which boxes stay depends on all their overlaps"},
    {"StringNormalizer", "StringNormalizer",
     "stop words are dropped by content; strings are not followed"},
    {"StringSplit", "StringSplit", "the most pieces that one of the strings has"},
    {"Unique", "Unique", "how many differ; contents are compared by no rule"},
};

// Operators of the graph, nested ones too.
std::set<std::string> OpsOf(const Graph& graph) {
  std::set<std::string> ops;
  for (OpId op(0); op.index < graph.num_ops(); ++op.index) {
    ops.emplace(graph.str(graph.op(op).type));
  }
  return ops;
}

// What the comparison below must not let pass.
TEST(BackendCompareTest, SeesEveryDifference) {
  DimPool pool;
  const Dim few = pool.Symbol("few", {.origin = "count of Unique", .bounds = {1, 4}});
  const StoredType stored = {.dtype = DType::kF32, .dims = {2, 3}};
  const auto compare = [&](const Type& type) { return Compare(type, stored, pool); };
  EXPECT_EQ(compare(Type::Tensor(DType::kF32, {Dim(2), Dim(3)})).wrong, "");
  EXPECT_NE(compare(Type::Tensor(DType::kF64, {Dim(2), Dim(3)})).wrong, "");
  EXPECT_NE(compare(Type::Tensor(DType::kF32, {Dim(2), Dim(4)})).wrong, "");
  EXPECT_NE(compare(Type::Tensor(DType::kF32, {Dim(2)})).wrong, "");
  EXPECT_NE(compare(Type::Tensor(DType::kF32, {Dim(2), Dim()})).wrong, "");
  EXPECT_NE(compare(Type::Unranked(DType::kF32)).wrong, "");
  EXPECT_NE(compare(Type()).wrong, "");
  EXPECT_NE(compare(Type::Sequence(Type::Tensor(DType::kF32, {Dim(2), Dim(3)}))).wrong, "");
  // Between 1 and 4 lies 3, and never 5.
  const Difference d = compare(Type::Tensor(DType::kF32, {Dim(2), few}));
  EXPECT_EQ(d.wrong, "");
  ASSERT_EQ(d.loose.size(), 1u);
  EXPECT_TRUE(absl::StrContains(d.loose[0].cause, "Unique"));
  const StoredType larger = {.dtype = DType::kF32, .dims = {2, 5}};
  EXPECT_NE(Compare(Type::Tensor(DType::kF32, {Dim(2), few}), larger, pool).wrong, "");

  const StoredType list = {.kind = TypeKind::kSequence, .elements = {stored, stored}};
  const Type element = Type::Tensor(DType::kF32, {Dim(2), Dim(3)});
  EXPECT_EQ(Compare(Type::Sequence(element), list, pool).wrong, "");
  EXPECT_EQ(Compare(Type::Sequence(element, Dim(2)), list, pool).wrong, "");
  EXPECT_NE(Compare(Type::Sequence(element, Dim(3)), list, pool).wrong, "");
  EXPECT_NE(Compare(Type::Sequence(Type::Tensor(DType::kF32, {Dim(2), Dim(4)})), list, pool).wrong,
            "");
  EXPECT_NE(Compare(element, list, pool).wrong, "");
}

TEST(BackendTest, InferredTypesAreThoseOfTheReference) {
  const auto has_sequence_input = [](const Graph& graph) {
    for (ValueId v : graph.region(Graph::kMain).args) {
      const ClaimedType* claim = graph.claim_of(v);
      if (claim != nullptr && claim->kind != TypeKind::kTensor) return true;
    }
    return false;
  };
  const std::string folder = BackendCaseFolder();
  const std::vector<std::string> names = BackendCaseNames(folder);
  if (names.empty()) {
    ASSERT_EQ(std::getenv("ASSAY_BACKEND_CASES"), nullptr) << folder << " holds no case";
    GTEST_SKIP() << "ONNX's test cases are not installed; scripts/setup installs libonnx-testdata";
  }
  int equal = 0;
  std::map<std::string, int> met;            // cases by operator
  std::map<absl::string_view, int> excused;  // cases by cause
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    const absl::StatusOr<LoadedCase> loaded = LoadBackendCase(folder, name);
    if (!loaded.ok()) {
      ADD_FAILURE() << loaded.status();
      continue;
    }
    const Graph& graph = loaded->graph;
    const BackendCase& data = loaded->data;
    for (const std::string& op : OpsOf(graph)) ++met[op];
    absl::StatusOr<Shapes> shapes = InferShapes(graph, data.bindings);
    if (!shapes.ok()) {
      ADD_FAILURE() << shapes.status();
      continue;
    }
    std::vector<Loose> loose;
    bool wrong = false;
    const std::vector<ValueId>& results = graph.region(Graph::kMain).results;
    for (size_t i = 0; i < results.size(); ++i) {
      if (!data.outputs[i].has_value()) continue;
      const Difference d = Compare(shapes->type(results[i]), *data.outputs[i], *shapes->pool);
      if (!d.wrong.empty()) ADD_FAILURE() << "output " << i << ": " << d.wrong;
      wrong |= !d.wrong.empty();
      loose.insert(loose.end(), d.loose.begin(), d.loose.end());
    }
    if (wrong) continue;
    equal += loose.empty();
    std::set<absl::string_view> causes;
    for (const Loose& l : loose) {
      const Excuse* excuse = nullptr;
      for (const Excuse& e : kExcuses) {
        if (excuse == nullptr && absl::StrContains(l.cause, e.cause)) excuse = &e;
      }
      EXPECT_NE(excuse, nullptr) << "no excuse for " << l.text << " (" << l.cause << ")";
      if (excuse != nullptr) causes.insert(excuse->cause);
    }
    // Elements of an input stand for themselves only in cases that have such an input.
    EXPECT_TRUE(has_sequence_input(graph) ||
                (!causes.contains("input `") && !causes.contains("element without rank")));
    for (absl::string_view cause : causes) ++excused[cause];
  }
  std::cout << folder << ": " << names.size() << " cases, " << equal << " equal in all\n";
  for (const Excuse& e : kExcuses) {
    if (excused[e.cause] > 0) {
      std::cout << "  " << excused[e.cause] << " cases excused, `" << e.cause << "`";
      if (!e.op.empty()) std::cout << " (of " << met[std::string(e.op)] << " with the operator)";
      std::cout << ": " << e.reason << "\n";
    }
    // Cases of newer operators are not in every set.
    EXPECT_TRUE(excused[e.cause] > 0 || (!e.op.empty() && met[std::string(e.op)] == 0))
        << "no case needs the excuse of " << e.cause;
  }
}

}  // namespace
}  // namespace assay
