// The table of `assay score` in a SQLite database (https://www.sqlite.org): what a run writes, the
// next one resumes, and `assay zoo` reads. Anything that reads SQLite reads it too.
//
//   scores   a row per model, target, runtime, precision and dims: ScoreColumns()
//   files    what each file was when its rows were made: size, time of change, settings, seconds
//
// Rows of a model and its entry in `files` are committed together, in write-ahead mode, so that a
// crash, a kill or a full disk loses what was not committed and nothing else.
#ifndef ASSAY_ANALYZER_ZOO_STORE_H_
#define ASSAY_ANALYZER_ZOO_STORE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "analyzer/zoo/find_models.h"
#include "analyzer/zoo/score_row.h"

struct sqlite3;
struct sqlite3_stmt;

namespace assay {

class ScoreStore {
 public:
  enum class Mode : uint8_t { kRead, kWrite };  // kWrite makes the file where there is none
  // Errors begin with the path: no database, another program's, of a newer version.
  static absl::StatusOr<std::unique_ptr<ScoreStore>> Open(const std::string& path, Mode mode);
  ~ScoreStore();
  ScoreStore(const ScoreStore&) = delete;
  ScoreStore& operator=(const ScoreStore&) = delete;

  // Rows of one model, in the place of those of the same key. `again`: what was found may be
  // another time (a time limit), so that resuming tries it once more. Not yet committed.
  absl::Status Add(const FoundModel& model, const std::string& settings,
                   const std::vector<ScoreRow>& rows, double seconds, bool again);
  // Commits what was added.
  absl::Status Commit();

  // Names of the models that need no new rows: the file is what it was, and so are the settings.
  absl::StatusOr<absl::flat_hash_set<std::string>> Done(const std::vector<FoundModel>& models,
                                                        const std::string& settings) const;

  // Of every model with rows of these settings: whether any was scored, and how many say FAIL.
  absl::Status ForEachModel(
      const std::string& settings,
      absl::FunctionRef<void(absl::string_view path, bool scored, int64_t over_limit)> each) const;

  // Rows in the order of their keys; `where` is a condition in SQL, or empty.
  absl::Status ForEach(const std::string& where,
                       absl::FunctionRef<absl::Status(const ScoreRow& row)> each) const;

  // Adds the rows of another database. Of two rows of one key the one that was scored stays before
  // one that failed, then the later one. Merging again changes nothing.
  struct Merged {
    int64_t added = 0, replaced = 0, rows = 0;  // `rows`: of the other
  };
  absl::StatusOr<Merged> Merge(const std::string& other);

 private:
  ScoreStore(std::string path, sqlite3* db) : path_(std::move(path)), db_(db) {}
  absl::Status Run(const std::string& sql) const;
  absl::StatusOr<int64_t> Number(const std::string& sql) const;
  absl::Status Check(const std::string& schema) const;
  absl::Status Error(int code) const;

  std::string path_;
  sqlite3* db_ = nullptr;
  sqlite3_stmt *add_row_ = nullptr, *add_file_ = nullptr;
  bool open_transaction_ = false;
};

}  // namespace assay

#endif  // ASSAY_ANALYZER_ZOO_STORE_H_
