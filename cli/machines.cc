// `targets` and `runtimes`: what hw/ ships, what a user's own file may say, and whether it is
// right.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "analyzer/text_table.h"
#include "analyzer/units.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "hw/runtime.h"
#include "hw/target.h"

namespace assay {
namespace {

ExitCode PrintKeys(const Request& request, const std::vector<KeyDoc>& keys, Io& io) {
  FactList facts;
  for (const KeyDoc& key : keys) {
    facts.Add(key.path, absl::StrCat(key.required ? "required; " : "", key.type,
                                     key.example.empty() ? "" : ", as `", key.example,
                                     key.example.empty() ? "" : "`", ": ", key.doc));
  }
  std::string out;
  facts.Print(request.report.style, 0, &out);
  return Print(request, std::move(out), io);
}

ExitCode PrintCheck(const Request& request, const std::vector<std::string>& violations, Io& io) {
  for (const std::string& violation : violations) io.Err(absl::StrCat(Printable(violation), "\n"));
  if (violations.empty()) {
    return Print(request, absl::StrCat(request.check, ": keeps every rule\n"), io);
  }
  SayError(absl::StrCat(request.check, ": ", violations.size(),
                        violations.size() == 1 ? " rule is broken" : " rules are broken"),
           io);
  return kInputFailed;
}

std::string Rate(const Target& target, Math math) {
  double rate = target.BestRate(math);
  return rate > 0 ? absl::StrCat(Count(rate), "op/s") : "";
}

template <class T>
ExitCode PrintOne(const Request& request, const absl::StatusOr<std::shared_ptr<const T>>& found,
                  Io& io) {
  if (found.ok()) return Print(request, ToYaml(**found), io);
  SayError(found.status(), io);
  return kUsage;
}

}  // namespace

ExitCode RunTargets(const Request& request, Io& io) {
  if (request.keys) return PrintKeys(request, TargetKeys(), io);
  if (!request.check.empty()) return PrintCheck(request, CheckTargetFile(request.check), io);
  if (!request.args.empty()) return PrintOne(request, FindTarget(request.args[0]), io);
  TextTable table({{"target"},
                   {"kind"},
                   {"fp32", Align::kRight},
                   {"fp16", Align::kRight},
                   {"int8", Align::kRight},
                   {"memory", Align::kRight},
                   {"bandwidth", Align::kRight},
                   {"runtime"},
                   {"machine", Align::kLeft, true}});
  for (absl::string_view name : TargetNames(/*with_modes=*/true)) {
    absl::StatusOr<std::shared_ptr<const Target>> found = FindTarget(name);
    if (!found.ok()) {
      SayError(found.status(), io);
      return kInputFailed;
    }
    const Target& t = **found;
    double size = t.Capacity(t.dram()), bandwidth = t.Bandwidth(t.dram());
    table.Add({t.name, std::string(Name(t.kind)), Rate(t, Math::kFp32), Rate(t, Math::kFp16),
               Rate(t, Math::kInt8), size > 0 ? Bytes(size) : "",
               bandwidth > 0 ? absl::StrCat(Bytes(bandwidth), "/s") : "", t.runtime, t.title});
  }
  std::string out;
  table.Print(request.report.style, 0, &out);
  return Print(request, std::move(out), io);
}

ExitCode RunRuntimes(const Request& request, Io& io) {
  if (request.keys) return PrintKeys(request, RuntimeKeys(), io);
  if (!request.check.empty()) return PrintCheck(request, CheckRuntimeFile(request.check), io);
  if (!request.args.empty()) return PrintOne(request, FindRuntime(request.args[0]), io);
  TextTable table({{"runtime"},
                   {"fusion"},
                   {"precision"},
                   {"per kernel", Align::kRight},
                   {"host per operator", Align::kRight},
                   {"what", Align::kLeft, true}});
  for (absl::string_view name : RuntimeNames()) {
    absl::StatusOr<std::shared_ptr<const Runtime>> found = FindRuntime(name);
    if (!found.ok()) {
      SayError(found.status(), io);
      return kInputFailed;
    }
    const Runtime& r = **found;
    table.Add({r.name, r.fusion, r.precision, Seconds(r.kernel_overhead.value_or(0)),
               Seconds(r.host_per_op.value_or(0)), r.title});
  }
  std::string out;
  table.Print(request.report.style, 0, &out);
  return Print(request, std::move(out), io);
}

}  // namespace assay
