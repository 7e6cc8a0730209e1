// `assay fit`: whether models keep to limits on targets.
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "analyzer/expect.h"
#include "analyzer/fitness.h"
#include "cli/commands.h"
#include "cli/models.h"
#include "cli/output.h"
#include "hw/target.h"

namespace assay {
namespace {

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
  absl::StatusOr<TargetChoice> chosen = ExpandTargets(options.targets);
  if (status.ok()) status = chosen.status();
  std::vector<std::string> only_expected;
  for (const std::string& target : expectations.Targets()) {
    if (!status.ok() || absl::c_linear_search(chosen->names, target)) continue;
    options.targets.push_back(target);
    only_expected.push_back(target);
  }
  absl::StatusOr<Plan> plan = status.ok() ? MakePlan(options) : status;
  if (!plan.ok()) {
    SayError(plan.status(), io);
    return kUsage;
  }

  Fitness fitness(request.fit, request.report, std::move(requirements),
                  request.fit.expect.empty() ? nullptr : &expectations, std::move(only_expected));
  fitness.Skipped(plan->skipped);
  const ModelsDone done = ForEachModel(
      request, *plan, io, [&](const std::string& path, const absl::StatusOr<Report>& report) {
        if (report.ok()) {
          SayOf(*report, request, io);
          fitness.Add(*report);
        } else {
          fitness.Failed(path, std::string(report.status().message()));
        }
        return absl::OkStatus();
      });
  if (done.all_failed) return done.exit;
  const ExitCode printed = Print(request, fitness.Finish(), io);
  if (printed != kDone) return printed;
  return done.exit == kDone && fitness.broken() ? kLimitBroken : done.exit;
}

}  // namespace assay
