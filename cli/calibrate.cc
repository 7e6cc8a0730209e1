// `validate` and `calibrate`: estimates against measurements, and fits to them.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "analyzer/accuracy.h"
#include "analyzer/measured.h"
#include "analyzer/units.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "hw/calibration.h"
#include "hw/fit.h"

namespace assay {
namespace {

// Runs that are fitted together: one target, software and precision.
std::string MachineOf(const MeasuredModel& m) {
  return absl::StrJoin({m.target->name, m.row.software, m.row.precision}, "|");
}

// Those that can be compared and whose own sources agree.
std::vector<size_t> Usable(const std::vector<MeasuredModel>& models) {
  std::vector<size_t> out;
  for (size_t i = 0; i < models.size(); ++i) {
    if (models[i].problem.empty() && !models[i].row.unstable()) out.push_back(i);
  }
  return out;
}

absl::Status CheckMeasured(const Request& request) {
  if (request.measured.empty()) {
    return absl::InvalidArgumentError("--measured FILE.csv is missing; it names the measurements");
  }
  return absl::OkStatus();
}

// Predictions by fits that have seen nothing of the same family (or machine), runtime by runtime.
std::vector<ScoredRun> HeldOut(const std::vector<MeasuredModel>& models, LeaveOut what) {
  std::vector<ScoredRun> out;
  std::vector<std::pair<const Runtime*, TargetKind>> done;
  const std::vector<size_t> usable = Usable(models);
  for (size_t first : usable) {
    const std::pair<const Runtime*, TargetKind> group = {models[first].runtime.get(),
                                                         models[first].target->kind};
    if (std::any_of(done.begin(), done.end(), [&](const auto& d) {
          return d.first->name == group.first->name && d.second == group.second;
        })) {
      continue;
    }
    done.push_back(group);
    std::vector<MeasuredRun> runs;
    std::vector<const MeasuredModel*> of;
    for (size_t i : usable) {
      if (models[i].runtime->name != group.first->name || models[i].target->kind != group.second) {
        continue;
      }
      runs.push_back(models[i].run);
      runs.back().machine =
          what == LeaveOut::kFamily ? MachineOf(models[i]) : models[i].target->name;
      of.push_back(&models[i]);
    }
    const std::vector<double> errors = HeldOutErrors(runs, PriorOf(PriorFor(group.second)), what);
    for (size_t i = 0; i < runs.size(); ++i) {
      out.push_back({of[i], runs[i].seconds * std::exp(errors[i])});
    }
  }
  std::stable_sort(out.begin(), out.end(), [](const ScoredRun& a, const ScoredRun& b) {
    return a.model->row.line < b.model->row.line;
  });
  return out;
}

Datum Found(double value, const std::string& source) {
  Datum d;
  d.value = value;
  d.known = true;
  d.basis = Basis::kDerived;
  d.source = source;
  d.reason = "fitted to the measurements that `data` names";
  return d;
}

double Rounded(double value, int digits) {
  double out = 0;
  (void)absl::SimpleAtod(absl::StrFormat("%.*g", digits, value), &out);
  return out;
}

}  // namespace

ExitCode RunValidate(const Request& request, Io& io) {
  if (absl::Status s = CheckMeasured(request); !s.ok()) {
    SayError(s, io);
    return kUsage;
  }
  absl::StatusOr<std::vector<MeasuredRow>> rows = ReadMeasured(request.measured);
  if (!rows.ok()) {
    SayError(rows.status(), io);
    return kInputFailed;
  }
  const std::vector<MeasuredModel> models = AnalyzeMeasured(
      *rows, {.models = request.models,
              .target = request.analyze.targets.empty() ? "" : request.analyze.targets[0],
              .runtime = request.analyze.runtime,
              .threads = request.analyze.threads});
  std::vector<ScoredRun> scored;
  std::string how = "as assay ships";
  if (request.leave_out == "family" || request.leave_out == "machine") {
    const bool family = request.leave_out == "family";
    scored = HeldOut(models, family ? LeaveOut::kFamily : LeaveOut::kMachine);
    how = family ? "fitted anew with one family of models left out at a time"
                 : "fitted anew with one machine left out at a time";
  } else {
    for (size_t i : Usable(models)) scored.push_back({&models[i], models[i].predicted_s});
  }
  if (!request.plot.empty()) {
    AtomicFile file;
    absl::Status s = file.Open(request.plot);
    if (s.ok()) s = file.Write(AccuracyPlot(scored));
    if (s.ok()) s = file.Commit();
    if (!s.ok()) return WriteFailed(s, io);
  }
  return Print(request,
               AccuracyReport(request.measured, how, scored, models, StyleFor(request, io)), io);
}

ExitCode RunCalibrate(const Request& request, Io& io) {
  absl::Status s = CheckMeasured(request);
  if (s.ok() && (request.analyze.targets.size() != 1 || request.analyze.runtime.empty())) {
    s = absl::InvalidArgumentError("name one --target and one --runtime to calibrate");
  }
  if (!s.ok()) {
    SayError(s, io);
    return kUsage;
  }
  auto target = FindTarget(request.analyze.targets[0]);
  auto runtime = FindRuntime(request.analyze.runtime);
  for (const absl::Status& status : {target.status(), runtime.status()}) {
    if (status.ok()) continue;
    SayError(status, io);
    return kUsage;
  }
  absl::StatusOr<std::vector<MeasuredRow>> rows = ReadMeasured(request.measured);
  if (!rows.ok()) {
    SayError(rows.status(), io);
    return kInputFailed;
  }
  const std::vector<MeasuredModel> models = AnalyzeMeasured(
      *rows,
      {.models = request.models, .runtime = (*runtime)->name, .threads = request.analyze.threads});
  // Runs on other machines of the kind say where a fit starts from.
  std::vector<MeasuredRun> runs;
  std::vector<bool> own;
  std::string software;
  for (size_t i : Usable(models)) {
    if (models[i].target->kind != (*target)->kind) continue;
    runs.push_back(models[i].run);
    own.push_back(models[i].target->name == (*target)->name);
    runs.back().machine = models[i].target->name;
  }
  const auto count = std::count(own.begin(), own.end(), true);
  if (count == 0) {
    std::string why;
    for (const MeasuredModel& m : models) {
      if (!m.problem.empty() && why.empty()) why = absl::StrCat(" (", m.problem, ")");
    }
    SayError(absl::StrCat(request.measured, ": no row of ", (*target)->name, " under ",
                          (*runtime)->name, " can be used", why, "; see --models and the columns ",
                          "`target` and `runtime`"),
             io);
    return kInputFailed;
  }
  const FitPrior prior = PriorOf(PriorFor((*target)->kind));
  const Fitted fitted = Fit(runs, prior);
  const Achieved& best = fitted.of((*target)->name);
  std::vector<double> in_sample, held_out, measured;
  const std::vector<double> errors = HeldOutErrors(runs, prior, LeaveOut::kFamily);
  std::vector<double> ratios;
  for (size_t i = 0; i < runs.size(); ++i) {
    if (!own[i]) continue;
    measured.push_back(runs[i].seconds);
    in_sample.push_back(SecondsOf(runs[i], best));
    held_out.push_back(runs[i].seconds * std::exp(errors[i]));
    ratios.push_back(std::exp(-errors[i]));  // measured / predicted
  }
  std::sort(ratios.begin(), ratios.end());
  auto quantile = [&](double q) {
    return ratios[static_cast<size_t>(std::lround(q * static_cast<double>(ratios.size() - 1)))];
  };

  Calibration out;
  out.name = absl::StrCat((*target)->name, ".", (*runtime)->name);
  out.target = (*target)->name;
  out.runtime = (*runtime)->name;
  const std::string source = absl::StrCat("fit to ", count, " measured runs");
  for (size_t i = 0; i < kNumKernelClasses; ++i) {
    ClassEfficiency c;
    c.name = std::string(Name(static_cast<KernelClass>(i)));
    c.compute = Found(Rounded(best.classes[i].compute, 3), source);
    c.bandwidth = Found(Rounded(best.classes[i].bandwidth, 3), source);
    out.classes.push_back(std::move(c));
  }
  out.launch = Found(Rounded(best.launch, 3), source);
  out.dispatch = Found(Rounded(best.dispatch, 3), source);
  out.overlap = Found(best.overlap, source);
  // Nine of ten held-out runs lie inside.
  out.low = Found(std::min(1.0, Rounded(quantile(0.05), 3)), source);
  out.high = Found(std::max(1.0, Rounded(quantile(0.95), 3)), source);
  out.data = request.measured.substr(request.measured.rfind('/') + 1);
  out.date = absl::FormatTime("%Y-%m-%d", absl::Now(), absl::UTCTimeZone());
  out.rows = Found(static_cast<double>(count), source);
  out.error_in_sample = Found(Rounded(AccuracyOf(in_sample, measured).median_error, 3), source);
  out.error_held_out = Found(Rounded(AccuracyOf(held_out, measured).median_error, 3), source);
  return Print(request, ToYaml(out), io);
}

}  // namespace assay
