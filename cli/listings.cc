// `ops`, `passes` and `patterns`: the tables of the program itself.
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "analyzer/op_example.h"
#include "analyzer/text_table.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "hw/custom_ops.h"
#include "ir/op_table.h"
#include "ir/suggest.h"
#include "passes/fusion_guards.h"
#include "passes/pass_manager.h"
#include "passes/pattern.h"
#include "passes/spelling.h"

namespace assay {
namespace {

absl::string_view DomainOf(const OpRow& row) { return row.domain.empty() ? "ai.onnx" : row.domain; }

// What the work rule counts, in words.
std::string Counted(const OpRow& row) {
  if (row.work != nullptr) return "by a rule of its own";
  std::vector<std::string> parts;
  const PerElement& per = row.per_element;
  if (per.flops != 0) parts.push_back(absl::StrCat(per.flops, " FLOPs"));
  if (per.transcendentals != 0) {
    parts.push_back(absl::StrCat(per.transcendentals, " transcendentals"));
  }
  if (per.comparisons != 0) parts.push_back(absl::StrCat(per.comparisons, " comparisons"));
  if (parts.empty()) return row.role == Role::kView ? "nothing" : "bytes moved only";
  return absl::StrCat(absl::StrJoin(parts, ", "), " per element of the ",
                      row.per == PerElementOf::kInput ? "first operand" : "first result");
}

void Describe(const OpRow& row, const OpTable& table, const TextStyle& style, std::string* out) {
  FactList facts;
  facts.Add("operator", std::string(row.name), Ink::kHeading);
  facts.Add("domain", std::string(DomainOf(row)));
  facts.Add("versions", std::string(row.versions));
  facts.Add("family", std::string(Name(row.family)));
  facts.Add("role", std::string(Name(row.role)));
  facts.Add("work", Counted(row));
  if (!row.formula.empty()) facts.Add("formula", std::string(row.formula));
  if (row.domain == "ai.onnx.ml") {
    facts.Add("weights", "float lists and tensors among the attributes, each read once per run");
  }
  facts.Add("shape", row.shape == nullptr ? "not inferred" : "inferred");
  facts.Add("contents", row.value == nullptr ? "not followed" : "followed where small");
  if (row.inplace >= 0) {
    facts.Add("in place", absl::StrCat("the result may take over operand ", row.inplace));
  }
  if (row.random) facts.Add("random", "a new result at every run: never folded");
  facts.Add("source", std::string(row.source));
  const absl::StatusOr<std::optional<OpExample>> example = ExampleOf(row, table);
  if (example.ok() && example->has_value()) {
    facts.Add("example", (*example)->call);
    facts.Add("", (*example)->result);
  }
  facts.Print(style, 0, out);
}

// One pattern in full: what its words mean, and which policies have it.
void Describe(const PatternRow& row, const TextStyle& style, std::string* out) {
  FactList facts;
  facts.Add("pattern", std::string(row.name), Ink::kHeading);
  facts.Add("what", std::string(row.what));
  facts.Add("starts at", std::string(row.start));
  if (const GuardRow* guard = FindGuard(row.guard); guard != nullptr) {
    facts.Add("only if", std::string(guard->what));
  }
  for (auto [key, names] : {std::pair("in front", row.front), std::pair("behind", row.steps)}) {
    for (absl::string_view name : absl::StrSplit(names, ' ', absl::SkipEmpty())) {
      const StepRow* step = FindStep(name);
      if (step == nullptr) continue;
      const GuardRow* guard = FindGuard(step->guard);
      facts.Add(key, absl::StrCat(name, ": ", step->what, " (", step->ops, ")",
                                  guard == nullptr ? "" : "; only if ",
                                  guard == nullptr ? absl::string_view() : guard->what));
    }
  }
  if (!row.must.empty()) facts.Add("must have", std::string(row.must));
  if (!row.example.empty()) facts.Add("for example", std::string(row.example));
  std::vector<absl::string_view> users;
  for (const FusionPolicyRow& policy : FusionPolicies()) {
    for (absl::string_view name : absl::StrSplit(policy.patterns, ' ', absl::SkipEmpty())) {
      if (name == row.name) users.push_back(policy.name);
    }
  }
  facts.Add("policies", absl::StrJoin(users, ", "));
  facts.Print(style, 0, out);
}

}  // namespace

ExitCode RunOps(const Request& request, Io& io) {
  absl::StatusOr<std::shared_ptr<const CustomOps>> custom =
      CustomOps::Load(request.analyze.op_files);
  if (!custom.ok()) {
    SayError(custom.status(), io);
    return kUsage;
  }
  const OpTable& ops = (*custom)->table();
  const TextStyle& style = request.report.style;
  std::string out;
  if (request.args.empty()) {
    // One operator per line, however long, where it is for searching in.
    TextStyle wide = style;
    if (io.terminal_width() == 0) wide.width = std::numeric_limits<int>::max();
    TextTable table({{"operator"},
                     {"domain"},
                     {"versions"},
                     {"family"},
                     {"role"},
                     {"work", Align::kLeft, true}});
    for (const OpRow* row : ops.rows()) {
      table.Add({std::string(row->name), std::string(DomainOf(*row)), std::string(row->versions),
                 std::string(Name(row->family)), std::string(Name(row->role)),
                 row->formula.empty() ? Counted(*row) : std::string(row->formula)});
    }
    table.Print(wide, 0, &out);
    absl::StrAppend(&out, ops.rows().size(), " operators\n");
    return Print(request, std::move(out), io);
  }
  // "Gelu" means it in every domain, "com.microsoft.Gelu" in one.
  const std::string& wanted = request.args[0];
  std::vector<absl::string_view> names;
  for (const OpRow* row : ops.rows()) {
    names.push_back(row->name);
    if (row->name != wanted && absl::StrCat(DomainOf(*row), ".", row->name) != wanted) continue;
    if (!out.empty()) out += '\n';
    Describe(*row, ops, style, &out);
  }
  if (out.empty()) {
    SayError(absl::StrCat("unknown operator `", wanted, "`", DidYouMean(wanted, names),
                          "; `assay ops` lists all"),
             io);
    return kUsage;
  }
  return Print(request, std::move(out), io);
}

ExitCode RunPassList(const Request& request, Io& io) {
  FactList passes;
  for (const PassRow& row : Passes()) {
    std::vector<absl::string_view> needs;
    for (int f = 0; f < kNumFacts; ++f) {
      if (row.needs.has(static_cast<Fact>(f))) needs.push_back(Name(static_cast<Fact>(f)));
    }
    std::string makes = absl::StrCat("makes ", Name(row.makes));
    if (!needs.empty()) absl::StrAppend(&makes, " from ", absl::StrJoin(needs, ", "));
    passes.Add(std::string(row.name), absl::StrCat(row.summary, "; ", makes));
  }
  std::string out;
  passes.Print(request.report.style, 0, &out);
  return Print(request, std::move(out), io);
}

ExitCode RunPatterns(const Request& request, Io& io) {
  const TextStyle& style = request.report.style;
  std::string out;
  if (!request.args.empty()) {
    const std::string& wanted = request.args[0];
    const PatternRow* row = FindPattern(wanted);
    if (row == nullptr) {
      std::vector<absl::string_view> names;
      for (const PatternRow& known : FusionPatterns()) names.push_back(known.name);
      SayError(absl::StrCat("unknown pattern `", wanted, "`", DidYouMean(wanted, names),
                            "; `assay patterns` lists all"),
               io);
      return kUsage;
    }
    Describe(*row, style, &out);
    return Print(request, std::move(out), io);
  }
  FactList patterns, policies, spellings;
  for (const PatternRow& row : FusionPatterns()) {
    patterns.Add(std::string(row.name),
                 absl::StrCat(row.what, row.example.empty() ? "" : "; for example ", row.example));
  }
  patterns.Print(style, 0, &out);
  absl::StrAppend(
      &out, "\n",
      Wrap("policies (--fuse), with their patterns in order of preference", style.width, 2), "\n");
  for (const FusionPolicyRow& row : FusionPolicies()) {
    policies.Add(std::string(row.name),
                 absl::StrCat(row.what, row.patterns.empty() ? "" : "; ", row.patterns));
  }
  policies.Print(style, 0, &out);
  absl::StrAppend(&out, "\n",
                  Wrap("functions that exporters spell in several operators: c is a constant, ? "
                       "may be missing",
                       style.width, 2),
                  "\n");
  for (const SpellingRow& row : Spellings()) {
    spellings.Add(std::string(row.name), std::string(row.expression));
  }
  spellings.Print(style, 0, &out);
  return Print(request, std::move(out), io);
}

}  // namespace assay
