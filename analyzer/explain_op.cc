// One op explained: what it is, of what class and why, its tensors, and its numbers with the
// formulas that its rules make.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "analyzer/explain.h"
#include "analyzer/explain_steps.h"
#include "analyzer/report_blocks.h"
#include "ir/op_table.h"
#include "ir/work.h"
#include "passes/evaluate.h"
#include "passes/work.h"

namespace assay {
namespace {

constexpr size_t kListed = 16;  // elements of a list of attributes or contents

std::string DomainOf(const Graph& graph, OpId op) {
  const absl::string_view domain = graph.str(graph.op(op).domain);
  return domain.empty() ? "ai.onnx" : std::string(domain);
}

template <class List>
std::string ListText(const List& list) {
  std::string text = "[";
  for (size_t i = 0; i < list.size() && i < kListed; ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", list[i]);
  }
  return absl::StrCat(text, list.size() > kListed ? ", ..." : "", "]");
}

std::string AttrText(const Graph& graph, const Attr& a) {
  switch (a.kind) {
    case AttrKind::kInt:
      return absl::StrCat(a.i);
    case AttrKind::kFloat:
      return absl::StrCat(a.f);
    case AttrKind::kString:
      return absl::StrCat("\"", graph.str(a.s), "\"");
    case AttrKind::kInts:
      return ListText(a.ints);
    case AttrKind::kFloats:
      return ListText(a.floats);
    case AttrKind::kStrings: {
      std::vector<absl::string_view> strings;
      for (NameId s : a.strings) strings.push_back(graph.str(s));
      return ListText(strings);
    }
    case AttrKind::kTensor: {
      const Constant& c = graph.constant(ConstantId(static_cast<int32_t>(a.i)));
      return absl::StrCat("a tensor ", Name(c.dtype), ListText(c.dims));
    }
    case AttrKind::kRegion:
    case AttrKind::kRegions:
      return "a body";
    case AttrKind::kTensors:
      return "tensors";
    case AttrKind::kType:
      return "a type";
  }
  return "?";
}

std::string ContentsText(const TensorValue& value, DimPool& pool) {
  std::vector<std::string> elements;
  const int64_t n = value.splat ? 1 : static_cast<int64_t>(value.elems.size());
  for (int64_t i = 0; i < n && i <= static_cast<int64_t>(kListed); ++i) {
    const Elem& e = value.at(i);
    elements.push_back(e.unknown()                   ? "?"
                       : e.kind == Elem::Kind::kReal ? absl::StrCat(e.real)
                       : e.kind == Elem::Kind::kRatio
                           ? absl::StrCat(pool.ToString(e.num), "/", pool.ToString(e.den))
                           : pool.ToString(e.num));
  }
  return value.splat && value.size() != 1 ? absl::StrCat("all ", elements[0]) : ListText(elements);
}

// "f32[1, 3, 224, 224]"; "" when a size is not known there.
std::string TypeAt(const Type& type, const Shapes& shapes, const Point& point) {
  if (!type.is_tensor() || !type.ranked) return "";
  std::vector<std::string> sizes;
  for (Dim d : type.dims) {
    const absl::StatusOr<int64_t> n = shapes.pool->Evaluate(d, point);
    if (!n.ok()) return "";
    sizes.push_back(absl::StrCat(*n));
  }
  return absl::StrCat(Name(type.dtype), "[", absl::StrJoin(sizes, ", "), "]");
}

std::string ReadText(const Report& r, OpId op, const RuleReads& seen) {
  const Graph& graph = *r.graph;
  std::vector<std::string> parts;
  for (const std::string& name : seen.attributes) {
    parts.push_back(absl::StrCat(name, " = ", AttrText(graph, *graph.FindAttr(op, name))));
  }
  for (int i : seen.contents) {
    const ValueId v = graph.inputs(op)[i];
    const TensorValue* value = r.analysis.shapes->value(v);
    if (value == nullptr || value->elems.empty()) continue;
    parts.push_back(absl::StrCat("in", i, " `", graph.name(v), "` holds ",
                                 ContentsText(*value, *r.analysis.shapes->pool)));
  }
  return absl::StrJoin(parts, "; ");
}

void AddIdentity(const Report& r, OpId op, const WorkTrace& work, const ShapeTrace& shape,
                 Document* out) {
  const Graph& graph = *r.graph;
  const Op& o = graph.op(op);
  Facts facts{.key = "node"};
  auto add = [&](const char* key, const char* title, Cell value, std::string remark = "") {
    facts.Add(key, title, std::move(value), Quantity::kText, std::move(remark));
  };
  add("id", "", op.index);
  add("name", "name", graph.str(o.location.name));
  add("op_type", "operator", graph.str(o.type),
      absl::StrCat("of ", DomainOf(graph, op), ", opset ", o.opset));
  add("domain", "", DomainOf(graph, op));
  add("opset", "", o.opset);
  if (o.location.module.has_value()) add("module", "module", graph.str(o.location.module));
  if (o.location.scope.has_value()) add("function", "function", graph.str(o.location.scope));
  if (!graph.source().producer.empty()) {
    add("producer", "exported by", graph.source().producer, graph.source().producer_version);
  }
  if (r.analysis.execution != nullptr) {
    const std::string why = WhyClass(r, op);
    add("execution", "class", Name(r.analysis.execution->exec[op.index]), absl::StrCat("- ", why));
    add("why", "", why);
  }
  if (o.row != nullptr) {
    add("family", "family", Name(o.row->family), absl::StrCat("- in fusion: ", Name(o.row->role)));
    if (!o.row->formula.empty()) add("rule", "rule", o.row->formula);
    add("rule_source", "rule's source", o.row->source);
  } else {
    add("rule", "rule", "none: the operator is not known, and neither is its work",
        "- --op-file can declare it");
  }
  const std::string shapes_read = ReadText(r, op, shape.seen),
                    work_read = ReadText(r, op, work.seen);
  const bool same = shapes_read == work_read;
  if (!shapes_read.empty()) {
    add("shape_rule_reads", same ? "rules read" : "shape rule reads", shapes_read);
  }
  if (!work_read.empty()) add("work_rule_reads", same ? "" : "work rule reads", work_read);
  std::vector<std::string> rest;
  for (const Attr& a : graph.attrs(op)) {
    const std::string name(graph.str(a.name));
    const auto read = [&](const RuleReads& seen) {
      return std::find(seen.attributes.begin(), seen.attributes.end(), name) !=
             seen.attributes.end();
    };
    if (!read(shape.seen) && !read(work.seen)) {
      rest.push_back(absl::StrCat(name, " = ", AttrText(graph, a)));
    }
  }
  if (!rest.empty()) add("other_attributes", "other attributes", absl::StrJoin(rest, "; "));
  if (const Partition* p = FirstPartition(r); p != nullptr && p->kernel_of[op.index] >= 0) {
    const int k = p->kernel_of[op.index];
    add("kernel", "kernel", absl::StrCat("#k", k),
        absl::StrCat(p->kernels[k].name, ", pattern ", p->kernels[k].pattern, " of fusion ",
                     p->key.policy, "; --kernel explains it"));
  }
  out->Add(std::move(facts));
}

const Formula* Get(const std::optional<Formula>& formula) {
  return formula.has_value() ? &*formula : nullptr;
}

// "a + b + c" of what is not nothing.
std::string SumText(const std::vector<double>& terms) {
  std::vector<std::string> parts;
  for (double t : terms) {
    if (t != 0) parts.push_back(StepText(t));
  }
  return parts.size() > 1 ? absl::StrJoin(parts, " + ") : "";
}

struct Traffic {
  std::vector<double> in, weights, out;  // bytes of one execution, by operand
};

// The table of operands, and what their bytes come to.
Traffic AddTensors(const Report& r, OpId op, const WorkTrace& trace, Document* out) {
  const Graph& graph = *r.graph;
  const Analysis& a = r.analysis;
  const Shapes& shapes = *a.shapes;
  Table table{.key = "tensors",
              .title = "operands and results",
              .columns = {{"operand", ""},
                          {"name", ""},
                          {"kind", ""},
                          {"elements", "", Quantity::kExact, true},
                          {"bits", "", Quantity::kExact, true},
                          {"bytes", "", Quantity::kBytes},
                          {"type", ""},
                          {"type_at_point", "here"},
                          {"from", "from"},
                          {"formula", "moves"},
                          {"filled", "="}},
              .stacked_from = 6};
  Traffic traffic;
  const Work& work = a.works->of(op);
  auto add = [&](ValueId v, int i, bool result) {
    if (!v.has_value()) return;
    const Type& type = shapes.type(v);
    const bool weight = a.execution->is_weight(v);
    const absl::Span<const Dim> moved =
        result ? absl::MakeConstSpan(work.writes) : absl::MakeConstSpan(work.reads);
    const std::vector<std::optional<Formula>>& formulas = result ? trace.writes : trace.reads;
    const auto index = static_cast<size_t>(i);
    const bool counts = a.execution->runs(op) && index < moved.size();
    const double elements = counts ? ValueAt(shapes, *a.numbers, moved[index], NAN) : NAN;
    const int bits = Bits(type.dtype);  // (of a sequence: none, as in the totals)
    const double bytes = std::isnan(elements) ? NAN : BytesAt(elements, bits);
    std::string formula, filled;
    if (counts && index < formulas.size() && formulas[index].has_value() && elements > 0) {
      formula = absl::StrCat(formulas[index]->text, " elements of ", bits, " bits");
      filled = absl::StrCat(formulas[index]->filled, " * ", bits, "/8");
    }
    const std::string symbolic = ToString(type, *shapes.pool);
    const std::string here = TypeAt(type, shapes, a.numbers->point);
    table.rows.push_back(
        {{absl::StrCat(result ? "out" : "in", i), graph.name(v),
          result   ? "result"
          : weight ? "weight"
                   : "activation",
          counts ? Cell(elements) : Cell(), Cell(bits), counts ? Cell(bytes) : Cell(), symbolic,
          here == symbolic || here.empty() ? Cell() : Cell(here),
          result ? Cell() : Cell(WriterOf(r, v)), formula.empty() ? Cell() : Cell(formula),
          filled.empty() ? Cell() : Cell(filled)}});
    if (counts && !std::isnan(bytes)) {
      (result ? traffic.out : weight ? traffic.weights : traffic.in).push_back(bytes);
    }
  };
  const absl::Span<const ValueId> in = graph.inputs(op), results = graph.outputs(op);
  for (size_t i = 0; i < in.size(); ++i) add(in[i], static_cast<int>(i), false);
  for (size_t i = 0; i < results.size(); ++i) add(results[i], static_cast<int>(i), true);
  out->Add(std::move(table));
  const int64_t stored = NumbersInAttributes(graph, op).bytes;
  if (stored > 0 && a.execution->runs(op)) traffic.weights.push_back(static_cast<double>(stored));
  return traffic;
}

void AddShapes(const Report& r, OpId op, const ShapeTrace& trace, Document* out) {
  const Graph& graph = *r.graph;
  const Shapes& shapes = *r.analysis.shapes;
  Table table{.key = "shapes",
              .title = "where the results' sizes come from",
              .columns = {{"result", ""},
                          {"axis", ""},
                          {"size", "", Quantity::kExact},
                          {"formula", ""},
                          {"filled", "="},
                          {"symbolic", "for any size:"}},
              .stacked_from = 3};
  for (size_t i = 0; i < trace.results.size(); ++i) {
    const ValueId v = graph.outputs(op)[i];
    for (size_t axis = 0; axis < trace.results[i].size(); ++axis) {
      const ShapeTrace::Axis& a = trace.results[i][axis];
      const Dim size = shapes.type(v).dims[axis];
      const absl::StatusOr<int64_t> n = shapes.pool->Evaluate(size, r.analysis.numbers->point);
      const Formula* f = Get(a.formula);
      const std::string shown = n.ok() ? absl::StrCat(*n) : "?";
      const bool own = f != nullptr && f->filled == shown;
      table.rows.push_back({{absl::StrCat("out", i), a.name, n.ok() ? Cell(*n) : Cell(NAN),
                             f == nullptr       ? Cell("by the shape rule")
                             : f->text == shown ? Cell()
                                                : Cell(f->text),
                             f == nullptr || own ? Cell() : Cell(f->filled),
                             size.known() ? Cell() : Cell(shapes.pool->ToString(size))}});
    }
  }
  out->Add(std::move(table));
}

void AddNumbers(const Report& r, OpId op, const WorkTrace& trace, const Traffic& traffic,
                Document* out) {
  const Graph& graph = *r.graph;
  const Analysis& a = r.analysis;
  const OpNumbers& n = a.numbers->of(op);
  Table table = NumbersTable("numbers", "numbers of one execution");
  if (!a.execution->runs(op)) {
    AddNumber({.name = "work",
               .value = 0,
               .formula = absl::StrCat("none: the node does not run (",
                                       Name(a.execution->exec[op.index]), ")")},
              &table);
    out->Add(std::move(table));
    return;
  }
  const Work& work = a.works->of(op);
  const OpRow* row = graph.op(op).row;
  const std::string source =
      row == nullptr ? "" : absl::StrCat("the work rule of ", graph.str(graph.op(op).type));
  auto add = [&](const char* name, Dim amount, const Formula* f, bool always) {
    if (amount.is(0) && !always) return;
    const double value = ValueAt(*a.shapes, *a.numbers, amount, NAN);
    if (value == 0 && !always) return;
    AddNumber({.name = name,
               .value = value,
               .unit = "op",
               .formula = f != nullptr       ? f->text
                          : amount.unknown() ? "not known"
                                             : "",
               .filled = f != nullptr ? f->filled : "",
               .symbolic = amount.symbolic() ? a.shapes->pool->ToString(amount) : "",
               .source = source},
              &table);
  };
  add("MACs", work.macs, Get(trace.macs), false);
  add("FLOPs", work.flops, Get(trace.flops), true);
  add("transcendentals", work.transcendentals, Get(trace.transcendentals), false);
  add("integer operations", work.int_ops, Get(trace.int_ops), false);
  add("comparisons", work.comparisons, Get(trace.comparisons), false);
  if (work.nest.has_value()) {
    const Nest& nest = *work.nest;
    double product = 1;
    std::vector<std::string> parts;
    for (Dim d : {nest.batch, nest.groups, nest.m, nest.n, nest.k, nest.steps}) {
      const double size = ValueAt(*a.shapes, *a.numbers, d, NAN);
      product *= size;
      parts.push_back(Shown(size, Quantity::kExact));
    }
    const double macs = ValueAt(*a.shapes, *a.numbers, work.macs, NAN);
    AddNumber({.name = "loop nest",
               .value = product,
               .unit = "op",
               .formula = absl::StrCat(Name(nest.kind), ": batch * groups * M * N * K * steps, ",
                                       Name(nest.multiply), " into ", Name(nest.accumulate),
                                       product == macs ? "" : "; a mask leaves part of it out"),
               .filled = absl::StrJoin(parts, " * ")},
              &table);
  }
  auto bytes = [&](const char* name, const std::vector<double>& parts, absl::string_view what) {
    double sum = 0;
    for (double b : parts) sum += b;
    if (sum == 0) return;
    AddNumber({.name = name,
               .value = sum,
               .unit = "B",
               .formula = std::string(what),
               .filled = SumText(parts)},
              &table);
  };
  bytes("bytes read", traffic.in, "activations among the operands");
  bytes("bytes of weights", traffic.weights, "weights among the operands");
  bytes("bytes written", traffic.out, "results");
  const double times = n.multiplicity;
  if (n.known && times > 0) {
    const double all = n.bytes() / times;
    AddNumber(
        {.name = "bytes",
         .value = all,
         .unit = "B",
         .formula = "the three together",
         .filled = SumText({n.bytes_in / times, n.bytes_weights / times, n.bytes_out / times})},
        &table);
    if (all > 0 && n.flops > 0) {
      AddNumber({.name = "intensity",
                 .value = n.flops / n.bytes(),
                 .unit = "FLOP/B",
                 .quantity = Quantity::kRatio,
                 .formula = "FLOPs / bytes",
                 .filled = absl::StrCat(StepText(n.flops / times), " / ", StepText(all))},
                &table);
    }
  }
  const Dim multiplicity = a.execution->multiplicity[op.index];
  if (!multiplicity.is(1)) {
    std::vector<std::string> owners;
    for (OpId at = op;;) {
      const OpId owner = graph.region(graph.op(at).region).owner;
      if (!owner.has_value()) break;
      if (!a.shapes->trips[owner.index].is(1)) {
        owners.push_back(absl::StrCat("#", owner.index, " ", Place(graph, owner), " ",
                                      a.shapes->pool->ToString(a.shapes->trips[owner.index]),
                                      " times"));
      }
      at = owner;
    }
    AddNumber({.name = "executions",
               .value = times,
               .formula = absl::StrCat("trips of ", absl::StrJoin(owners, " and ")),
               .symbolic = multiplicity.symbolic() ? a.shapes->pool->ToString(multiplicity) : ""},
              &table);
    auto total = [&](const char* name, double value) {
      if (value == 0) return;
      AddNumber({.name = name,
                 .value = value,
                 .formula = "executions * that of one",
                 .filled = absl::StrCat(StepText(times), " * ", StepText(value / times))},
                &table);
    };
    total("MACs of a run", n.macs);
    total("FLOPs of a run", n.flops);
    total("bytes of a run", n.bytes());
  }
  out->Add(std::move(table));
}

}  // namespace

std::string WhyClass(const Report& report, OpId op) {
  const Graph& graph = *report.graph;
  const Execution& execution = *report.analysis.execution;
  const Op& o = graph.op(op);
  std::string constants;
  int listed = 0;
  for (ValueId v : graph.inputs(op)) {
    if (!v.has_value() || !execution.is_weight(v) || listed >= 3) continue;
    absl::StrAppend(&constants, listed++ == 0 ? "" : ", ", Shorten(Printable(graph.name(v)), 32));
  }
  switch (execution.exec[op.index]) {
    case Exec::kRuns:
      if (o.row == nullptr) return "nothing is known of the operator, so that it has to run";
      if (IsHeavy(o.row->role)) return "a contraction of what is only known when the model runs";
      return "it depends on the model's inputs, its results are needed, and it is no view";
    case Exec::kFolded:
      return absl::StrCat("it depends on constants alone",
                          constants.empty() ? "" : absl::StrCat(" (", constants, ")"),
                          ": its result is a weight");
    case Exec::kShape:
      return "arithmetic on sizes: its results are few and known beforehand, or wanted only as "
             "sizes";
    case Exec::kView:
      if (o.row != nullptr && o.row->role == Role::kView) {
        return "the operator renames a buffer and moves nothing";
      }
      return "here it moves nothing: its result holds the same elements in the same places";
    case Exec::kDead: {
      for (OpId at = op;;) {
        const OpId owner = graph.region(graph.op(at).region).owner;
        if (!owner.has_value()) break;
        const int8_t branch = execution.branch[owner.index];
        if (branch >= 0) {
          const absl::string_view held = graph.str(graph.region(graph.op(at).region).name);
          if (held != (branch == 1 ? "else_branch" : "then_branch")) {
            return absl::StrCat("it stands in a branch of ", Place(graph, owner),
                                " that is not taken");
          }
        }
        at = owner;
      }
      return "nothing that runs needs its results";
    }
  }
  return "?";
}

void ExplainOp(const Report& report, OpId op, Document* out) {
  const Analysis& a = report.analysis;
  const Graph& graph = *report.graph;
  const ShapeTrace shape = TraceShapes(graph, *a.shapes, a.numbers->point, op);
  const WorkTrace work =
      a.execution->runs(op) ? TraceWork(graph, *a.shapes, a.numbers->point, op) : WorkTrace();
  AddIdentity(report, op, work, shape, out);
  Document tensors;
  const Traffic traffic = AddTensors(report, op, work, &tensors);
  AddNumbers(report, op, work, traffic, out);
  for (Block& block : tensors.blocks) out->Add(std::move(block));
  AddShapes(report, op, shape, out);
}

}  // namespace assay
