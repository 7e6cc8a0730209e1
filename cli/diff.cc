// `diff`: what changed in cost between two models.
#include "analyzer/diff.h"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "cli/commands.h"
#include "cli/models.h"
#include "cli/output.h"

namespace assay {
namespace {

// Takes out the binding that the message is about ("FILE: --dim NAME: ..."); "": about none.
std::string TakeOut(absl::string_view message, Bindings* bindings) {
  const auto take = [&](auto* list, auto name_of, absl::string_view option) -> std::string {
    for (auto at = list->begin(); at != list->end(); ++at) {
      const std::string name = name_of(*at);
      std::string words = absl::StrCat(option, " ", name);
      const bool meant =
          absl::StrContains(message, absl::StrCat(": ", words, ": ")) ||
          absl::StrContains(message, absl::StrCat(": ", option, ": no input `", name, "`"));
      if (!meant) continue;
      list->erase(at);
      return words;
    }
    return "";
  };
  const auto first = [](const auto& pair) { return pair.first; };
  std::string taken = take(&bindings->dims, first, "--dim");
  if (taken.empty()) taken = take(&bindings->shapes, first, "--shape");
  if (taken.empty()) {
    taken = take(
        &bindings->values, [](const Bindings::InputValue& v) { return v.input; }, "--value");
  }
  return taken;
}

// A name that the model does not have may be the other's: it is left out, and told in `without`.
absl::StatusOr<Report> Analyze(const std::string& path, Plan plan,
                               std::vector<std::string>* without) {
  absl::StatusOr<Report> report = AnalyzeModel(path, plan);
  while (absl::IsNotFound(report.status())) {
    std::string taken = TakeOut(report.status().message(), &plan.request.bindings);
    if (taken.empty()) break;
    without->push_back(std::move(taken));
    report = AnalyzeModel(path, plan);
  }
  return report;
}

}  // namespace

ExitCode RunDiff(const Request& request, Io& io) {
  const std::optional<Plan> plan = PlanFor(request.analyze, request, io);
  if (!plan.has_value()) return kUsage;
  std::array<std::vector<std::string>, 2> without;
  std::vector<Report> reports;
  for (size_t i = 0; i < 2; ++i) {
    absl::StatusOr<Report> report = Analyze(request.args[i], *plan, &without[i]);
    if (!report.ok()) return ModelFailed(report.status(), io);
    SayOf(*report, request, io);
    reports.push_back(*std::move(report));
  }
  for (const std::string& name : without[0]) {
    for (const std::string& other : without[1]) {
      if (name != other) continue;
      SayError(absl::StrCat(name, ": neither ", request.args[0], " nor ", request.args[1],
                            " has it; `assay analyze` lists their symbols and inputs"),
               io);
      return kUsage;
    }
  }
  const absl::string_view format = FormatOf(request).name;
  const bool all = format == "json" || format == "csv";
  return Print(request, MakeDiffDocument(reports[0], reports[1], request.report, all), io);
}

}  // namespace assay
