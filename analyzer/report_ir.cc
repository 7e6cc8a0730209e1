#include "analyzer/report_ir.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "ir/text.h"
#include "ir/type.h"

namespace assay {
namespace {

void AppendWork(const DimPool& pool, const Work& work, std::string* out) {
  auto add = [&](absl::string_view name, Dim d) {
    if (!d.is(0)) absl::StrAppend(out, " ", name, "=", pool.ToString(d));
  };
  add("macs", work.macs);
  add("flops", work.flops);
  add("transcendentals", work.transcendentals);
  add("int_ops", work.int_ops);
  add("comparisons", work.comparisons);
}

std::string Note(const Report& r, OpId op) {
  const Analysis& a = r.analysis;
  if (a.execution == nullptr) return "";
  const DimPool& pool = *a.shapes->pool;
  std::string note(Name(a.execution->exec[op.index]));
  Dim times = a.execution->multiplicity[op.index];
  if (!times.is(1)) absl::StrAppend(&note, " x ", pool.ToString(times));
  if (a.works != nullptr && a.execution->runs(op)) {
    if (a.works->is_unknown(op)) {
      absl::StrAppend(&note, " work=?");
    } else {
      AppendWork(pool, a.works->of(op), &note);
    }
  }
  if (r.partition != nullptr && r.partition->kernel_of[op.index] >= 0) {
    absl::StrAppend(&note, " kernel=", r.partition->kernel_of[op.index]);
  }
  return note;
}

std::string Footer(const Report& r) {
  const Analysis& a = r.analysis;
  std::string text;
  for (const SymbolInfo& s : a.shapes->pool->symbols()) {
    absl::StrAppend(&text, "symbol ", s.name, ": ", s.origin);
    if (!s.definition.unknown()) {
      absl::StrAppend(&text, ", is ", a.shapes->pool->ToString(s.definition));
    } else {
      absl::StrAppend(&text, ", at least ", s.bounds.low);
      if (s.bounds.high != Bounds::kNoBound) absl::StrAppend(&text, ", at most ", s.bounds.high);
    }
    text += '\n';
  }
  for (const Assumption& assumption : a.assumptions()) {
    absl::StrAppend(&text, "assumed: ");
    if (assumption.op.has_value()) absl::StrAppend(&text, r.graph->Describe(assumption.op), ": ");
    absl::StrAppend(&text, assumption.text, "\n");
  }
  if (!text.empty()) text.pop_back();  // lines are divided, not ended
  return text;
}

}  // namespace

std::string PrintIr(const Report& report) {
  PrintOptions options;
  if (const Shapes* shapes = report.analysis.shapes.get()) {
    options.type_of = [shapes](ValueId v) {
      const Type& type = shapes->type(v);
      return type.kind == TypeKind::kUnknown ? "?" : ToString(type, *shapes->pool);
    };
    options.note = [&report](OpId op) { return Note(report, op); };
    options.footer = Footer(report);
  }
  return PrintGraph(*report.graph, options);
}

}  // namespace assay
