// Operators that ONNX defines by a function body: our rule for the operator against the sum of our
// rules over the body. Beside a node test case CASE the test data of ONNX has CASE_expanded, the
// same computation with the body in the operator's place (backend_test_util.h says where the cases
// come from).
//
// MACs, FLOPs and transcendentals are equal, or as a row of kRelations derives the rule's from the
// body's, with the reason. A row that no case needs fails. Comparisons and integer operations are
// not compared: a body spells min, max and choices as it likes (Less and Where for a Clip).
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "analyzer/backend_test_util.h"
#include "gtest/gtest.h"
#include "passes/execution.h"
#include "passes/shapes.h"
#include "passes/work.h"

namespace assay {
namespace {

// What a size that the inputs leave open counts as, on both sides.
constexpr int64_t kOpenSize = 6;

struct Amounts {
  int64_t macs = 0, flops = 0, transcendentals = 0;
};
bool operator==(const Amounts& a, const Amounts& b) {
  return a.macs == b.macs && a.flops == b.flops && a.transcendentals == b.transcendentals;
}
std::ostream& operator<<(std::ostream& os, const Amounts& a) {
  return os << a.macs << " MACs, " << a.flops << " FLOPs, " << a.transcendentals
            << " transcendentals";
}

// An op that runs, times its multiplicity.
struct CountedOp {
  std::string type;
  Amounts amounts;
  bool scalar = false;  // its result has one element
};

struct Counted {
  std::string op;  // type of the first op that is no Constant
  Amounts total;
  std::vector<CountedOp> ops;                // in op order
  std::vector<Type> operands;                // of that op; an unknown type where absent
  std::map<std::string, double> attributes;  // numbers, of that first op
  bool known = true;

  int64_t FlopsOf(absl::string_view type) const {
    int64_t sum = 0;
    for (const CountedOp& op : ops) sum += op.type == type ? op.amounts.flops : 0;
    return sum;
  }
  int64_t FlopsOfScalars() const {
    int64_t sum = 0;
    for (const CountedOp& op : ops) sum += op.scalar ? op.amounts.flops : 0;
    return sum;
  }
  // Functions evaluated by ops of the type: one per element.
  int64_t ElementsOf(absl::string_view type) const {
    int64_t sum = 0;
    for (const CountedOp& op : ops) sum += op.type == type ? op.amounts.transcendentals : 0;
    return sum;
  }
  // FLOPs of ops of the type that stand before the first MatMul.
  int64_t FlopsBeforeProducts(absl::string_view type) const {
    int64_t sum = 0;
    for (const CountedOp& op : ops) {
      if (op.type == "MatMul") break;
      sum += op.type == type ? op.amounts.flops : 0;
    }
    return sum;
  }
  double Attribute(absl::string_view name, double fallback) const {
    auto it = attributes.find(std::string(name));
    return it == attributes.end() ? fallback : it->second;
  }
};

// What the rule should count, from what the body's ops do.
using Relation = Amounts (*)(const Counted& rule, const Counted& body);

Amounts WithFlops(const Counted& body, int64_t flops) {
  return {body.total.macs, flops, body.total.transcendentals};
}

Amounts AffineGridOf(const Counted& rule, const Counted& body) {
  const bool plane = rule.operands[0].dims[1].is(2);
  return {body.total.macs / (plane ? 2 : 1), body.total.flops / (plane ? 2 : 1), 0};
}

// The body takes every pair of a query and a key and hides some; the rule takes those that causal
// and windowed masks leave. Their share is that of the exponentials, one per pair.
Amounts AttentionOf(const Counted& rule, const Counted& body) {
  const bool capped = rule.Attribute("softcap", 0) != 0;
  const bool added_mask = rule.operands.size() > 3 && IsFloat(rule.operands[3].dtype);
  const int64_t all = body.ElementsOf("Softmax");
  const int64_t seen = rule.total.transcendentals / (capped ? 2 : 1);
  const auto share = [&](int64_t amount) {
    EXPECT_EQ(amount * seen % all, 0) << "a fraction of " << amount;
    return amount * seen / all;
  };
  const int64_t cap =
      capped ? body.FlopsOf("Div") + body.FlopsOf("Mul") - body.FlopsBeforeProducts("Mul") : 0;
  const int64_t scale = seen, mask = added_mask ? seen : 0;
  return {share(body.total.macs),
          share(body.FlopsOf("MatMul") + body.FlopsOf("Softmax") + cap) + scale + mask,
          share(body.total.transcendentals)};
}

// The body spells a window of two cosines with its increment, and counts with Range. In Hann's and
// Hamming's the second coefficient is 0: two products, a sum and a cosine that change nothing.
Amounts WindowOf(const Counted&, const Counted& body, bool second) {
  const int64_t flops = body.total.flops - body.FlopsOf("Range") - body.FlopsOfScalars();
  const int64_t points = body.total.transcendentals / 2;
  return {0, second ? flops : flops - 3 * points, second ? 2 * points : points};
}
Amounts BlackmanOf(const Counted& rule, const Counted& body) { return WindowOf(rule, body, true); }
Amounts HannOf(const Counted& rule, const Counted& body) { return WindowOf(rule, body, false); }

struct RelationRow {
  absl::string_view op;
  Relation relation;
  absl::string_view reason;
};

constexpr RelationRow kRelations[] = {
    {"AffineGrid", AffineGridOf,
     "in the plane the body pads the 2 x 3 matrices to 3 x 4, and the grid to homogeneous rows: 12 "
     "MACs per point where 6 do"},
    {"Attention", AttentionOf,
     "hidden pairs take no work; scores are scaled once, where the body scales Q and K; only a "
     "mask that is given is added"},
    {"Bernoulli",
     [](const Counted&, const Counted& body) {
       return WithFlops(body, body.total.flops - body.FlopsOf("RandomUniformLike"));
     },
     "a number between 0 and 1 is not scaled"},
    {"BlackmanWindow", BlackmanOf,
     "the increment is found before, and a point's number is its place; the body makes a Range"},
    {"FlexAttention",
     [](const Counted&, const Counted& body) {
       return WithFlops(
           body, body.total.flops - body.FlopsBeforeProducts("Mul") + body.ElementsOf("Softmax"));
     },
     "scores are scaled once, where the body scales Q and K"},
    {"GroupNormalization",
     [](const Counted&, const Counted& body) {
       return WithFlops(body, body.total.flops - body.ElementsOf("Sqrt"));
     },
     "per group the rule adds epsilon and inverts; the body takes E[x^2] - E[x]^2, adds epsilon, "
     "and divides every element"},
    {"HammingWindow", HannOf, "as BlackmanWindow, and the second cosine, times 0, is left out"},
    {"HannWindow", HannOf, "as BlackmanWindow, and the second cosine, times 0, is left out"},
    {"LayerNormalization",
     [](const Counted&, const Counted& body) {
       return WithFlops(body, body.total.flops - 2 * body.ElementsOf("Sqrt"));
     },
     "per row the rule takes the variance of centred values; the body takes E[x^2] - E[x]^2: a "
     "square and a difference more"},
    {"LinearAttention",
     [](const Counted&, const Counted& body) {
       return WithFlops(body, body.total.flops - body.FlopsOf("Add"));
     },
     "the outer product accumulates into the state; the body makes it, then adds it"},
    {"LogSoftmax",
     [](const Counted&, const Counted& body) {
       return WithFlops(body, body.total.flops + body.ElementsOf("Log"));
     },
     "n additions sum n exponentials from 0; ReduceSum counts n - 1"},
    {"MeanVarianceNormalization",
     [](const Counted&, const Counted& body) {
       return WithFlops(body, body.total.flops - body.ElementsOf("Sqrt"));
     },
     "per group the rule adds epsilon and inverts; the body takes E[x^2] - E[x]^2, adds epsilon, "
     "and divides every element"},
    {"RMSNormalization",
     [](const Counted&, const Counted& body) {
       return WithFlops(body, body.total.flops + body.ElementsOf("Sqrt"));
     },
     "per row the rule inverts, and multiplies elements; the body divides elements"},
    {"Range",
     [](const Counted&, const Counted& body) { return WithFlops(body, body.FlopsOf("Add")); },
     "how many there are is known before; the body divides to find out"},
    {"ReduceLogSumExp",
     [](const Counted&, const Counted& body) {
       return WithFlops(body, body.total.flops + body.ElementsOf("Exp") + body.ElementsOf("Log"));
     },
     "the rule takes the maximum off every element and adds it to the result, as every runtime "
     "does; the body overflows"},
    {"Selu",
     [](const Counted&, const Counted& body) {
       return WithFlops(body, body.total.flops - body.ElementsOf("Exp"));
     },
     "gamma multiplies what was chosen; the body multiplies both"},
    {"Shrink",
     [](const Counted&, const Counted& body) { return WithFlops(body, body.total.flops / 2); },
     "an element is shifted up or down; the body does both and chooses"},
    {"Softmax",
     [](const Counted&, const Counted& body) {
       return WithFlops(body,
                        body.total.flops + body.ElementsOf("Exp") - body.FlopsOf("ReduceSum"));
     },
     "n additions sum n exponentials from 0; ReduceSum counts n - 1"},
    {"Swish",
     [](const Counted& rule, const Counted& body) {
       const bool plain = rule.Attribute("alpha", 1) == 1;
       return WithFlops(body, body.total.flops - (plain ? body.ElementsOf("Sigmoid") : 0));
     },
     "alpha = 1 is not multiplied with"},
};

const RelationRow* FindRelation(absl::string_view op) {
  for (const RelationRow& row : kRelations) {
    if (row.op == op) return &row;
  }
  return nullptr;
}

absl::StatusOr<Counted> Count(const std::string& folder, const std::string& name, bool sizes) {
  absl::StatusOr<LoadedCase> loaded = LoadBackendCase(folder, name);
  if (!loaded.ok()) return loaded.status();
  const Graph& graph = loaded->graph;
  BackendCase& data = loaded->data;
  Counted counted;
  // Contents that set sizes, where they are asked for; data would be computed before the run.
  std::vector<Bindings::InputValue> kept;
  const std::vector<ValueId>& args = graph.region(Graph::kMain).args;
  for (size_t i = 0; sizes && i < args.size(); ++i) {
    if (!data.inputs[i].has_value() || !IsInteger(data.inputs[i]->dtype)) continue;
    if (data.inputs[i]->dims.size() > 1) continue;
    for (const Bindings::InputValue& value : data.bindings.values) {
      if (value.input == graph.name(args[i])) kept.push_back(value);
    }
  }
  data.bindings.values = std::move(kept);
  absl::StatusOr<Shapes> shapes = InferShapes(graph, data.bindings);
  if (!shapes.ok()) return shapes.status();
  absl::StatusOr<Execution> execution = ClassifyOps(graph, *shapes);
  if (!execution.ok()) return execution.status();
  absl::StatusOr<Works> works = CountWork(graph, *shapes, *execution, 1);
  if (!works.ok()) return works.status();

  const DimPool& pool = *shapes->pool;
  const Point point(pool.symbols().size(), kOpenSize);
  const auto number = [&](Dim d) {
    absl::StatusOr<int64_t> n = pool.Evaluate(d, point);
    counted.known &= n.ok();
    return n.ok() ? *n : 0;
  };
  counted.known = works->unknown_ops == 0;
  counted.total = {number(works->macs), number(works->flops), number(works->transcendentals)};
  for (OpId op(0); op.index < graph.num_ops(); ++op.index) {
    const std::string type(graph.str(graph.op(op).type));
    if (counted.op.empty() && type != "Constant") {
      counted.op = type;
      for (ValueId v : graph.inputs(op)) {
        counted.operands.push_back(v.has_value() ? shapes->type(v) : Type());
      }
      for (const Attr& attr : graph.attrs(op)) {
        if (attr.kind != AttrKind::kInt && attr.kind != AttrKind::kFloat) continue;
        counted.attributes[std::string(graph.str(attr.name))] =
            attr.kind == AttrKind::kInt ? static_cast<double>(attr.i) : attr.f;
      }
    }
    if (!execution->runs(op) || works->is_unknown(op)) continue;
    const Work& work = works->of(op);
    const int64_t times = number(execution->multiplicity[op.index]);
    const Type& result = shapes->type(graph.outputs(op)[0]);
    counted.ops.push_back({type,
                           {times * number(work.macs), times * number(work.flops),
                            times * number(work.transcendentals)},
                           result.ranked && shapes->pool->Product(result.dims).is(1)});
  }
  return counted;
}

TEST(FunctionBodiesTest, RulesCountWhatBodiesDo) {
  const std::string folder = BackendCaseFolder();
  std::map<std::string, std::pair<int, int>> cases;  // by operator: all, and by a relation
  int pairs = 0;
  for (const std::string& name : BackendCaseNames(folder)) {
    const size_t end = name.rfind("_expanded");
    if (end == std::string::npos) continue;
    ++pairs;
    SCOPED_TRACE(name);
    const std::string base = name.substr(0, end);
    absl::StatusOr<Counted> rule = Count(folder, base, false), body = Count(folder, name, false);
    if (rule.ok() && body.ok() && !(rule->known && body->known)) {
      rule = Count(folder, base, true);
      body = Count(folder, name, true);
    }
    if (!rule.ok() || !body.ok()) {
      ADD_FAILURE() << rule.status() << " " << body.status();
      continue;
    }
    EXPECT_TRUE(rule->known && body->known) << rule->op << ": work is not known";
    auto& [all, related] = cases[rule->op];
    ++all;
    if (rule->total == body->total) continue;
    const RelationRow* row = FindRelation(rule->op);
    if (row == nullptr) {
      ADD_FAILURE() << rule->op << ": the rule counts " << rule->total << ", the body "
                    << body->total;
      continue;
    }
    ++related;
    const Amounts expected = row->relation(*rule, *body);
    EXPECT_EQ(rule->total, expected)
        << rule->op << ", whose body counts " << body->total << ": " << row->reason;
  }
  if (pairs == 0) {
    ASSERT_EQ(std::getenv("ASSAY_BACKEND_CASES"), nullptr) << folder << " holds no expanded case";
    GTEST_SKIP() << "ONNX's test cases are not installed; scripts/setup installs libonnx-testdata";
  }
  int derived = 0;
  for (const auto& [op, count] : cases) derived += count.second;
  std::cout << folder << ": " << pairs << " bodies of " << cases.size() << " operators, "
            << pairs - derived << " equal\n";
  for (const RelationRow& row : kRelations) {
    const auto it = cases.find(std::string(row.op));
    if (it == cases.end()) continue;  // newer than this set of cases
    EXPECT_GT(it->second.second, 0) << "no case needs the relation of " << row.op;
    std::cout << "  " << row.op << ": " << it->second.second << " of " << it->second.first
              << " by a relation: " << row.reason << "\n";
  }
}

}  // namespace
}  // namespace assay
