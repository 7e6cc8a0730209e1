// `assay fit`: whether models keep to limits on targets.
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "analyzer/expect.h"
#include "analyzer/fitness.h"
#include "analyzer/pipeline.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "hw/target.h"

namespace assay {
namespace {

// `all`, or the name of a kind of machine: all that are shipped. Null: it is a name.
bool IsGroup(absl::string_view name) {
  if (name == "all") return true;
  for (TargetKind kind : {TargetKind::kGpu, TargetKind::kCpu, TargetKind::kSystolic,
                          TargetKind::kKpu, TargetKind::kNpu}) {
    if (name == Name(kind)) return true;
  }
  return false;
}

absl::Status ExpandTargets(AnalyzeOptions* options) {
  std::vector<std::string> names;
  for (const std::string& name : options->targets) {
    if (!IsGroup(name)) {
      names.push_back(name);
      continue;
    }
    options->skip_impossible = true;  // of all machines, those that can
    for (absl::string_view shipped : TargetNames()) {
      const auto target = FindTarget(shipped);
      if (!target.ok()) return target.status();
      if (name == "all" || name == Name((*target)->kind)) names.emplace_back(shipped);
    }
  }
  options->targets = std::move(names);
  return absl::OkStatus();
}

absl::Status CheckRequest(const Request& request, const Limits& limits) {
  if (request.analyze.targets.empty() && request.fit.expect.empty()) {
    return absl::InvalidArgumentError(
        "--target is missing; name the machines, or `all`, or hold the models against --expect");
  }
  if (request.analyze.targets.empty() && limits.at != Limits().at) {
    return absl::InvalidArgumentError("a limit is of no machine; name one with --target");
  }
  if (limits.of(LimitKind::kPrice).has_value() && !limits.lifetime_s.has_value() &&
      !limits.dollars_per_kwh.has_value()) {
    return absl::InvalidArgumentError(
        "a limit of the price needs to know what one is made of; give --lifetime, --price-per-kwh "
        "or both");
  }
  return absl::OkStatus();
}

ExitCode BadFile(const absl::Status& status, const std::vector<std::string>& errors, Io& io) {
  for (const std::string& error : errors) SayError(error, io);
  if (errors.empty()) SayError(status, io);
  return errors.empty() ? kUsage : kInputFailed;
}

}  // namespace

ExitCode RunFit(const Request& request, Io& io) {
  // Files of limits and expectations, before any model is read.
  std::vector<std::string> errors;
  Requirements requirements;
  if (!request.fit.requirements.empty()) {
    absl::StatusOr<Requirements> read = ReadRequirements(request.fit.requirements, &errors);
    if (!read.ok()) return BadFile(read.status(), errors, io);
    requirements = *std::move(read);
  }
  Expectations expectations;
  for (const std::string& name : request.fit.expect) {
    const absl::Status status = AddExpectations(name, &expectations, &errors);
    if (!status.ok()) return BadFile(status, errors, io);
  }
  Limits limits = requirements.all;
  limits.Override(request.fit.limits);
  AnalyzeOptions options = request.analyze;
  absl::Status status = CheckRequest(request, limits);
  if (status.ok()) status = ExpandTargets(&options);
  std::vector<std::string> only_expected;
  for (const std::string& target : expectations.Targets()) {
    if (absl::c_linear_search(options.targets, target)) continue;
    options.targets.push_back(target);
    only_expected.push_back(target);
  }
  absl::StatusOr<Plan> plan = status.ok() ? MakePlan(options) : status;
  if (!plan.ok()) {
    SayError(plan.status(), io);
    return kUsage;
  }

  Fitness fitness(request.fit, std::move(requirements),
                  request.fit.expect.empty() ? nullptr : &expectations, std::move(only_expected));
  fitness.Skipped(plan->skipped);
  ExitCode exit = kDone;
  size_t failed = 0;
  for (const std::string& path : request.args) {
    const absl::StatusOr<Report> report = AnalyzeModel(path, *plan);
    if (!report.ok()) {
      const ExitCode why = ModelFailed(report.status(), io);
      if (exit != kInputFailed) exit = why;
      fitness.Failed(path, std::string(report.status().message()));
      ++failed;
      continue;
    }
    if (options.timings) SayTimings(*report, io);
    if (!request.quiet) SayDiagnostics(*report, io);
    fitness.Add(*report);
  }
  if (failed > 0 && request.args.size() > 1) {
    SayError(absl::StrCat(failed, " of ", request.args.size(), " models failed"), io);
  }
  if (failed == request.args.size()) return exit;
  const ExitCode printed = Print(request, fitness.Finish(), io);
  if (printed != kDone) return printed;
  return exit == kDone && fitness.broken() ? kLimitBroken : exit;
}

}  // namespace assay
