#include "analyzer/measured.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "analyzer/csv.h"
#include "analyzer/onnx/onnx_import.h"
#include "hw/estimate.h"
#include "passes/parallel.h"
#include "passes/pass_manager.h"

namespace assay {
namespace {

// A column under its own name or that of published collections.
struct Names {
  absl::string_view own, published;
};
constexpr Names kModel = {"model", "canonical_model"}, kTarget = {"target", "hw_key"},
                kRuntime = {"runtime", "runtime_class"}, kSoftware = {"software", "runtimes"},
                kPrecision = {"precision", "precision"}, kBatch = {"batch", "batch"},
                kInput = {"input", "input"}, kCores = {"cores", "cores"},
                kLatency = {"latency_ms", "lat_ms_median"}, kLow = {"latency_ms_min", "lat_ms_min"},
                kHigh = {"latency_ms_max", "lat_ms_max"},
                kThroughput = {"throughput_per_s", "thr_per_s_median"},
                kFamily = {"family", "family"}, kSource = {"source", "source"};

class RowReader {
 public:
  RowReader(const Csv& csv, const std::string& path) : csv_(csv), path_(path) {}

  int Find(const Names& names) const {
    const int own = csv_.Column(names.own);
    return own >= 0 ? own : csv_.Column(names.published);
  }
  std::string Text(size_t row, const Names& names) const {
    const int column = Find(names);
    return column < 0 ? "" : csv_.rows[row][static_cast<size_t>(column)];
  }
  // 0 where nothing is written.
  absl::StatusOr<double> Number(size_t row, const Names& names) const {
    const std::string text = Text(row, names);
    double value = 0;
    if (text.empty()) return value;
    if (!absl::SimpleAtod(text, &value) || !(value > 0) || value > 1e15) {
      return Bad(row, absl::StrCat("`", text, "` in column `", names.own,
                                   "` is no number above 0; correct it or leave it empty"));
    }
    return value;
  }
  absl::Status Bad(size_t row, absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat(path_, ":", csv_.lines[row], ": ", what));
  }

 private:
  const Csv& csv_;
  const std::string& path_;
};

absl::StatusOr<MeasuredRow> ReadRow(const RowReader& reader, size_t row, int line) {
  MeasuredRow out;
  out.line = line;
  out.model = reader.Text(row, kModel);
  out.target = reader.Text(row, kTarget);
  out.runtime = reader.Text(row, kRuntime);
  out.software = reader.Text(row, kSoftware);
  out.precision = reader.Text(row, kPrecision);
  out.input = reader.Text(row, kInput);
  out.family = reader.Text(row, kFamily);
  out.source = reader.Text(row, kSource);
  double numbers[5];
  const Names* columns[] = {&kBatch, &kLatency, &kLow, &kHigh, &kThroughput};
  for (size_t i = 0; i < std::size(columns); ++i) {
    absl::StatusOr<double> number = reader.Number(row, *columns[i]);
    if (!number.ok()) return number.status();
    numbers[i] = *number;
  }
  out.batch = std::max<int64_t>(1, static_cast<int64_t>(numbers[0]));
  if (numbers[0] != 0 && numbers[0] != static_cast<double>(out.batch)) {
    return reader.Bad(row, "`batch` is no whole number; correct it or leave it empty");
  }
  out.batch_given = numbers[0] != 0;
  if (const std::string cores = reader.Text(row, kCores); !cores.empty()) {
    absl::StatusOr<CoreShare> share = ParseCoreShare(cores);
    if (!share.ok()) return reader.Bad(row, share.status().message());
    out.share = *share;
  }
  out.seconds = numbers[1] * 1e-3;
  out.seconds_low = numbers[2] * 1e-3;
  out.seconds_high = numbers[3] * 1e-3;
  if (out.seconds == 0 && numbers[4] > 0) {
    out.seconds =
        static_cast<double>(out.batch) * static_cast<double>(out.share.instances) / numbers[4];
    out.is_throughput = true;
  }
  if (out.seconds == 0) {
    return reader.Bad(row, "neither `latency_ms` nor `throughput_per_s` is given; give one");
  }
  return out;
}

// "compiled:torch.compile / PyTorch" of a runtime's `measured_as` is that class with software whose
// every part begins with that word; without a slash any software serves.
bool IsMeasuredAs(const Runtime& runtime, const MeasuredRow& row) {
  const std::vector<absl::string_view> parts = absl::StrSplit(row.software, ';');
  return std::all_of(parts.begin(), parts.end(), [&](absl::string_view part) {
    part = absl::StripLeadingAsciiWhitespace(part);
    return std::any_of(runtime.measured_as.begin(), runtime.measured_as.end(),
                       [&](const std::string& as) {
                         const std::pair<absl::string_view, absl::string_view> alias =
                             absl::StrSplit(as, absl::MaxSplits(" / ", 1));
                         return row.runtime == alias.first && absl::StartsWith(part, alias.second);
                       });
  });
}

absl::StatusOr<std::shared_ptr<const Target>> TargetOf(const MeasuredRow& row) {
  absl::StatusOr<std::shared_ptr<const Target>> own = FindTarget(row.target);
  // What is wrong with a user's own file is the better message.
  if (own.ok() || absl::StrContains(row.target, ".yaml")) return own;
  for (absl::string_view name : TargetNames()) {
    absl::StatusOr<std::shared_ptr<const Target>> t = FindTarget(name);
    if (t.ok() && std::count((*t)->aliases.begin(), (*t)->aliases.end(), row.target) > 0) return *t;
  }
  return absl::NotFoundError(absl::StrCat("no target is named `", row.target, "`"));
}

std::shared_ptr<const Runtime> RuntimeOf(const MeasuredRow& row) {
  if (absl::StatusOr<std::shared_ptr<const Runtime>> r = FindRuntime(row.runtime); r.ok()) {
    return *r;
  }
  for (absl::string_view name : RuntimeNames()) {
    absl::StatusOr<std::shared_ptr<const Runtime>> r = FindRuntime(name);
    if (r.ok() && IsMeasuredAs(**r, row)) return *r;
  }
  return nullptr;
}

// A graph of the zoo, or why there is none.
struct Imported {
  std::unique_ptr<const Graph> graph;
  std::string problem;
};

// Sizes by name: `seq=128;ids=1x128`.
absl::Status BindNamed(const MeasuredRow& row, Bindings* bindings) {
  if (row.batch_given) bindings->batch = row.batch;
  for (absl::string_view item : absl::StrSplit(row.input, ';')) {
    const size_t equals = item.rfind('=');
    bool good = equals != absl::string_view::npos && equals > 0;
    std::vector<int64_t> sizes;
    if (good) {
      for (absl::string_view size : absl::StrSplit(item.substr(equals + 1), 'x')) {
        good = absl::SimpleAtoi(size, &sizes.emplace_back()) && sizes.back() >= 0 && good;
      }
    }
    if (!good) {
      return absl::InvalidArgumentError(
          absl::StrCat("`", item, "` is no size; write seq=128 or ids=1x128, joined by `;`"));
    }
    const std::string name(item.substr(0, equals));
    if (sizes.size() == 1) {
      bindings->dims.emplace_back(name, sizes[0]);
    } else {
      bindings->shapes.emplace_back(name, std::move(sizes));
    }
  }
  return absl::OkStatus();
}

// Binds the inputs' shapes: axis 0 to the batch, an image's last two axes to `224x224`, the last
// axis of a matrix to `seq128`.
absl::Status BindInput(const Graph& graph, const MeasuredRow& row, Bindings* bindings) {
  if (absl::StrContains(row.input, '=')) return BindNamed(row, bindings);
  // -1: not given.
  int64_t height = -1, width = -1, length = -1;
  bool good = true;
  const std::vector<std::string> sizes = absl::StrSplit(row.input, 'x');
  if (absl::StartsWith(row.input, "seq")) {
    good = absl::SimpleAtoi(absl::StripPrefix(row.input, "seq"), &length) && length > 0;
  } else if (sizes.size() == 2) {
    good = absl::SimpleAtoi(sizes[0], &height) && absl::SimpleAtoi(sizes[1], &width) &&
           height > 0 && width > 0;
  } else if (!row.input.empty()) {
    good = absl::SimpleAtoi(row.input, &height) && height > 0;
    width = height;
  }
  if (!good) {
    return absl::InvalidArgumentError(
        absl::StrCat("`", row.input, "` is no input; write 224x224, seq128, or NAME=SIZE"));
  }
  for (ValueId v : graph.region(Graph::kMain).args) {
    const ClaimedType* type = graph.claim_of(v);
    if (type == nullptr || !type->ranked || type->dims.empty()) continue;
    std::vector<int64_t> shape;
    for (const ClaimedDim& d : type->dims) shape.push_back(d.value);
    const size_t rank = shape.size();
    shape[0] = row.batch;
    if (rank == 4 && height > 0) {
      shape[2] = height;
      shape[3] = width;
    }
    if (rank == 2 && length > 0) shape[1] = length;
    if (std::count_if(shape.begin(), shape.end(), [](int64_t s) { return s < 0; }) > 0) {
      bindings->batch = row.batch;
      continue;
    }
    bindings->shapes.emplace_back(std::string(graph.name(v)), std::move(shape));
  }
  return absl::OkStatus();
}

void Estimate(const Graph& graph, const MeasuredOptions& options, MeasuredModel* model) {
  PassRequest request;
  request.threads = 1;
  request.wanted = {Fact::kEstimates};
  request.fusions.clear();
  request.estimates = {{.target = model->target,
                        .runtime = model->runtime,
                        .precision = model->row.precision,
                        .calibration = options.calibration,
                        .share = model->row.share}};
  absl::Status bound = BindInput(graph, model->row, &request.bindings);
  if (!bound.ok()) {
    model->problem = std::string(bound.message());
    return;
  }
  absl::StatusOr<Analysis> analysis = RunPasses(graph, request);
  if (!analysis.ok()) {
    model->problem = std::string(analysis.status().message());
    return;
  }
  const ModelEstimate& e = *analysis->estimates[0];
  if (e.unknown_kernels > 0 || !(e.latency_s > 0)) {
    model->problem = e.unknown_kernels > 0
                         ? absl::StrCat(e.unknown_kernels, " of its kernels are of unknown work")
                         : "nothing in it runs";
    return;
  }
  model->predicted_s = e.latency_s;
  MeasuredRun& run = model->run;
  run.graph_capture = model->runtime->graph_capture;
  run.host_per_run = model->runtime->host_per_run.value_or(0);
  run.seconds = model->row.seconds;
  run.family = model->row.family;
  run.machine = model->target->name;
  // Kernels that are alike take equal time.
  const Partition& partition = *analysis->partitions[e.partition];
  absl::flat_hash_map<Kernel, size_t> seen;
  for (size_t i = 0; i < e.kernels.size(); ++i) {
    if (e.kernels[i].in_place) continue;
    const double times = partition.kernels[i].multiplicity;
    if (e.results[i].fallback) {
      run.fallback += times * e.results[i].seconds;
      continue;
    }
    const auto [at, is_new] = seen.try_emplace(e.kernels[i], run.kernels.size());
    if (is_new) {
      run.kernels.emplace_back(CostOf(e.kernels[i], *e.platform), times);
    } else {
      run.kernels[at->second].second += times;
    }
  }
}

// By model: the families of MODELS/manifest.csv, where there is one.
std::map<std::string, std::string> Families(const std::string& models) {
  std::map<std::string, std::string> out;
  absl::StatusOr<Csv> csv = ReadCsv(absl::StrCat(models, "/manifest.csv"));
  if (!csv.ok()) return out;
  int name = csv->Column("canonical_model");
  if (name < 0) name = csv->Column("model");
  const int family = csv->Column("family");
  if (name < 0 || family < 0) return out;
  for (const auto& row : csv->rows) {
    out[row[static_cast<size_t>(name)]] = row[static_cast<size_t>(family)];
  }
  return out;
}

}  // namespace

absl::StatusOr<std::vector<MeasuredRow>> ReadMeasured(const std::string& path) {
  absl::StatusOr<Csv> csv = ReadCsv(path);
  if (!csv.ok()) return csv.status();
  const RowReader reader(*csv, path);
  for (const Names* names : {&kModel, &kTarget, &kRuntime}) {
    if (reader.Find(*names) < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ":1: no column `", names->own, "`; the header must name it"));
    }
  }
  std::vector<MeasuredRow> out;
  for (size_t i = 0; i < csv->rows.size(); ++i) {
    absl::StatusOr<MeasuredRow> row = ReadRow(reader, i, csv->lines[i]);
    if (!row.ok()) return row.status();
    out.push_back(*std::move(row));
  }
  return out;
}

std::vector<MeasuredModel> AnalyzeMeasured(const std::vector<MeasuredRow>& rows,
                                           const MeasuredOptions& options) {
  std::vector<MeasuredModel> out;
  std::map<std::string, absl::StatusOr<std::shared_ptr<const Target>>> targets;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const Runtime>> runtimes;
  for (const MeasuredRow& row : rows) {
    auto [target, new_target] = targets.try_emplace(row.target);
    if (new_target) target->second = TargetOf(row);
    auto [runtime, new_runtime] = runtimes.try_emplace({row.runtime, row.software});
    if (new_runtime) runtime->second = RuntimeOf(row);
    MeasuredModel model{.row = row,
                        .target = target->second.ok() ? *target->second : nullptr,
                        .runtime = runtime->second};
    if (model.target == nullptr) {
      model.problem = std::string(target->second.status().message());
    } else if (model.runtime == nullptr) {
      model.problem =
          absl::StrCat("no runtime is measured as `", row.runtime, "` with `", row.software, "`");
    }
    if (!options.target.empty() &&
        (model.target == nullptr || model.target->name != options.target)) {
      continue;
    }
    if (!options.runtime.empty() &&
        (model.runtime == nullptr || model.runtime->name != options.runtime)) {
      continue;
    }
    out.push_back(std::move(model));
  }

  const std::map<std::string, std::string> families = Families(options.models);
  std::vector<std::string> names;
  for (MeasuredModel& model : out) {
    names.push_back(model.row.model);
    if (!model.row.family.empty()) continue;
    const auto family = families.find(model.row.model);
    model.row.family = family == families.end() ? model.row.model : family->second;
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  const int threads = ResolveThreads(options.threads);
  ParallelFor(static_cast<int64_t>(names.size()), 1, threads, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      const std::string& name = names[static_cast<size_t>(n)];
      const std::string path = absl::StrContains(name, '/') || absl::EndsWith(name, ".onnx")
                                   ? name
                                   : absl::StrCat(options.models, "/", name, ".onnx");
      std::optional<absl::StatusOr<Graph>> graph;
      for (MeasuredModel& model : out) {
        if (model.row.model != name || !model.problem.empty()) continue;
        if (!graph.has_value()) graph = ImportOnnx(path, OpTable::BuiltIn());
        if (!graph->ok()) {
          model.problem = std::string(graph->status().message());
        } else {
          Estimate(**graph, options, &model);
        }
      }
    }
  });
  return out;
}

}  // namespace assay
