#include "analyzer/compare.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "analyzer/units.h"
#include "ir/paths.h"
#include "ir/rows.h"
#include "ir/suggest.h"

namespace assay {
namespace {

using Of = double (*)(const ModelFigures& m, const EstimateFigures* e);

// A number of a row. Those of an estimate are asked for with one alone.
enum Flags : unsigned {
  kOfEstimate = 1,  // there is none without a target
  kMoreIsBetter = 2,
  kShown = 4,      // in text, where rows have estimates; where they have none, all are
  kDetail = 16,    // never in text unless asked for
  kWithRatio = 8,  // programs are always told its ratio to the baseline
};

struct Metric {
  absl::string_view name;  // of --sort
  absl::string_view key, title;
  Quantity quantity;
  unsigned flags;
  Of of;

  bool is(Flags f) const { return (flags & f) != 0; }
};

constexpr Metric kMetrics[] = {
    {"latency", "latency_s", "latency", Quantity::kSeconds, kOfEstimate | kShown | kWithRatio,
     [](const ModelFigures&, const EstimateFigures* e) { return e->latency_s; }},
    {"throughput", "throughput_per_s", "samples", Quantity::kPerSecond,
     kOfEstimate | kMoreIsBetter | kWithRatio,
     [](const ModelFigures&, const EstimateFigures* e) { return e->throughput_per_s; }},
    {"energy", "energy_j", "energy", Quantity::kJoules, kOfEstimate | kShown | kWithRatio,
     [](const ModelFigures&, const EstimateFigures* e) { return e->energy_j; }},
    {"power", "power_w", "power", Quantity::kWatts, kOfEstimate,
     [](const ModelFigures&, const EstimateFigures* e) { return e->power_w; }},
    {"utilization", "utilization", "of peak", Quantity::kShare, kOfEstimate | kMoreIsBetter,
     [](const ModelFigures&, const EstimateFigures* e) { return e->utilization; }},
    {"macs", "macs", "MACs", Quantity::kCount, kWithRatio,
     [](const ModelFigures& m, const EstimateFigures*) { return m.macs; }},
    {"flops", "flops", "FLOPs", Quantity::kCount, kDetail,
     [](const ModelFigures& m, const EstimateFigures*) { return m.flops; }},
    {"parameters", "parameters", "parameters", Quantity::kCount, kWithRatio,
     [](const ModelFigures& m, const EstimateFigures*) { return m.parameters; }},
    {"traffic", "bytes", "traffic", Quantity::kBytes, kWithRatio,
     [](const ModelFigures& m, const EstimateFigures*) { return m.bytes; }},
    {"fused", "bytes_fused", "fused", Quantity::kBytes, kDetail,
     [](const ModelFigures& m, const EstimateFigures*) { return m.bytes_fused; }},
    {"peak", "peak_activation_bytes", "peak", Quantity::kBytes, 0,
     [](const ModelFigures& m, const EstimateFigures*) { return m.peak_bytes; }},
    {"memory", "memory_needed_bytes", "memory", Quantity::kBytes, kWithRatio,
     [](const ModelFigures& m, const EstimateFigures* e) {
       return e == nullptr ? m.weight_bytes + m.peak_bytes : e->memory_needed_bytes;
     }},
    {"kernels", "kernels", "kernels", Quantity::kCount, 0,
     [](const ModelFigures& m, const EstimateFigures* e) {
       return e == nullptr ? m.kernels : e->launches;
     }},
    {"width", "width", "width", Quantity::kCount, kMoreIsBetter,
     [](const ModelFigures& m, const EstimateFigures*) { return m.width; }},
};

const Metric& Find(absl::string_view name) { return *FindRow(kMetrics, name); }

// Of a metric in which the winner is sought: the one asked for, else time, else work.
const Metric& Judged(const std::string& sort, bool estimates) {
  return Find(!sort.empty() ? absl::string_view(sort) : estimates ? "latency" : "macs");
}

// Sums in another order are no difference.
double Rounded(double x) {
  double rounded = x;
  return absl::SimpleAtod(absl::StrFormat("%.9g", x), &rounded) ? rounded : x;
}

bool Better(const Metric& metric, double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return !std::isnan(a) && std::isnan(b);
  a = Rounded(a);
  b = Rounded(b);
  return metric.is(kMoreIsBetter) ? a > b : a < b;
}

std::string LimitedBy(const EstimateFigures& e) {
  if (e.resources.empty() || e.latency_s <= 0) return "";
  const ResourceSum& r = e.resources.front();
  return absl::StrCat(r.name, " ", Percent(r.limited_seconds / e.latency_s));
}

double GeometricMean(const std::vector<double>& values) {
  double sum = 0;
  for (double v : values) sum += std::log(v);
  return std::exp(sum / static_cast<double>(values.size()));
}

}  // namespace

std::vector<absl::string_view> CompareSorts() { return NamesOf(kMetrics); }

absl::Status Comparison::Check(absl::Span<const std::string> models, const Plan& plan) const {
  if (!options_.sort.empty() && Find(options_.sort).is(kOfEstimate) &&
      plan.request.estimates.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--sort ", options_.sort, ": of no machine; name one with --target"));
  }
  std::vector<absl::string_view> known;
  std::vector<std::string> owned;
  owned.reserve(2 * models.size());
  for (const std::string& model : models) {
    known.push_back(model);
    owned.emplace_back(FileName(model));
    known.push_back(owned.back());
    known.push_back(absl::StripSuffix(owned.back(), ".onnx"));
  }
  std::vector<std::shared_ptr<const Runtime>> runtimes;
  for (const EstimateRequest& request : plan.request.estimates) {
    known.push_back(request.target->name);
    absl::StatusOr<Platform> platform = MakePlatform(
        request.target, request.runtime, {.precision = request.precision, .share = request.share});
    if (!platform.ok()) continue;
    known.push_back(platform->precision->name);
    runtimes.push_back(platform->runtime);
    known.push_back(runtimes.back()->name);
  }
  for (const std::string& word : options_.baseline) {
    if (std::find(known.begin(), known.end(), word) != known.end()) continue;
    return absl::NotFoundError(
        absl::StrCat("--baseline ", word, ": no model, target, runtime or precision of this run",
                     DidYouMean(word, known), "; name a row by some of them, divided by commas"));
  }
  return absl::OkStatus();
}

void Comparison::Add(const Report& report) {
  const ModelFigures& figures = models_.emplace_back(FiguresOf(report));
  ++base_names_[FileName(figures.file)];
  for (const EstimateFigures& e : figures.estimates) {
    targets_.insert(e.target);
    runtimes_.insert(e.runtime);
    precisions_.insert(e.precision);
  }
  if (by_.empty()) return;
  const auto& estimates = report.analysis.estimates;
  if (estimates.empty()) modules_.Add(report, {});
  for (const auto& estimate : estimates) modules_.Add(report, SecondsByOp(report, *estimate));
}

std::vector<Comparison::Row> Comparison::Rows() const {
  std::vector<Row> rows;
  for (const ModelFigures& model : models_) {
    if (model.estimates.empty()) rows.push_back({&model, nullptr});
    for (const EstimateFigures& estimate : model.estimates) rows.push_back({&model, &estimate});
  }
  return rows;
}

bool Comparison::Names(const Row& row, absl::string_view word) const {
  const std::string base(FileName(row.model->file));
  if (word == row.model->file || word == base || word == absl::StripSuffix(base, ".onnx")) {
    return true;
  }
  return row.estimate != nullptr &&
         (word == row.estimate->target || word == row.estimate->runtime ||
          word == row.estimate->precision);
}

// Without its folder, where that is enough to tell it from the others.
std::string Comparison::ShortName(const ModelFigures& model) const {
  const std::string base(FileName(model.file));
  return base_names_.at(base) == 1 ? base : model.file;
}

// What of its target, runtime and precision is not the same in all rows; the target at least.
std::string Comparison::Machine(const Row& row) const {
  const EstimateFigures& e = *row.estimate;
  std::vector<std::string> parts;
  if (targets_.size() > 1 || (runtimes_.size() == 1 && precisions_.size() == 1)) {
    parts.push_back(e.machine);
  }
  if (runtimes_.size() > 1) {
    parts.push_back(parts.empty() ? e.runtime : absl::StrCat("under ", e.runtime));
  }
  if (precisions_.size() > 1) {
    parts.push_back(parts.empty() ? e.precision : absl::StrCat("in ", e.precision));
  }
  return absl::StrJoin(parts, " ");
}

// What of a row is not the same in all others.
std::string Comparison::Label(const Row& row) const {
  if (row.estimate == nullptr) return ShortName(*row.model);
  if (models_.size() == 1) return Machine(row);
  if (row.model->estimates.size() == 1) return ShortName(*row.model);
  return absl::StrCat(ShortName(*row.model), " on ", Machine(row));
}

Table Comparison::RowTable(const std::vector<Row>& rows, const Row& baseline) const {
  const bool estimates = baseline.estimate != nullptr;
  const Metric& judged = Judged(options_.sort, estimates);
  Table table{.key = "rows"};
  table.columns.push_back({"row", "#", Quantity::kExact, by_.empty()});
  table.columns.push_back(
      {"model", "model", Quantity::kText, estimates && models_.size() == 1 && rows.size() > 1});
  table.columns.push_back({"file", "file", Quantity::kText, true});
  if (estimates) {
    table.columns.push_back({"target", "target", Quantity::kText});
    table.columns.push_back({"runtime", "runtime", Quantity::kText, runtimes_.size() == 1});
    table.columns.push_back({"precision", "precision", Quantity::kText, precisions_.size() == 1});
    table.columns.push_back({"calibration", "calibration", Quantity::kText, true});
  }
  std::vector<const Metric*> metrics;
  for (const Metric& m : kMetrics) {
    if (m.is(kOfEstimate) && !estimates) continue;
    metrics.push_back(&m);
    const bool shown = &m == &judged || (estimates ? m.is(kShown) : !m.is(kDetail));
    table.columns.push_back({std::string(m.key), std::string(m.title), m.quantity, !shown});
    if (m.is(kWithRatio) || &m == &judged) {
      table.columns.push_back(
          {absl::StrCat(m.name, "_ratio"), "to base", Quantity::kFactor, &m != &judged});
    }
    if (m.name == "latency") {
      table.columns.push_back({"latency_low_s", "least", Quantity::kSeconds});
      table.columns.push_back({"latency_high_s", "most", Quantity::kSeconds});
    }
  }
  if (estimates) {
    table.columns.push_back({"limited_by", "limited by", Quantity::kText});
    table.columns.push_back({"fits", "fits", Quantity::kText, true});
    table.columns.push_back({"fallback_macs", "MACs on host", Quantity::kShare, true});
  }
  table.columns.push_back({"unknown_ops", "unknown", Quantity::kExact, true});
  for (const Row& row : rows) {
    TableRow out;
    out.cells.emplace_back(static_cast<int>(table.rows.size()) + 1);
    out.cells.emplace_back(ShortName(*row.model));
    out.cells.emplace_back(row.model->file);
    if (estimates) {
      for (const std::string& text : {row.estimate->machine, row.estimate->runtime,
                                      row.estimate->precision, row.estimate->calibration}) {
        out.cells.emplace_back(text);
      }
    }
    for (const Metric* m : metrics) {
      const double value = m->of(*row.model, row.estimate);
      const double base = m->of(*baseline.model, baseline.estimate);
      out.cells.emplace_back(value);
      if (m->is(kWithRatio) || m == &judged) {
        out.cells.emplace_back(base == 0 ? NAN : value / base);
      }
      if (m->name == "latency") {
        out.cells.emplace_back(row.estimate->latency_low_s);
        out.cells.emplace_back(row.estimate->latency_high_s);
      }
    }
    if (estimates) {
      out.cells.emplace_back(LimitedBy(*row.estimate));
      out.cells.push_back(row.estimate->fits.has_value() ? Cell(*row.estimate->fits) : Cell());
      out.cells.emplace_back(row.estimate->fallback_macs);
    }
    out.cells.emplace_back(row.model->unknown_ops);
    if (row.model == baseline.model && row.estimate == baseline.estimate) out.ink = Ink::kHeading;
    table.rows.push_back(std::move(out));
  }
  return table;
}

namespace {

// "1.91 times fewer MACs, 1.20 times as many parameters": all but one of these.
std::string MoreWork(const ModelFigures& less, const ModelFigures& more, absl::string_view but) {
  std::vector<std::string> parts;
  const auto add = [&](double a, double b, absl::string_view what) {
    if (what == but || a <= 0 || b <= 0 || std::fabs(b / a - 1) < 0.005) return;
    parts.push_back(b > a ? absl::StrCat(Times(b / a), " fewer ", what)
                          : absl::StrCat(Times(a / b), " as many ", what));
  };
  add(less.macs, more.macs, "MACs");
  add(less.parameters, more.parameters, "parameters");
  add(less.bytes, more.bytes, "bytes of traffic");
  return absl::StrJoin(parts, ", ");
}

std::string HowMuchBetter(const Metric& m, double winner, double other) {
  const std::string numbers =
      absl::StrCat("(", Shown(winner, m.quantity), " against ", Shown(other, m.quantity), ")");
  if (Rounded(winner) == Rounded(other)) return absl::StrCat("is level ", numbers);
  const double ratio = m.is(kMoreIsBetter) ? winner / other : other / winner;
  if (!std::isfinite(ratio)) return absl::StrCat("is ahead ", numbers);
  if (m.name == "latency") return absl::StrCat("is ", Times(ratio), " as fast ", numbers);
  return absl::StrCat("has ", Times(ratio),
                      m.is(kMoreIsBetter)              ? " the "
                      : m.quantity == Quantity::kCount ? " fewer "
                                                       : " less ",
                      m.title, " ", numbers);
}

}  // namespace

void Comparison::AddWinners(const std::vector<Row>& rows, const Row& baseline, Document* d) const {
  const bool estimates = baseline.estimate != nullptr;
  const Metric& judged = Judged(options_.sort, estimates);
  const auto value = [&](const Row& r) { return judged.of(*r.model, r.estimate); };
  const auto same = [](const Row& a, const Row& b) {
    return a.model == b.model && a.estimate == b.estimate;
  };

  // Why the one is ahead of the other.
  const auto sentence = [&](const Row& winner, const Row& other) {
    std::string text = absl::StrCat(Label(winner), ", against ", Label(other), ", ",
                                    HowMuchBetter(judged, value(winner), value(other)));
    std::vector<std::string> reasons;
    if (winner.model != other.model) {
      const std::string work = MoreWork(*winner.model, *other.model, judged.title);
      if (!work.empty()) reasons.push_back(absl::StrCat("it has ", work));
    }
    if (estimates && (judged.name == "latency" || judged.name == "throughput")) {
      // Of one model the machines tell the two apart.
      const bool one_model = winner.model == other.model;
      const std::string why =
          WhyFaster(*winner.estimate, one_model ? Machine(winner) : Label(winner), *other.estimate,
                    one_model ? Machine(other) : Label(other));
      if (!why.empty()) reasons.push_back(why);
      if (Overlap(*winner.estimate, *other.estimate)) {
        reasons.push_back(
            absl::StrCat("their intervals overlap (", Seconds(winner.estimate->latency_low_s),
                         " to ", Seconds(winner.estimate->latency_high_s), " and ",
                         Seconds(other.estimate->latency_low_s), " to ",
                         Seconds(other.estimate->latency_high_s), "), so this is not certain"));
      }
    }
    if (estimates && judged.name == "energy" && !std::isnan(winner.estimate->power_w) &&
        !std::isnan(other.estimate->power_w)) {
      reasons.push_back(absl::StrCat(Watts(winner.estimate->power_w), " over ",
                                     Seconds(winner.estimate->latency_s), " against ",
                                     Watts(other.estimate->power_w), " over ",
                                     Seconds(other.estimate->latency_s)));
    }
    return reasons.empty() ? text : absl::StrCat(text, ": ", absl::StrJoin(reasons, "; "));
  };

  const auto best_of = [&](const std::vector<Row>& among) {
    return *std::min_element(among.begin(), among.end(), [&](const Row& a, const Row& b) {
      return Better(judged, value(a), value(b));
    });
  };

  const size_t configurations = models_.front().estimates.size();
  Notes why{.key = "why", .title = "why"};
  Facts facts;
  facts.figures.push_back({"baseline", "baseline", Label(baseline)});
  facts.figures.push_back({"judged_by", "judged by", judged.name});
  if (models_.size() > 1 && configurations > 1) {
    // Whose rows are of one model can be judged; across models there is no winner, but a mean.
    std::vector<int> wins(configurations);
    std::vector<std::vector<double>> ratios(configurations);
    size_t base = 0;
    for (size_t c = 0; c < configurations; ++c) {
      if (baseline.estimate == &baseline.model->estimates[c]) base = c;
    }
    for (const ModelFigures& model : models_) {
      std::vector<Row> among;
      for (const EstimateFigures& e : model.estimates) among.push_back({&model, &e});
      const Row best = best_of(among);
      for (size_t c = 0; c < configurations; ++c) {
        if (same(best, among[c])) ++wins[c];
        const double ratio = value(among[c]) / value(among[base]);
        if (ratio > 0 && std::isfinite(ratio)) ratios[c].push_back(ratio);
      }
      const Row& other = same(best, among[base]) ? among[base == 0 ? 1 : 0] : among[base];
      if (!std::isnan(value(best))) why.notes.push_back(sentence(best, other));
    }
    Table table{.key = "configurations",
                .title = "over all models",
                .columns = {{"target", "target"},
                            {"runtime", "runtime"},
                            {"precision", "precision"},
                            {"wins", "best of", Quantity::kExact},
                            {"geometric_mean_ratio", "geometric mean to base", Quantity::kFactor}}};
    size_t winner = 0;
    for (size_t c = 0; c < configurations; ++c) {
      const EstimateFigures& e = models_.front().estimates[c];
      table.rows.push_back({{e.machine, e.runtime, e.precision, wins[c],
                             ratios[c].empty() ? NAN : GeometricMean(ratios[c])}});
      if (wins[c] > wins[winner]) winner = c;
    }
    facts.figures.push_back(
        {"winner", "winner", Machine({&models_.front(), &models_.front().estimates[winner]}),
         Quantity::kText,
         absl::StrCat("of ", wins[winner], " of ", Plural(models_.size(), "model"))});
    d->Add(std::move(facts));
    d->Add(std::move(table));
  } else if (rows.size() > 1) {
    const Row best = best_of(rows);
    if (!std::isnan(value(best))) {
      facts.figures.push_back({"winner", "winner", Label(best)});
      if (!same(best, baseline)) why.notes.push_back(sentence(best, baseline));
      std::vector<Row> others;
      for (const Row& row : rows) {
        if (!same(row, best) && !std::isnan(value(row))) others.push_back(row);
      }
      if (!others.empty()) {
        const Row second = best_of(others);
        if (!same(second, baseline) || same(best, baseline)) {
          why.notes.push_back(sentence(best, second));
        }
      }
    }
    d->Add(std::move(facts));
  }
  d->Add(std::move(why));
}

// A column per row of the first table, in its order.
Table Comparison::ModuleTable(const std::vector<Row>& rows) const {
  std::vector<GroupTable::Shown> shown;
  const std::vector<Row> given = Rows();  // in the order of Add()
  for (const Row& row : rows) {
    const auto at = std::find_if(given.begin(), given.end(), [&](const Row& g) {
      return g.model == row.model && g.estimate == row.estimate;
    });
    shown.push_back({Label(row), static_cast<size_t>(at - given.begin())});
  }
  return modules_.AsTable(shown, rows.front().estimate != nullptr);
}

Document Comparison::Make(const std::vector<std::string>& skipped) const {
  const size_t configurations = models_.front().estimates.size();
  Document d{.schema = "assay.compare/1"};
  d.title = models_.size() == 1 ? models_.front().file : Plural(models_.size(), "model");
  if (configurations > 0) {
    absl::StrAppend(&d.title, " on ", Plural(configurations, "configuration"));
  }
  // Models without symbols hold at their own sizes.
  std::set<std::string> points;
  for (const ModelFigures& m : models_) {
    if (!m.point.empty()) points.insert(m.point);
  }
  const bool one_point = points.size() <= 1;
  if (points.size() == 1) d.subtitle = *points.begin();

  std::vector<Row> rows = Rows();
  Row baseline = rows.front();
  bool found = options_.baseline.empty();
  for (const Row& row : rows) {
    bool all = !found;
    for (const std::string& word : options_.baseline) all = all && Names(row, word);
    if (!all) continue;
    baseline = row;
    found = true;
  }
  if (!options_.sort.empty()) {
    const Metric& metric = Find(options_.sort);
    std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
      return Better(metric, metric.of(*a.model, a.estimate), metric.of(*b.model, b.estimate));
    });
  }
  d.Add(RowTable(rows, baseline));
  AddWinners(rows, baseline, &d);

  if (!by_.empty()) d.Add(ModuleTable(rows));

  Notes notes{.title = "to know"};
  if (!found) {
    notes.notes.push_back(absl::StrCat("no row is of --baseline ",
                                       absl::StrJoin(options_.baseline, ","),
                                       ": the first stands in for it"));
  }
  if (!one_point) {
    for (const ModelFigures& m : models_) {
      if (!m.point.empty()) notes.notes.push_back(absl::StrCat(m.file, ": ", m.point));
    }
  }
  for (const ModelFigures& m : models_) {
    if (std::string note = UnknownNote(m); !note.empty()) notes.notes.push_back(std::move(note));
  }
  std::set<std::string> uncalibrated;
  std::vector<MachineGaps> gaps;
  for (const Row& row : rows) {
    if (row.estimate == nullptr) continue;
    gaps.push_back({row.estimate->machine, row.estimate->no_energy});
    if (!row.estimate->calibrated) {
      uncalibrated.insert(absl::StrCat(row.estimate->machine, " under ", row.estimate->runtime));
    }
    if (row.estimate->fits.has_value() && !*row.estimate->fits) {
      notes.notes.push_back(absl::StrCat(row.model->file, " does not fit ", row.estimate->machine,
                                         ": it needs ", Bytes(row.estimate->memory_needed_bytes),
                                         " of ", Bytes(row.estimate->memory_bytes),
                                         "; the time is as if it did"));
    }
    if (row.estimate->fallback_time > 0) {
      notes.notes.push_back(absl::StrCat(row.model->file, " on ", row.estimate->machine, ": ",
                                         Percent(row.estimate->fallback_macs), " of the MACs and ",
                                         Percent(row.estimate->fallback_time),
                                         " of the time are on its host"));
    }
  }
  if (!uncalibrated.empty()) {
    notes.notes.push_back(
        absl::StrCat("uncalibrated, hence wide intervals: ", absl::StrJoin(uncalibrated, ", ")));
  }
  if (std::string note = EnergyNote(gaps); !note.empty()) notes.notes.push_back(std::move(note));
  for (const std::string& s : skipped) notes.notes.push_back(absl::StrCat("left out: ", s));
  d.Add(std::move(notes));

  if (configurations > 0) {
    Chart chart{.key = "latency",
                .title = "latency by row",
                .x = {.title = "row"},
                .y = {.title = "latency", .quantity = Quantity::kSeconds}};
    Series series{.name = "latency", .form = Series::Form::kBars};
    for (size_t i = 0; i < rows.size(); ++i) {
      series.points.push_back(
          {static_cast<double>(i + 1), rows[i].estimate->latency_s, Label(rows[i])});
    }
    chart.series.push_back(std::move(series));
    d.Add(std::move(chart));
  }
  return d;
}

}  // namespace assay
