#include "analyzer/zoo/store.h"

#include <sqlite3.h>

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "analyzer/assess.h"

namespace assay {
namespace {

constexpr int kApplication = 0x61737379;  // "assy"
constexpr int kVersion = 1;               // of the tables
constexpr int kWaitMs = 10000;            // for another process that writes

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

std::string ColumnNames(bool key_alone = false, absl::string_view before = "") {
  std::vector<std::string> names;
  for (const ScoreColumn& c : ScoreColumns()) {
    if (c.key || !key_alone) names.push_back(absl::StrCat(before, c.name));
  }
  return absl::StrJoin(names, ", ");
}

std::string CreateTables() {
  std::string sql = "CREATE TABLE IF NOT EXISTS scores (";
  for (const ScoreColumn& c : ScoreColumns()) {
    const absl::string_view type = c.type == ScoreType::kText      ? "TEXT"
                                   : c.type == ScoreType::kInteger ? "INTEGER"
                                                                   : "REAL";
    absl::StrAppend(&sql, c.name, " ", type, c.key ? " NOT NULL, " : ", ");
  }
  absl::StrAppend(&sql, "PRIMARY KEY (", ColumnNames(/*key_alone=*/true), ")) WITHOUT ROWID;",
                  "CREATE TABLE IF NOT EXISTS files (path TEXT NOT NULL, settings TEXT NOT NULL, ",
                  "bytes INTEGER, modified_ns INTEGER, scored_at_ns INTEGER, seconds REAL, ",
                  "again INTEGER, PRIMARY KEY (path, settings)) WITHOUT ROWID;",
                  "PRAGMA application_id = ", kApplication, "; PRAGMA user_version = ", kVersion);
  return sql;
}

std::string Questions(size_t n) {
  return absl::StrJoin(std::vector<absl::string_view>(n, "?"), ", ");
}

void Bind(sqlite3_stmt* statement, int at, absl::string_view text) {
  sqlite3_bind_text(statement, at, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
}

void Bind(sqlite3_stmt* statement, int at, const ScoreValue& value, const ScoreColumn& column) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    Bind(statement, at, *text);
  } else if (const auto* number = std::get_if<double>(&value)) {
    // Beyond 63 bits as a real: a column's type is a preference in SQLite.
    if (column.type == ScoreType::kInteger && std::fabs(*number) < 9e18) {
      sqlite3_bind_int64(statement, at, std::llround(*number));
    } else {
      sqlite3_bind_double(statement, at, *number);
    }
  } else {
    sqlite3_bind_null(statement, at);
  }
}

}  // namespace

absl::Status ScoreStore::Error(int code) const {
  const absl::string_view advice = code == SQLITE_FULL     ? "; make room, and --resume"
                                   : code == SQLITE_BUSY   ? "; another process writes to it"
                                   : code == SQLITE_NOTADB ? "; it is no database of `assay score`"
                                                           : "";
  return absl::InternalError(absl::StrCat(path_, ": ", sqlite3_errmsg(db_), advice));
}

absl::Status ScoreStore::Run(const std::string& sql) const {
  const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code);
}

absl::StatusOr<int64_t> ScoreStore::Number(const std::string& sql) const {
  sqlite3_stmt* raw = nullptr;
  int code = sqlite3_prepare_v2(db_, sql.c_str(), -1, &raw, nullptr);
  const Statement statement(raw);
  if (code == SQLITE_OK) code = sqlite3_step(raw);
  if (code != SQLITE_ROW) return Error(code);
  return sqlite3_column_int64(raw, 0);
}

// Whether a database (`schema`: "main", or as it was attached) holds tables that this program
// reads.
absl::Status ScoreStore::Check(const std::string& schema) const {
  const absl::StatusOr<int64_t> application = Number("PRAGMA " + schema + ".application_id");
  if (!application.ok()) return application.status();
  const absl::StatusOr<int64_t> version = Number("PRAGMA " + schema + ".user_version");
  if (!version.ok()) return version.status();
  if (*application != kApplication) {
    return absl::InvalidArgumentError(
        absl::StrCat(path_, ": no database of `assay score`; name another file"));
  }
  if (*version != kVersion) {
    return absl::InvalidArgumentError(absl::StrCat(path_, ": its tables are of version ", *version,
                                                   ", this program knows ", kVersion,
                                                   "; score into a new file"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<ScoreStore>> ScoreStore::Open(const std::string& path, Mode mode) {
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (mode == Mode::kRead ? 0 : SQLITE_OPEN_CREATE);
  sqlite3* db = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
  std::unique_ptr<ScoreStore> store(new ScoreStore(path, db));
  if (code != SQLITE_OK) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", sqlite3_errmsg(db),
                                                   mode == Mode::kRead
                                                       ? "; `assay score -o` makes one"
                                                       : "; name a file that can be written"));
  }
  sqlite3_busy_timeout(db, kWaitMs);
  const absl::StatusOr<int64_t> tables = store->Number("SELECT count(*) FROM sqlite_master");
  if (!tables.ok()) return tables.status();
  if (mode == Mode::kWrite && *tables == 0) {
    // Before the tables, so that a process which is killed here leaves what the next one can use.
    if (absl::Status s = store->Run("PRAGMA journal_mode = WAL"); !s.ok()) return s;
    if (absl::Status s = store->Run("BEGIN IMMEDIATE;" + CreateTables() + "; COMMIT"); !s.ok()) {
      return s;
    }
  }
  if (absl::Status s = store->Check("main"); !s.ok()) return s;
  // Safe against every crash of a process; a loss of power may cost the last commits.
  if (absl::Status s = store->Run("PRAGMA synchronous = NORMAL"); !s.ok()) return s;
  return store;
}

ScoreStore::~ScoreStore() {
  sqlite3_finalize(add_row_);
  sqlite3_finalize(add_file_);
  sqlite3_close(db_);
}

absl::Status ScoreStore::Add(const FoundModel& model, const std::string& settings,
                             const std::vector<ScoreRow>& rows, double seconds, bool again) {
  if (!open_transaction_) {
    if (absl::Status s = Run("BEGIN IMMEDIATE"); !s.ok()) return s;
    open_transaction_ = true;
  }
  if (add_row_ == nullptr) {
    const std::string sql = absl::StrCat("INSERT OR REPLACE INTO scores (", ColumnNames(),
                                         ") VALUES (", Questions(ScoreColumns().size()), ")");
    int code = sqlite3_prepare_v2(db_, sql.c_str(), -1, &add_row_, nullptr);
    if (code != SQLITE_OK) return Error(code);
    code = sqlite3_prepare_v2(db_, "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?)", -1,
                              &add_file_, nullptr);
    if (code != SQLITE_OK) return Error(code);
  }
  for (const ScoreRow& row : rows) {
    for (size_t i = 0; i < row.values.size(); ++i) {
      Bind(add_row_, static_cast<int>(i + 1), row.values[i], ScoreColumns()[i]);
    }
    const int code = sqlite3_step(add_row_);
    sqlite3_reset(add_row_);
    if (code != SQLITE_DONE) return Error(code);
  }
  Bind(add_file_, 1, model.name);
  Bind(add_file_, 2, settings);
  sqlite3_bind_int64(add_file_, 3, model.bytes);
  sqlite3_bind_int64(add_file_, 4, model.modified_ns);
  sqlite3_bind_int64(add_file_, 5, absl::GetCurrentTimeNanos());
  sqlite3_bind_double(add_file_, 6, seconds);
  sqlite3_bind_int(add_file_, 7, again ? 1 : 0);
  const int code = sqlite3_step(add_file_);
  sqlite3_reset(add_file_);
  return code == SQLITE_DONE ? absl::OkStatus() : Error(code);
}

absl::Status ScoreStore::Commit() {
  if (!open_transaction_) return absl::OkStatus();
  open_transaction_ = false;
  return Run("COMMIT");
}

absl::StatusOr<absl::flat_hash_set<std::string>> ScoreStore::Done(
    const std::vector<FoundModel>& models, const std::string& settings) const {
  absl::flat_hash_map<absl::string_view, const FoundModel*> by_name;
  for (const FoundModel& model : models) by_name.emplace(model.name, &model);
  sqlite3_stmt* raw = nullptr;
  int code = sqlite3_prepare_v2(
      db_, "SELECT path, bytes, modified_ns FROM files WHERE settings = ? AND again = 0", -1, &raw,
      nullptr);
  const Statement statement(raw);
  if (code != SQLITE_OK) return Error(code);
  Bind(raw, 1, settings);
  absl::flat_hash_set<std::string> done;
  while ((code = sqlite3_step(raw)) == SQLITE_ROW) {
    const auto at = by_name.find(reinterpret_cast<const char*>(sqlite3_column_text(raw, 0)));
    if (at != by_name.end() && at->second->bytes == sqlite3_column_int64(raw, 1) &&
        at->second->modified_ns == sqlite3_column_int64(raw, 2)) {
      done.insert(at->second->name);
    }
  }
  if (code != SQLITE_DONE) return Error(code);
  return done;
}

absl::Status ScoreStore::ForEachModel(
    const std::string& settings,
    absl::FunctionRef<void(absl::string_view path, bool scored, int64_t over_limit)> each) const {
  sqlite3_stmt* raw = nullptr;
  int code = sqlite3_prepare_v2(db_,
                                "SELECT path, max(status = ?), sum(verdict = ?) FROM scores "
                                "WHERE settings = ? GROUP BY path",
                                -1, &raw, nullptr);
  const Statement statement(raw);
  if (code != SQLITE_OK) return Error(code);
  Bind(raw, 1, kScored);
  Bind(raw, 2, Name(Verdict::kFail));
  Bind(raw, 3, settings);
  while ((code = sqlite3_step(raw)) == SQLITE_ROW) {
    each(reinterpret_cast<const char*>(sqlite3_column_text(raw, 0)),
         sqlite3_column_int(raw, 1) != 0, sqlite3_column_int64(raw, 2));
  }
  return code == SQLITE_DONE ? absl::OkStatus() : Error(code);
}

absl::Status ScoreStore::ForEach(const std::string& where,
                                 absl::FunctionRef<absl::Status(const ScoreRow& row)> each) const {
  const std::string sql = absl::StrCat("SELECT ", ColumnNames(), " FROM scores ",
                                       where.empty() ? "" : absl::StrCat("WHERE (", where, ") "),
                                       "ORDER BY ", ColumnNames(/*key_alone=*/true));
  sqlite3_stmt* raw = nullptr;
  const char* rest = nullptr;
  int code = sqlite3_prepare_v2(db_, sql.c_str(), -1, &raw, &rest);
  const Statement statement(raw);
  if (code != SQLITE_OK || *rest != '\0') {
    return absl::InvalidArgumentError(absl::StrCat(
        "--where ", where, ": ", code == SQLITE_OK ? "no single condition" : sqlite3_errmsg(db_),
        "; write a condition on columns, like \"status = 'ok' AND latency_s < 0.01\""));
  }
  while ((code = sqlite3_step(raw)) == SQLITE_ROW) {
    ScoreRow row;
    for (size_t i = 0; i < row.values.size(); ++i) {
      const int column = static_cast<int>(i);
      switch (sqlite3_column_type(raw, column)) {
        case SQLITE_INTEGER:
        case SQLITE_FLOAT:
          row.values[i] = sqlite3_column_double(raw, column);
          break;
        case SQLITE_TEXT:
          row.values[i] =
              std::string(reinterpret_cast<const char*>(sqlite3_column_text(raw, column)),
                          static_cast<size_t>(sqlite3_column_bytes(raw, column)));
          break;
        default:
          break;
      }
    }
    if (absl::Status s = each(row); !s.ok()) return s;
  }
  return code == SQLITE_DONE ? absl::OkStatus() : Error(code);
}

absl::StatusOr<ScoreStore::Merged> ScoreStore::Merge(const std::string& other) {
  {
    // Says what is wrong with it, and brings its write-ahead log in.
    const absl::StatusOr<std::unique_ptr<ScoreStore>> checked = Open(other, Mode::kRead);
    if (!checked.ok()) return checked.status();
  }
  if (absl::Status s =
          Run(absl::StrCat("ATTACH '", absl::StrReplaceAll(other, {{"'", "''"}}), "' AS other"));
      !s.ok()) {
    return s;
  }
  std::vector<std::string> same_key, set;
  for (const ScoreColumn& c : ScoreColumns()) {
    if (c.key) same_key.push_back(absl::StrCat("m.", c.name, " = o.", c.name));
    if (!c.key) set.push_back(absl::StrCat(c.name, " = excluded.", c.name));
  }
  // When a row was scored stands in `files`.
  const auto scored_at = [](absl::string_view schema, absl::string_view row) {
    return absl::StrCat("coalesce((SELECT scored_at_ns FROM ", schema,
                        ".files f WHERE f.path = ", row, ".path AND f.settings = ", row,
                        ".settings), 0)");
  };
  const std::string later = absl::StrCat(
      "(excluded.status = 'ok', ", scored_at("other", "excluded"), ", excluded.settings) > ",
      "(scores.status = 'ok', ", scored_at("main", "scores"), ", scores.settings)");
  Merged merged;
  absl::Status status = Run("BEGIN IMMEDIATE");
  const auto count = [&](const std::string& sql, int64_t* out) {
    if (!status.ok()) return;
    const absl::StatusOr<int64_t> n = Number(sql);
    status = n.status();
    if (n.ok()) *out = *n;
  };
  count("SELECT count(*) FROM other.scores", &merged.rows);
  int64_t before = 0, after = 0;
  count("SELECT count(*) FROM main.scores", &before);
  if (status.ok()) {
    status = Run(absl::StrCat("INSERT INTO main.scores (", ColumnNames(), ") SELECT ",
                              ColumnNames(), " FROM other.scores WHERE true ON CONFLICT (",
                              ColumnNames(/*key_alone=*/true), ") DO UPDATE SET ",
                              absl::StrJoin(set, ", "), " WHERE ", later));
  }
  count("SELECT changes()", &merged.replaced);
  count("SELECT count(*) FROM main.scores", &after);
  if (status.ok()) {
    status = Run(
        "INSERT INTO main.files SELECT * FROM other.files WHERE true ON CONFLICT (path, settings) "
        "DO UPDATE SET bytes = excluded.bytes, modified_ns = excluded.modified_ns, "
        "scored_at_ns = excluded.scored_at_ns, seconds = excluded.seconds, again = excluded.again "
        "WHERE (excluded.again = 0, excluded.scored_at_ns) > (files.again = 0, "
        "files.scored_at_ns)");
  }
  if (status.ok()) status = Run("COMMIT");
  if (!status.ok()) (void)Run("ROLLBACK");
  const absl::Status detached = Run("DETACH other");
  if (status.ok()) status = detached;
  if (!status.ok()) return status;
  merged.added = after - before;
  merged.replaced -= merged.added;
  return merged;
}

}  // namespace assay
