// `validate` and `calibrate` with --profile: one model, kernel by kernel.
#include "analyzer/profile.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "analyzer/pipeline.h"
#include "analyzer/profile_match.h"
#include "analyzer/profile_report.h"
#include "analyzer/units.h"
#include "cli/calibrate.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "ir/paths.h"

namespace assay {
namespace {

// A profile beside an estimate of its model.
struct Profiled {
  Profile profile;
  Report report;
  ProfileMatch match;
};

// What keeps the two from being compared.
absl::Status CheckMatch(const Request& request, const Profiled& p) {
  const std::string& model = request.args[0];
  if (p.match.groups.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(request.profile, ": none of its ",
                     Plural(static_cast<int64_t>(p.profile.entries.size()), "entry"), " is of ",
                     model, "; name the model that was profiled"));
  }
  if (2 * p.match.sizes_differ > p.match.sizes_compared) {
    return absl::InvalidArgumentError(absl::StrCat(
        request.profile, ": taken at other sizes than ", model,
        " is estimated at: ", p.match.size_that_differs, "; give --dim or --batch as they were"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Profiled> Load(const Request& request, ExitCode* exit) {
  Profiled out;
  *exit = kInputFailed;
  absl::StatusOr<Profile> profile = ReadProfile(request.profile);
  if (!profile.ok()) return profile.status();
  out.profile = *std::move(profile);

  AnalyzeOptions options = request.analyze;
  if (options.runtime.empty()) options.runtime = std::string(RuntimeOf(out.profile.kind));
  absl::StatusOr<Plan> plan = MakePlan(options);
  if (!plan.ok()) {
    *exit = kUsage;
    return plan.status();
  }
  absl::StatusOr<Report> report = AnalyzeModel(request.args[0], *plan);
  if (!report.ok()) {
    // A name that the model does not have is wrong on the command line.
    if (absl::IsNotFound(report.status())) *exit = kUsage;
    return report.status();
  }
  out.report = *std::move(report);
  out.match =
      MatchProfile(out.profile, *out.report.graph, out.report.analysis, *FirstEstimate(out.report));
  if (absl::Status s = CheckMatch(request, out); !s.ok()) return s;
  return out;
}

}  // namespace

absl::Status CheckMeasurements(const Request& request) {
  const bool profile = !request.profile.empty();
  if (profile && !request.measured.empty()) {
    return absl::InvalidArgumentError(
        "--measured and --profile both name measurements; choose one");
  }
  if (!profile && request.measured.empty()) {
    return absl::InvalidArgumentError(
        "--measured FILE.csv or --profile FILE.json is missing; it names the measurements");
  }
  const AnalyzeOptions& analyze = request.analyze;
  const Bindings& bindings = analyze.bindings;
  struct Given {
    absl::string_view what;
    bool with_profile, given;
  };
  const Given rows[] = {
      {"MODEL", true, !request.args.empty()},
      {"--precision", true, !analyze.precision.empty()},
      {"--cores", true, analyze.share != CoreShare()},
      {"--dim", true, !bindings.dims.empty()},
      {"--batch", true, bindings.batch.has_value()},
      {"--shape", true, !bindings.shapes.empty()},
      {"--value", true, !bindings.values.empty()},
      {"--op-file", true, !analyze.op_files.empty()},
      {"--models", false, request.models != Request().models},
      {"--leave-out", false, request.leave_out != Request().leave_out},
      {"--plot", false, !request.plot.empty()},
  };
  for (const Given& row : rows) {
    if (!row.given || row.with_profile == profile) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("`", row.what, "` goes with ", row.with_profile ? "--profile" : "--measured",
                     "; leave it out with ", profile ? "--profile" : "--measured"));
  }
  if (profile && request.args.empty()) {
    return absl::InvalidArgumentError("MODEL is missing; name the ONNX file that --profile is of");
  }
  if (profile && analyze.targets.size() != 1) {
    return absl::InvalidArgumentError("name one --target: the machine that --profile was taken on");
  }
  return absl::OkStatus();
}

ExitCode ValidateProfile(const Request& request, Io& io) {
  ExitCode exit = kDone;
  const absl::StatusOr<Profiled> p = Load(request, &exit);
  if (!p.ok()) {
    SayError(p.status(), io);
    return exit;
  }
  return Print(
      request,
      ProfileReport(request.profile, p->profile, p->match, p->report, StyleFor(request, io)), io);
}

ExitCode CalibrateProfile(const Request& request, Io& io) {
  ExitCode exit = kDone;
  const absl::StatusOr<Profiled> p = Load(request, &exit);
  if (!p.ok()) {
    SayError(p.status(), io);
    return exit;
  }
  const ModelEstimate& estimate = *FirstEstimate(p->report);
  const Target& target = *estimate.platform->target;
  FitInput input;
  input.runs = RunsOf(p->match, p->report.analysis, estimate);
  input.own.assign(input.runs.size(), true);
  input.what = "groups of kernels of a profile";
  const absl::StatusOr<Prior> prior = PriorFor(target.kind);
  absl::Status s = prior.status();
  if (s.ok() && input.runs.empty()) {
    s = absl::InvalidArgumentError(
        absl::StrCat(request.profile, ": no kernel took any time; profile more runs"));
  }
  if (!s.ok()) {
    SayError(s, io);
    return kInputFailed;
  }
  Calibration fitted = Calibrate(input, {.target = target.name, .kind = target.kind},
                                 PriorOf(*prior, *estimate.platform->runtime),
                                 estimate.platform->runtime->name, request.profile);
  fitted.notes = absl::StrCat("fitted to a profile of ", FileName(request.args[0]),
                              ", kernel by kernel; the error on what was left out is of kernels; "
                              "dispatch stays as the runtime says");
  return Print(request, ToYaml(fitted), io);
}

}  // namespace assay
