#include "analyzer/zoo/zoo_report.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "analyzer/units.h"
#include "analyzer/zoo/cause.h"
#include "analyzer/zoo/front.h"
#include "analyzer/zoo/score_row.h"
#include "analyzer/zoo/spread.h"
#include "ir/graph_hash.h"
#include "ir/paths.h"

namespace assay {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

constexpr size_t kMostLast = 5;       // rows of the list of the last ones
constexpr size_t kMostPoints = 2000;  // of the drawing, beside the front
constexpr size_t kMostSeries = 7;     // of points: with the front as many as there are colours
constexpr size_t kMostCauses = 1000;  // told apart
constexpr size_t kMostNames = 6;      // listed behind their number

const ScoreColumn& ColumnAt(int column) { return ScoreColumns()[static_cast<size_t>(column)]; }

Cell CellOf(const ScoreValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return {};
}

// Of which less is better.
double Merit(int column, double value) { return ColumnAt(column).more_is_better ? -value : value; }

// For people: the unit stands at the numbers.
std::string TitleOf(int column) {
  absl::string_view name = ColumnAt(column).name;
  if (name == "macs") return "MACs";
  if (name == "flops") return "FLOPs";
  if (name == "memory_bytes") return "memory";
  for (absl::string_view unit : {"_per_s", "_s", "_j", "_w"}) {
    if (absl::ConsumeSuffix(&name, unit)) break;
  }
  return absl::StrReplaceAll(name, {{"_", " "}});
}

// Why models failed: of each cause their number, and one of them. Or each of them.
class Failures {
 public:
  explicit Failures(bool each) : each_(each) {}

  // Rows of one model come one after another, and mostly say the same.
  void Add(absl::string_view path, absl::string_view target, absl::string_view status,
           absl::string_view error) {
    if (path != path_) {
      ++models_;
      path_ = std::string(path);
      said_.clear();
    }
    if (!said_.emplace(status, error).second) return;
    if (each_) {
      rows_.push_back({.cells = {target, status, path, error}});
      return;
    }
    std::pair cause(std::string(status), CauseOf(error, path));
    if (cause.second.empty()) cause.second = cause.first;
    if (causes_.size() >= kMostCauses && causes_.find(cause) == causes_.end()) {
      cause.second = std::string(kOthers);
      cut_ = true;
    }
    Cause& counted = causes_[std::move(cause)];
    if (counted.last_path == path_) return;
    counted.last_path = path_;
    if (counted.models++ == 0) counted.example = path_;
  }

  int64_t models() const { return models_; }
  bool cut() const { return cut_; }

  // Paths and errors below each other: whole, since people copy the ones and read the others.
  Table Make() {
    if (each_) {
      return {.key = "failures",
              .title = "models that failed",
              .columns = {{"target", "target", Quantity::kText, true},
                          {"status", "status"},
                          {"path", ""},
                          {"error", "error"}},
              .rows = std::move(rows_),
              .stacked_from = 2};
    }
    Table table{.key = "failures",
                .title = "why how many models failed, and one of each",
                .columns = {{"models", "models", Quantity::kExact},
                            {"status", "status"},
                            {"cause", "cause"},
                            {"path", ""}},
                .stacked_from = 2};
    std::vector<const Causes::value_type*> order;
    for (const auto& cause : causes_) order.push_back(&cause);
    absl::c_stable_sort(
        order, [](const auto* a, const auto* b) { return a->second.models > b->second.models; });
    for (const auto* cause : order) {
      const auto& [status, text] = cause->first;
      table.rows.push_back({.cells = {cause->second.models, status, text, cause->second.example}});
    }
    return table;
  }

 private:
  static constexpr absl::string_view kOthers = "(others)";
  struct Cause {
    int64_t models = 0;
    std::string example, last_path;
  };
  using Causes = std::map<std::pair<std::string, std::string>, Cause>;  // by status and text

  bool each_, cut_ = false;
  int64_t models_ = 0;
  std::string path_;                                    // of the row before
  std::set<std::pair<std::string, std::string>> said_;  // of that model: status and error
  Causes causes_;
  std::vector<TableRow> rows_;
};

// A row as the drawing shows it.
struct Point {
  double x, y;
  std::string path, target, runtime, precision;
};

// Some of all rows, as many of each kind as there are: those of the smallest hashes. The same rows
// give the same ones, on every machine.
class Sample {
 public:
  // Whether it would stay.
  bool Takes(uint64_t hash) const {
    return entries_.size() < kMostPoints || hash < entries_.front().hash;
  }
  void Add(uint64_t hash, Point point) {
    const auto smaller = [](const Entry& a, const Entry& b) { return a.hash < b.hash; };
    if (entries_.size() == kMostPoints) {
      absl::c_pop_heap(entries_, smaller);
      entries_.pop_back();
    }
    entries_.push_back({hash, std::move(point)});
    absl::c_push_heap(entries_, smaller);
  }

  std::vector<Point> Take() {
    absl::c_sort(entries_, [](const Entry& a, const Entry& b) { return a.hash < b.hash; });
    std::vector<Point> points;
    for (Entry& entry : entries_) points.push_back(std::move(entry.point));
    return points;
  }

 private:
  struct Entry {
    uint64_t hash;
    Point point;
  };
  std::vector<Entry> entries_;  // a heap, the largest hash in front
};

// Rows by verdict.
struct Verdicts {
  int64_t pass = 0, partial = 0, fail = 0;

  void Add(absl::string_view verdict) {
    pass += verdict == "PASS";
    partial += verdict == "PARTIAL";
    fail += verdict == "FAIL";
  }
  bool any() const { return pass + partial + fail > 0; }
};

// Numbers of an axis. Zeros are not on a logarithm: a few of them are not drawn.
struct Signs {
  int64_t negative = 0, zero = 0, positive = 0;

  void Add(double value) { ++(value < 0 ? negative : value > 0 ? positive : zero); }
  bool logarithmic() const { return negative == 0 && zero < positive; }
};

// Rows of one target under one runtime in one precision.
struct Machine {
  int64_t rows = 0, failed = 0;
  Verdicts verdicts;
  Spread ranked;
  double best = kNaN;
  std::string best_path;
};

// The columns that a document is about.
struct Choice {
  int rank, x, y, histogram;
};

class ZooReader {
 public:
  ZooReader(const ZooOptions& options, const Choice& choice)
      : options_(options),
        choice_(choice),
        best_(options.top > 0 ? static_cast<size_t>(options.top) : SIZE_MAX, /*last=*/false),
        last_(options.top > 0 ? std::min((static_cast<size_t>(options.top) + 1) / 2, kMostLast) : 0,
              /*last=*/true),
        failures_(options.failures) {
    for (int column : {target_, runtime_, precision_, dims_}) names_[column];
  }

  void Add(const ScoreRow& row);
  Document Make(const std::string& shown_path);

 private:
  using Key = std::tuple<std::string, std::string, std::string>;  // target, runtime, precision

  Machine& MachineOf(const ScoreRow& row);
  void Rank(const ScoreRow& row, Machine* machine);
  void Place(const ScoreRow& row);

  void AddCounts(const std::string& shown_path, Document* d) const;
  void AddRanked(Document* d);
  void AddFront(Document* d);
  void AddHistogram(Document* d) const;
  Table Machines() const;
  Chart FrontChart(absl::Span<const ScoreRow* const> front);
  Notes ToKnow() const;

  bool varies(int column) const { return names_.at(column).size() > 1; }
  // Whether a key tells apart what the keys before it do not.
  bool tells(int column) const;
  Table RowTable(std::string key, std::string title, absl::Span<const ScoreRow* const> rows,
                 size_t first, std::vector<int> shown) const;
  Point PointOf(const ScoreRow& row) const;
  std::string LabelOf(const Point& point) const;

  const ZooOptions& options_;
  const Choice choice_;
  const int path_ = FindScoreColumn("path"), target_ = FindScoreColumn("target"),
            runtime_ = FindScoreColumn("runtime"), precision_ = FindScoreColumn("precision"),
            dims_ = FindScoreColumn("dims"), status_ = FindScoreColumn("status"),
            error_ = FindScoreColumn("error"), verdict_ = FindScoreColumn("verdict"),
            calibration_ = FindScoreColumn("calibration"), graph_ = FindScoreColumn("graph"),
            unknown_ = FindScoreColumn("unknown_operators"), point_ = FindScoreColumn("point");

  int64_t models_ = 0, rows_ = 0, scored_ = 0, uncalibrated_ = 0, with_unknown_ = 0, assumed_ = 0,
          placed_ = 0;
  std::string last_path_;
  absl::flat_hash_set<size_t> graphs_;  // by their hashes
  std::map<std::string, int64_t, std::less<>> statuses_;
  std::map<int, std::set<std::string, std::less<>>> names_;  // of keys beside the path
  Verdicts verdicts_;
  std::map<Key, Machine, std::less<>> machines_;
  Spread ranked_, spread_;
  RowList best_, last_;
  Front front_;
  Sample sample_;
  Signs signs_x_, signs_y_;
  Failures failures_;
};

void ZooReader::Add(const ScoreRow& row) {
  ++rows_;
  const absl::string_view path = row.text(path_), status = row.text(status_);
  if (rows_ == 1 || path != last_path_) {
    ++models_;
    last_path_ = std::string(path);
  }
  for (int column : {target_, runtime_, precision_, dims_}) {
    std::set<std::string, std::less<>>& names = names_[column];
    const absl::string_view name = row.text(column);
    if (names.find(name) == names.end()) names.emplace(name);
  }
  if (const absl::string_view graph = row.text(graph_); !graph.empty()) {
    graphs_.insert(absl::HashOf(graph));
  }
  auto count = statuses_.find(status);
  if (count == statuses_.end()) count = statuses_.emplace(status, 0).first;
  ++count->second;

  Machine& machine = MachineOf(row);
  ++machine.rows;
  if (status != kScored) {
    ++machine.failed;
    failures_.Add(path, row.text(target_), status, row.text(error_));
    return;
  }
  ++scored_;
  verdicts_.Add(row.text(verdict_));
  machine.verdicts.Add(row.text(verdict_));
  uncalibrated_ += row.text(calibration_) == "uncalibrated";
  with_unknown_ += row.number(unknown_) > 0;
  const absl::string_view point = row.text(point_);  // one sample is what people expect
  assumed_ +=
      absl::StrContains(point, "assumed ") && !absl::StrContains(point, "assumed batch = 1;");
  Rank(row, &machine);
  Place(row);
  const double value = row.number(choice_.histogram);
  if (!std::isnan(value)) spread_.Add(value);
}

Machine& ZooReader::MachineOf(const ScoreRow& row) {
  const auto key = std::tuple(row.text(target_), row.text(runtime_), row.text(precision_));
  auto at = machines_.find(key);
  if (at == machines_.end()) at = machines_.try_emplace(Key(key)).first;
  return at->second;
}

void ZooReader::Rank(const ScoreRow& row, Machine* machine) {
  const double value = row.number(choice_.rank);
  if (std::isnan(value)) return;
  const double merit = Merit(choice_.rank, value);
  best_.Add(merit, rows_, row);
  last_.Add(merit, rows_, row);
  ranked_.Add(value);
  machine->ranked.Add(value);
  if (std::isnan(machine->best) || merit < Merit(choice_.rank, machine->best)) {
    machine->best = value;
    machine->best_path = std::string(row.text(path_));
  }
}

void ZooReader::Place(const ScoreRow& row) {
  const double x = row.number(choice_.x), y = row.number(choice_.y);
  if (std::isnan(x) || std::isnan(y)) return;
  ++placed_;
  signs_x_.Add(x);
  signs_y_.Add(y);
  front_.Add(Merit(choice_.x, x), Merit(choice_.y, y), row);
  std::string key;
  for (int column : {path_, target_, runtime_, precision_, dims_}) {
    absl::StrAppend(&key, row.text(column), "\n");
  }
  uint64_t hash = 0;
  (void)absl::SimpleHexAtoi(HashOf(key).substr(0, 16), &hash);
  if (sample_.Takes(hash)) sample_.Add(hash, PointOf(row));
}

bool ZooReader::tells(int column) const {
  if (column != runtime_ && column != precision_) return varies(column);
  const auto before = [&](const Key& key) {
    return std::tuple(std::get<0>(key), column == precision_ ? std::get<1>(key) : "");
  };
  const auto same = [&](const auto& a, const auto& b) {
    return before(a.first) == before(b.first) &&
           (column == precision_ || std::get<1>(a.first) != std::get<1>(b.first));
  };
  return std::adjacent_find(machines_.begin(), machines_.end(), same) != machines_.end();
}

// With the rank of each, the first's being `first`; 0: without. People see the columns of `shown`
// and keys that tell rows apart, models without their folders where that is enough; none of these
// names is shortened, however wide the table.
Table ZooReader::RowTable(std::string key, std::string title,
                          absl::Span<const ScoreRow* const> rows, size_t first,
                          std::vector<int> shown) const {
  Table table{.key = std::move(key), .title = std::move(title)};
  if (first > 0) table.columns.push_back({"rank", "#", Quantity::kIndex});
  table.columns.push_back(
      {.key = "model", .title = "model", .quantity = Quantity::kText, .whole = true});
  std::map<absl::string_view, std::set<absl::string_view>> paths;  // by their files' names
  for (const ScoreRow* row : rows) paths[FileName(row->text(path_))].insert(row->text(path_));
  for (int column : {target_, runtime_, precision_, dims_}) {
    if (tells(column)) shown.push_back(column);
  }
  shown.insert(shown.end(), {FindScoreColumn("score"), verdict_});
  std::vector<size_t> columns;
  for (size_t c = 0; c < ScoreColumns().size(); ++c) {
    const int column = static_cast<int>(c);
    if (column == status_ || column == error_) continue;
    columns.push_back(c);
    table.columns.push_back({std::string(ColumnAt(column).name), TitleOf(column),
                             ColumnAt(column).quantity, !absl::c_linear_search(shown, column),
                             ColumnAt(column).key});
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    TableRow out;
    if (first > 0) out.cells.emplace_back(static_cast<double>(first + i));
    const absl::string_view path = rows[i]->text(path_), name = FileName(path);
    out.cells.emplace_back(paths[name].size() > 1 ? path : name);
    for (size_t c : columns) out.cells.push_back(CellOf(rows[i]->values[c]));
    table.rows.push_back(std::move(out));
  }
  return table;
}

void ZooReader::AddCounts(const std::string& shown_path, Document* d) const {
  Facts about;
  about.Add("database", "", shown_path);
  if (!options_.where.empty()) about.Add("where", "", options_.where);
  d->Add(std::move(about));
  Facts facts{.key = "counts"};
  facts.Add("models", "models", models_, Quantity::kExact);
  facts.Add("graphs", "distinct graphs", static_cast<double>(graphs_.size()), Quantity::kExact);
  facts.Add("rows", "rows", rows_, Quantity::kExact);
  facts.Add("scored", "scored", scored_, Quantity::kExact);
  std::vector<std::string> kinds;
  Facts statuses{.key = "status"};
  for (const auto& [status, count] : statuses_) {
    statuses.Add(status, "", count);
    if (status != kScored) kinds.push_back(absl::StrCat(Exact(count), " ", status));
  }
  const int64_t failed = rows_ - scored_;
  facts.Add("failed", "failed", failed, Quantity::kExact,
            failed == 0 ? ""
                        : absl::StrCat("(", absl::StrJoin(kinds, ", "), "), of ",
                                       Plural(failures_.models(), "model")),
            failed == 0 ? Ink::kPlain : Ink::kWarning);
  facts.Add("failed_models", "", failures_.models());
  const std::pair<const char*, int> keys[] = {
      {"targets", target_}, {"runtimes", runtime_}, {"precisions", precision_}};
  for (const auto& [key, column] : keys) {
    std::vector<absl::string_view> names(names_.at(column).begin(), names_.at(column).end());
    names.erase(std::remove(names.begin(), names.end(), ""), names.end());
    const bool few = !names.empty() && names.size() <= kMostNames;
    facts.Add(key, names.empty() ? "" : key, static_cast<double>(names.size()), Quantity::kExact,
              few ? absl::StrCat("(", absl::StrJoin(names, ", "), ")") : "");
  }
  if (verdicts_.any()) {
    facts.Add("", "verdicts",
              absl::StrCat(Exact(verdicts_.pass), " PASS, ", Exact(verdicts_.partial), " PARTIAL, ",
                           Exact(verdicts_.fail), " FAIL"));
  }
  d->Add(std::move(facts));
  d->Add(std::move(statuses));
  Facts verdicts{.key = "verdicts"};
  verdicts.Add("pass", "", verdicts_.pass);
  verdicts.Add("partial", "", verdicts_.partial);
  verdicts.Add("fail", "", verdicts_.fail);
  d->Add(std::move(verdicts));
  Facts columns{.key = "columns"};
  columns.Add("rank", "", ColumnAt(choice_.rank).name);
  columns.Add("pareto_x", "", ColumnAt(choice_.x).name);
  columns.Add("pareto_y", "", ColumnAt(choice_.y).name);
  columns.Add("histogram", "", ColumnAt(choice_.histogram).name);
  d->Add(std::move(columns));
}

// Percentiles, and the rows at both ends.
void ZooReader::AddRanked(Document* d) {
  const ScoreColumn& column = ColumnAt(choice_.rank);
  const std::string title = TitleOf(choice_.rank);
  const auto count = static_cast<size_t>(ranked_.count());
  Facts facts{.key = "ranked"};
  if (count > 0) {
    facts.title = absl::StrCat(title, ": ", Exact(ranked_.count()), count == 1 ? " row" : " rows",
                               column.more_is_better ? ", higher is better" : ", lower is better");
  }
  facts.Add("rows", "", ranked_.count());
  const std::tuple<const char*, const char*, double> percentiles[] = {
      {"p10", "10th percentile", 0.1}, {"median", "median", 0.5}, {"p90", "90th percentile", 0.9}};
  for (const auto& [key, of_people, share] : percentiles) {
    facts.Add(key, count > 0 ? of_people : "", ranked_.Percentile(share), column.quantity);
  }
  d->Add(std::move(facts));

  std::vector<int> shown = {choice_.rank};
  for (absl::string_view name : {"latency_s", "energy_j", "memory_bytes", "macs"}) {
    shown.push_back(FindScoreColumn(name));
  }
  const std::vector<const ScoreRow*> best = best_.Rows();
  d->Add(RowTable("top",
                  absl::StrCat(best.size() < count ? "best " : "all ", best.size(), " by ", title),
                  best, 1, shown));
  // Those that the list above has not.
  std::vector<const ScoreRow*> last = last_.Rows();
  const size_t unlisted = count - best.size();
  if (last.size() > unlisted) last.erase(last.begin(), last.end() - unlisted);
  d->Add(RowTable("worst", absl::StrCat("last ", last.size(), " by ", title), last,
                  count - last.size() + 1, shown));
}

Point ZooReader::PointOf(const ScoreRow& row) const {
  const auto text = [&](int column) { return std::string(row.text(column)); };
  return {row.number(choice_.x), row.number(choice_.y), text(path_),
          text(target_),         text(runtime_),        text(precision_)};
}

std::string ZooReader::LabelOf(const Point& point) const {
  std::string label = point.path;
  if (!point.target.empty()) absl::StrAppend(&label, " on ", point.target);
  if (tells(runtime_)) absl::StrAppend(&label, " under ", point.runtime);
  if (tells(precision_)) absl::StrAppend(&label, " in ", point.precision);
  return absl::StrCat(label, "\n", TitleOf(choice_.x), " ",
                      Shown(point.x, ColumnAt(choice_.x).quantity), ", ", TitleOf(choice_.y), " ",
                      Shown(point.y, ColumnAt(choice_.y).quantity));
}

// Points in the colours of their targets, and the front as a line.
Chart ZooReader::FrontChart(absl::Span<const ScoreRow* const> front) {
  const std::string x = TitleOf(choice_.x), y = TitleOf(choice_.y);
  Chart chart{.key = "pareto",
              .title = absl::StrCat(x, " and ", y, ": rows, and the front"),
              .x = {x, ColumnAt(choice_.x).quantity, signs_x_.logarithmic()},
              .y = {y, ColumnAt(choice_.y).quantity, signs_y_.logarithmic()}};
  std::vector<Point> points = sample_.Take();
  std::map<std::string, size_t> count;
  for (const Point& point : points) ++count[point.target];
  std::vector<std::pair<size_t, std::string>> order;  // those of most points first
  for (const auto& [target, n] : count) order.emplace_back(points.size() - n, target);
  absl::c_sort(order);
  std::map<std::string, size_t> series_of;
  const size_t named = order.size() > kMostSeries ? kMostSeries - 1 : order.size();
  for (size_t i = 0; i < order.size(); ++i) {
    const std::string& target = order[i].second;
    series_of[target] = std::min(i, named);
    if (i > named) continue;
    chart.series.push_back({i == named       ? "(other targets)"
                            : target.empty() ? "(no target)"
                                             : target,
                            Series::Form::kPoints});
  }
  for (const Point& point : points) {
    chart.series[series_of[point.target]].points.push_back({point.x, point.y, LabelOf(point)});
  }
  Series line{"(front)", Series::Form::kLine};
  for (const ScoreRow* row : front) {
    const Point point = PointOf(*row);
    line.points.push_back({point.x, point.y, LabelOf(point)});
  }
  chart.series.push_back(std::move(line));
  return chart;
}

void ZooReader::AddFront(Document* d) {
  std::vector<const ScoreRow*> rows;
  Column equal{"equal", "equal ones", Quantity::kExact, /*detail=*/true};
  std::vector<Cell> counts;
  for (const Front::Point* point : front_.Points()) {
    rows.push_back(&*point->row);
    counts.emplace_back(point->equal);
    equal.detail &= point->equal == 0;
  }
  Table table = RowTable(
      "pareto",
      absl::StrCat("no other is better in ", TitleOf(choice_.x), " and ", TitleOf(choice_.y)), rows,
      0, {choice_.x, choice_.y});
  table.columns.push_back(std::move(equal));
  for (size_t i = 0; i < rows.size(); ++i) table.rows[i].cells.push_back(std::move(counts[i]));
  d->Add(std::move(table));
  if (placed_ > 0) d->Add(FrontChart(rows));
}

void ZooReader::AddHistogram(Document* d) const {
  const ScoreColumn& column = ColumnAt(choice_.histogram);
  const std::string title = TitleOf(choice_.histogram);
  Table table{.key = "histogram",
              .title = absl::StrCat("histogram of ", title),
              .columns = {{"from", "from", column.quantity},
                          {"to", "below", column.quantity},
                          {"count", "rows", Quantity::kExact},
                          {"share_of_largest", "", Quantity::kBar}}};
  Chart chart{.key = "histogram",
              .title = absl::StrCat("rows by ", title),
              .x = {"rows", Quantity::kExact}};
  Series series{"", Series::Form::kBars};
  const std::vector<Spread::Bin> bins = spread_.Bins(column.type == ScoreType::kInteger);
  int64_t largest = 1;
  for (const Spread::Bin& bin : bins) largest = std::max(largest, bin.count);
  for (const Spread::Bin& bin : bins) {
    const auto count = static_cast<double>(bin.count);
    table.rows.push_back(
        {.cells = {bin.from, bin.to, count, count / static_cast<double>(largest)}});
    chart.y.names.push_back(
        absl::StrCat(Shown(bin.from, column.quantity), " .. ", Shown(bin.to, column.quantity)));
    series.points.push_back({count, static_cast<double>(series.points.size())});
  }
  d->Add(std::move(table));
  chart.series.push_back(std::move(series));
  if (!bins.empty()) d->Add(std::move(chart));
}

Table ZooReader::Machines() const {
  const ScoreColumn& ranked = ColumnAt(choice_.rank);
  Table table{.key = "targets", .title = "targets"};
  if (ranked_.count() > 0) absl::StrAppend(&table.title, ", by median ", TitleOf(choice_.rank));
  const bool judged = verdicts_.any();
  table.columns = {{.key = "target", .title = "target", .whole = true},
                   {"runtime", "runtime", Quantity::kText, !tells(runtime_)},
                   {"precision", "precision", Quantity::kText, !tells(precision_)},
                   {"rows", "rows", Quantity::kExact},
                   {"failed", "failed", Quantity::kExact, scored_ == rows_},
                   {"pass", "PASS", Quantity::kExact, !judged},
                   {"partial", "PARTIAL", Quantity::kExact, !judged},
                   {"fail", "FAIL", Quantity::kExact, !judged},
                   {"median", "median", ranked.quantity},
                   {"best", "best", ranked.quantity},
                   {.key = "best_path", .title = "best model", .whole = true}};
  std::vector<std::pair<double, const decltype(machines_)::value_type*>> order;
  for (const auto& entry : machines_) {
    const double median = entry.second.ranked.Percentile(0.5);
    order.emplace_back(std::isnan(median) ? HUGE_VAL : Merit(choice_.rank, median), &entry);
  }
  absl::c_stable_sort(order, [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [median, entry] : order) {
    const auto& [target, runtime, precision] = entry->first;
    const Machine& m = entry->second;
    const bool known = m.ranked.count() > 0;
    table.rows.push_back(
        {.cells = {target, runtime, precision, m.rows, m.failed, m.verdicts.pass,
                   m.verdicts.partial, m.verdicts.fail,
                   known ? Cell(m.ranked.Percentile(0.5)) : Cell(), known ? Cell(m.best) : Cell(),
                   known ? Cell(m.best_path) : Cell()}});
  }
  return table;
}

Notes ZooReader::ToKnow() const {
  Notes notes{.title = "to know"};
  const auto add = [&](bool holds, const auto&... text) {
    if (holds) notes.notes.push_back(absl::StrCat(text...));
  };
  const absl::string_view rank = ColumnAt(choice_.rank).name, x = ColumnAt(choice_.x).name,
                          y = ColumnAt(choice_.y).name,
                          histogram = ColumnAt(choice_.histogram).name;
  const int64_t ranked = ranked_.count();
  add(scored_ > 0 && ranked == 0, "no row has `", rank, "` to rank by");
  add(ranked > 0 && ranked < scored_, Exact(scored_ - ranked), " of ", Exact(scored_),
      " scored rows have no `", rank, "` and are not ranked");
  add(scored_ > 0 && placed_ == 0, "no row has both `", x, "` and `", y, "`");
  add(scored_ > 0 && spread_.count() == 0, "no row has `", histogram, "` for a histogram");
  add(front_.more() > 0, Exact(front_.more()), " more points lie on the front than are listed");
  add(placed_ > static_cast<int64_t>(kMostPoints), "the drawing shows ",
      Exact(static_cast<int64_t>(kMostPoints)), " of ", Exact(placed_),
      " rows, chosen by a hash of their keys, beside the front");
  for (const auto& [signs, name] : {std::pair(&signs_x_, x), std::pair(&signs_y_, y)}) {
    add(signs->zero > 0 && signs->logarithmic(), "the drawing leaves out ",
        Plural(signs->zero, "row"), " with a `", name, "` of 0");
  }
  add(ranked > 1, "percentiles and medians are within 1 %");
  add(assumed_ > 0, Plural(assumed_, "row"),
      " at sizes that nobody gave (column point); `assay score --dim` gives them");
  add(with_unknown_ > 0, Plural(with_unknown_, "row"),
      " of models with operators whose work is not known, and in no number; "
      "\"unknown_operators > 0\" is true of them");
  add(uncalibrated_ > 0, "uncalibrated, hence wide intervals: ", Exact(uncalibrated_), " of ",
      Exact(scored_), " scored rows");
  add(failures_.cut(), "there are more causes of failure than the ",
      Exact(static_cast<int64_t>(kMostCauses)), " that are told apart");
  return notes;
}

Document ZooReader::Make(const std::string& shown_path) {
  Document d{
      .schema = "assay.zoo/1",
      .title = absl::StrCat(shown_path, ": ", Exact(models_), models_ == 1 ? " model" : " models")};
  const size_t machines = machines_.size();
  if (varies(target_)) absl::StrAppend(&d.title, " on ", names_.at(target_).size(), " targets");
  if (!options_.where.empty()) d.subtitle = absl::StrCat("rows where ", options_.where);
  AddCounts(shown_path, &d);
  // Ahead of the other tables where it was asked for: CSV has the first alone.
  if (options_.failures) d.Add(failures_.Make());
  AddRanked(&d);
  if (machines > 1) d.Add(Machines());
  AddFront(&d);
  AddHistogram(&d);
  if (!options_.failures) d.Add(failures_.Make());
  d.Add(ToKnow());
  return d;
}

// Whether a condition is true of any row. `where` may be empty.
absl::StatusOr<bool> Any(const ScoreStore& store, const std::string& where) {
  const absl::Status status =
      store.ForEach(where, [](const ScoreRow&) { return absl::CancelledError("enough"); });
  if (absl::IsCancelled(status)) return true;
  if (!status.ok()) return status;
  return false;
}

std::string Both(const std::string& where, absl::string_view other) {
  // On a line of its own, the bracket is in no comment.
  return where.empty() ? std::string(other) : absl::StrCat("(", where, "\n) AND ", other);
}

absl::Status CheckRows(const ScoreStore& store, const std::string& shown_path,
                       const std::string& where) {
  const absl::StatusOr<bool> any = Any(store, where);
  if (!any.ok()) return any.status();
  // What closes brackets that it did not open, or goes on behind them, is sound at one depth alone.
  if (absl::IsInvalidArgument(Any(store, Both(where, "0")).status())) {
    return absl::InvalidArgumentError(
        absl::StrCat("--where ", where, ": is more than a condition; write one on columns, like ",
                     "\"status = 'ok' AND latency_s < 0.01\""));
  }
  if (*any) return absl::OkStatus();
  return absl::NotFoundError(
      where.empty() ? absl::StrCat(shown_path, ": holds no rows; `assay score FOLDER -o ",
                                   shown_path, "` adds some")
                    : absl::StrCat(shown_path, ": no row of which --where ", where,
                                   " is true; leave it out to see what there is"));
}

// Whether a scored row has it.
absl::StatusOr<bool> Has(const ScoreStore& store, const std::string& where,
                         absl::string_view column) {
  return Any(store,
             Both(where, absl::StrCat("status = '", kScored, "' AND ", column, " IS NOT NULL")));
}

absl::StatusOr<Choice> Choose(const ScoreStore& store, const ZooOptions& options) {
  const absl::StatusOr<bool> scored = Has(store, options.where, "score");
  if (!scored.ok()) return scored.status();
  const absl::StatusOr<bool> timed = Has(store, options.where, "latency_s");
  if (!timed.ok()) return timed.status();
  std::vector<std::string> pareto = options.pareto;
  if (pareto.empty()) {
    pareto = *timed ? std::vector<std::string>{"latency_s", "macs"}
                    : std::vector<std::string>{"macs", "memory_bytes"};
  }
  if (pareto.size() != 2 || pareto[0] == pareto[1]) {
    return absl::InvalidArgumentError(absl::StrCat("--pareto ", absl::StrJoin(pareto, ","),
                                                   ": write two columns, like latency_s,energy_j"));
  }
  absl::Status status;
  const auto column = [&](absl::string_view option, absl::string_view name) {
    const absl::StatusOr<int> at = ScoreColumnOf(name, /*numbers=*/true);
    if (at.ok()) return *at;
    status.Update(absl::InvalidArgumentError(absl::StrCat(option, ": ", at.status().message())));
    return -1;
  };
  const auto asked = [](const std::string& name, absl::string_view otherwise) {
    return name.empty() ? otherwise : absl::string_view(name);
  };
  const Choice choice = {
      column("--rank", asked(options.rank, *scored ? "score" : "macs")),
      column("--pareto", pareto[0]), column("--pareto", pareto[1]),
      column("--histogram", asked(options.histogram, *timed ? "latency_s" : "macs"))};
  if (!status.ok()) return status;
  return choice;
}

}  // namespace

absl::StatusOr<Document> ZooReport(const ScoreStore& store, const std::string& shown_path,
                                   const ZooOptions& options) {
  if (absl::Status s = CheckRows(store, shown_path, options.where); !s.ok()) return s;
  const absl::StatusOr<Choice> choice = Choose(store, options);
  if (!choice.ok()) return choice.status();
  ZooReader reader(options, *choice);
  const absl::Status read = store.ForEach(options.where, [&](const ScoreRow& row) {
    reader.Add(row);
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  return reader.Make(shown_path);
}

}  // namespace assay
