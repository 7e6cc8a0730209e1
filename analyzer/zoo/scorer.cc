#include "analyzer/zoo/scorer.h"

#include <sys/stat.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "analyzer/assess.h"
#include "analyzer/figures.h"
#include "analyzer/units.h"
#include "hw/estimate.h"
#include "ir/graph_hash.h"
#include "ir/paths.h"
#include "ir/rows.h"

namespace assay {
namespace {

// Rows that are kept for equal graphs, and kernels for equal ones in any graph; then all are
// forgotten, which bounds the memory.
constexpr size_t kMostKnownRows = 8192;
constexpr size_t kMostKnownKernels = 16384;

constexpr WeightRow kWeights[] = {
    {"latency", "latency_s", 10e-3, static_cast<int>(LimitKind::kLatency)},
    {"throughput", "throughput_per_s", 100, static_cast<int>(LimitKind::kThroughput)},
    {"energy", "energy_j", 100e-3, static_cast<int>(LimitKind::kEnergy)},
    {"memory", "memory_bytes", 100e6, static_cast<int>(LimitKind::kMemory)},
    {"macs", "macs", 1e9, -1},
    {"parameters", "parameters", 10e6, -1},
    {"traffic", "bytes", 100e6, -1},
};

std::string FileText(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

absl::Span<const WeightRow> WeightRows() { return kWeights; }

absl::StatusOr<Weight> ParseWeight(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '=');
  Weight out{.row = FindRow(kWeights, parts[0])};
  if (out.row == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("`", parts[0], "` cannot be weighed; there are ",
                                                   absl::StrJoin(NamesOf(WeightRows()), ", ")));
  }
  if (parts.size() > 2 || (parts.size() == 2 && !absl::SimpleAtod(parts[1], &out.weight)) ||
      !std::isfinite(out.weight) || out.weight <= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("`", text, "` is no weight; write it like ", parts[0], "=2"));
  }
  return out;
}

double ScoreOf(const ScoreRow& row, absl::Span<const Weight> weights, const Limits& limits) {
  double sum = 0, logarithm = 0;
  for (const Weight& w : weights) {
    double reference = w.row->reference;
    if (w.row->limit >= 0) {
      reference = limits.of(static_cast<LimitKind>(w.row->limit)).value_or(reference);
    }
    const int column = FindScoreColumn(w.row->column);
    const double value = row.number(w.row->column);
    const bool more = ScoreColumns()[column].more_is_better;
    logarithm += w.weight * std::log(more ? value / reference : reference / value);
    sum += w.weight;
  }
  const double score = 100 * std::exp(logarithm / sum);
  return std::isfinite(score) ? score : NAN;
}

std::string DimsText(const Bindings& bindings) {
  std::vector<std::string> parts;
  for (const auto& [name, size] : bindings.dims) parts.push_back(absl::StrCat(name, "=", size));
  absl::c_sort(parts);
  if (bindings.batch.has_value()) parts.push_back(absl::StrCat("--batch ", *bindings.batch));
  for (const auto& [name, dims] : bindings.shapes) {
    parts.push_back(absl::StrCat("--shape ", name, "=", absl::StrJoin(dims, "x")));
  }
  for (const Bindings::InputValue& value : bindings.values) {
    parts.push_back(absl::StrCat("--value ", value.input, "=", absl::StrJoin(value.reals, ",")));
  }
  return absl::StrJoin(parts, " ");
}

absl::StatusOr<Scorer> Scorer::Make(ScorerOptions options) {
  Scorer scorer;
  // A folder's models have dimensions of many names, and machines of many precisions.
  options.analyze.bindings.optional_dims = true;
  options.analyze.skip_impossible = true;
  options.analyze.threads = 1;
  absl::StatusOr<Plan> plan = MakePlan(options.analyze);
  if (!plan.ok()) return plan.status();
  scorer.plan_ = *std::move(plan);
  if (!options.fit.requirements.empty()) {
    absl::StatusOr<Requirements> read = ReadRequirements(options.fit.requirements);
    if (!read.ok()) return read.status();
    scorer.requirements_ = *std::move(read);
  }
  scorer.limited_ = options.fit.limits.at != Limits().at || !options.fit.requirements.empty();
  std::vector<EstimateRequest>& estimates = scorer.plan_.request.estimates;
  for (EstimateRequest& e : estimates) {
    e.cache = std::make_shared<EstimateCache>(kMostKnownKernels / estimates.size());
  }
  if (scorer.limited_ && estimates.empty()) {
    return absl::InvalidArgumentError("a limit is of no machine; name one with --target");
  }
  if (options.weights.empty()) {
    options.weights.push_back({.row = FindRow(kWeights, estimates.empty() ? "macs" : "latency")});
  }
  for (const EstimateRequest& e : estimates) {
    absl::StatusOr<Platform> platform =
        MakePlatform(e.target, e.runtime,
                     {.precision = e.precision, .calibration = e.calibration, .share = e.share});
    if (!platform.ok()) return platform.status();
    scorer.keys_.push_back(
        {NameOf(*platform), platform->runtime->name, std::string(platform->precision->name)});
  }
  if (estimates.empty()) scorer.keys_.emplace_back();
  scorer.dims_ = DimsText(options.analyze.bindings);
  scorer.options_ = std::move(options);
  if (absl::Status status = scorer.MakeSettings(); !status.ok()) return status;
  return scorer;
}

absl::Status Scorer::MakeSettings() {
  const AnalyzeOptions& a = options_.analyze;
  std::string text = absl::StrCat(options_.version, "\n", dims_, "\n", a.fuse, " ",
                                  a.fuse_scratchpad_bytes, " ", a.fuse_max_inputs, "\n");
  for (const Key& key : keys_) {
    absl::StrAppend(&text, key.target, " ", key.runtime, " ", key.precision, "\n");
  }
  for (const LimitRow& row : LimitRows()) {
    absl::StrAppend(&text, row.key, " ", options_.fit.limits.of(row.kind).value_or(0), "\n");
  }
  absl::StrAppend(&text, options_.fit.limits.dollars_per_kwh.value_or(0), " ",
                  options_.fit.limits.lifetime_s.value_or(0), " ",
                  options_.fit.limits.require_operators.value_or(false), "\n");
  for (const Weight& w : options_.weights) {
    absl::StrAppend(&text, w.row->name, "=", w.weight, "\n");
  }
  // What is shipped is the version's; files are what they hold.
  std::vector<std::string> files = a.op_files;
  files.insert(files.end(), {a.calibration, options_.fit.requirements});
  for (const std::string& list : a.targets) {
    for (absl::string_view word : absl::StrSplit(list, ',')) {
      files.emplace_back(word.substr(0, word.rfind('@')));
    }
  }
  for (absl::string_view word : absl::StrSplit(a.runtime, ',')) files.emplace_back(word);
  for (const EstimateRequest& e : plan_.request.estimates) files.push_back(e.target->runtime);
  for (const std::string& file : files) {
    if (IsYamlPath(file)) absl::StrAppend(&text, HashOf(FileText(file)), "\n");
  }
  settings_ = HashOf(text).substr(0, 16);
  return absl::OkStatus();
}

std::vector<ScoreRow> Scorer::Estimate(Report imported, bool* any_names) {
  const std::string file = imported.file;
  const absl::StatusOr<Report> report = AnalyzeImported(std::move(imported), plan_);
  *any_names = false;  // an error says some
  if (!report.ok()) return Failed(file, kFailed, report.status().message());
  // Sizes that depend on contents are called by the value that has them.
  *any_names = absl::c_none_of(report->point, [](const PointEntry& e) { return e.data_dependent; });
  const ModelFigures figures = FiguresOf(*report);
  std::vector<ScoreRow> rows;
  for (size_t i = 0; i < report->analysis.estimates.size(); ++i) {
    const ModelEstimate& e = *report->analysis.estimates[i];
    Limits limits = requirements_.For(file, e.platform->target->name);
    limits.Override(options_.fit.limits);
    const Assessment assessment = Assess(e, *report->analysis.partitions[e.partition], limits);
    ScoreRow row = RowOf({figures, &figures.estimates[i], &assessment});
    const double score = ScoreOf(row, options_.weights, limits);
    if (!std::isnan(score)) row.at("score") = score;
    rows.push_back(std::move(row));
  }
  if (rows.empty()) {
    ScoreRow row = RowOf({figures, nullptr, nullptr});
    const double score = ScoreOf(row, options_.weights, {});
    if (!std::isnan(score)) row.at("score") = score;
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<ScoreRow> Scorer::Score(const std::string& path, const std::string& name) {
  absl::StatusOr<Report> imported = ImportModel(path, plan_);
  std::vector<ScoreRow> rows;
  std::string graph;
  if (!imported.ok()) {
    rows = Failed(path, kFailed, imported.status().message());
  } else {
    graph = HashOf(*imported->graph);
    // Requirements may speak of the file's name.
    const std::string known =
        absl::StrCat(graph, requirements_.models.empty() ? absl::string_view() : FileName(path));
    const auto at = known_.find(known);
    if (at != known_.end()) {
      rows = at->second;
    } else {
      bool any_names = false;
      rows = Estimate(*std::move(imported), &any_names);
      if (known_.size() * keys_.size() >= kMostKnownRows) known_.clear();
      if (any_names) known_.emplace(known, rows);
    }
  }
  struct stat about = {};
  const bool there = stat(path.c_str(), &about) == 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    ScoreRow& row = rows[i];
    SetKey(i, name, &row);
    if (there) row.at("file_bytes") = static_cast<double>(about.st_size);
    if (!graph.empty()) row.at("graph") = graph;
  }
  return rows;
}

void Scorer::SetKey(size_t i, const std::string& name, ScoreRow* row) const {
  row->at("path") = name;
  row->at("target") = keys_[i].target;
  row->at("runtime") = keys_[i].runtime;
  row->at("precision") = keys_[i].precision;
  row->at("dims") = dims_;
  row->at("settings") = settings_;
}

std::vector<ScoreRow> Scorer::Failed(const std::string& name, absl::string_view status,
                                     absl::string_view error) const {
  // The path has a column of its own.
  absl::string_view why = absl::StripPrefix(error, absl::StrCat(name, ": "));
  std::vector<ScoreRow> rows(keys_.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    SetKey(i, name, &rows[i]);
    rows[i].at("status") = std::string(status);
    rows[i].at("error") = std::string(why);
  }
  return rows;
}

}  // namespace assay
