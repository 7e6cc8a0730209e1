#include "analyzer/fitness.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analyzer/units.h"
#include "hw/target.h"

namespace assay {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Of one model, so many FAILs get their changes: finding them takes as long as many estimates.
constexpr size_t kMostChanges = 5;
// So many machines get all their assumptions listed.
constexpr size_t kMostAssumed = 3;
constexpr size_t kMostSkipped = 10;

Ink InkOf(Verdict verdict) { return verdict == Verdict::kFail ? Ink::kHeading : Ink::kPlain; }

// What is not known is an empty cell for people and null for programs.
Cell Known(double value) { return std::isnan(value) ? Cell() : Cell(value); }

std::string Signed(double margin) {
  if (std::isnan(margin)) return "";
  // Two digits say it: 12 times the limit is -1100 %.
  return absl::StrCat(margin > 0 ? "+" : "", std::llround(margin * 100), " %");
}

void AddOnce(const std::string& text, std::vector<std::string>* out) {
  if (!absl::c_linear_search(*out, text)) out->push_back(text);
}

}  // namespace

Fitness::Fitness(const FitOptions& options, Requirements requirements,
                 const Expectations* expectations, std::vector<std::string> only_expected)
    : options_(options),
      requirements_(std::move(requirements)),
      expectations_(expectations),
      only_expected_(std::move(only_expected)) {}

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
    Cell& cell = cells_.emplace_back();
    cell.model = ShownFile(report.file);
    cell.target = platform.target->name;
    cell.runtime = platform.runtime->name;
    cell.precision = std::string(platform.precision->name);
    cell.calibration = platform.calibration_label;
    cell.assessment = Assess(e, *analysis.partitions[static_cast<size_t>(e.partition)], limits);
    for (const LimitRow& row : LimitRows()) {
      cell.amounts[static_cast<size_t>(row.kind)] = AmountOf(row.kind, e, limits);
    }
    cell.latency_low_s = e.latency_low_s;
    cell.latency_high_s = e.latency_high_s;
    if (platform.calibration == nullptr) AddOnce(platform.target->name, &uncalibrated_);
    for (const std::string& text : e.assumptions) AddOnce(text, &assumptions_);
    if (cell.assessment.verdict == Verdict::kFail) {
      const LimitResult* binding = cell.assessment.binding();
      failed.push_back({cells_.size() - 1, &e, limits,
                        binding == nullptr ? 0 : binding->margin});
    }
  }
  for (const Assumption& assumption : analysis.assumptions()) {
    if (!assumption.op.has_value()) AddOnce(assumption.text, &assumptions_);
  }
  std::stable_sort(failed.begin(), failed.end(),
                   [](const Failed& a, const Failed& b) { return a.margin > b.margin; });
  for (size_t i = 0; i < failed.size(); ++i) {
    Cell& cell = cells_[failed[i].cell];
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
                        [&](const Cell& cell) {
                          const Verdict verdict = cell.assessment.verdict;
                          return verdict == Verdict::kFail ||
                                 (options_.strict && verdict == Verdict::kPartial);
                        }) ||
         absl::c_any_of(expected_, [](const ExpectationResult& r) { return !r.met; });
}

// The target, and what else tells the estimates of one model apart.
std::string Fitness::Label(const Cell& cell) const {
  bool runtimes = false, precisions = false;
  for (const Cell& other : cells_) {
    if (other.target != cell.target) continue;
    runtimes |= other.runtime != cell.runtime;
    precisions |= other.precision != cell.precision;
  }
  return absl::StrCat(cell.target, runtimes ? absl::StrCat(" ", cell.runtime) : "",
                      precisions ? absl::StrCat(" ", cell.precision) : "");
}

std::string Fitness::Summary() const {
  int of[3] = {};
  for (const Cell& cell : cells_) ++of[static_cast<int>(cell.assessment.verdict)];
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
      facts.figures.push_back({std::string(row.key), absl::StrCat(row.title, row.at_least ? ", at least" : ", at most"), *allowed, row.quantity,
                               row.kind == LimitKind::kEnergy ? "per sample" : ""});
    }
  }
  if (limits.lifetime_s.has_value()) {
    facts.figures.push_back({"lifetime_s", "price of the machine",
                             *limits.lifetime_s / (365.25 * 86400), Quantity::kRatio,
                             "years of never being idle"});
  }
  if (limits.dollars_per_kwh.has_value()) {
    facts.figures.push_back({"price_per_kwh_usd", "price of energy", *limits.dollars_per_kwh,
                             Quantity::kDollars, "per kWh, of the machine alone"});
  }
  if (limits.require_operators.value_or(false)) {
    facts.figures.push_back({"require_operators", "operators", true, Quantity::kText,
                             "(all must run on the target)"});
  }
  return facts;
}

Table Fitness::Verdicts() const {
  std::array<bool, kNumLimits> limited = {};
  bool any = false;
  for (const Cell& cell : cells_) {
    for (const LimitResult& limit : cell.assessment.limits) {
      if (limit.row == nullptr) continue;
      limited[static_cast<size_t>(limit.row->kind)] = any = true;
    }
  }
  bool why = false;
  for (const Cell& cell : cells_) why |= !cell.assessment.why.empty();
  Table table{.key = "verdicts"};
  table.columns = {{"model", "model"},
                   {"target", "target"},
                   {"runtime", "runtime", Quantity::kText, true},
                   {"precision", "precision", Quantity::kText, true},
                   {"calibration", "calibration", Quantity::kText, true},
                   {"verdict", "verdict"},
                   {"binding", "binding"},
                   {"margin", "margin", Quantity::kShare, true},
                   {"", "margin"}};
  for (const LimitRow& row : LimitRows()) {
    // Without a limit, what most want to see.
    const bool shown = any ? limited[static_cast<size_t>(row.kind)]
                           : row.kind == LimitKind::kLatency || row.kind == LimitKind::kMemory;
    table.columns.push_back({std::string(row.field), std::string(row.title), row.quantity, !shown});
  }
  table.columns.push_back({"latency_low_s", "from", Quantity::kSeconds, true});
  table.columns.push_back({"latency_high_s", "up to", Quantity::kSeconds, true});
  table.columns.push_back({"why", "why", Quantity::kText, !why});
  for (const Cell& cell : cells_) {
    const LimitResult* binding = cell.assessment.binding();
    TableRow row;
    row.ink = InkOf(cell.assessment.verdict);
    const bool one = Label(cell) == cell.target;
    row.cells = {cell.model,
                 one ? cell.target : Label(cell),
                 cell.runtime,
                 cell.precision,
                 cell.calibration,
                 Name(cell.assessment.verdict),
                 binding == nullptr ? assay::Cell() : assay::Cell(binding->title()),
                 Known(binding == nullptr ? kNaN : binding->margin),
                 binding == nullptr ? std::string() : Signed(binding->margin)};
    for (const LimitRow& limit : LimitRows()) {
      row.cells.push_back(Known(cell.amounts[static_cast<size_t>(limit.kind)]));
    }
    row.cells.push_back(cell.latency_low_s);
    row.cells.push_back(cell.latency_high_s);
    row.cells.push_back(absl::StrJoin(cell.assessment.why, "; "));
    table.rows.push_back(std::move(row));
  }
  for (const auto& [file, message] : failed_) {
    TableRow row;
    row.cells = {file};
    row.cells.resize(table.columns.size());
    row.cells[5] = "ERROR";
    row.cells.back() = message;
    table.columns.back().detail = false;
    table.rows.push_back(std::move(row));
  }
  return table;
}

// Limit by limit; for people only where there are several in a row to tell apart.
Table Fitness::Margins() const {
  size_t most = 0;
  for (const Cell& cell : cells_) most = std::max(most, cell.assessment.limits.size());
  const bool detail = most < 3 || cells_.size() > 5;
  Table table{.key = "margins", .title = detail ? "" : "each limit"};
  table.columns = {{"model", "model", Quantity::kText, detail},
                   {"target", "target", Quantity::kText, detail},
                   {"limit", "limit", Quantity::kText, detail},
                   {"allowed", "", Quantity::kText, true},
                   {"value", "", Quantity::kText, true},
                   {"slow", "", Quantity::kText, true},
                   {"", "allowed", Quantity::kText, detail},
                   {"", "estimate", Quantity::kText, detail},
                   {"", "slow end", Quantity::kText, detail},
                   {"margin", "", Quantity::kText, true},
                   {"", "margin", Quantity::kText, detail},
                   {"verdict", "verdict", Quantity::kText, detail}};
  for (const Cell& cell : cells_) {
    for (const LimitResult& limit : cell.assessment.limits) {
      const Quantity q = limit.row == nullptr ? Quantity::kBytes : limit.row->quantity;
      TableRow row;
      row.cells = {cell.model,
                   Label(cell),
                   limit.title(),
                   limit.allowed,
                   Known(limit.value),
                   Known(limit.slow),
                   Shown(limit.allowed, q),
                   Shown(limit.value, q),
                   Shown(limit.slow, q),
                   Known(limit.margin),
                   Signed(limit.margin),
                   Name(limit.verdict)};
      table.rows.push_back(std::move(row));
    }
  }
  return table;
}

Table Fitness::Changes() const {
  Table table{.key = "changes", .title = "what a FAIL would need, one change at a time"};
  table.columns = {{"model", "model"},
                   {"target", "target"},
                   {"change", "change"},
                   {"", "from"},
                   {"", "to"},
                   {"from", "", Quantity::kText, true},
                   {"to", "", Quantity::kText, true},
                   {"factor", "factor", Quantity::kFactor},
                   {"verdict", "verdict"},
                   {"then", "then"}};
  for (const Cell& cell : cells_) {
    std::vector<std::string> none;
    for (const Change& change : cell.changes) {
      if (change.verdict == Verdict::kFail) none.push_back(change.what);
      TableRow row;
      row.cells = {cell.model,
                   Label(cell),
                   change.what,
                   change.from,
                   change.to,
                   change.factor > 0 ? assay::Cell(change.from_value) : assay::Cell(),
                   change.factor > 0 ? assay::Cell(change.to_value) : assay::Cell(),
                   change.factor > 0 ? assay::Cell(change.factor) : assay::Cell(),
                   Name(change.verdict),
                   change.then};
      if (change.verdict == Verdict::kFail) row.ink = Ink::kFaint;
      table.rows.push_back(std::move(row));
    }
  }
  return table;
}

Table Fitness::Unsupported() const {
  Table table{.key = "unsupported", .title = "what targets lack"};
  table.columns = {{"model", "model"},
                   {"target", "target"},
                   {"what", "what"},
                   {"count", "count", Quantity::kExact},
                   {"mac_share", "MACs", Quantity::kShare},
                   {"time_share", "time", Quantity::kShare}};
  for (const Cell& cell : cells_) {
    for (const Lacking& lacking : cell.assessment.lacking) {
      TableRow row;
      row.cells = {cell.model,    Label(cell),
                   lacking.what,  lacking.count,
                   Known(lacking.mac_share), Known(lacking.time_share)};
      table.rows.push_back(std::move(row));
    }
  }
  return table;
}

Table Fitness::Ranking() const {
  std::vector<Ranked> ranks;
  for (const Cell& cell : cells_) {
    const std::string label = Label(cell);
    auto it = absl::c_find_if(ranks, [&](const Ranked& r) { return r.target == label; });
    if (it == ranks.end()) it = ranks.insert(ranks.end(), Ranked{.target = label});
    const Assessment& a = cell.assessment;
    ++(a.verdict == Verdict::kPass      ? it->pass
       : a.verdict == Verdict::kPartial ? it->partial
                                        : it->fail);
    const LimitResult* binding = a.binding();
    const double margin = binding == nullptr ? 0 : binding->margin;
    const auto worse = [&](const Cell& x, double x_margin) {
      return std::pair(static_cast<int>(x.assessment.verdict), -x_margin);
    };
    if (it->worst == nullptr || worse(cell, margin) > worse(*it->worst, it->margin)) {
      it->worst = &cell;
      it->margin = margin;
    }
  }
  Table table{.key = "ranking", .title = "targets, best first"};
  if (ranks.size() < 2) return table;
  std::stable_sort(ranks.begin(), ranks.end(), [](const Ranked& a, const Ranked& b) {
    const double a_latency = a.worst->amounts[0], b_latency = b.worst->amounts[0];
    return std::tuple(a.fail, a.partial, -a.margin, a_latency) <
           std::tuple(b.fail, b.partial, -b.margin, b_latency);
  });
  table.columns = {{"rank", "", Quantity::kExact}, {"target", "target"},
                   {"pass", "PASS", Quantity::kExact},
                   {"partial", "PARTIAL", Quantity::kExact},
                   {"fail", "FAIL", Quantity::kExact},
                   {"margin", "margin", Quantity::kShare, true},
                   {"reason", "what decides"}};
  for (const Ranked& r : ranks) {
    const Assessment& a = r.worst->assessment;
    const LimitResult* binding = a.binding();
    std::string reason = absl::StrJoin(a.why, "; ");
    if (binding != nullptr && a.verdict != Verdict::kFail) {
      reason = absl::StrCat(Signed(binding->margin), " of its ", binding->title(),
                            binding->row == nullptr ? "" : " limit", " left",
                            reason.empty() ? "" : "; ", reason);
    }
    if (models_ > 1) absl::StrAppend(&reason, " (", FileName(r.worst->model), ")");
    TableRow row;
    row.cells = {static_cast<int64_t>(table.rows.size() + 1), r.target, r.pass, r.partial, r.fail,
                 binding == nullptr ? assay::Cell() : Known(r.margin), reason};
    table.rows.push_back(std::move(row));
  }
  return table;
}

Notes Fitness::MakeNotes() const {
  Notes notes{.title = "notes"};
  int left_out = 0;
  bool partial = false;
  for (const Cell& cell : cells_) {
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
  for (const Cell& cell : cells_) AddOnce(Label(cell), &targets);
  if (targets.size() <= kMostAssumed) {
    notes.notes.insert(notes.notes.end(), assumptions_.begin(), assumptions_.end());
  } else if (!uncalibrated_.empty()) {
    notes.notes.push_back(absl::StrCat(
        "uncalibrated, so that their intervals are wide: ", absl::StrJoin(uncalibrated_, ", ")));
  }
  for (size_t i = 0; i < std::min(skipped_.size(), kMostSkipped); ++i) {
    notes.notes.push_back(absl::StrCat("left out: ", skipped_[i]));
  }
  if (skipped_.size() > kMostSkipped) {
    notes.notes.push_back(absl::StrCat("left out: ", skipped_.size() - kMostSkipped, " more"));
  }
  return notes;
}

Document Fitness::Finish() const {
  Document d{.schema = "assay.fit/1", .title = Summary()};
  Facts counts;
  int of[3] = {};
  for (const Cell& cell : cells_) ++of[static_cast<int>(cell.assessment.verdict)];
  counts.figures = {{"pass", "", of[0]}, {"partial", "", of[1]}, {"fail", "", of[2]}};
  d.Add(std::move(counts));
  d.Add(LimitFacts());
  if (!cells_.empty() || (!failed_.empty() && expectations_ == nullptr)) {
    d.Add(Verdicts());
    d.Add(Ranking());
    d.Add(Margins());
    d.Add(Changes());
    d.Add(Unsupported());
  }
  if (expectations_ != nullptr) d.Add(ExpectationTable(expected_));
  d.Add(MakeNotes());
  return d;
}

}  // namespace assay
