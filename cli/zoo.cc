// `zoo`: questions to the database of `score`, and `zoo merge`.
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "analyzer/units.h"
#include "analyzer/zoo/store.h"
#include "analyzer/zoo/zoo_report.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace assay {
namespace {

ExitCode Merge(const Request& request, Io& io) {
  if (request.args.size() < 3) {
    SayError("zoo merge takes a database and others to add to it, like all.db part1.db part2.db",
             io);
    return kUsage;
  }
  absl::StatusOr<std::unique_ptr<ScoreStore>> into =
      ScoreStore::Open(request.args[1], ScoreStore::Mode::kWrite);
  if (!into.ok()) {
    SayError(into.status(), io);
    return kInputFailed;
  }
  ExitCode exit = kDone;
  for (size_t i = 2; i < request.args.size(); ++i) {
    const absl::StatusOr<ScoreStore::Merged> merged = (*into)->Merge(request.args[i]);
    if (!merged.ok()) {
      SayError(merged.status(), io);
      exit = kInputFailed;
      continue;
    }
    const absl::Status status =
        io.Out(absl::StrCat(request.args[i], ": ", Plural(merged->rows, "row"), ", ", merged->added,
                            " added, ", merged->replaced, " replaced\n"));
    if (!status.ok()) return WriteFailed(status, io);
  }
  return exit;
}

}  // namespace

ExitCode RunZoo(const Request& request, Io& io) {
  if (request.args[0] == "merge") return Merge(request, io);
  if (request.args.size() > 1) {
    SayError("zoo reads one database; `assay zoo merge` joins several", io);
    return kUsage;
  }
  absl::StatusOr<std::unique_ptr<ScoreStore>> store =
      ScoreStore::Open(request.args[0], ScoreStore::Mode::kRead);
  if (!store.ok()) {
    SayError(store.status(), io);
    return kInputFailed;
  }
  ZooOptions options = request.zoo;
  options.top = request.report.top;
  absl::StatusOr<Document> document = ZooReport(**store, request.args[0], options);
  if (!document.ok()) {
    SayError(document.status(), io);
    return absl::IsInvalidArgument(document.status()) ? kUsage : kInputFailed;
  }
  return Print(request, *document, io);
}

}  // namespace assay
