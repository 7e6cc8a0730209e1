#include "analyzer/fitness.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "analyzer/units.h"
#include "hw/target.h"
#include "ir/paths.h"

namespace assay {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Of one model, so many FAILs get their changes: finding them takes as long as many estimates.
constexpr size_t kMostChanges = 5;
// So many machines get all their assumptions listed.
constexpr size_t kMostAssumed = 3;
constexpr size_t kMostSkipped = 10;
constexpr size_t kMostReasons = 12;

// What is not known is an empty cell for people and null for programs.
Cell Known(double value) { return std::isnan(value) ? Cell() : Cell(value); }
Cell Known(double value, Quantity quantity) {
  return std::isnan(value) ? Cell() : Cell::Of(value, quantity);
}

void AddOnce(const std::string& text, std::vector<std::string>* out) {
  if (!absl::c_linear_search(*out, text)) out->push_back(text);
}

}  // namespace

Fitness::Fitness(const FitOptions& options, const ReportOptions& report_options,
                 Requirements requirements, const Expectations* expectations,
                 std::vector<std::string> only_expected)
    : options_(options),
      requirements_(std::move(requirements)),
      expectations_(expectations),
      only_expected_(std::move(only_expected)),
      modules_(report_options.by, report_options.depth) {}

void Fitness::Add(const Report& report) {
  ++models_;
  const Analysis& analysis = report.analysis;
  struct Failed {
    size_t cell;
    const ModelEstimate* estimate;
    Limits limits;
    double margin;
  };
  std::vector<Failed> failed;
  for (const auto& estimate : analysis.estimates) {
    const ModelEstimate& e = *estimate;
    const Platform& platform = *e.platform;
    if (absl::c_linear_search(only_expected_, platform.target->name)) continue;
    Limits limits = requirements_.For(report.file, platform.target->name);
    limits.Override(options_.limits);
    Judged& cell = cells_.emplace_back();
    cell.model = ShownFile(report.file);
    cell.target = NameOf(platform);
    cell.runtime = platform.runtime->name;
    cell.precision = std::string(platform.precision->name);
    cell.calibration = platform.calibration_label;
    cell.assessment = Assess(e, *analysis.partitions[static_cast<size_t>(e.partition)], limits);
    for (const LimitRow& row : LimitRows()) {
      cell.amounts[static_cast<size_t>(row.kind)] = AmountOf(row.kind, e, limits);
    }
    cell.latency_low_s = e.latency_low_s;
    cell.latency_high_s = e.latency_high_s;
    if (modules_.asked()) modules_.Add(report, SecondsByOp(report, e));
    if (platform.calibration == nullptr) AddOnce(cell.target, &uncalibrated_);
    for (const std::string& text : e.assumptions) {
      AddOnce(absl::StrCat(cell.target, ": ", text), &assumptions_);
    }
    if (!e.power_w.has_value() && platform.target->design_power) {
      AddOnce(cell.target, &at_design_power_);
    }
    if (cell.assessment.verdict == Verdict::kFail) {
      const LimitResult* binding = cell.assessment.binding();
      failed.push_back({cells_.size() - 1, &e, limits, binding == nullptr ? 0 : binding->margin});
    }
  }
  for (const Assumption& assumption : analysis.assumptions()) {
    if (!assumption.op.has_value()) AddOnce(assumption.text, &assumptions_);
  }
  std::stable_sort(failed.begin(), failed.end(),
                   [](const Failed& a, const Failed& b) { return a.margin > b.margin; });
  for (size_t i = 0; i < failed.size(); ++i) {
    Judged& cell = cells_[failed[i].cell];
    cell.changes_left_out = i >= kMostChanges;
    if (!cell.changes_left_out) {
      cell.changes = FindChanges(analysis, *failed[i].estimate, failed[i].limits);
    }
  }
  if (expectations_ != nullptr) {
    for (ExpectationResult& r : CheckExpectations(report, *expectations_)) {
      expected_.push_back(std::move(r));
    }
  }
}

void Fitness::Failed(const std::string& file, std::string message) {
  failed_.emplace_back(ShownFile(file), std::move(message));
}

bool Fitness::broken() const {
  return absl::c_any_of(cells_,
                        [&](const Judged& cell) {
                          const Verdict verdict = cell.assessment.verdict;
                          return verdict == Verdict::kFail ||
                                 (options_.strict && verdict == Verdict::kPartial);
                        }) ||
         absl::c_any_of(expected_, [](const ExpectationResult& r) { return !r.met; });
}

void Fitness::NameCells() {
  struct Of {
    absl::flat_hash_set<absl::string_view> runtimes, precisions;
  };
  absl::flat_hash_map<absl::string_view, Of> targets;
  absl::flat_hash_map<absl::string_view, absl::flat_hash_set<absl::string_view>> models;
  for (const Judged& cell : cells_) {
    targets[cell.target].runtimes.insert(cell.runtime);
    targets[cell.target].precisions.insert(cell.precision);
    models[FileName(cell.model)].insert(cell.model);
  }
  for (Judged& cell : cells_) {
    const Of& of = targets[cell.target];
    cell.label =
        absl::StrCat(cell.target, of.runtimes.size() > 1 ? absl::StrCat(" ", cell.runtime) : "",
                     of.precisions.size() > 1 ? absl::StrCat(" ", cell.precision) : "");
    absl::string_view name = FileName(cell.model);
    if (models[name].size() > 1) {
      name = cell.model;
    } else {
      absl::ConsumeSuffix(&name, ".onnx");
    }
    cell.short_name = std::string(name);
  }
}

std::string Fitness::Summary() const {
  int of[3] = {};
  for (const Judged& cell : cells_) ++of[static_cast<int>(cell.assessment.verdict)];
  std::vector<std::string> parts;
  if (!cells_.empty()) {
    parts.push_back(absl::StrCat(of[0], " PASS, ", of[1], " PARTIAL, ", of[2], " FAIL"));
  }
  if (expectations_ != nullptr) {
    const auto met = absl::c_count_if(expected_, [](const auto& r) { return r.met; });
    parts.push_back(absl::StrCat(met, " of ", expected_.size(), " expectations met"));
  }
  return absl::StrCat(Plural(models_, "model"), ": ", absl::StrJoin(parts, "; "));
}

Facts Fitness::LimitFacts() const {
  Facts facts{.key = "limits"};
  Limits limits = requirements_.all;
  limits.Override(options_.limits);
  if (!options_.requirements.empty()) {
    facts.figures.push_back({"file", "requirements", options_.requirements, Quantity::kText,
                             requirements_.targets.empty() && requirements_.models.empty()
                                 ? ""
                                 : "(others for some models or targets)"});
  }
  for (const LimitRow& row : LimitRows()) {
    if (const std::optional<double>& allowed = limits.of(row.kind)) {
      facts.figures.push_back(
          {std::string(row.key), absl::StrCat(row.title, row.at_least ? ", at least" : ", at most"),
           *allowed, row.quantity, row.kind == LimitKind::kEnergy ? "per sample" : ""});
    }
  }
  if (limits.lifetime_s.has_value()) {
    facts.figures.push_back({"lifetime_years", "price of the machine",
                             *limits.lifetime_s / (365.25 * 86400), Quantity::kRatio,
                             "years of never being idle"});
  }
  if (limits.dollars_per_kwh.has_value()) {
    facts.figures.push_back({"price_per_kwh_usd", "price of energy", *limits.dollars_per_kwh,
                             Quantity::kDollars, "per kWh, of the machine alone"});
  }
  if (limits.require_operators.value_or(false)) {
    facts.figures.push_back(
        {"require_operators", "operators", true, Quantity::kText, "(all must run on the target)"});
  }
  return facts;
}

void Fitness::AddNames(const Judged& judged, TableRow* row) const {
  row->cells = {judged.model, judged.short_name, judged.label};
}
std::vector<Column> Fitness::NameColumns(bool always) const {
  const bool one_target =
      absl::c_all_of(cells_, [&](const Judged& j) { return j.label == cells_[0].label; });
  return {{"file", "file", Quantity::kText, true},
          {"model", "model", Quantity::kText, !always && models_ < 2},
          {"target", "target", Quantity::kText, !always && one_target}};
}

// Of several machines, from the best to the worst; else as they came.
std::vector<const Fitness::Judged*> Fitness::InOrder() const {
  std::vector<const Judged*> order;
  for (const Judged& judged : cells_) order.push_back(&judged);
  if (models_ == 1) {
    absl::c_stable_sort(order, [](const Judged* a, const Judged* b) { return Before(*a, *b); });
  }
  return order;
}

bool Fitness::Before(const Judged& a, const Judged& b) {
  const auto key = [](const Judged& j) {
    const LimitResult* binding = j.assessment.binding();
    return std::tuple(static_cast<int>(j.assessment.verdict),
                      binding == nullptr ? 0 : -binding->margin, j.amounts[0]);
  };
  return key(a) < key(b);
}

Table Fitness::Verdicts() const {
  std::array<bool, kNumLimits> limited = {};
  bool any = false;
  for (const Judged& cell : cells_) {
    for (const LimitResult& limit : cell.assessment.limits) {
      if (limit.row == nullptr) continue;
      limited[static_cast<size_t>(limit.row->kind)] = any = true;
    }
  }
  Table table{.key = "verdicts"};
  if (models_ == 1 && cells_.size() > 1) table.title = "best first";
  table.columns = NameColumns(/*always=*/true);
  const std::vector<Column> more = {{"runtime", "runtime", Quantity::kText, true},
                                    {"precision", "precision", Quantity::kText, true},
                                    {"calibration", "calibration", Quantity::kText, true},
                                    {"verdict", "verdict"},
                                    {"binding", "binding"},
                                    {"margin", "margin", Quantity::kShare}};
  table.columns.insert(table.columns.end(), more.begin(), more.end());
  for (const LimitRow& row : LimitRows()) {
    // Without a limit, what most want to see.
    const bool shown = any ? limited[static_cast<size_t>(row.kind)]
                           : row.kind == LimitKind::kLatency || row.kind == LimitKind::kMemory;
    table.columns.push_back({std::string(row.field), std::string(row.title), row.quantity, !shown});
  }
  table.columns.push_back({"latency_low_s", "latency from", Quantity::kSeconds, true});
  table.columns.push_back({"latency_high_s", "latency up to", Quantity::kSeconds, true});
  table.columns.push_back({"why", "why", Quantity::kText, true});
  for (const Judged* cell : InOrder()) {
    const LimitResult* binding = cell->assessment.binding();
    TableRow row;
    AddNames(*cell, &row);
    const std::vector<Cell> then = {cell->runtime,
                                    cell->precision,
                                    cell->calibration,
                                    Name(cell->assessment.verdict),
                                    binding == nullptr ? Cell() : Cell(binding->title()),
                                    Known(binding == nullptr ? kNaN : binding->margin)};
    row.cells.insert(row.cells.end(), then.begin(), then.end());
    for (const LimitRow& limit : LimitRows()) {
      row.cells.push_back(Known(cell->amounts[static_cast<size_t>(limit.kind)]));
    }
    row.cells.emplace_back(cell->latency_low_s);
    row.cells.emplace_back(cell->latency_high_s);
    row.cells.emplace_back(absl::StrJoin(cell->assessment.why, "; "));
    table.rows.push_back(std::move(row));
  }
  for (const auto& [file, message] : failed_) {
    TableRow row;
    row.cells.resize(table.columns.size());
    row.cells[0] = file;
    row.cells[1] = file;
    row.cells[6] = "ERROR";
    row.cells.back() = message;
    table.rows.push_back(std::move(row));
  }
  return table;
}

// Why they are no PASS, in words.
Notes Fitness::Reasons() const {
  Notes notes{.key = "reasons", .title = "why"};
  size_t more = 0;
  for (const Judged* cell : InOrder()) {
    const std::vector<std::string>& why = cell->assessment.why;
    if (why.empty()) continue;
    if (notes.notes.size() == kMostReasons) {
      ++more;
      continue;
    }
    notes.notes.push_back(
        absl::StrCat(models_ > 1 ? cell->short_name : "", models_ > 1 ? " on " : "", cell->label,
                     ": ", Name(cell->assessment.verdict), ", ", absl::StrJoin(why, "; ")));
  }
  if (more > 0)
    notes.notes.push_back(absl::StrCat("and ", more, " more; --format csv has them all"));
  return notes;
}

// Limit by limit; for people where there is only one model on one machine.
Table Fitness::Margins() const {
  const bool detail = cells_.size() > 1;
  Table table{.key = "margins", .title = "each limit"};
  table.columns = {{"file", "file", Quantity::kText, true},
                   {"model", "model", Quantity::kText, true},
                   {"target", "target", Quantity::kText, true},
                   {"limit", "limit", Quantity::kText, detail},
                   {"allowed", "allowed", Quantity::kRatio, detail},
                   {"value", "estimate", Quantity::kRatio, detail},
                   {"slow", "slow end", Quantity::kRatio, detail},
                   {"margin", "margin", Quantity::kShare, detail},
                   {"verdict", "verdict", Quantity::kText, detail}};
  for (const Judged& cell : cells_) {
    for (const LimitResult& limit : cell.assessment.limits) {
      const Quantity q = limit.row == nullptr ? Quantity::kBytes : limit.row->quantity;
      TableRow row;
      AddNames(cell, &row);
      const std::vector<Cell> then = {limit.title(),         Known(limit.allowed, q),
                                      Known(limit.value, q), Known(limit.slow, q),
                                      Known(limit.margin),   Name(limit.verdict)};
      row.cells.insert(row.cells.end(), then.begin(), then.end());
      table.rows.push_back(std::move(row));
    }
  }
  return table;
}

Table Fitness::Changes() const {
  Table table{.key = "changes", .title = "any one of these would do"};
  table.columns = NameColumns(/*always=*/false);
  std::vector<const Judged*> of;
  for (const Judged& cell : cells_) {
    if (!cell.changes.empty()) of.push_back(&cell);
  }
  if (of.size() == 1) {
    absl::StrAppend(&table.title, ": ", of[0]->short_name, " on ", of[0]->label);
    for (Column& column : table.columns) column.detail = true;
  }
  const std::vector<Column> more = {{"change", "change"},
                                    {"from", "from", Quantity::kRatio},
                                    {"to", "to", Quantity::kRatio},
                                    {"factor", "factor", Quantity::kFactor},
                                    {"verdict", "then"},
                                    {"then", "with"}};
  table.columns.insert(table.columns.end(), more.begin(), more.end());
  for (const Judged& cell : cells_) {
    for (const Change& change : cell.changes) {
      if (change.verdict == Verdict::kFail) continue;
      TableRow row;
      AddNames(cell, &row);
      const std::vector<Cell> then = {change.what,
                                      Known(change.from, change.quantity),
                                      Known(change.to, change.quantity),
                                      change.factor > 0 ? Cell(change.factor) : Cell(),
                                      Name(change.verdict),
                                      change.then};
      row.cells.insert(row.cells.end(), then.begin(), then.end());
      table.rows.push_back(std::move(row));
    }
  }
  return table;
}

// What no factor mends by itself.
Notes Fitness::NotEnough() const {
  Notes notes{.key = "not_enough", .title = "not enough alone, at any factor from 1/1024 to 1024"};
  for (const Judged& cell : cells_) {
    std::vector<std::string> none;
    for (const Change& change : cell.changes) {
      if (change.verdict == Verdict::kFail) none.push_back(change.what);
    }
    if (none.empty()) continue;
    notes.notes.push_back(absl::StrCat(models_ > 1 ? cell.short_name : "",
                                       models_ > 1 ? " on " : "", cell.label, ": ",
                                       absl::StrJoin(none, ", ")));
  }
  return notes;
}

Table Fitness::Unsupported() const {
  Table table{.key = "unsupported", .title = "what targets lack"};
  table.columns = NameColumns(/*always=*/false);
  const std::vector<Column> more = {{"what", "what"},
                                    {"count", "count", Quantity::kExact},
                                    {"mac_share", "MACs", Quantity::kShare},
                                    {"time_share", "time", Quantity::kShare}};
  table.columns.insert(table.columns.end(), more.begin(), more.end());
  for (const Judged& cell : cells_) {
    for (const Lacking& lacking : cell.assessment.lacking) {
      TableRow row;
      AddNames(cell, &row);
      const std::vector<Cell> then = {lacking.what, lacking.count, Known(lacking.mac_share),
                                      Known(lacking.time_share)};
      row.cells.insert(row.cells.end(), then.begin(), then.end());
      table.rows.push_back(std::move(row));
    }
  }
  return table;
}

// By the model that each does worst. (Of one model, the verdicts are in this order already.)
Table Fitness::Ranking() const {
  std::vector<Ranked> ranks;
  for (const Judged& cell : cells_) {
    const std::string label = cell.label;
    auto it = absl::c_find_if(ranks, [&](const Ranked& r) { return r.target == label; });
    if (it == ranks.end()) it = ranks.insert(ranks.end(), Ranked{.target = label});
    const Verdict verdict = cell.assessment.verdict;
    ++(verdict == Verdict::kPass      ? it->pass
       : verdict == Verdict::kPartial ? it->partial
                                      : it->fail);
    if (it->worst == nullptr || Before(*it->worst, cell)) it->worst = &cell;
  }
  const bool detail = models_ < 2;
  Table table{.key = "ranking", .title = "targets, best first"};
  table.columns = {
      {"rank", "", Quantity::kExact, detail},      {"target", "target", Quantity::kText, detail},
      {"pass", "PASS", Quantity::kExact, detail},  {"partial", "PARTIAL", Quantity::kExact, detail},
      {"fail", "FAIL", Quantity::kExact, detail},  {"margin", "margin", Quantity::kShare, true},
      {"model", "worst", Quantity::kText, detail}, {"reason", "there", Quantity::kText, detail}};
  if (ranks.size() < 2) return table;
  absl::c_stable_sort(ranks, [](const Ranked& a, const Ranked& b) {
    if (std::pair(a.fail, a.partial) != std::pair(b.fail, b.partial)) {
      return std::pair(a.fail, a.partial) < std::pair(b.fail, b.partial);
    }
    return Before(*a.worst, *b.worst);
  });
  for (const Ranked& r : ranks) {
    const Assessment& a = r.worst->assessment;
    const LimitResult* binding = a.binding();
    std::string reason = a.why.empty() ? "" : a.why.front();
    if (binding != nullptr && reason.empty()) {
      reason = absl::StrCat(Shown(binding->margin, Quantity::kShare), " of the ", binding->title(),
                            " left");
    }
    TableRow row;
    row.cells = {static_cast<int64_t>(table.rows.size() + 1),
                 r.target,
                 r.pass,
                 r.partial,
                 r.fail,
                 binding == nullptr ? Cell() : Known(binding->margin),
                 r.worst->short_name,
                 reason};
    table.rows.push_back(std::move(row));
  }
  return table;
}

// A column per row of the verdicts, in their order.
Table Fitness::Modules() const {
  std::vector<GroupTable::Shown> shown;
  for (const Judged* cell : InOrder()) {
    shown.push_back(
        {models_ > 1 ? absl::StrCat(cell->short_name, " on ", cell->label) : cell->label,
         static_cast<size_t>(cell - cells_.data())});
  }
  return modules_.AsTable(shown, /*seconds=*/true);
}

Notes Fitness::MakeNotes() const {
  Notes notes{.title = "notes"};
  int left_out = 0;
  bool partial = false;
  for (const Judged& cell : cells_) {
    left_out += cell.changes_left_out;
    partial |= cell.assessment.verdict == Verdict::kPartial;
  }
  if (partial) {
    notes.notes.emplace_back(
        "PARTIAL: no estimate breaks a limit, but the slow end of its interval does, a number is "
        "not known, or the target lacks something");
  }
  if (left_out > 0) {
    notes.notes.push_back(absl::StrCat("changes were looked for on the ", kMostChanges,
                                       " targets nearest to their limits; ", left_out,
                                       " other FAILs have none: name fewer targets"));
  }
  std::vector<std::string> targets;
  for (const Judged& cell : cells_) AddOnce(cell.label, &targets);
  if (targets.size() <= kMostAssumed) {
    notes.notes.insert(notes.notes.end(), assumptions_.begin(), assumptions_.end());
  } else if (!uncalibrated_.empty()) {
    notes.notes.push_back(absl::StrCat(
        uncalibrated_.size(), " targets are not calibrated under their runtime, so that their ",
        "intervals are wide; `assay analyze --target T` says how wide, and what is calibrated"));
  }
  if (!at_design_power_.empty()) {
    notes.notes.push_back(absl::StrCat(
        "energy and power are the most that they can be, those of the design power, as the energy ",
        "is not known in full: ", absl::StrJoin(at_design_power_, ", ")));
  }
  for (size_t i = 0; i < std::min(skipped_.size(), kMostSkipped); ++i) {
    notes.notes.push_back(absl::StrCat("left out: ", skipped_[i]));
  }
  if (skipped_.size() > kMostSkipped) {
    notes.notes.push_back(absl::StrCat("left out: ", skipped_.size() - kMostSkipped, " more"));
  }
  return notes;
}

Document Fitness::Finish() {
  NameCells();
  Document d{.schema = "assay.fit/1", .title = Summary()};
  Facts counts;
  int of[3] = {};
  for (const Judged& cell : cells_) ++of[static_cast<int>(cell.assessment.verdict)];
  counts.figures = {{"pass", "", of[0]}, {"partial", "", of[1]}, {"fail", "", of[2]}};
  d.Add(std::move(counts));
  d.Add(LimitFacts());
  if (!cells_.empty() || (!failed_.empty() && expectations_ == nullptr)) {
    d.Add(Verdicts());
    d.Add(Ranking());
    d.Add(Margins());
    d.Add(Reasons());
    d.Add(Unsupported());
    d.Add(Changes());
    d.Add(NotEnough());
    if (modules_.asked()) d.Add(Modules());
  }
  if (expectations_ != nullptr) d.Add(ExpectationTable(expected_));
  d.Add(MakeNotes());
  return d;
}

}  // namespace assay
