// `validate` and `calibrate`: estimates against measurements, and fits to them. Here those of a
// table; profile.cc has those of a profile.
#include "cli/calibrate.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

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
#include "hw/target_keys.h"
#include "hw/units.h"
#include "ir/paths.h"

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
      if (what == LeaveOut::kFamily) runs.back().machine = MachineOf(models[i]);
      of.push_back(&models[i]);
    }
    const absl::StatusOr<Prior> prior = PriorFor(group.second);
    if (!prior.ok()) continue;
    const std::vector<double> errors = HeldOutErrors(runs, PriorOf(*prior, *group.first), what);
    for (size_t i = 0; i < runs.size(); ++i) {
      out.push_back({of[i], runs[i].seconds * std::exp(errors[i])});
    }
  }
  std::stable_sort(out.begin(), out.end(), [](const ScoredRun& a, const ScoredRun& b) {
    return a.model->row.line < b.model->row.line;
  });
  return out;
}

// To three significant digits, and just what the text reads as.
Datum Found(double value, Unit unit, const std::string& source) {
  Datum d;
  const auto [scale, suffix] = unit == Unit::kRatio     ? std::pair(1e2, " %")
                               : unit == Unit::kSeconds ? std::pair(1e6, " us")
                               : unit == Unit::kOps     ? std::pair(1e-6, " MFLOP")
                                                        : std::pair(1.0, "");
  const absl::StatusOr<double> read =
      ParseQuantity(absl::StrFormat("%.3g%s", value * scale, suffix), unit);
  d.value = read.ok() ? *read : value;
  d.known = true;
  d.basis = Basis::kDerived;
  d.source = source;
  d.reason = "fitted";
  return d;
}

}  // namespace

ExitCode RunValidate(const Request& request, Io& io) {
  if (absl::Status s = CheckMeasurements(request); !s.ok()) {
    SayError(s, io);
    return kUsage;
  }
  if (!request.profile.empty()) return ValidateProfile(request, io);
  MeasuredOptions options{.models = request.models, .target = "", .runtime = ""};
  options.threads = request.analyze.threads;
  absl::Status named;
  if (request.analyze.targets.size() > 1) {
    named = absl::InvalidArgumentError("--target takes one name here; leave it out for all");
  } else if (!request.analyze.targets.empty()) {
    auto target = FindTarget(request.analyze.targets[0]);
    named = target.status();
    if (target.ok()) options.target = (*target)->name;
  }
  if (named.ok() && !request.analyze.runtime.empty()) {
    auto runtime = FindRuntime(request.analyze.runtime);
    named = runtime.status();
    if (runtime.ok()) options.runtime = (*runtime)->name;
  }
  std::string how = "as assay ships";
  if (const std::string& own = request.analyze.calibration; named.ok() && !own.empty()) {
    auto calibration = LoadCalibration(own);
    named = calibration.status();
    if (calibration.ok()) options.calibration = *calibration;
    how = absl::StrCat("with ", own);
    if (request.leave_out != "none") {
      named = absl::InvalidArgumentError(
          "--leave-out fits anew and --calibration does not; leave one of them out");
    }
  }
  if (!named.ok()) {
    SayError(named, io);
    return kUsage;
  }
  absl::StatusOr<std::vector<MeasuredRow>> rows = ReadMeasured(request.measured);
  if (!rows.ok()) {
    SayError(rows.status(), io);
    return kInputFailed;
  }
  const std::vector<MeasuredModel> models = AnalyzeMeasured(*rows, options);
  std::vector<ScoredRun> scored;
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

namespace {

absl::StatusOr<Scope> ScopeOf(const std::string& name) {
  for (size_t i = 0; i < TargetKindNames().size(); ++i) {
    const auto kind = static_cast<TargetKind>(i);
    if (name == Name(kind)) return Scope{.kind = kind};
  }
  absl::StatusOr<std::shared_ptr<const Target>> target = FindTarget(name);
  if (!target.ok()) return target.status();
  return Scope{.target = (*target)->name, .kind = (*target)->kind};
}

FitInput InputOf(const std::vector<MeasuredModel>& models, const Scope& scope) {
  FitInput out;
  for (size_t i : Usable(models)) {
    if (models[i].target->kind != scope.kind) continue;
    out.runs.push_back(models[i].run);
    out.own.push_back(scope.target.empty() || models[i].target->name == scope.target);
  }
  return out;
}

}  // namespace

Calibration Calibrate(const FitInput& input, const Scope& scope, const FitPrior& prior,
                      const std::string& runtime, const std::string& data) {
  const Fitted fitted = Fit(input.runs, prior, input.own);
  const Achieved& best = scope.target.empty() ? fitted.all : fitted.of(scope.target);
  // What a calibration of a kind has not seen is a machine; else a family of models.
  const std::vector<double> errors = HeldOutErrors(
      input.runs, prior, scope.target.empty() ? LeaveOut::kMachine : LeaveOut::kFamily, input.own);
  std::vector<double> in_sample, held_out, measured, ratios;
  for (size_t i = 0; i < input.runs.size(); ++i) {
    if (!input.own[i]) continue;
    const MeasuredRun& run = input.runs[i];
    measured.push_back(run.seconds);
    in_sample.push_back(SecondsOf(run, best));
    held_out.push_back(run.seconds * std::exp(errors[i]));
    ratios.push_back(std::exp(-errors[i]));  // measured / predicted
  }
  std::sort(ratios.begin(), ratios.end());
  auto quantile = [&](double q) {
    return ratios[static_cast<size_t>(std::lround(q * static_cast<double>(ratios.size() - 1)))];
  };

  Calibration out;
  out.target = scope.target;
  if (scope.target.empty()) out.kind = std::string(Name(scope.kind));
  out.runtime = runtime;
  out.name = absl::StrCat(scope.target.empty() ? out.kind : out.target, ".", runtime);
  const std::string source = absl::StrCat("fit to ", measured.size(), " ", input.what);
  for (size_t i = 0; i < kNumKernelClasses; ++i) {
    ClassEfficiency c;
    c.name = std::string(Name(static_cast<KernelClass>(i)));
    c.compute = Found(best.classes[i].compute, Unit::kRatio, source);
    c.bandwidth = Found(best.classes[i].bandwidth, Unit::kRatio, source);
    if (best.classes[i].half_saturation > 0) {
      c.half_saturation = Found(best.classes[i].half_saturation, Unit::kOps, source);
    }
    out.classes.push_back(std::move(c));
  }
  out.launch = Found(best.launch, Unit::kSeconds, source);
  out.dispatch = Found(best.dispatch, Unit::kSeconds, source);
  out.overlap = Found(best.overlap, Unit::kCount, source);
  // Nine of ten held-out runs lie inside.
  out.low = Found(std::min(1.0, quantile(0.05)), Unit::kCount, source);
  out.high = Found(std::max(1.0, quantile(0.95)), Unit::kCount, source);
  out.data = std::string(FileName(data));
  out.date = absl::FormatTime("%Y-%m-%d", absl::Now(), absl::UTCTimeZone());
  out.rows = Found(0, Unit::kCount, source);
  out.rows.value = static_cast<double>(measured.size());
  out.error_in_sample = Found(AccuracyOf(in_sample, measured).median_error, Unit::kRatio, source);
  out.error_held_out = Found(AccuracyOf(held_out, measured).median_error, Unit::kRatio, source);
  return out;
}

ExitCode RunCalibrate(const Request& request, Io& io) {
  if (!request.analyze.calibration.empty()) {
    SayError(absl::InvalidArgumentError("--calibration is what `calibrate` makes; leave it out"),
             io);
    return kUsage;
  }
  absl::Status s = CheckMeasurements(request);
  if (s.ok() && !request.profile.empty()) return CalibrateProfile(request, io);
  if (s.ok() && (request.analyze.targets.size() != 1 || request.analyze.runtime.empty())) {
    s = absl::InvalidArgumentError("name one --target and one --runtime to calibrate");
  }
  if (!s.ok()) {
    SayError(s, io);
    return kUsage;
  }
  const absl::StatusOr<Scope> scope = ScopeOf(request.analyze.targets[0]);
  const auto runtime = FindRuntime(request.analyze.runtime);
  for (const absl::Status& status : {scope.status(), runtime.status()}) {
    if (status.ok()) continue;
    SayError(status, io);
    return kUsage;
  }
  absl::StatusOr<std::vector<MeasuredRow>> rows = ReadMeasured(request.measured);
  if (!rows.ok()) {
    SayError(rows.status(), io);
    return kInputFailed;
  }
  const std::vector<MeasuredModel> models =
      AnalyzeMeasured(*rows, {.models = request.models,
                              .target = "",
                              .runtime = (*runtime)->name,
                              .threads = request.analyze.threads});
  const FitInput input = InputOf(models, *scope);
  if (std::count(input.own.begin(), input.own.end(), true) == 0) {
    std::string why;
    for (const MeasuredModel& m : models) {
      if (!m.problem.empty() && why.empty()) why = absl::StrCat(" (", m.problem, ")");
    }
    SayError(absl::StrCat(request.measured, ": no row of ", request.analyze.targets[0], " under ",
                          (*runtime)->name, " can be used", why, "; see --models and the columns ",
                          "`target` and `runtime`"),
             io);
    return kInputFailed;
  }
  const absl::StatusOr<Prior> prior = PriorFor(scope->kind);
  if (!prior.ok()) {
    SayError(prior.status(), io);
    return kInputFailed;
  }
  return Print(request,
               ToYaml(Calibrate(input, *scope, PriorOf(*prior, **runtime), (*runtime)->name,
                                request.measured)),
               io);
}

}  // namespace assay
