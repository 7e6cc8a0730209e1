// A kernel explained: its operators, what it reads and writes and keeps inside, the pattern that
// made it, and why its edges to other kernels stayed edges.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analyzer/explain.h"
#include "analyzer/explain_steps.h"
#include "analyzer/report_blocks.h"
#include "ir/op_table.h"
#include "passes/pattern.h"

namespace assay {
namespace {

void AddPattern(const Partition& partition, int kernel, Document* out) {
  const Partition::KernelOps& k = partition.kernels[kernel];
  Facts facts{.key = "kernel"};
  facts.Add("policy", "fusion", partition.key.policy);
  facts.Add("pattern", "pattern", k.pattern);
  if (const PatternRow* row = FindPattern(k.pattern); row != nullptr) {
    facts.Add("what", "what", row->what);
    facts.Add("starts_at", "starts at", row->start);
    if (!row->front.empty()) facts.Add("front", "absorbs in front", row->front);
    if (!row->steps.empty()) facts.Add("steps", "absorbs behind", row->steps);
    if (!row->guard.empty()) facts.Add("guard", "only if", row->guard);
  } else if (k.ops.size() == 1) {
    facts.Add("what", "what", "one operator by itself: no pattern took more");
  }
  facts.Add("executions", "executions", k.multiplicity, Quantity::kExact);
  out->Add(std::move(facts));
}

void AddOps(const Report& r, const Partition::KernelOps& k, Document* out) {
  const Graph& graph = *r.graph;
  Table table = {.key = "ops",
                 .title = "operators",
                 .columns = {{"id", "id"},
                             {"op_type", "operator"},
                             {"name", "name"},
                             {"module", "module", Quantity::kText, true},
                             {"role", "in the pattern"},
                             {"macs", "MACs", Quantity::kCount},
                             {"flops", "FLOPs", Quantity::kCount},
                             {"bytes", "bytes alone", Quantity::kBytes}}};
  auto row = [&](Cell id, Cell type, Cell name, Cell module, Cell role, const OpNumbers& n,
                 bool known) {
    const auto number = [&](double amount) { return known ? amount : NAN; };
    table.rows.push_back({{std::move(id), std::move(type), std::move(name), std::move(module),
                           std::move(role), number(n.macs), number(n.flops), number(n.bytes())}});
  };
  for (OpId op : k.ops) {
    const OpRow* known = graph.op(op).row;
    const bool anchor = op == k.anchor || std::find(k.more_anchors.begin(), k.more_anchors.end(),
                                                    op) != k.more_anchors.end();
    const OpNumbers& n = r.analysis.numbers->of(op);
    const absl::string_view name = graph.str(graph.op(op).location.name);
    row(absl::StrCat("#", op.index), QualifiedType(graph, op),
        name.empty() ? Cell(Where(graph, op, true)) : Cell(name),
        graph.str(graph.op(op).location.module),
        anchor             ? Cell("anchor")
        : known == nullptr ? Cell("opaque")
                           : Cell(Name(known->role)),
        n, n.known);
  }
  if (k.ops.size() > 1) {
    row("", "total", "", "", "", r.analysis.numbers->Sum(k.ops), k.known);
    table.rows.back().ink = Ink::kHeading;
  }
  out->Add(std::move(table));
}

// "#k3 Conv+Relu", of the kernel that an op is in.
std::string KernelOf(const Partition& p, OpId op) {
  const int k = p.kernel_of[op.index];
  return k < 0 ? "" : absl::StrCat("#k", k, " ", p.kernels[k].name);
}

// "#12 Reshape (view)", of an op that is in none.
std::string Node(const Report& r, OpId op) {
  return absl::StrCat("#", op.index, " ", QualifiedType(*r.graph, op), " (",
                      Name(r.analysis.execution->exec[op.index]), ")");
}

void AddTensors(const Report& r, const Partition& p, int kernel, Document* out) {
  const Partition::KernelOps& k = p.kernels[kernel];
  Table table = {.key = "tensors",
                 .title = absl::StrCat("what it reads, writes and keeps inside",
                                       k.multiplicity == 1 ? "" : ", one execution"),
                 .columns = {{"kind", "kind"},
                             {"name", "tensor"},
                             {"type", "type"},
                             {"bytes", "bytes", Quantity::kBytes},
                             {"other_side", "from or to"}}};
  auto add = [&](const char* kind, ValueId v, double bytes, std::string other) {
    const bool known = r.analysis.numbers->value_bytes[v.index] >= 0;
    table.rows.push_back(
        {{kind, r.graph->name(v), ToString(r.analysis.shapes->type(v), *r.analysis.shapes->pool),
          known ? bytes : NAN, std::move(other)}});
  };
  for (size_t i = 0; i < k.reads.size(); ++i) {
    add(r.analysis.execution->is_weight(k.reads[i]) ? "weight" : "read", k.reads[i],
        k.read_bytes[i], WriterOf(r, k.reads[i], &p));
  }
  auto readers = [&](ValueId v) {
    std::vector<std::string> names;
    for (const Use& use : r.graph->uses(v)) {
      if (!use.op.has_value()) {
        names.emplace_back("a result");
        continue;
      }
      std::string name = KernelOf(p, use.op);
      if (name.empty()) name = Node(r, use.op);
      if (p.kernel_of[use.op.index] != kernel &&
          std::find(names.begin(), names.end(), name) == names.end()) {
        names.push_back(std::move(name));
      }
    }
    return absl::StrJoin(names, ", ");
  };
  for (size_t i = 0; i < k.writes.size(); ++i) {
    add("written", k.writes[i], k.write_bytes[i], readers(k.writes[i]));
  }
  for (OpId op : k.ops) {
    for (ValueId v : r.graph->outputs(op)) {
      if (!v.has_value() || std::find(k.writes.begin(), k.writes.end(), v) != k.writes.end()) {
        continue;
      }
      if (r.graph->uses(v).empty()) continue;
      add("inside", v, r.analysis.numbers->value_bytes[v.index], "");
    }
  }
  out->Add(std::move(table));
}

void AddEdges(const Report& r, const Partition& p, int kernel, Document* out) {
  Table table = {.key = "edges",
                 .title = "edges that stayed edges",
                 .columns = {{"from", "from"},
                             {"to", "to"},
                             {"tensor", "tensor"},
                             {"reason", "", Quantity::kText, true},
                             {"why", "why"}}};
  for (const Partition::Unfused& u : p.unfused) {
    const int from = p.kernel_of[u.from.index], to = p.kernel_of[u.to.index];
    if (from != kernel && to != kernel) continue;
    std::string why(u.reason);
    for (const ReasonRow& reason : UnfusedReasons()) {
      if (reason.name == u.reason) why = absl::StrCat(u.reason, ": ", reason.what);
    }
    table.rows.push_back(
        {{from == kernel ? "here" : KernelOf(p, u.from), to == kernel ? "here" : KernelOf(p, u.to),
          r.graph->name(u.value), u.reason, why}});
  }
  out->Add(std::move(table));
}

}  // namespace

std::string WriterOf(const Report& r, ValueId v, const Partition* kernels) {
  const Value& value = r.graph->value(v);
  if (value.def == Value::Def::kWeight) return "the file";
  if (value.def == Value::Def::kArg) {
    return value.region == Graph::kMain ? "the model's input" : "the body's argument";
  }
  if (kernels == nullptr) {
    return absl::StrCat("#", value.op.index, " ", QualifiedType(*r.graph, value.op));
  }
  if (r.analysis.execution->is_weight(v)) return "the file";
  const std::string kernel = KernelOf(*kernels, value.op);
  return kernel.empty() ? Node(r, value.op) : kernel;
}

void ExplainKernel(const Report& report, const Partition& partition, int kernel, Document* out) {
  const Partition::KernelOps& k = partition.kernels[kernel];
  AddPattern(partition, kernel, out);
  const OpNumbers sum = report.analysis.numbers->Sum(k.ops);
  Table numbers = NumbersTable("numbers", "numbers of a run");
  const double times = k.multiplicity;
  // Of an operator whose work is not known neither is its kernel's.
  auto known = [&](double value) { return k.known ? value : NAN; };
  auto add = [&](const char* name, double OpNumbers::*amount) {
    if (sum.*amount == 0) return;
    std::string filled;
    for (OpId op : k.ops) {
      const double part = report.analysis.numbers->of(op).*amount;
      if (part == 0) continue;
      absl::StrAppend(&filled, filled.empty() ? "" : " + ", StepText(part));
    }
    AddNumber({.name = name,
               .value = known(sum.*amount),
               .unit = "op",
               .formula = k.known ? "sum over its operators" : "not known of all its operators",
               .filled = k.known ? filled : ""},
              &numbers);
  };
  add("MACs", &OpNumbers::macs);
  if (k.known || sum.flops != 0) {
    add("FLOPs", &OpNumbers::flops);
  } else {
    AddNumber({.name = "FLOPs", .value = NAN, .unit = "op", .formula = "not known"}, &numbers);
  }
  add("transcendentals", &OpNumbers::transcendentals);
  add("integer operations", &OpNumbers::int_ops);
  add("comparisons", &OpNumbers::comparisons);
  auto bytes = [&](const char* name, double value, std::string formula) {
    if (times != 1) absl::StrAppend(&formula, ", as often as it runs");
    AddNumber(
        {.name = name,
         .value = known(value * times),
         .unit = "B",
         .formula = std::move(formula),
         .filled =
             k.known && times != 1 ? absl::StrCat(StepText(times), " * ", StepText(value)) : ""},
        &numbers);
  };
  bytes("bytes read", k.bytes_read, "external activations, each once");
  bytes("bytes of weights", k.bytes_weights, "weights, each once");
  bytes("bytes written", k.bytes_written, "results that something outside needs");
  AddNumber({.name = "bytes",
             .value = known(k.bytes_external() * times),
             .unit = "B",
             .formula = "the three together",
             .filled = k.known ? absl::StrCat(StepText(k.bytes_read * times), " + ",
                                              StepText(k.bytes_weights * times), " + ",
                                              StepText(k.bytes_written * times))
                               : ""},
            &numbers);
  bytes("bytes inside", k.bytes_internal, "tensors that never leave the kernel");
  out->Add(std::move(numbers));
  AddOps(report, k, out);
  AddTensors(report, partition, kernel, out);
  AddEdges(report, partition, kernel, out);
}

}  // namespace assay
