#include "analyzer/accuracy.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analyzer/chart.h"
#include "analyzer/units.h"

namespace assay {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Places in ascending order, from 0; equal values share the middle of theirs.
std::vector<double> Ranks(absl::Span<const double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> out(values.size());
  for (size_t i = 0; i < order.size();) {
    size_t end = i;
    while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
    for (size_t j = i; j < end; ++j) out[order[j]] = static_cast<double>(i + end - 1) / 2;
    i = end;
  }
  return out;
}

double Correlation(absl::Span<const double> x, absl::Span<const double> y) {
  const double n = static_cast<double>(x.size());
  const double mean_x = std::accumulate(x.begin(), x.end(), 0.0) / n;
  const double mean_y = std::accumulate(y.begin(), y.end(), 0.0) / n;
  double xy = 0, xx = 0, yy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean_x) * (y[i] - mean_y);
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return n == 0 ? 0 : (values[(n - 1) / 2] + values[n / 2]) / 2;
}

absl::string_view BatchClass(int64_t batch) {
  return batch == 1 ? "1" : batch < 16 ? "2 to 15" : "16 and more";
}

std::string NameOf(const MeasuredRow& row) {
  return absl::StrCat(row.model, row.input.empty() ? "" : " ", row.input, " x", row.batch,
                      row.share.cores == 0 ? "" : absl::StrCat(" cores ", ToString(row.share)));
}

double Error(const ScoredRun& run) { return run.predicted_s / run.model->row.seconds - 1; }

// "+12.3 %"
std::string Signed(double share) { return absl::StrFormat("%+.1f %%", share * 100); }

}  // namespace

Accuracy AccuracyOf(absl::Span<const double> predicted, absl::Span<const double> measured) {
  Accuracy out;
  out.rows = static_cast<int>(predicted.size());
  if (predicted.empty()) return out;
  std::vector<double> errors;
  for (size_t i = 0; i < predicted.size(); ++i) {
    const double ratio = predicted[i] / measured[i];
    errors.push_back(std::abs(ratio - 1));
    out.within_10 += errors.back() <= 0.1;
    out.within_25 += errors.back() <= 0.25;
    out.within_1_5x += std::abs(std::log(ratio)) <= std::log(1.5);
  }
  for (double* share : {&out.within_10, &out.within_25, &out.within_1_5x}) *share /= out.rows;
  out.median_error = Median(std::move(errors));
  out.rank_correlation = Correlation(Ranks(predicted), Ranks(measured));
  return out;
}

std::string AccuracyReport(absl::string_view file, absl::string_view how,
                           absl::Span<const ScoredRun> scored, absl::Span<const MeasuredModel> all,
                           const TextStyle& style) {
  int unstable = 0;
  std::map<std::string, int> problems;
  for (const MeasuredModel& m : all) {
    if (!m.problem.empty()) {
      ++problems[m.problem];
    } else {
      unstable += m.row.unstable();
    }
  }
  std::string out = absl::StrCat(Printable(file), ": ", Plural(all.size(), "row"), ", ",
                                 scored.size(), " scored, ", how, "\n");

  // By runtime and class of batch, then all of a runtime, in order of names.
  std::map<std::pair<std::string, std::string>, std::pair<std::vector<double>, std::vector<double>>>
      groups;
  for (const ScoredRun& run : scored) {
    for (absl::string_view batch : {BatchClass(run.model->row.batch), absl::string_view("all")}) {
      auto& [predicted, measured] = groups[{run.model->runtime->name, std::string(batch)}];
      predicted.push_back(run.predicted_s);
      measured.push_back(run.model->row.seconds);
    }
  }
  TextTable table({{"runtime"},
                   {"batch"},
                   {"rows", Align::kRight},
                   {"median error", Align::kRight},
                   {"<= 10 %", Align::kRight},
                   {"<= 25 %", Align::kRight},
                   {"<= 1.5x", Align::kRight},
                   {"rank corr.", Align::kRight}});
  for (const auto& [key, values] : groups) {
    const Accuracy a = AccuracyOf(values.first, values.second);
    table.Add({key.first, key.second, absl::StrCat(a.rows), Percent(a.median_error),
               Percent(a.within_10), Percent(a.within_25), Percent(a.within_1_5x),
               absl::StrFormat("%.3f", a.rank_correlation)});
  }
  out += "\n";
  table.Print(style, 0, &out);

  std::vector<ScoredRun> worst(scored.begin(), scored.end());
  std::stable_sort(worst.begin(), worst.end(), [](const ScoredRun& a, const ScoredRun& b) {
    return std::abs(std::log1p(Error(a))) > std::abs(std::log1p(Error(b)));
  });
  if (worst.size() > 10) worst.resize(10);
  if (!worst.empty()) {
    absl::StrAppend(&out, "\n", Paint(style, Ink::kHeading, "furthest off"), "\n");
    TextTable rows({{"line", Align::kRight},
                    {"run", Align::kLeft, true},
                    {"target"},
                    {"runtime"},
                    {"precision"},
                    {"measured", Align::kRight},
                    {"predicted", Align::kRight},
                    {"error", Align::kRight}});
    for (const ScoredRun& run : worst) {
      const MeasuredRow& row = run.model->row;
      rows.Add({absl::StrCat(row.line), NameOf(row), run.model->target->name,
                run.model->runtime->name, row.precision, Seconds(row.seconds),
                Seconds(run.predicted_s), Signed(Error(run))});
    }
    rows.Print(style, 0, &out);
  }
  if (unstable > 0) {
    absl::StrAppend(&out, "\nnot scored, because their own sources differ by more than 1.3x: ",
                    Plural(unstable, "row"), "\n");
  }
  if (!problems.empty()) {
    absl::StrAppend(&out, "\n", Paint(style, Ink::kHeading, "not compared"), "\n");
    FactList facts;
    for (const auto& [problem, count] : problems) facts.Add(Plural(count, "row"), problem);
    facts.Print(style, 0, &out);
  }
  return out;
}

std::string AccuracyPlot(absl::Span<const ScoredRun> scored) {
  Chart chart{.key = "accuracy",
              .title = "predicted against measured latency",
              .x = {"measured", Quantity::kSeconds, true},
              .y = {"predicted", Quantity::kSeconds, true}};
  double low = kInfinity, high = 0;
  std::map<std::string, Series> runtimes;
  for (const ScoredRun& run : scored) {
    const MeasuredRow& row = run.model->row;
    low = std::min({low, run.predicted_s, row.seconds});
    high = std::max({high, run.predicted_s, row.seconds});
    runtimes[run.model->runtime->name].points.push_back(
        {row.seconds, run.predicted_s,
         absl::StrCat(NameOf(row), ", ", run.model->target->name, ", ", run.model->runtime->name,
                      ": measured ", Seconds(row.seconds), ", predicted ",
                      Seconds(run.predicted_s))});
  }
  for (auto& [name, series] : runtimes) {
    series.name = name;
    series.form = Series::Form::kPoints;
    chart.series.push_back(std::move(series));
  }
  for (auto [ratio, name] : {std::pair(1.0, "equal"), std::pair(1.5, "1.5 times as long"),
                             std::pair(1 / 1.5, "1.5 times as fast")}) {
    if (scored.empty()) break;
    chart.series.push_back(
        {name, Series::Form::kLine, {{low, low * ratio, name}, {high, high * ratio, name}}});
  }
  return DrawSvg(chart, 760, 700, /*in_page=*/false);
}

}  // namespace assay
