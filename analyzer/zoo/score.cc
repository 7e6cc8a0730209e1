#include "analyzer/zoo/score.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analyzer/zoo/cause.h"
#include "analyzer/zoo/score_row.h"
#include "analyzer/zoo/store.h"
#include "analyzer/zoo/worker.h"

namespace assay {
namespace {

constexpr size_t kPerCommit = 256;   // models
constexpr size_t kMostListed = 3;    // slowest, best, worst
constexpr size_t kMostCauses = 100;  // then "other"

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

bool IsDatabase(absl::string_view path) {
  return absl::EndsWith(path, ".db") || absl::EndsWith(path, ".sqlite") ||
         absl::EndsWith(path, ".sqlite3");
}

// Where rows go, model by model.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual absl::Status Add(size_t task, const FoundModel& model, const std::vector<ScoreRow>& rows,
                           double seconds, bool again) = 0;
  virtual absl::Status Tick() { return absl::OkStatus(); }
  virtual absl::Status End() { return absl::OkStatus(); }
};

// Lines in the order of the tasks, whichever ends first.
class LinesInOrder : public Sink {
 public:
  explicit LinesInOrder(const ScoreEvents& events) : events_(events) {}

  absl::Status Add(size_t task, const FoundModel&, const std::vector<ScoreRow>& rows, double,
                   bool) override {
    std::string text;
    for (const ScoreRow& row : rows) AppendJsonLine(row, &text);
    waiting_.emplace(task, std::move(text));
    std::string ready;
    for (auto at = waiting_.begin(); at != waiting_.end() && at->first == next_; ++next_) {
      ready += at->second;
      at = waiting_.erase(at);
    }
    return ready.empty() ? absl::OkStatus() : events_.out(ready);
  }

 private:
  const ScoreEvents& events_;
  std::map<size_t, std::string> waiting_;
  size_t next_ = 0;
};

class Database : public Sink {
 public:
  Database(std::unique_ptr<ScoreStore> store, std::string settings)
      : store_(std::move(store)), settings_(std::move(settings)) {}

  absl::Status Add(size_t, const FoundModel& model, const std::vector<ScoreRow>& rows,
                   double seconds, bool again) override {
    absl::Status status = store_->Add(model, settings_, rows, seconds, again);
    if (status.ok() && ++added_ % kPerCommit == 0) status = store_->Commit();
    return status;
  }
  absl::Status Tick() override { return store_->Commit(); }
  absl::Status End() override { return store_->Commit(); }

 private:
  std::unique_ptr<ScoreStore> store_;
  std::string settings_;
  size_t added_ = 0;
};

// A .csv or .jsonl of all rows, which appears whole.
absl::Status Export(const std::string& database, const std::string& path) {
  absl::StatusOr<std::unique_ptr<ScoreStore>> store =
      ScoreStore::Open(database, ScoreStore::Mode::kRead);
  if (!store.ok()) return store.status();
  const std::string temporary = absl::StrCat(path, ".partial");
  std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
  const bool csv = absl::EndsWith(path, ".csv");
  std::string text;
  if (csv) AppendCsvHeader(&text);
  const auto failed = [&] {
    return absl::InternalError(absl::StrCat(path, ": cannot be written; its rows are in ", database,
                                            ", --resume goes on"));
  };
  absl::Status status = (*store)->ForEach("", [&](const ScoreRow& row) {
    csv ? AppendCsvLine(row, &text) : AppendJsonLine(row, &text);
    out << text;
    text.clear();
    return out ? absl::OkStatus() : failed();
  });
  if (!status.ok()) return status;
  out << text;
  out.close();
  if (!out || std::rename(temporary.c_str(), path.c_str()) != 0) return failed();
  *store = nullptr;
  std::filesystem::remove(database);
  return absl::OkStatus();
}

// The few that a summary names.
void KeepFew(std::vector<ScoreSummary::Scored>* list, double score, const std::string& name,
             bool higher) {
  const auto before = [&](const ScoreSummary::Scored& a, const ScoreSummary::Scored& b) {
    if (a.score != b.score) return higher ? a.score > b.score : a.score < b.score;
    return a.name < b.name;
  };
  const ScoreSummary::Scored entry{score, name};
  list->insert(std::upper_bound(list->begin(), list->end(), entry, before), entry);
  if (list->size() > kMostListed) list->pop_back();
}

void Count(const std::string& name, const std::vector<ScoreRow>& rows, double seconds,
           ScoreSummary* s) {
  ++s->finished;
  s->slowest.emplace_back(seconds, name);
  std::sort(s->slowest.begin(), s->slowest.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  if (s->slowest.size() > kMostListed) s->slowest.pop_back();
  const ScoreRow* best = nullptr;
  const ScoreRow* worst = nullptr;
  bool any = false;
  for (const ScoreRow& row : rows) {
    any = any || row.text("status") == kScored;
    s->over_limit += row.text("verdict") == Name(Verdict::kFail) ? 1 : 0;
    const double score = row.number("score");
    if (std::isnan(score)) continue;
    if (best == nullptr || score > best->number("score")) best = &row;
    if (worst == nullptr || score < worst->number("score")) worst = &row;
  }
  const auto called = [&](const ScoreRow& row) {
    return row.text("target").empty() ? name : absl::StrCat(name, " on ", row.text("target"));
  };
  if (best != nullptr) {
    KeepFew(&s->best, best->number("score"), called(*best), true);
    KeepFew(&s->worst, worst->number("score"), called(*worst), false);
  }
  if (any) return;
  ++s->failed;
  std::string cause = rows.empty() ? "no rows" : CauseOf(rows[0].text("error"), name);
  if (s->causes.size() >= kMostCauses && !s->causes.contains(cause)) cause = "other";
  ++s->causes[cause];
}

}  // namespace

int ProcessorsAllowed() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)));
}

double MemoryAllowed() {
  double bytes = 4e9;  // of a machine that does not say
  std::ifstream info("/proc/meminfo");
  for (std::string line; std::getline(info, line);) {
    double kib = 0;
    if (std::sscanf(line.c_str(), "MemAvailable: %lf kB", &kib) == 1) bytes = kib * 1024;
  }
  std::ifstream cgroup("/sys/fs/cgroup/memory.max");
  double limit = 0;
  if (cgroup >> limit && limit > 0) bytes = std::min(bytes, limit);
  return bytes;
}

absl::StatusOr<ScoreSummary> ScoreModels(Scorer& scorer, const ScoreOptions& options,
                                         const ScoreEvents& events) {
  const double start = Now();
  absl::StatusOr<FoundModels> found = FindModels(options.paths, options.find);
  if (!found.ok()) return found.status();
  ScoreSummary summary{.models = found->models.size(), .problems = std::move(found->problems)};
  std::vector<const FoundModel*> models;
  for (const FoundModel& model : found->models) models.push_back(&model);

  // Where rows go, and what is there already.
  std::unique_ptr<Sink> sink;
  const bool exports = !options.output.empty() && !IsDatabase(options.output);
  const std::string database =
      exports ? absl::StrCat(options.output, ".partial.db") : options.output;
  if (options.output.empty()) {
    sink = std::make_unique<LinesInOrder>(events);
  } else {
    if (exports && !options.resume) {
      for (const char* part : {"", "-wal", "-shm"}) {
        std::error_code ignored;
        std::filesystem::remove(absl::StrCat(database, part), ignored);
      }
    }
    absl::StatusOr<std::unique_ptr<ScoreStore>> store =
        ScoreStore::Open(database, ScoreStore::Mode::kWrite);
    if (!store.ok()) return store.status();
    if (options.resume) {
      absl::StatusOr<absl::flat_hash_set<std::string>> done =
          (*store)->Done(found->models, scorer.settings());
      if (!done.ok()) return done.status();
      std::erase_if(models, [&](const FoundModel* m) { return done->contains(m->name); });
      summary.resumed = found->models.size() - models.size();
      const absl::Status counted = (*store)->ForEachModel(
          scorer.settings(), [&](absl::string_view path, bool scored, int64_t over_limit) {
            if (!done->contains(path)) return;
            summary.failed_before += scored ? 0 : 1;
            summary.over_limit += static_cast<size_t>(over_limit);
          });
      if (!counted.ok()) return counted;
    }
    sink = std::make_unique<Database>(*std::move(store), scorer.settings());
  }

  // Each worker has its share of the memory; a model that needs more gets all of it, alone.
  const double all = options.memory_bytes > 0 ? options.memory_bytes : MemoryAllowed() / 2;
  const double most = options.model_bytes > 0 ? std::min(options.model_bytes, all) : all;
  PoolOptions pool{.command = options.command,
                   .jobs = options.jobs > 0 ? options.jobs : ProcessorsAllowed(),
                   .time_limit_s = options.time_limit_s};
  const int jobs =
      static_cast<int>(std::min<size_t>(static_cast<size_t>(pool.jobs), models.size()));
  const double share = std::min(most, all / std::max(1, jobs));
  pool.memory_bytes = static_cast<int64_t>(share);

  absl::Status ticked;
  pool.tick = [&] {
    if (ticked.ok()) ticked = sink->Tick();
    events.progress(summary.finished, models.size(), summary.failed);
  };
  pool.stop = [&] { return !ticked.ok() || events.stop(); };

  std::vector<size_t> large;  // tasks that wait for all of the memory
  const auto record = [&](size_t task, const WorkerResult& result) -> absl::Status {
    const FoundModel& model = *models[task];
    const bool ended = result.status != kScored;  // without rows of its own
    std::vector<ScoreRow> rows =
        ended ? scorer.Failed(model.name, result.status, result.error) : result.rows;
    if (ended && model.bytes >= 0) {
      for (ScoreRow& row : rows) row.at("file_bytes") = static_cast<double>(model.bytes);
    }
    Count(model.name, rows, result.seconds, &summary);
    return sink->Add(task, model, rows, result.seconds, ended);
  };
  std::vector<WorkerTask> tasks;
  tasks.reserve(models.size());
  for (const FoundModel* model : models) tasks.push_back({model->path, model->name});
  absl::Status status = RunInWorkers(tasks, pool, [&](size_t task, WorkerResult result) {
    if (result.status == kTooLarge && share < most) {
      large.push_back(task);
      return absl::OkStatus();
    }
    return record(task, result);
  });
  if (status.ok() && !large.empty() && !events.stop()) {
    std::sort(large.begin(), large.end());
    std::vector<WorkerTask> alone;
    for (size_t task : large) alone.push_back(tasks[task]);
    pool.jobs = 1;
    pool.memory_bytes = static_cast<int64_t>(most);
    status = RunInWorkers(alone, pool, [&](size_t i, const WorkerResult& result) {
      return record(large[i], result);
    });
  }
  if (status.ok()) status = ticked;
  const absl::Status ended = sink->End();
  if (status.ok()) status = ended;
  if (!status.ok()) return status;
  events.progress(summary.finished, models.size(), summary.failed);
  summary.stopped = summary.finished < models.size();
  sink = nullptr;
  if (exports && !summary.stopped) {
    if (status = Export(database, options.output); !status.ok()) return status;
  }
  summary.seconds = Now() - start;
  return summary;
}

}  // namespace assay
